"""Cuts inside a clip from two frame-to-frame distances, each judged against its neighbourhood.

A cut is a frame whose change stands out from the seconds around it (so fast motion does not cut) in both luma and histogram, and
whose neighbours on either side stay different (so a flash does not cut).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from engine.model.analysis import Shot

__all__ = ["HISTOGRAM_BINS", "find_shots", "histogram", "histogram_distance"]

HISTOGRAM_BINS = 16
"""Of luma (chosen: coarse enough to ignore noise, fine enough to tell two rooms apart) ..."""
CHROMA_BINS = 32
"""... and of each colour plane, in steps of 4."""
LEAST_CHANGE = 0.045
"""Mean absolute luma difference (share of full scale) below which nothing is a cut (measured: the smallest true cut of the annotated
finished videos changes .05; static noise stays under .02)."""
LEAST_DISTANCE = 0.20
"""Histogram distance (total variation, 0 to 1) below which nothing is a cut."""
STANDS_OUT = 3.0
"""How many times the neighbourhood's typical change a cut must show (chosen between handheld pans, up to 2.2, and true cuts)."""
NEIGHBOURS = 8
"""Frames on either side that make the neighbourhood."""
LEAST_SHOT_FRAMES = 3
"""Shorter pieces are flashes or decoding faults, not shots."""


def histogram(levels: NDArray[np.float64], cb: NDArray[np.uint8], cr: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Normalised histogram of luma and colour: float32 (HISTOGRAM_BINS + 2 * CHROMA_BINS,), each third summing to 1/3.

    levels : 256-bin histogram of luma that sums to 1. cb, cr : colour planes, whose middle half holds nearly all there is.
    """
    import cv2

    luma = levels.reshape(HISTOGRAM_BINS, -1).sum(axis=1)
    chroma = [np.ravel(cv2.calcHist([plane], [0], None, [CHROMA_BINS], [64, 192])) / plane.size for plane in (cb, cr)]
    return np.asarray(np.concatenate([luma, *chroma]) / 3, np.float32)


def histogram_distance(a: NDArray[np.float32], b: NDArray[np.float32]) -> float:
    """Total variation between two histograms, 0 (same) to 1."""
    return float(np.abs(a - b).sum() / 2)


def find_shots(
    changes: NDArray[np.float32], histograms: NDArray[np.float32], frames: NDArray[np.int64], duration_frames: int
) -> tuple[Shot, ...]:
    """Shots that cover the clip.

    changes : (n,) mean absolute luma difference of each frame to the one before, 0 to 1; the first is 0.
    histograms : (n, bins). frames : (n,) frame numbers of the samples. duration_frames : length of the clip.
    """
    if len(changes) < 2:
        return (Shot(0, duration_frames),)
    distances = np.zeros(len(changes), np.float32)
    distances[1:] = np.abs(np.diff(histograms, axis=0)).sum(axis=1) / 2
    cuts = [0]
    for index in range(1, len(changes)):
        if _is_cut(index, changes, distances, histograms) and frames[index] - frames[cuts[-1]] >= LEAST_SHOT_FRAMES:
            cuts.append(index)
    starts = [0, *(int(frames[index]) for index in cuts[1:])]
    ends = [*starts[1:], duration_frames]
    kinds = ["start", *["cut"] * (len(starts) - 1)]
    return tuple(Shot(a, max(a, b), kind) for a, b, kind in zip(starts, ends, kinds))  # type: ignore[arg-type]


def _is_cut(index: int, changes: NDArray[np.float32], distances: NDArray[np.float32], histograms: NDArray[np.float32]) -> bool:
    change, distance = changes[index], distances[index]
    if change < LEAST_CHANGE or distance < LEAST_DISTANCE:
        return False
    around = np.r_[changes[max(1, index - NEIGHBOURS) : index], changes[index + 1 : index + 1 + NEIGHBOURS]]
    typical = float(np.median(around)) if around.size else 0.0
    if change < STANDS_OUT * typical or (around.size and change < around.max() * 0.999 and _beside(changes, index)):
        return False
    before, after = histograms[max(0, index - 2)], histograms[min(len(histograms) - 1, index + 2)]
    return bool(histogram_distance(before, after) > distance / 2)


def _beside(changes: NDArray[np.float32], index: int) -> bool:
    """True when a neighbouring frame changes more: the cut, if any, is there."""
    low, high = max(1, index - 2), min(len(changes), index + 3)
    return bool(changes[low:high].max() > changes[index])
