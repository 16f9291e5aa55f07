"""Requests about what became of edits: the survey, the report, and the events themselves."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from engine.studio.requests.fields import said

__all__ = ["RateRequest", "ReportRequest", "TelemetryEraseRequest", "TelemetryExportRequest", "TelemetryReviewRequest"]


@dataclass(frozen=True)
class RateRequest:
    """The survey after an edit: how good it was, and whether it would be posted as the engine made it."""

    timeline: Path = said("A timeline.json, or the folder that holds it.", argument=True)
    satisfaction: int | None = said("1 (useless) to 5 (perfect).", None)
    would_post: str | None = said("Whether you would post it without a change.", None, choices=("yes", "no"))
    editing_minutes: float | None = said("How long you edited it by hand, in an NLE too.", None, unit="min")
    usual_minutes: float | None = said("How long such an edit takes you without Cutprint; asked once, kept per creator.", None, unit="min")


@dataclass(frozen=True)
class ReportRequest:
    """What became of edits: figures of each session and of all, beside their goals, with trends and red flags."""

    creator: str | None = said("Only this creator's edits.", None)
    since: str | None = said("Only edits made on this day or later (YYYY-MM-DD).", None)
    plot: Path | None = said("Draw the trends into this PNG file.", None)


@dataclass(frozen=True)
class TelemetryExportRequest:
    """Every event that is kept, as JSON lines: nothing is kept that you cannot see."""

    output: Path = said("The file to write.", short="o")
    creator: str | None = said("Only this creator's.", None)


@dataclass(frozen=True)
class TelemetryEraseRequest:
    """Deletes events for good; edits and styles stay."""

    creator: str | None = said("Only this creator's; default: all of them.", None)
    yes: bool = said("Yes, delete them.", False)


@dataclass(frozen=True)
class TelemetryReviewRequest:
    """Notes that somebody looked at an edit (what a panel or an agent in an NLE tells)."""

    timeline: Path = said("A timeline.json, or the folder that holds it.", argument=True)
    active_s: float | None = said("Seconds of attention.", None, unit="s")
