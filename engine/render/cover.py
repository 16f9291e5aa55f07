"""A cover picture of a finished film: the sharpest frame with a face, or the one that was chosen."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from engine.errors import BadOption
from engine.media.decode import FrameReader, still
from engine.media.probe import probe
from engine.model.media import Media
from engine.progress import SILENT, Progress
from engine.render.storyboard import jpeg

__all__ = ["choose_frame", "cover_of", "sharpness"]

EVERY_S = 0.5
"""How far apart the looks are (chosen: shots of such edits last longer)."""
SIDE_PX = 640
"""At which sharpness is compared and faces are looked for."""
EDGE_SHARE = 0.1
"""Frames this near the film's ends, as a share of it and at most half a step, are no covers: they may be faded."""

Picture = NDArray[np.uint8]
FindFaces = Callable[[Picture], list[tuple[float, float, float, float]]]
"""RGB picture -> boxes (x, y, width, height) as shares 0 to 1."""


def cover_of(film: Path, chosen: str, find_faces: FindFaces, progress: Progress = SILENT) -> tuple[bytes, float, bool]:
    """(JPEG, its second in the film, whether a face is in it). chosen : `auto`, or seconds as a number. Raises `BadOption`."""
    media = probe(film)
    assert media.video is not None
    if chosen == "auto":
        frame, face = choose_frame(media, find_faces, progress)
    else:
        frame, face = _frame_at(chosen, media), False
    picture = still(media, frame, max(media.video.display_width, media.video.display_height))
    return jpeg(picture), float(media.video.rate.seconds(frame)), face


def _frame_at(chosen: str, media: Media) -> int:
    assert media.video is not None
    try:
        time_s = Fraction(str(float(chosen)))  # as it was written: 0.6 as a float is less than that
        inside = 0 <= time_s < media.duration_s
    except ValueError:
        inside = False
    if not inside:
        hint = f"Give auto, or a second between 0 and {media.duration_s:.2f}."
        raise BadOption("bad_cover", f"{chosen!r} is no moment of this film.", hint)
    return media.video.rate.frame_at(time_s)


def choose_frame(media: Media, find_faces: FindFaces, progress: Progress = SILENT) -> tuple[int, bool]:
    """The frame for the cover and whether it shows a face: the largest sharp face, else the sharpest frame of all."""
    assert media.video is not None
    step = max(1, round(EVERY_S * media.video.rate.fps))
    edge = min(step // 2, round(media.video.duration_frames * EDGE_SHARE))
    best: tuple[bool, float] = (False, -1.0)
    frame_of = 0
    progress.stage("Looking for a cover", media.video.duration_frames)
    for frame in FrameReader(media, max_side_px=SIDE_PX, pixel="rgb"):
        progress.advance()
        if frame.index % step or not edge <= frame.index < media.video.duration_frames - edge:
            continue
        worth = _worth(frame.picture, find_faces)
        if worth > best:
            best, frame_of = worth, frame.index
    return frame_of, best[0]


def _worth(picture: Picture, find_faces: FindFaces) -> tuple[bool, float]:
    faces = [_cut(picture, box) for box in find_faces(picture)]
    if faces:
        return True, max(sharpness(face) * face.shape[0] / picture.shape[0] for face in faces)
    return False, sharpness(picture)


def _cut(picture: Picture, box: tuple[float, float, float, float]) -> Picture:
    rows, columns = picture.shape[:2]
    x, y, width, height = box
    top, left = max(0, int(y * rows)), max(0, int(x * columns))
    return picture[top : max(top + 2, int((y + height) * rows)), left : max(left + 2, int((x + width) * columns))]


def sharpness(picture: Picture) -> float:
    """Mean gradient of the luma (Tenengrad without its square), so that brightness alone counts little."""
    gray = picture.astype(np.float32).mean(axis=2)
    if min(gray.shape) < 2:
        return 0.0
    return float(np.abs(np.diff(gray, axis=0)).mean() + np.abs(np.diff(gray, axis=1)).mean())
