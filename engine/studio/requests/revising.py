"""Requests that change an edit: by instruction, by hand, back and forth between revisions."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from engine.studio.requests.fields import said

__all__ = ["CHANGES", "ChangeRequest", "HistoryRequest", "RedoRequest", "ReviseRequest", "UndoRequest"]

CHANGES = ("lock", "unlock", "delete", "move", "trim", "slip", "replace", "insert")
REASONS = ("too_shaky", "blurry", "bad_exposure", "wrong_moment", "duplicate", "off_style", "other")
TIMELINE = "The edit's folder, or its timeline.json."
PARENT = "Refuse unless the edit is still at this revision."


@dataclass(frozen=True)
class ReviseRequest:
    """A section of an edit, or all of it, made again; what is locked or lies outside stays frame-identical."""

    timeline: Path = said(TIMELINE, argument=True)
    instruction: str = said(
        "tighter, more_energy, slower, regenerate, or a sentence of known words such as 'more close-ups, tighter from the drop'."
    )
    start: float | None = said("Second of the edit where the section begins; default: its beginning.", None, flag="from", unit="s")
    end: float | None = said("Second of the edit where the section ends; default: its end.", None, flag="to", unit="s")
    variants: int = said("How many different ones to make; the first becomes the edit, `redo --to` takes another.", 1)
    parent: int | None = said(PARENT, None)


@dataclass(frozen=True)
class ChangeRequest:
    """One change by hand. The song and every other cut stay where they are; what you changed is locked.

    `lock CLIP...`, `unlock CLIP...`, `delete CLIP [--reason --text --moment]`, `move CLIP --to N`, `trim CLIP --head S --tail S`,
    `slip CLIP --by S`, `replace CLIP --with FILE[@IN-OUT]`, `insert --at S --length S --with FILE[@IN-OUT]`.
    """

    timeline: Path = said(TIMELINE, argument=True)
    action: str = said("What to do.", argument=True, choices=CHANGES)
    clip: tuple[str, ...] = said("Clips as `cutprint show` names them: id, number, or file name.", (), argument=True)
    to: int | None = said("move: the new position; 1 is the first.", None)
    head: float = said("trim: seconds to take off its beginning; negative gives some back.", 0.0, unit="s")
    tail: float = said("trim: seconds to take off its end; negative gives some back.", 0.0, unit="s")
    by: float = said("slip: seconds by which it shows its take later; negative: earlier.", 0.0, unit="s")
    material: str | None = said("replace, insert: the clip to put there: a file, or name@IN-OUT in seconds.", None, flag="with")
    at: float | None = said("insert: second of the edit; goes to the nearest beat.", None, unit="s")
    length: float | None = said("insert: seconds; default: up to the next cut.", None, unit="s")
    reason: str | None = said("delete: why.", None, choices=REASONS)
    text: str = said("delete: why, in your words.", "")
    moment: bool = said("delete: bar only this moment, not the whole take.", False)
    note: str = said("lock: a remark.", "")
    parent: int | None = said(PARENT, None)


@dataclass(frozen=True)
class UndoRequest:
    """The revision before becomes the edit again. Nothing is lost: `redo` goes forward."""

    timeline: Path = said(TIMELINE, argument=True)
    to: int | None = said("Go back to this revision; default: the one this one was made from.", None)


@dataclass(frozen=True)
class RedoRequest:
    """A later revision becomes the edit again."""

    timeline: Path = said(TIMELINE, argument=True)
    to: int | None = said("Go to this revision; default: the newest one made from this one.", None)


@dataclass(frozen=True)
class HistoryRequest:
    """Every revision of an edit: what it was made from, and by what."""

    timeline: Path = said(TIMELINE, argument=True)
