"""Single changes by hand, from words and seconds to frames."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from engine.edit import ripple
from engine.edit.footage import ClipInput, judge
from engine.edit.moments import MomentTable
from engine.edit.reframe import crop_for
from engine.edit.revise import lock, unlock
from engine.edit.ripple import Material
from engine.errors import BadOption, CutprintError
from engine.model.media import Media
from engine.model.style import MomentPreferences, QualityThresholds
from engine.model.time import FrameSpan
from engine.model.timeline import ClipFacts, Placement, Timeline
from engine.studio.footage import gather, known_analysis, lut_of, options_of
from engine.studio.requests import ChangeRequest
from engine.studio.revisions import committed, events_of, head_of, next_revision

if TYPE_CHECKING:
    from engine.progress import Progress
    from engine.studio.context import Studio

__all__ = ["change"]

FILLERS = 6
"""Unused clips offered for the place of a deleted one, the best first."""


def change(studio: Studio, request: ChangeRequest, progress: Progress) -> dict[str, Any]:
    """Handler of `change`."""
    with head_of(studio, request.timeline, request.parent) as (folder, head):
        after = _ACTIONS[request.action](studio, request, head, progress)
        after = after.replace(revision=next_revision(folder, head))
        result = committed(studio, folder, after, progress)
        studio.record(*events_of(studio, head, after))
    rows = after.user_edits[len(head.user_edits) :]
    return {
        **result,
        "from_revision": head.revision,
        "done": [{"action": row.action, "clip_id": row.clip_id, **row.details} for row in rows],
        "cuts_moved": len(set(head.cut_frames) ^ set(after.cut_frames)),
    }


def _lock(studio: Studio, request: ChangeRequest, head: Timeline, progress: Progress) -> Timeline:
    return lock(head, _ids(head, request), studio.now(), request.note)


def _unlock(studio: Studio, request: ChangeRequest, head: Timeline, progress: Progress) -> Timeline:
    return unlock(head, _ids(head, request), studio.now())


def _delete(studio: Studio, request: ChangeRequest, head: Timeline, progress: Progress) -> Timeline:
    clip = head.clip(_one(head, request))
    fillers = _fillers(studio, head, clip)
    return ripple.delete(head, clip.id, studio.now(), reason=request.reason, text=request.text, moment_only=request.moment, fillers=fillers)


def _move(studio: Studio, request: ChangeRequest, head: Timeline, progress: Progress) -> Timeline:
    if request.to is None:
        raise BadOption("option_missing", "Where is it to go?", "Give --to, the new position.")
    return ripple.move(head, _one(head, request), request.to, studio.now())


def _trim(studio: Studio, request: ChangeRequest, head: Timeline, progress: Progress) -> Timeline:
    frames = {"head_frames": _frames(head, request.head), "tail_frames": _frames(head, request.tail)}
    return ripple.trim(head, _one(head, request), studio.now(), **frames)


def _slip(studio: Studio, request: ChangeRequest, head: Timeline, progress: Progress) -> Timeline:
    clip = head.clip(_one(head, request))
    by = clip.source_rate.frames(abs(request.by))
    return ripple.slip(head, clip.id, by if request.by >= 0 else -by, studio.now())


def _replace(studio: Studio, request: ChangeRequest, head: Timeline, progress: Progress) -> Timeline:
    clip = head.clip(_one(head, request))
    return ripple.replace(head, clip.id, _material(studio, request, head, clip.duration_frames, progress), studio.now())


def _insert(studio: Studio, request: ChangeRequest, head: Timeline, progress: Progress) -> Timeline:
    if request.at is None:
        raise BadOption("option_missing", "Where is it to go?", "Give --at, a second of the edit.")
    start = _on_beat(head, request.at)
    later = [frame for frame in (*head.cut_frames, head.duration_frames) if frame > start + 1]
    end = _on_beat(head, request.at + request.length) if request.length is not None else (later[0] if later else head.duration_frames)
    return ripple.insert(head, start, end, _material(studio, request, head, end - start, progress), studio.now())


_ACTIONS: Mapping[str, Callable[[Any, ChangeRequest, Timeline, Any], Timeline]] = {
    "lock": _lock,
    "unlock": _unlock,
    "delete": _delete,
    "move": _move,
    "trim": _trim,
    "slip": _slip,
    "replace": _replace,
    "insert": _insert,
}


def _ids(head: Timeline, request: ChangeRequest) -> list[str]:
    if not request.clip:
        raise BadOption("option_missing", "Which clip?", "Name it as `cutprint show` does: its id, number or file.")
    return [_id(head, name) for name in request.clip]


def _one(head: Timeline, request: ChangeRequest) -> str:
    ids = _ids(head, request)
    if len(ids) != 1:
        raise BadOption("option_missing", f"{request.action} takes one clip, not {len(ids)}.", "Do one after the other.")
    return ids[0]


def _id(head: Timeline, name: str) -> str:
    """Clip id of what a person calls a clip."""
    if any(clip.id == name for clip in head.clips):
        return name
    if name.isdigit() and 1 <= int(name) <= len(head.clips):
        return head.clips[int(name) - 1].id
    found = [clip.id for clip in head.clips if name in (clip.file, Path(clip.file).stem)]
    return found[0] if len(found) == 1 else head.clip(name).id


def _frames(head: Timeline, seconds: float) -> int:
    frames = head.rate.frames(abs(seconds))
    return frames if seconds >= 0 else -frames


def _on_beat(head: Timeline, seconds: float) -> int:
    """The frame of the nearest beat, cut or end of the edit."""
    beats = [head.rate.frames(beat) for beat in head.song.beats] if head.song else []
    places = [0, *beats, *head.cut_frames, head.duration_frames]
    wanted = head.rate.frames(max(0.0, seconds))
    return min((place for place in places if place <= head.duration_frames), key=lambda place: (abs(place - wanted), place))


def _material(studio: Studio, request: ChangeRequest, head: Timeline, frames: int, progress: Progress) -> Material:
    """The clip that was named, from the edit's own media or from disk, at the named or the best moment."""
    if not request.material:
        raise BadOption("option_missing", "Which clip is to stand there?", "Give --with FILE, or --with name@IN-OUT.")
    match = re.fullmatch(r"(.+)@([\d.]+)(?:-([\d.]+))?", request.material)
    name, start = (match.group(1), float(match.group(2))) if match else (request.material, None)
    clip = _known(studio, head, name, progress)
    assert clip.media.video is not None
    first = clip.media.video.rate.frames(start) if start is not None else _best_start(head, clip, frames)
    return _as_material(head, clip, first, frames)


