"""Timelines for other programs, through the table of writers that start-up code handed in."""

from __future__ import annotations

from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, cast

from engine.errors import BadOption, MissingToolError
from engine.model import documents
from engine.model.events import TimelineExported
from engine.model.interchange import ExportOptions, MarkerChoice, Writer
from engine.model.timeline import Timeline
from engine.store.projects import atomic_write, load_timeline, refuse_overwrite, remember_output
from engine.studio.reporting import note_status
from engine.studio.requests import MARKERS, ExportRequest, UnmarkRequest
from engine.studio.resolving import timeline_bytes

if TYPE_CHECKING:
    from engine.progress import Progress
    from engine.studio.context import Studio

__all__ = ["EDIT_FILES", "all_formats", "export", "unmark"]

EDIT_FILES = MappingProxyType(
    {
        "timeline.otio": "otio",
        "timeline.resolve.otio": "resolve-otio",
        "timeline.fcpxml": "fcpxml",
        "timeline.xml": "fcp7",
        "timeline.edl": "edl",
    }
)
"""What `edit` writes beside timeline.json: file name -> writer."""


def all_formats(studio: Studio, timeline: Timeline) -> tuple[dict[str, bytes], list[str], list[str]]:
    """Every export of an edit: contents by file name, import lines, and warnings, each once."""
    contents: dict[str, bytes] = {}
    hints: list[str] = []
    warnings: dict[str, None] = {}
    options = ExportOptions(name=str(timeline.extra.get("name") or "Cutprint"))
    for name, format_name in EDIT_FILES.items():
        written = _writer(studio, format_name).write(timeline, options)
        contents[name] = written.content
        if written.import_hint:
            hints.append(written.import_hint.replace("{file}", name))
        warnings.update(dict.fromkeys(written.warnings))
    return contents, hints, list(warnings)


def _writer(studio: Studio, name: str) -> Writer:
    if name not in studio.writers:
        raise MissingToolError("format_missing", f"This door has no writer for {name}.", f"Known: {', '.join(studio.writers)}.")
    return studio.writers[name]


def export(studio: Studio, request: ExportRequest, progress: Progress) -> dict[str, Any]:
    """Handler of `export`: writes one file, says what its format could not carry."""
    timeline, source = load_timeline(request.timeline)
    if request.markers not in MARKERS:
        raise BadOption("bad_markers", f"There is no choice of markers {request.markers!r}.", f"Use one of {', '.join(MARKERS)}.")
    refuse_overwrite(request.output, source.parent)
    if request.to == "json":
        content, dropped, hint = documents.dumps(documents.encode(timeline)).encode(), [], ""
    else:
        name = str(timeline.extra.get("name") or "Cutprint")
        if request.format_version is not None and request.to != "fcpxml":
            raise BadOption(
                "bad_version", f"{request.to} has no versions to choose from.", "Leave --format-version out, or use --to fcpxml."
            )
        options = ExportOptions(name, cast(MarkerChoice, request.markers), request.format_version, request.alternates)
        written = _writer(studio, request.to).write(timeline, options)
        content, dropped, hint = written.content, [*written.dropped, *written.warnings], written.import_hint
    atomic_write(request.output, content)
    remember_output(request.output, source.parent)
    studio.record(
        TimelineExported(
            timestamp=studio.now(),
            project_id=timeline.project_id,
            revision=timeline.revision,
            door=studio.door,
            creator_id=timeline.creator_id,
            format=request.to,
            duration_s=float(timeline.duration_s),
        )
    )
    note_status(studio, source.parent)
    return {
        "file": str(request.output),
        "format": request.to,
        "bytes": len(content),
        "dropped": dropped,
        "import": hint.replace("{file}", Path(request.output).name),
    }


def unmark(studio: Studio, request: UnmarkRequest, progress: Progress) -> dict[str, Any]:
    """Handler of `unmark`: a copy of a timeline file without the markers that Cutprint wrote."""
    content = timeline_bytes(request.file)
    refuse_overwrite(request.output, request.output.absolute().parent)
    cleaned, count = studio.unmark(content, request.file.name)
    atomic_write(request.output, cleaned)
    remember_output(request.output, request.output.absolute().parent)
    return {"file": str(request.output), "removed": count, "bytes": len(cleaned)}
