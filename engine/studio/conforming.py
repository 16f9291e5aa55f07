"""Copies of variable-rate clips that run at a constant rate, for editing programs that count frames."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from engine.media import ffmpeg
from engine.media.probe import probe
from engine.model.media import Media
from engine.model.timeline import Placement, Timeline

if TYPE_CHECKING:
    from engine.progress import Progress

__all__ = ["conformed", "constant_rate_copy", "runs_unevenly"]

NAME = "{stem} (constant rate).mov"
EIGHT_BIT = ("-c:v", "libx264", "-preset", "medium", "-crf", "12", "-pix_fmt", "yuv420p")
MORE_BITS = ("-c:v", "prores_ks", "-profile:v", "3", "-pix_fmt", "yuv422p10le")
"""H.264 of more than eight bits opens in hardly any editing program."""


def runs_unevenly(row: Media) -> bool:
    """Whether a file's pictures come at uneven times."""
    return row.video is not None and row.video.variable_rate


def constant_rate_copy(row: Media, source: Path, folder: Path, progress: Progress) -> Media:
    """The file's constant-rate copy in `folder`, upright, with its sound: frame k is what is on screen k frames in, as placements count.

    Raises what ffmpeg does; the copy is there whole or not at all.
    """
    video = row.video
    assert video is not None
    target = folder / NAME.format(stem=Path(row.name).stem)
    part = target.with_name(f".{target.stem[:80]}.part.mov")
    rate = video.rate.to_json()
    # Rounding up puts a picture into the first frame that begins after it: the frame shows the last picture that has begun.
    picture = f"fps={rate}:start_time=0:round=up,tpad=stop_mode=clone:stop=-1"
    streams = ["-map", "0:v:0", "-map", "0:a:0?", "-c:a", "pcm_s16le", "-vf", picture, "-frames:v", str(video.duration_frames)]
    length = ["-t", f"{float(video.rate.seconds(video.duration_frames)):.6f}"]
    coded = EIGHT_BIT if video.bit_depth <= 8 else MORE_BITS
    try:
        ffmpeg.run(["-i", ffmpeg.file_argument(source), *streams, *length, *coded, ffmpeg.file_argument(part)], progress=progress)
        part.replace(target)
    finally:
        part.unlink(missing_ok=True)
    return probe(target)


def conformed(timeline: Timeline, copies: Mapping[str, Media]) -> Timeline:
    """The edit on its constant-rate copies (by the media id of what they are of): the same frames, counted the same."""

    def on_copy(clip: Placement) -> Placement:
        copy = copies.get(clip.media_id)
        return dataclasses.replace(clip, media_id=copy.media_id, file=copy.name) if copy else clip

    tracks = tuple(dataclasses.replace(one, clips=tuple(map(on_copy, one.clips))) for one in timeline.tracks)
    media = {row.media_id: row for row in (copies.get(row.media_id, row) for row in timeline.media)}
    return timeline.replace(clips=tuple(map(on_copy, timeline.clips)), tracks=tracks, media=tuple(media.values()))
