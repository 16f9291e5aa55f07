"""Stretches of a song without numpy, so that timelines stay plain."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["SectionSpan"]


@dataclass(frozen=True)
class SectionSpan:
    """A stretch of music, in seconds of whoever holds it; `label` is one of `names.SECTION_LABELS`, `energy` 0 to 1."""

    start_s: float
    end_s: float
    label: str
    energy: float
