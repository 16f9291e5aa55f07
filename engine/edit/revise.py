"""What a person changed, written down: the next revision with its locks, histories and rows, whichever door the change came through.

`settled` is the one place where a change becomes a document: the command line, the panel and read-back from an NLE all end here.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from engine.errors import BadOption, RefusedError
from engine.model.media import Media
from engine.model.names import DELETE_REASONS
from engine.model.time import FrameRate
from engine.model.timeline import (
    DeletedClip,
    FinalStatus,
    HistoryEntry,
    Lock,
    Outcome,
    Placement,
    SongUse,
    Timeline,
    Transition,
    UserEdit,
)

__all__ = ["LOCKS_BY", "Change", "beat_at", "deleted_row", "joined", "lock", "settled", "unlock"]

LOCKS_BY: Mapping[str, str] = MappingProxyType(
    {
        "clip_reordered": "user_reordered",
        "clip_trimmed": "user_trimmed",
        "clip_split": "user_trimmed",
        "clip_retimed": "user_trimmed",
        "clip_slipped": "user_slipped",
        "clip_reframed": "user_reframed",
        "clip_replaced": "user_replaced",
        "clip_inserted": "user_inserted",
        "clip_locked": "user_locked",
    }
)
"""Action of a person -> the lock's reason: whatever somebody placed stays as it is until it is unlocked."""
BEAT_REACH_S = 0.067
"""A cut this near a beat is on it (two frames at 30: editors cut up to that much early on purpose)."""


@dataclass(frozen=True)
class Change:
    """One thing a person did to a clip, or (clip_id None) to the edit.

    action : one of `names.USER_ACTIONS`. details : as its event names them. note : in words, for the lock.
    """

    action: str
    clip_id: str | None
    details: Mapping[str, Any] = field(default_factory=dict)
    note: str = ""


def settled(
    timeline: Timeline,
    clips: Sequence[Placement],
    changes: Sequence[Change],
    at: str,
    *,
    deleted: Sequence[DeletedClip] = (),
    media: Sequence[Media] = (),
    **more: Any,
) -> Timeline:
    """The next revision: `clips` as the primary track, each changed one locked by what was done to it.

    clips : contiguous, in order, ids kept where a clip stayed. changes : oldest first. at : ISO 8601. deleted : rows of clips thrown out.
    media : of clips that the timeline did not know. more : other fields to replace (tracks, say). Raises `DocumentError` where laws break.
    """
    revision = int(more.pop("revision", timeline.revision + 1))
    by_clip: dict[str, list[Change]] = {}
    for change in changes:
        if change.clip_id is not None:
            by_clip.setdefault(change.clip_id, []).append(change)
    placed = tuple(_marked(clip, by_clip.get(clip.id, ()), at, revision) for clip in clips)
    rows = {row.media_id: row for row in (*media, *timeline.media)}
    return timeline.replace(
        clips=placed,
        media=tuple(rows[one] for one in sorted(rows)),
        transitions=joined(timeline, placed),
        deleted_clips=(*timeline.deleted_clips, *deleted),
        user_edits=(*timeline.user_edits, *(UserEdit(at, one.action, one.clip_id, dict(one.details)) for one in changes)),
        outcomes=_outcomes(timeline, placed, deleted, rows),
        final_status=FinalStatus(),
        revision=revision,
        parent=timeline.revision,
        **more,
    )


def _marked(clip: Placement, changes: Sequence[Change], at: str, revision: int) -> Placement:
    """The placement with its locks and history rows."""
    for change in changes:
        reason = LOCKS_BY.get(change.action)
        if reason is not None:
            clip = dataclasses.replace(clip, lock=Lock("user", at, reason, change.note))
        elif change.action == "clip_unlocked":
            clip = dataclasses.replace(clip, lock=None)
        name = reason or change.action.replace("clip_", "user_")
        clip = dataclasses.replace(clip, edit_history=(*clip.edit_history, HistoryEntry(name, at, revision, dict(change.details))))
    return clip


