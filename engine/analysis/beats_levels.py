"""At which level to count: the same music at its own tempo, half, double, or three against two, and how far each reading is believed.

A grid decoded frame by frame favours the faster of two readings: each extra beat that is merely possible adds to its likelihood, though
the beats in between are true or false all together. So each reading is decoded, described by how high the network's curves are on it and
between its beats, and weighed by a small model fitted on generated music (`training/levels.py`). Its figures lie beside this file.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from engine.analysis.beats_decoding import FASTEST_BPM, SLOWEST_BPM, Decoded
from engine.analysis.beats_evidence import Music, evidence

__all__ = ["LEAST_BEATS", "Reading", "believed", "chosen", "described", "odds", "readings", "sureness"]

WEIGHTS = Path(__file__).with_name("beats_levels.npz")
RATIOS = (0.5, 2.0, 1.5, 2 / 3, 1 / 3)
"""Other tempos, as shares of the decoded one: octaves, triplets taken for pairs, pairs for triplets, triplets for beats."""
SLOWEST_READING_BPM, FASTEST_READING_BPM = 40.0, 230.0
MARGIN = 1.1
"""How far a reading's tempo may lie outside the range that the decoded one has."""
LEAST_BEATS = 8
"""Beats below which a reading is not judged: two bars of four."""
NEAR_FRAMES = 3
"""Frames either side of a place in which the curves may peak."""
SAME_SHARE = 0.9
LEAST = 3e-3
"""Network answers are held this far from 0 and 1 before their odds are taken, so that one frame cannot outweigh the rest."""
STRETCH_BEATS = 16
"""Length of the weakest stretch: four bars, a phrase."""
CLEAR = 0.7
"""Belief from which on another level replaces the decoded one (chosen on generated pieces, each judged by a fit without its style,
`engine.analysis.training.levels`: nearly none gets worse, as a tenth of those changed do from .5 on)."""

Curves = NDArray[np.float32]
Array = NDArray[np.float64]
Decode = Callable[[float, float], Decoded | None]
"""The likeliest beats between a slowest and a fastest tempo."""


@dataclass(frozen=True)
class Reading:
    """Beats at one level and what speaks for them (`described`)."""

    found: Decoded
    bpm: float
    facts: Mapping[str, float]


def readings(curves: Curves, music: Music, decode: Decode, frames_per_s: float, lead: int) -> list[Reading]:
    """The likeliest beats, then those at other levels; none where no two beats fit. lead : frames of `curves` before the music's first."""
    first = decode(SLOWEST_BPM, FASTEST_BPM)
    if first is None:
        return []
    found = [first]
    local = 60 * frames_per_s / np.diff(first.frames)
    slow, fast = float(np.percentile(local, 2)), float(np.percentile(local, 98))
    for ratio in RATIOS:
        lowest, highest = max(SLOWEST_READING_BPM, ratio * slow / MARGIN), min(FASTEST_READING_BPM, ratio * fast * MARGIN)
        other = decode(lowest, highest) if lowest < ratio * float(np.median(local)) < highest else None
        if other is not None and len(other.frames) >= LEAST_BEATS and not any(_is_same(other, one) for one in found):
            found.append(other)
    return [
        Reading(
            one,
            60 * frames_per_s / float(np.median(np.diff(one.frames))),
            {**described(curves, one, frames_per_s), **evidence(music, one, lead), "decoded": float(number == 0)},
        )
        for number, one in enumerate(found)
    ]


def _is_same(one: Decoded, other: Decoded) -> bool:
    """Whether two ways to count are one: nearly all beats of either lie next to one of the other."""
    few, many = sorted((one.frames, other.frames), key=len)
    if len(few) <= SAME_SHARE * len(many):
        return False
    after = np.clip(np.searchsorted(few, many), 1, len(few) - 1)
    away = np.minimum(np.abs(many - few[after - 1]), np.abs(many - few[after]))
    return float((away <= 2 * NEAR_FRAMES).mean()) > SAME_SHARE


