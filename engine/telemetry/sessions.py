"""Events cut into sessions. Pure: events in the order in which they were recorded, times as ISO 8601 in UTC.

A session begins when the engine makes an edit of a project and lasts until the next edit of that project that nobody asked for by
regenerating. What comes after an export (a rating on the next day) still belongs to it.
"""

from __future__ import annotations

import calendar
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from engine.model.events import (
    ClipChanged,
    EditGenerated,
    Event,
    Redone,
    RegenerateRequested,
    TimelineExported,
    TimelineRated,
    TimelineRendered,
    TimelineReviewed,
    Undone,
)

__all__ = ["Session", "effective", "seconds_of", "sessions_of"]

ABANDONED_AFTER_S = 14 * 86400
"""Silence after which an unfinished session counts as abandoned (chosen: two weeks; a post is rarely finished later)."""

LOOKED = (ClipChanged, RegenerateRequested, TimelineReviewed, TimelineRated, Undone, Redone)
"""Events that only somebody who looked at the edit can cause. An export alone is none: silence is never success."""


@dataclass(frozen=True)
class Session:
    """One edit from its making to its end; `events` starts with the `EditGenerated`."""

    session_id: str
    events: tuple[Event, ...]

    @property
    def start(self) -> EditGenerated:
        first = self.events[0]
        assert isinstance(first, EditGenerated)
        return first

    @property
    def looked_at(self) -> bool:
        """Whether anybody did: without it, what became of the clips is unknown."""
        return any(isinstance(one, LOOKED) for one in self.events)

    @property
    def exported(self) -> bool:
        return any(isinstance(one, (TimelineExported, TimelineRendered)) for one in self.events)

    def status(self, now: str) -> str:
        """rated, exported, abandoned or open."""
        if any(isinstance(one, TimelineRated) for one in self.events):
            return "rated"
        if self.exported:
            return "exported"
        silent_s = seconds_of(now) - max(seconds_of(one.timestamp) for one in self.events)
        return "abandoned" if silent_s > ABANDONED_AFTER_S else "open"


def seconds_of(timestamp: str) -> float:
    """Seconds since 1970 of an ISO 8601 time in UTC (`2026-03-01T10:00:00Z`, fractions allowed)."""
    day, _, clock = timestamp.removesuffix("Z").partition("T")
    year, month, date = (int(part) for part in day.split("-"))
    hour, minute, second = ((clock.partition("+")[0] or "0:0:0") + ":0:0").split(":")[:3]
    return calendar.timegm((year, month, date, int(hour), int(minute), 0)) + float(second)


def sessions_of(events: Iterable[Event]) -> list[Session]:
    """Every session, by the time of its start. Events of projects that never began one (made elsewhere) are left out."""
    open_now: dict[str, list[Event]] = {}
    regenerating: set[str] = set()
    done: list[list[Event]] = []
    for event in events:
        project = event.project_id
        if isinstance(event, EditGenerated) and project not in regenerating:
            if project in open_now:
                done.append(open_now[project])
            open_now[project] = [event]
        elif project in open_now:
            open_now[project].append(event)
        if isinstance(event, RegenerateRequested):
            regenerating.add(project)
        elif isinstance(event, EditGenerated):
            regenerating.discard(project)
    done += open_now.values()
    made = [Session(f"{rows[0].project_id}.r{rows[0].revision}", tuple(rows)) for rows in done]
    return sorted(made, key=lambda one: (one.start.timestamp, one.session_id))


def effective(events: Sequence[Event]) -> list[Event]:
    """The same without what was undone and not redone. An event's revision is the one that it made."""
    kept: list[Event] = []
    undone: list[Event] = []
    for event in events:
        if isinstance(event, Undone):
            undone += [one for one in kept if _makes_revision(one) and one.revision > event.to_revision]
            kept = [one for one in kept if one not in undone]
        elif isinstance(event, Redone):
            back = [one for one in undone if one.revision <= event.to_revision]
            kept += back
            undone = [one for one in undone if one not in back]
        else:
            if _makes_revision(event):
                undone = []
            kept.append(event)
    return kept


def _makes_revision(event: Event) -> bool:
    return isinstance(event, (ClipChanged, RegenerateRequested))
