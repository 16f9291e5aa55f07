"""Timelines that came back from an editing program: matched with the edit they came from and read back, each once."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bridge_server.watching.problems import clear_problem, problem_path, write_problem
from bridge_server.watching.shoot import OUTPUT, RETURNS, Found, job_key, returned_files
from engine.errors import CutprintError, DocumentError
from engine.store.folders import Mark
from engine.store.projects import HEAD, ProjectFolder, load_timeline

if TYPE_CHECKING:
    from bridge_server.jobs import JobRunner
    from engine.model.timeline import Timeline
    from engine.studio.context import Studio

__all__ = ["Returns"]

READBACK = "readback"
URGENT = 1
"""A read-back takes seconds and need not wait behind a heavy edit."""


class Returns:
    """Looks for returned timelines in `returns/` and beside each edit."""

    def __init__(self, studio: Studio, runner: JobRunner, settled_s: float, clock: Callable[[], float], say: Callable[[str], None]) -> None:
        self._studio, self._runner, self._settled_s, self._clock, self._say = studio, runner, settled_s, clock, say
        self._seen: dict[Path, tuple[Found, float]] = {}

    @property
    def busy(self) -> bool:
        """Whether a file has not stood still for long enough yet."""
        return bool(self._seen)

    def consider(self, folder: Path) -> None:
        """Every returned file of one watched folder."""
        edits = list(_edits(folder))
        self._seen = {path: seen for path, seen in self._seen.items() if path.exists()}
        for found in returned_files(folder / RETURNS):
            self._one(found, edits)
        for edit in edits:
            ours = ProjectFolder(edit).written()
            for found in returned_files(edit):
                if found.path.name not in ours:
                    self._one(found, [edit])

    def _one(self, found: Found, edits: list[Path]) -> None:
        mark = self._studio.store.folders.marked(found.path)
        signature = _signature(found)
        if mark is not None and mark.status == "working":
            self._follow(found, mark)
            return
        if mark is not None and mark.signature == signature and not _again(found.path, mark):
            self._seen.pop(found.path, None)
            return
        known, since = self._seen.get(found.path, (None, 0.0))
        if known != found:
            self._seen[found.path] = (found, self._clock())
            return
        if self._clock() - since < self._settled_s:
            return
        self._seen.pop(found.path, None)
        self._handle(found, signature, edits, 1 + int(mark.details.get("tries", 0)) if mark else 1)

    def _handle(self, found: Found, signature: str, edits: list[Path], tries: int) -> None:
        """Asks for the read-back as a job: a bridge that dies in the middle finishes it at the next start."""
        try:
            edit = self._origin(found.path, edits)
        except CutprintError as error:
            self._problem(found.path, signature, error.message, error.hint, tries)
            return
        body = {"edited": str(found.path), "against": str(edit / HEAD)}
        key = job_key("return", signature, tries, found.path)
        job = self._studio.store.jobs.submit(READBACK, body, door="watch", priority=URGENT, key=key)
        self._mark(found.path, signature, "working", {"against": str(edit), "tries": tries}, job.job_id)
        self._runner.wake()
        self._say(f"{found.path.name}: reading back what was changed in {edit.parent.name}")

    def _follow(self, found: Found, mark: Mark) -> None:
        job = self._studio.store.jobs.get(mark.job_id or "")
        if not job.is_finished:
            return
        error = dict(job.error or {})
        if job.status == "done":
            clear_problem(found.path)
            result = dict(job.result or {})
            self._mark(found.path, mark.signature, "done", {**mark.details, "result": _summary(result)}, job.job_id)
            self._say(f"{found.path.name}: {_words(result)}")
        elif error.get("code") in ("output_busy", "database_busy", "newer_revision"):
            self._mark(found.path, f"again {job.job_id}", "again", dict(mark.details), None)  # seen as new: asked for once more
        else:
            self._problem(
                found.path, mark.signature, str(error.get("message", "")), str(error.get("hint", "")), int(mark.details.get("tries", 0))
            )

    def _problem(self, path: Path, signature: str, message: str, hint: str, tries: int) -> None:
        written = write_problem(path, message, hint)
        self._mark(path, signature, "problem", {"problem": str(path) if written else None, "tries": tries})
        self._say(f"{path.name}: {message}")

    def _mark(self, path: Path, signature: str, status: str, details: dict[str, Any], job_id: str | None = None) -> None:
        self._studio.store.folders.mark(Mark(str(path), signature, status, self._studio.now(), job_id, details))

    def _origin(self, path: Path, edits: list[Path]) -> Path:
        """The edit that a file came from: by its project's id, else its name, else the clips it shows. Raises `DocumentError`."""
        if len(edits) == 1:
            return edits[0]
        from engine.studio.resolving import read_cut_list

        cuts = read_cut_list(self._studio, path)
        text = json.dumps(dict(cuts.metadata), default=str)
        shown = {event.media.name for track in cuts.tracks for event in track.events}
        ranked = sorted(
            ((_likeness(load_timeline(edit)[0], edit, (cuts.name, path.stem), text, shown), edit) for edit in edits), reverse=True
        )
        if not ranked or ranked[0][0] == (0, 0.0) or (len(ranked) > 1 and ranked[0][0] == ranked[1][0]):
            message = f"{path.name} cannot be matched with one edit in this folder."
            raise DocumentError("return_unmatched", message, "Put it beside its edit, into that shoot's cutprint folder.")
        return ranked[0][1]


def _likeness(timeline: Timeline, edit: Path, called: tuple[str, str], metadata: str, shown: set[str]) -> tuple[int, float]:
    if timeline.project_id in metadata:
        return (2, 1.0)
    names = {str(timeline.extra.get("name", "")), edit.parent.name}
    clips = {clip.file for clip in timeline.clips}
    share = len(clips & shown) / max(1, len(clips | shown))
    return (1 if any(one and text.startswith(one) for one in names for text in called) else 0, share)


def _edits(folder: Path) -> Iterator[Path]:
    """Folders below a watched one that hold an edit."""
    for head in sorted(folder.glob(f"*/{OUTPUT}*/{HEAD}")):
        yield head.parent


def _signature(found: Found) -> str:
    return hashlib.sha256(f"{found.size_bytes} {found.modified_ns}".encode()).hexdigest()[:32]


def _again(path: Path, mark: Mark) -> bool:
    return mark.status == "problem" and bool(mark.details.get("problem")) and not problem_path(path).exists()


def _summary(result: dict[str, Any]) -> dict[str, Any]:
    """What is worth remembering of a read-back: figures and short texts."""
    return {name: value for name, value in result.items() if isinstance(value, (int, float, str, bool))}


def _words(result: Mapping[str, Any]) -> str:
    counts = {kind: count for kind, count in dict(result.get("counts") or {}).items() if count and kind not in ("kept", "locked")}
    if not result.get("written"):
        return "nothing was changed"
    shown = ", ".join(f"{count} {kind}" for kind, count in counts.items()) or "changed"
    return f"{shown}; it is revision {result.get('revision')} now"
