"""Finished reels with known truth, cut from footage: which take, which in-point; reframed, enlarged, graded, mirrored, retimed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from engine.errors import CutprintError
from engine.media.decode import FrameReader
from engine.media.encode import write_video
from engine.media.probe import probe
from engine.model.media import Media
from engine.model.time import FrameRate, FrameSpan

Picture = NDArray[np.uint8]


def takes_of(paths: Iterable[Path], least_s: float) -> list[Media]:
    """Those among files that are videos of at least so many seconds and 15 frames a second."""
    found = []
    for path in paths:
        try:
            one = probe(path)
        except CutprintError:
            continue
        if one.video is not None and one.video.duration_frames / one.video.rate.fps >= least_s and one.video.rate.fps >= 15:
            found.append(one)
    return found


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


def write_reel(
    path: Path, cuts: Sequence[Cut], rate: str = "30", size: tuple[int, int] = (360, 640), audio: Path | None = None
) -> list[FrameSpan]:
    """Writes the reel; the frames of each shot in it."""
    at, spans = 0, []
    for cut in cuts:
        spans.append(FrameSpan(at, at + cut.frames))
        at += cut.frames
    every = (picture for cut in cuts for picture in pictures(cut, FrameRate.parse(rate), size))
    write_video(path, every, FrameRate.parse(rate), size, audio=audio)
    return spans


@dataclass(frozen=True)
class Join:
    """How one shot goes over into the next. frames : on each side of the middle. direction : of a whip pan, in pictures per frame at most
    (x, y). strength : of a flash, 0 to 1."""

    kind: str = "cut"
    frames: int = 0
    direction: tuple[float, float] = (0.0, 0.0)
    strength: float = 1.0


def write_joined(path: Path, cuts: Sequence[Cut], joins: Sequence[Join], size: tuple[int, int] = (360, 640), rate: str = "30") -> list[int]:
    """Writes shots joined in different ways (one join fewer than cuts, each short beside its shots); the middle frame of each join."""
    shots = [[np.asarray(picture, np.float32) for picture in pictures(cut, FrameRate.parse(rate), size)] for cut in cuts]
    every: list[NDArray[np.float32]] = list(shots[0])
    middles = []
    for join, shot in zip(joins, shots[1:]):
        if join.kind == "dissolve":
            overlap = 2 * join.frames
            shares = (np.arange(overlap) + 1) / (overlap + 1)
            mixed = [(1 - share) * a + share * b for share, a, b in zip(shares, every[-overlap:], shot[:overlap])]
            every[-overlap:] = mixed
            middles.append(len(every) - join.frames)
            every += shot[overlap:]
            continue
        middles.append(len(every))
        every += shot
        if join.kind != "cut":
            _treat(every, middles[-1], join)
    write_video(path, (np.clip(one, 0, 255).astype(np.uint8) for one in every), FrameRate.parse(rate), size)
    return middles


def _treat(every: list[NDArray[np.float32]], middle: int, join: Join) -> None:
    """A flash or a whip pan over the frames around a cut."""
    moved = 0.0
    for k in range(join.frames):
        near = 1 - k / join.frames
        for at, side in ((middle - 1 - k, -1), (middle + k, 1)):
            if join.kind == "flash":
                every[at] = every[at] + (255 - every[at]) * join.strength * near
            else:
                every[at] = _smeared(every[at], join, near, side * moved)
        moved += near


def _smeared(picture: NDArray[np.float32], join: Join, speed: float, moved: float) -> NDArray[np.float32]:
    """The picture as a camera sees it that turns quickly: moved on (what lies beyond the edge is mirrored) and blurred along the way."""
    height, width = picture.shape[:2]
    dx, dy = join.direction[0] * width * speed, join.direction[1] * height * speed
    x, y = join.direction[0] * width * moved, join.direction[1] * height * moved
    steps = 12
    total = np.zeros_like(picture)
    for k in range(steps):
        share = (k + 0.5) / steps - 0.5
        matrix = np.array([[1, 0, x + share * dx], [0, 1, y + share * dy]])
        total += cv2.warpAffine(picture, matrix, (width, height), borderMode=cv2.BORDER_REFLECT)
    return total / steps
