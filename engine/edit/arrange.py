"""The optimiser: which clip stands between which cut points.

Relaxing "each clip once" with one multiplier per clip leaves a problem that a dynamic programme over (cut point, clip) solves
exactly; its value bounds the optimum from above. A beam through the real problem, guided by the relaxed value of what is still to come,
finds the edit (Lagrangian relaxation after Fisher 1981; docs/editing.md has the measured gaps).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engine.progress import SILENT, Progress

__all__ = ["Arrangement", "Problem", "Segment", "solve"]

ROUNDS = 80
"""Subgradient rounds (more than 100 gain nothing measurable)."""
BEAM = 200
"""States kept at each cut point."""
IMPOSSIBLE = -1e9

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Segment:
    """Slot from cut point `start` to `end`, filled by `clip`."""

    start: int
    end: int
    clip: int


@dataclass(frozen=True)
class Problem:
    """A job as numbers.

    points : number of cut points; an edit is a path from 0 to points - 1. slots : (start, end) pairs that a shot may fill.
    values : (len(slots), clips) worth of each clip in each slot, IMPOSSIBLE where it cannot. pairs : (clips, clips) worth of b after a.
    """

    points: int
    slots: tuple[tuple[int, int], ...]
    values: Array
    pairs: Array

    @property
    def clips(self) -> int:
        return int(self.values.shape[1])


@dataclass(frozen=True)
class Arrangement:
    """The best edit found. value <= optimum <= bound. `rivals[k]`: (clip, loss) of the best other clips for segment k, best first."""

    segments: tuple[Segment, ...]
    value: float
    bound: float
    rivals: tuple[tuple[tuple[int, float], ...], ...]


def solve(problem: Problem, progress: Progress = SILENT) -> Arrangement | None:
    """The best legal edit found, or None where no path exists with each clip at most once. Deterministic."""
    relaxed = _multipliers(problem, progress)
    if relaxed is None:
        return None
    multipliers, bound = relaxed
    ahead = _ahead(problem, multipliers)
    found = _beam(problem, multipliers, ahead, progress)
    if found is None:
        return None
    segments, value = found
    return Arrangement(segments, value, max(bound, value), _rivals(problem, segments, multipliers, ahead))


def _by_start(problem: Problem) -> list[list[tuple[int, int]]]:
    table: list[list[tuple[int, int]]] = [[] for _ in range(problem.points)]
    for index, (start, end) in enumerate(problem.slots):
        table[start].append((index, end))
    return table


def _multipliers(problem: Problem, progress: Progress) -> tuple[Array, float] | None:
    """Multipliers that make reuse cost what a clip is worth elsewhere, and the smallest bound met on the way."""
    multipliers = np.zeros(problem.clips)
    best_bound, best, step = np.inf, multipliers, 1.0
    starts = _by_start(problem)
    for round_number in range(ROUNDS):
        progress.check()
        value, uses = _relaxed_path(problem, multipliers, starts)
        if value <= IMPOSSIBLE / 2:
            return None
        bound = value + multipliers.sum()
        if bound < best_bound - 1e-9:
            best_bound, best = bound, multipliers.copy()
        over = uses - 1.0
        slack = np.where((multipliers <= 0) & (over < 0), 0.0, over)
        norm = float((slack**2).sum())
        if norm == 0:
            break
        step = 1.0 / (1 + round_number / 8)
        multipliers = np.maximum(0.0, multipliers + step * slack * max(1.0, abs(bound) * 0.05) / norm**0.5)
    return best, float(best_bound)


def _relaxed_path(problem: Problem, multipliers: Array, starts: list[list[tuple[int, int]]]) -> tuple[float, Array]:
    """Best path when clips may repeat at the price of their multipliers, and how often it uses each."""
    points, clips = problem.points, problem.clips
    score = np.full((points, clips), IMPOSSIBLE)
    back: dict[tuple[int, int], tuple[int, int]] = {}
    for start in range(points - 1):
        if start == 0:
            entry, prior = np.zeros(clips), np.full(clips, -1)
        else:
            table = score[start][:, None] + problem.pairs
            prior = table.argmax(axis=0)
            entry = table[prior, np.arange(clips)]
        for index, end in starts[start]:
            total = entry + problem.values[index] - multipliers
            better = total > score[end]
            for one in np.flatnonzero(better):
                back[end, int(one)] = (start, int(prior[one]))
            score[end] = np.where(better, total, score[end])
    uses = np.zeros(clips)
    clip = int(score[-1].argmax())
    value = float(score[-1][clip])
    point = points - 1
    while value > IMPOSSIBLE / 2 and clip >= 0:
        uses[clip] += 1
        point, clip = back[point, clip]
    return value, uses


def _ahead(problem: Problem, multipliers: Array) -> Array:
    """(points, clips): best relaxed value from a cut point to the end when `clip` has just been shown."""
    ahead = np.full((problem.points, problem.clips), IMPOSSIBLE)
    ahead[-1] = 0.0
    starts = _by_start(problem)
    for start in range(problem.points - 2, -1, -1):
        entry = np.full(problem.clips, IMPOSSIBLE)
        for index, end in starts[start]:
            entry = np.maximum(entry, problem.values[index] - multipliers + ahead[end])
        if start == 0:
            ahead[0] = entry  # what each clip is worth as the first one
        else:
            ahead[start] = (problem.pairs + entry[None, :]).max(axis=1)
    return ahead


@dataclass(frozen=True)
class _State:
    value: float
    priced: float
    clip: int
    used: int
    path: tuple[Segment, ...]


def _beam(problem: Problem, multipliers: Array, ahead: Array, progress: Progress) -> tuple[tuple[Segment, ...], float] | None:
    """Forward over cut points; states ranked by what they have plus the relaxed value of the rest."""
    waiting: list[list[_State]] = [[] for _ in range(problem.points)]
    waiting[0] = [_State(0.0, 0.0, -1, 0, ())]
    starts = _by_start(problem)
    for start in range(problem.points - 1):
        progress.check()
        states = _kept(waiting[start], ahead[start], start == 0)
        waiting[start] = []
        for state in states:
            for index, end in starts[start]:
                _extend(problem, multipliers, state, index, end, start, ahead[end], waiting[end])
        for end in range(start + 1, problem.points):
            if len(waiting[end]) > 8 * BEAM:
                waiting[end] = _kept(waiting[end], ahead[end], False)
    done = waiting[-1]
    if not done:
        return None
    best = max(done, key=lambda state: (state.value, tuple(-segment.clip for segment in state.path)))
    return best.path, best.value


def _kept(states: list[_State], ahead: Array, is_start: bool) -> list[_State]:
    if is_start:
        return states
    best: dict[tuple[int, int], _State] = {}
    for state in states:  # same clips used, same last one: only the better can win
        known = best.get((state.used, state.clip))
        if known is None or state.value > known.value:
            best[state.used, state.clip] = state
    ranked = sorted(best.values(), key=lambda state: (-(state.priced + ahead[state.clip]), state.clip, state.used))
    return ranked[:BEAM]


def _extend(
    problem: Problem, multipliers: Array, state: _State, index: int, end: int, start: int, ahead: Array, into: list[_State]
) -> None:
    values = problem.values[index]
    gains = values + (problem.pairs[state.clip] if state.clip >= 0 else 0.0)
    ranked = gains - multipliers + ahead
    # A state needs only its best few ways on: the beam would drop the rest at once.
    width = min(12, len(ranked))
    chosen = np.argpartition(-ranked, width - 1)[: width + bin(state.used).count("1")] if width < len(ranked) else np.arange(len(ranked))
    taken = 0
    for clip in sorted((int(one) for one in chosen), key=lambda one: (-ranked[one], one)):
        if state.used >> clip & 1 or values[clip] <= IMPOSSIBLE / 2 or ahead[clip] <= IMPOSSIBLE / 2:
            continue
        gain = float(gains[clip])
        into.append(
            _State(
                state.value + gain,
                state.priced + gain - float(multipliers[clip]),
                clip,
                state.used | 1 << clip,
                (*state.path, Segment(start, end, clip)),
            )
        )
        taken += 1
        if taken >= 12:
            return
    if taken == 0 and width < len(ranked):
        _extend_any(problem, multipliers, state, index, end, start, ahead, into)


def _extend_any(
    problem: Problem, multipliers: Array, state: _State, index: int, end: int, start: int, ahead: Array, into: list[_State]
) -> None:
    """All the best-ranked clips are used already: take the best of what is left."""
    values = problem.values[index]
    gains = values + (problem.pairs[state.clip] if state.clip >= 0 else 0.0)
    for clip in np.argsort(-(gains - multipliers + ahead), kind="stable"):
        one = int(clip)
        if state.used >> one & 1 or values[one] <= IMPOSSIBLE / 2:
            continue
        gain = float(gains[one])
        path = (*state.path, Segment(start, end, one))
        into.append(_State(state.value + gain, state.priced + gain - float(multipliers[one]), one, state.used | 1 << one, path))
        return


def _rivals(problem: Problem, segments: Sequence[Segment], multipliers: Array, ahead: Array) -> tuple[tuple[tuple[int, float], ...], ...]:
    """For each segment the other clips by what choosing them there would cost, their own use elsewhere priced in."""
    slot_of = {slot: index for index, slot in enumerate(problem.slots)}
    rows = []
    for number, segment in enumerate(segments):
        worth = problem.values[slot_of[segment.start, segment.end]].copy()
        if number:
            worth = worth + problem.pairs[segments[number - 1].clip]
        if number + 1 < len(segments):
            worth = worth + problem.pairs[:, segments[number + 1].clip]
        own = worth[segment.clip]
        used = {one.clip for one in segments}
        price = np.array([multipliers[clip] if clip in used else 0.0 for clip in range(problem.clips)])
        losses = own - (worth - price)
        order = [int(clip) for clip in np.argsort(losses, kind="stable") if clip != segment.clip and worth[clip] > IMPOSSIBLE / 2]
        rows.append(tuple((clip, float(losses[clip])) for clip in order[:4]))
    return tuple(rows)
