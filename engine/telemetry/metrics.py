"""Figures of one session and of many, under the names of the guide's "Telemetry & Analytics". Formulas: docs/telemetry.md.

None means not known. What nobody looked at is unknown, and unknown never counts as kept.
"""

from __future__ import annotations

import statistics
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from engine.model.events import (
    ClipChanged,
    ClipDeleted,
    ClipDisabled,
    ClipInserted,
    ClipLocked,
    ClipReordered,
    ClipReplaced,
    ClipTrimmed,
    ClipUnlocked,
    EditGenerated,
    Event,
    RegenerateRequested,
    TimelineExported,
    TimelineRated,
    TimelineRendered,
    TimelineReviewed,
)
from engine.telemetry.sessions import Session, effective, seconds_of

__all__ = ["IDLE_S", "Aggregate", "Changes", "SessionMetrics", "aggregate", "session_metrics"]

IDLE_S = 300.0
"""A pause longer than this between two actions is no editing (chosen: five minutes of thought at most)."""

WEEK_S = 7 * 86400
MONDAY_S = 4 * 86400
"""1970-01-01 was a Thursday: the first Monday came four days later."""


@dataclass(frozen=True)
class SessionMetrics:
    """One session. Percentages are 0 to 100, times seconds, confidences 0 to 1; None where it is not known."""

    session_id: str
    project_id: str
    creator_id: str | None
    started_at: str
    status: str
    looked_at: bool
    would_post_unchanged: bool | None
    user_satisfaction: int | None
    total_clips_generated: int
    clips_kept: int | None
    clips_deleted: int | None
    clips_reordered: int | None
    clips_trimmed: int | None
    clips_added_manually: int | None
    clips_kept_percentage: float | None
    clips_modified_percentage: float | None
    manual_edit_percentage: float | None
    regenerate_count: int
    regenerate_instructions: tuple[str, ...]
    ai_generation_time_seconds: float
    user_editing_time_seconds: float | None
    estimated_manual_time_seconds: float | None
    time_saved_seconds: float | None
    time_saved_percentage: float | None
    avg_ai_confidence_all: float | None
    avg_ai_confidence_kept: float | None
    avg_ai_confidence_deleted: float | None
    clips_locked_by_user: int | None
    regenerate_with_locks_count: int
    exported: bool
    export_format: str | None
    final_video_duration: float | None
    delete_reasons: Mapping[str, int]


def session_metrics(session: Session, now: str, usual_minutes: float | None = None) -> SessionMetrics:
    """The figures of one session. usual_minutes : what one edit by hand takes its creator; None while nobody said."""
    events = effective(session.events)
    generated = session.start.clips
    changes = Changes.of(events) if session.looked_at else None
    ai_s = sum(one.seconds_taken for one in session.events if isinstance(one, EditGenerated))
    user_s = _editing_time_s(session.events)
    manual_s = None if usual_minutes is None else usual_minutes * 60
    saved_s = None if manual_s is None or user_s is None else manual_s - ai_s - user_s
    regenerations = [one for one in session.events if isinstance(one, RegenerateRequested)]
    rated = [one for one in session.events if isinstance(one, TimelineRated)]
    exports = [one for one in session.events if isinstance(one, (TimelineExported, TimelineRendered))]
    return SessionMetrics(
        session_id=session.session_id,
        project_id=session.start.project_id,
        creator_id=session.start.creator_id,
        started_at=session.start.timestamp,
        status=session.status(now),
        looked_at=session.looked_at,
        would_post_unchanged=_last(one.would_post for one in rated),
        user_satisfaction=_last(one.satisfaction for one in rated),
        total_clips_generated=generated,
        **_clip_figures(changes, generated),
        regenerate_count=len(regenerations),
        regenerate_instructions=tuple(one.instruction for one in regenerations),
        ai_generation_time_seconds=ai_s,
        user_editing_time_seconds=user_s,
        estimated_manual_time_seconds=manual_s,
        time_saved_seconds=saved_s,
        time_saved_percentage=None if saved_s is None or not manual_s else 100 * saved_s / manual_s,
        **_confidences(changes, session.start),
        regenerate_with_locks_count=sum(one.locked_clips > 0 for one in regenerations),
        exported=bool(exports),
        export_format=_format(exports[-1]) if exports else None,
        final_video_duration=exports[-1].duration_s if exports else None,
    )


