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

AROUND_S = 0.2
"""How long before and after a face has to be there, too (chosen: shorter than any shot)."""
SAME_FACE = 0.3
"""Least overlap of two finds of one face (chosen: a head that turns or nods in that time)."""
MOST_TRIED = 12
"""How many faces are looked at again, the best first (chosen: a second's work)."""

Picture = NDArray[np.uint8]
Box = tuple[float, float, float, float]
"""x, y, width, height as shares 0 to 1."""
FindFaces = Callable[[Picture], list[Box]]
"""RGB picture -> faces."""


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
    """The frame for the cover and whether it shows a face: the largest sharp face that stays, else the sharpest frame of all."""
    assert media.video is not None
    step = max(1, round(EVERY_S * media.video.rate.fps))
    edge = min(step // 2, round(media.video.duration_frames * EDGE_SHARE))
    faces: list[tuple[float, int, Box]] = []
    sharpest, frame_of = -1.0, 0
    progress.stage("Looking for a cover", media.video.duration_frames)
    for frame in FrameReader(media, max_side_px=SIDE_PX, pixel="rgb"):
        progress.advance()
        if frame.index % step or not edge <= frame.index < media.video.duration_frames - edge:
            continue
        faces += [(_worth(frame.picture, box), frame.index, box) for box in find_faces(frame.picture)]
        value = sharpness(frame.picture)
        if value > sharpest:
            sharpest, frame_of = value, frame.index
    for _, number, box in sorted(faces, reverse=True)[:MOST_TRIED]:
        if _stays(media, number, box, find_faces):
            return number, True
    return frame_of, False


def _worth(picture: Picture, box: Box) -> float:
    face = _cut(picture, box)
    return sharpness(face) * float(face.shape[0] / picture.shape[0])


def _stays(media: Media, number: int, box: Box, find_faces: FindFaces) -> bool:
    """Whether the face is there a moment before and after, too: patterns that finders take for faces jump or vanish."""
    assert media.video is not None
    apart = max(1, round(AROUND_S * media.video.rate.fps))
    around = [at for at in (number - apart, number + apart) if 0 <= at < media.video.duration_frames]
    return all(any(_overlap(box, other) >= SAME_FACE for other in find_faces(still(media, at, SIDE_PX))) for at in around)


def _overlap(a: Box, b: Box) -> float:
    """Shared area as a share of both together."""
    wide = min(a[0] + a[2], b[0] + b[2]) - max(a[0], b[0])
    high = min(a[1] + a[3], b[1] + b[3]) - max(a[1], b[1])
    shared = max(0.0, wide) * max(0.0, high)
    return shared / (a[2] * a[3] + b[2] * b[3] - shared)


def _cut(picture: Picture, box: Box) -> Picture:
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
