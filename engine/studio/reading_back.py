"""`readback`: a timeline that came back from an editing program, compared with the edit it came from, as events and the next revision."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from engine.errors import CutprintError, DocumentError
from engine.model.cutlist import CutEvent, CutList
from engine.model.events import TimelineReviewed
from engine.model.timeline import Timeline
from engine.store.projects import REVISIONS, ProjectFolder, load_timeline
from engine.studio.requests import ReadbackRequest
from engine.studio.resolving import Resolved, read_cut_list, resolve
from engine.studio.returned import Returned, next_revision
from engine.studio.revisions import committed, events_of, head_of
from engine.studio.revisions import next_revision as following
from engine.telemetry.diff import Change, Diff, compare
from engine.telemetry.seen import LOCK_LABELS, seen_events

if TYPE_CHECKING:
    from engine.progress import Progress
    from engine.studio.context import Studio

__all__ = ["readback"]


def readback(studio: Studio, request: ReadbackRequest, progress: Progress) -> dict[str, Any]:
    """Handler of `readback`: classifies every clip, records what was done, and writes the next revision beside the edit."""
    head, path = load_timeline(request.against)
    cuts = read_cut_list(studio, request.edited, head.rate)
    base = _base(head, path.parent, cuts)
    folders = [path.parent, *([request.media] if request.media else [])]
    resolved = resolve(studio, cuts, beside=request.edited.absolute().parent, folders=folders[1:], known=base.media, progress=progress)
    diff = compare(base, seen_events(base, cuts, _media_of(resolved), request.lock_label or LOCK_LABELS))
    if not any("media" in change.votes for change in diff.changes):
        message = f"Nothing in {request.edited.name} is of this edit."
        raise DocumentError("readback_unrelated", message, "Give the edit that this timeline was made from with --against.")
    at = studio.now()
    number = following(ProjectFolder(path.parent), head)
    result = next_revision(base, diff, list(resolved.media.values()), at, number)
    if not request.dry_run:
        _written(studio, path, head, base, result, progress)
    return _report(request, base, head, diff, resolved, result)


def _written(studio: Studio, path: Path, head: Timeline, base: Timeline, result: Returned, progress: Progress) -> None:
    """The next revision on disk, and what was done as telemetry. That somebody looked at it counts even where nothing was changed."""
    shown = result.timeline or base
    there = studio.through("nle")  # whoever asked for it: what is read back was done in an editing program
    if result.timeline is not None:
        with head_of(there, path, head.revision) as (folder, _):
            committed(studio, folder, result.timeline, progress, leave_foreign=True)
        studio.record(*events_of(there, base, result.timeline))
    studio.record(TimelineReviewed(studio.now(), base.project_id, shown.revision, there.door, base.creator_id))


def _media_of(resolved: Resolved) -> Callable[[CutEvent], str | None]:
    def media_id(event: CutEvent) -> str | None:
        media = resolved.media_of(event)
        return media.media_id if media else None

    return media_id


def _base(head: Timeline, folder: Path, cuts: CutList) -> Timeline:
    """The revision that was exported, where the file says which and it is still there; else the head."""
    number = _told_revision(head, cuts)
    if number in (None, head.revision):
        return head
    assert number is not None
    try:
        return ProjectFolder(folder).revision(number)
    except CutprintError:
        return head


def _told_revision(head: Timeline, cuts: CutList) -> int | None:
    own = cuts.metadata.get("cutprint")
    told = [own] if isinstance(own, dict) else []
    for mark in cuts.markers:
        if mark.name == "cutprint":
            try:
                told.append(json.loads(mark.note))
            except (ValueError, RecursionError):
                continue
    for row in told:
        number = row.get("revision") if isinstance(row, dict) else None
        project = row.get("project_id") or row.get("project") if isinstance(row, dict) else None
        if isinstance(number, int) and number > 0 and project == head.project_id:
            return number
    return None


def _report(request: ReadbackRequest, base: Timeline, head: Timeline, diff: Diff, resolved: Resolved, result: Returned) -> dict[str, Any]:
    timeline = result.timeline
    return {
        "edited": str(request.edited),
        "against": str(request.against),
        "base_revision": base.revision,
        "revision": timeline.revision if timeline and not request.dry_run else head.revision,
        "written": bool(timeline and not request.dry_run),
        "counts": diff.counts,
        "clips": [_row(base, change) for change in diff.changes],
        "locked": sorted({one.clip_id for one in result.actions if one.action == "clip_locked"}),
        "unmatched": [row.name for row in diff.unmatched],
        "offline": [{"name": row.name, "path": row.path, "why": row.why} for row in resolved.offline],
        "gaps": [[float(base.rate.seconds(gap.start)), float(base.rate.seconds(gap.end))] for gap in diff.gaps],
        "not_read": list(resolved.cuts.dropped),
        "notes": [*_overtaken(base, head), *result.notes, *_song_notes(base, resolved)],
    }


def _overtaken(base: Timeline, head: Timeline) -> Sequence[str]:
    if base.revision == head.revision:
        return ()
    return (f"It was exported from revision {base.revision}: what later ones changed is not in it. They stay in {REVISIONS}/.",)


def _row(base: Timeline, change: Change) -> dict[str, Any]:
    row = change.row
    return {
        "id": change.clip_id,
        "file": base.clip(change.clip_id).file if change.clip_id else (row.name if row else ""),
        "kinds": list(change.kinds),
        "time_s": float(base.rate.seconds(row.record.start)) if row else None,
        "duration_s": float(base.rate.seconds(row.record.duration)) if row else None,
        "head_frames": change.head_frames,
        "tail_frames": change.tail_frames,
        "slip_frames": change.slip_frames,
        "from_position": change.from_position,
        "to_position": change.to_position,
        "votes": list(change.votes),
        "lock_marks": list(row.lock_marks) if row else [],
        "lock_gone": list(dict.fromkeys(mark for one in (row, *change.pieces) if one for mark in one.lock_gone)),
        "now": row.name if row and "replaced" in change.kinds else None,
    }


def _song_notes(base: Timeline, resolved: Resolved) -> Sequence[str]:
    """What was done to the song: said, not carried over."""
    if base.song is None:
        return ()
    events = [one for track in resolved.cuts.tracks if track.kind == "audio" for one in track.events]
    songs = [one for one in events if (media := resolved.media_of(one)) is not None and media.media_id == base.song.media_id]
    if not songs:
        return () if not events else ("The song is not in the returned timeline; the edit keeps it.",)
    begin = songs[0].source_start_s - resolved.cuts.rate.seconds(songs[0].record.start)
    off = float(begin) - base.song.source_start_s
    return () if abs(off) < float(base.rate.frame_duration) else (f"The song lies {off:+.3f} s otherwise there; the edit keeps its place.",)
