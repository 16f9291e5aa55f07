"""The window of a clip's picture through which its frames look most like those of a shot, to parts of a pixel.

Lucas and Kanade's registration in its inverse form (Baker and Matthews 2004, "Lucas-Kanade 20 years on", section 3.2): how a picture
changes as its window moves is read from the shot's own pictures, once for every moment of every clip that they are held against. Steps are
damped as Levenberg and Marquardt do. Pictures are compared after their mean is taken off and their length made 1, so grading hardly counts.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["FLAT", "Aim", "Window", "aim_at", "fit", "seen_through"]

Array = NDArray[np.float32]
Values = NDArray[np.float64]
Pictures = NDArray[np.uint8]

FLAT = 1.5
"""Standard deviation in grey levels under which a picture says nothing."""
ROUNDS, LEAST_GAIN, LEAST_SHARE = 10, 2e-6, 0.003
"""Steps of one fit, and the gain under which it ends: of correlation, and as a share of what is left over."""
FIRST_DAMPING, MOST_DAMPING = 1e-3, 1.0
"""A step that gains nothing is damped thirtyfold; beyond the last, none is left to gain."""
MOST_MOVE = 0.03
"""Longest step of one round, as a share of the picture."""
MOST_SQUEEZE = 0.004
"""A window cut to whole pixels is this much off the shot's shape at most: a pixel of a picture 250 pixels wide."""
WARP = 1 | 16
"""OpenCV's INTER_LINEAR and WARP_INVERSE_MAP: loaded only where it is used."""
SHAPE_KEPT = np.array([[1.0, 0, 0, 0], [0, 1, 0, 0], [0, 0, 1, 1]])
"""Ways in which a window may change that keeps its shape: x, y, and width and height together, all as shares of its own size."""
ALONG_X, ALONG_Y = np.array([[1.0, 0, 0, 0], [0, 0, 1, 0]]), np.array([[0, 1.0, 0, 0], [0, 0, 0, 1]])
"""And those of one that is as high, or as wide, as the picture."""


@dataclass(frozen=True)
class Window:
    """The part of the clip's picture that the shot shows, in shares of its width and height."""

    x: float
    y: float
    width: float
    height: float
    mirrored: bool = False


@dataclass(frozen=True, eq=False)
class Aim:
    """Some of a shot's frames, ready to be held against a clip's.

    rows : (frames, 5, cells). The picture itself, normal; then how it changes as its window moves by its own width, by its height, and as
    it gets wider or higher by its own size. square : (4, 4), products of those changes, summed over frames.
    telling : which of the frames handed in these are; the others show nothing.
    """

    rows: Array
    square: Values
    telling: NDArray[np.bool_]
    shape: tuple[int, int]


def aim_at(pictures: Pictures) -> Aim:
    """pictures : uint8 (frames, rows, columns)."""
    telling = pictures.std(axis=(1, 2)) >= FLAT
    rows = np.stack([_changes(one) for one in pictures[telling]]) if telling.any() else np.zeros((0, 5, pictures[0].size), np.float32)
    square = np.einsum("fac,fbc->ab", rows[:, 1:], rows[:, 1:])
    return Aim(rows, square.astype(float), telling, (pictures.shape[1], pictures.shape[2]))


def _changes(picture: Pictures) -> Array:
    """One picture's rows of `Aim`: less their mean and, but for the first, across it, as the changes of a normal picture are."""
    import cv2

    high, wide = picture.shape
    across, down = (cv2.Sobel(picture, cv2.CV_32F, *way, ksize=3, scale=1 / 8) for way in ((1, 0), (0, 1)))
    x, y = np.arange(0.5, wide, dtype=np.float32), np.arange(0.5, high, dtype=np.float32)[:, None]
    rows = np.stack([picture.astype(np.float32), across * wide, down * high, across * x, down * y]).reshape(5, -1)
    rows -= rows.mean(axis=1, keepdims=True)
    rows /= np.linalg.norm(rows[0])
    rows[1:] -= (rows[1:] @ rows[0])[:, None] * rows[0]
    return rows


