"""How alike the pictures of two clips are: neighbours that look the same read as a mistake."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from engine.model.analysis import ClipAnalysis

__all__ = ["likeness"]

Array = NDArray[np.float64]

LEAST_ROOM = 0.95
"""Clips that are all alike are told apart by what is left above this, at most."""
LAYOUT_CELLS = 8
"""Cells across and down in which it is compared where light and dark lie: as in the signatures of `engine.analysis.alike`."""


def likeness(clips: Sequence[ClipAnalysis]) -> Array:
    """(clips, clips) 0 to 1: half by colours, half by where light and dark lie, both beyond what most pairs of the shoot have in common."""
    return np.asarray(0.5 * _beyond_usual(_palettes_alike(clips)) + 0.5 * _beyond_usual(_layouts_alike(clips)))


def _beyond_usual(alike: Array) -> Array:
    pairs = alike[np.triu_indices(len(alike), 1)]
    usual = min(float(np.median(pairs)), LEAST_ROOM) if pairs.size else 0.0
    return np.asarray(np.maximum(0.0, (alike - usual) / (1.0 - usual)))


def _layouts_alike(clips: Sequence[ClipAnalysis]) -> Array:
    """(clips, clips) 0 to 1: correlation of the middle pictures over time, as coarse cells; 0 where a clip has no prints."""
    rows = np.zeros((len(clips), LAYOUT_CELLS**2))
    for row, clip in enumerate(clips):
        prints = clip.prints.values
        if len(prints):
            middle = np.median(prints, axis=0)
            blocks = [np.array_split(band, LAYOUT_CELLS, axis=1) for band in np.array_split(middle, LAYOUT_CELLS, axis=0)]
            rows[row] = [float(cell.mean()) if cell.size else 0.0 for band in blocks for cell in band]
    rows -= rows.mean(axis=1, keepdims=True)
    rows /= np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-9)
    return np.clip(rows @ rows.T, 0.0, 1.0)


def _palettes_alike(clips: Sequence[ClipAnalysis]) -> Array:
    """(clips, clips) 0 to 1: how alike two palettes are, by the distance of each colour to the nearest of the other, weighted by share."""
    most = max((len(clip.palette) for clip in clips), default=0)
    if not most:
        return np.zeros((len(clips), len(clips)))
    colours, shares = np.full((len(clips), most, 3), np.nan), np.zeros((len(clips), most))
    for row, clip in enumerate(clips):
        for column, (red, green, blue, share) in enumerate(clip.palette):
            colours[row, column], shares[row, column] = (red, green, blue), share
    alike = np.zeros((len(clips), len(clips)))
    empty = np.isnan(colours[:, 0, 0])
    for at in np.flatnonzero(~empty):
        row = int(at)
        away = np.linalg.norm(colours[row, None, :, None, :] - colours[:, None, :, :], axis=-1)
        nearest = np.nanmin(np.where(np.isnan(away), np.inf, away), axis=2)
        alike[row] = np.exp(-np.where(shares[row] > 0, np.where(np.isinf(nearest), 0.0, nearest) * shares[row], 0.0).sum(axis=1) / 60.0)
    alike[:, empty] = 0.0
    return alike
