"""Sections and drops of a song: bars that sound alike are joined into stretches of whole phrases; the stretches are named by energy.

The cut into stretches is exact: dynamic programming over all bar lines (after Jackson et al. 2005), with the squared distance of each bar
to the mean of its stretch as the cost, and a price per stretch that is lower where it lasts a whole phrase.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engine.analysis.beats_network import FRAMES_PER_S, with_rises
from engine.model.song import SectionSpan

__all__ = ["Structure", "find_structure"]

Array = NDArray[np.float64]

GROUPS = 10
"""Groups of bands that a bar is described by: level and rises of each."""
PRICE = 3.0
"""Price of a stretch, in mean squared distances of a bar from the song's mean (tuned on generated pieces)."""
LENGTH_PRICES = ((8, 1.0), (4, 1.1), (2, 1.4), (1, 1.9))
"""Factor on the price where the length in bars is a multiple of each: music is made of phrases of four and eight bars."""
LONGEST_BARS = 64
LEAST_SECTION_S = 3.0
BAR_WITHOUT_BEATS_S = 2.0
"""Length of the blocks that stand for bars in music without any."""
DROP_STEP, DROP_LOW_STEP = 0.08, 0.12
"""Rise of energy (0 to 1, 30 dB) and of the bass's share of its own range that a drop needs over the stretch before it."""
DROP_LEVEL = 0.8
"""Energy that a drop has, as a share of the song's loudest stretch."""
AUDIBLE = 0.15
"""Energy that the stretch before a drop has at least (25 dB under the song's loud level): after silence a song begins, it does not drop."""
QUIET_STEP = 0.06
"""Difference of energy between neighbours that counts as quieter."""


@dataclass(frozen=True)
class Structure:
    """Sections that cover the song, and the seconds at which drops hit."""

    sections: tuple[SectionSpan, ...]
    drops: tuple[float, ...]


def find_structure(levels: NDArray[np.float32], energy: Array, energy_rate_hz: float, downbeats: Array, duration_s: float) -> Structure:
    """Sections and drops.

    levels : `beats_network.bands`. energy : 0 to 1, `energy_rate_hz` samples a second. downbeats : bar lines in seconds.
    """
    if duration_s <= 0:
        return Structure((), ())
    lines = _lines(downbeats, duration_s)
    starts = _stretches(_described(levels, lines))
    bounds = np.array([*lines[starts], duration_s])
    heights = np.array([_mean(energy, energy_rate_hz, a, b) for a, b in zip(bounds, bounds[1:])])
    bass = _bass(levels, bounds)
    drops = [_is_drop(k, heights, bass) for k in range(len(heights))]
    sections = tuple(
        SectionSpan(round(float(bounds[k]), 6), round(float(bounds[k + 1]), 6), _label(k, heights, drops), round(float(heights[k]), 4))
        for k in range(len(heights))
    )
    return Structure(sections, tuple(section.start_s for section, drop in zip(sections, drops) if drop))


def _lines(downbeats: Array, duration_s: float) -> Array:
    """Bar lines from 0 to the song's end; the end itself is the last."""
    inside = downbeats[(downbeats > 0.25) & (downbeats < duration_s - 0.25)]
    if len(inside) < 2:
        inside = np.arange(BAR_WITHOUT_BEATS_S, duration_s - 0.25, BAR_WITHOUT_BEATS_S)
    return np.array([0.0, *inside, duration_s])


def _described(levels: NDArray[np.float32], lines: Array) -> Array:
    """Level and rises of GROUPS groups of bands in each bar, each in units of its spread: shape (bars, 2 * GROUPS)."""
    features = with_rises(levels)
    bands = levels.shape[1]
    edges = np.round(np.linspace(0, bands, GROUPS + 1)).astype(int)[:-1]
    grouped = np.concatenate([np.add.reduceat(half, edges, axis=1) for half in (features[:, :bands], features[:, bands:])], axis=1)
    rows = [grouped[a:b].mean(axis=0) for a, b in _frames(lines, len(levels))]
    described = np.array(rows, float)
    level, rise = described[:, :GROUPS], described[:, GROUPS:]
    return np.concatenate([level / (level.std() + 1e-6), rise / (rise.std() + 1e-6)], axis=1)


