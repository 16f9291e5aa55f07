"""Seeded jobs for the optimiser, of any size: what tests, the oracle and the benchmark share. The same seed gives the same job everywhere.

A job has cut points on beats (bars and sections stronger), slots of 1 to 8 beats, clips of 20 kinds (5 sizes by 4 angles) whose worths in
neighbouring slots belong together, at most two shots of one angle in a row, deletions and locks.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from engine.edit.problem import IMPOSSIBLE, Cover, Problem, Segment, breaches

__all__ = ["Recipe", "instance", "random_edits"]

Array = NDArray[np.float64]

BEATS = (1, 2, 3, 4, 6, 8)
SIZES, ANGLES = 5, 4
AGAIN = 0.3
"""What another shot of a set costs, as `novelty` in engine/edit/scoring.py."""


@dataclass(frozen=True)
class Recipe:
    """What a job is like.

    pair_terms : what kinds follow each other, likeness of neighbours, and sets to be shown; without them a job is worth the sum of its
    placements. duplicates : share of the
    clips that are near-duplicates of another one (worth the same, hard to tell apart; one of them may be used). short : share of clips
    that fill two beats at most.
    """

    clips: int = 200
    points: int = 121
    pair_terms: bool = False
    duplicates: float = 0.0
    short: float = 0.15
    deleted: float = 0.1
    locked: int = 3
    streak: int = 2


def instance(seed: int, recipe: Recipe = Recipe()) -> Problem:
    """The job of a seed."""
    chance = np.random.default_rng([seed, recipe.clips, recipe.points])
    count = recipe.clips
    slots = tuple((a, a + b) for a in range(recipe.points - 1) for b in BEATS if a + b < recipe.points)
    size, angle = chance.integers(0, SIZES, count), chance.integers(0, ANGLES, count)
    twins = _twins(chance, count, recipe.duplicates)
    size, angle = size[twins], angle[twins]
    values = _values(chance, recipe, slots, size, twins)
    pairs = np.zeros((count, count))
    covers: tuple[Cover, ...] = ()
    if recipe.pair_terms:
        pairs = chance.normal(0, 0.3, (SIZES, SIZES))[size][:, size] + chance.normal(0, 0.35, (ANGLES, ANGLES))[angle][:, angle]
        pairs = pairs - 1.6 * 0.5 * _beyond_usual(_likeness(chance, count, twins))
        covers = tuple(Cover(f"angle {one}", tuple(map(int, np.flatnonzero(angle == one))), 0.6) for one in range(ANGLES))
        values, covers = _sets(chance, values, covers, twins)
    problem = Problem(recipe.points, slots, values, pairs, resources=twins, classes=angle, longest_streak=recipe.streak, covers=covers)
    return _locked(problem, chance, recipe.locked)


def _twins(chance: np.random.Generator, count: int, share: float) -> NDArray[np.int64]:
    """(clips,) the clip that each one shows again; mostly itself."""
    of = np.arange(count)
    again = chance.random(count) < share
    again[0] = False
    of[again] = [chance.integers(0, one) if one else 0 for one in np.flatnonzero(again)]
    return of[of[of]]


def _values(
    chance: np.random.Generator, recipe: Recipe, slots: tuple[tuple[int, int], ...], size: NDArray[np.int64], twins: NDArray[np.int64]
) -> Array:
    """(slots, clips): worth a beat of the clip, of its kind in such music, the hold, and the cut it opens on."""
    count, points = recipe.clips, recipe.points
    energy = np.clip(0.5 + 0.35 * np.sin(np.arange(points) / 9.0 + chance.uniform(0, 6)) + chance.normal(0, 0.08, points), 0, 1)
    strength = np.array([0.8 if k % 32 == 0 else 0.5 if k % 4 == 0 else 0.2 for k in range(points)])
    quality = (0.25 * chance.standard_normal(count) + 0.2)[twins]
    lively, slope = chance.random(count)[twins], chance.uniform(0.4, 1.0)
    longest = np.where(chance.random(count) < recipe.short, 2, 8)
    waves = chance.normal(0, 0.12, (count, 6))[twins]
    values = np.empty((len(slots), count))
    for row, (start, end) in enumerate(slots):
        beats = end - start
        here = quality - slope * np.abs(lively - energy[start]) + waves[:, min(5, 6 * start // points)]
        hold = -0.45 * ((np.log2(beats) - (1.8 - 1.2 * energy[start]) - 0.1 * (size - 2)) / 0.7) ** 2
        values[row] = beats * here + hold + 0.6 * strength[start] + 1e-3 * chance.random(count)
        values[row, longest < beats] = IMPOSSIBLE
    values[:, chance.random(count) < recipe.deleted] = IMPOSSIBLE
    return values


def _sets(
    chance: np.random.Generator, values: Array, covers: tuple[Cover, ...], twins: NDArray[np.int64]
) -> tuple[Array, tuple[Cover, ...]]:
    """Half of the clips are takes of some set, about five of each: every shot of a set but the first costs, empty places more."""
    count = len(twins)
    number = np.where(chance.random(count) < 0.5, chance.integers(0, max(1, count // 10), count), -1)[twins]
    values = values.copy()
    for one in np.unique(number[number >= 0]):
        members = np.flatnonzero(number == one)
        cost = AGAIN * (4.0 if chance.random() < 0.2 else 1.0)
        if len(set(twins[members])) > 1:
            values[:, members] = np.where(values[:, members] > IMPOSSIBLE / 2, values[:, members] - cost, IMPOSSIBLE)
            covers = (*covers, Cover(f"set {one}", tuple(map(int, members)), cost))
    return values, covers


def _likeness(chance: np.random.Generator, count: int, twins: NDArray[np.int64]) -> Array:
    colours = chance.random((count, 3))[twins] + chance.normal(0, 0.01, (count, 3))
    return np.asarray(np.exp(-np.linalg.norm(colours[:, None] - colours[None], axis=2) * 3.0))


def _beyond_usual(alike: Array) -> Array:
    """As `engine.edit.likeness` has it: what most pairs of a shoot have in common costs no cut."""
    usual = float(np.median(alike[np.triu_indices(len(alike), 1)])) if len(alike) > 1 else 0.0
    return np.asarray(np.maximum(0.0, (alike - usual) / (1.0 - usual)))


def _locked(problem: Problem, chance: np.random.Generator, count: int) -> Problem:
    """The job with placements of a random legal edit locked: nothing else may stand there, and they nowhere else."""
    rows = random_edits(problem, 1, chance)
    if not rows or not count:
        return problem
    edit = rows[0]
    held = [edit[int(one)] for one in chance.choice(len(edit), min(count, len(edit)), replace=False)]
    values = problem.values.copy()
    for one in held:
        own = values[problem.slot_index[one.start, one.end], one.clip]
        over = [row for row, (a, b) in enumerate(problem.slots) if a < one.end and one.start < b]
        values[over] = IMPOSSIBLE
        values[:, problem.resource == problem.resource[one.clip]] = IMPOSSIBLE
        values[problem.slot_index[one.start, one.end], one.clip] = own
    return replace(problem, values=values)


def random_edits(problem: Problem, count: int, chance: np.random.Generator, tries: int = 40) -> list[tuple[Segment, ...]]:
    """Up to `count` legal edits drawn at random, slot after slot, any clip that may stand there; draws that run out are dropped."""
    found: list[tuple[Segment, ...]] = []
    ends = _reaching(problem)
    for _ in range(count * tries):
        edit = _drawn(problem, chance, ends)
        if edit is not None:
            assert not breaches(problem, edit)
            found.append(edit)
            if len(found) == count:
                break
    return found


def _reaching(problem: Problem) -> NDArray[np.bool_]:
    """(points,) whether the end can be reached from a point by slots that any clip can fill."""
    able = (problem.values > IMPOSSIBLE / 2).any(axis=1)
    reach = np.zeros(problem.points, bool)
    reach[-1] = True
    for start in range(problem.points - 2, -1, -1):
        slots, ends = problem.by_start[start]
        reach[start] = bool((able[slots] & reach[ends]).any()) if len(slots) else False
    return reach


def _drawn(problem: Problem, chance: np.random.Generator, reach: NDArray[np.bool_]) -> tuple[Segment, ...] | None:
    at, run, used = 0, 0, np.zeros(int(problem.resource.max()) + 1, bool)
    rows: list[Segment] = []
    while at < problem.points - 1:
        slots, ends = problem.by_start[at]
        legal = (problem.values[slots] > IMPOSSIBLE / 2) & ~used[problem.resource][None] & reach[ends][:, None]
        if rows:
            before = rows[-1].clip
            legal &= problem.pairs[before][None] > IMPOSSIBLE / 2
            if problem.longest_streak and run >= problem.longest_streak:
                legal &= ~problem.same_class[before][None]
        ways = np.flatnonzero(legal.any(axis=1))
        if not len(ways):
            return None
        way = int(chance.choice(ways))
        clip = int(chance.choice(np.flatnonzero(legal[way])))
        run = run + 1 if rows and problem.same_class[rows[-1].clip, clip] else 1
        rows.append(Segment(at, int(ends[way]), clip))
        used[problem.resource[clip]] = True
        at = int(ends[way])
    return tuple(rows)
