"""Pixels and sound as arrays, decoded once, scaled where they are decoded, and upright.

Frames are numbered on the file's nominal grid: frame k is what is on screen k / rate seconds after the first one.
"""

from __future__ import annotations

import contextlib
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from engine.errors import MediaError, SongError
from engine.media.probe import opened, silence_libraries
from engine.model.media import Media, VideoStream
from engine.model.time import FrameSpan, round_half_up
from engine.progress import SILENT, Progress

__all__ = ["Frame", "FrameReader", "audio", "cut_out", "seeks_safely", "share_of_long_side", "still", "working_size"]

PROTECTED_TAGS = ("drms", "enca")
"""Sample entries of encrypted sound: FairPlay (.m4p) and common encryption (ISO 14496-12)."""
UNSAFE_CONTAINERS = ("mpegts", "mpeg", "avi")
ALPHA_CODECS = ("vp8", "vp9")
"""Where a seek may land behind the wanted frame (docs/rendering.md): containers, and codecs whose transparency is a stream of its own."""


@dataclass(frozen=True)
class Frame:
    """One decoded picture.

    index : on the file's nominal grid. time_s : seconds after the first frame.
    picture : uint8, (height, width) luma or (height, width, 3) RGB, upright, at the working size.
    luma : the whole luma plane as stored (not turned), uint8 (stored height, stored width); None unless asked for.
    """

    index: int
    time_s: float
    picture: NDArray[np.uint8]
    luma: NDArray[np.uint8] | None = None
    is_key: bool = False


def seeks_safely(media: Media) -> bool:
    """Whether a seek in a video ends at or before the wanted frame; else it has to be decoded from its start."""
    video = _video(media)
    return media.container not in UNSAFE_CONTAINERS and not (video.has_alpha and video.codec in ALPHA_CODECS)


def working_size(media: Media, max_side_px: int) -> tuple[int, int]:
    """(width, height) as displayed, even, no side above `max_side_px`, never enlarged."""
    video = _video(media)
    scale = min(1.0, max_side_px / max(video.display_width, video.display_height))
    return _even(video.display_width * scale), _even(video.display_height * scale)


def _even(length: float) -> int:
    return max(2, round(length / 2) * 2)


def share_of_long_side(video: VideoStream, part: tuple[float, float, float, float]) -> float:
    """How long the longer side of a part of the upright picture is, beside that of the whole."""
    width, height = video.display_width, video.display_height
    return max(part[2] * width, part[3] * height) / max(width, height)


def cut_out(plane: NDArray[np.uint8], part: tuple[float, float, float, float], step: int = 1) -> NDArray[np.uint8]:
    """A part (x, y, width, height in shares) of a picture or plane, on multiples of `step` pixels; at least one of them."""
    high, wide = plane.shape[:2]
    x, y, width, height = part
    left, top = round(x * wide / step) * step, round(y * high / step) * step
    right, bottom = max(left + step, round((x + width) * wide / step) * step), max(top + step, round((y + height) * high / step) * step)
    return plane[top:bottom, left:right]


class FrameReader:
    """Iterates over a clip's frames; afterwards `warnings` says what was wrong with it.

    span : frames to yield (whole clip by default). max_side_px : working size. pixel : luma only, or RGB.
    full_luma_every : every how many frames the whole luma plane comes along; 0 never.
    key_frames_only : decodes key frames alone (a sixth of the cost). part : of the upright picture, in shares (x, y, width, height); the
    working size is then that part's.
    Raises `MediaError` where nothing can be decoded; a corrupt tail ends the frames with a warning.
    """

    def __init__(
        self,
        media: Media,
        *,
        span: FrameSpan | None = None,
        max_side_px: int = 320,
        pixel: Literal["luma", "rgb"] = "luma",
        full_luma_every: int = 0,
        key_frames_only: bool = False,
        part: tuple[float, float, float, float] | None = None,
        progress: Progress = SILENT,
    ) -> None:
        self.media = media
        self.warnings: list[str] = []
        self._video = _video(media)
        self._span = span or FrameSpan(0, 1 << 60)
        self._part = part
        self._size = working_size(media, round(max_side_px / (share_of_long_side(self._video, part) if part else 1.0)))
        self._format = "gray" if pixel == "luma" else "rgb24"
        self._luma_every = full_luma_every
        self._keys = key_frames_only
        self._progress = progress
        self._scaler: Any = None

    def __iter__(self) -> Iterator[Frame]:
        import av
        from av.video.reformatter import VideoReformatter

        self._scaler = VideoReformatter()  # one for all frames: each would build the scaling tables anew
        yielded = False
        with opened(Path(self.media.path)) as container:
            stream = _picture(container)
            stream.thread_type = "NONE"  # one thread a process: workers share the cores better than decoder threads
            if self._keys:
                stream.codec_context.skip_frame = "NONKEY"
            first = self._seek(container, stream) if self._span.start > 0 else None
            try:
                for raw in container.decode(stream):
                    if raw.pts is None:
                        continue
                    first = raw.pts if first is None else first
                    index = round_half_up((raw.pts - first) * Fraction(stream.time_base) * self._video.rate.fraction)
                    if index >= self._span.end:
                        break
                    if index >= self._span.start:
                        yield self._frame(raw, index, first, stream)
                        yielded = True
            except av.FFmpegError as cause:
                self.warnings.append(f"Damaged after {'some' if yielded else 'no'} frames: {type(cause).__name__}.")
        if not yielded and self._span.end > 1 << 59:
            raise MediaError("media_no_frames", f"{self.media.name} holds no picture that can be decoded.", "Leave it out.")

    def _seek(self, container: Any, stream: Any) -> int | None:
        """Moves near the span where that is safe; returns the first frame's time in ticks where it is known."""
        import av

        if stream.start_time is None or not seeks_safely(self.media):
            return stream.start_time  # type: ignore[no-any-return]
        wanted = self._video.rate.seconds(self._span.start) / Fraction(stream.time_base)
        with contextlib.suppress(av.FFmpegError):  # no index, or none that holds: decoded from the start
            container.seek(stream.start_time + max(0, round_half_up(wanted)), stream=stream, backward=True)
        return int(stream.start_time)

    def _frame(self, raw: Any, index: int, first: int, stream: Any) -> Frame:
        width, height = self._size
        if self._video.rotation in (90, 270):
            width, height = height, width
        small = self._scaler.reformat(raw, width=width, height=height, format=self._format, interpolation="AREA")
        picture = _upright(small.to_ndarray(), self._video.rotation, self._video.mirrored)
        if self._part is not None:
            picture = np.ascontiguousarray(cut_out(picture, self._part))
        luma = _luma_plane(raw) if self._luma_every and index % self._luma_every == 0 else None
        return Frame(index, float((raw.pts - first) * stream.time_base), picture, luma, bool(raw.key_frame))


