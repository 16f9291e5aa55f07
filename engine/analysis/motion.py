"""Camera and subject motion from points that area chooses, not texture.

One corner per cell of a grid is followed (Lucas and Kanade 1981, pyramidal after Bouguet 2001); the similarity through them
(`engine.analysis.global_motion`) is the camera, what departs from it the subject. One point per cell, because the usual corner finders
give nearly all points to the sharpest thing in the picture and then call the subject the camera.
"""

from __future__ import annotations

import cmath
import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.analysis.global_motion import STILL, Followed, Model, camera_model, moved, tensors
from engine.model.analysis import Box

__all__ = [
    "CameraPath",
    "GridTracker",
    "Step",
    "camera_means",
    "kind_probabilities",
    "motion_intensity",
    "moving_box",
    "shake_curve",
    "smear_share",
]

CELL_PX = 20
"""Grid of followed points at 320 px (measured as the best of 16 and 20; docs/clip_analysis.md)."""
WINDOW_PX, LEVELS, STOP = (11, 11), 3, (3, 20, 0.03)
"""Lucas and Kanade: window, halvings of the picture (whip pans of a quarter of the width), and when a point is followed well enough."""
SMEARED_PX = 1.5
"""Motion per frame, in pixels of a picture 640 px high, times an open shutter's half, that hides as much as defocus does (chosen: blur of a
sigma of one pixel is seen)."""
LEAST_COVER = 0.4
"""Share of cells with texture below which the camera is not measured (a figure on an empty background fills under a third)."""
LEAST_TRUST = 0.5
"""Share of points that agree on the camera, above which they are followed for another step."""
CARRIED_STEPS = 3
"""So many steps are followed by the same corners ..."""
CARRIED_PX = 3.0
"""... where they moved by less: after a whip they have left one side of the picture empty."""
LOST = 15.0
"""Grey levels by which a point's surroundings differ from before, from which on it is lost: it was covered, or has left."""
LEAST_CORNER = 1e-5
"""Smallest eigenvalue (of 0-1 luma gradients over 3 px) that is texture and not coding noise."""
INTENSITY_SCALE = 0.2
"""Picture heights per second at which motion counts as 0.63 (chosen: a figure over a third of the picture, across it in 2 s)."""
SHAKE_WINDOW_S = 0.4
"""Motion slower than this is meant, faster is shake (hand tremor and steps lie at 2-12 Hz)."""
PAN_PER_S = 0.06
"""Shares of the picture width per second above which a camera pans (crossing a frame takes 16 s: barely seen)."""
FAST_PAN_PER_S = 0.45
"""... and above which it pans fast."""
ZOOM_PER_S = 0.05
"""Change of scale per second that is a zoom."""
HANDHELD_SHAKE = 0.0018
"""Shake per frame, as a share of the height, that is a hand (tripod clips of the raw set stay under .0008)."""


@dataclass(frozen=True)
class Step:
    """Motion from one frame to the next.

    dx, dy : of the picture's centre, shares of its height (x to the right, y down). scale : factor. roll : degrees.
    overall : motion that is seen, mean over the picture, shares of the height. subject : its departure from the camera's motion.
    speed : mean motion of what has texture. trust : share of points that follow the camera (0 to 1).
    """

    dx: float = 0.0
    dy: float = 0.0
    scale: float = 1.0
    roll: float = 0.0
    subject: float = 0.0
    overall: float = 0.0
    speed: float = 0.0
    trust: float = 0.0


class GridTracker:
    """Follows one clip frame by frame; `step` takes its small luma pictures in order."""

    def __init__(self) -> None:
        self._previous: NDArray[np.uint8] | None = None
        self._carried: _Corners | None = None
        self._served = 0
        self._model: Model = STILL

    def step(self, luma: NDArray[np.uint8]) -> Step:
        """Motion from the picture before to this one; nothing for the first."""
        previous, self._previous = self._previous, luma
        if previous is None or previous.shape != luma.shape:
            return Step()
        # Corners serve for some steps: where they were followed to is as good a start as new ones, and costs nothing.
        corners, self._carried = self._carried, None
        if corners is None:
            at = _cell_corners(previous)
            corners, self._served = _Corners(at, tensors(previous, at)), 0
        self._served += 1
        if len(corners.at) < 6:
            return Step()
        step, ends, self._model = _motion_between(previous, luma, corners, self._model)
        if self._served < CARRIED_STEPS and step.trust > LEAST_TRUST and step.speed * luma.shape[0] < CARRIED_PX:
            self._carried = ends
        if len(corners.at) < LEAST_COVER * _cells(luma):  # texture on the subject alone says nothing about the camera
            return Step(subject=step.overall, overall=step.overall, speed=step.speed)
        return step

    def reset(self) -> None:
        """Forgets the picture before (at a cut)."""
        self._previous = self._carried = None
        self._model = STILL


