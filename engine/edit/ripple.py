"""Changes by hand: delete, move, trim, slip, replace, insert. Each keeps the edit's length and every other cut where it is in the music.

The song does not move, so nothing ripples to the end: a clip that grows takes from its neighbour, a hole is filled in its own place, a
moved clip changes slots with those between. Where that cannot be, the change is refused and says how much there is.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from engine.edit.reframe import cover_crop
from engine.edit.revise import Change, deleted_row, settled
from engine.errors import RefusedError
from engine.model.media import Media
from engine.model.time import FrameSpan, round_half_up
from engine.model.timeline import ClipFacts, CropKey, DeletedClip, HistoryEntry, Placement, Timeline

__all__ = ["Material", "delete", "insert", "move", "replace", "slip", "trim"]

LEAST_FRAMES = 2
"""A placement of one frame is a flash: nobody asks for that by trimming."""


@dataclass(frozen=True)
class Material:
    """Footage to put somewhere: the media, its first source frame, facts and crop where they are known."""

    media: Media
    source_start_frame: int = 0
    facts: ClipFacts = ClipFacts()
    crop: tuple[CropKey, ...] = ()


def delete(
    timeline: Timeline,
    clip_id: str,
    at: str,
    *,
    reason: str | None = None,
    text: str = "",
    moment_only: bool = False,
    fillers: Sequence[Material] = (),
) -> Timeline:
    """Throws a clip out and bars it (with `moment_only` just that range of it); its place is filled, every other cut stays.

    The first of `fillers` that fits takes the place; without one the runners-up of the decision are tried, then the neighbours
    grow into it. Raises `RefusedError` (`cannot_fill`, `last_clip`).
    """
    clip = timeline.clip(clip_id)
    end = math.ceil(clip.source_end_s(timeline.rate) * clip.source_rate.fraction) if moment_only else None
    row = deleted_row(clip, at, reason, text, end)
    barred = (*timeline.deleted_clips, row)
    filler = _filler(timeline, clip, [*fillers, *_runners_up(timeline, clip)], barred, at)
    clips = [one if one.id != clip_id else filler for one in timeline.clips] if filler else _closed(timeline, clip, barred)
    details: dict[str, object] = {"reason_selected": reason, "media_id": clip.media_id}
    if text:
        details["text"] = text
    if moment_only:
        details["moment"] = [clip.source_start_frame, end]
    media = [one.media for one in fillers if filler is not None and one.media.media_id == filler.media_id]
    return settled(timeline, clips, [Change("clip_deleted", clip_id, details)], at, deleted=(row,), media=media)


def _runners_up(timeline: Timeline, clip: Placement) -> list[Material]:
    """What stood second for a placement, as far as its media is listed."""
    known = {row.media_id: row for row in timeline.media}
    rows = clip.decision.runners_up if clip.decision else ()
    said = "stood second here"
    return [
        Material(known[row.media_id], row.source_start_frame, ClipFacts(ai_reasoning=f"Took the place of {clip.file}: it {said}."))
        for row in rows
        if row.media_id in known and known[row.media_id].video is not None
    ]


def _filler(timeline: Timeline, clip: Placement, choices: Sequence[Material], barred: Sequence[DeletedClip], at: str) -> Placement | None:
    """The first choice that fits the hole and is neither in the edit nor barred."""
    used = {one.media_id for one in timeline.clips}
    for choice in choices:
        if choice.media.media_id in used:
            continue
        made = placed(timeline, choice, clip.timeline_start_frame, clip.duration_frames, next_id(timeline))
        if _fits(timeline, made, choice.media) and not _taken(timeline, made, barred, but=(clip.id,)):
            entry = HistoryEntry("filled_gap", at, timeline.revision + 1, {"of": clip.id})
            return dataclasses.replace(made, edit_history=(entry,))
    return None


def _closed(timeline: Timeline, clip: Placement, barred: Sequence[DeletedClip]) -> list[Placement]:
    """The clips with the hole closed by its neighbours: the one before, the one after, or both."""
    number = timeline.clips.index(clip)
    before = timeline.clips[number - 1] if number else None
    after = timeline.clips[number + 1] if number + 1 < len(timeline.clips) else None
    room_before = _room(timeline, before, barred, "tail") if before and before.lock is None else 0
    room_after = _room(timeline, after, barred, "head") if after and after.lock is None else 0
    if room_before + room_after < clip.duration_frames:
        message = f"Nothing can fill the {float(timeline.rate.seconds(clip.duration_frames)):.2f} s that {clip.id} leaves."
        hint = "Unlock a neighbour, `cutprint change TIMELINE replace` it, or make the edit again without that clip."
        raise RefusedError("cannot_fill", message, hint, clip=clip.id, missing_frames=clip.duration_frames - room_before - room_after)
    by_before = min(clip.duration_frames, room_before)
    clips = [one for one in timeline.clips if one.id != clip.id]
    if before and by_before:
        clips[number - 1] = resized(timeline, before, tail=by_before)
    if after and by_before < clip.duration_frames:
        clips[clips.index(after)] = resized(timeline, after, head=clip.duration_frames - by_before)
    return clips


def _room(timeline: Timeline, clip: Placement, barred: Sequence[DeletedClip], end: str) -> int:
    """Frames by which a placement can grow at its head or tail: its source holds them, nobody else shows them, nothing bars them."""
    low, high = 0, timeline.duration_frames
    while low < high:
        middle = (low + high + 1) // 2
        grown = resized(timeline, clip, **{end: middle})
        good = _fits(timeline, grown, timeline.media_of(clip)) and not _taken(timeline, grown, barred, but=(clip.id,))
        low, high = (middle, high) if good else (low, middle - 1)
    return low


def resized(timeline: Timeline, clip: Placement, head: int = 0, tail: int = 0) -> Placement:
    """The placement with frames added at its head and tail (negative: taken off); what stays shows the same pictures."""
    shift = round_half_up(Fraction(head) * clip.speed * clip.source_rate.fraction / timeline.rate.fraction)
    return dataclasses.replace(
        clip,
        timeline_start_frame=clip.timeline_start_frame - head,
        duration_frames=clip.duration_frames + head + tail,
        source_start_frame=clip.source_start_frame - shift,
        crop=_shifted(clip.crop, head),
    )


def _shifted(crop: Sequence[CropKey], frames: int) -> tuple[CropKey, ...]:
    """Crop keys that lie `frames` later; the first one holds from frame 0."""
    moved = [dataclasses.replace(key, frame=key.frame + frames) for key in crop]
    ahead = [key for key in moved if key.frame > 0]
    first = next((key for key in reversed(moved) if key.frame <= 0), moved[0] if moved else None)
    return (dataclasses.replace(first, frame=0), *ahead) if first else ()


def source_span(timeline: Timeline, clip: Placement) -> FrameSpan:
    """The source frames that a placement shows, the last one included."""
    end = clip.source_end_s(timeline.rate) * clip.source_rate.fraction
    return FrameSpan(clip.source_start_frame, max(clip.source_start_frame + 1, math.ceil(end)))


def _fits(timeline: Timeline, clip: Placement, media: Media) -> bool:
    if media.video is None or media.kind == "image":
        return media.kind == "image" and clip.duration_frames > 0
    end = media.video.rate.seconds(media.video.duration_frames)
    return clip.duration_frames > 0 and clip.source_start_frame >= 0 and clip.last_shown_s(timeline.rate) < end


def _taken(timeline: Timeline, clip: Placement, barred: Sequence[DeletedClip], but: Sequence[str] = ()) -> bool:
    """Whether its pictures are shown elsewhere in the edit or were thrown out."""
    span = source_span(timeline, clip)
    shown = (source_span(timeline, one) for one in timeline.clips if one.media_id == clip.media_id and one.id not in but)
    if any(span.overlaps(other) for other in shown):
        return True
    for row in barred:
        start, end = row.source_start_frame, row.source_end_frame
        if row.media_id == clip.media_id and (start is None or end is None or span.overlaps(FrameSpan(start, end))):
            return True
    return False


def placed(timeline: Timeline, material: Material, start: int, duration: int, clip_id: str) -> Placement:
    """Material as a placement; the crop is the middle of the picture where none is given."""
    video = material.media.video
    rate = video.rate if video else timeline.rate
    crop = material.crop
    if not crop and video is not None:
        size = video.display_width, video.display_height
        crop = (cover_crop(*size, timeline.width, timeline.height, (0.5, 0.5)),)
    name, one = material.media.name, material.media.media_id
    return Placement(clip_id, one, name, start, duration, material.source_start_frame, rate, facts=material.facts, crop=crop)


def next_id(timeline: Timeline, ahead: int = 0) -> str:
    """A clip id that this timeline never used."""
    ids = [one.id for one in timeline.clips] + [row.clip_id for row in timeline.deleted_clips]
    numbers = [int(one[5:]) for one in ids if one.startswith("clip_") and one[5:].isdigit()]
    return f"clip_{max(numbers, default=0) + 1 + ahead}"


def move(timeline: Timeline, clip_id: str, position: int, at: str) -> Timeline:
    """Puts a clip at `position` (1 is the first); those between move up by one slot, and every cut stays on its beat.

    Locked placements keep their slots. Where a clip is too short for its new slot, the clips keep their own lengths instead.
    Raises `RefusedError` (`locked`, `no_room`, `nothing_to_do`).
    """
    clip = timeline.clip(clip_id)
    old = timeline.clips.index(clip)
    new = min(max(position, 1), len(timeline.clips)) - 1
    if new == old:
        raise RefusedError("nothing_to_do", f"{clip_id} is at position {old + 1} already.", "")
    free = [number for number, one in enumerate(timeline.clips) if one.lock is None or one is clip]
    if new not in free:
        there = timeline.clips[new]
        raise RefusedError(
            "locked", f"{there.id} at position {new + 1} is locked.", "Unlock it, or choose another position.", clip=there.id
        )
    order = [timeline.clips[number] for number in free if number != old]
    order.insert(free.index(new), clip)
    clips = _in_slots(timeline, dict(zip(free, order))) or _by_own_lengths(timeline, old, new)
    details = {"from_position": old + 1, "to_position": new + 1}
    return settled(timeline, clips, [Change("clip_reordered", clip_id, details, f"Moved to position {new + 1}")], at)


def _in_slots(timeline: Timeline, order: dict[int, Placement]) -> list[Placement] | None:
    """The clips in these slots, each at its slot's length; None where one is too short."""
    clips = list(timeline.clips)
    for number, clip in order.items():
        slot = timeline.clips[number]
        if clip is slot:
            continue
        fitted = _fitted(timeline, clip, slot.timeline_start_frame, slot.duration_frames)
        if fitted is None:
            return None
        clips[number] = fitted
    return clips