def _video(media: Media) -> Any:
    if media.video is None:
        raise MediaError("media_no_video", f"{media.name} has no picture.", "Give a video.", path=media.path)
    return media.video


def _picture(container: Any) -> Any:
    from engine.media.probe import picture_stream

    stream = picture_stream(container)
    if stream is None:
        raise MediaError("media_no_video", f"{container.name} has no picture.", "Give a video.")
    return stream


def _upright(picture: NDArray[np.uint8], rotation: int, mirrored: bool) -> NDArray[np.uint8]:
    turned = np.rot90(picture, -rotation // 90) if rotation else picture
    return np.ascontiguousarray(turned[:, ::-1] if mirrored else turned)


def _luma_plane(raw: Any) -> NDArray[np.uint8] | None:
    if not raw.format.name.startswith(("yuv", "nv", "gray")) or raw.format.components[0].bits != 8:
        raw = raw.reformat(format="gray")
    plane = raw.planes[0]
    rows = np.frombuffer(plane, np.uint8).reshape(plane.height, plane.line_size)
    return rows[:, : plane.width]


def still(media: Media, frame: int, max_side_px: int = 640) -> NDArray[np.uint8]:
    """What is on screen at `frame` of the nominal grid: RGB, uint8 (height, width, 3), upright.

    Raises `MediaError` where there is no such frame or it cannot be decoded.
    """
    # Mostly a frame begins right there. One of a variable rate may have begun long before, so the look back is by time, not by count.
    for start in dict.fromkeys((frame, max(0, frame - 2 * _video(media).rate.timebase), 0)):
        shown = deque(FrameReader(media, span=FrameSpan(start, frame + 1), max_side_px=max_side_px, pixel="rgb"), maxlen=1)
        if shown:
            return shown[0].picture
    raise MediaError("media_no_frames", f"{media.name} has no frame {frame}.", "Leave it out.", frame=frame)


def audio(
    path: Path | str, rate_hz: int = 22_050, mono: bool = True, start_s: float = 0.0, end_s: float | None = None
) -> NDArray[np.float32]:
    """The file's sound as ffmpeg plays it (encoder delay and edit lists honoured).

    Returns float32 in [-1, 1], shape (samples,) for mono, the mean of left and right; (2, samples) for stereo, where a mono file is on
    both. Raises `SongError` where there is none or it is protected or broken.
    """
    import av

    silence_libraries()
    blocks: list[NDArray[np.float32]] = []
    path = Path(path)
    with opened(path, quick=True) as container:
        stream = next((one for one in container.streams.audio if one.codec_context is not None), None)
        if stream is None:
            raise SongError("song_no_audio", f"{path.name} has no sound.", "Give an mp3, wav, flac, m4a or ogg file.", path=str(path))
        if stream.codec_context.codec_tag in PROTECTED_TAGS:
            hint = "Give a file without copy protection: a purchase without DRM, a CD, or your own recording."
            raise SongError("song_protected", f"{path.name} is copy-protected (DRM).", hint, path=str(path))
        stream.thread_type = "NONE"
        # The library's own mix of two channels to one keeps their power, not their level: one voice on both would be 3 dB louder.
        layout = "mono" if stream.codec_context.channels == 1 else "stereo"
        resampler = av.AudioResampler(format="fltp", layout=layout, rate=rate_hz)
        try:
            for frame in container.decode(stream):
                frame.pts = None  # gaps in time stamps must not shift what follows
                blocks += [_sound(piece, mono) for piece in resampler.resample(frame)]
        except av.FFmpegError as cause:
            if not blocks:
                hint = "It may be protected (DRM) or damaged; give another file."
                raise SongError("song_unreadable", f"{path.name} cannot be decoded.", hint, path=str(path)) from cause
        blocks += [_sound(piece, mono) for piece in resampler.resample(None)]
    if not blocks:
        raise SongError("song_unreadable", f"{path.name} holds no sound.", "Give another file.", path=str(path))
    samples = np.concatenate(blocks, axis=1)
    last = samples.shape[1] if end_s is None else round(end_s * rate_hz)
    samples = samples[:, round(start_s * rate_hz) : last]
    if mono:
        return samples[0]  # type: ignore[no-any-return]
    return np.repeat(samples, 2, axis=0) if len(samples) == 1 else samples


def _sound(frame: Any, mono: bool) -> NDArray[np.float32]:
    """A decoded piece, (channels, samples); mixed at once where one channel is wanted: a long song is held once, not thrice."""
    samples = np.asarray(frame.to_ndarray(), np.float32)
    return samples.mean(axis=0, keepdims=True) if mono else samples
