"""The edit itself: footage, song and profile in, a complete Timeline out, with an outcome for every clip."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from engine.edit import arrange, explain
from engine.edit.footage import ClipInput, Verdict, duplicates_of, judge
from engine.edit.grid import Grid, cut_grid
from engine.edit.job import Job, Part, moment_of, name_of, score_parts, wishes_of
from engine.edit.moments import Moment
from engine.edit.outcomes import outcomes_of
from engine.edit.reframe import crop_for
from engine.edit.scoring import Scorer
from engine.edit.song_window import choose_song_window, song_use
from engine.edit.supply import fillable, parts_of, problem_of
from engine.errors import FootageError
from engine.model import documents
from engine.model.analysis import ClipGroup, SongAnalysis
from engine.model.media import Media
from engine.model.style import Brief, StyleProfile
from engine.model.time import FrameSpan
from engine.model.timeline import (
    ClipFacts,
    Decision,
    HistoryEntry,
    Marker,
    Placement,
    Reasoning,
    RunnerUp,
    SongUse,
    Timeline,
    Transition,
)
from engine.progress import SILENT, Progress

__all__ = ["make_edit"]

PIECES = (1, 2, 3, 4, 6, 8, 12)
"""Into how many moments takes are cut, one after another, as long as there are too few."""


def make_edit(
    brief: Brief,
    clips: Sequence[ClipInput],
    song_media: Media,
    song: SongAnalysis,
    profile: StyleProfile,
    groups: Sequence[ClipGroup],
    *,
    project_id: str,
    created_at: str,
    progress: Progress = SILENT,
) -> Timeline:
    """The best legal edit found. Deterministic: the same values give the same Timeline.

    Raises `FootageError` (`no_usable_clips`, `footage_too_short` with the seconds that can be filled, `wish_unusable`),
    `SongError` where the song does not suffice, `Cancelled`.
    """
    progress.stage("Arranging the edit", 3)
    window = choose_song_window(song, brief)
    use = song_use(song_media, song, window, brief)
    grid = cut_grid(use, brief.rate, brief.duration_frames)
    verdicts = {clip.media.media_id: judge(clip, profile.quality_thresholds) for clip in clips}
    usable = _usable(brief, clips, verdicts, groups)
    scorer = Scorer(grid, profile, groups, use.bpm, brief.rate.fps)
    progress.advance()
    parts, found, relaxed = _arranged(brief, usable, grid, scorer, profile, progress)
    progress.advance()
    job = Job(brief, profile, grid, scorer, use, parts, found)
    placements = tuple(_placement(job, number, created_at) for number in range(len(found.segments)))
    timeline = Timeline(
        project_id=project_id,
        created_at=created_at,
        rate=brief.rate,
        width=brief.width,
        height=brief.height,
        duration_frames=brief.duration_frames,
        clips=placements,
        media=_media_rows(placements, clips, song_media),
        song=use,
        creator_id=profile.creator_id,
        transitions=_transitions(job, placements),
        markers=_markers(use, brief),
        outcomes=outcomes_of(job, clips, verdicts, groups, placements),
        ai_reasoning=_reasoning(job, relaxed, clips),
        seed=brief.seed,
        audio=brief.audio,
        brief=_plain(brief),
        profile={
            "creator_id": profile.creator_id,
            "trained_on_videos": profile.trained_on_videos,
            "last_updated": profile.last_updated,
        },
    )
    progress.advance()
    return timeline


def _plain(brief: Brief) -> dict[str, object]:
    return {name: value for name, value in documents.encode(brief).items() if name not in ("schema", "version")}


def _usable(brief: Brief, clips: Sequence[ClipInput], verdicts: Mapping[str, Verdict], groups: Sequence[ClipGroup]) -> list[ClipInput]:
    avoided = {wish.media_id for wish in brief.avoid if wish.span is None}
    wanted = {wish.media_id for wish in wishes_of(brief)}
    twins = {member: best for member, best in duplicates_of(groups).items() if member not in wanted}
    usable = [
        clip
        for clip in clips
        if clip.media.media_id not in avoided
        and (verdicts[clip.media.media_id].usable or clip.media.media_id in wanted)
        and clip.media.media_id not in twins
    ]
    if usable:
        return sorted(usable, key=lambda clip: clip.media.media_id)
    reasons: dict[str, int] = {}
    for verdict in verdicts.values():
        if not verdict.usable:
            reasons[verdict.reason] = reasons.get(verdict.reason, 0) + 1
    said = ", ".join(f"{count} {reason}" for reason, count in sorted(reasons.items())) or "all left out by you"
    hint = "Add better footage; `cutprint analyze CLIPS` shows what was measured."
    raise FootageError("no_usable_clips", f"None of the {len(clips)} clips can be used: {said}.", hint, rejected=reasons)


def _arranged(
    brief: Brief, usable: Sequence[ClipInput], grid: Grid, scorer: Scorer, profile: StyleProfile, progress: Progress
) -> tuple[list[Part], arrange.Arrangement, tuple[str, ...]]:
    """Each clip once if that fills the edit; else further moments of takes, never overlapping or touching."""
    for count in PIECES:
        parts = parts_of(brief, usable, profile, count)
        if fillable(parts, grid) < 1.0:
            continue
        problem = problem_of(brief, parts, grid, scorer)
        found = arrange.solve(problem, progress)
        if found is not None and not _broken_wishes(brief, parts, found):
            note = f"There are too few clips for {float(brief.rate.seconds(brief.duration_frames)):.1f} s: takes appear more than once."
            return parts, found, (() if count == 1 else (note,))
        if found is not None:
            raise _wish_error(brief, parts, found)
    share = fillable(parts_of(brief, usable, profile, PIECES[-1]), grid)
    seconds = int(min(share, 0.99) * float(brief.rate.seconds(brief.duration_frames)) * 10) / 10
    message = f"The {len(usable)} usable clips fill about {seconds:.1f} s of {float(brief.rate.seconds(brief.duration_frames)):.1f} s."
    hint = f"Use --duration {max(1, int(seconds))}, or add clips."
    raise FootageError("footage_too_short", message, hint, fillable_s=seconds)


def _broken_wishes(brief: Brief, parts: Sequence[Part], found: arrange.Arrangement) -> list[str]:
    used = {parts[segment.clip].clip.media.media_id for segment in found.segments}
    return [wish.media_id for wish in wishes_of(brief) if wish.media_id not in used]


def _wish_error(brief: Brief, parts: Sequence[Part], found: arrange.Arrangement) -> FootageError:
    names = {part.clip.media.media_id: part.clip.media.name for part in parts}
    missing = [names.get(one, one) for one in _broken_wishes(brief, parts, found)]
    hint = "Make the edit longer, or wish for fewer clips."
    return FootageError("wish_unusable", f"There is no room for {', '.join(missing)}.", hint, clips=missing)


def _placement(job: Job, number: int, created_at: str) -> Placement:
    segment = job.found.segments[number]
    part = job.parts[segment.clip]
    moment = moment_of(job, segment)
    point = job.grid.points[segment.start]
    slot = job.scorer.slot(segment.start, segment.end)
    own = score_parts(job, number)
    runners, margin = _runners_up(job, number, own)
    media = part.clip.media
    assert media.video is not None
    sure = explain.confidence(margin, moment.quality, job.use.confidence)
    rival = None
    if runners:
        rival = (name_of(job, runners[0].media_id), runners[0].reason)
    said = explain.sentence(part.clip, moment, point, float(job.brief.rate.seconds(point.frame)), slot.beats, rival)
    span = FrameSpan(moment.start_frame, moment.start_frame + part.table.needed(slot.frames))
    return Placement(
        id=f"clip_{number + 1}",
        media_id=media.media_id,
        file=media.name,
        timeline_start_frame=point.frame,
        duration_frames=slot.frames,
        source_start_frame=moment.start_frame,
        source_rate=media.video.rate,
        facts=_facts(part.clip, moment, span, sure, said),
        decision=Decision(round(sum(own.values()), 6), own, runners, part.clip.analysis.missing),
        crop=crop_for(media, part.clip.analysis, span, job.brief.width, job.brief.height),
        edit_history=(HistoryEntry("ai_generated", created_at, 1),),
    )


def _runners_up(job: Job, number: int, own: Mapping[str, float]) -> tuple[tuple[RunnerUp, ...], float]:
    segment = job.found.segments[number]
    frames = job.scorer.slot(segment.start, segment.end).frames
    rows: list[RunnerUp] = []
    margin = 3.0
    chosen = job.parts[segment.clip].clip.media.media_id
    for clip, loss in job.found.rivals[number]:
        part = job.parts[clip]
        moment = part.table.best(frames)
        if moment is None or part.clip.media.media_id == chosen or any(part.clip.media.media_id == row.media_id for row in rows):
            continue
        margin = min(margin, loss)
        other = score_parts(job, number, clip)
        score = round(sum(own.values()) - loss, 6)
        rows.append(RunnerUp(part.clip.media.media_id, moment.start_frame, score, explain.why_not(own, other)))
    return tuple(rows[:3]), margin


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


def _media_rows(placements: Sequence[Placement], clips: Sequence[ClipInput], song_media: Media) -> tuple[Media, ...]:
    used = {placement.media_id for placement in placements}
    for placement in placements:
        assert placement.decision is not None
        used |= {row.media_id for row in placement.decision.runners_up}
    rows = {clip.media.media_id: clip.media for clip in clips if clip.media.media_id in used}
    rows[song_media.media_id] = song_media
    return tuple(rows[one] for one in sorted(rows))


def _transitions(job: Job, placements: Sequence[Placement]) -> tuple[Transition, ...]:
    points = {point.frame: point for point in job.grid.points}
    rows = []
    for before, after in zip(placements, placements[1:]):
        beat = points[after.timeline_start_frame].beat
        rows.append(Transition(before.id, after.id, "hard_cut", beat is not None, beat, 0))
    return tuple(rows)


def _markers(use: SongUse, brief: Brief) -> tuple[Marker, ...]:
    def frame(time: float) -> int:
        return min(brief.duration_frames - 1, brief.rate.frames(time))

    rows = [Marker(frame(section.start_s), "section", section.label, f"energy {section.energy:.2f}") for section in use.sections]
    rows += [Marker(frame(time), "drop", "drop") for time in use.drops]
    rows += [Marker(frame(time), "downbeat", f"bar {number + 1}") for number, time in enumerate(use.downbeats)]
    return tuple(sorted(rows, key=lambda marker: (marker.frame, marker.kind)))


def _reasoning(job: Job, relaxed: tuple[str, ...], clips: Sequence[ClipInput]) -> Reasoning:
    energies = [point.energy for point in job.grid.points[:-1]]
    mean = sum(energies) / len(energies)
    shots = len(job.found.segments)
    seconds = float(job.brief.rate.seconds(job.brief.duration_frames))
    pacing = "high_energy" if mean > 0.65 else "low_energy" if mean < 0.4 else "medium_energy"
    gap = job.found.bound - job.found.value
    notes = [
        f"{shots} shots, {seconds / shots:.2f} s each on average, at {job.use.bpm:.1f} beats a minute",
        *job.use.notes,
        f"worth {job.found.value:.2f} of at most {job.found.bound:.2f} ({gap:.2f} open)",
    ]
    missing = sorted({reason for clip in clips for reason in clip.analysis.missing})
    return Reasoning(pacing, None, "; ".join(notes) + ".", (), relaxed, tuple(missing))
