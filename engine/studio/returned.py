"""A returned cut as our next revision: what is seen on screen becomes the primary track, what a person did becomes changes. Pure."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

from engine.edit.reframe import cover_crop
from engine.edit.revise import Change as Action
from engine.edit.revise import deleted_row, settled
from engine.model.media import Media
from engine.model.moving import Moving
from engine.model.time import FrameSpan, round_half_up
from engine.model.timeline import ClipFacts, CropKey, Placement, Timeline
from engine.telemetry.diff import Change, Diff
from engine.telemetry.framing import crop_shown
from engine.telemetry.seen import Seen

__all__ = ["Returned", "next_revision"]


@dataclass(frozen=True)
class Returned:
    """timeline : the next revision, None where nothing changed. actions : what the person did. notes : what could not be carried over."""

    timeline: Timeline | None
    actions: tuple[Action, ...]
    notes: tuple[str, ...] = ()


@dataclass
class _Build:
    """One build: ids already given, media by id, what has to be said."""

    base: Timeline
    media: Mapping[str, Media]
    ids: set[str]
    notes: list[str] = field(default_factory=list)
    actions: list[Action] = field(default_factory=list)

    def new_id(self, stem: str) -> str:
        number = 2
        while f"{stem}_{number}" in self.ids:
            number += 1
        self.ids.add(f"{stem}_{number}")
        return f"{stem}_{number}"


def next_revision(base: Timeline, diff: Diff, media: Sequence[Media], at: str, revision: int) -> Returned:
    """The revision that shows what the returned cut shows.

    media : of what was put in there. Gaps become placements that are switched off, so that every later cut stays where it is.
    """
    rows = {row.media_id: row for row in (*media, *base.media)}
    build = _Build(base, rows, {clip.id for clip in base.clips})
    placed = [one for change in diff.changes for one in _placed(build, change)]
    clips = _contiguous(build, placed)
    if not build.actions and [_bare(clip) for clip in clips] == [_bare(clip) for clip in base.clips]:
        return Returned(None, (), tuple(build.notes))
    gone = [change.clip_id for change in diff.changes if not {"deleted", "disabled"}.isdisjoint(change.kinds)]
    deleted = [deleted_row(base.clip(one), at) for one in gone if one is not None]
    end = clips[-1].span.end
    used = {clip.media_id for clip in clips}
    timeline = settled(
        base,
        clips,
        build.actions,
        at,
        deleted=deleted,
        media=[row for row in media if row.media_id in used],
        revision=revision,
        duration_frames=end,
        markers=tuple(mark for mark in base.markers if mark.frame < end),
        tracks=tuple(dataclasses.replace(one, clips=tuple(clip for clip in one.clips if clip.span.end <= end)) for one in base.tracks),
    )
    return Returned(timeline, tuple(build.actions), tuple(build.notes))


def _bare(clip: Placement) -> tuple[Any, ...]:
    return (clip.id, clip.media_id, clip.span, clip.source_start_frame, clip.speed, clip.enabled, clip.crop)


def _placed(build: _Build, change: Change) -> list[Placement]:
    """The placements of one change, where they stand in the returned cut; its actions are noted."""
    clip = build.base.clip(change.clip_id) if change.clip_id else None
    if change.row is None or (clip is None and change.row.media_id is None):
        if clip is not None:
            build.actions.append(Action("clip_deleted", clip.id, {"media_id": clip.media_id, "reason_selected": None}))
        return []
    if "unmatched" in change.kinds and clip is not None:
        build.notes.append(f"{change.row.name} is not known here: its place keeps {clip.file}.")
        return [_fitted(build, clip, change.row, clip.source_start_frame, clip.speed)]
    if clip is None or "replaced" in change.kinds:
        return _brought(build, change, clip)
    return _ours(build, change, clip)


def _brought(build: _Build, change: Change, instead: Placement | None) -> list[Placement]:
    row = change.row
    assert row is not None and row.media_id is not None
    media = build.media[row.media_id]
    if media.video is None:
        build.notes.append(f"{media.name} has no picture and was left out.")
        return []
    crop = cover_crop(media.video.display_width, media.video.display_height, build.base.width, build.base.height, (0.5, 0.5))
    plain = Placement(
        id=instead.id if instead else build.new_id("clip"),
        media_id=media.media_id,
        file=media.name,
        timeline_start_frame=row.record.start,
        duration_frames=row.record.duration,
        source_start_frame=0,
        source_rate=media.video.rate,
        facts=ClipFacts(ai_reasoning="Put in by you."),
        crop=crop_shown(row, build.base, media) or (crop,),
    )
    made = _fitted(build, plain, row, media.video.rate.frames(row.source_start_s), row.speed)
    if instead:
        details: dict[str, Any] = {"media_id": instead.media_id, "new_media_id": media.media_id}
        build.actions.append(Action("clip_replaced", made.id, {**details, "new_source_start_frame": made.source_start_frame}))
    else:
        details = {"position": change.to_position, "source_start_frame": made.source_start_frame, "duration_frames": made.duration_frames}
        build.actions.append(Action("clip_inserted", made.id, details))
    if "locked" in change.kinds:
        build.actions.append(Action("clip_locked", made.id, {"reason": "user_locked"}))
    return [made]


def _ours(build: _Build, change: Change, clip: Placement) -> list[Placement]:
    row = change.row
    assert row is not None
    speed = row.speed if "retimed" in change.kinds else clip.speed
    same_start = not change.head_frames and not change.slip_frames and "retimed" not in change.kinds
    pieces = sorted((row, *change.pieces), key=lambda one: one.source_start_s)
    placed = []
    for number, piece in enumerate(pieces):
        start = clip.source_start_frame if same_start and number == 0 else clip.source_rate.frames(piece.source_start_s)
        owner = clip if number == 0 else dataclasses.replace(clip, id=build.new_id(clip.id))
        made = _fitted(build, owner, piece, start, speed)
        placed.append(_laid(build, made, change.crops[piece.number]) if piece.number in change.crops else made)
    build.actions += _actions(change, clip, [one.id for one in placed])
    return placed


def _laid(build: _Build, clip: Placement, crop: tuple[CropKey, ...]) -> Placement:
    """The placement with the part of its picture that shows there."""
    if not crop:
        build.notes.append(f"{clip.file} does not fill the frame there: here it does, as before.")
        return clip
    return dataclasses.replace(clip, crop=crop)


def _edges(crop: Sequence[CropKey]) -> dict[str, Any]:
    """Where a crop begins, for the event; nothing where it shows less than the frame."""
    return {name: getattr(crop[0], name) for name in ("x", "y", "width", "height")} | {"keys": len(crop)} if crop else {}


def _actions(change: Change, clip: Placement, ids: Sequence[str]) -> Iterable[Action]:
    """What was done to one of our clips, each kind once, on every part of it."""
    kinds = change.kinds
    table: list[tuple[bool, str, dict[str, Any]]] = [
        ("split" in kinds, "clip_split", {"into": list(ids)}),
        ("moved" in kinds, "clip_reordered", {"from_position": change.from_position, "to_position": change.to_position}),
        (
            not {"head_trimmed", "tail_trimmed"}.isdisjoint(kinds) and "retimed" not in kinds,
            "clip_trimmed",
            {"head_frames": change.head_frames, "tail_frames": change.tail_frames},
        ),
        ("reframed" in kinds, "clip_reframed", _edges(next(iter(change.crops.values()), ()))),
        ("slipped" in kinds, "clip_slipped", {"by_frames": change.slip_frames}),
        ("retimed" in kinds, "clip_retimed", {"speed": float(change.row.speed) if change.row else 1.0}),
        ("disabled" in kinds, "clip_disabled", {}),
        ("locked" in kinds, "clip_locked", {"reason": "user_locked", "marks": list(change.row.lock_marks) if change.row else []}),
        ("unlocked" in kinds, "clip_unlocked", {}),
    ]
    for holds, action, details in table:
        if holds:
            yield from (Action(action, one, details) for one in (ids[:1] if action in ("clip_split", "clip_reordered") else ids))


def _fitted(build: _Build, clip: Placement, row: Seen, start: int, speed: Fraction) -> Placement:
    """The placement where the row is, its source pushed inside the file where rounding put it over an end."""
    if speed <= 0:
        build.notes.append(f"{clip.file} runs backwards or stands still there: here it runs at normal speed.")
        speed = Fraction(1)
    video = build.media[clip.media_id].video
    length = row.record.duration
    if video is not None:
        last = video.rate.seconds(video.duration_frames) - build.base.rate.seconds(length - 1) * speed
        start = max(0, min(start, -round_half_up(-(last * clip.source_rate.fraction)) - 1)) if last > 0 else 0
    shift = row.record.start - clip.timeline_start_frame
    return dataclasses.replace(
        clip,
        timeline_start_frame=clip.timeline_start_frame + shift,
        duration_frames=length,
        source_start_frame=start,
        speed=speed,
        enabled=row.enabled,
        crop=_trimmed(build.base, clip, start, speed) if length != clip.duration_frames else clip.crop,
    )


def _trimmed(base: Timeline, clip: Placement, start: int, speed: Fraction) -> tuple[CropKey, ...]:
    """The crop of a clip that begins with another source frame: its way goes along with the picture. Retimed, it stands where it began."""
    if len(clip.crop) < 2 or speed != clip.speed:
        return clip.crop[:1]
    late = round_half_up(clip.source_rate.seconds(start - clip.source_start_frame) / speed * base.rate.fraction)
    path = Moving({Fraction(key.frame - late): (key.x, key.y, key.width, key.height) for key in clip.crop})
    ahead = [int(frame) for frame in path.times if frame > 0]
    return tuple(CropKey(frame, *path.at(Fraction(frame))) for frame in (0, *ahead))


def _contiguous(build: _Build, placed: Sequence[Placement]) -> list[Placement]:
    """Visible placements in order, with what is switched off in the gaps, and nothing else left open."""
    shown = sorted((one for one in placed if one.enabled), key=lambda one: one.timeline_start_frame)
    off = sorted((one for one in placed if not one.enabled), key=lambda one: one.timeline_start_frame)
    end = max((one.span.end for one in placed), default=build.base.duration_frames)
    clips: list[Placement] = []
    at = 0
    for one in [*shown, None]:
        start = one.timeline_start_frame if one else end
        if start > at:
            clips += _filling(build, FrameSpan(at, start), off)
        if one:
            clips.append(one)
            at = one.span.end
    return clips


def _filling(build: _Build, gap: FrameSpan, off: Sequence[Placement]) -> list[Placement]:
    """Placements that are switched off, from one end of a gap to the other: disabled clips where they lie, else a stand-in."""
    clips: list[Placement] = []
    at = gap.start
    for one in off:
        part = one.span.intersection(FrameSpan(at, gap.end)) if at < gap.end else None
        if part is None:
            continue
        if part.start > at:
            clips += _stand_ins(build, FrameSpan(at, part.start))
        clips.append(_cut_to(build.base, one, part))
        at = part.end
    return [*clips, *(_stand_ins(build, FrameSpan(at, gap.end)) if at < gap.end else [])]


def _cut_to(base: Timeline, clip: Placement, span: FrameSpan) -> Placement:
    late = base.rate.seconds(span.start - clip.timeline_start_frame) * clip.speed
    start = clip.source_start_frame + clip.source_rate.frame_at(late)
    return dataclasses.replace(clip, timeline_start_frame=span.start, duration_frames=span.duration, source_start_frame=start)


def _stand_ins(build: _Build, gap: FrameSpan) -> list[Placement]:
    """The gap as clips that are switched off: it shows black, and a revision fills it."""
    pictures = [row for row in build.base.media if row.video is not None and row.kind == "video"]
    longest = max(pictures, key=lambda row: row.duration_s)
    assert longest.video is not None
    room = max(1, int(longest.video.rate.seconds(longest.video.duration_frames) * build.base.rate.fraction))
    seconds = float(build.base.rate.seconds(gap.duration))
    build.notes.append(f"{seconds:.2f} s at {float(build.base.rate.seconds(gap.start)):.2f} s are empty there: they stay black here.")
    spans = [FrameSpan(at, min(at + room, gap.end)) for at in range(gap.start, gap.end, room)]
    return [
        Placement(
            id=build.new_id("gap"),
            media_id=longest.media_id,
            file=longest.name,
            timeline_start_frame=span.start,
            duration_frames=span.duration,
            source_start_frame=0,
            source_rate=longest.video.rate,
            enabled=False,
            facts=ClipFacts(ai_reasoning="A gap that you left."),
        )
        for span in spans
    ]
