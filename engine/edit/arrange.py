"""The optimiser: which clip stands between which cut points.

Prices that make reuse cost what a clip is worth elsewhere (`relaxed`), a beam guided by them (`beam`), single swaps until none helps, and
what every other clip would have cost in each place. docs/editing.md has the measured gaps.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from engine.edit.beam import beam
from engine.edit.problem import IMPOSSIBLE, Arrangement, Cover, Problem, Rival, Segment, breaches, worth_of
from engine.edit.relaxed import Prices, Relaxed, ahead_of, forward, lowest_bound
from engine.progress import SILENT, Progress

__all__ = ["IMPOSSIBLE", "Arrangement", "Cover", "Problem", "Rival", "Segment", "certified", "furthest", "solve"]

BEAM = 200
"""States kept at each cut point."""
SCOUTS = 24
"""... and by the beams that only find a value for the steps to aim at."""
RIVALS = 4
"""Other clips that are weighed against a chosen one for its reasons and confidence."""

Array = NDArray[np.float64]


def solve(problem: Problem, progress: Progress = SILENT, width: int = BEAM) -> Arrangement | None:
    """The best legal edit found, or None where there is none. Deterministic."""
    found = certified(problem, progress, width)
    return None if found is None else found[0]


def certified(problem: Problem, progress: Progress = SILENT, width: int = BEAM) -> tuple[Arrangement, Prices] | None:
    """The best legal edit found, and the prices that prove its bound."""
    if not problem.slots or not problem.clips:
        return None
    best: tuple[tuple[Segment, ...], float] | None = None

    def reached(prices: Prices, states: int = SCOUTS) -> float:
        nonlocal best
        price = prices.per_clip(problem)
        found = beam(problem, price, prices.covers, ahead_of(problem, price), states, progress.check)
        if found is not None:
            found = _polished(problem, found[0])
            best = found if best is None or found[1] > best[1] + 1e-9 else best
        return -np.inf if found is None else found[1]

    lowest = lowest_bound(problem, reached, progress.check)
    if lowest is None:
        return None
    prices, bound = lowest
    reached(prices, width)
    if best is None:
        return None
    price = prices.per_clip(problem)
    table = forward(problem, price)
    ahead = ahead_of(problem, price)
    used = frozenset(int(problem.resource[one.clip]) for one in best[0])
    losses = tuple(_losses(problem, segment, price, table, ahead) for segment in best[0])
    rivals = tuple(_rivals(problem, segment, lost, used) for segment, lost in zip(best[0], losses))
    return Arrangement(best[0], best[1], max(bound, best[1]), rivals, losses), prices


def _polished(problem: Problem, segments: tuple[Segment, ...]) -> tuple[tuple[Segment, ...], float]:
    """Single replacements and swaps of two, as long as one makes the edit better."""
    value = worth_of(problem, segments)
    for _ in range(len(segments)):
        better = _better(problem, segments, value)
        if better is None:
            break
        segments, value = better
    return segments, value


def _better(problem: Problem, segments: tuple[Segment, ...], value: float) -> tuple[tuple[Segment, ...], float] | None:
    """The first legal replacement of one clip or swap of two that gains, by estimated gain."""
    clips = np.array([one.clip for one in segments])
    rows = np.array([problem.slot_index[one.start, one.end] for one in segments])
    fits = _in_place(problem, clips, rows)
    gains = fits - fits[np.arange(len(clips)), clips][:, None]
    used = np.isin(problem.resource, problem.resource[clips])
    trials: list[tuple[float, dict[int, int]]] = []
    for at, clip in np.argwhere(np.where(used, IMPOSSIBLE, gains) > 1e-9):
        trials.append((float(gains[at, clip]), {int(at): int(clip)}))
    swaps = gains[:, clips]
    both = swaps + swaps.T
    for a, b in np.argwhere(np.triu(both, 2) > 1e-9):
        trials.append((float(both[a, b]), {int(a): int(clips[b]), int(b): int(clips[a])}))
    for _, changes in sorted(trials, key=lambda row: -row[0])[:20]:
        tried = tuple(replace(one, clip=changes.get(number, one.clip)) for number, one in enumerate(segments))
        worth = worth_of(problem, tried)
        if worth > value + 1e-9 and not breaches(problem, tried):
            return tried, worth
    return None


def _in_place(problem: Problem, clips: NDArray[np.int64], rows: NDArray[np.int64]) -> Array:
    """(segments, clips): worth of each clip in each segment between the neighbours it has."""
    fits = problem.values[rows].copy()
    fits[1:] += problem.pairs[clips[:-1]]
    fits[:-1] += problem.pairs[:, clips[1:]].T
    return fits


def _losses(problem: Problem, segment: Segment, price: Array, table: Relaxed, ahead: Array) -> Array:
    """(clips,) what each other clip would cost in a segment, by max-marginals: all else may change around it, at its price.

    NaN for clips that cannot stand there, and for those that share what the chosen one uses up.
    """
    slot = problem.slot_index[segment.start, segment.end]
    whole = (table.entry[segment.start] + ahead[segment.end]).max(axis=0) + problem.values[slot] - price
    able = (whole > IMPOSSIBLE / 2) & (problem.resource != problem.resource[segment.clip])
    return np.where(able, whole[segment.clip] - whole, np.nan)


def _rivals(problem: Problem, segment: Segment, losses: Array, used: frozenset[int]) -> tuple[Rival, ...]:
    """The best other clips for a segment; first those that stand nowhere in the edit: they could simply take the place."""
    good = [int(clip) for clip in np.argsort(losses, kind="stable") if np.isfinite(losses[clip])]
    free = [clip for clip in good if int(problem.resource[clip]) not in used][:RIVALS]
    busy = [clip for clip in good if int(problem.resource[clip]) in used][: max(1, RIVALS - len(free))]
    return tuple(Rival(clip, float(losses[clip])) for clip in (*free, *busy))


def furthest(problem: Problem) -> int:
    """The last cut point that any path of slots and clips reaches, repeats allowed: where an impossible job breaks off."""
    table = forward(problem, np.zeros(problem.clips))
    return int(np.flatnonzero((table.score.max(axis=(1, 2)) > IMPOSSIBLE / 2) | (np.arange(problem.points) == 0))[-1])
