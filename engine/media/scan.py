"""A clip's pictures for measuring: decoded once, scaled once, everything else made from that small picture.

One scaling in the decoder's process gives a medium picture (640 px, planar YUV). Its luma halved is the working picture, its chroma
planes are the colours, and it is what a proxy is encoded from, so that proxies cost next to no scaling.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.errors import MediaError
from engine.media import tone
from engine.media.decode import cut_out, share_of_long_side
from engine.media.probe import opened, picture_stream
from engine.model.media import Media, VideoStream

__all__ = ["MEDIUM_PX", "Scan", "ScanFrame", "medium_size"]

MEDIUM_PX = 640
"""Long side of the medium picture: 360p-class, the size at which blur is judged and proxies are kept."""
INTRA_RUN = 4
"""So many key frames in a row make a source all-intra: nothing is saved by looking at key frames only."""
INTRA_EVERY = 15
"""Of an all-intra source the first look takes every 15th frame."""
LONE_KEY_LOOKS = (0.2, 0.5, 0.8)
"""Where else the first look goes in a clip with a single key frame, as shares of its length ..."""
LONE_KEY_LIMIT_S = 12.0
"""... as far as that lies within the first seconds: getting there means decoding."""

Plane = NDArray[np.uint8]
Part = tuple[float, float, float, float]


@dataclass(frozen=True)
class ScanFrame:
    """One decoded picture, upright. All planes uint8.

    index : on the file's nominal grid. time_s : after the first frame.
    luma : working picture, 0 to 255. medium : planar YUV at twice its size, limited range (16 to 235): y, cb, cr.
    full : the whole luma plane as stored (neither turned nor stretched to full range); None unless asked for.
    scaled : `medium` as the scaler's own frame (PyAV), which an encoder takes as it is; None where it was turned or cut.
    """

    index: int
    time_s: float
    luma: Plane
    medium: tuple[Plane, Plane, Plane]
    full: Plane | None = None
    is_key: bool = False
    scaled: Any = None


def medium_size(video: VideoStream, long_side_px: int = MEDIUM_PX) -> tuple[int, int]:
    """(width, height) as displayed, multiples of 4, no side above `long_side_px`, never enlarged by more than rounding."""
    scale = min(1.0, long_side_px / max(video.display_width, video.display_height))
    return _by_four(video.display_width * scale), _by_four(video.display_height * scale)


def _by_four(length: float) -> int:
    return max(4, round(length / 4) * 4)


class Scan:
    """Iterates over a clip's frames; afterwards `warnings` says what was wrong with it.

    working_px : long side of the working picture. full_luma_every : every how many frames the whole luma plane comes along (0: never).
    first_look : key frames only, or every 15th of an all-intra source, and a few more where there is but one key frame.
    lut : a .cube that makes log footage a picture. part : of the upright picture alone, in shares (x, y, width, height).
    Raises `MediaError` where nothing can be decoded.
    """

    def __init__(
        self,
        media: Media,
        *,
        working_px: int = 320,
        full_luma_every: int = 0,
        first_look: bool = False,
        lut: Path | None = None,
        part: Part | None = None,
    ) -> None:
        if media.video is None:
            raise MediaError("media_no_video", f"{media.name} has no picture.", "Give a video.", path=media.path)
        self.media = media
        self.warnings: list[str] = []
        self._video = media.video
        self._every = full_luma_every
        self._first_look, self._part = first_look, part
        self._grid: tuple[Fraction, float] | None = None
        self._scaler = _Scaler(media.video, working_px, tone.table_for(media.video.colour, lut), part)

    def __iter__(self) -> Iterator[ScanFrame]:
        frames = self._looked_at() if self._first_look else self._decoded()
        seen = False
        for frame in frames:
            seen = True
            yield frame
        if not seen:
            raise MediaError("media_no_frames", f"{self.media.name} holds no picture that can be decoded.", "Leave it out.")

    def _decoded(self, skip: str = "DEFAULT") -> Iterator[ScanFrame]:
        """Every frame, in the order they are shown."""
        import av

        with opened(Path(self.media.path), quick=True) as container:
            stream = _prepared(container, skip)
            first, last = None, -1
            try:
                for raw in container.decode(stream):
                    if raw.pts is None:
                        continue
                    first = raw.pts if first is None else first
                    frame = self._framed(raw, first, stream)
                    if frame.index > last:  # broken time stamps that run back
                        last = frame.index
                        yield frame
            except av.FFmpegError as cause:
                self.warnings.append(f"Damaged after {'some' if last >= 0 else 'no'} frames: {type(cause).__name__}.")

    def _looked_at(self) -> Iterator[ScanFrame]:
        seen = []
        for frame in self._key_frames():
            seen.append(frame.index)
            yield frame
        if len(seen) == 1:
            yield from self._lone_key_looks()

    def _key_frames(self) -> Iterator[ScanFrame]:
        import av

        with opened(Path(self.media.path), quick=True) as container:
            stream = _prepared(container, "NONKEY")
            first = None
            try:
                for raw in _of_packets(container, stream):
                    if raw.pts is None:
                        continue
                    first = raw.pts if first is None else first
                    yield self._framed(raw, first, stream)
            except av.FFmpegError as cause:
                self.warnings.append(f"Damaged: {type(cause).__name__}.")

    def _lone_key_looks(self) -> Iterator[ScanFrame]:
        """A few frames further on, without those that no other frame needs (a third of the cost)."""
        length = self._video.duration_frames
        reach = LONE_KEY_LIMIT_S * self._video.rate.fps
        wanted = sorted({round(share * min(length, reach)) for share in LONE_KEY_LOOKS} - {0})
        for frame in self._decoded("NONREF"):
            if not wanted:
                return
            if frame.index >= wanted[0]:
                wanted = [one for one in wanted if one > frame.index]
                yield frame

    def _framed(self, raw: Any, first: int, stream: Any) -> ScanFrame:
        grid = self._grid
        if grid is None:
            tick = Fraction(stream.time_base)
            grid = self._grid = tick * self._video.rate.fraction, float(tick)
        rate, tick_s = grid
        index = (2 * (raw.pts - first) * rate.numerator + rate.denominator) // (2 * rate.denominator)  # rounded, half up
        luma, medium, scaled = self._scaler(raw)
        full = _luma_plane(raw, self._video.interlaced) if self._every and index % self._every == 0 else None
        if full is not None and self._part is not None and not self._video.rotation:
            full = cut_out(full, self._part)  # as stored: a turned one is left whole
        return ScanFrame(index, (raw.pts - first) * tick_s, luma, medium, full, bool(raw.key_frame), scaled)


def _prepared(container: Any, skip: str) -> Any:
    stream = picture_stream(container)
    if stream is None:
        raise MediaError("media_no_video", f"{container.name} has no picture.", "Give a video.")
    stream.thread_type = "NONE"  # one thread a process: workers share the cores better than decoder threads
    # H.264 that does not say how far it reorders is held back as far as its level allows, and not guessed at from a dozen frames.
    stream.codec_context.options = {"strict": "strict"}
    stream.codec_context.skip_frame = skip
    return stream


def _of_packets(container: Any, stream: Any) -> Iterator[Any]:
    """Frames of all packets, or of every 15th once the source has shown to be all-intra."""
    run = kept = 0
    for packet in container.demux(stream):
        run = run + 1 if packet.is_keyframe and packet.size else 0
        kept += 1
        if run > INTRA_RUN and packet.size and kept % INTRA_EVERY:
            continue
        yield from packet.decode()


class _Scaler:
    """Decoded frame -> (working luma, medium planes); keeps the scaler's tables between frames."""

    def __init__(self, video: VideoStream, working_px: int, table: NDArray[np.uint8] | None, part: Part | None = None) -> None:
        import av
        from av.video.reformatter import VideoReformatter

        width, height = medium_size(video, round(MEDIUM_PX / (share_of_long_side(video, part) if part else 1.0)))
        shown = cut_out(np.zeros((height, width), np.uint8), part, 4) if part else np.zeros((height, width), np.uint8)
        scale = min(1.0, working_px / max(shown.shape))
        self._video, self._part = video, part
        self._work = max(2, round(shown.shape[1] * scale)), max(2, round(shown.shape[0] * scale))
        self._stored = (height, width) if video.rotation in (90, 270) else (width, height)
        self._table = table
        self._reformat = VideoReformatter()
        # From PyAV 17 on it would share each picture among all cores, which other workers use, at an eighth more of cost.
        self._alone = {"threads": 1} if int(av.__version__.partition(".")[0]) >= 17 else {}
        self._stretch = np.clip((np.arange(256) - 16) * 255 / 219, 0, 255).round().astype(np.uint8)

    def __call__(self, raw: Any) -> tuple[Plane, tuple[Plane, Plane, Plane], Any]:
        """Working luma, medium planes, and these as the scaler's frame where they still are."""
        import cv2

        planes, scaled = self._planes(raw)
        y, cb, cr = (self._upright(plane) for plane in planes)
        if self._part is not None:
            y, cb, cr = (np.ascontiguousarray(cut_out(plane, self._part, step)) for plane, step in ((y, 4), (cb, 2), (cr, 2)))
        small = y if self._work == y.shape[::-1] else cv2.resize(y, self._work, interpolation=cv2.INTER_AREA)
        return np.asarray(cv2.LUT(small, self._stretch), np.uint8), (y, cb, cr), scaled if y is planes[0] else None

    def _planes(self, raw: Any) -> tuple[tuple[Plane, Plane, Plane], Any]:
        from av.video.reformatter import ColorRange

        width, height = self._stored
        if self._table is None:
            small = self._reformat.reformat(
                raw,
                width=width,
                height=height,
                format="yuv420p",
                interpolation="AREA",
                dst_color_range=ColorRange.MPEG,
                **self._alone,
            )
            # A picture that needs no scaling comes back as it is: the decoder still refers to it.
            y, cb, cr = (_rows(plane) for plane in small.planes)
            return (y, cb, cr), None if small is raw else small
        rgb = self._reformat.reformat(raw, width=width, height=height, format="rgb24", interpolation="AREA", **self._alone).to_ndarray()
        return _yuv(tone.applied(np.asarray(rgb, np.uint8), self._table)), None

    def _upright(self, plane: Plane) -> Plane:
        rotation, mirrored = self._video.rotation, self._video.mirrored
        if not rotation and not mirrored:
            return plane
        turned = np.rot90(plane, -rotation // 90) if rotation else plane
        return np.ascontiguousarray(turned[:, ::-1] if mirrored else turned)


def _rows(plane: Any) -> Plane:
    rows = np.frombuffer(plane, np.uint8).reshape(plane.height, plane.line_size)
    return rows[:, : plane.width]


def _yuv(rgb: Plane) -> tuple[Plane, Plane, Plane]:
    import cv2

    height, width = rgb.shape[:2]
    flat = np.asarray(cv2.cvtColor(rgb, cv2.COLOR_RGB2YUV_I420), np.uint8).reshape(-1)
    area = height * width
    chroma = flat[area:].reshape(2, height // 2, width // 2)
    return flat[:area].reshape(height, width), chroma[0], chroma[1]


def _luma_plane(raw: Any, interlaced: bool) -> Plane:
    if not raw.format.name.startswith(("yuv", "nv", "gray")) or raw.format.components[0].bits != 8:
        raw = raw.reformat(format="gray")
    plane = _rows(raw.planes[0])
    return plane[::2] if interlaced else plane  # one field: two moments woven together look sharper than they are
