"""Where a shot lies in its raw clip: to the frame, to parts of the picture, whatever was done to it."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from engine.analysis.fitting import Window
from engine.analysis.placing import Placed, Strip, place

Pictures = NDArray[np.uint8]


def scene(frames: int, *, zoom: float = 0.0, seed: int = 3) -> Pictures:
    """A textured wall that a camera slowly walks towards, and two things that move before it: (frames, 180, 320) luma."""
    random = np.random.default_rng(seed)
    wall = cv2.GaussianBlur(random.integers(0, 255, (180, 320)).astype(np.float32), (0, 0), 4)
    wall = (wall - wall.min()) / np.ptp(wall) * 255
    shown = []
    for k in range(frames):
        scale = 1 + zoom * k
        matrix = np.array([[scale, 0, 160 * (1 - scale)], [0, scale, 90 * (1 - scale)]])
        picture = cv2.warpAffine(wall, matrix, (320, 180), borderMode=cv2.BORDER_REFLECT)
        cv2.circle(picture, (int(90 + 60 * np.sin(k / 9)), int(60 + 40 * np.cos(k / 13))), 12, 255, -1)
        cv2.circle(picture, (int(200 + 80 * np.sin(k / 17)), 130), 9, 0, -1)
        shown.append(np.clip(picture + random.normal(0, 1.5, picture.shape), 0, 255))
    return np.array(shown, np.uint8)


def cut(clip: Pictures, first: int, frames: int, window: Window, speed: float = 1.0, graded: bool = False) -> Strip:
    """The shot as an edit shows it, 72 x 128."""
    left, top, wide, high = window.x * 320, window.y * 180, window.width * 320, window.height * 180
    rows = []
    for k in range(frames):
        part = cv2.getRectSubPix(clip[int(first + k * speed)], (round(wide), round(high)), (left + wide / 2 - 0.5, top + high / 2 - 0.5))
        small = cv2.resize(part, (72, 128), interpolation=cv2.INTER_AREA).astype(np.float32)
        small = 255 * (small / 255) ** 0.8 * 0.9 + 8 if graded else small
        rows.append(small[:, ::-1] if window.mirrored else small)
    return Strip(np.clip(np.array(rows), 0, 255).astype(np.uint8), 0.0, 30.0)


def found(shot: Strip, clip: Pictures, mirrored: bool = False) -> Placed:
    placed = place(shot, Strip(clip, 2.0, 30.0), Window(0.3, 0.0, 0.3, 1.0, mirrored))
    assert placed is not None
    return placed


@pytest.mark.parametrize(
    ("window", "speed", "graded"),
    [
        (Window(0.4, 0.0, 0.316, 1.0), 1.0, False),
        (Window(0.31, 0.1, 0.2637, 0.8333), 1.0, True),
        (Window(0.5, 0.05, 0.2637, 0.8333, mirrored=True), 1.0, False),
        (Window(0.2, 0.0, 0.316, 1.0), 2.0, True),
        (Window(0.2, 0.0, 0.316, 1.0), 0.5, False),
    ],
)
def test_a_shot_is_placed_to_the_frame(window: Window, speed: float, graded: bool) -> None:
    clip = scene(110)
    placed = found(cut(clip, 31, 36, window, speed, graded), clip, window.mirrored)
    assert placed.speed == speed
    assert placed.start_s == pytest.approx(2 + 31 / 30, abs=1.01 / 30)
    assert placed.window.x == pytest.approx(window.x, abs=0.01) and placed.window.width == pytest.approx(window.width, abs=0.01)
    assert placed.alike > 0.9 and placed.moving > 0.8


def test_a_slow_zoom_does_not_trade_the_window_for_the_moment() -> None:
    clip = scene(110, zoom=0.0015)
    placed = found(cut(clip, 52, 30, Window(0.36, 0.08, 0.2637, 0.8333)), clip)
    assert placed.start_s == pytest.approx(2 + 52 / 30, abs=2.01 / 30)


def test_another_scene_looks_unlike() -> None:
    shot = cut(scene(60), 5, 30, Window(0.4, 0.0, 0.316, 1.0))
    assert found(shot, scene(60, seed=8)).alike < 0.6
    assert place(shot, Strip(scene(1), 0.0, 30.0), Window(0.4, 0.0, 0.316, 1.0)) is None
