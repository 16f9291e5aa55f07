"""What each use case may be asked, one frozen dataclass each. Doors build options, JSON Schemas and pages from the fields.

Standard library only: every command, `--help` too, loads this. Field metadata: `help` (one sentence), `flag` (the option's name
where it is not the field's), `argument` (positional), `choices`, `short` (a one-letter option), `unit`.
One module per theme; this package is their sum.
"""

from __future__ import annotations

from engine.studio.requests.footage import LabelRequest
from engine.studio.requests.keeping import (
    BackupRequest,
    FoldersAddRequest,
    FoldersListRequest,
    FoldersRemoveRequest,
    RestoreRequest,
)
from engine.studio.requests.main_job import (
    ASPECTS,
    EXPORT_FORMATS,
    MARKERS,
    AnalyzeRequest,
    CacheRequest,
    DemoRequest,
    DoctorRequest,
    EditRequest,
    ExportRequest,
    ShowRequest,
    SongRequest,
)
from engine.studio.requests.nle import CollectRequest, ReadbackRequest, RelinkRequest, UnmarkRequest
from engine.studio.requests.rendering import ENCODERS, FITS, PRESETS, PREVIEWS, QUALITIES, RenderRequest
from engine.studio.requests.resolve import ResolvePlacedRequest, ResolvePlanRequest, ResolveSettingsRequest
from engine.studio.requests.revising import (
    CHANGES,
    ChangeRequest,
    HistoryRequest,
    RedoRequest,
    ReviseRequest,
    UndoRequest,
)
from engine.studio.requests.styles import (
    LearnRequest,
    StyleBlendRequest,
    StyleEvaluateRequest,
    StyleExportRequest,
    StyleImportRequest,
    StyleListRequest,
    StyleRemoveRequest,
    StyleSetRequest,
    StyleShowRequest,
)
from engine.studio.requests.telemetry import (
    RateRequest,
    ReportRequest,
    TelemetryEraseRequest,
    TelemetryExportRequest,
    TelemetryReviewRequest,
)

__all__ = [
    "ASPECTS",
    "CHANGES",
    "ENCODERS",
    "EXPORT_FORMATS",
    "FITS",
    "MARKERS",
    "PRESETS",
    "PREVIEWS",
    "QUALITIES",
    "AnalyzeRequest",
    "BackupRequest",
    "CacheRequest",
    "ChangeRequest",
    "CollectRequest",
    "DemoRequest",
    "DoctorRequest",
    "EditRequest",
    "ExportRequest",
    "FoldersAddRequest",
    "FoldersListRequest",
    "FoldersRemoveRequest",
    "HistoryRequest",
    "LabelRequest",
    "LearnRequest",
    "RateRequest",
    "ReadbackRequest",
    "RedoRequest",
    "RelinkRequest",
    "RenderRequest",
    "ReportRequest",
    "ResolvePlacedRequest",
    "ResolvePlanRequest",
    "ResolveSettingsRequest",
    "RestoreRequest",
    "ReviseRequest",
    "ShowRequest",
    "SongRequest",
    "StyleBlendRequest",
    "StyleEvaluateRequest",
    "StyleExportRequest",
    "StyleImportRequest",
    "StyleListRequest",
    "StyleRemoveRequest",
    "StyleSetRequest",
    "StyleShowRequest",
    "TelemetryEraseRequest",
    "TelemetryExportRequest",
    "TelemetryReviewRequest",
    "UndoRequest",
    "UnmarkRequest",
]
