"""Timelines that came back from an editing program: matched with the edit they came from and read back, each once."""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bridge_server.watching.problems import clear_problem, problem_path, write_problem
from bridge_server.watching.shoot import OUTPUT, RETURNS, Found, returned_files
from engine.errors import CutprintError, DocumentError
from engine.progress import SILENT
from engine.store.folders import Mark
from engine.store.projects import HEAD, ProjectFolder, load_timeline
from engine.studio.catalog import USE_CASES

if TYPE_CHECKING:
    from engine.model.timeline import Timeline
    from engine.studio.context import Studio

__all__ = ["Returns"]

READBACK = "readback"


class Returns:
    """Looks for returned timelines in `returns/` and beside each edit."""

    def __init__(self, studio: Studio, settled_s: float, clock: Callable[[], float]) -> None:
        self._studio, self._settled_s, self._clock = studio, settled_s, clock
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
        if mark is not None and mark.signature == signature and not _again(found.path, mark):
            self._seen.pop(found.path, None)
            return
        known, since = self._seen.get(found.path, (None, 0.0))
        if known != found:
            self._seen[found.path] = (found, self._clock())
            return
        if self._clock() - since < self._settled_s or READBACK not in USE_CASES:
            return
        self._seen.pop(found.path, None)
        self._handle(found, signature, edits)

    def _handle(self, found: Found, signature: str, edits: list[Path]) -> None:
        try:
            edit = self._origin(found.path, edits)
            details: dict[str, Any] = {"against": str(edit), "result": _summary(self._read_back(found.path, edit))}
        except CutprintError as error:
            if error.code in ("output_busy", "database_busy"):
                return  # still marked as unseen: it is tried again
            written = write_problem(found.path, error.message, error.hint)
            self._mark(found, signature, "problem", {"problem": str(found.path) if written else None})
            return
        clear_problem(found.path)
        self._mark(found, signature, "done", details)

    def _mark(self, found: Found, signature: str, status: str, details: dict[str, Any]) -> None:
        mark = Mark(str(found.path), signature, status, self._studio.now(), None, details)
        self._studio.store.folders.mark(mark)

    def _read_back(self, path: Path, edit: Path) -> dict[str, Any]:
        case = USE_CASES[READBACK]
        names = [one.name for one in dataclasses.fields(case.request)]
        given = {"edited": path, "against": edit / HEAD}
        studio = dataclasses.replace(self._studio, door="watch")
        try:
            return case.load()(studio, case.request(**{name: given[name] for name in names if name in given}), SILENT)
        finally:
            studio.close()

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
