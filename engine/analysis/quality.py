"""Sharpness, light, and one quality figure with named parts. All results 0 to 1."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["blur_effect", "blur_share", "clipped_share", "exposure_score", "flicker_of", "shake_share", "visual_quality"]

BLUR_SIDE_PX = 640
"""Pictures are compared at this long side at most, so that 4K and 720p of the same scene score alike."""
BLUR_TAPS = 11
"""Length of the re-blurring filter (Crete et al. 2007 use 9 at smaller pictures; 11 as in common implementations)."""
TILES = 8
SHARPEST_PERCENT = 10
LEAST_CONTRAST = 2.0
"""Mean difference of neighbours in both directions together, in grey levels, from which a tile holds anything."""
TEXTURED = 6
"""In an empty picture at least so many tiles are looked at."""
SHARP, MUSH = 0.33, 0.85
"""Re-blur measure of a crisp picture and of one without any detail. Well-focused raw clips measure .17 to .36, the same after Gaussian blur
with a sigma of 1.5 of 640 px .48 to .57, after 3 px .69 to .77."""
BLACK = 16
WHITE = 250
"""8-bit luma at and beyond which a pixel holds no detail."""
SHAKE_SCALE = 0.006
"""Shake per frame, as a share of the height, that costs 63 % of steadiness (six pixels at 1080)."""
GOOD_LIGHT = (0.22, 0.75)
"""Mean luma between which light costs nothing."""


def blur_effect(luma: NDArray[np.uint8]) -> float:
    """No-reference blur after Crete, Dolmiere, Ladret, Nicolas (SPIE 2007): 0 crisp to 1 nothing left to blur.

    How much of the difference between neighbouring pixels survives a strong low-pass, worse of both directions, in each of
    TILES x TILES tiles; the sharpest tenth of the tiles that hold anything decides. A picture whose subject is in focus before a soft
    background is sharp; one without focus anywhere is not.
    """
    picture = _common_size(luma).astype(np.float32)
    if min(picture.shape) < 2 * BLUR_TAPS:
        return 0.0
    height, width = picture.shape
    sums = [_survived(picture, axis, height - 1, width - 1) for axis in (0, 1)]
    effects = np.maximum(*(kept / np.maximum(total, 1e-6) for total, kept in sums))
    contrast = sum(total for total, _ in sums) * (TILES * TILES / (height * width))
    textured = contrast >= min(LEAST_CONTRAST, float(np.sort(contrast.ravel())[-TEXTURED]))
    if float(contrast.max()) < 1e-3:
        return 1.0
    return float(np.percentile(effects[textured], SHARPEST_PERCENT))


def _survived(picture: NDArray[np.float32], axis: int, rows: int, columns: int) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Per tile: the sum of differences along an axis, and what is left of it after the low-pass."""
    import cv2

    again = cv2.blur(picture, (1, BLUR_TAPS) if axis == 0 else (BLUR_TAPS, 1))
    sharp = np.abs(np.diff(picture, axis=axis))[:rows, :columns]
    kept = np.minimum(sharp, np.abs(np.diff(again, axis=axis))[:rows, :columns])
    return _tiled(sharp), _tiled(kept)


def _tiled(values: NDArray[np.float32]) -> NDArray[np.float32]:
    rows, columns = (np.linspace(0, size, TILES + 1).astype(int)[:-1] for size in values.shape)
    return np.asarray(np.add.reduceat(np.add.reduceat(values, rows, axis=0), columns, axis=1))


def _common_size(luma: NDArray[np.uint8]) -> NDArray[np.uint8]:
    import cv2

    scale = BLUR_SIDE_PX / max(luma.shape)
    if scale >= 1:
        return luma
    return np.asarray(cv2.resize(luma, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA), np.uint8)


def blur_share(effect: float) -> float:
    """`blur_effect` stretched so that 0 is crisp and 1 is mush."""
    return float(np.clip((effect - SHARP) / (MUSH - SHARP), 0.0, 1.0))


def clipped_share(luma: NDArray[np.uint8]) -> float:
    """Share of pixels crushed to black or burnt to white."""
    return float(np.count_nonzero((luma <= BLACK) | (luma >= WHITE)) / luma.size)


def exposure_score(exposure: float) -> float:
    """1 in good light, falling to 0 at black and at white."""
    low, high = GOOD_LIGHT
    if exposure < low:
        return max(0.0, exposure / low)
    return 1.0 if exposure <= high else max(0.0, (1 - exposure) / (1 - high))


def shake_share(shake_per_height: float) -> float:
    """Shake 0 to 1: `1 - exp(-shake / SHAKE_SCALE)`."""
    return float(1.0 - np.exp(-max(0.0, shake_per_height) / SHAKE_SCALE))


def flicker_of(exposures: NDArray[np.float32]) -> float:
    """Mean up-and-down of exposure from frame to frame that reverses at once: light flicker, not a change of scene."""
    if len(exposures) < 3:
        return 0.0
    steps = np.diff(exposures)
    reversing = np.minimum(np.abs(steps[:-1]), np.abs(steps[1:])) * (steps[:-1] * steps[1:] < 0)
    return float(min(1.0, reversing.mean() * 20))


def visual_quality(blur: float, exposure: float, clipped: float, shake: float, flicker: float) -> tuple[float, dict[str, float]]:
    """Quality 0 to 1 and its named parts: a product of powers, so that one part near 0 ruins the whole.

    Exponents are chosen: light and focus decide, tremor and flicker disturb. Ordinary well-made footage comes out above .7.
    """
    parts = {
        "sharpness": 1.0 - blur,
        "light": exposure_score(exposure) * (1.0 - 0.5 * max(0.0, clipped - 0.25)),
        "steadiness": 1.0 - shake,
        "flicker": 1.0 - flicker,
    }
    powers = {"sharpness": 0.5, "light": 0.6, "steadiness": 0.25, "flicker": 0.2}
    score = float(np.prod([max(0.0, parts[name]) ** power for name, power in powers.items()]))
    return score, {name: float(value) for name, value in parts.items()}
