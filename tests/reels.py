"""Finished reels with known truth, cut from footage: which take, which in-point; reframed, enlarged, graded, mirrored, retimed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from engine.media.decode import FrameReader
from engine.media.encode import write_video
from engine.model.media import Media
from engine.model.time import FrameRate, FrameSpan

Picture = NDArray[np.uint8]


@dataclass(frozen=True)
class Cut:
    """One shot of a reel: `frames` of the reel from frame `start` of the source on, treated as said."""

    media: Media
    start: int
    frames: int
    zoom: float = 1.0
    mirrored: bool = False
    graded: bool = False
    speed: float = 1.0
    left: float = 0.5
    """Where the window lies in what is free of the width, 0 to 1; None of it at zoom 1 of a picture of the reel's shape."""


def pictures(cut: Cut, rate: FrameRate, size: tuple[int, int]) -> Iterator[Picture]:
    """The shot's frames as they stand in the reel."""
    assert cut.media.video is not None
    source = cut.media.video.rate.fps
    wanted = [cut.start + int(k / rate.fps * cut.speed * source + 1e-6) for k in range(cut.frames)]
    frames = {}
    for frame in FrameReader(cut.media, span=FrameSpan(max(0, wanted[0] - 3), wanted[-1] + 2), max_side_px=960, pixel="rgb"):
        frames[frame.index] = frame.picture
    known = np.array(sorted(frames))
    for index in wanted:
        at = known[max(0, int(np.searchsorted(known, index, side="right")) - 1)]
        yield treated(frames[int(at)], cut, size)


def treated(picture: Picture, cut: Cut, size: tuple[int, int]) -> Picture:
    height, width = picture.shape[:2]
    shape = size[0] / size[1]
    high = min(height, width / shape) / cut.zoom
    wide = high * shape
    x, y = (width - wide) * cut.left, (height - high) * 0.5
    window = picture[int(y) : int(y + high), int(x) : int(x + wide)]
    small: Any = cv2.resize(window, size, interpolation=cv2.INTER_AREA if window.shape[0] > size[1] else cv2.INTER_CUBIC)
    if cut.graded:
        toned = (small.astype(np.float32) / 255) ** 0.8 * np.array([1.1, 1.0, 0.85], np.float32) * 0.9 + 0.04
        small = np.clip(toned * 255, 0, 255).astype(np.uint8)
    return np.ascontiguousarray(small[:, ::-1] if cut.mirrored else small)


def write_reel(path: Path, cuts: Sequence[Cut], rate: str = "30", size: tuple[int, int] = (360, 640)) -> list[FrameSpan]:
    """Writes the reel; the frames of each shot in it."""
    at, spans = 0, []
    for cut in cuts:
        spans.append(FrameSpan(at, at + cut.frames))
        at += cut.frames
    every = (picture for cut in cuts for picture in pictures(cut, FrameRate.parse(rate), size))
    write_video(path, every, FrameRate.parse(rate), size)
    return spans
