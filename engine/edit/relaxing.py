"""What had to be relaxed, in words, each with the times at which the edit shows it."""

from __future__ import annotations

from collections.abc import Sequence

from engine.edit.explain import clock
from engine.edit.grid import LEAST_SHOT_S, LONGEST_SHOT_S
from engine.edit.job import Job
from engine.edit.supply import Rules
from engine.edit.taste import KINDS

__all__ = ["said_of"]

MOST_TIMES = 6
"""Times named in one sentence; of more the number is said."""


def said_of(job: Job, asked: Rules, repeated: bool) -> tuple[str, ...]:
    """Every rule of `asked` that the edit does not keep; `repeated`: takes were divided, each clip once was given up."""
    rows = [_streaks(job, asked.longest_streak), _looks(job) if asked.looks_together else "", _lengths(job, asked)]
    return tuple(row for row in [*rows, _repeats(job) if repeated else ""] if row)


def _time(job: Job, number: int) -> str:
    frame = job.grid.points[job.found.segments[number].start].frame
    return clock(float(job.brief.rate.seconds(frame)))


def _at(times: Sequence[str]) -> str:
    more = f" and {len(times) - MOST_TIMES} more times" if len(times) > MOST_TIMES else ""
    return f"at {', '.join(times[:MOST_TIMES])}{more}"


def _streaks(job: Job, longest: int) -> str:
    """Runs of one angle that are too long: where each begins."""
    angles = [int(job.scorer.angles[one.clip]) for one in job.found.segments]
    runs: list[tuple[int, int]] = []
    for number, angle in enumerate(angles):
        goes_on = runs and angle >= 0 and angles[number - 1] == angle and number
        runs = [*runs[:-1], (runs[-1][0], runs[-1][1] + 1)] if goes_on else [*runs, (number, 1)]
    over = [f"{_time(job, first)} ({count} {KINDS['angle'][angles[first]]})" for first, count in runs if longest and count > longest]
    return f"More than {longest} shots of one angle follow each other {_at(over)}: the footage leaves no other way." if over else ""


def _looks(job: Job) -> str:
    seen: set[int] = set()
    back, before = [], -1
    for number, one in enumerate(job.found.segments):
        look = int(job.scorer.looks[one.clip])
        if look < 0:
            continue
        if look != before and look in seen:
            back.append(_time(job, number))
        seen.add(look)
        before = look
    return f"Looks come back {_at(back)}: kept together they do not fill the edit." if back else ""


def _lengths(job: Job, asked: Rules) -> str:
    low, high = asked.shortest_s or LEAST_SHOT_S, asked.longest_s or LONGEST_SHOT_S
    frame = 1.5 / job.grid.fps  # what rounding to frames may add
    rows = []
    for number, one in enumerate(job.found.segments):
        seconds = job.scorer.slot(one.start, one.end).frames / job.grid.fps
        if job.parts[one.clip].held is None and not low - frame <= seconds <= high + frame:
            rows.append(f"{_time(job, number)} ({seconds:.2f} s)")
    return f"Shots are shorter or longer than {low:g} to {high:g} s {_at(rows)}: nothing else fills what lies there." if rows else ""


def _repeats(job: Job) -> str:
    """Takes that are shown more than once, with their times."""
    shown: dict[str, list[str]] = {}
    for number, one in enumerate(job.found.segments):
        shown.setdefault(job.parts[one.clip].clip.media.name, []).append(_time(job, number))
    rows = [f"{name} at {', '.join(times)}" for name, times in shown.items() if len(times) > 1]
    if not rows:
        return ""
    more = f"; and {len(rows) - MOST_TIMES} more" if len(rows) > MOST_TIMES else ""
    seconds = float(job.brief.rate.seconds(job.grid.points[-1].frame - job.grid.points[0].frame))
    return f"There are too few clips for {seconds:.1f} s: takes appear more than once ({'; '.join(rows[:MOST_TIMES])}{more})."
