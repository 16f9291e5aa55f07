"""The cut for people to read."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from engine.model.timeline import Placement, Timeline
from engine.store.projects import load_timeline
from engine.studio.requests import ShowRequest
from engine.style.dimensions import DIMENSIONS

if TYPE_CHECKING:
    from engine.progress import Progress
    from engine.studio.context import Studio

__all__ = ["show"]


def show(studio: Studio, request: ShowRequest, progress: Progress) -> dict[str, Any]:
    """Handler of `show`: a row per placement, the reasons for the whole, and with `unused` a row per clip left out."""
    timeline, path = load_timeline(request.timeline)
    result: dict[str, Any] = {
        "timeline": str(path),
        "project_id": timeline.project_id,
        "revision": timeline.revision,
        "duration_s": float(timeline.duration_s),
        "rate": timeline.rate.to_json(),
        "size": [timeline.width, timeline.height],
        "clips": [_row(timeline, number, clip) for number, clip in enumerate(timeline.clips)],
        "pacing_target": timeline.ai_reasoning.pacing_target,
        "notes": timeline.ai_reasoning.notes,
        "creator": timeline.creator_id,
        "style_match_score": timeline.ai_reasoning.style_match_score,
        "style_match": [{**row.__dict__, "words": _words(row.dimension)} for row in timeline.ai_reasoning.style_match],
        "relaxed": list(timeline.ai_reasoning.relaxed),
        "evidence_missing": list(timeline.ai_reasoning.evidence_missing),
    }
    if request.unused:
        unused = [outcome for outcome in timeline.outcomes if outcome.status != "used"]
        result["unused"] = [{"file": row.file, "status": row.status, "reason": row.reason} for row in unused]
    return result


def _words(dimension: str) -> str:
    return DIMENSIONS[dimension].words if dimension in DIMENSIONS else dimension.replace("_", " ")


def _row(timeline: Timeline, number: int, clip: Placement) -> dict[str, Any]:
    beats = {transition.to_clip: transition.beat_index for transition in timeline.transitions}
    return {
        "number": number + 1,
        "id": clip.id,
        "time_s": float(timeline.rate.seconds(clip.timeline_start_frame)),
        "duration_s": float(timeline.rate.seconds(clip.duration_frames)),
        "file": clip.file,
        "source_s": float(clip.source_start_s),
        "beat": beats.get(clip.id),
        "confidence": clip.facts.ai_confidence if clip.decision else None,  # what a person chose, or what fills a hole, was not weighed
        "reason": clip.facts.ai_reasoning,
        "locked": clip.lock is not None,
        "enabled": clip.enabled,
    }
