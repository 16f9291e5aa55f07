"""USE_CASES, the one table that every door reads. A new feature is one request type, one handler, one row.

Handlers are named, not imported, so that a door can list its commands without loading what they need.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from engine.studio import requests

if TYPE_CHECKING:
    from engine.progress import Progress
    from engine.studio.context import Studio

__all__ = ["GROUPS", "USE_CASES", "UseCase"]

Handler = Callable[["Studio", Any, "Progress"], dict[str, Any]]
"""`(studio, request, progress) -> JSON object`. Long handlers stop when progress says so."""


@dataclass(frozen=True)
class UseCase:
    """One thing Cutprint can be asked.

    name : `group.verb` for a verb of a group in `GROUPS` (`cutprint group verb`).
    handler : "module:function". long : runs as a job behind HTTP. read_only : changes no document.
    local : only for the person at the command line.
    """

    name: str
    request: type
    handler: str
    summary: str
    long: bool = False
    read_only: bool = False
    local: bool = False

    def load(self) -> Handler:
        """The handler, imported now."""
        module, _, function = self.handler.partition(":")
        loaded: Handler = getattr(importlib.import_module(module), function)
        return loaded


_ROWS = (
    UseCase("demo", requests.DemoRequest, "engine.studio.demo:demo", "Make a small shoot and edit it, to see what comes out.", long=True),
    UseCase("analyze", requests.AnalyzeRequest, "engine.studio.analysing:analyze", "Measure clips.", long=True, read_only=True),
    UseCase("song", requests.SongRequest, "engine.studio.songs:song", "Find a song's beats and sections.", long=True),
    UseCase("label", requests.LabelRequest, "engine.studio.labels:label", "Correct what was measured about clips."),
    UseCase("edit", requests.EditRequest, "engine.studio.editing:edit", "Edit clips to a song.", long=True),
    UseCase("learn", requests.LearnRequest, "engine.studio.learning:learn", "Learn a creator's style from finished works.", long=True),
    UseCase("style.show", requests.StyleShowRequest, "engine.studio.styles:style_show", "Show a creator's style.", read_only=True),
    UseCase("style.list", requests.StyleListRequest, "engine.studio.styles:style_list", "List the styles that are known.", read_only=True),
    UseCase("style.blend", requests.StyleBlendRequest, "engine.studio.styles:style_blend", "Mix two styles into a new one."),
    UseCase("style.set", requests.StyleSetRequest, "engine.studio.styles:style_set", "Make a style quicker, livelier, stricter, softer."),
    UseCase("style.remove", requests.StyleRemoveRequest, "engine.studio.styles:style_remove", "Unlearn works, or a creator.", long=True),
    UseCase("style.export", requests.StyleExportRequest, "engine.studio.styles:style_export", "Write a style to a file."),
    UseCase("style.import", requests.StyleImportRequest, "engine.studio.styles:style_import", "Take a style from a file."),
    UseCase(
        "style.evaluate",
        requests.StyleEvaluateRequest,
        "engine.studio.styles:style_evaluate",
        "Judge a style on works left out of learning.",
        long=True,
        read_only=True,
    ),
    UseCase("show", requests.ShowRequest, "engine.studio.showing:show", "Show a cut with its reasons.", read_only=True),
    UseCase("revise", requests.ReviseRequest, "engine.studio.revising:revise", "Make a section of an edit again.", long=True),
    UseCase("change", requests.ChangeRequest, "engine.studio.changing:change", "Change one thing by hand.", long=True),
    UseCase("undo", requests.UndoRequest, "engine.studio.revisions:undo", "Go back to the revision before."),
    UseCase("redo", requests.RedoRequest, "engine.studio.revisions:redo", "Go forward again."),
    UseCase("history", requests.HistoryRequest, "engine.studio.revisions:history", "List an edit's revisions.", read_only=True),
    UseCase("export", requests.ExportRequest, "engine.studio.exporting:export", "Write a timeline for another program."),
    UseCase("unmark", requests.UnmarkRequest, "engine.studio.exporting:unmark", "Take our markers out of a timeline file."),
    UseCase(
        "readback",
        requests.ReadbackRequest,
        "engine.studio.reading_back:readback",
        "Read back what an editor changed.",
        long=True,
    ),
    UseCase("relink", requests.RelinkRequest, "engine.studio.relinking:relink", "Find media that moved, by content.", long=True),
    UseCase("collect", requests.CollectRequest, "engine.studio.relinking:collect", "Gather an edit with its media.", long=True),
    UseCase("render", requests.RenderRequest, "engine.studio.rendering:render", "Render a timeline to a video file.", long=True),
    UseCase(
        "resolve.settings",
        requests.ResolveSettingsRequest,
        "engine.studio.resolve_plans:resolve_settings",
        "What the menu in Resolve goes by.",
        read_only=True,
    ),
    UseCase(
        "resolve.plan",
        requests.ResolvePlanRequest,
        "engine.studio.resolve_plans:plan",
        "An edit as calls of Resolve's scripting API.",
        read_only=True,
    ),
    UseCase("resolve.placed", requests.ResolvePlacedRequest, "engine.studio.resolve_plans:resolve_placed", "Note that Resolve has it."),
    UseCase("doctor", requests.DoctorRequest, "engine.studio.checks:doctor", "Check what Cutprint needs.", read_only=True),
    UseCase("cache", requests.CacheRequest, "engine.studio.caching:cache", "Look at or clear what was measured."),
    UseCase("rate", requests.RateRequest, "engine.studio.reporting:rate", "Say how good an edit was."),
    UseCase("report", requests.ReportRequest, "engine.studio.reporting:report", "Show what became of edits.", read_only=True),
    UseCase("telemetry.export", requests.TelemetryExportRequest, "engine.studio.reporting:export_events", "Write every kept event out."),
    UseCase("telemetry.erase", requests.TelemetryEraseRequest, "engine.studio.reporting:erase", "Delete kept events.", local=True),
    UseCase("telemetry.review", requests.TelemetryReviewRequest, "engine.studio.reporting:review", "Note that an edit was looked at."),
    UseCase("backup", requests.BackupRequest, "engine.studio.keeping:backup", "Back up what cannot be measured again.", local=True),
    UseCase("restore", requests.RestoreRequest, "engine.studio.keeping:restore", "Put a backup in place.", local=True),
    UseCase(
        "folders.list",
        requests.FoldersListRequest,
        "engine.studio.keeping:list_folders",
        "List folders that programs may use.",
        read_only=True,
        local=True,
    ),
    UseCase("folders.add", requests.FoldersAddRequest, "engine.studio.keeping:add_folder", "Open a folder for programs.", local=True),
    UseCase(
        "folders.remove", requests.FoldersRemoveRequest, "engine.studio.keeping:remove_folder", "Close a folder for programs.", local=True
    ),
)

GROUPS: MappingProxyType[str, str] = MappingProxyType(
    {
        "style": "Creators' styles: look at them, mix, steer and move them.",
        "telemetry": "What is kept about edits: see it, delete it.",
        "resolve": "What the menu inside DaVinci Resolve works with.",
        "folders": "Folders whose files programs may use through the bridge.",
    }
)
"""Command groups -> what they are for (one sentence)."""

USE_CASES = MappingProxyType({row.name: row for row in _ROWS})
