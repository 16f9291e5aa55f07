"""A shot that slowly grows looks alike a little later through a smaller window: it is pinned down to the frame all the same."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from engine.analysis.fitting import Window
from engine.analysis.pinning import pin
from engine.analysis.placing import Placed, Strip

Pictures = NDArray[np.uint8]
FULL = Window(0.4, 0.0, 0.31640625, 1.0)
ENLARGED = Window(0.4, 0.08, 0.2637, 0.8333)


def title(frames: int, growth: float = 0.002, still: bool = False) -> Pictures:
    """A card with words that grow from frame to frame, with an encoder's noise: (frames, 270, 480) luma."""
    random = np.random.default_rng(5)
    card = np.full((1080, 1920), 245, np.uint8)
    for row, words in enumerate(("GET READY", "FOR THREE", "RODENTS")):
        cv2.putText(card, words, (560, 420 + 180 * row), cv2.FONT_HERSHEY_DUPLEX, 4.5, 60, 12)
    shown = []
    for k in range(frames):
        scale = (1 if still else 1 + growth * k) * 0.25
        matrix = np.array([[scale, 0, 240 - 960 * scale], [0, scale, 135 - 540 * scale]])
        picture = cv2.warpAffine(card, matrix, (480, 270), flags=cv2.INTER_AREA, borderValue=245)
        shown.append(np.clip(picture + random.normal(0, 1.0, picture.shape), 0, 255))
    return np.array(shown, np.uint8)


def cut(clip: Pictures, first: float, frames: int, window: Window, speed: float = 1.0) -> Strip:
    """The shot as an edit shows it, 108 x 192, encoded anew."""
    random = np.random.default_rng(7)
    left, top, wide, high = window.x * 480, window.y * 270, window.width * 480, window.height * 270
    rows = []
    for k in range(frames):
        matrix = np.array([[wide / 108, 0, left + wide / 216 - 0.5], [0, high / 192, top + high / 384 - 0.5]])
        small = cv2.warpAffine(clip[int(first + k * speed)], matrix, (108, 192), flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP)
        rows.append(small + random.normal(0, 1.0, small.shape))
    return Strip(np.clip(np.array(rows), 0, 255).astype(np.uint8), 0.0, 30.0)


def smaller(window: Window, share: float) -> Window:
    rest = (1 - share) / 2
    return Window(window.x + rest * window.width, window.y + rest * window.height, share * window.width, share * window.height)


@pytest.mark.parametrize(
    ("window", "speed", "known", "known_speed"),
    [
        (FULL, 1.0, -12, 0.75),
        (FULL, 2.0, -6, 1.5),
        (FULL, 0.5, 6, 0.5),
        (ENLARGED, 1.0, -9, 1.0),
    ],
)
def test_a_growing_title_is_pinned_to_two_frames(window: Window, speed: float, known: float, known_speed: float) -> None:
    card = title(100)
    shot, clip = cut(card, 40, 24, window, speed), Strip(card, 2.0, 30.0)
    placed = Placed(2.0 + (40 + known) / 30, known_speed, 0.98, 0.9, smaller(window, 1 + known * 0.002))
    found = pin(shot, clip, placed)
    assert abs((found.start_s - 2.0) * 30 - 40) <= 2
    assert found.speed == speed
    assert found.window.height == pytest.approx(window.height, abs=0.006)


def test_a_still_picture_is_neither_enlarged_nor_at_another_speed() -> None:
    clip = title(80, still=True)
    placed = Placed(0.5, 2.0, 0.98, 0.0, smaller(FULL, 0.99))
    found = pin(cut(clip, 30, 24, FULL), Strip(clip, 0.0, 30.0), placed)
    assert (found.speed, found.window.height) == (1.0, pytest.approx(1.0, abs=0.01))


def test_frames_that_show_nothing_tell_nothing() -> None:
    """A fade from black: the black frames neither help nor count against it."""
    clip = title(90).astype(float)
    fade = np.clip((np.arange(90) - 20) / 20, 0, 1)[:, None, None]
    faded = (clip * fade).astype(np.uint8)
    found = pin(cut(faded, 12, 30, FULL), Strip(faded, 0.0, 30.0), Placed(17 / 30, 1.0, 0.7, 0.9, FULL))
    assert abs(found.start_s * 30 - 12) <= 2
    assert found.alike > 0.9


def test_what_cannot_be_compared_stays_as_it_is() -> None:
    placed = Placed(0.5, 1.0, 0.9, 0.9, FULL)
    black = Strip(np.zeros((30, 192, 108), np.uint8), 0.0, 30.0)
    assert pin(black, Strip(title(60), 0.0, 30.0), placed) == placed
    shot = cut(title(40), 5, 30, FULL)
    assert pin(shot, Strip(title(6), 0.0, 30.0), placed) == placed
    assert pin(shot, Strip(title(1), 0.0, 30.0), placed) == placed
    assert pin(replace(shot, pictures=shot.pictures[:1]), Strip(title(60), 0.0, 30.0), placed) == placed
