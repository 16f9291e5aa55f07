"""The edit itself: footage, song and profile in, a complete Timeline out, with an outcome for every clip."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from engine.edit import arrange, explain
from engine.edit.footage import ClipInput, Verdict, duplicates_of, judge
from engine.edit.grid import Grid, cut_grid
from engine.edit.moments import Moment, MomentTable
from engine.edit.reframe import crop_for
from engine.edit.scoring import Scorer
from engine.edit.song_window import choose_song_window, song_use
from engine.errors import FootageError
from engine.model import documents
from engine.model.analysis import ClipGroup, SongAnalysis
from engine.model.media import Media
from engine.model.style import Brief, ClipWish, StyleProfile
from engine.model.time import FrameSpan
from engine.model.timeline import (
    ClipFacts,
    Decision,
    HistoryEntry,
    Marker,
    Outcome,
    Placement,
    Reasoning,
    RunnerUp,
    SongUse,
    Timeline,
    Transition,
)
from engine.progress import SILENT, Progress

__all__ = ["make_edit"]

MUST_REWARD = 50.0
"""Worth of showing a clip that has to appear: more than any edit gains elsewhere."""
JITTER = 1e-3
"""Seeded noise on clip scores: decides between equals, moves nothing else."""
MOST_PARTS = 12
"""Into how many moments a take is cut at most when there are too few takes."""
GAP_S = 0.5
"""Between two moments of one take: nearer ones look like a jump cut."""


@dataclass(frozen=True)
class _Part:
    """One thing the optimiser may use once: a clip, or a stretch of one."""

    clip: ClipInput
    table: MomentTable
    whole: bool


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
    job = _Job(brief, profile, grid, scorer, use, parts, found)
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
        outcomes=_outcomes(job, clips, verdicts, groups, placements),
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


@dataclass(frozen=True)
class _Job:
    brief: Brief
    profile: StyleProfile
    grid: Grid
    scorer: Scorer
    use: SongUse
    parts: Sequence[_Part]
    found: arrange.Arrangement


def _plain(brief: Brief) -> dict[str, object]:
    return {name: value for name, value in documents.encode(brief).items() if name not in ("schema", "version")}


def _usable(brief: Brief, clips: Sequence[ClipInput], verdicts: Mapping[str, Verdict], groups: Sequence[ClipGroup]) -> list[ClipInput]:
    avoided = {wish.media_id for wish in brief.avoid if wish.span is None}
    wanted = {wish.media_id for wish in _wishes(brief)}
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


def _wishes(brief: Brief) -> list[ClipWish]:
    return [*brief.must_use, *(wish for wish in (brief.first, brief.last) if wish is not None)]


def _arranged(
    brief: Brief, usable: Sequence[ClipInput], grid: Grid, scorer: Scorer, profile: StyleProfile, progress: Progress
) -> tuple[list[_Part], arrange.Arrangement, tuple[str, ...]]:
    """Each clip once if that fills the edit; else further moments of takes, never overlapping or touching."""
    for count in (1, 2, 3, 4, 6, 8, MOST_PARTS):
        parts = _parts(brief, usable, profile, count)
        if _fillable(parts, grid) < 1.0:
            continue
        problem = _problem(brief, parts, grid, scorer)
        found = arrange.solve(problem, progress)
        if found is not None and not _broken_wishes(brief, parts, found):
            note = f"There are too few clips for {float(brief.rate.seconds(brief.duration_frames)):.1f} s: takes appear more than once."
            return parts, found, (() if count == 1 else (note,))
        if found is not None:
            raise _wish_error(brief, parts, found)
    share = _fillable(_parts(brief, usable, profile, MOST_PARTS), grid)
    seconds = int(min(share, 0.99) * float(brief.rate.seconds(brief.duration_frames)) * 10) / 10
    message = f"The {len(usable)} usable clips fill about {seconds:.1f} s of {float(brief.rate.seconds(brief.duration_frames)):.1f} s."
    hint = f"Use --duration {max(1, int(seconds))}, or add clips."
    raise FootageError("footage_too_short", message, hint, fillable_s=seconds)


def _parts(brief: Brief, usable: Sequence[ClipInput], profile: StyleProfile, count: int) -> list[_Part]:
    parts = []
    for clip in usable:
        for span in _stretches(brief, clip, count):
            parts.append(_Part(clip, MomentTable(clip, brief.rate, profile.moment_preferences, span), count == 1))
    return parts


def _stretches(brief: Brief, clip: ClipInput, count: int) -> list[FrameSpan]:
    """The clip's allowed frames in up to `count` stretches with a gap between, none shorter than a beat can use."""
    assert clip.media.video is not None
    whole = _allowed(brief, clip)
    gap = round(GAP_S * clip.media.video.rate.fps)
    least = max(2, round(0.5 * clip.media.video.rate.fps))
    spans = []
    for one in whole:
        pieces = max(1, min(count, (one.duration + gap) // (least + gap)))
        size = (one.duration - gap * (pieces - 1)) / pieces
        starts = [one.start + round(k * (size + gap)) for k in range(pieces)]
        spans += [FrameSpan(start, min(one.end, start + max(1, int(size)))) for start in starts]
    return spans


def _allowed(brief: Brief, clip: ClipInput) -> list[FrameSpan]:
    """The clip's frames without what the user barred, and only what he named where he named a part."""
    assert clip.media.video is not None
    media_id = clip.media.media_id
    span = clip.media.video.span
    named = [wish.span for wish in _wishes(brief) if wish.media_id == media_id and wish.span is not None]
    if named:
        span = span.intersection(named[0]) or span
    spans = [span]
    for barred in (wish.span for wish in brief.avoid if wish.media_id == media_id and wish.span is not None):
        spans = [piece for one in spans for piece in _without(one, barred)]
    return spans


def _without(span: FrameSpan, barred: FrameSpan) -> list[FrameSpan]:
    if not span.overlaps(barred):
        return [span]
    pieces = [(span.start, barred.start), (barred.end, span.end)]
    return [FrameSpan(start, end) for start, end in pieces if start < end]


def _fillable(parts: Sequence[_Part], grid: Grid) -> float:
    """Share of the edit that the parts can cover at most, one use each."""
    total = grid.points[-1].frame
    lengths = []
    for part in parts:
        source = part.clip.media.video
        assert source is not None
        frames = int(part.table.part.duration * float(part.table._rate.fraction / source.rate.fraction))
        lengths.append(min(frames, grid.longest))
    return sum(lengths) / total


def _problem(brief: Brief, parts: Sequence[_Part], grid: Grid, scorer: Scorer) -> arrange.Problem:
    slots, rows = [], []
    noise = random.Random(brief.seed)
    jitter = np.array([noise.uniform(-JITTER, JITTER) for _ in parts])
    reward = np.array([MUST_REWARD if _is_wanted(part, brief.must_use) else 0.0 for part in parts])
    last = len(grid.points) - 1
    for start in range(last):
        for end in range(start + 1, last + 1):
            frames = grid.points[end].frame - grid.points[start].frame
            if frames > grid.longest:
                break
            if frames < grid.least:
                continue
            row = _slot_values(parts, scorer, start, end) + jitter
            slots.append((start, end))
            rows.append(_bound_ends(brief, parts, row + reward, start == 0, end == last))
    pairs = np.array([[sum(scorer.pair(a.clip, b.clip).values()) for b in parts] for a in parts]).reshape(len(parts), len(parts))
    values = np.array(rows).reshape(len(slots), len(parts))
    return arrange.Problem(len(grid.points), tuple(slots), values, pairs)


def _slot_values(parts: Sequence[_Part], scorer: Scorer, start: int, end: int) -> np.ndarray:
    slot = scorer.slot(start, end)
    rhythm = sum(scorer.rhythm(slot).values())
    row = np.full(len(parts), arrange.IMPOSSIBLE)
    for index, part in enumerate(parts):
        moment = part.table.best(slot.frames)
        if moment is not None:
            row[index] = rhythm + sum(scorer.fit(slot, part.clip, moment).values())
    return row


def _bound_ends(brief: Brief, parts: Sequence[_Part], row: np.ndarray, is_first: bool, is_last: bool) -> np.ndarray:
    """Only the named clip may open or close, where one is named."""
    for wish, here in ((brief.first, is_first), (brief.last, is_last)):
        if wish is not None and here:
            row = np.where([_is_wanted(part, (wish,)) for part in parts], row, arrange.IMPOSSIBLE)
    return row


def _is_wanted(part: _Part, wishes: Sequence[ClipWish]) -> bool:
    return any(wish.media_id == part.clip.media.media_id for wish in wishes)


def _broken_wishes(brief: Brief, parts: Sequence[_Part], found: arrange.Arrangement) -> list[str]:
    used = {parts[segment.clip].clip.media.media_id for segment in found.segments}
    return [wish.media_id for wish in _wishes(brief) if wish.media_id not in used]


def _wish_error(brief: Brief, parts: Sequence[_Part], found: arrange.Arrangement) -> FootageError:
    names = {part.clip.media.media_id: part.clip.media.name for part in parts}
    missing = [names.get(one, one) for one in _broken_wishes(brief, parts, found)]
    hint = "Make the edit longer, or wish for fewer clips."
    return FootageError("wish_unusable", f"There is no room for {', '.join(missing)}.", hint, clips=missing)


def _moment(job: _Job, segment: arrange.Segment) -> Moment:
    moment = job.parts[segment.clip].table.best(job.scorer.slot(segment.start, segment.end).frames)
    assert moment is not None
    return moment


def _score_parts(job: _Job, number: int, clip: int | None = None) -> dict[str, float]:
    """Named parts of a segment as chosen, or as if `clip` stood there."""
    segments = job.found.segments
    segment = segments[number]
    slot = job.scorer.slot(segment.start, segment.end)
    part = job.parts[segment.clip if clip is None else clip]
    moment = part.table.best(slot.frames)
    assert moment is not None
    parts = {**job.scorer.rhythm(slot), **job.scorer.fit(slot, part.clip, moment)}
    if number:
        parts.update(job.scorer.pair(job.parts[segments[number - 1].clip].clip, part.clip))
    return {name: round(value, 6) for name, value in parts.items()}


def _placement(job: _Job, number: int, created_at: str) -> Placement:
    segment = job.found.segments[number]
    part = job.parts[segment.clip]
    moment = _moment(job, segment)
    point = job.grid.points[segment.start]
    slot = job.scorer.slot(segment.start, segment.end)
    own = _score_parts(job, number)
    runners, margin = _runners_up(job, number, own)
    media = part.clip.media
    assert media.video is not None
    sure = explain.confidence(margin, moment.quality, job.use.confidence)
    rival = None
    if runners:
        rival = (_name_of(job, runners[0].media_id), runners[0].reason)
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


def _name_of(job: _Job, media_id: str) -> str:
    return next(part.clip.media.name for part in job.parts if part.clip.media.media_id == media_id)


def _runners_up(job: _Job, number: int, own: Mapping[str, float]) -> tuple[tuple[RunnerUp, ...], float]:
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
        other = _score_parts(job, number, clip)
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


def _transitions(job: _Job, placements: Sequence[Placement]) -> tuple[Transition, ...]:
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


def _outcomes(
    job: _Job,
    clips: Sequence[ClipInput],
    verdicts: Mapping[str, Verdict],
    groups: Sequence[ClipGroup],
    placements: Sequence[Placement],
) -> tuple[Outcome, ...]:
    used: dict[str, list[str]] = {}
    for placement in placements:
        used.setdefault(placement.media_id, []).append(placement.id)
    twins = duplicates_of(groups)
    names = {clip.media.media_id: clip.media.name for clip in clips}
    avoided = {wish.media_id for wish in job.brief.avoid if wish.span is None}
    rows = []
    for clip in clips:
        one = clip.media.media_id
        base = Outcome(one, clip.media.name, "used", "in the edit", tuple(used.get(one, ())))
        verdict = verdicts[one]
        if one in used:
            rows.append(base)
        elif one in avoided:
            rows.append(replace(base, status="avoided", reason="left out as you asked"))
        elif not verdict.usable:
            rows.append(
                replace(
                    base,
                    status="rejected",
                    reason=verdict.reason,
                    threshold=verdict.threshold,
                    value=verdict.value,
                    limit=verdict.limit,
                )
            )
        elif one in twins:
            reason = f"shows the same as {names.get(twins[one], twins[one])}, which is better"
            rows.append(replace(base, status="near_duplicate", reason=reason, duplicate_of=twins[one]))
        else:
            rows.append(_not_chosen(job, base, names))
    return tuple(rows)


def _not_chosen(job: _Job, base: Outcome, names: Mapping[str, str]) -> Outcome:
    """Where the clip came nearest to being used, and what stood in its way there."""
    best: tuple[float, int, str] | None = None
    for number, segment in enumerate(job.found.segments):
        winner = job.parts[segment.clip].clip.media.media_id
        for index, part in enumerate(job.parts):
            if part.clip.media.media_id != base.media_id:
                continue
            if part.table.best(job.scorer.slot(segment.start, segment.end).frames) is None:
                continue
            score = sum(_score_parts(job, number, index).values())
            lost = sum(_score_parts(job, number).values()) - score
            if best is None or lost < best[0]:
                best = (lost, number, winner)
    if best is None:
        return replace(base, status="not_chosen", reason="too short for every slot of the cut")
    lost, number, winner = best
    score = round(sum(_score_parts(job, number).values()) - lost, 4)
    reason = f"came nearest at shot {number + 1}, where {names.get(winner, winner)} scored {lost:.2f} more"
    return replace(base, status="not_chosen", reason=reason, best_slot=number, best_score=score, beaten_by=winner)


def _reasoning(job: _Job, relaxed: tuple[str, ...], clips: Sequence[ClipInput]) -> Reasoning:
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
