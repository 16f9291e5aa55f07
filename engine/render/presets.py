"""Where a video goes: one table of picture sizes, limits and how much care the encoder takes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import TypeVar

from engine.errors import BadOption

Row = TypeVar("Row")

__all__ = ["PRESETS", "QUALITIES", "Preset", "Quality", "preset_named", "quality_named"]


@dataclass(frozen=True)
class Preset:
    """width, height : pixels. max_kbps : video bitrate worth sending; platforms encode again. codec : h264 or prores."""

    name: str
    width: int
    height: int
    max_kbps: int
    codec: str = "h264"
    suffix: str = ".mp4"


@dataclass(frozen=True)
class Quality:
    """x264 preset and constant rate factor; at 8 Mb/s nothing slower than veryfast gains in SSIM (docs/rendering.md)."""

    name: str
    x264_preset: str
    crf: int
    audio_kbps: int
    rate_factor: float


# Bitrate ceilings are chosen: above what the platforms' own help pages recommend for 1080p uploads (about 8 Mb/s at 30 fps).
PRESETS = MappingProxyType(
    {
        preset.name: preset
        for preset in (
            Preset("instagram", 1080, 1920, 12_000),
            Preset("tiktok", 1080, 1920, 12_000),
            Preset("youtube-shorts", 1080, 1920, 16_000),
            Preset("square", 1080, 1080, 10_000),
            Preset("landscape", 1920, 1080, 16_000),
            Preset("master", 1080, 1920, 0, "prores", ".mov"),
        )
    }
)
QUALITIES = MappingProxyType(
    {
        quality.name: quality
        for quality in (
            Quality("draft", "superfast", 27, 128, 0.5),
            Quality("high", "veryfast", 20, 192, 1.0),
            Quality("maximum", "medium", 17, 256, 1.6),
        )
    }
)


def preset_named(name: str) -> Preset:
    """The preset of that name. Raises `BadOption`."""
    return _named(PRESETS, name, "preset")


def quality_named(name: str) -> Quality:
    """The quality of that name. Raises `BadOption`."""
    return _named(QUALITIES, name, "quality")


def _named(table: Mapping[str, Row], name: str, what: str) -> Row:
    if name not in table:
        raise BadOption(f"bad_{what}", f"There is no {what} {name!r}.", f"Use one of {', '.join(table)}.")
    return table[name]
