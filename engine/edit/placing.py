"""Chosen segments as placements: ranges, facts, crops, and the reasons with the runners-up."""

from __future__ import annotations

import numpy as np

from engine.edit import explain
from engine.edit.footage import ClipInput
from engine.edit.job import Job, moment_of, score_parts
from engine.edit.moments import Moment
from engine.edit.reframe import crop_for
from engine.edit.sureness import confidence
from engine.model.time import FrameSpan
from engine.model.timeline import ClipFacts, Decision, HistoryEntry, Placement, RunnerUp

__all__ = ["placements_of"]


def placements_of(job: Job, created_at: str, revision: int = 1, first_id: int = 1) -> tuple[Placement, ...]:
    """A placement for each segment; what is held stays as it is, new ones are numbered from `first_id`."""
    rows: list[Placement] = []
    for number, segment in enumerate(job.found.segments):
        held = job.parts[segment.clip].held
        if held is not None:
            rows.append(held)
            continue
        rows.append(_placement(job, number, created_at, revision, f"clip_{first_id}"))
        first_id += 1
    return tuple(rows)


def _placement(job: Job, number: int, created_at: str, revision: int, clip_id: str) -> Placement:
    segment = job.found.segments[number]
    part = job.parts[segment.clip]
    moment = moment_of(job, segment)
    point = job.grid.points[segment.start]
    slot = job.scorer.slot(segment.start, segment.end)
    own = score_parts(job, number)
    runners, rival = _runners_up(job, number, own)
    media = part.clip.media
    assert media.video is not None
    sure, raw = confidence(job, number)
    span = FrameSpan(moment.start_frame, moment.start_frame + part.table.needed(slot.frames))
    return Placement(
        id=clip_id,
        media_id=media.media_id,
        file=media.name,
        timeline_start_frame=point.frame,
        duration_frames=slot.frames,
        source_start_frame=moment.start_frame,
        source_rate=media.video.rate,
        speed=part.speed,
        facts=_facts(part.clip, moment, span, sure, explain.sentence(job, number, rival)),
        decision=Decision(round(sum(own.values()), 6), own, runners, part.clip.analysis.missing, raw),
        crop=crop_for(media, part.clip.analysis, span, job.brief.width, job.brief.height, job.brief.rate, slot.frames),
        edit_history=(HistoryEntry("ai_generated", created_at, revision),),
    )


def _runners_up(job: Job, number: int, own: dict[str, float]) -> tuple[tuple[RunnerUp, ...], int | None]:
    """The best other clips of a segment, and the first one's column."""
    segment = job.found.segments[number]
    frames = job.scorer.slot(segment.start, segment.end).frames
    rows: list[RunnerUp] = []
    first: int | None = None
    known = {job.parts[segment.clip].clip.media.media_id}
    for rival in job.found.rivals[number]:
        part = job.parts[rival.clip]
        moment = part.moment(frames)
        if moment is None or part.held is not None or part.clip.media.media_id in known:
            continue
        known.add(part.clip.media.media_id)
        first = rival.clip if first is None else first
        score = round(sum(own.values()) - rival.loss, 6)
        rows.append(RunnerUp(part.clip.media.media_id, moment.start_frame, score, explain.why_not(job, number, rival.clip)))
    return tuple(rows[:3]), first


def _facts(clip: ClipInput, moment: Moment, span: FrameSpan, sure: float, said: str) -> ClipFacts:
    analysis = clip.analysis
    curves = analysis.curves

    def here(name: str, whole: float) -> float:
        value = curves[name].mean(span) if name in curves else whole
        return round(float(value if np.isfinite(value) else whole), 4)

    return ClipFacts(
        shot_type=analysis.likely_shot_type,
        angle=analysis.likely_angle,
        motion=analysis.likely_motion,
        motion_intensity=here("motion", analysis.motion_intensity),
        visual_quality=round(float(min(1.0, max(0.0, moment.quality))), 4),
        color_variance=round(analysis.color_variance, 4),
        blur=here("blur", analysis.blur),
        exposure=here("exposure", analysis.exposure),
        ai_confidence=sure,
        ai_reasoning=said,
        evidence=tuple(f"{name}: {', '.join(rests)}" for name, rests in analysis.evidence.items()),
    )
