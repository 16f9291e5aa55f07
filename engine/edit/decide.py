"""From what there is to what was chosen: solve as asked, else relax in a fixed order and say so, else say what is missing and where."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from engine.edit import arrange
from engine.edit.grid import Grid, cut_grid, cuts_between_beats
from engine.edit.job import Job, Part, is_wanted, wishes_of
from engine.edit.problem import Problem
from engine.edit.relaxing import said_of
from engine.edit.scoring import Scorer
from engine.edit.supply import Rules, Stock, fillable, parts_of, problem_of, relaxed_rules
from engine.errors import FootageError
from engine.progress import Progress

__all__ = ["decide"]

PIECES = (1, 2, 3, 4, 6, 8, 12)
"""Into how many moments takes are cut, one after another, as long as there are too few."""


def decide(stock: Stock, progress: Progress) -> Job:
    """The best edit of the window. Raises `FootageError` (`footage_too_short`, `wish_unusable`), `Cancelled`.

    Order of relaxing: the streak of one angle, looks that stay together, the lengths of shots, then each clip once. Never: locks,
    deletions, gates, the duration, a moment twice.
    """
    for count in PIECES:
        parts = parts_of(stock, count)
        rungs = relaxed_rules(stock)
        for rung, rules in enumerate(rungs):
            if count > 1 and 0 < rung < len(rungs) - 1:
                continue
            job = _tried(stock, parts, rules, progress)
            if job is None:
                continue
            notes = said_of(job, rungs[0], count > 1) if rung or count > 1 or _is_free(job) else ()
            return _with_wishes(stock, job, notes)
    raise _too_short(stock)


def _seconds(stock: Stock) -> float:
    return float(stock.brief.rate.seconds(stock.window.duration))


def grid_of(stock: Stock, rules: Rules) -> Grid:
    """The cut points of a stock's window."""
    return cut_grid(
        stock.use,
        stock.brief.rate,
        stock.brief.duration_frames,
        window=stock.window,
        offset_s=stock.taste.beat_offset_s,
        offsets_s=stock.taste.beat_offsets_s,
        halves=cuts_between_beats(stock.taste.profile) or any(one.pace_octaves < -1 for one in stock.leanings),
        held=[placement.span for placement, _ in stock.held],
        shortest_s=rules.shortest_s,
        longest_s=rules.longest_s,
    )


def posed(stock: Stock, parts: Sequence[Part], rules: Rules) -> tuple[Grid, Scorer, Problem]:
    """A stock under some rules as a problem, with what explains its numbers."""
    grid = grid_of(stock, rules)
    wish = stock.brief
    scorer = Scorer(grid, stock.taste, parts, stock.groups, leanings=stock.leanings, off=wish.without, song=stock.use, seed=wish.seed)
    return grid, scorer, problem_of(stock, parts, grid, scorer, rules)


def _tried(stock: Stock, parts: Sequence[Part], rules: Rules, progress: Progress) -> Job | None:
    if not parts or fillable(parts, grid_of(stock, rules)) < 1.0:
        return None
    grid, scorer, problem = posed(stock, parts, rules)
    found = arrange.solve(problem, progress)
    return None if found is None else Job(stock.brief, stock.taste, grid, scorer, stock.use, parts, problem, found)


def _is_free(job: Job) -> bool:
    """Whether angles do not count for the streak, beside those of what is held."""
    passed = (job.scorer.angles >= 0) & (job.problem.classes < 0 if job.problem.classes is not None else True)
    return bool(np.any(passed & np.array([part.held is None for part in job.parts])))


def _with_wishes(stock: Stock, job: Job, notes: tuple[str, ...]) -> Job:
    """The job with its notes, if everything that has to appear does."""
    shown = [job.parts[segment.clip] for segment in job.found.segments]
    stays = {placement.media_id for placement, _ in stock.held} | set(stock.taken)
    missing = [
        wish.media_id
        for wish in wishes_of(stock.brief)
        if wish.media_id not in stays and not any(is_wanted(part, (wish,)) for part in shown)
    ]
    if missing:
        names = {clip.media.media_id: clip.media.name for clip in stock.clips}
        said = sorted({names.get(one, one) for one in missing})
        hint = "Make the edit longer, or wish for fewer clips."
        raise FootageError("wish_unusable", f"There is no room for {', '.join(said)}.", hint, clips=said)
    unseen = [
        cover.name
        for cover in job.problem.covers
        if stock.brief.looks == "each" and cover.name.startswith("look") and not set(cover.clips) & {one.clip for one in job.found.segments}
    ]
    rows = dict.fromkeys([*notes, *(f"{name} is not shown: there is no room for it" for name in unseen)])
    return Job(job.brief, job.taste, job.grid, job.scorer, job.use, job.parts, job.problem, job.found, tuple(rows))


def _too_short(stock: Stock) -> FootageError:
    """How much can be filled, and at which time it breaks off."""
    rate, total = stock.brief.rate, _seconds(stock)
    parts = parts_of(stock, PIECES[-1])
    rules = relaxed_rules(stock)[-1]
    grid = grid_of(stock, rules)
    share = fillable(parts, grid) if parts else 0.0
    seconds = int(min(share, 0.99) * total * 10) / 10
    clips = "one usable clip fills" if len(stock.clips) == 1 else f"{len(stock.clips)} usable clips fill"
    message = f"The {clips} about {seconds:.1f} s of {total:.1f} s."
    details = {"fillable_s": seconds}
    if parts:
        _, _, problem = posed(stock, parts, rules)
        point = arrange.furthest(problem)
        if 0 < point < len(grid.points) - 1:
            breaks = float(rate.seconds(grid.points[point].frame))
            details["breaks_at_s"] = round(breaks, 3)
            longest = _longest_from(problem, grid, point)
            message += f" No clip reaches from {breaks:.2f} s to the next place for a cut{longest}."
    hint = f"Use --duration {max(1, int(seconds))}, or add clips."
    return FootageError("footage_too_short", message, hint, **details)


def _longest_from(problem: Problem, grid: Grid, point: int) -> str:
    slots, ends = problem.by_start[point]
    if not len(slots):
        return " (what is locked lies too close)"
    frames = int(np.min(ends)) - point
    return f" ({(grid.points[point + frames].frame - grid.points[point].frame) / grid.fps:.2f} s)"