def _fitted(timeline: Timeline, clip: Placement, start: int, duration: int) -> Placement | None:
    """The placement at another place and length: the same in-point, or an earlier one where the take ends too soon."""
    made = dataclasses.replace(clip, timeline_start_frame=start, duration_frames=duration)
    media = timeline.media_of(clip)
    if not _fits(timeline, made, media) and media.video is not None:
        needed = math.ceil(duration * clip.speed * clip.source_rate.fraction / timeline.rate.fraction)
        made = dataclasses.replace(made, source_start_frame=max(0, media.video.duration_frames - needed))
    good = _fits(timeline, made, media) and not _taken(timeline, made, timeline.deleted_clips, but=(clip.id,))
    return made if good else None


def _by_own_lengths(timeline: Timeline, old: int, new: int) -> list[Placement]:
    """The clips between the two positions in their new order, each as long as it was: their cuts may leave the beat."""
    low, high = min(old, new), max(old, new)
    part = list(timeline.clips[low : high + 1])
    held = next((one for one in part if one.lock is not None and one is not timeline.clips[old]), None)
    if held is not None:
        message = f"A clip is too short for its new slot, and {held.id} between is locked."
        raise RefusedError("no_room", message, "Unlock it, or replace the clip instead of moving it.", clip=held.id)
    clip = part.pop(old - low)
    part.insert(new - low, clip)
    position, moved = timeline.clips[low].timeline_start_frame, []
    for one in part:
        moved.append(dataclasses.replace(one, timeline_start_frame=position))
        position += one.duration_frames
    return [*timeline.clips[:low], *moved, *timeline.clips[high + 1 :]]


