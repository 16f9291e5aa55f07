"""What draws the eye where no face or body is found: the spectral residual (Hou and Zhang 2007)."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from engine.model.analysis import Box

__all__ = ["salient_box"]

SIDE_PX = 64
"""Working width; the authors' 64 px is about what one takes in at a glance."""
STANDS_OUT = 3.0
"""A place stands out from this many times the mean saliency on (the authors' threshold)."""
CONFIDENCE = 0.35
"""Belief in such a find (chosen: less than a body, more than nothing)."""


def salient_box(luma: NDArray[np.uint8]) -> tuple[Box, float] | None:
    """Box (shares of the picture) of the region that stands out most, and a confidence; None in an even picture."""
    import cv2

    height = max(8, round(SIDE_PX * luma.shape[0] / luma.shape[1]))
    small = cv2.resize(luma, (SIDE_PX, height), interpolation=cv2.INTER_AREA).astype(np.float32)
    if float(small.std()) < 4.0:  # of 255: nothing but noise
        return None
    spectrum = np.fft.fft2(small)
    log_amplitude = np.log(np.abs(spectrum) + 1e-6).astype(np.float32)
    residual = log_amplitude - cv2.blur(log_amplitude, (3, 3))
    saliency = np.abs(np.fft.ifft2(np.exp(residual + 1j * np.angle(spectrum)))) ** 2
    saliency = cv2.GaussianBlur(saliency.astype(np.float32), (0, 0), 2.5)
    mask = (saliency > STANDS_OUT * saliency.mean()).astype(np.uint8)
    count, labels, stats, _ = cv2.connectedComponentsWithStats(mask)
    if count < 2:
        return None
    weights = np.bincount(labels.ravel(), saliency.ravel(), count)
    weights[0] = 0
    x, y, width, tall, _area = (int(value) for value in stats[int(weights.argmax())])
    box = Box(x / SIDE_PX, y / height, width / SIDE_PX, tall / height)
    return box, CONFIDENCE
