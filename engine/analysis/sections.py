"""Sections and drops of a song: bars that sound alike are joined into stretches of whole phrases; the stretches are named by energy.

The cut into stretches is exact: dynamic programming over all bar lines (after Jackson et al. 2005), with the squared distance of each bar
to the mean of its stretch as the cost, and a price per stretch that is lower where it lasts a whole phrase.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engine.analysis.beats_network import FRAMES_PER_S, with_rises
from engine.analysis.drops import drops_of
from engine.model.song import SectionSpan

__all__ = ["Structure", "find_structure"]

Array = NDArray[np.float64]

FLAT = 0.25
"""Share of the largest spread that is added to each: what hardly changes is not blown up."""
GROUPS = 10
"""Groups of bands that a bar is described by: level and rises of each."""
PRICE = 0.5
"""Price of a stretch, in mean squared distances of a bar from the song's mean (best of .35 to 3 on generated pieces, seeds 7000 on)."""
LENGTH_PRICES = ((8, 1.0), (4, 1.1), (2, 1.4), (1, 1.9))
"""Factor on the price where the length in bars is a multiple of each: music is made of phrases of four and eight bars."""
LONGEST_BARS = 64
UPBEAT = 0.9
"""Bars that an upbeat is shorter than."""
BAR_WITHOUT_BEATS_S = 2.0
"""Length of the blocks that stand for bars in music without any."""
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
    if len(starts) > 1 and lines[starts[1]] < np.median(np.diff(lines)) * UPBEAT:
        starts = np.delete(starts, 1)  # an upbeat belongs to what it leads to
    bounds = np.array([*lines[starts], duration_s])
    heights = np.array([_mean(energy, energy_rate_hz, a, b) for a, b in zip(bounds, bounds[1:])])
    drops = drops_of(levels, energy, energy_rate_hz, bounds[:-1], heights, float(np.median(np.diff(lines))))
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
    spread = described.std(axis=0)
    return np.asarray(described / (spread + FLAT * spread.max() + 1e-6))


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