def trim(timeline: Timeline, clip_id: str, at: str, *, head_frames: int = 0, tail_frames: int = 0) -> Timeline:
    """Takes frames off a clip's head and tail (negative: gives them back); its neighbours take or give them, all other cuts stay.

    The edit begins and ends where it did: at its first head and its last tail a trim shows other pictures in the same slot.
    Raises `RefusedError` (`locked`, `no_room`, `nothing_to_do`).
    """
    clip = timeline.clip(clip_id)
    if not head_frames and not tail_frames:
        raise RefusedError("nothing_to_do", "Nothing is to be trimmed.", "Say how much with --head or --tail.")
    clips = {one.id: one for one in timeline.clips}
    number = timeline.clips.index(clip)
    if head_frames:
        _rolled(timeline, clips, clip_id, number - 1, head_frames, "head")
    if tail_frames:
        _rolled(timeline, clips, clip_id, number + 1, tail_frames, "tail")
    details = {"head_frames": head_frames, "tail_frames": tail_frames}
    note = " and ".join(f"{end} by {frames} frames" for end, frames in (("head", head_frames), ("tail", tail_frames)) if frames)
    return settled(timeline, list(clips.values()), [Change("clip_trimmed", clip_id, details, f"Trimmed at its {note}")], at)


def _rolled(timeline: Timeline, clips: dict[str, Placement], clip_id: str, neighbour: int, frames: int, end: str) -> None:
    """Moves one cut of a clip by `frames`, in place."""
    clip = clips[clip_id]
    if not 0 <= neighbour < len(timeline.clips):
        later = Fraction(frames if end == "head" else -frames) * clip.speed / timeline.rate.fraction
        offset = round_half_up(later * clip.source_rate.fraction)
        clips[clip_id] = _checked(timeline, dataclasses.replace(clip, source_start_frame=clip.source_start_frame + offset))
        return
    other = clips[timeline.clips[neighbour].id]
    if other.lock is not None:
        raise RefusedError("locked", f"{other.id} next to it is locked and cannot give or take.", "Unlock it first.", clip=other.id)
    facing = "tail" if end == "head" else "head"
    clips[clip_id] = _checked(timeline, resized(timeline, clip, **{end: -frames}))
    clips[other.id] = _checked(timeline, resized(timeline, other, **{facing: frames}))


