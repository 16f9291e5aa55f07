"""The edit itself: footage, song and taste in, a complete Timeline out, with an outcome for every clip."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from engine.analysis.clip import NO_SOUND
from engine.edit.decide import decide
from engine.edit.footage import ClipInput, Verdict, duplicates_of, judge
from engine.edit.job import Job, wishes_of
from engine.edit.joins import transitions_of
from engine.edit.outcomes import outcomes_of
from engine.edit.placing import placements_of
from engine.edit.scoring import WEIGHTS, Leaning
from engine.edit.song_window import choose_song_window, song_use
from engine.edit.supply import Stock, allowed
from engine.edit.taste import Correction, Taste, neutral_taste
from engine.errors import BadOption, FootageError
from engine.model import documents
from engine.model.analysis import ClipGroup, SongAnalysis
from engine.model.media import Media
from engine.model.style import Brief, ClipWish, StyleProfile
from engine.model.time import FrameSpan
from engine.model.timeline import Marker, Reasoning, SongUse, Timeline
from engine.progress import SILENT, Progress

__all__ = ["make_edit", "missing_evidence", "usable_clips"]


def make_edit(
    brief: Brief,
    clips: Sequence[ClipInput],
    song_media: Media,
    song: SongAnalysis,
    style: StyleProfile | Taste,
    groups: Sequence[ClipGroup],
    *,
    project_id: str,
    created_at: str,
    leanings: Sequence[Leaning] = (),
    progress: Progress = SILENT,
) -> Timeline:
    """The best legal edit found. Deterministic: the same values give the same Timeline.

    style : what the creator likes, or a profile whose figures are all that is known. leanings : what bends the objective (a variant, say).
    Raises `FootageError` (`no_usable_clips`, `footage_too_short` with the seconds that can be filled, `wish_unusable`),
    `SongError` where the song does not suffice, `Cancelled`.
    """
    unknown = sorted(set(brief.without) - set(WEIGHTS))
    if unknown:
        raise BadOption("unknown_part", f"The objective has no part {unknown[0]!r}.", f"Known: {', '.join(WEIGHTS)}.", parts=unknown)
    _check_wishes(brief, clips)
    progress.stage("Arranging the edit", 3)
    taste = style if isinstance(style, Taste) else neutral_taste(style)
    use = song_use(song_media, song, choose_song_window(song, brief), brief)
    verdicts = {clip.media.media_id: judge(clip, taste.profile.quality_thresholds) for clip in clips}
    usable = usable_clips(brief, clips, verdicts, groups)
    progress.advance()
    job = decide(Stock(brief, usable, groups, taste, use, FrameSpan(0, brief.duration_frames), leanings=leanings), progress)
    progress.advance()
    placements = placements_of(job, created_at)
    timeline = Timeline(
        project_id=project_id,
        created_at=created_at,
        rate=brief.rate,
        width=brief.width,
        height=brief.height,
        duration_frames=brief.duration_frames,
        clips=placements,
        media=tuple(sorted((*(clip.media for clip in clips), song_media), key=lambda row: row.media_id)),
        song=use,
        creator_id=taste.profile.creator_id,
        transitions=transitions_of(job, placements),
        markers=_markers(use, brief),
        outcomes=outcomes_of(job, clips, verdicts, groups, placements),
        ai_reasoning=reasoning_of(job, clips),
        seed=brief.seed,
        audio=brief.audio,
        brief=_plain(brief),
        profile={
            "creator_id": taste.profile.creator_id,
            "trained_on_videos": taste.profile.trained_on_videos,
            "last_updated": taste.profile.last_updated,
        },
    )
    progress.advance()
    return timeline


def _check_wishes(brief: Brief, clips: Sequence[ClipInput]) -> None:
    """Raises `FootageError` (`wish_unusable`) for wishes that contradict each other: no footage could answer them."""
    known = {clip.media.media_id: clip for clip in clips}
    avoided = {wish.media_id for wish in brief.avoid if wish.span is None}
    both = sorted(_name(known, wish) for wish in wishes_of(brief) if wish.media_id in avoided or _is_barred(brief, known, wish))
    if both:
        message = f"{', '.join(dict.fromkeys(both))} is wished for and left out at the same time."
        hint = "Take back one of the two (options, cutprint.toml beside the clips, colours and marks in the editing program)."
        raise FootageError("wish_unusable", message, hint, clips=both)
    first, last = brief.first, brief.last
    if first is not None and last is not None and first.media_id == last.media_id and not _apart(first, last):
        name = _name(known, first)
        message = f"{name} is to open and to close the edit, but each moment is shown once."
        hint = "Name another clip for one of the two, or other parts of it (name@IN-OUT)."
        raise FootageError("wish_unusable", message, hint, clips=[name])


def _name(known: Mapping[str, ClipInput], wish: ClipWish) -> str:
    return known[wish.media_id].media.name if wish.media_id in known else wish.media_id


def _is_barred(brief: Brief, known: Mapping[str, ClipInput], wish: ClipWish) -> bool:
    """Whether what is wished for of a clip lies in parts of it that are left out."""
    clip = known.get(wish.media_id)
    if clip is None or clip.media.video is None:
        return False
    span = clip.media.video.span
    return not allowed(brief, clip, span if wish.span is None else wish.span.intersection(span) or span)


def _apart(a: ClipWish, b: ClipWish) -> bool:
    return a.span is not None and b.span is not None and not a.span.overlaps(b.span)


def _plain(brief: Brief) -> dict[str, object]:
    return {name: value for name, value in documents.encode(brief).items() if name not in ("schema", "version")}


def usable_clips(brief: Brief, clips: Sequence[ClipInput], verdicts: Mapping[str, Verdict], groups: Sequence[ClipGroup]) -> list[ClipInput]:
    """The clips that may be used: not left out, through every gate or wished for, and of near-duplicates only the best that is left."""
    avoided = {wish.media_id for wish in brief.avoid if wish.span is None}
    wanted = {wish.media_id for wish in wishes_of(brief)}
    open_ = [
        clip
        for clip in clips
        if clip.media.media_id not in avoided and (verdicts[clip.media.media_id].usable or clip.media.media_id in wanted)
    ]
    there = {clip.media.media_id: clip.analysis.visual_quality for clip in open_}
    twins = {member for member in duplicates_of(groups, there, wanted) if member not in wanted}
    usable = [clip for clip in open_ if clip.media.media_id not in twins]
    if usable:
        return sorted(usable, key=lambda clip: clip.media.media_id)
    reasons: dict[str, int] = {}
    for verdict in verdicts.values():
        if not verdict.usable:
            reasons[verdict.reason] = reasons.get(verdict.reason, 0) + 1
    said = ", ".join(f"{count} {reason}" for reason, count in sorted(reasons.items())) or "all left out by you"
    hint = "Add better footage; `cutprint analyze CLIPS` shows what was measured."
    raise FootageError("no_usable_clips", f"None of the {len(clips)} clips can be used: {said}.", hint, rejected=reasons)


def _markers(use: SongUse, brief: Brief) -> tuple[Marker, ...]:
    def frame(time: float) -> int:
        return min(brief.duration_frames - 1, brief.rate.frames(time))

    rows = [Marker(frame(section.start_s), "section", section.label, f"energy {section.energy:.2f}") for section in use.sections]
    rows += [Marker(frame(time), "drop", "drop") for time in use.drops]
    rows += [Marker(frame(time), "downbeat", f"bar {number + 1}") for number, time in enumerate(use.downbeats)]
    return tuple(sorted(rows, key=lambda marker: (marker.frame, marker.kind)))


def reasoning_of(job: Job, clips: Sequence[ClipInput]) -> Reasoning:
    """The reasons for the whole."""
    energies = [point.energy for point in job.grid.points[:-1]]
    mean = sum(energies) / len(energies)
    shots = len(job.found.segments)
    seconds = (job.grid.points[-1].frame - job.grid.points[0].frame) / job.grid.fps
    pacing = "high_energy" if mean > 0.65 else "low_energy" if mean < 0.4 else "medium_energy"
    gap = job.found.bound - job.found.value
    notes = [
        f"{shots} shots, {seconds / shots:.2f} s each on average, at {job.use.bpm:.1f} beats a minute",
        *job.use.notes,
        f"worth {job.found.value:.2f} of at most {job.found.bound:.2f} ({gap:.2f} open)",
        _sureness_said(job.taste.correction),
    ]
    missing = missing_evidence(clips)
    return Reasoning(pacing, None, "; ".join(notes) + ".", (), job.relaxed, tuple(missing))


def _sureness_said(correction: Correction | None) -> str:
    if correction is None:
        return "confidence as reckoned, not yet set right by what you keep"
    return f"confidence set right by what was kept of {correction.clips} clips in {correction.sessions} edits"


def missing_evidence(clips: Sequence[ClipInput]) -> list[str]:
    """Evidence that the choice lacked, and for how many clips. A clip without sound lacks nothing that an edit to a song needs."""
    counts = Counter(reason for clip in clips for reason in clip.analysis.missing if reason != NO_SOUND)
    return [reason if count == len(clips) else f"{reason} ({count} of {len(clips)} clips)" for reason, count in sorted(counts.items())]
