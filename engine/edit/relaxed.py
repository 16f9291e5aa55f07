"""The relaxed problem: clips may repeat, at a price. A dynamic programme over (cut point, streak, clip) solves it exactly.

Its value plus what the prices add up to bounds the optimum from above (Lagrangian relaxation after Fisher 1981); its value of
what is still to come guides the beam; both directions together say what each choice would cost (max-marginals).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engine.edit.problem import IMPOSSIBLE, Problem

__all__ = ["Prices", "Relaxed", "ahead_of", "forward", "lowest_bound"]

Array = NDArray[np.float64]

ROUNDS = 160
"""Subgradient rounds at most."""
PATIENCE = 6
"""Rounds without a better bound after which the steps get shorter."""
MOMENTUM = 0.55
"""Share of the last direction that is kept (deflected subgradients: they stop the zigzag between two equally good clips)."""
SMALLEST_STEP = 0.02
"""Steps shorter than this share of the full one gain nothing any more."""


@dataclass(frozen=True, eq=False)
class Prices:
    """Multipliers: resource -> what one use costs; cover -> what showing one of its clips earns, up to the cover's worth."""

    resources: Array
    covers: Array

    def per_clip(self, problem: Problem) -> Array:
        """(clips,) what using a clip costs, the covers' rewards taken off."""
        return np.asarray(self.resources[problem.resource] - self.covers @ problem.membership)

    def constant(self, problem: Problem) -> float:
        """What the relaxed value lacks to be a bound."""
        return float(self.resources.sum() + np.maximum(0.0, problem.cover_worth - self.covers).sum())


@dataclass(frozen=True, eq=False)
class Relaxed:
    """One solve: the best relaxed path's value and clips, and the table behind it.

    score : (points, streaks, clips) best value of a path that arrives at a point with that clip last. entry : the same, before the clip's
    own worth, for paths whose next clip is that one.
    """

    value: float
    clips: tuple[int, ...]
    score: Array
    entry: Array


def forward(problem: Problem, price: Array) -> Relaxed:
    """The best path when each use of a clip costs its price."""
    layers, count = problem.streaks, problem.clips
    fresh, going = problem.pair_layers
    score = np.full((problem.points, layers, count), IMPOSSIBLE)
    entry = np.full((problem.points, layers, count), IMPOSSIBLE)
    entry[0, 0] = 0.0
    room = np.empty((count, count))
    for start, (slots, ends) in enumerate(problem.by_start):
        if start:
            before = score[start]
            np.add(before.max(axis=0)[:, None], fresh, out=room)
            room.max(axis=0, out=entry[start, 0])
            for streak in range(1, layers):
                assert going is not None
                np.add(before[streak - 1][:, None], going, out=room)
                room.max(axis=0, out=entry[start, streak])
        if len(slots):
            total = entry[start][None] + (problem.values[slots] - price)[:, None, :]
            score[ends] = np.maximum(score[ends], total)
    return Relaxed(float(score[-1].max()), _path(problem, price, score, entry), score, entry)


def _path(problem: Problem, price: Array, score: Array, entry: Array) -> tuple[int, ...]:
    """The clips of the best path, last first, read back from the tables."""
    into: list[list[tuple[int, int]]] = [[] for _ in range(problem.points)]
    for start, (slots, ends) in enumerate(problem.by_start):
        for slot, end in zip(slots, ends):
            into[end].append((start, int(slot)))
    fresh, going = problem.pair_layers
    point = problem.points - 1
    streak, clip = np.unravel_index(int(score[-1].argmax()), score[-1].shape)
    clips: list[int] = []
    if score[point, streak, clip] <= IMPOSSIBLE / 2:
        return ()
    while True:
        clips.append(int(clip))
        gains = [entry[start, streak, clip] + problem.values[slot, clip] - price[clip] for start, slot in into[point]]
        point = into[point][int(np.argmax(gains))][0]
        if point == 0:
            return tuple(clips)
        if streak:
            assert going is not None
            streak = streak - 1
            clip = (score[point, streak] + going[:, clip]).argmax()
        else:
            table = score[point] + fresh[:, clip][None]
            streak, clip = np.unravel_index(int(table.argmax()), table.shape)