def _checked(timeline: Timeline, clip: Placement) -> Placement:
    """The placement, if it is long enough and its source has the frames."""
    if clip.duration_frames < LEAST_FRAMES:
        message = f"{clip.id} would be left with {max(0, clip.duration_frames)} frames."
        raise RefusedError("no_room", message, "Trim less, or delete it.", clip=clip.id)
    if not _fits(timeline, clip, timeline.media_of(clip)):
        last = timeline.media_of(clip).video
        message = (
            f"{clip.file} has no frames there: it would start at frame {clip.source_start_frame} of {last.duration_frames if last else 0}."
        )
        raise RefusedError("no_room", message, "Trim or slip less, or replace the neighbour.", clip=clip.id)
    if _taken(timeline, clip, timeline.deleted_clips, but=(clip.id,)):
        raise RefusedError("moment_taken", f"{clip.file} shows or bars those frames elsewhere.", "Choose others.", clip=clip.id)
    return clip


def slip(timeline: Timeline, clip_id: str, by_frames: int, at: str) -> Timeline:
    """The same slot shows its source `by_frames` source frames later. Raises `RefusedError` (`no_room`, `nothing_to_do`)."""
    clip = timeline.clip(clip_id)
    if not by_frames:
        raise RefusedError("nothing_to_do", "Nothing is to be slipped.", "Say how much with --by.")
    made = _checked(timeline, dataclasses.replace(clip, source_start_frame=clip.source_start_frame + by_frames))
    change = Change("clip_slipped", clip_id, {"by_frames": by_frames}, f"Slipped by {by_frames} source frames")
    return settled(timeline, [made if one is clip else one for one in timeline.clips], [change], at)


