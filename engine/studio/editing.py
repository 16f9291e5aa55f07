"""The main job: clips and a song to an edit in a folder, with timelines, a storyboard and, when asked, the video."""

from __future__ import annotations

import collections
import dataclasses
import re
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from engine.edit.footage import ClipInput, judge
from engine.edit.make import make_edit
from engine.edit.remake import refined
from engine.edit.scoring import Leaning
from engine.edit.song_window import choose_song_window
from engine.errors import BadOption, FootageError
from engine.media.ffmpeg import check_ffmpeg
from engine.model.events import EditGenerated
from engine.model.media import Media
from engine.model.style import Brief, ClipWish, StyleProfile
from engine.model.time import STANDARD_RATES, FrameRate, FrameSpan
from engine.model.timeline import FinalStatus, Outcome, Timeline
from engine.store.projects import HEAD, ProjectFolder
from engine.studio import caching, exporting, rendering
from engine.studio.footage import Footage, find_clips, full_path, gather, grouped, nothing_readable, options_of, unmeasured
from engine.studio.labels import angle_rules
from engine.studio.naming import distinct_names
from engine.studio.remembering import remember_revision
from engine.studio.requests import ASPECTS, EditRequest
from engine.studio.resuming import is_of_this_job, record_once, tagged
from engine.studio.revisions import next_revision
from engine.studio.songs import measured_song
from engine.studio.styles import chosen_style, scored
from engine.studio.variants import further, write_variants
from engine.studio.wishes import with_folder_wishes

if TYPE_CHECKING:
    from engine.progress import Progress
    from engine.studio.context import Studio

__all__ = ["edit"]

LONGEST_S = 3600.0
SHORTEST_S = 1.0
FIRST_LOOK_FROM_S = 150.0
"""So much still to be measured, in seconds of 1080p30, brings a first edit early (about 1.5 minutes of work for one core)."""
DEFAULT_RATE = FrameRate(30)
VIDEO_NAME = "edit.mp4"
STORYBOARD_NAME = "storyboard.png"
UNREADABLE = "cannot be read as video"


def edit(studio: Studio, request: EditRequest, progress: Progress) -> dict[str, Any]:
    """Handler of `edit`: writes the folder and returns what a person wants to know about it.

    Where much is still to be measured, a first edit from key frames is written early; the full look refines it into the next revision,
    which keeps whatever a person has locked or changed in the meantime.
    """
    request = with_folder_wishes(request)
    _check(request)
    full = options_of(request.lut)
    if not request.draft and unmeasured(studio, request.clips, full, request.output, progress) > FIRST_LOOK_FROM_S:
        with suppress(FootageError):  # what key frames cannot show may still be found by the full look
            _edited(studio, dataclasses.replace(request, draft=True, render=False, variants=1), progress)
        gather(studio, request.clips, full, request.output, progress)  # while nothing is locked: the first edit can be worked on
    return _edited(studio, request, progress)


def _edited(studio: Studio, request: EditRequest, progress: Progress) -> dict[str, Any]:
    started = time.monotonic()
    folder = ProjectFolder(request.output)
    with folder.locked():
        before = folder.current()
        names = [HEAD, STORYBOARD_NAME, *exporting.EDIT_FILES, *([VIDEO_NAME] if request.render else [])]
        folder.refuse_foreign(names)
        profile, taste = chosen_style(studio, request.creator)
        find_clips(request.clips, request.output)  # an empty folder is said before the song is measured
        song_media, song = measured_song(studio, request.song, progress)
        choose_song_window(song, _draft_brief(request))  # a song that is too short is said before clips are measured
        footage = gather(
            studio, request.clips, options_of(request.lut, request.draft), request.output, progress, angle_rules(request.angle)
        )
        clips = [ClipInput(clip.media, clip.analysis) for clip in footage.clips]
        if not clips:
            raise nothing_readable(footage)
        brief = _brief(request, footage)
        groups = grouped(footage)
        project = before.project_id if before else studio.new_id()

        def made(*leanings: Leaning) -> Timeline:
            if before is not None and not leanings and _is_touched_draft(before, brief):
                one = refined(before, clips, groups, taste, studio.now(), progress)
            else:
                words = {"project_id": project, "created_at": studio.now()}
                one = make_edit(brief, clips, song_media, song, taste, groups, **words, leanings=leanings, progress=progress)
            return scored(one, profile, {clip.media.media_id: clip.analysis for clip in clips}).replace(
                outcomes=(*one.outcomes, *_other_outcomes(footage)),
                revision=next_revision(folder, before),
                parent=before.revision if before else None,
                extra=_extra(request),
                final_status=FinalStatus(time_ai_edit=round(time.monotonic() - started, 1)),
            )

        resumed = before if _is_same_wish(studio, before, request) else None
        timeline = resumed or made()
        variants = further(timeline, request.variants, made)
        exports, hints, warnings = exporting.all_formats(studio, timeline)
        exports[STORYBOARD_NAME] = rendering.storyboard_png(studio, timeline, progress)
        if resumed is None:
            timeline = tagged(studio, timeline)
            folder.commit(timeline, exports)
        remember_revision(studio, request.output, timeline)
        record_once(studio, timeline, [_generated(studio, timeline)])
        told = write_variants(studio, folder, variants, progress)
        report = rendering.render_head(studio, folder, timeline, VIDEO_NAME, progress) if request.render else None
    caching.trim(studio)
    result = _result(request, timeline, footage, profile, hints, warnings, report)
    return {**result, "variants": told, "missing_variants": request.variants - len(told)}


