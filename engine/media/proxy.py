"""Small copies of clips for preview, written by the pass that measures them: every frame a key frame, 30 a second, upright.

Frame k of a proxy shows what is on screen k / 30 seconds after the clip's first frame, whatever the source's rate.
"""

from __future__ import annotations

import contextlib
import logging
import os
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.media.scan import Scan
from engine.model.media import Media, VideoStream

__all__ = ["PROXY_FPS", "PROXY_VERSION", "ProxyWriter", "write_proxy"]

PROXY_FPS = 30
PROXY_VERSION = "1"
"""Part of the file's name; raise when proxies are made differently."""
OPTIONS = {"preset": "ultrafast", "crf": "26", "g": "1", "threads": "1", "x264-params": "keyint=1:scenecut=0:log-level=-1"}
"""All-intra, so that any frame is at hand and pieces can be joined by copying (about 3 Mb/s; docs/clip_analysis.md)."""
TOGETHER = 15
"""Pictures encoded one after the other: the encoder's code and the decoder's push each other out of the processor's caches."""
SLACK_S = 1e-3
MATRICES = {"bt709": 1, "bt470bg": 5, "smpte170m": 6, "bt2020nc": 9}
"""Colour matrices as ITU-T H.273 numbers them."""
HDR_MATRIX = 6
"""What was tone-mapped arrives in BT.601 (`engine.media.scan`)."""
LIMITED_RANGE = 1

_LOG = logging.getLogger(__name__)

Planes = tuple[NDArray[np.uint8], NDArray[np.uint8], NDArray[np.uint8]]


class ProxyWriter:
    """Takes a clip's medium pictures in order (`see`), then appears at `path` whole (`close`) or not at all (`abandon`).

    A disk that refuses or a build without H.264 costs the proxy, never the measurement: `failed` says so.
    """

    def __init__(self, path: Path, video: VideoStream | None = None) -> None:
        self.path = path
        self._matrix = _matrix(video) if video is not None else None
        self.failed = False
        self._part = path.with_name(f".{path.stem}.{os.getpid()}.part.mp4")
        self._container: Any = None
        self._stream: Any = None
        self._held: Any = None
        self._waiting: list[tuple[float, Any]] = []
        self._count = 0

    def see(self, time_s: float, planes: Planes, scaled: Any = None) -> None:
        """The picture from `time_s` on: planar YUV 4:2:0, limited range, the size of the first. scaled : the same as a frame of PyAV."""
        if self.failed:
            return
        try:
            if self._container is None:
                self._open(planes)
            self._waiting.append((time_s - SLACK_S, _frame(planes) if scaled is None else _plain(scaled)))
            if len(self._waiting) >= TOGETHER:
                self._encode_waiting()
        except Exception as cause:
            self._give_up(cause)

    def close(self, duration_s: float) -> None:
        """Holds the last picture to the end and puts the file in its place."""
        if self.failed or self._container is None:
            return
        try:
            self._encode_waiting()
            self._fill(max(duration_s, (self._count + 1) / PROXY_FPS) - SLACK_S)
            for packet in self._stream.encode(None):
                self._container.mux(packet)
            self._container.close()
            os.replace(self._part, self.path)
        except Exception as cause:
            self._give_up(cause)

    def abandon(self) -> None:
        """Leaves nothing behind."""
        self.failed, self._waiting = True, []
        with contextlib.suppress(Exception):
            if self._container is not None:
                self._container.close()
        with contextlib.suppress(OSError):
            self._part.unlink()

    def _open(self, planes: Planes) -> None:
        import av

        self.path.parent.mkdir(parents=True, exist_ok=True)
        self._container = av.open(str(self._part), "w", options={"movflags": "+faststart"})
        self._stream = self._container.add_stream("libx264", rate=PROXY_FPS, options=OPTIONS)
        self._stream.height, self._stream.width = planes[0].shape
        self._stream.pix_fmt = "yuv420p"
        if self._matrix:
            self._stream.codec_context.colorspace = self._matrix
            self._stream.codec_context.color_range = LIMITED_RANGE

    def _encode_waiting(self) -> None:
        waiting, self._waiting = self._waiting, []
        for until_s, frame in waiting:
            self._fill(until_s)
            self._held = frame

    def _fill(self, until_s: float) -> None:
        """Encodes the held picture for every proxy frame before `until_s`."""
        while self._held is not None and self._count / PROXY_FPS < until_s:
            self._held.pts, self._held.time_base = self._count, Fraction(1, PROXY_FPS)
            for packet in self._stream.encode(self._held):
                self._container.mux(packet)
            self._count += 1

    def _give_up(self, cause: Exception) -> None:
        _LOG.warning("No proxy at %s: %s", self.path, cause)
        self.abandon()


def write_proxy(media: Media, path: Path, tell: Callable[[float], None] = lambda _fraction: None) -> bool:
    """A clip's proxy by a pass of its own, for clips measured before there was room for one; False where none could be written.

    tell : how far it is, 0 to 1. Raises `MediaError` where nothing can be decoded.
    """
    writer = ProxyWriter(path, media.video)
    total = max(1.0, media.duration_s)
    try:
        for frame in Scan(media):
            writer.see(frame.time_s, frame.medium, frame.scaled)
            tell(min(1.0, frame.time_s / total))
    except BaseException:
        writer.abandon()
        raise
    writer.close(media.duration_s)
    return not writer.failed


def _matrix(video: VideoStream) -> int:
    """A copy keeps its clip's matrix: the named one, else the one players take by size."""
    usual = "bt709" if min(video.stored_width, video.stored_height) >= 720 else "smpte170m"
    return HDR_MATRIX if video.colour.is_hdr else MATRICES.get(video.colour.matrix, MATRICES[usual])


def _frame(planes: Planes) -> Any:
    import av

    flat = np.concatenate([plane.reshape(-1) for plane in planes])
    height, width = planes[0].shape
    return av.VideoFrame.from_ndarray(flat.reshape(height * 3 // 2, width), format="yuv420p")


def _plain(frame: Any) -> Any:
    """The frame without what it was in the source: encoders obey a frame's kind."""
    frame.pict_type = 0
    return frame
