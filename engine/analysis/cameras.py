"""Several cameras of one moment, recognised by what their microphones heard or by the time they wrote down."""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from engine.model.analysis import ClipAnalysis
from engine.model.media import Media

__all__ = ["overlap_by_sound", "pairs_of_moments", "timed_together"]

RATE_HZ = 25.0
"""Onset curves are compared at this rate: what a picture frame knows."""
BANDS = ("sound_low", "sound_mid", "sound_high")
LEAST_OVERLAP_S = 3.0
LEAST_AGREEMENT = 0.35
"""Correlation of onset curves from which two recordings are of one moment (other speech and music stay under .2 over three seconds)."""
LEAST_PEAK = 6.0
"""... at an offset that stands out by so many standard deviations of all others."""
Span = tuple[float, float]
DAY_S = 86_400.0
TIMECODE_SURE, CLOCK_SURE = 0.85, 0.7
"""Belief in timecodes, which cameras are locked to, and in clocks, which are set by hand."""
LEAST_TIME_SHARE = 0.5
"""Share of the shorter clip that two recordings' clock times must share."""


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


def timed_together(a: Media, b: Media) -> float:
    """Confidence (0 to 1) that two cameras recorded at the same time: by timecodes that overlap, else by the times of recording."""
    if _same_camera(a, b) or _days_apart(a, b):
        return 0.0
    if _shared(a, b, *(_timecode_span(one) for one in (a, b))):
        return TIMECODE_SURE
    if a.camera and b.camera and _shared(a, b, *(_clock_span(one) for one in (a, b))):
        return CLOCK_SURE
    return 0.0


def _same_camera(a: Media, b: Media) -> bool:
    """One camera cannot be in two takes at once; where none is named, cameras have folders of their own."""
    if a.camera and b.camera:
        return a.camera == b.camera
    return a.video is None or b.video is None or Path(a.path).parent == Path(b.path).parent


def _days_apart(a: Media, b: Media) -> bool:
    spans = [_clock_span(one) for one in (a, b)]
    return spans[0] is not None and spans[1] is not None and abs(spans[0][0] - spans[1][0]) > DAY_S


def _shared(a: Media, b: Media, first: Span | None, second: Span | None) -> bool:
    if first is None or second is None:
        return False
    return min(first[1], second[1]) - max(first[0], second[0]) >= LEAST_TIME_SHARE * min(a.duration_s, b.duration_s) > 0


def _timecode_span(media: Media) -> Span | None:
    """Seconds of the day; None without a timecode, or with one that starts at nought, as cameras write that count their own frames."""
    video = media.video
    if video is None or not video.has_timecode or video.start_frame == 0:
        return None
    start = float(video.rate.seconds(video.start_frame))
    return start, start + media.duration_s


def _clock_span(media: Media) -> Span | None:
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
            if not sure and a in media and b in media:
                sure = timed_together(media[a], media[b])
            if sure:
                found[a, b] = sure
    return found
