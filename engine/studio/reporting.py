"""The survey, the report, and what is kept of events: shown and deleted."""

from __future__ import annotations

import contextlib
import dataclasses
import json
import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from engine.errors import BadOption, CutprintError, RefusedError
from engine.model.events import Event, TimelineRated, TimelineReviewed
from engine.model.timeline import FinalStatus, Timeline
from engine.store.events import event_as_json
from engine.store.library import Creator
from engine.store.projects import HEAD, ProjectFolder, atomic_write, load_timeline, refuse_overwrite
from engine.telemetry.calibration import calibration
from engine.telemetry.flags import GOALS, red_flags, unmet
from engine.telemetry.metrics import SessionMetrics, aggregate, session_metrics
from engine.telemetry.sessions import Session, sessions_of

if TYPE_CHECKING:
    from pathlib import Path

    from engine.progress import Progress
    from engine.studio.context import Studio
    from engine.studio.requests import (
        RateRequest,
        ReportRequest,
        TelemetryEraseRequest,
        TelemetryExportRequest,
        TelemetryReviewRequest,
    )

__all__ = ["erase", "export_events", "note_status", "rate", "report", "review", "sessions"]

EVERYBODY = "-"
"""Creator under whom the usual minutes of edits without a creator are kept."""

LONGEST_MINUTES = 10_000.0


def sessions(studio: Studio, creator: str | None = None, since: str | None = None) -> list[SessionMetrics]:
    """The figures of every session that began in that time, oldest first."""
    return _figures(studio, _begun(studio, creator, since))


def _begun(studio: Studio, creator: str | None, since: str | None) -> list[Session]:
    found = sessions_of(studio.store.events.read())
    mine = [one for one in found if creator is None or one.start.creator_id == creator]
    return [one for one in mine if since is None or one.start.timestamp >= since]


def _figures(studio: Studio, found: Sequence[Session]) -> list[SessionMetrics]:
    usual = {one.creator_id: one.usual_minutes for one in studio.store.library.creators()}
    return [session_metrics(one, studio.now(), usual.get(one.start.creator_id or EVERYBODY)) for one in found]


def rate(studio: Studio, request: RateRequest, progress: Progress) -> dict[str, Any]:
    """Handler of `rate`: records the answers, and writes `final_status` of the timeline complete."""
    timeline, path = load_timeline(request.timeline)
    _check_survey(request)
    if request.usual_minutes is not None:
        _remember_usual(studio, timeline, request.usual_minutes)
    answered = (request.satisfaction, request.would_post, request.editing_minutes)
    if any(one is not None for one in answered):
        would = None if request.would_post is None else request.would_post == "yes"
        said = TimelineRated(
            **_about(studio, timeline), satisfaction=request.satisfaction, would_post=would, editing_minutes=request.editing_minutes
        )
        studio.store.events.append([said])  # what a person was asked for is not dropped quietly
    mine = _sessions_of_project(studio, timeline)
    status = _final_status(studio, timeline, mine[-1] if mine else None)
    if path.name == HEAD:
        ProjectFolder(path.parent).note(timeline.replace(final_status=status))
    return {
        "timeline": str(path),
        "final_status": dataclasses.asdict(status),
        "session": dataclasses.asdict(mine[-1]) if mine else None,
        "asks_usual_minutes": bool(mine) and mine[-1].estimated_manual_time_seconds is None,
    }


def note_status(studio: Studio, folder: Path) -> None:
    """Brings `final_status` of a project's head up to what the events tell, after an export or a render.

    A folder that cannot be written, or that holds no edit of ours, keeps what it holds: the events know all the same.
    """
    with contextlib.suppress(CutprintError):
        project = ProjectFolder(folder)
        head = project.current()
        mine = _sessions_of_project(studio, head) if head is not None else []
        if head is not None and mine:
            project.note(head.replace(final_status=_final_status(studio, head, mine[-1])))


def _sessions_of_project(studio: Studio, timeline: Timeline) -> list[SessionMetrics]:
    return [one for one in sessions(studio) if one.project_id == timeline.project_id]


def _check_survey(request: RateRequest) -> None:
    if request.satisfaction is not None and not 1 <= request.satisfaction <= 5:
        raise BadOption("bad_rating", f"Satisfaction is 1 to 5, not {request.satisfaction}.", "Use --satisfaction 1..5.")
    for value in (request.editing_minutes, request.usual_minutes):
        if value is not None and not 0 <= value <= LONGEST_MINUTES:
            raise BadOption("bad_rating", f"{value:g} minutes cannot be.", f"Use 0 to {LONGEST_MINUTES:g}.")
    if all(getattr(request, one.name) is None for one in dataclasses.fields(request) if one.name != "timeline"):
        raise BadOption("bad_rating", "Nothing was answered.", "Use --satisfaction and --would-post.")


def _remember_usual(studio: Studio, timeline: Timeline, minutes: float) -> None:
    library = studio.store.library
    name = timeline.creator_id or EVERYBODY
    known = library.creator(name) or Creator(name, name, studio.now())
    library.remember_creator(dataclasses.replace(known, usual_minutes=minutes))


def _about(studio: Studio, timeline: Timeline) -> dict[str, Any]:
    """The fields that every event has."""
    return {
        "timestamp": studio.now(),
        "project_id": timeline.project_id,
        "revision": timeline.revision,
        "door": studio.door,
        "creator_id": timeline.creator_id,
    }


