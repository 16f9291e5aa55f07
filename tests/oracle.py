"""The optimum, proven by another solver than ours: OR-tools' CP-SAT, on jobs small enough, or reduced by what a bound excludes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engine.edit.arrange import Arrangement
from engine.edit.problem import IMPOSSIBLE, Problem, Segment
from engine.edit.relaxed import Prices, ahead_of, forward

__all__ = ["Proof", "exact", "reduced"]

Array = NDArray[np.float64]

SCALE = 1_000_000
"""CP-SAT counts in whole numbers: worths are rounded to a millionth."""


@dataclass(frozen=True)
class Proof:
    """value <= optimum <= bound; equal (up to rounding) where proven. segments : an edit worth `value`; empty where none is known."""

    value: float
    bound: float
    proven: bool
    segments: tuple[Segment, ...] = ()


def _solver(limit_s: float):  # type: ignore[no-untyped-def]
    from ortools.sat.python import cp_model

    solver = cp_model.CpSolver()
    solver.parameters.max_time_in_seconds = limit_s
    solver.parameters.num_workers = 1
    solver.parameters.random_seed = 1
    return solver


def _int(worth: float) -> int:
    return round(worth * SCALE)


def exact(problem: Problem, limit_s: float = 60.0) -> Proof | None:
    """The optimum with every term and rule of the problem but `blocks`; None where there is no legal edit. For small problems."""
    from ortools.sat.python import cp_model

    assert problem.blocks is None
    model = cp_model.CpModel()
    cells = {(int(row), int(clip)): model.new_bool_var("") for row, clip in np.argwhere(problem.values > IMPOSSIBLE / 2)}
    _one_path(model, problem, cells)
    used = {clip: model.new_bool_var("") for clip in range(problem.clips)}
    for clip, flag in used.items():
        model.add(sum(var for (_, one), var in cells.items() if one == clip) == flag)
    for resource in range(int(problem.resource.max()) + 1):
        model.add(sum(used[int(clip)] for clip in np.flatnonzero(problem.resource == resource)) <= 1)
    joins = _in_a_row(model, problem, cells, used)
    worth = sum(_int(problem.values[cell]) * var for cell, var in cells.items())
    worth += sum(_int(problem.pairs[pair]) * var for pair, var in joins.items())
    for cover in problem.covers:
        shown = model.new_bool_var("")
        model.add(sum(used[clip] for clip in cover.clips) >= shown)
        worth += _int(cover.worth) * shown
    model.maximize(worth)
    solver = _solver(limit_s)
    status = solver.solve(model)
    if status == cp_model.INFEASIBLE:
        return None
    rows = sorted(problem.slots[row] + (clip,) for (row, clip), var in cells.items() if solver.value(var))
    segments = tuple(Segment(*row) for row in rows)
    return Proof(solver.objective_value / SCALE, solver.best_objective_bound / SCALE, status == cp_model.OPTIMAL, segments)


def _one_path(model, problem: Problem, cells) -> None:  # type: ignore[no-untyped-def]
    """Slots join from the first cut point to the last."""
    for point in range(problem.points):
        leaving = sum(var for (row, _), var in cells.items() if problem.slots[row][0] == point)
        coming = sum(var for (row, _), var in cells.items() if problem.slots[row][1] == point)
        model.add(leaving - coming == (1 if point == 0 else -1 if point == problem.points - 1 else 0))


def _in_a_row(model, problem: Problem, cells, used):  # type: ignore[no-untyped-def]
    """Which clip follows which, with the streaks that makes."""
    count, nobody = problem.clips, problem.clips
    joins, arcs = {}, [(clip, clip, used[clip].negated()) for clip in range(count)]
    starts, ends = [], []
    for clip in range(count):
        starts.append(sum(problem.slots[row][0] * var for (row, one), var in cells.items() if one == clip))
        ends.append(sum(problem.slots[row][1] * var for (row, one), var in cells.items() if one == clip))
    run = [model.new_int_var(1, max(1, problem.longest_streak) if problem.longest_streak else count, "") for _ in range(count)]
    for a in range(count):
        arcs += [(nobody, a, model.new_bool_var("")), (a, nobody, model.new_bool_var(""))]
        for b in range(count):
            if a == b or problem.pairs[a, b] <= IMPOSSIBLE / 2:
                continue
            follows = joins[a, b] = model.new_bool_var("")
            arcs.append((a, b, follows))
            model.add(ends[a] == starts[b]).only_enforce_if(follows)
            if problem.same_class[a, b]:
                model.add(run[b] >= run[a] + 1).only_enforce_if(follows)
    model.add_circuit(arcs)
    return joins


def reduced(problem: Problem, found: Arrangement, prices: Prices, limit_s: float = 60.0) -> Proof:
    """The optimum of a job of full size without covers, whose pairs go by kinds: what the bound of `prices` excludes is left out.

    What is left is a flow through (cut point, kind, streak) with each clip at most once.
    """
    from ortools.sat.python import cp_model

    assert not problem.covers and problem.blocks is None
    price = prices.per_clip(problem)
    back, ahead = forward(problem, price), ahead_of(problem, price)
    floor = found.value - prices.constant(problem) - 1e-6
    kinds = _kinds(problem)
    model = cp_model.CpModel()
    cells, flows, worth = {}, {}, 0
    into: dict[tuple[int, int, int], list] = {}
    out: dict[tuple[int, int, int], list] = {}
    for row, (start, end) in enumerate(problem.slots):
        for cell in _kept_cells(problem, price, back.entry[start], ahead[end], row, floor):
            cells[row, cell] = model.new_bool_var("")
            worth += _int(problem.values[row, cell]) * cells[row, cell]
    by_kind: dict[tuple[int, int], list[int]] = {}
    for row, clip in cells:
        by_kind.setdefault((row, int(kinds[clip])), []).append(clip)
    for (row, kind), clips in by_kind.items():
        start, end = problem.slots[row]
        ways = []
        for before, streak, after, gain in _arcs(problem, kinds, back.score[start], ahead[end], price, row, clips, floor):
            flow = flows[row, before, streak, kind, after] = model.new_bool_var("")
            worth += _int(gain) * flow
            out.setdefault((start, before, streak), []).append(flow)
            into.setdefault((end, kind, after), []).append(flow)
            ways.append(flow)
        model.add(sum(ways) == sum(cells[row, clip] for clip in clips))
    for node in set(into) | set(out):
        if node[0] not in (0, problem.points - 1):
            model.add(sum(into.get(node, [])) == sum(out.get(node, [])))
    model.add(sum(flow for node, rows in out.items() if node[0] == 0 for flow in rows) == 1)
    for resource in range(int(problem.resource.max()) + 1):
        members = [var for (_, clip), var in cells.items() if problem.resource[clip] == resource]
        if len(members) > 1:
            model.add_at_most_one(members)
    model.maximize(worth)
    chosen = {(problem.slot_index[one.start, one.end], one.clip) for one in found.segments}
    for cell, var in cells.items():
        model.add_hint(var, cell in chosen)
    solver = _solver(limit_s)
    status = solver.solve(model)
    if status not in (cp_model.OPTIMAL, cp_model.FEASIBLE):
        return Proof(found.value, found.bound, status == cp_model.INFEASIBLE, found.segments)
    rows = sorted(problem.slots[row] + (clip,) for (row, clip), var in cells.items() if solver.value(var))
    bound = min(found.bound, solver.best_objective_bound / SCALE)
    return Proof(max(found.value, solver.objective_value / SCALE), bound, status == cp_model.OPTIMAL, tuple(Segment(*one) for one in rows))


def _kinds(problem: Problem) -> NDArray[np.int64]:
    """(clips,) number of each clip's kind: those of one kind are the same to every neighbour."""
    rows = np.concatenate([problem.pairs, problem.pairs.T], axis=1).round(9)
    if problem.classes is not None:
        rows = np.column_stack([rows, problem.classes])
    return np.unique(rows, axis=0, return_inverse=True)[1].reshape(-1)


