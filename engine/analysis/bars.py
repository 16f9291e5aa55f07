"""The picture inside a letterboxed or pillarboxed video: the plain strips on two opposite sides that no frame ever draws in.

Exports of one shape inside another have them, black, white or of any colour, often with a caption on them. What they hold is no picture:
they would darken exposure, slow motion, shrink shot sizes, and nothing of them is in the raw clips.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from engine.errors import CutprintError
from engine.media.decode import still
from engine.model.analysis import Prints
from engine.model.media import Media

__all__ = ["active_picture", "may_have_bars"]

LOOKS = 10
"""Frames of the video in which the strips must be the same."""
SPARED = 0.1
"""Share of frames that may differ: a title card or a flash fills the whole frame."""
PLAIN = 10
"""Grey levels by which a strip may differ, over time and along a line: coding noise."""
OUTER_SHARE, STEADY_SHARE, TONE_SHARE = 0.7, 0.6, 0.25
"""Shares of a line: the outermost one is of one tone in so much of its length; each line of the strip stays the same over time in so much,
and has the tone of the outermost one in so much. The rest may carry a caption."""
LEAST_BAR = 0.03
"""Share of the height (or width) from which a strip counts: thinner ones are seams of the encoder."""
LOOK_PX = 640
SEAM_PX = 1
"""Lines beside a strip that scaling and coding smear, at the size looked at."""

Picture = NDArray[np.uint8]


def may_have_bars(prints: Prints) -> bool:
    """Whether the outermost cells of a clip's tiny pictures allow for strips; costs nothing."""
    values = prints.values
    if len(values) < LOOKS or min(values.shape[1:]) < 3:
        return False
    upright, turned = _strips(values), _strips(values.transpose(0, 2, 1))
    return min(upright) > 0 or min(turned) > 0


def active_picture(media: Media, prints: Prints) -> tuple[float, float, float, float] | None:
    """The part of the frame that shows something, in shares (x, y, width, height); None where that is all of it."""
    if media.video is None or not may_have_bars(prints):
        return None
    length = media.video.duration_frames
    try:
        frames = [still(media, int(length * (k + 0.5) / LOOKS), LOOK_PX).mean(axis=2) for k in range(LOOKS)]
    except CutprintError:
        return None
    pictures = np.stack(frames).astype(np.uint8)
    top, bottom = _edges(pictures)
    left, right = _edges(pictures[:, top:bottom].transpose(0, 2, 1))
    high, wide = pictures.shape[1:]
    if (top, bottom, left, right) == (0, high, 0, wide):
        return None
    return left / wide, top / high, (right - left) / wide, (bottom - top) / high


def _strips(pictures: Picture) -> tuple[int, int]:
    """Lines of the strips at the top and at the bottom of (frames, rows, columns); both 0 where all of it is plain."""
    low, high = np.quantile(pictures, [SPARED / 2, 1 - SPARED / 2], axis=0, method="nearest").astype(np.int16)
    steady = (high - low <= PLAIN).mean(axis=1) >= STEADY_SHARE
    usual = np.median(pictures, axis=0)
    first, last = _length(usual, steady), _length(usual[::-1], steady[::-1])
    return (first, last) if first + last < len(usual) else (0, 0)


def _length(usual: NDArray[np.float64], steady: NDArray[np.bool_]) -> int:
    """How many lines from the first one on belong to a strip."""
    tone = float(np.median(usual[0]))
    near = np.abs(usual - tone) <= PLAIN
    if near[0].mean() < OUTER_SHARE:
        return 0
    drawn = np.flatnonzero(~(steady & (near.mean(axis=1) >= TONE_SHARE)))
    return int(drawn[0]) if len(drawn) else len(usual)


def _edges(pictures: Picture) -> tuple[int, int]:
    """First and behind the last line of the picture: all of them unless there are strips on both sides."""
    count = pictures.shape[1]
    first, last = _strips(pictures)
    if min(first, last) < LEAST_BAR * count:
        return 0, count
    return min(first + SEAM_PX, count // 2), max(count - last - SEAM_PX, count // 2 + 1)