def _extra(request: EditRequest) -> dict[str, Any]:
    name = {"name": request.name or full_path(request.output).name}
    return {**name, "lut": str(full_path(request.lut))} if request.lut else name


def _is_same_wish(studio: Studio, before: Timeline | None, request: EditRequest) -> bool:
    """Whether the head is what this very job made before it was killed: then only what comes after is left to do."""
    return before is not None and is_of_this_job(studio, before) and bool(before.brief.get("draft")) == request.draft


def _is_touched_draft(before: Timeline, brief: Brief) -> bool:
    """Whether the head is a draft of this very wish that a person has worked on: then it is refined, not made anew."""
    touched = bool(before.user_edits or before.deleted_clips) or any(clip.lock is not None for clip in before.clips)
    theirs = before.rate, before.width, before.height, before.duration_frames
    same = theirs == (brief.rate, brief.width, brief.height, brief.duration_frames)
    return touched and same and bool(before.brief.get("draft")) and not brief.draft


def _check(request: EditRequest) -> None:
    if not SHORTEST_S <= request.duration <= LONGEST_S:
        raise BadOption("bad_duration", f"An edit of {request.duration:g} s cannot be made.", "Use 1 to 3600 seconds.")
    if request.aspect not in ASPECTS:
        raise BadOption("bad_aspect", f"There is no aspect {request.aspect!r}.", f"Use one of {', '.join(ASPECTS)}.")
    if request.fps is not None and not 10 <= FrameRate.parse(request.fps).fps <= 120:
        raise BadOption("bad_rate", f"An edit cannot run at {request.fps} frames a second.", "Use 24, 25, 29.97, 30, 50 or 60.")
    _check_lengths(request.min_shot, request.max_shot)
    check_ffmpeg(needed=request.render)


def _check_lengths(least: float | None, most: float | None) -> None:
    for name, value in (("--min-shot", least), ("--max-shot", most)):
        if value is not None and not 0 < value <= LONGEST_S:
            raise BadOption("bad_duration", f"{name} cannot be {value:g} s.", "Use seconds above 0.")
    if least is not None and most is not None and least > most:
        raise BadOption("bad_duration", f"No shot is at least {least:g} and at most {most:g} s long.", "Change --min-shot or --max-shot.")


def _generated(studio: Studio, timeline: Timeline) -> EditGenerated:
    """The event that a session begins with."""
    sure = [clip.facts.ai_confidence for clip in timeline.clips]
    raw = [one.decision.raw_confidence for one in timeline.clips if one.decision and one.decision.raw_confidence is not None]
    return EditGenerated(
        timeline.created_at,
        timeline.project_id,
        timeline.revision,
        studio.door,
        creator_id=timeline.creator_id,
        clips=len(sure),
        duration_s=float(timeline.duration_s),
        seconds_taken=timeline.final_status.time_ai_edit or 0.0,
        mean_confidence=sum(sure) / len(sure),
        clip_ids=tuple(clip.id for clip in timeline.clips),
        confidences=tuple(sure),
        raw_confidences=tuple(raw) if len(raw) == len(sure) else (),
    )


def _draft_brief(request: EditRequest) -> Brief:
    """The wish as far as it is known before the clips are: enough to choose the part of the song."""
    width, height = ASPECTS[request.aspect]
    frames = DEFAULT_RATE.frames(request.duration)
    wish = Brief(DEFAULT_RATE, width, height, frames, song_start_s=request.song_start)
    return dataclasses.replace(wish, song_loop=request.song_loop, song_join=request.song_join)


def _brief(request: EditRequest, footage: Footage) -> Brief:
    media = [clip.media for clip in footage.clips]
    rate = FrameRate.parse(request.fps) if request.fps else commonest_rate(media)
    width, height = ASPECTS[request.aspect]
    return Brief(
        rate=rate,
        width=width,
        height=height,
        duration_frames=rate.frames(request.duration),
        seed=request.seed,
        creator_id=request.creator,
        audio=request.audio,
        song_start_s=request.song_start,
        song_loop=request.song_loop,
        song_join=request.song_join,
        must_use=tuple(_wish(text, media) for text in request.must_use),
        avoid=tuple(_wish(text, media) for text in request.avoid),
        first=_wish(request.first, media) if request.first else None,
        last=_wish(request.last, media) if request.last else None,
        draft=request.draft,
        slow_motion=request.slow_motion,
        looks=request.looks or "",
        shortest_s=request.min_shot,
        longest_s=request.max_shot,
        without=request.without,
    )


