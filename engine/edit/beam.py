"""A beam through the real problem: states ranked by what they have plus the relaxed value of what is still to come."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engine.edit.problem import IMPOSSIBLE, Problem, Segment

__all__ = ["beam"]

WAYS_ON = 12
"""Ways on that each state offers into each slot: the beam drops the rest at once, and other states get their say."""

Array = NDArray[np.float64]
Indices = NDArray[np.int64]
Flags = NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class _States:
    """Beginnings of edits that end at one cut point, as columns.

    value : what each has. priced : the same with prices paid and only first uses of covers rewarded. used : (n, resources) what may not
    come again. shown : (n, covers). came : row of the state it continues. start : cut point at which its last clip began.
    """

    value: Array
    priced: Array
    clip: Indices
    streak: Indices
    used: Flags
    shown: Flags
    came: Indices
    start: Indices


@dataclass(frozen=True, eq=False)
class _Ways:
    """Ways from the states at `start` into one slot. rank : priced value plus the relaxed value of the rest."""

    start: int | Indices
    row: Indices
    clip: Indices
    streak: Indices
    gain: Array
    rank: Array


def beam(
    problem: Problem, price: Array, rewards: Array, ahead: Array, width: int, check: Callable[[], None]
) -> tuple[tuple[Segment, ...], float] | None:
    """The best legal edit that survives, with its value; None where none does.

    price : (clips,) what a use costs. rewards : (covers,) part of `price` that showing a cover's clip again must give back.
    ahead : `relaxed.ahead_of` under the same prices.
    """
    kept: list[_States | None] = [None] * problem.points
    waiting: list[list[_Ways]] = [[] for _ in range(problem.points)]
    kept[0] = _beginning(problem)
    for start in range(problem.points - 1):
        check()
        if start:
            kept[start] = _kept(problem, waiting[start], kept, price, rewards, width)
            waiting[start] = []
        states = kept[start]
        if states is None:
            continue
        worth, streaks, legal = _entry(problem, states)
        for slot, end in zip(*problem.by_start[start]):
            ways = _ways(problem.values[slot] - price, ahead[end], states, start, worth, streaks, legal)
            if len(ways.row):
                waiting[end].append(ways)
    kept[-1] = done = _kept(problem, waiting[-1], kept, price, rewards, width)
    if done is None:
        return None
    row = int(np.argmax(done.value))
    return _path(kept, row), float(done.value[row])


def _beginning(problem: Problem) -> _States:
    none, zero = np.full(1, -1), np.zeros(1)
    used, shown = np.zeros((1, int(problem.resource.max()) + 1), bool), np.zeros((1, len(problem.covers)), bool)
    return _States(zero, zero, none, np.full(1, -1), used, shown, none, none)


def _entry(problem: Problem, states: _States) -> tuple[Array, Indices, Flags]:
    """(states, clips): worth of each clip after each state's last one, the streak it makes, and whether it may follow."""
    legal = ~states.used[:, problem.resource]
    if states.clip[0] < 0:
        return np.zeros(legal.shape), np.zeros(legal.shape, np.int64), legal
    worth = problem.pairs[states.clip]
    streaks = np.where(problem.same_class[states.clip], states.streak[:, None] + 1, 0)
    return worth, streaks, legal & (worth > IMPOSSIBLE / 2) & (streaks < problem.streaks)


def _ways(values: Array, ahead: Array, states: _States, start: int, worth: Array, streaks: Indices, legal: Flags) -> _Ways:
    """Each state's best ways into one slot. values : (clips,) less the prices. ahead : (streaks, clips) from the slot's end."""
    count = len(values)
    gain = worth + values
    future = ahead[np.minimum(streaks, ahead.shape[0] - 1), np.arange(count)[None]]
    rank = np.where(legal, gain + future, IMPOSSIBLE * 2)
    width = min(WAYS_ON, count)
    clip = np.argpartition(-rank, width - 1, axis=1)[:, :width] if width < count else np.tile(np.arange(count), (len(rank), 1))
    row = np.repeat(np.arange(len(rank)), width)
    clip = clip.ravel()
    good = rank[row, clip] > IMPOSSIBLE / 2
    row, clip = row[good], clip[good]
    return _Ways(start, row, clip, streaks[row, clip], gain[row, clip], states.priced[row] + rank[row, clip])


