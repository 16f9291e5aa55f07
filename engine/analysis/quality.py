"""Sharpness, light, and one quality figure with named parts. All results 0 to 1."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = [
    "blur_effect",
    "blur_share",
    "clipped_of",
    "detail_of",
    "exposure_score",
    "exposure_scores",
    "flicker_curve",
    "flicker_of",
    "lit_of",
    "shake_share",
    "visual_quality",
]

BLUR_SIDE_PX = 640
"""Pictures are compared at this long side at most, so that 4K and 720p of the same scene score alike."""
BLUR_TAPS = 11
"""Length of the re-blurring filter at that size (Crete et al. 2007 use 9 at smaller pictures; 11 as in common implementations) ..."""
LEAST_TAPS = 3
"""... and towards which it shrinks with smaller ones, so that copies of one scene at 640 and at 320 px agree
(`tests/benchmarks/bench_clip_light.py`)."""
TILES = 8
LEAST_TILE_PX = 4
SPARE_BITS = 4
"""Differences times BLUR_TAPS take 12 bits of 16."""
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
LEAST_LIT = 0.1
"""Share of a picture that has to be more than black to be judged by itself (chosen: a third of the height and of the width;
lamps in the night stay under it)."""
DETAIL_SCALE = 4000.0
"""Variance of the Laplacian (grey levels squared) that counts as 1: the crispest textures at their own size."""
DETAIL_BANDS = 6
"""Detail is measured in so many bands across the picture, a third of it in all (a whole plane costs a tenth of its decoding)."""
FLICKER_GAIN = 20.0
"""A swing of a twentieth of full scale from frame to frame is as bad as flicker gets (chosen)."""
GOOD_LIGHT = (0.22, 0.75)
"""Mean luma between which light costs nothing."""


def blur_effect(luma: NDArray[np.uint8]) -> float:
    """No-reference blur after Crete, Dolmiere, Ladret, Nicolas (SPIE 2007): 0 crisp to 1 nothing left to blur.

    How much of the difference between neighbouring pixels survives a strong low-pass, worse of both directions, in each of
    TILES x TILES tiles; the sharpest tenth of the tiles that hold anything decides. A picture whose subject is in focus before a soft
    background is sharp; one without focus anywhere is not.
    """
    picture = _common_size(luma)
    if min(picture.shape) < 2 * BLUR_TAPS:
        return 0.0
    taps = _taps(max(picture.shape))
    sums = [_survived(picture, axis, taps) for axis in (0, 1)]
    effects = np.maximum(*(kept / np.maximum(total, 1e-6) for total, kept in sums))
    contrast = sums[0][0] + sums[1][0]
    textured = contrast >= min(LEAST_CONTRAST, float(np.sort(contrast.ravel())[-TEXTURED]))
    if float(contrast.max()) < 1e-3:
        return 1.0
    ordered = np.sort(effects[textured])  # numpy's own percentile costs a third of all this
    return float(np.interp((len(ordered) - 1) * SHARPEST_PERCENT / 100, np.arange(len(ordered)), ordered))


def _taps(side_px: int) -> int:
    """Odd length of the re-blurring filter for a picture with this long side."""
    return round((BLUR_TAPS - LEAST_TAPS) * min(1.0, side_px / BLUR_SIDE_PX) / 2) * 2 + LEAST_TAPS


def _survived(picture: NDArray[np.uint8], axis: int, taps: int) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Per tile: the mean difference along an axis, and what is left of it after the low-pass. Every other line across is enough."""
    import cv2

    lines = np.ascontiguousarray(picture[:, ::2] if axis == 0 else picture[::2])
    again = cv2.boxFilter(lines, cv2.CV_16U, (1, taps) if axis == 0 else (taps, 1), normalize=False)
    a, b = (slice(1, None), slice(None)), (slice(None, -1), slice(None))
    if axis == 1:
        a, b = a[::-1], b[::-1]
    sharp = np.multiply(cv2.absdiff(lines[a], lines[b]), taps, dtype=np.uint16)
    kept = cv2.min(sharp, cv2.absdiff(again[a], again[b]))
    return _tiled(sharp, taps), _tiled(kept, taps)


