"""The camera's motion through followed points, each trusted as far as its surroundings can tell.

A corner is followed to a tenth of a pixel, an edge only across it, a bare wall not at all: the covariance of a displacement is the noise
over the structure tensor of its window (Förstner and Gülch 1987; Baker and Matthews 2004, section 2). A similarity is fitted to the
points by least squares with these covariances, weighted anew by what is left; the start is the model of the step before or RANSAC's,
whichever more of the picture agrees with.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

__all__ = ["STILL", "Followed", "Model", "camera_model", "moved", "tensors"]

Model = tuple[complex, complex]
"""A similarity about the picture's centre: points, as complex numbers, times the first plus the second."""
STILL: Model = (1 + 0j, 0j)

HALF_WINDOW_PX = 7
"""Half the window of the structure tensor: the 11 px of the tracker and what its pyramid sees around."""
NOISE_SHARE, LEAST_NOISE = 2.0, 1.0
"""Variance of noise by the square of the grey levels that a followed window differs by (coding noise is correlated), and the least."""
EXACT_PX = 0.08
"""Exactness beyond which points are not told apart: parallax and the corner's own pixels."""
AGREES_PX = 0.8
"""Distance at 320 px within which a certain point agrees with a model."""
AGREES_SIGMAS_SQUARED = 4.0
REFINEMENTS, SETTLED_PX = 5, 0.01
CLEAR_TRUST = 0.6
"""Share of votes for the step before's motion, from which on no other is looked for."""
LEAST_VOTE = 0.2
"""Vote (1: knows its place) from which on a point may propose a model."""
BORDER_WEIGHT = 2.0
"""What the camera does shows at the picture's border; its middle belongs to the subject. An edge weighs three times the centre."""
OUTER_WEIGHT = 1 + BORDER_WEIGHT / 2
"""What the outer points weigh by their place: they alone propose a model where all together find no clear one."""
LEAST_POINTS = 6
SEEN_TEXTURE, SEEN_UNLIKE = 2000.0, 8.0
"""Least eigenvalue of a structure tensor, and grey levels of difference, at which half of a point's motion counts as seen: so the amounts
agree best with those of full-resolution flow (`tests/benchmarks/bench_clip_light.py`)."""


@dataclass(frozen=True)
class Followed:
    """Points of one picture in the next. start, end : (n, 2) pixels about the centre. tensor : (n, 3) structure tensors xx, xy, yy.
    unlike : (n,) grey levels by which their windows differ. half : (2,) half the picture's width and height."""

    start: NDArray[np.float64]
    end: NDArray[np.float64]
    tensor: NDArray[np.float64]
    unlike: NDArray[np.float64]
    half: NDArray[np.float64]

    @cached_property
    def places(self) -> tuple[NDArray[np.complex128], NDArray[np.complex128]]:
        """(n,) start and end as complex numbers."""
        return self.start @ _AS_COMPLEX, self.end @ _AS_COMPLEX

    @cached_property
    def products(self) -> NDArray[np.float64]:
        """(n, 12): PRODUCTS of each point's start (x, y) and end (u, v)."""
        (x, y), (u, v) = self.start.T, self.end.T
        return np.array([np.ones(len(x)), x, y, u, v, x * x, x * y, y * y, u * x, v * x, u * y, v * y]).T

    @cached_property
    def covariance(self) -> NDArray[np.float64]:
        """(3, n) xx, xy, yy in square pixels."""
        noise = NOISE_SHARE * np.maximum(self.unlike, LEAST_NOISE) ** 2
        xx, xy, yy = self.tensor.T
        return np.asarray(noise * _inverse(xx + 0.01, xy, yy + 0.01))

    def precision(self, exact_px_squared: float) -> NDArray[np.float64]:
        """(3, n) inverse of the covariances, none better than this."""
        xx, xy, yy = self.covariance
        return _inverse(xx + exact_px_squared, xy, yy + exact_px_squared)

    @cached_property
    def placed(self) -> NDArray[np.float64]:
        """(n,) what a point weighs by its place."""
        return np.asarray(1 + BORDER_WEIGHT * ((self.start / self.half) ** 2).sum(axis=1))

    @cached_property
    def seen(self) -> NDArray[np.float64]:
        """(n,) how much of each point's motion is seen, 0 to 1: a wall's is not, nor is what was not found again for sure."""
        xx, xy, yy = self.tensor.T
        weakest = (xx + yy) / 2 - np.hypot((xx - yy) / 2, xy)
        return np.asarray(weakest / (weakest + SEEN_TEXTURE) / (1 + (self.unlike / SEEN_UNLIKE) ** 2))

    def residuals(self, numbers: NDArray[np.float64]) -> NDArray[np.complex128]:
        """(n,) what the similarity of these four numbers leaves."""
        start, end = self.places
        a, b, x, y = numbers.tolist()
        return np.asarray(end - complex(a, b) * start - complex(x, y))