def _final_status(studio: Studio, timeline: Timeline, session: SessionMetrics | None) -> FinalStatus:
    """Complete: every field from the session, None where it is not known."""
    if session is None:
        return timeline.final_status
    exports = [one for one in studio.store.events.read(project_id=timeline.project_id) if _is_export(one)]
    return FinalStatus(
        exported=session.exported,
        export_timestamp=exports[-1].timestamp if session.exported and exports else None,
        user_satisfaction=session.user_satisfaction,
        would_post_unchanged=session.would_post_unchanged,
        manual_edit_percentage=session.manual_edit_percentage,
        time_ai_edit=session.ai_generation_time_seconds,
        time_manual_edit=session.user_editing_time_seconds,
        time_saved=session.time_saved_seconds,
    )


def _is_export(event: Event) -> bool:
    return event_as_json(event)["action"] in ("timeline_exported", "timeline_rendered")


def review(studio: Studio, request: TelemetryReviewRequest, progress: Progress) -> dict[str, Any]:
    """Handler of `telemetry.review`."""
    timeline, path = load_timeline(request.timeline)
    if request.active_s is not None and not 0 <= request.active_s <= LONGEST_MINUTES * 60:
        raise BadOption("bad_rating", f"{request.active_s:g} seconds cannot be.", "Use the seconds of one review.")
    studio.store.events.append([TimelineReviewed(**_about(studio, timeline), active_s=request.active_s)])
    return {"timeline": str(path), "recorded": "timeline_reviewed"}


def report(studio: Studio, request: ReportRequest, progress: Progress) -> dict[str, Any]:
    """Handler of `report`: `sessions[]`, `aggregate`, `goals[]` with the figure beside its targets, `red_flags[]`."""
    if request.since is not None and not re.fullmatch(r"\d{4}-\d{2}-\d{2}", request.since):
        raise BadOption("bad_date", f"{request.since!r} is no date.", "Write it as 2026-03-01.")
    found = _begun(studio, request.creator, request.since)
    rows, sure = _figures(studio, found), calibration(found)
    total = aggregate(rows)
    figures = {**dataclasses.asdict(total), "onboarding_minutes": _onboarding_minutes(studio, request.creator)}
    if request.plot:
        from engine.studio.report_plot import plot_report

        progress.stage("Drawing")
        refuse_overwrite(request.plot, request.plot.parent)
        atomic_write(request.plot, plot_report(rows, total, sure))
    return {
        "creator": request.creator,
        "sessions": [dataclasses.asdict(one) for one in rows],
        "aggregate": dataclasses.asdict(total),
        "calibration": dataclasses.asdict(sure),
        "goals": [_beside(goal, figures.get(goal.figure), total.known.get(goal.figure)) for goal in GOALS],
        "red_flags": [dataclasses.asdict(flag) for one in rows for flag in red_flags(one)],
        "plot": str(request.plot) if request.plot else None,
    }


def _beside(goal: Any, value: float | None, known: int | None) -> dict[str, Any]:
    missed = unmet(goal, value)
    return {
        "figure": goal.figure,
        "what": goal.what,
        "value": value,
        "unit": goal.unit,
        "targets": list(goal.targets),
        "at_least": goal.at_least,
        "met": None if value is None else missed is None,
        "next_target": missed,
        "sessions": known,
    }


def _onboarding_minutes(studio: Studio, creator: str | None) -> float | None:
    """From the first word about a creator to the first profile, the mean over creators; None where none was learned."""
    from engine.telemetry.sessions import seconds_of

    firsts = studio.store.library.first_profiles()
    spans = []
    for one in studio.store.library.creators():
        if one.creator_id in firsts and creator in (None, one.creator_id):
            spans.append((seconds_of(firsts[one.creator_id]) - seconds_of(one.created_at)) / 60)
    return sum(spans) / len(spans) if spans else None


def export_events(studio: Studio, request: TelemetryExportRequest, progress: Progress) -> dict[str, Any]:
    """Handler of `telemetry.export`: one event a line."""
    refuse_overwrite(request.output, request.output.parent)
    events = studio.store.events.read(creator_id=request.creator)
    lines = [json.dumps(event_as_json(one), ensure_ascii=False) for one in events]
    atomic_write(request.output, "".join(f"{line}\n" for line in lines).encode())
    return {"file": str(request.output), "events": len(lines), "usual_minutes": _usual_minutes(studio, request.creator)}


def _usual_minutes(studio: Studio, creator: str | None) -> dict[str, float]:
    """What creators said once about themselves, as far as it concerns `creator`."""
    known = {one.creator_id: one.usual_minutes for one in studio.store.library.creators() if creator in (None, one.creator_id)}
    return {name: minutes for name, minutes in known.items() if minutes is not None}


def erase(studio: Studio, request: TelemetryEraseRequest, progress: Progress) -> dict[str, Any]:
    """Handler of `telemetry.erase`: how many were deleted."""
    if not request.yes:
        raise RefusedError("erase_unsaid", "Nothing was deleted.", "Say --yes; `cutprint telemetry export` keeps a copy.")
    said = sorted(_usual_minutes(studio, request.creator))
    for creator in studio.store.library.creators():
        if creator.creator_id in said:
            studio.store.library.remember_creator(dataclasses.replace(creator, usual_minutes=None))
    erased = studio.store.events.erase(creator_id=request.creator)
    studio.store.database.forget()
    return {"erased": erased, "usual_minutes_of": said, "creator": request.creator}
