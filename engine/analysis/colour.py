"""Colour: how much of it there is, and which."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["colour_variance", "palette"]

VARIANCE_SCALE = 35.0
"""Chroma spread (CIELAB units, standard deviation) that counts as 0.63 (chosen: a street with signs; a grey studio has 5)."""
COLOURS = 5


def colour_variance(picture: NDArray[np.uint8]) -> float:
    """Spread of chroma, 0 (one colour) to 1: `1 - exp(-sqrt(var a + var b) / VARIANCE_SCALE)` in CIELAB."""
    import cv2

    lab = cv2.cvtColor(cv2.resize(picture, (64, 36), interpolation=cv2.INTER_AREA).astype(np.float32) / 255, cv2.COLOR_RGB2LAB)
    return float(1.0 - np.exp(-np.sqrt(lab[..., 1].var() + lab[..., 2].var()) / VARIANCE_SCALE))


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
