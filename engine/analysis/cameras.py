"""Several cameras of one moment, recognised by what their microphones heard or by the time they wrote down."""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from engine.model.analysis import ClipAnalysis
from engine.model.media import Media

__all__ = ["heard_together", "overlap_by_sound", "pairs_of_moments", "timed_together"]

RATE_HZ = 25.0
"""Onset curves are compared at this rate: what a picture frame knows."""
BANDS = ("sound_low", "sound_mid", "sound_high")
LEAST_OVERLAP_S = 3.0
LEAST_AGREEMENT = 0.35
"""Correlation of onset curves from which two recordings are of one moment (other speech and music stay under .2 over three seconds)."""
LEAST_PEAK = 6.0
"""... at an offset that stands out by so many standard deviations of all others."""
LEAST_TIME_SHARE = 0.5
"""Share of the shorter clip that two recordings' clock times must share."""


def heard_together(a: ClipAnalysis, b: ClipAnalysis) -> float:
    """Confidence (0 to 1) that two clips heard one moment; 0 without sound."""
    return _confidence(overlap_by_sound(a, b))


def _confidence(found: tuple[float, float] | None) -> float:
    return 0.0 if found is None else min(1.0, found[1] / (2 * LEAST_AGREEMENT))


def overlap_by_sound(a: ClipAnalysis, b: ClipAnalysis) -> tuple[float, float] | None:
    """(seconds by which b begins after a, agreement 0 to 1) of two recordings of one moment; None where they are not."""
    first, second = Heard.of(a), Heard.of(b)
    return None if first is None or second is None else _overlap(first, second)


def _overlap(first: Heard, second: Heard) -> tuple[float, float] | None:
    least = round(LEAST_OVERLAP_S * RATE_HZ)
    if min(first.length, second.length) < least:
        return None
    scores, lags = _correlated(first, second, least)
    best = int(scores.argmax())
    if scores[best] < LEAST_AGREEMENT:
        return None
    others = scores[np.abs(lags - lags[best]) > RATE_HZ / 2]
    stands_out = len(others) < 8 or (scores[best] - others.mean()) / max(float(others.std()), 1e-6) > LEAST_PEAK
    return (float(lags[best] / RATE_HZ), float(scores[best])) if stands_out else None


@dataclass(eq=False)
class Heard:
    """A clip's onsets at RATE_HZ: float64 (bands, n), each without its mean; spectra are kept, because each clip meets all others."""

    onsets: NDArray[np.float64]
    powers: NDArray[np.float64]
    spectra: dict[int, NDArray[np.complex128]] = field(default_factory=dict)

    @classmethod
    def of(cls, analysis: ClipAnalysis) -> Heard | None:
        """None where the clip has no sound."""
        if any(name not in analysis.curves for name in BANDS):
            return None
        fps = analysis.rate.fps
        rows = []
        for name in BANDS:
            values = np.nan_to_num(analysis.curves[name].values.astype(float))
            sums = np.concatenate([[0.0], np.cumsum(values)])
            edges = np.arange(int(len(values) / fps * RATE_HZ) + 1) * fps / RATE_HZ
            row = np.diff(np.interp(edges, np.arange(len(sums)), sums))
            rows.append(row - row.mean() if len(row) else row)
        table = np.array(rows)
        if not table.shape[1] or float(table.std()) <= 1e-3:
            return None
        return cls(table, np.concatenate([[0.0], np.cumsum((table**2).sum(axis=0))]))

    @property
    def length(self) -> int:
        return int(self.onsets.shape[1])

    def spectrum(self, size: int) -> NDArray[np.complex128]:
        if size not in self.spectra:
            self.spectra[size] = np.fft.rfft(self.onsets, size, axis=1)
        return self.spectra[size]


def _correlated(a: Heard, b: Heard, least: int) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Correlation over the overlap at every lag (samples of a before b begins) that leaves at least `least` samples."""
    size = 1 << int(np.ceil(np.log2(a.length + b.length)))
    dots = np.fft.irfft((a.spectrum(size) * np.conj(b.spectrum(size))).sum(axis=0), size)
    lags = np.arange(least - b.length, a.length - least + 1)
    start, end = np.maximum(lags, 0), np.minimum(lags + b.length, a.length)
    ours, theirs = a.powers[end] - a.powers[start], b.powers[end - lags] - b.powers[start - lags]
    return dots[lags] / np.sqrt(np.maximum(ours * theirs, 1e-9)), lags


def timed_together(a: Media, b: Media) -> bool:
    """Whether two cameras' clocks say that they recorded at the same time: timecodes that overlap, or times of recording."""
    if not a.camera or not b.camera or a.camera == b.camera:
        return False
    spans = [_clock_span(one) for one in (a, b)]
    if spans[0] is None or spans[1] is None:
        return False
    shared = min(spans[0][1], spans[1][1]) - max(spans[0][0], spans[1][0])
    return shared >= LEAST_TIME_SHARE * min(a.duration_s, b.duration_s) > 0


def _clock_span(media: Media) -> tuple[float, float] | None:
    if media.created is None:
        return None
    try:
        start = datetime.datetime.fromisoformat(media.created.replace("Z", "+00:00"))
    except ValueError:
        return None
    start = start if start.tzinfo else start.replace(tzinfo=datetime.timezone.utc)
    return start.timestamp(), start.timestamp() + media.duration_s


def pairs_of_moments(analyses: Mapping[str, ClipAnalysis], media: Mapping[str, Media]) -> dict[tuple[str, str], float]:
    """Pairs of clips of one moment and how sure that is."""
    ids = sorted(analyses)
    heard = {one: Heard.of(analyses[one]) for one in ids}
    found = {}
    for index, a in enumerate(ids):
        for b in ids[index + 1 :]:
            first, second = heard[a], heard[b]
            sure = _confidence(_overlap(first, second)) if first is not None and second is not None else 0.0
            if not sure and a in media and b in media and timed_together(media[a], media[b]):
                sure = 0.7  # clocks of cameras are set by hand
            if sure:
                found[a, b] = sure
    return found