def _tiled(values: Any, taps: int) -> NDArray[np.float32]:
    """Means of TILES x TILES tiles, less than a sixth of one left out at two borders: halving is much quicker than any other scaling."""
    import cv2

    values = np.left_shift(values, SPARE_BITS)  # so that what halving rounds away is nothing
    while min(values.shape) >= 2 * LEAST_TILE_PX * TILES:
        height, width = (side // 2 for side in values.shape)
        values = cv2.resize(values[: 2 * height, : 2 * width], (width, height), interpolation=cv2.INTER_AREA)
    return np.asarray(cv2.resize(values, (TILES, TILES), interpolation=cv2.INTER_AREA) / (taps << SPARE_BITS), np.float32)


def _common_size(luma: NDArray[np.uint8]) -> NDArray[np.uint8]:
    import cv2

    scale = BLUR_SIDE_PX / max(luma.shape)
    if scale >= 1:
        return luma
    return np.asarray(cv2.resize(luma, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA), np.uint8)


def blur_share(effect: float) -> float:
    """`blur_effect` stretched so that 0 is crisp and 1 is mush."""
    return float(np.clip((effect - SHARP) / (MUSH - SHARP), 0.0, 1.0))


def clipped_of(levels: NDArray[np.float64]) -> float:
    """Share of pixels crushed to black or burnt to white, from a 256-bin histogram that sums to 1."""
    return float(levels[: BLACK + 1].sum() + levels[WHITE:].sum())


def lit_of(levels: NDArray[np.float64]) -> float:
    """Mean luma (0 to 1) of what is not black, from a 256-bin histogram that sums to 1: a face in good light before black is well lit.

    Of all pixels where less than LEAST_LIT of them are more than black.
    """
    there = levels[BLACK + 1 :]
    share = float(there.sum())
    if share < LEAST_LIT:
        return float(levels @ np.arange(256)) / 255
    return float(there @ np.arange(BLACK + 1, 256)) / 255 / share


def detail_of(luma: NDArray[np.uint8]) -> float:
    """Fine detail at the picture's own size, 0 to 1: log of the Laplacian's variance (`log1p(v) / log1p(DETAIL_SCALE)`)."""
    import cv2

    high = max(8, luma.shape[0] // (3 * DETAIL_BANDS))
    starts = np.linspace(0, max(0, luma.shape[0] - high), DETAIL_BANDS).astype(int)
    bands = [cv2.meanStdDev(cv2.Laplacian(luma[at : at + high], cv2.CV_16S)) for at in starts]
    variance = float(np.mean([float(deviation[0, 0]) ** 2 for _, deviation in bands]))
    return float(min(1.0, np.log1p(variance) / np.log1p(DETAIL_SCALE)))


def exposure_score(exposure: float) -> float:
    """1 in good light, falling to 0 at black and at white."""
    low, high = GOOD_LIGHT
    if exposure < low:
        return max(0.0, exposure / low)
    return 1.0 if exposure <= high else max(0.0, (1 - exposure) / (1 - high))


def exposure_scores(exposures: NDArray[np.float64]) -> NDArray[np.float64]:
    """`exposure_score` of many."""
    low, high = GOOD_LIGHT
    return np.interp(exposures, [0.0, low, high, 1.0], [0.0, 1.0, 1.0, 0.0])


def shake_share(shake_per_height: float) -> float:
    """Shake 0 to 1: `1 - exp(-shake / SHAKE_SCALE)`."""
    return float(1.0 - np.exp(-max(0.0, shake_per_height) / SHAKE_SCALE))


def flicker_curve(exposures: NDArray[np.float32]) -> NDArray[np.float32]:
    """Up-and-down of exposure from frame to frame that reverses at once (light flicker, not a change of scene), 0 to 1 per frame."""
    reversing = np.zeros(len(exposures), np.float32)
    if len(exposures) >= 3:
        steps = np.diff(exposures)
        reversing[1:-1] = np.minimum(np.abs(steps[:-1]), np.abs(steps[1:])) * (steps[:-1] * steps[1:] < 0)
    return np.asarray(np.minimum(1.0, reversing * FLICKER_GAIN), np.float32)


def flicker_of(exposures: NDArray[np.float32]) -> float:
    """Mean of `flicker_curve` where it can be told."""
    return float(flicker_curve(exposures)[1:-1].mean()) if len(exposures) >= 3 else 0.0


def visual_quality(blur: float, lit: float, clipped: float, shake: float, flicker: float) -> tuple[float, dict[str, float]]:
    """Quality 0 to 1 and its named parts: a product of powers, so that one part near 0 ruins the whole.

    lit : `lit_of`. Exponents are chosen: light and focus decide, tremor and flicker disturb. Ordinary well-made footage comes out above .7.
    """
    parts = {
        "sharpness": 1.0 - blur,
        "light": exposure_score(lit) * (1.0 - 0.5 * max(0.0, clipped - 0.25)),
        "steadiness": 1.0 - shake,
        "flicker": 1.0 - flicker,
    }
    powers = {"sharpness": 0.5, "light": 0.6, "steadiness": 0.25, "flicker": 0.2}
    score = float(np.prod([max(0.0, parts[name]) ** power for name, power in powers.items()]))
    return score, {name: float(value) for name, value in parts.items()}