def _frames(lines: Array, count: int) -> list[tuple[int, int]]:
    at = np.clip(np.round(lines * FRAMES_PER_S).astype(int), 0, count)
    return [(min(int(a), count - 1), max(int(b), min(int(a), count - 1) + 1)) for a, b in zip(at, at[1:])]


def _stretches(bars: Array) -> NDArray[np.int64]:
    """First bars of the cheapest cut into stretches. Costs by running sums: a stretch costs the same work whatever its length."""
    count = len(bars)
    sums = np.concatenate([np.zeros((1, bars.shape[1])), np.cumsum(bars, axis=0)])
    squares = np.concatenate([[0.0], np.cumsum((bars**2).sum(axis=1))])
    price = PRICE * float(((bars - bars.mean(axis=0)) ** 2).sum(axis=1).mean()) + 1e-9
    best, before = np.full(count + 1, np.inf), np.zeros(count + 1, np.int64)
    best[0] = 0.0
    for end in range(1, count + 1):
        starts = np.arange(max(0, end - LONGEST_BARS), end)
        lengths = end - starts
        within = squares[end] - squares[starts] - ((sums[end] - sums[starts]) ** 2).sum(axis=1) / lengths
        costs = best[starts] + within + price * _length_prices(lengths, starts, end == count)
        before[end] = starts[int(np.argmin(costs))]
        best[end] = costs.min()
    found = [count]
    while found[-1] > 0:
        found.append(int(before[found[-1]]))
    return np.array(found[::-1][:-1])


def _length_prices(lengths: NDArray[np.int64], starts: NDArray[np.int64], last: bool) -> Array:
    """The first stretch may hold an upbeat and the last may be cut off: their lengths say nothing."""
    prices = np.full(len(lengths), LENGTH_PRICES[-1][1])
    for multiple, price in LENGTH_PRICES[::-1]:
        prices[lengths % multiple == 0] = price
    prices[starts == 0] = 1.0
    return np.ones(len(lengths)) if last else prices


def _mean(curve: Array, rate_hz: float, start_s: float, end_s: float) -> float:
    first = min(len(curve) - 1, max(0, round(start_s * rate_hz)))
    return float(curve[first : max(first + 1, round(end_s * rate_hz))].mean())


def _bass(levels: NDArray[np.float32], bounds: Array) -> Array:
    """Level and attacks of the low bands in each stretch, as shares (0 to 1) of their range over the song's stretches."""
    low = with_rises(levels)[:, [*range(15), *range(levels.shape[1], levels.shape[1] + 15)]]
    rows = np.array([low[a:b].mean(axis=0) for a, b in _frames(bounds, len(levels))])
    both = np.stack([rows[:, :15].mean(axis=1), rows[:, 15:].mean(axis=1)])
    span = both.max(axis=1, keepdims=True) - both.min(axis=1, keepdims=True)
    return np.asarray(((both - both.min(axis=1, keepdims=True)) / np.maximum(span, 1e-3)).mean(axis=0))


def _is_drop(index: int, heights: Array, bass: Array) -> bool:
    """Bass and loudness come back together after a lower stretch, to about the song's full level."""
    if index == 0 or heights[:index].max() < AUDIBLE:
        return False
    louder, deeper = heights[index] - heights[index - 1], bass[index] - bass[index - 1]
    return bool(louder >= DROP_STEP and deeper >= DROP_LOW_STEP and heights[index] >= DROP_LEVEL * heights.max())


def _label(index: int, heights: Array, drops: list[bool]) -> str:
    """intro/outro: quieter ends. drop: as found. build: what leads to a drop without being a low. break: quiet in the middle."""
    last, height = len(heights) - 1, heights[index]
    if drops[index]:
        return "drop"
    if index == 0 and last > 0 and height < heights[1:].max() - QUIET_STEP:
        return "intro"
    if index == last and last > 0 and height < heights[:-1].max() - QUIET_STEP:
        return "outro"
    if index < last and drops[index + 1] and (index == 0 or height >= heights[index - 1]):
        return "build"
    if 0 < index < last and height < heights[index - 1] - QUIET_STEP and height < heights[index + 1]:
        return "break"
    return "verse"