def commonest_rate(media: Sequence[Media]) -> FrameRate:
    """The rate most sources have, snapped to a standard one up to 60; the quicker of equals."""
    counts: collections.Counter[FrameRate] = collections.Counter()
    for one in media:
        rate = one.video.rate if one.video else None
        if rate in STANDARD_RATES and rate is not None:
            counts[_halved(rate)] += 1
    return max(counts, key=lambda rate: (counts[rate], rate.fraction)) if counts else DEFAULT_RATE


def _halved(rate: FrameRate) -> FrameRate:
    """High-speed sources play at their half or quarter: 120 becomes 60."""
    while rate.fraction > 60:
        rate = FrameRate(rate.numerator, rate.denominator * 2)
    return rate


def _wish(text: str, media: Sequence[Media]) -> ClipWish:
    """`name` or `name@IN-OUT` (seconds) -> the clip that is meant, by path, file name or name without suffix."""
    name, _, part = text.rpartition("@") if re.search(r"@[\d.]+-[\d.]+$", text) else (text, "", "")
    found = [one for one in media if _is_named(one, name)]
    if len(found) != 1:
        what = f"{len(found)} clips: {', '.join(distinct_names([Path(one.path) for one in found]))}" if found else "no clip"
        raise BadOption("wish_unclear", f"{name!r} names {what}.", "Write the file's name as `cutprint analyze` shows it.")
    video = found[0].video
    if not part or video is None:
        return ClipWish(found[0].media_id)
    start, end = (float(value) for value in part.split("-"))
    span = FrameSpan(*sorted((video.rate.frames(start), video.rate.frames(end)))).intersection(video.span)
    if span is None:
        raise BadOption("wish_unclear", f"{found[0].name} has nothing between {start:g} and {end:g} s.", "Check the times.")
    return ClipWish(found[0].media_id, span)


def _is_named(media: Media, name: str) -> bool:
    """Whether that is the clip's path, the end of its path, its file name, or that without the suffix."""
    path, wanted = Path(media.path), Path(name)
    is_end = bool(wanted.parts) and path.parts[-len(wanted.parts) :] == wanted.parts
    return is_end or name in (media.path, media.name, Path(media.name).stem) or full_path(wanted) == path


def _other_outcomes(footage: Footage) -> list[Outcome]:
    rows = []
    for problem in footage.problems:
        one = problem.media.media_id if problem.media else ""
        rows.append(Outcome(one, problem.file, "unreadable", problem.error.message))
    ids = {clip.path: clip.media.media_id for clip in footage.clips}
    for copy, original in footage.copies:
        one = ids.get(original, "")
        rows.append(Outcome(one, copy.name, "near_duplicate", f"is a copy of {original.name}", duplicate_of=one or None))
    return rows


def _result(
    request: EditRequest,
    timeline: Timeline,
    footage: Footage,
    profile: StyleProfile,
    hints: list[str],
    warnings: list[str],
    report: Any,
) -> dict[str, Any]:
    by_status = collections.Counter(outcome.status for outcome in timeline.outcomes)
    rejected: dict[str, list[str]] = {}
    for outcome in timeline.outcomes:
        if outcome.status in ("rejected", "unreadable"):
            reason = UNREADABLE if outcome.status == "unreadable" else outcome.reason  # which would name the file twice
            rejected.setdefault(reason, []).append(outcome.file)
    usable = sum(judge(ClipInput(clip.media, clip.analysis), profile.quality_thresholds).usable for clip in footage.clips)
    song = timeline.song
    files = {name: str(request.output / name) for name in [HEAD, *exporting.EDIT_FILES, STORYBOARD_NAME]}
    if report is not None:
        files[VIDEO_NAME] = report.path
    return {
        "project_id": timeline.project_id,
        "revision": timeline.revision,
        "name": timeline.extra.get("name"),
        "files": files,
        "clips": {
            "found": footage.found,
            "usable": usable,
            "used": by_status["used"],
            "not_chosen": by_status["not_chosen"],
            "near_duplicates": by_status["near_duplicate"],
            "rejected": by_status["rejected"] + by_status["unreadable"],
            "reasons": {reason: sorted(names) for reason, names in sorted(rejected.items())},
            "measured": footage.measured,
        },
        "profile": {"creator": profile.creator_id, "videos": profile.trained_on_videos},
        "duration_s": float(timeline.duration_s),
        "frames": timeline.duration_frames,
        "rate": timeline.rate.to_json(),
        "size": [timeline.width, timeline.height],
        "shots": len(timeline.clips),
        "song": {
            "file": str(request.song),
            "bpm": song.bpm if song else None,
            "confidence": song.confidence if song else None,
            "start_s": song.source_start_s if song else None,
            "notes": list(song.notes) if song else [],
        },
        "notes": timeline.ai_reasoning.notes,
        "relaxed": list(timeline.ai_reasoning.relaxed),
        "evidence_missing": list(timeline.ai_reasoning.evidence_missing),
        "import": hints,
        "warnings": [*warnings, *footage.notes],
        "render": None if report is None else rendering.report_json(report),
    }
