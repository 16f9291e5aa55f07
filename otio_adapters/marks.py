"""What people and programs leave on clips: our ids and revisions, our markers, and marks that mean "leave this alone". Pure."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from engine.model.cutlist import CutMarker
from engine.model.timeline import Timeline
from otio_adapters.layout import Shot

__all__ = [
    "LOCK_LABEL",
    "LOCK_PREFIX",
    "SIGN",
    "Mark",
    "edit_metadata",
    "edit_note",
    "id_note",
    "is_ours",
    "lock_marks",
    "lock_seen",
    "our_metadata",
    "own_note",
    "shot_marks",
    "timeline_marks",
]

SIGN = "[cutprint]"
"""Ends the note of every marker of ours, so that they can be told from a person's."""
LOCK_NAME = "LOCK"
LOCK_LABEL = "Rose"
"""Premiere's label that means locked (`engine.telemetry.seen.LOCK_LABELS` holds it)."""
LOCK_PREFIX = "[L] "
"""Before the name of a locked clip, where a program keeps the names that it is given."""
LOCK_WORD = re.compile(r"^\s*lock(ed)?\b", re.IGNORECASE)
"""A marker with this name or note locks its clip, in any colour."""
LOCKED_NAME = re.compile(r"^\s*\[L\]", re.IGNORECASE)
OUR_NOTE = re.compile(r"^\s*cutprint\s+(\S+)(?:\s+lock=(\S*))?\s*$")
"""What our writers put into notes and log notes of FCPXML and Final Cut 7 XML."""
OUR_SIGN = re.compile(r"\[cutprint(?:\s+lock=([\w,]*))?\]\s*$")
OUR_TITLE = re.compile(r"^(\S+) \d\.\d\d$")
"""Name of the marker that says why a shot is there (`Shot.title`)."""
EDIT_NOTE = re.compile(r"^\s*cutprint\s+(\{.*\})\s*$", re.DOTALL)
COLOURS = {"section": "BLUE", "drop": "RED", "downbeat": "YELLOW", "beat": "ORANGE", "user": "GREEN"}
"""Of timeline markers, in OpenTimelineIO's names; in order of importance."""
KINDS = {
    "none": (),
    "reasons": (),
    "sections": ("section", "drop"),
    "beats": ("section", "drop", "downbeat", "beat"),
    "all": tuple(COLOURS),
}


@dataclass(frozen=True)
class Mark:
    """A marker to be written: `frame` of the edit, or of the shot that it is on."""

    frame: int
    name: str
    note: str
    colour: str


# --- written ----------------------------------------------------------------------------------------------------------


def timeline_marks(timeline: Timeline, choice: str, signed: bool = True) -> list[Mark]:
    """Markers of the edit for a choice of `ExportOptions.markers`: one a frame, because some programs keep only one.

    Where several fall on one frame the most important gives the colour, and all are named. signed : with a first one that says
    which edit and revision it is.
    """
    order = list(COLOURS)
    rows = [mark for mark in timeline.markers if mark.kind in KINDS[choice]]
    by_frame: dict[int, list[tuple[int, str, str]]] = {}
    for row in rows:
        by_frame.setdefault(row.frame, []).append((order.index(row.kind), row.name, row.note))
    marks = [_merged(frame, sorted(found, key=lambda one: one[0])) for frame, found in sorted(by_frame.items())]
    if signed and choice != "none":
        free = next(frame for frame in range(timeline.duration_frames + 1) if frame not in by_frame)
        marks.append(Mark(free, "cutprint", edit_note(timeline), "CYAN"))
    return sorted(marks, key=lambda one: one.frame)


def _merged(frame: int, rows: Sequence[tuple[int, str, str]]) -> Mark:
    names = list(dict.fromkeys(name for _, name, _ in rows if name))
    notes = list(dict.fromkeys(note for _, _, note in rows if note))
    return Mark(frame, ", ".join(names), " ".join([*notes, SIGN]), COLOURS[list(COLOURS)[rows[0][0]]])


