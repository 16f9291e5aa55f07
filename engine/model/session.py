"""A project and its revisions on disk and in mind."""

from __future__ import annotations

from dataclasses import dataclass

from engine.model.timeline import Decision, Timeline

__all__ = ["Decision", "Project", "Revision"]


@dataclass(frozen=True)
class Project:
    """One job of editing: its id, where its documents live, and who it is for."""

    project_id: str
    folder: str
    created_at: str
    creator_id: str | None = None
    name: str = ""


@dataclass(frozen=True)
class Revision:
    """One immutable state of a project's timeline and what made it. Revision 1 has no parent."""

    number: int
    parent: int | None
    made_by: str
    made_at: str
    timeline: Timeline
    note: str = ""
