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
WAYS_ON = 12
"""Ways on that each state offers into each slot: the beam drops the rest at once, and other states get their say."""
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


def _by_start(problem: Problem) -> list[tuple[NDArray[np.int64], NDArray[np.int64]]]:
    """For each cut point the indices of the slots that start there, and where they end."""
    slots = np.array(problem.slots, np.int64).reshape(-1, 2)
    found = [np.flatnonzero(slots[:, 0] == point) for point in range(problem.points)]
    return [(indices, slots[indices, 1]) for indices in found]


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


def _relaxed_path(
    problem: Problem, multipliers: Array, starts: Sequence[tuple[NDArray[np.int64], NDArray[np.int64]]]
) -> tuple[float, Array]:
    """Best path when clips may repeat at the price of their multipliers, and how often it uses each."""
    points, clips = problem.points, problem.clips
    score = np.full((points, clips), IMPOSSIBLE)
    from_point = np.full((points, clips), -1)
    from_clip = np.full((points, clips), -1)
    entry, prior = np.zeros(clips), np.full(clips, -1)
    for start, (slots, ends) in enumerate(starts):
        if start:
            table = score[start][:, None] + problem.pairs
            prior = table.argmax(axis=0)
            entry = table[prior, np.arange(clips)]
        total = entry + problem.values[slots] - multipliers
        better = total > score[ends]
        score[ends] = np.where(better, total, score[ends])
        from_point[ends] = np.where(better, start, from_point[ends])
        from_clip[ends] = np.where(better, prior, from_clip[ends])
    uses = np.zeros(clips)
    point, clip = points - 1, int(score[-1].argmax())
    value = float(score[-1][clip])
    while value > IMPOSSIBLE / 2 and clip >= 0:
        uses[clip] += 1
        point, clip = int(from_point[point, clip]), int(from_clip[point, clip])
    return value, uses


def _ahead(problem: Problem, multipliers: Array) -> Array:
    """(points, clips): best relaxed value from a cut point to the end when `clip` has just been shown."""
    ahead = np.full((problem.points, problem.clips), IMPOSSIBLE)
    ahead[-1] = 0.0
    starts = _by_start(problem)
    for start in range(problem.points - 2, -1, -1):
        slots, ends = starts[start]
        entry = (problem.values[slots] - multipliers + ahead[ends]).max(axis=0, initial=IMPOSSIBLE)
        if start == 0:
            ahead[0] = entry  # what each clip is worth as the first one
        else:
            ahead[start] = (problem.pairs + entry[None, :]).max(axis=1)
    return ahead


@dataclass(frozen=True)
class _State:
    """A beginning of an edit up to a cut point. `used` holds a bit per clip; `before` is the state it continues."""

    value: float
    priced: float
    clip: int
    used: int
    start: int
    before: _State | None


@dataclass(frozen=True)
class _Ways:
    """Ways to go on from some states into one slot, as columns. rank : what a way has plus the relaxed value of the rest."""

    states: Sequence[_State]
    row: NDArray[np.int64]
    clip: NDArray[np.int64]
    gain: Array
    rank: Array
    start: int


def _beam(problem: Problem, multipliers: Array, ahead: Array, progress: Progress) -> tuple[tuple[Segment, ...], float] | None:
    """Forward over cut points; states ranked by what they have plus the relaxed value of the rest."""
    waiting: list[list[_Ways]] = [[] for _ in range(problem.points)]
    starts = _by_start(problem)
    states = [_State(0.0, 0.0, -1, 0, -1, None)]
    for start in range(problem.points - 1):
        progress.check()
        if start:
            states = _kept(waiting[start], multipliers, BEAM)
            waiting[start] = []
        if not states:
            continue
        entry = _entry(problem, states)
        for slot, end in zip(*starts[start]):
            ways = _ways(problem.values[slot], entry, states, start, ahead[end] - multipliers)
            if len(ways.row):
                waiting[end].append(ways)
    done = _kept(waiting[-1], multipliers, BEAM)
    if not done:
        return None
    best = max(done, key=lambda state: state.value)
    return _path(best, problem.points - 1), best.value


def _entry(problem: Problem, states: Sequence[_State]) -> Array:
    """(states, clips): worth of each clip after each state's last one; IMPOSSIBLE where the state has used it."""
    if states[0].clip < 0:
        return np.zeros((1, problem.clips))
    size = -(-problem.clips // 8)
    packed = np.frombuffer(b"".join(state.used.to_bytes(size, "little") for state in states), np.uint8).reshape(len(states), size)
    used = np.unpackbits(packed, axis=1, bitorder="little")[:, : problem.clips].astype(bool)
    return np.where(used, IMPOSSIBLE, problem.pairs[[state.clip for state in states]])


def _ways(values: Array, entry: Array, states: Sequence[_State], start: int, future: Array) -> _Ways:
    """Each state's best ways into one slot. `future`: (clips,) relaxed value of what follows, less the clip's price."""
    gain = entry + values
    worth = gain + future
    width = min(WAYS_ON, gain.shape[1])
    clip = np.argpartition(-worth, width - 1, axis=1)[:, :width] if width < gain.shape[1] else np.tile(np.arange(width), (len(gain), 1))
    row = np.repeat(np.arange(len(gain)), width)
    clip = clip.ravel()
    legal = worth[row, clip] > IMPOSSIBLE / 2
    row, clip = row[legal], clip[legal]
    priced = np.array([state.priced for state in states])
    return _Ways(states, row, clip, gain[row, clip], priced[row] + worth[row, clip], start)


def _kept(waiting: Sequence[_Ways], multipliers: Array, count: int) -> list[_State]:
    """The `count` best-ranked of the ways that arrive at a cut point, as states.

    Of ways that used the same clips and end on the same one, only the best can win; it comes first in the ranking.
    """
    if not waiting:
        return []
    rank = np.concatenate([ways.rank for ways in waiting])
    clips = np.concatenate([ways.clip for ways in waiting])
    bounds = np.cumsum([0, *(len(ways.row) for ways in waiting)])
    best: dict[tuple[int, int], _State] = {}
    for index in np.lexsort((clips, -rank)):
        group = int(np.searchsorted(bounds, index, side="right")) - 1
        ways, at = waiting[group], int(index - bounds[group])
        before, clip = ways.states[ways.row[at]], int(ways.clip[at])
        key = (before.used | 1 << clip, clip)
        if key in best:
            continue
        gain = float(ways.gain[at])
        priced = before.priced + gain - float(multipliers[clip])
        best[key] = _State(before.value + gain, priced, clip, key[0], ways.start, before)
        if len(best) == count:
            break
    return list(best.values())


def _path(state: _State, end: int) -> tuple[Segment, ...]:
    segments: list[Segment] = []
    while state.before is not None:
        segments.append(Segment(state.start, end, state.clip))
        state, end = state.before, state.start
    return tuple(reversed(segments))


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