@dataclass(frozen=True)
class Changes:
    """What a person did to which clips; ids of clips, each once."""

    removed: Mapping[str, float | None]  # deleted, disabled or replaced -> confidence the engine had in it
    deleted: frozenset[str]
    reordered: frozenset[str]
    trimmed: frozenset[str]
    inserted: frozenset[str]
    touched: frozenset[str]
    locked: frozenset[str]
    reasons: Mapping[str, int]

    @classmethod
    def of(cls, events: Sequence[Event]) -> Changes:
        changed = [one for one in events if isinstance(one, ClipChanged)]
        inserted = _ids(changed, ClipInserted)
        gone = [one for one in changed if isinstance(one, (ClipDeleted, ClipDisabled, ClipReplaced)) and one.clip_id not in inserted]
        deleted = _ids(changed, ClipDeleted) | _ids(changed, ClipDisabled)
        touched = frozenset(one.clip_id for one in changed if not isinstance(one, (ClipLocked, ClipUnlocked, ClipInserted)))
        reasons = Counter(one.reason_selected or "not said" for one in changed if isinstance(one, ClipDeleted))
        return cls(
            removed={one.clip_id: one.ai_confidence for one in gone},
            deleted=deleted - inserted,
            reordered=_ids(changed, ClipReordered),
            trimmed=_ids(changed, ClipTrimmed),
            inserted=inserted - deleted,
            touched=touched - inserted,
            locked=_locked(changed),
            reasons=dict(reasons),
        )


def _ids(events: Sequence[ClipChanged], kind: type) -> frozenset[str]:
    return frozenset(one.clip_id for one in events if isinstance(one, kind))


def _locked(changed: Sequence[ClipChanged]) -> frozenset[str]:
    """Locked by hand, or by having been changed by hand, and neither unlocked nor thrown out since."""
    locked: set[str] = set()
    for one in changed:
        if isinstance(one, (ClipUnlocked, ClipDeleted, ClipDisabled)):
            locked.discard(one.clip_id)
        else:
            locked.add(one.clip_id)
    return frozenset(locked)


def _clip_figures(changes: Changes | None, generated: int) -> dict[str, Any]:
    names = ("clips_kept", "clips_deleted", "clips_reordered", "clips_trimmed", "clips_added_manually", "clips_locked_by_user")
    shares = ("clips_kept_percentage", "clips_modified_percentage", "manual_edit_percentage")
    if changes is None or generated <= 0:
        return {**dict.fromkeys(names), **dict.fromkeys(shares), "delete_reasons": {}}
    kept = max(0, generated - len(changes.removed))
    counts = (kept, len(changes.deleted), len(changes.reordered), len(changes.trimmed), len(changes.inserted), len(changes.locked))
    touched = len(changes.touched)
    parts = (kept, min(generated, touched), min(generated, touched + len(changes.inserted)))
    percent = {name: 100 * part / generated for name, part in zip(shares, parts)}
    return {**dict(zip(names, counts)), **percent, "delete_reasons": changes.reasons}


def _confidences(changes: Changes | None, start: EditGenerated) -> dict[str, Any]:
    everything = start.mean_confidence if start.clips else None
    known = [one for one in changes.removed.values() if one is not None] if changes else []
    kept = None
    if changes is not None and everything is not None and len(known) == len(changes.removed) and start.clips > len(known):
        kept = min(1.0, max(0.0, (everything * start.clips - sum(known)) / (start.clips - len(known))))
    return {
        "avg_ai_confidence_all": everything,
        "avg_ai_confidence_kept": kept,
        "avg_ai_confidence_deleted": statistics.fmean(known) if known else None,
    }