def _kept_cells(problem: Problem, price: Array, entry: Array, ahead: Array, row: int, floor: float) -> list[int]:
    whole = (entry + ahead).max(axis=0) + problem.values[row] - price
    return [int(clip) for clip in np.flatnonzero(whole >= floor)]


def _arcs(
    problem: Problem, kinds: NDArray[np.int64], score: Array, ahead: Array, price: Array, row: int, clips: list[int], floor: float
) -> list[tuple[int, int, int, float]]:
    """(kind before, its streak, streak after, worth of the pair) of the ways into a slot that the bound leaves open; -1: no kind before."""
    one = clips[0]
    gains = problem.values[row][clips] - price[clips]
    if problem.slots[row][0] == 0:
        return [(-1, 0, 0, 0.0)]
    rows = []
    for before in np.unique(kinds):
        members = np.flatnonzero(kinds == before)
        pair = float(problem.pairs[members[0], one])
        same = bool(problem.same_class[members[0], one])
        if len(members) == 1 and int(members[0]) == one:
            continue
        for streak in range(problem.streaks):
            after = streak + 1 if same else 0
            if after >= problem.streaks:
                continue
            if score[streak, members].max() + pair + (gains + ahead[after][clips]).max() >= floor:
                rows.append((int(before), streak, after, pair))
    return rows