def _known(studio: Studio, head: Timeline, name: str, progress: Progress) -> ClipInput:
    song = head.song.media_id if head.song else None
    videos = [row for row in head.media if row.video is not None and row.media_id != song]
    rows = [row for row in videos if name in (row.path, row.name, Path(row.name).stem)]
    path = Path(rows[0].path) if len(rows) == 1 else Path(name)
    footage = gather(studio, [path], options_of(lut_of(head)), None, progress)
    if not footage.clips:
        problem: CutprintError = footage.problems[0].error
        raise problem
    return ClipInput(footage.clips[0].media, footage.clips[0].analysis)


def _best_start(head: Timeline, clip: ClipInput, frames: int) -> int:
    """Where the clip's best moment of that length begins that the edit does not show yet."""
    assert clip.media.video is not None
    shown = [one for one in head.clips if one.media_id == clip.media.media_id]
    start = max((ripple.source_span(head, one).end for one in shown), default=0)
    whole = clip.media.video.span
    part = FrameSpan(start, whole.end) if start < whole.end else whole
    beat_s = 60.0 / head.song.bpm if head.song and head.song.bpm > 0 else 0.0
    moment = MomentTable(clip, head.rate, MomentPreferences(), part, beat_s=beat_s, shape=(head.width, head.height)).best(frames)
    return moment.start_frame if moment else part.start


def _as_material(head: Timeline, clip: ClipInput, first: int, frames: int, reason: str = "Put there by you.") -> Material:
    analysis, video = clip.analysis, clip.media.video
    assert video is not None
    needed = max(1, round(frames * video.rate.fraction / head.rate.fraction))
    span = FrameSpan(max(0, first), max(0, first) + needed)
    facts = ClipFacts(
        shot_type=analysis.likely_shot_type,
        angle=analysis.likely_angle,
        motion=analysis.likely_motion,
        motion_intensity=round(float(analysis.motion_intensity), 4),
        visual_quality=round(float(analysis.visual_quality), 4),
        color_variance=round(float(analysis.color_variance), 4),
        blur=round(float(analysis.blur), 4),
        exposure=round(float(analysis.exposure), 4),
        ai_reasoning=reason,
    )
    return Material(clip.media, first, facts, crop_for(clip.media, analysis, span, head.width, head.height))


def _fillers(studio: Studio, head: Timeline, clip: Placement) -> list[Material]:
    """Unused clips for the place of a deleted one: first what stood second there, then by quality."""
    used = {one.media_id for one in head.clips} | {row.media_id for row in head.deleted_clips}
    order = [row.media_id for row in clip.decision.runners_up] if clip.decision else []
    rows = [row for row in head.media if row.video is not None and row.media_id not in used]
    known = [(row, analysis) for row in rows if (analysis := known_analysis(studio, row, lut_of(head))) is not None]
    good = [ClipInput(row, analysis) for row, analysis in known if judge(ClipInput(row, analysis), QualityThresholds()).usable]
    good.sort(key=lambda one: (_rank(order, one.media), -one.analysis.visual_quality, one.media.media_id))
    made = []
    for one in good[:FILLERS]:
        first = _best_start(head, one, clip.duration_frames)
        reason = f"Took the place of {clip.file}, which you deleted."
        made.append(_as_material(head, one, first, clip.duration_frames, reason))
    return made


def _rank(order: list[str], media: Media) -> int:
    return order.index(media.media_id) if media.media_id in order else len(order)