def _editing_time_s(events: Sequence[Event]) -> float | None:
    """Active time: as the person said in the survey, else as an agent or the panel saw it, else from pauses between actions."""
    said = _last(one.editing_minutes for one in events if isinstance(one, TimelineRated))
    if said is not None:
        return float(said) * 60
    seen = [one.active_s for one in events if isinstance(one, TimelineReviewed) and one.active_s is not None]
    if seen:
        return sum(seen)
    times = [seconds_of(one.timestamp) for one in events if isinstance(one, (ClipChanged, RegenerateRequested))]
    if len(times) < 2:
        return None
    return sum(gap for gap in (b - a for a, b in zip(times, times[1:])) if 0 <= gap <= IDLE_S)


def _format(event: TimelineExported | TimelineRendered) -> str:
    return event.format if isinstance(event, TimelineExported) else event.preset or "mp4"


def _last(values: Any) -> Any:
    """The newest answer that was given."""
    given = [one for one in values if one is not None]
    return given[-1] if given else None


@dataclass(frozen=True)
class Aggregate:
    """Many sessions. `known` : of how many sessions each figure is made; None where of none.

    weeks : per week with sessions (ISO date of its Monday): sessions, kept percentage, would-post rate.
    """

    total_sessions: int
    total_videos_exported: int
    would_post_unchanged_rate: float | None
    avg_user_satisfaction: float | None
    avg_clips_kept_percentage: float | None
    avg_clips_modified_percentage: float | None
    avg_manual_edit_percentage: float | None
    avg_clips_generated: float | None
    avg_clips_deleted: float | None
    avg_clips_reordered: float | None
    avg_clips_trimmed: float | None
    avg_clips_added_manually: float | None
    avg_clips_locked_by_user: float | None
    avg_time_saved_percentage: float | None
    avg_time_saved_minutes: float | None
    avg_generation_minutes: float | None
    avg_editing_minutes: float | None
    avg_final_video_duration: float | None
    avg_regenerate_count: float | None
    avg_regenerate_with_locks_count: float | None
    most_common_regenerate_instruction: str | None
    avg_ai_confidence_all: float | None
    avg_ai_confidence_kept: float | None
    avg_ai_confidence_deleted: float | None
    confidence_gap: float | None
    week_over_week_quality_improvement: float | None
    clips_kept_percentage_trend: float | None
    weeks: tuple[Mapping[str, Any], ...]
    delete_reasons: Mapping[str, int]
    export_formats: Mapping[str, int]
    known: Mapping[str, int]


_MEANS: Mapping[str, Callable[[SessionMetrics], float | None]] = {
    "would_post_unchanged_rate": lambda one: None if one.would_post_unchanged is None else 100.0 * one.would_post_unchanged,
    "avg_user_satisfaction": lambda one: one.user_satisfaction,
    "avg_clips_kept_percentage": lambda one: one.clips_kept_percentage,
    "avg_clips_modified_percentage": lambda one: one.clips_modified_percentage,
    "avg_manual_edit_percentage": lambda one: one.manual_edit_percentage,
    "avg_clips_generated": lambda one: one.total_clips_generated,
    "avg_clips_deleted": lambda one: one.clips_deleted,
    "avg_clips_reordered": lambda one: one.clips_reordered,
    "avg_clips_trimmed": lambda one: one.clips_trimmed,
    "avg_clips_added_manually": lambda one: one.clips_added_manually,
    "avg_clips_locked_by_user": lambda one: one.clips_locked_by_user,
    "avg_time_saved_percentage": lambda one: one.time_saved_percentage,
    "avg_time_saved_minutes": lambda one: None if one.time_saved_seconds is None else one.time_saved_seconds / 60,
    "avg_generation_minutes": lambda one: one.ai_generation_time_seconds / 60,
    "avg_editing_minutes": lambda one: None if one.user_editing_time_seconds is None else one.user_editing_time_seconds / 60,
    "avg_final_video_duration": lambda one: one.final_video_duration,
    "avg_regenerate_count": lambda one: float(one.regenerate_count) if one.looked_at else None,
    "avg_regenerate_with_locks_count": lambda one: float(one.regenerate_with_locks_count) if one.looked_at else None,
    "avg_ai_confidence_all": lambda one: one.avg_ai_confidence_all,
    "avg_ai_confidence_kept": lambda one: one.avg_ai_confidence_kept,
    "avg_ai_confidence_deleted": lambda one: one.avg_ai_confidence_deleted,
}