def ahead_of(problem: Problem, price: Array) -> Array:
    """(points, streaks, clips): best relaxed value from a cut point to the end when that clip has just been shown; row 0: as first clip."""
    layers, count = problem.streaks, problem.clips
    fresh, going = problem.pair_layers
    ahead = np.full((problem.points, layers, count), IMPOSSIBLE)
    ahead[-1] = 0.0
    for start in range(problem.points - 2, -1, -1):
        slots, ends = problem.by_start[start]
        if not len(slots):
            continue
        entry = ((problem.values[slots] - price)[:, None, :] + ahead[ends]).max(axis=0)
        if start == 0:
            ahead[0] = entry
            continue
        ahead[start] = (fresh + entry[0][None]).max(axis=1)
        for streak in range(layers - 1):
            assert going is not None
            ahead[start, streak] = np.maximum(ahead[start, streak], (going + entry[streak + 1][None]).max(axis=1))
    return ahead


def lowest_bound(
    problem: Problem, reached: Callable[[Prices], float], check: Callable[[], None], rounds: int = ROUNDS
) -> tuple[Prices, float] | None:
    """Prices with the lowest bound met, and that bound; None where no path exists even with repeats.

    reached(prices) : value of a legal edit found with these prices (-inf where none): Polyak steps aim at it.
    """
    prices = Prices(np.zeros(int(problem.resource.max()) + 1), np.zeros(len(problem.covers)))
    best, bound, floor = prices, np.inf, -np.inf
    direction: tuple[Array, Array] = (np.zeros_like(prices.resources), np.zeros_like(prices.covers))
    scale, since = 1.0, 0
    for number in range(rounds):
        check()
        found = forward(problem, prices.per_clip(problem))
        if not found.clips:
            return None
        value = found.value + prices.constant(problem)
        since += 1
        if value < bound - 1e-9:
            since = 0 if value < bound - 1e-4 * max(1.0, abs(bound)) else since
            best, bound = prices, value
        if since > PATIENCE:
            scale, since, prices = scale * 0.6, 0, best
        slope = _slope(problem, prices, found.clips)
        if not (slope[0] ** 2).sum() + (slope[1] ** 2).sum() or bound - floor < 1e-6 or scale < SMALLEST_STEP:
            break
        if number in (12, 45, 90):
            floor = max(floor, reached(best))
        direction = (slope[0] + MOMENTUM * direction[0], slope[1] + MOMENTUM * direction[1])
        norm = float((direction[0] ** 2).sum() + (direction[1] ** 2).sum())
        aim = floor if np.isfinite(floor) else value - max(1.0, 0.1 * abs(value))
        step = scale * max(value - aim, 1e-3) / norm
        prices = Prices(
            np.maximum(0.0, prices.resources + step * direction[0]),
            np.clip(prices.covers + step * direction[1], 0.0, problem.cover_worth),
        )
    return best, float(bound)


def _slope(problem: Problem, prices: Prices, clips: tuple[int, ...]) -> tuple[Array, Array]:
    """How much dearer each resource, and how much more rewarding each cover, should become."""
    uses = np.bincount(problem.resource[list(clips)], minlength=len(prices.resources)).astype(float) - 1.0
    uses[(prices.resources <= 0) & (uses < 0)] = 0.0
    shown = problem.membership[:, list(clips)].sum(axis=1).astype(float)
    wanted = (prices.covers < problem.cover_worth).astype(float)
    lacks = wanted - shown
    lacks[(prices.covers <= 0) & (lacks < 0)] = 0.0
    return uses, lacks
