"""Jobs that run again after a crash: what a revision's job did already is not done a second time.

A revision that a job made carries the job's id in its document, which appears whole or not at all; so does the decision.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from engine.errors import CutprintError

if TYPE_CHECKING:
    from engine.model.events import Event
    from engine.model.timeline import Timeline
    from engine.studio.context import Studio

__all__ = ["AlreadyDone", "is_of_this_job", "record_once", "tagged"]

JOB = "job"
"""Key of a timeline's further fields."""


class AlreadyDone(Exception):
    """This very job made the head before its process was killed. Raised only where a job runs."""

    def __init__(self, result: dict[str, Any]) -> None:
        super().__init__("this job was done already")
        self.result = result


def tagged(studio: Studio, timeline: Timeline) -> Timeline:
    """The timeline with the id of the job that makes it; unchanged outside of jobs."""
    return timeline if studio.job is None else timeline.replace(extra={**timeline.extra, JOB: studio.job})


def is_of_this_job(studio: Studio, timeline: Timeline | None) -> bool:
    """Whether the job that runs now made this revision, or one that it came from."""
    return timeline is not None and studio.job is not None and timeline.extra.get(JOB) == studio.job


def record_once(studio: Studio, timeline: Timeline, events: Sequence[Event]) -> None:
    """Records what a revision's making is told by, unless that happened before the crash."""
    try:
        kept = studio.store.events.read(project_id=timeline.project_id) if studio.job is not None else []
    except CutprintError:
        kept = []
    known = {(type(one), one.revision) for one in kept}
    studio.record(*(one for one in events if (type(one), one.revision) not in known))
