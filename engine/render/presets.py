"""Where a video goes: one table of picture sizes, limits and how much care the encoder takes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from types import MappingProxyType
from typing import TypeVar

from engine.errors import BadOption

Row = TypeVar("Row")

__all__ = ["OWN_SIZE", "PRESETS", "QUALITIES", "Preset", "Quality", "preset_named", "quality_named"]


@dataclass(frozen=True)
class Preset:
    """width, height : pixels, 0 for the edit's own. max_kbps : ceiling of the picture, at 30 frames a second or fewer; half more above.

    loudness_lufs : what the sound is brought to (EBU R128), None leaves it. codec : h264, prores or dnxhr.
    longest_s, largest_mb, rates : what the platform takes, 0 and None where it says nothing.
    """

    name: str
    width: int
    height: int
    max_kbps: int
    max_audio_kbps: int = 320
    loudness_lufs: float | None = None
    longest_s: int = 0
    largest_mb: int = 0
    rates: tuple[int, int] | None = None
    codec: str = "h264"

    @property
    def suffix(self) -> str:
        return ".mp4" if self.codec == "h264" else ".mov"

    def ceiling_kbps(self, rate: Fraction) -> int:
        """The picture's ceiling at a frame rate: platforms recommend half more above 30 (8 and 12 Mb/s at 1080p)."""
        return self.max_kbps if rate <= 31 else self.max_kbps * 3 // 2


@dataclass(frozen=True)
class Quality:
    """x264 preset and constant rate factor; at 8 Mb/s nothing slower than veryfast gains in SSIM (docs/rendering.md)."""

    name: str
    x264_preset: str
    crf: int
    audio_kbps: int
    rate_factor: float
    aac_coder: str = "twoloop"
    """ffmpeg's own: twoloop, or fast at half the cost for looks."""


FEED_LUFS = -14.0
"""What the platforms play at: louder uploads are turned down to about this, softer ones stay softer than their neighbours."""

OWN_SIZE = Preset("none", 0, 0, 12_000)
"""No preset: the edit's own size, and its sound as loud as the song is."""

# Sources, as their help pages and upload APIs said in 2025. Instagram Reels: 23 to 60 frames a second, video to 25 Mb/s, AAC 128 kb/s,
# 3 s to 15 min, 300 MB. TikTok: 23 to 60, 10 min, 4 GB. YouTube: 8 Mb/s at 1080p and 12 above 30 frames a second recommended, AAC 384 kb/s,
# Shorts to 3 min. Ceilings are chosen: half more than recommended, because all of them encode again; never more than they take.
PRESETS: Mapping[str, Preset] = MappingProxyType(
    {
        preset.name: preset
        for preset in (
            Preset("instagram", 1080, 1920, 12_000, 128, FEED_LUFS, 900, 300, (23, 60)),
            Preset("tiktok", 1080, 1920, 12_000, 256, FEED_LUFS, 600, 4000, (23, 60)),
            Preset("youtube-shorts", 1080, 1920, 12_000, 384, FEED_LUFS, 180, 0, (23, 60)),
            Preset("square", 1080, 1080, 10_000, 256, FEED_LUFS),
            Preset("landscape", 1920, 1080, 12_000, 384, FEED_LUFS),
            Preset("master", 0, 0, 0, codec="prores"),
            Preset("master-dnxhr", 0, 0, 0, codec="dnxhr"),
        )
    }
)
QUALITIES: Mapping[str, Quality] = MappingProxyType(
    {
        quality.name: quality
        for quality in (
            Quality("draft", "superfast", 27, 128, 0.5, "fast"),
            Quality("high", "veryfast", 20, 192, 1.0),
            Quality("maximum", "medium", 17, 320, 1.6),
        )
    }
)


def preset_named(name: str | None) -> Preset:
    """The preset of that name; the edit's own size for None. Raises `BadOption`."""
    return OWN_SIZE if name is None else _named(PRESETS, name, "preset")


def quality_named(name: str) -> Quality:
    """The quality of that name. Raises `BadOption`."""
    return _named(QUALITIES, name, "quality")


def _named(table: Mapping[str, Row], name: str, what: str) -> Row:
    if name not in table:
        raise BadOption(f"bad_{what}", f"There is no {what} {name!r}.", f"Use one of {', '.join(table)}.")
    return table[name]