def _cells(luma: NDArray[np.uint8]) -> int:
    height, width = luma.shape
    return int(max(1, (height // CELL_PX) * (width // CELL_PX)))


def _cell_corners(luma: NDArray[np.uint8]) -> NDArray[np.float32]:
    import cv2

    strength = cv2.cornerMinEigenVal(luma, 3)
    rows, columns = luma.shape[0] // CELL_PX, luma.shape[1] // CELL_PX
    if not rows or not columns:  # a picture of a few pixels
        return np.zeros((0, 2), np.float32)
    blocks = strength[: rows * CELL_PX, : columns * CELL_PX].reshape(rows, CELL_PX, columns, CELL_PX)
    cells = blocks.transpose(0, 2, 1, 3).reshape(rows, columns, -1)
    best = cells.argmax(axis=2)
    good = np.take_along_axis(cells, best[..., None], axis=2)[..., 0] > LEAST_CORNER
    y = np.arange(rows)[:, None] * CELL_PX + best // CELL_PX
    x = np.arange(columns)[None, :] * CELL_PX + best % CELL_PX
    return np.stack([x[good], y[good]], axis=1).astype(np.float32)


_AS_COMPLEX = np.array([1, 1j])


@dataclass(frozen=True)
class _Corners:
    """Points to follow, and how well each can be: `engine.analysis.global_motion.tensors`."""

    at: NDArray[np.float32]
    tensor: NDArray[np.float64]


def _motion_between(a: NDArray[np.uint8], b: NDArray[np.uint8], corners: _Corners, before: Model) -> tuple[Step, _Corners, Model]:
    """The step, where the points went, and the camera's model; `before` is that of the step before."""
    height, width = a.shape
    half = np.array([width / 2, height / 2])
    ends, unlike, found = _followed(a, b, corners.at, before)
    if found.sum() < 6:
        return Step(), corners, STILL
    kept = _Corners(ends[found], corners.tensor[found])
    points = Followed(corners.at[found] - half, kept.at - half, kept.tensor, unlike[found].astype(np.float64), half)
    (turn, shift), trust = camera_model(points, before)
    from_, to, seen = points.start @ _AS_COMPLEX, points.end @ _AS_COMPLEX, points.seen
    moved_px = float(seen @ np.abs(to - from_))
    step = Step(
        dx=-shift.real / height,
        dy=-shift.imag / height,
        scale=abs(turn),
        roll=math.degrees(cmath.phase(turn)),
        subject=float(seen @ np.abs(to - turn * from_ - shift)) / _cells(a) / height,
        overall=moved_px / _cells(a) / height,
        speed=moved_px / max(1e-6, float(seen.sum())) / height,
        trust=trust,
    )
    return step, kept, (turn, shift)


def _followed(a: NDArray[np.uint8], b: NDArray[np.uint8], points: NDArray[np.float32], before: Model) -> tuple[NDArray[Any], ...]:
    """Where the points went, (n, 2); the grey levels by which their surroundings differ, (n,); and which were found, (n,)."""
    import cv2

    follow: Any = cv2.calcOpticalFlowPyrLK  # its stubs want an array where None asks for a new one
    centre = np.array([a.shape[1] / 2, a.shape[0] / 2], np.float32)
    guess = moved(points, before, centre) if abs(before[1]) > CARRIED_PX else points
    ends, status, unlike = follow(
        a,
        b,
        points.reshape(-1, 1, 2),
        guess.reshape(-1, 1, 2).copy(),
        winSize=WINDOW_PX,
        maxLevel=LEVELS,
        criteria=STOP,
        flags=cv2.OPTFLOW_USE_INITIAL_FLOW,
    )
    return ends.reshape(-1, 2), unlike.ravel(), (status.ravel() == 1) & (unlike.ravel() < LOST)


@dataclass(frozen=True)
class CameraPath:
    """A clip's steps as arrays, one entry per step of `seconds` length."""

    dx: NDArray[np.float64]
    dy: NDArray[np.float64]
    zoom: NDArray[np.float64]
    roll: NDArray[np.float64]
    seconds: float

    def per_second(self, aspect: float) -> dict[str, NDArray[np.float64]]:
        """Curves of the camera: pan and tilt in shares of width and height per second, zoom as log factor per second, roll in degrees."""
        per_s = 1.0 / self.seconds
        return {"pan": self.dx * per_s / aspect, "tilt": self.dy * per_s, "zoom": self.zoom * per_s, "roll": self.roll * per_s}

    @classmethod
    def of(cls, steps: list[Step], seconds: float) -> CameraPath:
        table = np.array([(s.dx, s.dy, math.log(max(s.scale, 1e-3)), s.roll) for s in steps], float).reshape(-1, 4)
        return cls(table[:, 0], table[:, 1], table[:, 2], table[:, 3], seconds)


def shake_curve(path: CameraPath) -> NDArray[np.float64]:
    """Fast part of the camera's path, per step, as a share of the picture height: the step minus its local mean."""
    window = max(3, round(SHAKE_WINDOW_S / path.seconds) | 1)
    rough = [values - _smooth(values, window) for values in (path.dx, path.dy)]
    return np.hypot(rough[0], rough[1])


def _smooth(values: NDArray[np.float64], window: int) -> NDArray[np.float64]:
    if len(values) < 3:
        return values.copy()
    window = min(window, len(values) | 1)
    padded = np.pad(values, window // 2, mode="reflect" if len(values) > window // 2 else "edge")
    return np.convolve(padded, np.ones(window) / window, mode="valid")[: len(values)]


def smear_share(heights_per_frame: NDArray[np.float64]) -> NDArray[np.float64]:
    """How much of a frame's blur its motion explains, 0 to 1: half at SMEARED_PX under a shutter open for half the time."""
    smeared = np.maximum(heights_per_frame, 0) * 640 / 2
    return np.asarray(smeared**2 / (smeared**2 + SMEARED_PX**2))


def moving_box(luma: NDArray[np.uint8], before: NDArray[np.uint8]) -> tuple[Box, float] | None:
    """Where most of the change is: the box of its middle 80 %, and how concentrated it is (0 to 0.5)."""
    import cv2

    change = cv2.blur(cv2.absdiff(luma, before), (5, 5)).astype(np.float32)
    change[change < 6] = 0
    total = float(change.sum())
    if total < luma.size * 0.15:
        return None
    spans = []
    for axis, size in ((0, luma.shape[1]), (1, luma.shape[0])):
        share = np.cumsum(change.sum(axis=axis)) / total
        low, high = np.searchsorted(share, (0.1, 0.9))
        spans.append((float(low) / size, float(max(high, low + 1)) / size))
    (x0, x1), (y0, y1) = spans
    return Box(x0, y0, x1 - x0, y1 - y0), 0.5 * (1 - (x1 - x0) * (y1 - y0))


def camera_means(path: CameraPath, aspect: float) -> dict[str, float]:
    """Mean pan and tilt (shares per second), zoom (factor less 1 per second), roll (degrees per second)."""
    if not len(path.dx):
        return {"pan": 0.0, "tilt": 0.0, "zoom": 0.0, "roll": 0.0}
    means = {name: float(values.mean()) for name, values in path.per_second(aspect).items()}
    return {**means, "zoom": math.exp(means["zoom"]) - 1.0}


def motion_intensity(heights_per_second: float | NDArray[np.float64]) -> float | NDArray[np.float64]:
    """0 (still) to 1: `1 - exp(-v / INTENSITY_SCALE)` of the mean motion in picture heights per second."""
    return 1.0 - np.exp(-np.maximum(heights_per_second, 0.0) / INTENSITY_SCALE)


def kind_probabilities(path: CameraPath, shake: NDArray[np.float64], aspect: float) -> dict[str, float]:
    """Probabilities of static, slow_pan, fast_pan, handheld, zoom_in, zoom_out from soft thresholds; they sum to 1.

    aspect : width by height of the picture, because pans count in widths and tilts in heights.

    Each kind's evidence is a logistic of the log ratio to its threshold; static is the evidence against all others.
    """
    if not len(path.dx):
        return {"static": 1.0, "slow_pan": 0.0, "fast_pan": 0.0, "handheld": 0.0, "zoom_in": 0.0, "zoom_out": 0.0}
    per_s = 1.0 / path.seconds
    speed = math.hypot(path.dx.mean() / aspect, path.dy.mean()) * per_s
    zoom = path.zoom.mean() * per_s
    trembling = _above(float(np.sqrt((shake**2).mean())), HANDHELD_SHAKE)
    panning = _above(speed, PAN_PER_S)
    fast = _above(speed, FAST_PAN_PER_S)
    zooming = _above(abs(zoom), ZOOM_PER_S) * (1 - fast)
    evidence = {
        "fast_pan": fast,
        "slow_pan": panning * (1 - fast) * (1 - 0.5 * trembling),
        "zoom_in": zooming * (zoom > 0),
        "zoom_out": zooming * (zoom <= 0),
        "handheld": trembling * (1 - fast) * (1 - 0.5 * panning),
    }
    evidence["static"] = math.prod(1 - value for value in evidence.values())
    total = sum(evidence.values()) or 1.0
    names = ("static", "slow_pan", "fast_pan", "handheld", "zoom_in", "zoom_out")
    return {name: float(evidence[name] / total) for name in names}


def _above(value: float, threshold: float) -> float:
    """0.5 at the threshold, 0.95 at about twice it."""
    return 1.0 / (1.0 + (threshold / max(value, 1e-9)) ** 4)
