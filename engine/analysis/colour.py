"""Colour: how much of it there is, and which."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

__all__ = ["cast_of", "colour_variance", "palette", "small_rgb", "white_balance"]

VARIANCE_SCALE = 35.0
"""Chroma spread (CIELAB units, standard deviation) that counts as 0.63 (chosen: a street with signs; a grey studio has 5)."""
COLOURS = 5
LUMA_WEIGHTS = {"bt709": (0.2126, 0.0722), "bt470bg": (0.299, 0.114), "smpte170m": (0.299, 0.114), "bt2020nc": (0.2627, 0.0593)}
"""Red and blue weights of luma (ITU-R BT.709, BT.601, BT.2020) by ffmpeg's names of the matrices."""
GREY_LIGHT, GREY_CHROMA, LEAST_GREY = (25.0, 92.0), 22.0, 0.02
"""Pixels this light (CIELAB L), with no more chroma than a strong cast gives to grey, count as grey where they are 2 % of a picture
(chosen)."""


def small_rgb(medium: tuple[NDArray[np.uint8], NDArray[np.uint8], NDArray[np.uint8]], matrix: str) -> NDArray[np.uint8]:
    """A 64 x 36 RGB picture (or as near as the shape allows) of planar YUV in limited range; `matrix` in ffmpeg's names."""
    import cv2

    tall = medium[0].shape[0] > medium[0].shape[1]
    size = (36, 64) if tall else (64, 36)
    planes = [np.asarray(cv2.resize(plane, size, interpolation=cv2.INTER_AREA), np.float32) for plane in medium]
    red, blue = LUMA_WEIGHTS.get(matrix, LUMA_WEIGHTS["bt709"])
    green = 1 - red - blue
    y, cb, cr = (planes[0] - 16) / 219, (planes[1] - 128) / 224, (planes[2] - 128) / 224
    r, b = y + 2 * (1 - red) * cr, y + 2 * (1 - blue) * cb
    rgb = np.stack([r, (y - red * r - blue * b) / green, b], axis=-1)
    return np.asarray(np.clip(rgb * 255, 0, 255).round(), np.uint8)


def _lab(picture: NDArray[np.uint8]) -> NDArray[np.float32]:
    import cv2

    return np.asarray(cv2.cvtColor(picture.astype(np.float32) / 255, cv2.COLOR_RGB2LAB), np.float32)


def colour_variance(picture: NDArray[np.uint8]) -> float:
    """Spread of chroma in an RGB picture, 0 (one colour) to 1: `1 - exp(-sqrt(var a + var b) / VARIANCE_SCALE)` in CIELAB."""
    import cv2

    small = cv2.resize(picture, (64, 36), interpolation=cv2.INTER_AREA) if picture.size > 3 * 64 * 64 else picture
    lab = _lab(np.asarray(small, np.uint8))
    return float(1.0 - np.exp(-np.sqrt(lab[..., 1].var() + lab[..., 2].var()) / VARIANCE_SCALE))


def cast_of(picture: NDArray[np.uint8]) -> tuple[float, float] | None:
    """(warmth, tint) of what should be grey: mean CIELAB b and a of pixels of middle lightness and little chroma; None without any."""
    lab = _lab(picture).reshape(-1, 3)
    grey = (lab[:, 0] > GREY_LIGHT[0]) & (lab[:, 0] < GREY_LIGHT[1]) & (np.hypot(lab[:, 1], lab[:, 2]) < GREY_CHROMA)
    if grey.mean() < LEAST_GREY:
        return None
    return float(lab[grey, 2].mean()), float(lab[grey, 1].mean())


def white_balance(casts: Sequence[tuple[float, float]]) -> dict[str, float]:
    """`warmth` and `tint` of a clip (medians over its looks); nothing where no grey was seen."""
    if not casts:
        return {}
    warmth, tint = np.median(np.array(casts), axis=0)
    return {"warmth": float(warmth), "tint": float(tint)}


def palette(pictures: list[NDArray[np.uint8]]) -> tuple[tuple[int, int, int, float], ...]:
    """Up to five colours over some pictures (k-means in CIELAB, fixed seeding): red, green, blue and share, largest first."""
    import cv2

    if not pictures:
        return ()
    small = np.concatenate([cv2.resize(one, (32, 18), interpolation=cv2.INTER_AREA).reshape(-1, 3) for one in pictures])
    lab = cv2.cvtColor(small[None].astype(np.float32) / 255, cv2.COLOR_RGB2LAB)[0]
    order = np.argsort(lab[:, 0], kind="stable")
    labels = np.zeros((len(lab), 1), np.int32)
    labels[order, 0] = np.arange(len(lab)) * COLOURS // len(lab)  # start from bands of lightness: no chance in it
    criteria = (cv2.TERM_CRITERIA_EPS + cv2.TERM_CRITERIA_MAX_ITER, 20, 0.5)
    _, found, centres = cv2.kmeans(lab, COLOURS, labels, criteria, 1, cv2.KMEANS_USE_INITIAL_LABELS)
    rgb = np.clip(cv2.cvtColor(centres[None], cv2.COLOR_LAB2RGB)[0] * 255, 0, 255).round().astype(int)
    shares = np.bincount(np.ravel(found), minlength=COLOURS) / len(lab)
    rows = [(int(r), int(g), int(b), float(share)) for (r, g, b), share in zip(rgb, shares) if share > 0]
    return tuple(sorted(rows, key=lambda row: -row[3]))
