"""How an edit of a watched shoot ended: the mark to remember, words for people, and a problem file beside each file that was no use."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bridge_server.watching.problems import clear_problem, write_problem
from bridge_server.watching.shoot import look
from engine.errors import CutprintError
from engine.store.folders import Mark
from engine.store.jobs import Job
from engine.store.projects import load_timeline

if TYPE_CHECKING:
    from engine.studio.context import Studio

__all__ = ["Ending", "conclude"]

UNUSABLE = ("unreadable",)
"""Outcomes that are the file's fault; a clip that is too dark or was not chosen is no problem to mend."""


@dataclass(frozen=True)
class Ending:
    mark: Mark
    words: str


def conclude(studio: Studio, folder: Path, mark: Mark, job: Job, later: bool) -> Ending:
    """What to remember and to say about a job that has ended; `later` : it will be asked for again."""
    if job.status == "done":
        output = Path(str(mark.details.get("output", "")))
        troubled = _tell_files(folder, output)
        clear_problem(folder)
        details = {**mark.details, "problem": None, "files": troubled}
        result: dict[str, Any] = dict(job.result or {})
        words = f"done, {result.get('shots', '?')} shots in {output}" + (f"; {len(troubled)} files were no use" if troubled else "")
        return Ending(_with(mark, studio, "done", details), words)
    error = dict(job.error or {})
    message, hint = str(error.get("message", "It did not work.")), str(error.get("hint", ""))
    if later:
        return Ending(_with(mark, studio, "again", dict(mark.details)), f"{message} Trying again soon.")
    written = write_problem(folder, message, hint)
    details = {**mark.details, "problem": str(folder) if written else None}
    return Ending(_with(mark, studio, "problem", details), message)


def _with(mark: Mark, studio: Studio, status: str, details: dict[str, Any]) -> Mark:
    return dataclasses.replace(mark, status=status, details=details, handled_at=studio.now())


def _tell_files(folder: Path, output: Path) -> list[str]:
    """Writes problem files for clips that could not be read, and takes away those of clips that now can. Returns the names."""
    try:
        outcomes = load_timeline(output)[0].outcomes
        clips = look(folder).clips
    except (CutprintError, OSError):
        return []
    bad = {row.file: row.reason for row in outcomes if row.status in UNUSABLE}
    for clip in clips:
        if clip.path.name in bad:
            write_problem(clip.path, bad[clip.path.name], "Copy it again from the camera, or take it away.")
        else:
            clear_problem(clip.path)
    return sorted(bad)
