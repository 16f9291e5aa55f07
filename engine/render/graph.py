"""Film to ffmpeg arguments. Pure: everything here is a value to print and compare.

One encode per piece, joined without encoding again: as cheap as one big graph, bounded in memory, and cacheable.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import ffmpeg

from engine.model.media import VideoStream
from engine.model.time import AUDIO_RATE_HZ, FrameRate
from engine.render.encoders import Encoding, encoder_options, timescale
from engine.render.film import Film
from engine.render.picture import Look, PathOf, picture_of
from engine.render.pieces import Piece, pieces_of

__all__ = ["SegmentPlan", "concat_list", "digest", "in_one_graph", "mux_arguments", "plan_segments"]

SEGMENT_VERSION = "4"
"""Part of every cached segment's name: raise when the same arguments should give other pictures."""

# Measured with 2160p60 HEVC, 1080p30 H.264, 720p and 360p sources into 1080x1920, ffmpeg 5.1 (resident set by time -v):
TOOL_BYTES = 60_000_000
"""ffmpeg itself, with nothing to decode."""
DECODE_BYTES = 15
"""For each pixel of a source: its decoder holds about ten frames."""
ENCODE_BYTES = {"draft": 60, "high": 80, "maximum": 170}
"""For each pixel of the film: x264 with what it looks ahead."""
OTHER_ENCODE_BYTES = 40
"""The same for other encoders."""
TONEMAP_BYTES = 50
"""For each pixel of the film: tone mapping is done in floats."""


@dataclass(frozen=True)
class SegmentPlan:
    """One piece's encode. `arguments` lack the output file, which comes last; `key` names its content."""

    name: str
    frames: int
    arguments: tuple[str, ...]
    key: str
    suffix: str
    pixels_decoded: int
    """A frame of each of its sources: what they cost."""
    memory_bytes: int = 0
    """What its encode is likely to hold at most."""


def plan_segments(film: Film, paths: Mapping[str, str], look: Look, encoding: Encoding, tool: str) -> tuple[SegmentPlan, ...]:
    """A plan per piece. paths : media id -> file. tool : which ffmpeg; another one's segments are not mixed in."""
    return tuple(_segment(piece, paths, look, encoding, tool) for piece in pieces_of(film))


def _segment(piece: Piece, paths: Mapping[str, str], look: Look, encoding: Encoding, tool: str) -> SegmentPlan:
    sources = [media.video for shot in piece.shots for media in shot.all_media if media.video]
    return SegmentPlan(
        name=piece.id,
        frames=piece.frames,
        arguments=_arguments(piece, look, encoding, lambda media: paths[media.media_id]),
        key=_key(piece, look, encoding, tool),
        suffix=".mp4" if encoding.encoder not in ("prores", "dnxhr") else ".mov",
        pixels_decoded=sum(one.stored_width * one.stored_height for one in sources),
        memory_bytes=_memory_bytes(sources, look, encoding),
    )


def _memory_bytes(sources: Sequence[VideoStream], look: Look, encoding: Encoding) -> int:
    encode = ENCODE_BYTES[encoding.quality.name] if encoding.encoder == "x264" else OTHER_ENCODE_BYTES
    made = encode + (TONEMAP_BYTES if any(one.colour.is_hdr for one in sources) else 0)
    read = sum(one.stored_width * one.stored_height * (2 if one.bit_depth > 8 else 1) for one in sources)
    return TOOL_BYTES + round(made * look.width * look.height + DECODE_BYTES * read)


def _arguments(piece: Piece, look: Look, encoding: Encoding, path_of: PathOf) -> tuple[str, ...]:
    made = ffmpeg.output(picture_of(piece, look, path_of), "OUT", **encoder_options(encoding, look.rate, piece.frames))
    return tuple(made.get_args()[:-1])


def _key(piece: Piece, look: Look, encoding: Encoding, tool: str) -> str:
    """Names what a segment holds: the same arguments with contents in the place of files."""
    lut = replace(look.lut, path=look.lut.digest) if look.lut else None
    return digest([SEGMENT_VERSION, tool, *_arguments(piece, replace(look, lut=lut), encoding, lambda media: media.media_id)])


def digest(words: Sequence[str]) -> str:
    """A name for content that these words decide."""
    return hashlib.blake2b("\0".join(words).encode(), digest_size=16).hexdigest()


def in_one_graph(film: Film, paths: Mapping[str, str], look: Look) -> Any:
    """The whole picture as one stream, for small sizes where starting ffmpeg costs more than the encode."""
    streams = []
    for number, piece in enumerate(pieces_of(film)):
        made = picture_of(piece, look, lambda media: paths[media.media_id], 100 * number)
        streams.append(made.filter("trim", end_frame=piece.frames).filter("setpts", "PTS-STARTPTS"))
    return streams[0] if len(streams) == 1 else ffmpeg.concat(*streams, v=1, a=0)


def concat_list(files: Sequence[str], frames: Sequence[int], rate: FrameRate) -> str:
    """The concat demuxer's list. Exact durations, because containers round theirs to milliseconds and joins would drift."""
    lines = ["ffconcat version 1.0"]
    for file, count in zip(files, frames):
        lines += [f"file '{quoted(file)}'", f"duration {float(rate.seconds(count)):.6f}"]
    return "\n".join(lines) + "\n"


def quoted(file: str) -> str:
    """A path inside single quotes of a concat list."""
    return "file:" + file.replace("'", "'\\''")


def mux_arguments(list_file: str, audio_file: str | None, rate: FrameRate, output: str) -> list[str]:
    """Joins segments and sound by copying."""
    sound = ["-i", f"file:{audio_file}", "-map", "0:v:0", "-map", "1:a:0"] if audio_file else ["-map", "0:v:0"]
    return [
        *("-f", "concat", "-safe", "0", "-i", f"file:{list_file}"),
        *sound,
        *("-c", "copy", "-map_metadata", "-1", "-video_track_timescale", str(timescale(rate)), "-movflags", "+faststart"),
        # Lengths and edit lists are written in this scale; the default of a millisecond would end the sound between two samples.
        *("-movie_timescale", str(AUDIO_RATE_HZ)),
        f"file:{output}",
    ]
