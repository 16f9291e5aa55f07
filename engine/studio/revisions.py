"""Revisions of an edit on disk: the head and what came before it, gone back to and forward to, never lost."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from engine.errors import RefusedError
from engine.model.events import EVENTS, Event, Redone, Undone
from engine.model.timeline import Timeline, UserEdit
from engine.store.projects import HEAD, REVISIONS, ProjectFolder, load_timeline
from engine.studio import exporting, rendering
from engine.studio.remembering import remember_revision
from engine.studio.requests import HistoryRequest, RedoRequest, UndoRequest
from engine.studio.resuming import AlreadyDone, is_of_this_job, record_once, tagged

if TYPE_CHECKING:
    from engine.progress import Progress
    from engine.studio.context import Studio

__all__ = ["committed", "events_of", "head_of", "history", "next_revision", "redo", "undo"]

STORYBOARD = "storyboard.png"


@contextmanager
def head_of(studio: Studio, given: Path, parent: int | None = None) -> Iterator[tuple[ProjectFolder, Timeline]]:
    """The project of a timeline, held for this process, with its head.

    Raises `RefusedError` (`newer_revision` where an old revision is named or the head is no longer `parent`), `DocumentError`, and
    `AlreadyDone` in a job that runs again and made the head before.
    """
    timeline, path = load_timeline(given)
    home = path.parent.parent if path.parent.name == REVISIONS else path.parent
    folder = ProjectFolder(home)
    with folder.locked():
        head = load_timeline(home / HEAD)[0]
        if is_of_this_job(studio, head):
            raise AlreadyDone(_told_again(studio, folder, head))
        asked = timeline.revision if parent is None else parent
        if asked != head.revision or timeline.project_id != head.project_id:
            message = f"That is revision {asked}; the edit is at revision {head.revision}."
            hint = f"Change {home / HEAD}, or `cutprint undo --to {asked}` first."
            raise RefusedError("newer_revision", message, hint, head=head.revision, asked=asked)
        yield folder, head


def _told_again(studio: Studio, folder: ProjectFolder, head: Timeline) -> dict[str, Any]:
    """The answer that was lost, and what was not yet remembered."""
    remember_revision(studio, folder.folder, head)
    if head.parent is not None:
        record_once(studio, head, events_of(studio, folder.revision(head.parent), head))
    exports, hints, warnings = exporting.all_formats(studio, head)
    return {**_answer(folder, head, [*exports, STORYBOARD], hints, warnings), "from_revision": head.parent}


def next_revision(folder: ProjectFolder, head: Timeline | None) -> int:
    """A number that no revision of the project has."""
    return max([*folder.revisions(), head.revision if head else 0]) + 1


def committed(
    studio: Studio, folder: ProjectFolder, timeline: Timeline, progress: Progress, *, leave_foreign: bool = False, redo: Sequence[int] = ()
) -> dict[str, Any]:
    """Makes a revision the head, its exports and storyboard with it; what answers have in common.

    leave_foreign : exports that somebody saved over stay theirs, instead of `RefusedError` (`output_not_ours`). redo : revisions that were
    undone on the way to this one.
    """
    exports, hints, warnings = exporting.all_formats(studio, timeline)
    exports[STORYBOARD] = rendering.storyboard_png(studio, timeline, progress)
    theirs = set(folder.foreign(list(exports))) if leave_foreign else set()
    exports = {name: body for name, body in exports.items() if name not in theirs}
    timeline = tagged(studio, timeline)
    folder.commit(timeline, exports, redo)
    remember_revision(studio, folder.folder, timeline)
    return _answer(folder, timeline, exports, hints, warnings)


def _answer(
    folder: ProjectFolder, timeline: Timeline, exports: Iterable[str], hints: Sequence[str], warnings: Sequence[str]
) -> dict[str, Any]:
    return {
        "timeline": str(folder.head),
        "project_id": timeline.project_id,
        "revision": timeline.revision,
        "parent": timeline.parent,
        "duration_s": float(timeline.duration_s),
        "shots": len(timeline.clips),
        "locked": [clip.id for clip in timeline.clips if clip.lock is not None],
        "files": [str(folder.folder / name) for name in (HEAD, *exports)],
        "warnings": list(warnings),
        "import": list(hints),
    }


def events_of(studio: Studio, before: Timeline, after: Timeline) -> list[Event]:
    """The telemetry of what a revision's new rows say."""
    return [_event(studio, before, after, row) for row in after.user_edits[len(before.user_edits) :]]


