"""Requests of the scripts inside DaVinci Resolve; what they need beside the use cases that everybody has."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from engine.studio.requests.fields import said

__all__ = ["ResolvePlacedRequest", "ResolvePlanRequest", "ResolveSettingsRequest"]


@dataclass(frozen=True)
class ResolveSettingsRequest:
    """What the menu in Resolve goes by: what colours and marks of clips mean, which colour locks, where edits go."""


@dataclass(frozen=True)
class ResolvePlanRequest:
    """An edit as calls of Resolve's scripting API: each clip's frames, framing, markers, the song, and what the API cannot do."""

    timeline: Path = said("A timeline.json, or the folder that holds it.", argument=True)


@dataclass(frozen=True)
class ResolvePlacedRequest:
    """Notes that an edit was placed in Resolve: what a script found when it looked afterwards."""

    timeline: Path = said("A timeline.json, or the folder that holds it.", argument=True)
    wanted: int = said("How many clips the edit has.", 0)
    placed: int = said("How many lie where they should.", 0)
    way: str = said("How it was placed.", "api", choices=("api", "import"))