def described(curves: Curves, found: Decoded, frames_per_s: float) -> dict[str, float]:
    """How high the curves are on a grid's beats and bars and between them, how much of their weight lies there, and how the grid runs."""
    from scipy.ndimage import maximum_filter1d

    peaks = maximum_filter1d(curves, 2 * NEAR_FRAMES + 1, axis=0)
    beat, down = peaks[:, 0].astype(float), peaks[:, 1].astype(float)
    frames, gaps = found.frames, np.diff(found.frames)
    on, first = beat[frames], found.positions == 1
    odds = np.log(np.clip(beat, LEAST, 1 - LEAST) / (1 - np.clip(beat, LEAST, 1 - LEAST)))
    halves, thirds, quarters = (np.concatenate([frames[:-1] + (gaps * at).astype(int) for at in part]) for part in BETWEEN)
    octave = np.log2(60 * frames_per_s / float(np.median(gaps)) / 110.0)
    return {
        "beat": float(on.mean()),
        "beat_odds": float(odds[frames].mean()),
        "half": float(beat[halves].mean()),
        "half_odds": float(odds[halves].mean()),
        "third": float(beat[thirds].mean()),
        "quarter": float(beat[quarters].mean()),
        "bar": float(down[frames[first]].mean()) if first.any() else 0.0,
        "in_bar": float(down[frames[~first]].mean()) if not first.all() else 0.0,
        "half_bar": float(down[halves].mean()),
        "share": _share_on(curves[:, 0], frames),
        "bar_share": _share_on(curves[:, 1], frames[first]),
        "weakest": float(np.convolve(on, np.full(min(len(on), STRETCH_BEATS), 1 / min(len(on), STRETCH_BEATS)), "valid").min()),
        "alternating": abs(float(on[::2].mean() - on[1::2].mean())),
        "unsteady": float(np.std(np.diff(np.log(gaps)))) if len(gaps) > 1 else 0.0,
        "octave": float(octave),
        "octave_squared": float(octave**2),
    }


BETWEEN = ((0.5,), (1 / 3, 2 / 3), (0.25, 0.75))
"""Places between two beats, as shares of the gap, at which a faster reading would have its own."""


def _share_on(curve: Curves, frames: NDArray[np.int64]) -> float:
    on = np.zeros(len(curve), bool)
    for shift in range(-NEAR_FRAMES, NEAR_FRAMES + 1):
        on[np.clip(frames + shift, 0, len(curve) - 1)] = True
    return float(curve[on].sum() / (curve.sum() + 1e-6))


@lru_cache(maxsize=1)
def _weights() -> Mapping[str, NDArray[np.float64]]:
    with np.load(WEIGHTS) as stored:
        return {name: stored[name] for name in stored.files}


def believed(found: Sequence[Reading], weights: Mapping[str, NDArray[np.float64]] | None = None) -> Array:
    """Share of belief of each reading, together 1 (a conditional logit, McFadden 1974)."""
    weights = weights or _weights()
    rows = np.array([[reading.facts[str(name)] for name in weights["level_names"]] for reading in found])
    worth = ((rows - weights["level_mean"]) / weights["level_scale"]) @ weights["level"]
    shares = np.exp(worth - worth.max())
    return np.asarray(shares / shares.sum())


def chosen(shares: Array) -> int:
    """The reading to count by: the decoded one, unless another is believed with CLEAR or more."""
    best = int(np.argmax(shares))
    return best if shares[best] >= CLEAR else 0


def odds(share: float) -> float:
    """Log-odds of a share, bounded."""
    share = min(max(share, LEAST), 1 - LEAST)
    return float(np.log(share / (1 - share)))


def sureness(reading: Reading, share: float, weights: Mapping[str, NDArray[np.float64]] | None = None) -> float:
    """Chance that a reading with such a share of belief is right, 0 to 1."""
    weights = weights or _weights()
    row = np.array([*(reading.facts[str(name)] for name in weights["sure_names"]), odds(share)])
    worth = float(((row - weights["sure_mean"]) / weights["sure_scale"]) @ weights["sure"] + weights["sure_bias"])
    return float(1 / (1 + np.exp(-worth)))