def replace(timeline: Timeline, clip_id: str, material: Material, at: str) -> Timeline:
    """Other footage in the same slot. Raises `RefusedError` (`no_room`, `moment_taken`)."""
    clip = timeline.clip(clip_id)
    made = placed(timeline, material, clip.timeline_start_frame, clip.duration_frames, clip.id)
    made = dataclasses.replace(_usable(timeline, made, material.media, but=(clip.id,)), edit_history=clip.edit_history)
    details = {
        "media_id": clip.media_id,
        "new_media_id": made.media_id,
        "new_source_start_frame": made.source_start_frame,
    }
    change = Change("clip_replaced", clip_id, details, f"{material.media.name} in place of {clip.file}")
    return settled(timeline, [made if one is clip else one for one in timeline.clips], [change], at, media=(material.media,))


def _usable(timeline: Timeline, clip: Placement, media: Media, but: Sequence[str]) -> Placement:
    if not _fits(timeline, clip, media):
        message = f"{media.name} does not last long enough from frame {clip.source_start_frame} for {clip.duration_frames} frames."
        raise RefusedError("no_room", message, "Begin earlier in it, or use another clip.", clip=clip.id)
    if _taken(timeline, clip, (), but):
        message = f"{media.name} shows those frames elsewhere in the edit."
        raise RefusedError("moment_taken", message, "Choose another part of it, as name@IN-OUT.", clip=clip.id)
    return clip


def insert(timeline: Timeline, start: int, end: int, material: Material, at: str) -> Timeline:
    """Puts footage over timeline frames [start, end): what is there gives way, all other cuts stay.

    Clips that are covered whole leave the edit (without being barred), partly covered ones get shorter. Raises `RefusedError`
    (`locked`, `no_room`, `moment_taken`, `outside`).
    """
    if not 0 <= start < end <= timeline.duration_frames:
        raise RefusedError("outside", f"Frames {start} to {end} do not lie in the edit.", f"It has {timeline.duration_frames} frames.")
    span = FrameSpan(start, end)
    held = next((one for one in timeline.clips if one.lock is not None and one.span.overlaps(span)), None)
    if held is not None:
        raise RefusedError("locked", f"{held.id} is locked and lies there.", "Unlock it, or insert elsewhere.", clip=held.id)
    clip_id = next_id(timeline)
    covered = [one.id for one in timeline.clips if span.contains(one.span)]
    made = _usable(timeline, placed(timeline, material, start, end - start, clip_id), material.media, but=covered)
    clips = sorted([*_around(timeline, span), made], key=lambda one: one.timeline_start_frame)
    details = {"position": clips.index(made) + 1, "source_start_frame": made.source_start_frame, "duration_frames": end - start}
    change = Change("clip_inserted", clip_id, {"media_id": made.media_id, **details}, f"Put in at position {details['position']}")
    return settled(timeline, clips, [change], at, media=(material.media,))


def _around(timeline: Timeline, span: FrameSpan) -> list[Placement]:
    """The clips with `span` cut out of them; one that reaches over it on both sides becomes two."""
    rows: list[Placement] = []
    split = 0
    for clip in timeline.clips:
        if not clip.span.overlaps(span):
            rows.append(clip)
            continue
        before, after = span.start - clip.span.start, clip.span.end - span.end
        if before > 0:
            rows.append(resized(timeline, clip, tail=before - clip.duration_frames))
        if after > 0:
            rest = resized(timeline, clip, head=after - clip.duration_frames)
            split += before > 0
            rows.append(dataclasses.replace(rest, id=next_id(timeline, split)) if before > 0 else rest)
    return rows
