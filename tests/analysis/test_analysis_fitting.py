"""A window of a clip's picture is found to parts of a pixel, through grading and noise."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from engine.analysis.fitting import Window, aim_at, fit, seen_through

Pictures = NDArray[np.uint8]
PIXEL = 1 / 320
"""Of the clip's picture, as a share of its width."""


def scenes(frames: int = 6) -> Pictures:
    """Soft blobs, others in each frame: (frames, 180, 320)."""
    random = np.random.default_rng(3)
    small = random.uniform(20, 230, (frames, 14, 24)).astype(np.float32)
    return np.stack([cv2.resize(one, (320, 180), interpolation=cv2.INTER_CUBIC) for one in small]).clip(0, 255).astype(np.uint8)


def shown(clip: Pictures, window: Window) -> Pictures:
    """Through the window, graded, with an encoder's noise: (frames, 96, 54)."""
    seen = seen_through(clip, window, (96, 54)).astype(float)
    return np.asarray(np.clip(0.8 * seen + 25 + np.random.default_rng(4).normal(0, 1, seen.shape), 0, 255), np.uint8)


@pytest.mark.parametrize("off", [(0.006, -0.008, 1.03), (-0.012, 0.004, 0.96)])
def test_an_enlarged_window_is_found_to_a_part_of_a_pixel(off: tuple[float, float, float]) -> None:
    true = Window(0.41, 0.1, 0.25, 0.8, mirrored=True)
    clip = scenes()
    start = Window(true.x + off[0], true.y + off[1], true.width * off[2], true.height * off[2], mirrored=True)
    found, left = fit(aim_at(shown(clip, true)), clip, start)
    assert (found.x, found.y) == pytest.approx((true.x, true.y), abs=PIXEL / 4)
    assert (found.width, found.height) == pytest.approx((true.width, true.height), abs=PIXEL / 2)
    assert found.mirrored and left < 0.002


def test_a_plain_window_slides_along_the_picture_and_keeps_its_side() -> None:
    true = Window(0.37, 0.0, 0.3164, 1.0)
    clip = scenes()
    found, left = fit(aim_at(shown(clip, true)), clip, Window(0.385, 0.0, 0.3164, 1.0), plain=True)
    assert found.x == pytest.approx(true.x, abs=PIXEL / 4)
    assert (found.y, found.height) == (0.0, 1.0) and found.width == pytest.approx(0.3164, rel=0.005)
    assert left < 0.002


def test_other_frames_leave_more_over() -> None:
    true = Window(0.37, 0.0, 0.3164, 1.0)
    clip = scenes()
    aim = aim_at(shown(clip, true))
    assert fit(aim, clip[::-1], true)[1] > 20 * fit(aim, clip, true)[1]


def test_frames_that_show_nothing_are_left_out() -> None:
    true = Window(0.41, 0.1, 0.25, 0.8)
    clip = scenes()
    shot = shown(clip, true)
    shot[[0, 3]] = 16
    aim = aim_at(shot)
    assert aim.telling.tolist() == [False, True, True, False, True, True]
    assert fit(aim, clip[aim.telling], true)[1] < 0.002
    nothing = aim_at(np.full_like(shot, 16))
    assert fit(nothing, clip[nothing.telling], true) == (true, 1.0)
