"""What people and programs leave on clips: our ids, and marks that mean "leave this alone". Pure."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from typing import Any

from engine.model.cutlist import CutMarker

__all__ = ["cutprint_id", "is_locked", "our_metadata"]

LOCK_WORD = re.compile(r"^\s*lock(ed)?\b", re.IGNORECASE)
"""A marker with this name or note locks its clip, in any colour."""
LOCK_PREFIX = re.compile(r"^\s*\[L\]", re.IGNORECASE)
"""A clip name that begins so is locked."""
OUR_NOTE = re.compile(r"^\s*cutprint\s+(\S+)\s*$")
"""What our writers put into notes and log notes of FCPXML and Final Cut 7 XML."""


def is_locked(name: str, markers: Iterable[CutMarker]) -> bool:
    """Whether a clip of that name, with these markers, was marked as not to be changed."""
    return bool(LOCK_PREFIX.match(name)) or any(LOCK_WORD.match(mark.name) or LOCK_WORD.match(mark.note) for mark in markers)


def cutprint_id(notes: Iterable[str], markers: Iterable[CutMarker]) -> str | None:
    """The clip id that our writer left in a note, or as JSON in the note of a marker named `cutprint`; None where there is none."""
    for note in notes:
        found = OUR_NOTE.match(note)
        if found:
            return found[1]
    for marker in markers:
        if marker.name == "cutprint":
            identity = _json_id(marker.note)
            if identity:
                return identity
    return None


def _json_id(note: str) -> str | None:
    try:
        found = json.loads(note)
    except (ValueError, RecursionError):
        return None
    identity = found.get("id") if isinstance(found, dict) else None
    return identity if isinstance(identity, str) else None


def our_metadata(notes: Iterable[str], markers: Iterable[CutMarker]) -> dict[str, Any]:
    """`{"cutprint": {"id": ...}}` where a clip carries our id, else nothing: a hint for matching, never a proof."""
    identity = cutprint_id(notes, markers)
    return {"cutprint": {"id": identity}} if identity else {}
