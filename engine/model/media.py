"""What a media file is: identity by content, streams, exact rate, start timecode, rotation, colour."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import Literal

from engine.errors import BadOption
from engine.model.time import FrameRate, FrameSpan

__all__ = ["AudioStream", "Colour", "Media", "MediaKind", "VideoStream"]

MediaKind = Literal["video", "audio", "image"]

HDR_TRANSFERS = frozenset({"smpte2084", "arib-std-b67"})
"""ffmpeg's names of the PQ and HLG transfer functions (ITU-R BT.2100)."""


@dataclass(frozen=True)
class Colour:
    """Colour tags in ffmpeg's names; `unknown` where the file says nothing."""

    primaries: str = "unknown"
    transfer: str = "unknown"
    matrix: str = "unknown"
    range: str = "unknown"
    log: str | None = None
    """The log curve the camera says it recorded (`engine.media.log_curves`); None: an ordinary picture, or nothing said."""

    @property
    def is_hdr(self) -> bool:
        return self.transfer in HDR_TRANSFERS


@dataclass(frozen=True)
class AudioStream:
    """The file's first usable sound stream."""

    codec: str
    sample_rate_hz: int
    channels: int
    duration_s: float


@dataclass(frozen=True)
class VideoStream:
    """The file's picture stream.

    Frames are counted at `rate` from the first frame shown: frame k is what is on screen at k / rate seconds after it.
    For variable frame rate, `rate` is the nominal rate and counts are time / rate.
    """

    codec: str
    rate: FrameRate
    duration_frames: int
    stored_width: int
    stored_height: int
    rotation: int = 0
    """Clockwise degrees to turn the stored picture for display: 0, 90, 180 or 270."""
    mirrored: bool = False
    """True when the display matrix also flips the picture left to right (after rotation)."""
    sample_aspect: Fraction = Fraction(1)
    pixel_format: str = "unknown"
    bit_depth: int = 8
    has_alpha: bool = False
    interlaced: bool = False
    variable_rate: bool = False
    start_frame: int = 0
    """Start timecode as a frame count at `rate`; 0 where there is none."""
    has_timecode: bool = False
    drop_frame: bool = False
    colour: Colour = Colour()
    stream_offset_s: float = 0.0
    """How much later the first frame is shown than the file's earliest stream begins."""

    def __post_init__(self) -> None:
        if self.rotation not in (0, 90, 180, 270):
            raise BadOption("bad_rotation", f"Rotation must be a quarter turn, not {self.rotation}.")

    @property
    def display_width(self) -> int:
        """Square-pixel width after rotation."""
        return self._display_size()[0]

    @property
    def display_height(self) -> int:
        """Square-pixel height after rotation."""
        return self._display_size()[1]

    def _display_size(self) -> tuple[int, int]:
        wide = max(1, round(self.stored_width * self.sample_aspect))
        return (self.stored_height, wide) if self.rotation in (90, 270) else (wide, self.stored_height)

    @property
    def span(self) -> FrameSpan:
        """All frames, counted from 0 (without the start timecode)."""
        return FrameSpan(0, self.duration_frames)


@dataclass(frozen=True)
class Media:
    """One media file: where it is now and what it is by content.

    `media_id` is the content fingerprint, so a moved or renamed file keeps it.
    """

    media_id: str
    path: str
    kind: MediaKind
    duration_s: float
    size_bytes: int
    container: str
    video: VideoStream | None = None
    audio: AudioStream | None = None
    created: str | None = None
    """ISO 8601 time of recording, where the file says it."""
    camera: str | None = None
    warnings: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """The file's name without its folders (both kinds of separator)."""
        return self.path.replace("\\", "/").rsplit("/", 1)[-1]