def tensors(luma: NDArray[np.uint8], points: NDArray[np.float32]) -> NDArray[np.float64]:
    """(n, 3) structure tensors xx, xy, yy over the points' windows, in squared grey levels per pixel."""
    import cv2

    across, down = cv2.spatialGradient(luma)
    height, width = luma.shape
    reach = max(0, min(HALF_WINDOW_PX, (min(height, width) - 1) // 2))
    x, y = (np.clip(np.rint(one).astype(np.intp), reach, size - reach - 1) for one, size in zip(points.T, (width, height)))
    window = np.arange(-reach, reach + 1, 2)  # gradients span three pixels: every second one tells the same
    at = ((y[:, None] + window)[:, :, None] * width + (x[:, None] + window)[:, None, :]).reshape(len(points), len(window) ** 2)
    gx, gy = (one.ravel()[at].astype(np.float32) / 8 for one in (across, down))  # Sobel's weights sum to 8
    area = (2 * reach + 1) ** 2 / max(1, len(window) ** 2)
    sums = [np.einsum("ij,ij->i", a, b) for a, b in ((gx, gx), (gx, gy), (gy, gy))]
    return np.asarray(area * np.stack(sums, axis=1), np.float64)


def moved(points: NDArray[np.float32], model: Model, centre: NDArray[np.float32]) -> NDArray[np.float32]:
    """Where a model says that points go: in a whip the step before's is nearer than where they were."""
    to = (points - centre) @ _AS_COMPLEX * model[0] + model[1]
    return np.asarray(np.stack([to.real, to.imag], axis=1) + centre, np.float32)


def camera_model(points: Followed, before: Model) -> tuple[Model, float]:
    """The camera's model and the share of votes for it (0 to 1). before : the model of the step before.

    That one, refined, where most points go along; else the better of it and RANSAC's: cameras seldom change their mind.
    """
    votes = _Votes(points)
    found = [votes.refined(np.array([before[0].real, before[0].imag, before[1].real, before[1].imag]))]
    able = votes.votes > LEAST_VOTE
    for chosen in (able, able & (points.placed > OUTER_WEIGHT)):
        if max(trust for _, trust in found) >= CLEAR_TRUST:
            break
        found += [votes.refined(numbers) for numbers in _proposed(points, chosen)]
    (a, b, x, y), trust = max(found, key=lambda one: one[1])
    return (complex(a, b), complex(x, y)), trust


def _proposed(points: Followed, chosen: NDArray[np.bool_]) -> list[NDArray[np.float64]]:
    """The similarity that most of the chosen points agree on: RANSAC. None where too few are left."""
    import cv2

    if chosen.sum() < LEAST_POINTS:
        return []
    start, end = points.start[chosen].astype(np.float32), points.end[chosen].astype(np.float32)
    matrix, _ = cv2.estimateAffinePartial2D(start, end, method=cv2.RANSAC, ransacReprojThreshold=AGREES_PX, maxIters=500)
    return [] if matrix is None else [np.array([matrix[0, 0], matrix[1, 0], matrix[0, 2], matrix[1, 2]])]


class _Votes:
    """Who agrees with a model, and the model drawn to where most agree best."""

    def __init__(self, points: Followed) -> None:
        loose_px_squared = AGREES_PX**2 / AGREES_SIGMAS_SQUARED
        self._points = points
        self._precision = points.precision(EXACT_PX**2)
        self._loose = points.precision(loose_px_squared)
        self.votes = (self._loose[0] + self._loose[2]) / 2 * loose_px_squared
        """(n,) 1: knows its place, 0.5: an edge, 0: a bare wall."""
        self._weighed = self.votes * points.placed
        self._reach = np.array([points.half.max(), points.half.max(), 1, 1])

    def refined(self, numbers: NDArray[np.float64]) -> tuple[NDArray[np.float64], float]:
        """Least squares, weighted anew by what is left (Geman and McClure 1987), and the share of votes for the result."""
        for _ in range(REFINEMENTS):
            far = _squared(self._precision, self._points.residuals(numbers))
            spread = max(AGREES_SIGMAS_SQUARED, 2.25 * _middle(far, self._weighed))
            before, numbers = numbers, self._solved(self._points.placed / (1 + far / spread) ** 2)
            if np.abs((numbers - before) * self._reach).max() < SETTLED_PX:
                break
        agree = _squared(self._loose, self._points.residuals(numbers)) < AGREES_SIGMAS_SQUARED
        return numbers, float(self._weighed[agree].sum() / self._weighed.sum())

    def _solved(self, weights: NDArray[np.float64]) -> NDArray[np.float64]:
        sums = (self._precision * weights) @ self._points.products
        table = (sums.ravel() @ _NORMAL).reshape(4, 5)
        return np.asarray(np.linalg.solve(table[:, :4] + _RIDGE, table[:, 4]))


PRODUCTS = ("", "x", "y", "u", "v", "xx", "xy", "yy", "ux", "vx", "uy", "vy")
ACROSS, DOWN = ((1, "x"), (-1, "y"), (1, ""), (0, "")), ((1, "y"), (1, "x"), (0, ""), (1, ""))
"""What each of a similarity's four numbers adds to where a point goes."""


def _normal_table() -> NDArray[np.float64]:
    """(36, 20): sums of PRODUCTS, weighted by precisions xx, xy and yy -> normal equations, four rows with their right side behind."""
    table = np.zeros((3, len(PRODUCTS), 4, 5))
    across, down = (*ACROSS, (1, "u")), (*DOWN, (1, "v"))
    for kind, left, right in ((0, ACROSS, across), (1, ACROSS, down), (1, DOWN, across), (2, DOWN, down)):
        for row, (factor, name) in enumerate(left):
            for column, (other, its_name) in enumerate(right):
                table[kind, PRODUCTS.index("".join(sorted(name + its_name))), row, column] += factor * other
    return table.reshape(-1, 20)


_NORMAL = _normal_table()
_RIDGE = 1e-9 * np.eye(4)
_AS_COMPLEX = np.array([1, 1j])


def _inverse(xx: NDArray[np.float64], xy: NDArray[np.float64], yy: NDArray[np.float64]) -> NDArray[np.float64]:
    per = 1 / (xx * yy - xy * xy)
    return np.array([yy * per, -xy * per, xx * per])


def _squared(precision: NDArray[np.float64], left: NDArray[np.complex128]) -> NDArray[np.float64]:
    """(n,) squared Mahalanobis distances."""
    xx, xy, yy = precision
    x, y = left.real, left.imag
    return np.asarray((xx * x + 2 * xy * y) * x + yy * y * y)


def _middle(values: NDArray[np.float64], weights: NDArray[np.float64]) -> float:
    """The weighted median."""
    order = values.argsort()
    passed = weights[order].cumsum()
    return float(values[order[min(len(values) - 1, int(passed.searchsorted(passed[-1] / 2)))]])
