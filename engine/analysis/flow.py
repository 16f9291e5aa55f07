"""How much full-size optical flow would see move, without computing it.

Farneback's flow (2003, as in OpenCV: windows of 15 px, polynomials of sigma 1.2 px) sees motion only where second derivatives tell in which
direction brightness changed: it divides by their determinant plus a constant, so what is flat at that scale stands still. That share of the
picture is measured on the whole luma plane. How far things moved follows from what changed between two small pictures, over how steep
they are (brightness constancy; Horn and Schunck 1981), with powers fitted to that flow.

Flow at full size depends on the size: the same waves at 540 lines have two thirds of the flow that they have at 360. So `motion`, which
does not, is what edits go by; this curve says what the usual measure would.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.analysis.motion import CELL_PX

__all__ = ["FlowMeter", "cell_logs", "enlarged", "grid_of", "texture_shares"]

SIGMA_PX, REACH_PX, WINDOW_PX, DAMPING = 1.2, 3, 15, 1e-3
"""Farneback's, as OpenCV computes them and as they are usually called: polynomial's sigma and reach (5 there; beyond 3 lies a hundredth),
averaging window, regularisation."""
LEAST_SHARE, LEAST_CHANGE, LEAST_SLOPE = 1e-3, 0.5, 1.0
"""What is added to shares of texture, grey levels of change and of slope, before logarithms: under them is rounding and noise."""
POWERS, LOG_PX = np.array([0.678, -0.719, 1.411, -0.348]), -1.086
"""Powers of the share of texture, of the slope, of the change and of the size, and the level, of flow in pixels of the working picture per
frame. Poisson regression on the flow of cells of finished films, `python -m engine.analysis.training.flow`; measured on all raw clips by
`tests/benchmarks/bench_clip_light.py`."""

Plane = NDArray[np.uint8]
Grid = NDArray[np.float32]


@dataclass(frozen=True)
class FlowMeter:
    """Measures one clip's pairs of neighbouring frames. rotation, mirrored : how its stored planes are turned for showing."""

    rotation: int = 0
    mirrored: bool = False

    def flow(self, before: Plane, luma: Plane, full: Plane, seconds: float) -> float:
        """Flow in picture heights per second between two working pictures `seconds` apart. full : the second's luma plane, as stored."""
        if before.shape != luma.shape or seconds <= 0:
            return 0.0
        logs = cell_logs(before, luma, self._texture(full, *grid_of(luma)), enlarged(full, luma))
        return float(np.mean(np.exp(logs @ POWERS + LOG_PX))) / float(luma.shape[0]) / seconds

    def _texture(self, full: Plane, rows: int, columns: int) -> Grid:
        if self.rotation in (90, 270):
            rows, columns = columns, rows
        shares = np.rot90(texture_shares(full, rows, columns), -self.rotation // 90)
        return np.ascontiguousarray(shares[:, ::-1] if self.mirrored else shares)


def grid_of(luma: Plane) -> tuple[int, int]:
    """(rows, columns) of cells of a working picture."""
    return max(1, luma.shape[0] // CELL_PX), max(1, luma.shape[1] // CELL_PX)


def enlarged(full: Plane, luma: Plane) -> float:
    """How many times the working picture is as large at full size."""
    return float(max(full.shape)) / float(max(luma.shape))


def cell_logs(before: Plane, luma: Plane, texture: Grid, times: float) -> NDArray[np.float64]:
    """(rows, columns, 4) logs of texture's share, of the slope (grey levels per pixel of the working picture), of the grey levels by which
    two working pictures differ, less what a whole cell does (light that goes up and down moves nothing), and of how many `times` as large
    the full picture is."""
    import cv2

    across, down = (cv2.Sobel(luma, cv2.CV_32F, dx, 1 - dx, ksize=3, scale=1 / 8) for dx in (1, 0))
    apart = cv2.subtract(luma, before, dtype=cv2.CV_32F)
    own = cv2.absdiff(apart, cv2.blur(apart, (CELL_PX + 1, CELL_PX + 1)))
    slopes, changes = _means(cv2.magnitude(across, down), luma), _means(own, luma)
    sizes = np.full(texture.shape, np.log(times))
    logs = [np.log(texture + LEAST_SHARE), np.log(slopes + LEAST_SLOPE), np.log(changes + LEAST_CHANGE), sizes]
    return np.stack(logs, axis=2).astype(np.float64)


def _means(values: Any, luma: Plane) -> Grid:
    import cv2

    return np.asarray(cv2.resize(values, grid_of(luma)[::-1], interpolation=cv2.INTER_AREA), np.float32)


def texture_shares(full: Plane, rows: int, columns: int) -> Grid:
    """(rows, columns) how much of motion Farneback's flow sees, 0 (flat) to 1: `det / (det + DAMPING)`, det of the products of second-order
    coefficients, their mean over a window. One window in the middle of every second cell, and the mean of neighbouring cells."""
    import cv2

    odd = np.add.outer(np.arange(rows), np.arange(columns)) % 2 == 0
    row, column = np.nonzero(odd)
    side = min(WINDOW_PX + 2 * REACH_PX, *full.shape)
    tops, lefts = _starts(rows, full.shape[0], side), _starts(columns, full.shape[1], side)
    windows = np.lib.stride_tricks.sliding_window_view(full, (side, side))[tops[row], lefts[column]]
    shares = np.zeros((rows, columns), np.float32)
    shares[odd] = _shares(windows)
    near, known = (cv2.blur(one, (3, 3), borderType=cv2.BORDER_CONSTANT) for one in (shares, odd.astype(np.float32)))
    return np.asarray(near / known, np.float32)


def _shares(windows: Plane) -> NDArray[np.float32]:
    """(n,) of windows (n, side, side) with what the polynomials reach beyond them."""
    import cv2

    count, side = windows.shape[:2]
    beside = np.ascontiguousarray(windows.transpose(1, 0, 2)).reshape(side, -1)
    flat, bowl, tilt = _kernels()
    across, down, mixed = (cv2.sepFilter2D(beside, cv2.CV_32F, x, y) for x, y in ((bowl, flat), (flat, bowl), (tilt / 2, tilt)))
    beyond = min(REACH_PX, (side - 1) // 2)  # a picture smaller than a window
    middle = slice(beyond, side - beyond)

    def means(values: Any) -> NDArray[np.float32]:
        return np.asarray(values[middle].mean(axis=0).reshape(count, side)[:, middle].mean(axis=1))

    xx, yy, xy = means(across**2 + mixed**2), means(down**2 + mixed**2), means((across + down) * mixed)
    det = np.maximum(xx * yy - xy**2, 0)
    return np.asarray(det / (det + DAMPING), np.float32)


def _starts(cells: int, size: int, side: int) -> NDArray[np.intp]:
    return np.clip(((np.arange(cells) + 0.5) * size / cells - side / 2).astype(np.intp), 0, size - side)


def _kernels() -> tuple[Grid, Grid, Grid]:
    """Separable parts of the least squares fit of a polynomial of second order under a Gaussian: constant, squared, linear."""
    x = np.arange(-REACH_PX, REACH_PX + 1, dtype=np.float64)
    weights = np.exp(-(x**2) / (2 * SIGMA_PX**2))
    weights /= weights.sum()
    second = (weights * x**2).sum()
    spread = (weights * x**4).sum() - second**2
    return tuple(np.asarray(one, np.float32) for one in (weights, weights * (x**2 - second) / spread, weights * x / second))  # type: ignore[return-value]