def aggregate(sessions: Sequence[SessionMetrics]) -> Aggregate:
    """The figures of many sessions: each a mean over those in which it is known."""
    means, known = {}, {}
    for name, value_of in _MEANS.items():
        values = [value for value in map(value_of, sessions) if value is not None]
        known[name], means[name] = len(values), statistics.fmean(values) if values else None
    wishes = Counter(wish for one in sessions for wish in one.regenerate_instructions)
    weeks = _weeks(sessions)
    kept, gone = means["avg_ai_confidence_kept"], means["avg_ai_confidence_deleted"]
    reasons: Counter[str] = Counter()
    for one in sessions:
        reasons.update(one.delete_reasons)
    return Aggregate(
        total_sessions=len(sessions),
        total_videos_exported=sum(one.exported for one in sessions),
        most_common_regenerate_instruction=min(wishes, key=lambda wish: (-wishes[wish], wish)) if wishes else None,
        confidence_gap=None if kept is None or gone is None else kept - gone,
        week_over_week_quality_improvement=_improvement(weeks),
        clips_kept_percentage_trend=_slope([(row["week_number"], row["kept_percentage"]) for row in weeks]),
        weeks=tuple({key: value for key, value in row.items() if key != "week_number"} for row in weeks),
        delete_reasons=dict(reasons.most_common()),
        export_formats=dict(Counter(one.export_format for one in sessions if one.export_format is not None).most_common()),
        known=known,
        **means,
    )


def _weeks(sessions: Sequence[SessionMetrics]) -> list[dict[str, Any]]:
    by_week: dict[int, list[SessionMetrics]] = {}
    for one in sessions:
        by_week.setdefault(int((seconds_of(one.started_at) - MONDAY_S) // WEEK_S), []).append(one)
    rows = []
    for number, members in sorted(by_week.items()):
        kept = [one.clips_kept_percentage for one in members if one.clips_kept_percentage is not None]
        posts = [one.would_post_unchanged for one in members if one.would_post_unchanged is not None]
        rows.append(
            {
                "week_number": number,
                "week": _date(number * WEEK_S + MONDAY_S),
                "sessions": len(members),
                "kept_percentage": statistics.fmean(kept) if kept else None,
                "would_post_percentage": 100 * statistics.fmean(posts) if posts else None,
            }
        )
    return rows


def _date(seconds: float) -> str:
    """ISO date (Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms", civil_from_days)."""
    days = int(seconds // 86400) + 719468
    era, of_era = divmod(days, 146097)
    year_of_era = (of_era - of_era // 1460 + of_era // 36524 - of_era // 146096) // 365
    of_year = of_era - (365 * year_of_era + year_of_era // 4 - year_of_era // 100)
    shifted = (5 * of_year + 2) // 153
    day, month = of_year - (153 * shifted + 2) // 5 + 1, shifted + 3 if shifted < 10 else shifted - 9
    return f"{year_of_era + era * 400 + (month <= 2):04d}-{month:02d}-{day:02d}"


def _improvement(weeks: Sequence[Mapping[str, Any]]) -> float | None:
    """Percentage points by which the newest week with known sessions kept more than the one before."""
    known = [row["kept_percentage"] for row in weeks if row["kept_percentage"] is not None]
    return known[-1] - known[-2] if len(known) > 1 else None


def _slope(points: Sequence[tuple[int, float | None]]) -> float | None:
    """Least squares: percentage points a week; None with fewer than two known weeks."""
    known = [(float(x), y) for x, y in points if y is not None]
    if len(known) < 2:
        return None
    return statistics.linear_regression([x for x, _ in known], [y for _, y in known]).slope