def fit(aim: Aim, clip: Pictures, window: Window, plain: bool = False) -> tuple[Window, float]:
    """The window through which these frames of a clip, one for each telling frame of `aim`, look most alike; and 1 less their correlation.

    A plain window keeps its full side and only slides along it, but for what rounding to whole pixels does to its shape; another one keeps
    its shape.
    """
    at = start = np.array([window.x, window.y, window.width, window.height])
    ways = SHAPE_KEPT if not plain else ALONG_X if start[3] >= 1 - 1e-6 else ALONG_Y
    square, damping = ways @ aim.square @ ways.T, FIRST_DAMPING
    if not len(clip):
        return window, 1.0
    sheets = _sheets(clip)
    left, missing = _compared(aim, sheets, at)
    for _ in range(ROUNDS):
        damped = square + damping * np.diag(np.diag(square)) + 1e-9 * np.eye(len(square))
        move = (np.linalg.solve(damped, ways @ missing) @ ways) * at[[2, 3, 2, 3]]
        further = _within(at + np.clip(move, -MOST_MOVE, MOST_MOVE), start if plain else None)
        then, lacking = _compared(aim, sheets, further)
        gain = left - then
        if gain > 0:
            at, left, missing, damping = further, then, lacking, damping / 10
        else:
            damping *= 30
        if damping > MOST_DAMPING or 0 < gain < max(LEAST_GAIN, LEAST_SHARE * left):
            break
    x, y, width, height = at.tolist()
    return Window(x, y, width, height, window.mirrored), left


def _compared(aim: Aim, sheets: Sequence[Pictures], at: Values) -> tuple[float, Values]:
    """What is left over, and along each of the aim's changes what the clip lacks of it."""
    import cv2

    matrix, size = _matrix(at, sheets[0].shape, aim.shape), aim.shape[::-1]
    seen = [one for sheet in sheets for one in cv2.split(cv2.warpAffine(sheet, matrix, size, flags=WARP, borderMode=cv2.BORDER_REPLICATE))]
    mean, spread = np.array([cv2.meanStdDev(one) for one in seen], np.float32).reshape(-1, 2).T
    centred = np.stack(seen).reshape(len(seen), -1) - mean[:, None]
    length = np.maximum(spread * centred.shape[1] ** 0.5, 1e-3)
    products = (np.matmul(aim.rows, centred[:, :, None])[:, :, 0] / length[:, None]).astype(float)
    return 1 - float(products[:, 0].mean()), -products[:, 1:].sum(axis=0)


def _sheets(clip: Pictures) -> list[Pictures]:
    """Four frames in one, as colours are: to look through a window then takes a third of the time."""
    import cv2

    return [np.asarray(cv2.merge(list(clip[at : at + 4])), np.uint8) for at in range(0, len(clip), 4)]


def _within(values: Values, start: Values | None) -> Values:
    """Inside the picture; a plain window no more than rounding off its shape."""
    x, y, wide, high = values.tolist()
    if start is not None:
        wide = min(max(wide, start[2] * (1 - MOST_SQUEEZE)), start[2] * (1 + MOST_SQUEEZE))
        high = min(max(high, start[3] * (1 - MOST_SQUEEZE)), start[3] * (1 + MOST_SQUEEZE))
    shrink = min(1.0, 1 / wide, 1 / high)
    wide, high = wide * shrink, high * shrink
    return np.array([min(max(x, 0.0), 1 - wide), min(max(y, 0.0), 1 - high), wide, high])


def seen_through(clip: Pictures, window: Window, shape: tuple[int, ...]) -> Pictures:
    """The clip's frames as the shot shows them: uint8 (n, *shape)."""
    import cv2

    matrix = _matrix(np.array([window.x, window.y, window.width, window.height]), clip.shape[1:], shape)
    size = (shape[1], shape[0])
    return np.stack([cv2.warpAffine(one, matrix, size, flags=WARP, borderMode=cv2.BORDER_REPLICATE) for one in clip])


def _matrix(at: Values, clip: tuple[int, ...], shot: tuple[int, ...]) -> Values:
    """Pixel centres of the shot's picture -> of the clip's: (u + .5) maps to x + (u + .5) * scale - .5."""
    x, y, width, height = at * np.array([clip[1], clip[0], clip[1], clip[0]])
    across, down = width / shot[1], height / shot[0]
    return np.array([[across, 0, x + 0.5 * across - 0.5], [0, down, y + 0.5 * down - 0.5]])