def shot_marks(shot: Shot, choice: str, written: Sequence[str], as_json: bool = False) -> list[Mark]:
    """Markers on a shot, in its own frames and never two on one: which it is and why it is there, and LOCK where it is locked.

    written : the lock marks that the file has on it. as_json : for formats in which a marker is the only place for our id.
    """
    if choice == "none":
        return []
    middle = shot.duration // 2
    words = choice in ("reasons", "all")
    marks = []
    if as_json and (words or shot.locked):
        marks.append(Mark(middle, "cutprint", id_note(shot, written, why=words), "CYAN"))
    elif words or shot.locked:
        sign = f"[cutprint lock={','.join(written)}]" if written else SIGN
        marks.append(Mark(middle, shot.title, f"{shot.reason} {sign}".strip() if words else sign, "CYAN"))
    if not shot.locked:
        return marks
    if shot.duration == 1:
        return [Mark(0, LOCK_NAME, marks[0].note, "RED")]
    return [*marks, Mark(middle + 1 if middle + 1 < shot.duration else middle - 1, LOCK_NAME, SIGN, "RED")]


def lock_marks(shot: Shot, choice: str, *kinds: str) -> list[str]:
    """Of `kinds` (marker, name, label) those that are written on a shot: none on one that is not locked."""
    return [kind for kind in kinds if kind != "marker" or choice != "none"] if shot.locked else []


def own_note(shot: Shot, marks: Sequence[str] = ()) -> str:
    """Our id and the lock marks that were written, in words for formats with a note."""
    return f"cutprint {shot.id}" + (f" lock={','.join(marks)}" if marks else "")


def id_note(shot: Shot, marks: Sequence[str], why: bool = True) -> str:
    """The same as JSON, for the note of a marker."""
    row: dict[str, Any] = {"v": 1, "id": shot.id, **({"sure": round(shot.confidence, 2)} if why else {})}
    row |= {"lock": list(marks)} if marks else {}
    row |= {"why": shot.reason} if why else {}
    return json.dumps(row, ensure_ascii=False)


def edit_note(timeline: Timeline) -> str:
    """Which edit and revision a file was made from."""
    return json.dumps({"v": 1, "project": timeline.project_id, "revision": timeline.revision}, ensure_ascii=False)


# --- read -------------------------------------------------------------------------------------------------------------


def is_ours(name: str, note: str) -> bool:
    """Whether a marker is one that our writers made; LOCK is a decision and counts as the person's."""
    if LOCK_WORD.match(name):
        return False
    return bool(OUR_SIGN.search(note)) or (name == "cutprint" and bool(_json_row(note)))


def lock_seen(name: str, markers: Iterable[CutMarker]) -> list[str]:
    """Which marks on a clip of that name say that it may not be changed."""
    marked = any(LOCK_WORD.match(one.name) or (LOCK_WORD.match(one.note) and not is_ours(one.name, one.note)) for one in markers)
    return ["marker"] * marked + ["name"] * bool(LOCKED_NAME.match(name))


def our_metadata(
    notes: Iterable[str], markers: Sequence[CutMarker], name: str = "", own: Mapping[str, Any] | None = None
) -> dict[str, Any]:
    """What a clip says of us: `{"cutprint": {"id": ..., "lock": [...]}}`, hints for matching and never a proof, and `lock_marks` seen.

    own : where the format has a place of its own for it.
    """
    row = dict(own) if own else _noted(notes, markers)
    seen = lock_seen(name, markers)
    return ({"cutprint": row} if row else {}) | ({"lock_marks": seen} if seen else {})


def _noted(notes: Iterable[str], markers: Iterable[CutMarker]) -> dict[str, Any]:
    for note in notes:
        found = OUR_NOTE.match(note)
        if found and not found[1].startswith("{"):
            return {"id": found[1], **({"lock": found[2].split(",")} if found[2] else {})}
    for marker in markers:
        row = _json_row(marker.note) if marker.name in ("cutprint", LOCK_NAME) else _titled(marker)
        if row and isinstance(row.get("id"), str):
            return {key: row[key] for key in ("id", "lock") if key in row}
    return {}


def _titled(marker: CutMarker) -> dict[str, Any] | None:
    """What our marker with id and confidence says, where there is no better place."""
    title, sign = OUR_TITLE.match(marker.name), OUR_SIGN.search(marker.note)
    if not title or not sign:
        return None
    return {"id": title[1], **({"lock": sign[1].split(",")} if sign[1] else {})}


def edit_metadata(notes: Iterable[str], markers: Iterable[CutMarker]) -> dict[str, Any]:
    """`{"cutprint": {"project": ..., "revision": ...}}` where a file says which edit it was made from."""
    texts = [found[1] for note in notes for found in [EDIT_NOTE.match(note)] if found]
    for text in [*texts, *(marker.note for marker in markers if marker.name == "cutprint")]:
        row = _json_row(text)
        if row and "revision" in row:
            return {"cutprint": row}
    return {}


def _json_row(note: str) -> dict[str, Any] | None:
    try:
        found = json.loads(note)
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None