def joined(timeline: Timeline, clips: Sequence[Placement]) -> tuple[Transition, ...]:
    """A transition for each cut: the old one where the same two clips still meet and it still has room, a hard cut elsewhere."""
    old = {(one.from_clip, one.to_clip): one for one in timeline.transitions}
    rows = []
    for before, after in zip(clips, clips[1:]):
        beat = beat_at(timeline.song, timeline.rate, after.timeline_start_frame)
        kept = old.get((before.id, after.id))
        if kept is None or kept.duration_frames > min(before.duration_frames, after.duration_frames):
            kept = Transition(before.id, after.id)
        elif kept.beat_index is not None and timeline.clip(after.id).timeline_start_frame == after.timeline_start_frame:
            beat = kept.beat_index
        rows.append(dataclasses.replace(kept, at_beat=beat is not None, beat_index=beat))
    return tuple(rows)


def beat_at(song: SongUse | None, rate: FrameRate, frame: int) -> int | None:
    """Index of the beat that a cut at `frame` lies on, None where it lies on none."""
    if song is None or not song.beats:
        return None
    time = float(rate.seconds(frame))
    nearest = min(range(len(song.beats)), key=lambda index: abs(song.beats[index] - time))
    return nearest if abs(song.beats[nearest] - time) <= BEAT_REACH_S else None


def _outcomes(
    timeline: Timeline, clips: Sequence[Placement], deleted: Sequence[DeletedClip], media: Mapping[str, Media]
) -> tuple[Outcome, ...]:
    """The outcome rows as they are now: used where a clip stands in the edit, deleted or taken out where it no longer does."""
    used: dict[str, list[str]] = {}
    for clip in clips:
        used.setdefault(clip.media_id, []).append(clip.id)
    barred = {row.media_id for row in (*timeline.deleted_clips, *deleted)}
    rows = [_outcome(row, used, barred) for row in timeline.outcomes]
    known = {row.media_id for row in rows}
    rows += [Outcome(one, media[one].name, "used", "put in by you", tuple(ids)) for one, ids in used.items() if one not in known]
    return tuple(rows)


def _outcome(row: Outcome, used: Mapping[str, list[str]], barred: set[str]) -> Outcome:
    if row.media_id in used and row.status != "unreadable" and not (row.status == "near_duplicate" and row.duplicate_of == row.media_id):
        reason = row.reason if row.status == "used" else "in the edit"
        return Outcome(row.media_id, row.file, "used", reason, tuple(used[row.media_id]))
    if row.status == "used":
        thrown = row.media_id in barred
        return Outcome(row.media_id, row.file, "deleted" if thrown else "not_chosen", "deleted by you" if thrown else "taken out by you")
    return row


def deleted_row(clip: Placement, at: str, reason: str | None = None, text: str = "", moment_end: int | None = None) -> DeletedClip:
    """The row of a clip that was thrown out. moment_end : with it only source frames up to there are barred, not the whole take."""
    if reason is not None and reason not in DELETE_REASONS:
        raise BadOption("bad_reason", f"{reason!r} is no reason Cutprint knows.", f"Use one of {', '.join(DELETE_REASONS)}.")
    start = clip.source_start_frame if moment_end is not None else None
    return DeletedClip(clip.id, clip.media_id, at, clip.facts.ai_confidence, reason, text, start, moment_end, clip.facts)


def lock(timeline: Timeline, clip_ids: Sequence[str], at: str, note: str = "") -> Timeline:
    """These placements stay frame-identical from now on."""
    for one in clip_ids:
        timeline.clip(one)
    done = [one for one in clip_ids if timeline.clip(one).lock is None]
    if not done:
        raise RefusedError("already_locked", "What you named is locked already.", "`cutprint show` lists the locks.", clips=list(clip_ids))
    return settled(timeline, timeline.clips, [Change("clip_locked", one, {"reason": "user_locked"}, note) for one in done], at)


def unlock(timeline: Timeline, clip_ids: Sequence[str], at: str) -> Timeline:
    """The engine may change these placements again."""
    done = [one for one in clip_ids if timeline.clip(one).lock is not None]
    if not done:
        raise RefusedError("not_locked", "Nothing of what you named is locked.", "`cutprint show` lists the locks.", clips=list(clip_ids))
    return settled(timeline, timeline.clips, [Change("clip_unlocked", one) for one in done], at)
