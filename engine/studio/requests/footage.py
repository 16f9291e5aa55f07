"""Requests about footage."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from engine.studio.requests.fields import said

__all__ = ["LabelRequest"]


@dataclass(frozen=True)
class LabelRequest:
    """Your word about clips, remembered by their content; it overrides what was measured."""

    clips: tuple[Path, ...] = said("Video files and folders (searched with all their sub-folders).", argument=True)
    angle: str | None = said("From where they look.", None, choices=("front", "side", "overhead", "other"))
    shot_type: str | None = said("How much they show.", None, choices=("close_up", "medium", "wide", "zoom"))
    usable: str | None = said("Whether they may be used, whatever was measured.", None, choices=("yes", "no"))
    look: str | None = said("Name of the look (clothing and set) they show.", None)
    forget: bool = said("Forget earlier labels of these clips.", False)