def _kept(
    problem: Problem, waiting: Sequence[_Ways], kept: Sequence[_States | None], price: Array, rewards: Array, width: int
) -> _States | None:
    """The best-ranked ways that arrive at a cut point, as states.

    Of ways that used the same and end on the same clip, only the best can win; it comes first in the ranking.
    """
    if not waiting:
        return None
    rank = np.concatenate([ways.rank for ways in waiting])
    clip = np.concatenate([ways.clip for ways in waiting])
    group = np.repeat(np.arange(len(waiting)), [len(ways.row) for ways in waiting])
    row = np.concatenate([ways.row for ways in waiting])
    most = min(len(rank), 4 * width)
    best = np.argpartition(-rank, most - 1)[:most] if most < len(rank) else np.arange(len(rank))
    best = best[np.lexsort((row[best], group[best], clip[best], -rank[best]))]
    first = np.cumsum([0, *(len(ways.row) for ways in waiting)])
    ways = [(waiting[one], at - first[one]) for one, at in zip(group[best], best)]
    return _distinct(_joined(problem, _columns(ways), kept, price, rewards), width)


def _columns(ways: Sequence[tuple[_Ways, int]]) -> _Ways:
    """Single ways out of several slots as one set of columns; `start` becomes a column too."""
    names = ("row", "clip", "streak", "gain", "rank")
    return _Ways(np.array([one.start for one, _ in ways]), *(np.array([getattr(one, name)[at] for one, at in ways]) for name in names))


def _joined(problem: Problem, ways: _Ways, kept: Sequence[_States | None], price: Array, rewards: Array) -> _States:
    """The ways as states, in their order."""
    starts = np.unique(ways.start)
    before = [states for states in (kept[one] for one in starts) if states is not None]
    first = np.cumsum([0, *(len(states.clip) for states in before)])
    at = first[np.searchsorted(starts, ways.start)] + ways.row
    used, shown, last, value, priced = (
        np.concatenate([getattr(states, name) for states in before])[at] for name in ("used", "shown", "clip", "value", "priced")
    )
    clip = ways.clip
    _leave_looks(problem, used, last, clip)
    used[np.arange(len(clip)), problem.resource[clip]] = True
    member = problem.membership[:, clip].T
    value = value + ways.gain + price[clip] + (member & ~shown) @ problem.cover_worth
    priced = priced + ways.gain - (member & shown) @ rewards
    return _States(value, priced, clip, ways.streak, used, shown | member, ways.row, np.asarray(ways.start))


def _leave_looks(problem: Problem, used: Flags, last: Indices, clip: Indices) -> None:
    """Where looks stay together, a look that is left is used up."""
    if problem.blocks is None:
        return
    for row, (before, after) in enumerate(zip(last, clip)):
        if before >= 0 and problem.blocks[before] >= 0 and problem.blocks[before] != problem.blocks[after]:
            used[row, problem.resource[problem.blocks == problem.blocks[before]]] = True


def _distinct(states: _States, width: int) -> _States:
    packed = np.packbits(states.used, axis=1)
    seen: set[tuple[bytes, int, int]] = set()
    rows = []
    for row in range(len(states.clip)):
        key = (packed[row].tobytes(), int(states.clip[row]), int(states.streak[row]))
        if key not in seen:
            seen.add(key)
            rows.append(row)
            if len(rows) == width:
                break
    return _States(*(getattr(states, name)[rows] for name in _States.__dataclass_fields__))


def _path(kept: Sequence[_States | None], row: int) -> tuple[Segment, ...]:
    segments: list[Segment] = []
    point = len(kept) - 1
    while point > 0:
        states = kept[point]
        assert states is not None
        start = int(states.start[row])
        segments.append(Segment(start, point, int(states.clip[row])))
        point, row = start, int(states.came[row])
    return tuple(reversed(segments))
