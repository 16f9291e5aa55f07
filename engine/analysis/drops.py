"""Where a song drops: low band and loudness come back together after a lower stretch that promised it.

Two kinds: after a build, in which the bass was taken away while the highs stayed and rose; and out of a standstill in the middle of a loud
song. A chorus that is merely louder, and the first entry of the band, are neither. Limits were set on generated pieces of seeds 7000 to
7079 (docs/song_analysis.md has the figures on others).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engine.analysis.beats_network import FRAMES_PER_S

__all__ = ["drops_of"]

Array = NDArray[np.float64]

LOW, HIGH = slice(0, 15), slice(30, 50)
"""Bands of `beats_network.bands` up to 170 Hz (kick, bass) and from 960 Hz on (what a build leaves)."""
BARS_AROUND = 4
"""Bars before and after that are compared: a phrase."""
LOUDER, LOUD = 0.05, 0.9
"""Step of energy (0 to 1, 30 dB) that a drop has at least, and its level as a share of the song's loud one (90th percentile)."""
BASS_STEP = 0.8
"""Rise of the low bands' level, log(1 + magnitude / 2)."""
HIGHS_KEPT = 0.5
"""Level of the highs before, as a share of that after: in a build they stay."""
FROM_STANDSTILL, BASS_FROM_STANDSTILL, LOUD_BEFORE = 0.4, 1.5, 0.85
"""The other kind: steps of energy and bass, and energy that the song had before its low."""
APART_BARS = 2.5
"""Of drops nearer than this the later one counts: the earlier was its build's last step."""


@dataclass(frozen=True)
class _Around:
    """Means over the bars before and after one moment."""

    energy_step: float
    bass_step: float
    loudness: float
    highs_kept: float
    highs_rise: float


def drops_of(levels: NDArray[np.float32], energy: Array, energy_rate_hz: float, starts: Array, heights: Array, bar_s: float) -> list[bool]:
    """Which sections begin with a drop. starts, heights : seconds and energy of each section; bar_s : length of a bar."""
    loud = float(np.percentile(energy, 90)) + 1e-6
    curves = (levels[:, LOW].mean(axis=1), levels[:, HIGH].mean(axis=1), energy)
    found = [False] * len(starts)
    for k in range(1, len(starts)):
        around = _around(curves, energy_rate_hz, float(starts[k]), bar_s, loud)
        found[k] = _is_drop(around, float(heights[:k].max()))
    for k in range(1, len(starts)):
        if found[k] and found[k - 1] and starts[k] - starts[k - 1] < APART_BARS * bar_s:
            found[k - 1] = False
    return found


def _is_drop(around: _Around, loudest_before: float) -> bool:
    if around.energy_step <= LOUDER or around.loudness <= LOUD or around.bass_step <= BASS_STEP:
        return False
    after_a_build = around.highs_kept > HIGHS_KEPT and around.highs_rise > 0
    from_standstill = around.energy_step > FROM_STANDSTILL and around.bass_step > BASS_FROM_STANDSTILL and loudest_before > LOUD_BEFORE
    return after_a_build or from_standstill


def _around(curves: tuple[Array | NDArray[np.float32], ...], rate_hz: float, at: float, bar_s: float, loud: float) -> _Around:
    low, high, energy = curves
    first, last = max(0.0, at - BARS_AROUND * bar_s), at + BARS_AROUND * bar_s
    bars = [_mean(high, FRAMES_PER_S, at - k * bar_s, at - (k - 1) * bar_s) for k in range(BARS_AROUND, 0, -1) if at - k * bar_s >= 0]
    after = _mean(energy, rate_hz, at, last)
    return _Around(
        energy_step=after - _mean(energy, rate_hz, first, at),
        bass_step=_mean(low, FRAMES_PER_S, at, last) - _mean(low, FRAMES_PER_S, first, at),
        loudness=after / loud,
        highs_kept=_mean(high, FRAMES_PER_S, first, at) / (_mean(high, FRAMES_PER_S, at, last) + 1e-6),
        highs_rise=bars[-1] - bars[0] if len(bars) > 1 else 0.0,
    )


def _mean(curve: Array | NDArray[np.float32], rate_hz: float, start_s: float, end_s: float) -> float:
    first = min(len(curve) - 1, max(0, int(start_s * rate_hz)))
    return float(curve[first : max(first + 1, int(end_s * rate_hz))].mean())