def _event(studio: Studio, before: Timeline, after: Timeline, row: UserEdit) -> Event:
    kind = EVENTS[row.action]
    names = {field.name for field in dataclasses.fields(kind)}
    clip = next((one for one in (*before.clips, *after.clips) if one.id == row.clip_id), None)
    known: dict[str, Any] = {"door": studio.door, "creator_id": after.creator_id}
    if clip is not None:
        known |= {"clip_id": clip.id, "media_id": clip.media_id, "ai_confidence": clip.facts.ai_confidence if clip.decision else None}
    values = {name: value for name, value in {**known, **row.details}.items() if name in names}
    made: Event = kind(row.timestamp, after.project_id, after.revision, **values)
    return made


def undo(studio: Studio, request: UndoRequest, progress: Progress) -> dict[str, Any]:
    """Handler of `undo`."""
    with head_of(studio, request.timeline) as (folder, head):
        number = request.to if request.to is not None else head.parent
        if number is None:
            raise RefusedError("nothing_to_do", f"Revision {head.revision} is the first: there is nothing to undo.", "")
        if request.to is not None and request.to >= head.revision:
            message = f"Revision {request.to} does not lie before {head.revision}."
            raise RefusedError("nothing_to_do", message, "`cutprint redo` goes forward.")
        result = committed(studio, folder, _gone_to(studio, folder, head, number, "undo"), progress, redo=(*folder.undone(), head.revision))
        studio.record(Undone(studio.now(), head.project_id, head.revision, studio.door, head.creator_id, number))
    return {**result, "from_revision": head.revision}


def redo(studio: Studio, request: RedoRequest, progress: Progress) -> dict[str, Any]:
    """Handler of `redo`."""
    with head_of(studio, request.timeline) as (folder, head):
        undone = folder.undone()
        number = request.to if request.to is not None else undone[-1] if undone else _only_child(folder, head)
        left = undone[: undone.index(number)] if number in undone else []
        result = committed(studio, folder, _gone_to(studio, folder, head, number, "redo"), progress, redo=left)
        studio.record(Redone(studio.now(), head.project_id, head.revision, studio.door, head.creator_id, number))
    return {**result, "from_revision": head.revision}


def _gone_to(studio: Studio, folder: ProjectFolder, head: Timeline, number: int, action: str) -> Timeline:
    """A kept revision with the row that says how it became the head again."""
    one = folder.revision(number)
    row = UserEdit(studio.now(), action, None, {"from_revision": head.revision, "to_revision": number})
    return one.replace(user_edits=(*one.user_edits, row))


def _only_child(folder: ProjectFolder, head: Timeline) -> int:
    """The revision made from the head. Raises `RefusedError` (`nothing_to_do`, `several_ways`) where there is not exactly one."""
    later = [one for one in folder.revisions() if one > head.revision and folder.revision(one).parent == head.revision]
    if not later:
        raise RefusedError("nothing_to_do", f"Nothing was made from revision {head.revision} yet.", "`cutprint history` lists them.")
    if len(later) > 1:
        known = ", ".join(str(one) for one in later)
        raise RefusedError("several_ways", f"From revision {head.revision} were made {known}.", "Say which with --to.", revisions=later)
    return later[0]


def history(studio: Studio, request: HistoryRequest, progress: Progress) -> dict[str, Any]:
    """Handler of `history`: a row per revision, oldest first."""
    timeline, path = load_timeline(request.timeline)
    home = path.parent.parent if path.parent.name == REVISIONS else path.parent
    folder = ProjectFolder(home)
    known = {number: folder.revision(number) for number in folder.revisions()}
    head = load_timeline(home / HEAD)[0] if (home / HEAD).exists() else timeline
    known.setdefault(head.revision, head)
    rows = [_history_row(known, number, head) for number in sorted(known)]
    return {"timeline": str(path), "project_id": timeline.project_id, "head": head.revision, "revisions": rows}


def _history_row(known: Mapping[int, Timeline], number: int, head: Timeline) -> dict[str, Any]:
    one = known[number]
    parent = known.get(one.parent) if one.parent is not None else None
    new = one.user_edits[len(parent.user_edits) :] if parent and len(one.user_edits) >= len(parent.user_edits) else ()
    return {
        "revision": number,
        "parent": one.parent,
        "head": number == head.revision,
        "at": new[-1].timestamp if new else one.created_at,
        "shots": len(one.clips),
        "locked": sum(clip.lock is not None for clip in one.clips),
        "what": [_said(row) for row in new if row.action not in ("undo", "redo")] or ["edit_generated"],
    }


def _said(row: UserEdit) -> str:
    asked = row.details.get("words") or row.details.get("instruction", "")
    return " ".join(filter(None, (row.action, row.clip_id, str(asked))))
