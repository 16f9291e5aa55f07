"""An edit as numbers: what the optimiser sees, and what it answers."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

__all__ = ["IMPOSSIBLE", "Arrangement", "Cover", "Problem", "Rival", "Segment", "breaches", "worth_of"]

IMPOSSIBLE = -1e9

Array = NDArray[np.float64]
Indices = NDArray[np.int64]


@dataclass(frozen=True)
class Segment:
    """Slot from cut point `start` to `end`, filled by `clip` (a column of the problem)."""

    start: int
    end: int
    clip: int


@dataclass(frozen=True)
class Cover:
    """Columns of which one should appear: `worth` is earned once, by the first."""

    name: str
    clips: tuple[int, ...]
    worth: float


@dataclass(frozen=True, eq=False)
class Problem:
    """A job as numbers.

    points : number of cut points; an edit is a path from 0 to points - 1. slots : (start, end) pairs that a shot may fill.
    values : (slots, clips) worth of each clip in each slot, IMPOSSIBLE where it cannot. pairs : (clips, clips) worth of b after a.
    resources : (clips,) of the clips with one number at most one is used, once (default: each by itself).
    classes : (clips,) kind that may follow itself at most `longest_streak` times in a row; -1 for none. 0: no limit.
    covers : worth of showing at least one of a group. blocks : (clips,) look of each clip where looks stay together: once left, a look does
    not come back; -1 for none.
    """

    points: int
    slots: tuple[tuple[int, int], ...]
    values: Array
    pairs: Array
    resources: Indices | None = None
    classes: Indices | None = None
    longest_streak: int = 0
    covers: tuple[Cover, ...] = ()
    blocks: Indices | None = None

    @property
    def clips(self) -> int:
        return int(self.values.shape[1])

    @cached_property
    def resource(self) -> Indices:
        """(clips,) number of what each clip uses up, from 0."""
        return np.arange(self.clips) if self.resources is None else np.unique(self.resources, return_inverse=True)[1].reshape(-1)

    @cached_property
    def by_start(self) -> list[tuple[Indices, Indices]]:
        """For each cut point the indices of the slots that start there, and where they end."""
        slots = np.array(self.slots, np.int64).reshape(-1, 2)
        order = np.argsort(slots[:, 0], kind="stable")
        bounds = np.searchsorted(slots[order, 0], np.arange(self.points + 1))
        return [(order[a:b], slots[order[a:b], 1]) for a, b in zip(bounds[:-1], bounds[1:])]

    @cached_property
    def slot_index(self) -> dict[tuple[int, int], int]:
        return {slot: index for index, slot in enumerate(self.slots)}

    @cached_property
    def same_class(self) -> NDArray[np.bool_]:
        """(clips, clips) whether two clips continue one streak."""
        if self.classes is None or self.longest_streak < 1:
            return np.zeros((self.clips, self.clips), bool)
        return np.asarray((self.classes[:, None] == self.classes[None, :]) & (self.classes >= 0)[:, None])

    @cached_property
    def pair_layers(self) -> tuple[Array, Array | None]:
        """Worth of pairs that begin a streak anew, and of those that go on with one (IMPOSSIBLE elsewhere; None without a limit)."""
        if not self.same_class.any():
            return self.pairs, None
        return np.where(self.same_class, IMPOSSIBLE, self.pairs), np.where(self.same_class, self.pairs, IMPOSSIBLE)

    @property
    def streaks(self) -> int:
        """Lengths of streak that have to be told apart."""
        return self.longest_streak if self.same_class.any() else 1

    @cached_property
    def membership(self) -> NDArray[np.bool_]:
        """(covers, clips) which clips belong to which cover."""
        table = np.zeros((len(self.covers), self.clips), bool)
        for row, cover in enumerate(self.covers):
            table[row, list(cover.clips)] = True
        return table

    @cached_property
    def cover_worth(self) -> Array:
        return np.array([cover.worth for cover in self.covers], np.float64)


@dataclass(frozen=True)
class Rival:
    """Another clip for a segment: what the whole edit would be worth less with it there, everything else arranged anew around it."""

    clip: int
    loss: float


@dataclass(frozen=True)
class Arrangement:
    """The best edit found. value <= optimum <= bound. `rivals[k]`: the best other clips for segment k, best first.

    losses[k] : (clips,) what the whole edit would be worth less with each clip in segment k (max-marginals); NaN where it cannot stand.
    """

    segments: tuple[Segment, ...]
    value: float
    bound: float
    rivals: tuple[tuple[Rival, ...], ...] = ()
    losses: tuple[Array, ...] = field(default=(), compare=False)


def worth_of(problem: Problem, segments: tuple[Segment, ...]) -> float:
    """What an edit is worth, added up anew."""
    clips = [one.clip for one in segments]
    total = sum(float(problem.values[problem.slot_index[one.start, one.end], one.clip]) for one in segments)
    total += sum(float(problem.pairs[a, b]) for a, b in zip(clips, clips[1:]))
    return total + float(sum(cover.worth for cover in problem.covers if set(cover.clips) & set(clips)))


def breaches(problem: Problem, segments: tuple[Segment, ...]) -> list[str]:
    """Every constraint that an edit breaks, in words; empty where it is legal."""
    found = []
    path = [0, *(one.end for one in segments)]
    if [one.start for one in segments] != path[:-1] or path[-1] != problem.points - 1:
        found.append("the segments do not join")
    for one in segments:
        slot = problem.slot_index.get((one.start, one.end))
        if slot is None or problem.values[slot, one.clip] <= IMPOSSIBLE / 2:
            found.append(f"clip {one.clip} cannot stand in {one.start}-{one.end}")
    used = [int(problem.resource[one.clip]) for one in segments]
    found += [f"resource {number} is used {used.count(number)} times" for number in sorted(set(used)) if used.count(number) > 1]
    return [*found, *_order_breaches(problem, [one.clip for one in segments])]


def _order_breaches(problem: Problem, clips: list[int]) -> list[str]:
    found, run = [], 1
    for before, after in zip(clips, clips[1:]):
        run = run + 1 if problem.same_class[before, after] else 1
        if problem.longest_streak and run > problem.longest_streak:
            found.append(f"clip {after} makes a streak of {run}")
        if problem.pairs[before, after] <= IMPOSSIBLE / 2:
            found.append(f"clip {after} may not follow {before}")
    if problem.blocks is not None:
        looks = [int(problem.blocks[clip]) for clip in clips if problem.blocks[clip] >= 0]
        runs = [look for index, look in enumerate(looks) if not index or looks[index - 1] != look]
        found += [f"look {look} comes back" for look in sorted(set(runs)) if runs.count(look) > 1]
    return found
