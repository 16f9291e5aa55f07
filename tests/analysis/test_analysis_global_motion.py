"""The camera's motion through points of which only some can tell where they went."""

import numpy as np
import pytest

from engine.analysis.global_motion import STILL, Followed, camera_model, tensors
from engine.analysis.motion import GridTracker

HALF = np.array([160.0, 90.0])


def points(shift: tuple[float, float], bare: float) -> Followed:
    """A wall with few corners (`bare`: share of points that stay where they were) behind a subject in the middle that stands still."""
    chance = np.random.default_rng(3)
    start = np.stack([chance.uniform(-155, 155, 160), chance.uniform(-85, 85, 160)], axis=1)
    wall = (np.abs(start) > (70, 60)).any(axis=1)
    blind = wall & (chance.random(160) < bare)
    end = start + chance.normal(0, 0.05, start.shape)
    end[wall & ~blind] += shift
    strength = np.where(blind, 3.0, 30000.0)
    return Followed(start, end, np.stack([strength, 0 * strength, strength], axis=1), np.full(160, 1.5), HALF)


@pytest.mark.parametrize("bare", [0.0, 0.5, 0.6])
def test_a_bare_wall_has_no_say_in_the_cameras_motion(bare: float) -> None:
    model, trust = camera_model(points((-12.0, 3.0), bare), STILL)
    assert model[1] == pytest.approx(-12 + 3j, abs=0.1)
    assert model[0] == pytest.approx(1, abs=0.002)
    assert 0.4 < trust <= 1


def test_edges_tell_the_motion_across_them_only() -> None:
    luma = np.zeros((90, 160), np.uint8)
    luma[:, 80:] = 200
    luma[60:, :40] = 120
    upright, level, wall = tensors(luma, np.array([[80, 20], [15, 60], [130, 40]], np.float32))
    assert upright[0] > 1000 > upright[2]
    assert level[2] > 1000 > level[0]
    assert wall.max() == 0
    assert tensors(luma, np.zeros((0, 2), np.float32)).shape == (0, 3)


def test_a_whip_over_little_texture_is_measured_whole() -> None:
    """Few things on a plain wall go by at 19 px a frame; before them a textured thing stands still."""
    chance = np.random.default_rng(5)
    wall = np.full((180, 1400), 150, np.float32)
    for x in range(10, 1400, 35):
        y = int(chance.integers(0, 150))
        wall[y : y + 30, x : x + 20] = chance.integers(40, 230)
    subject = chance.integers(0, 255, (70, 70)).astype(np.float32)
    tracker, found = GridTracker(), []
    for number in range(20):
        picture = wall[:, 19 * number : 19 * number + 320] + chance.normal(0, 1.5, (180, 320))
        picture[55:125, 125:195] = subject
        found.append(tracker.step(np.clip(picture, 0, 255).astype(np.uint8)).dx * 180)
    assert np.median(found[2:]) == pytest.approx(19, abs=0.3)
    assert sum(found[1:]) == pytest.approx(19 * 19, rel=0.1)


def test_motion_counts_as_far_as_it_is_seen() -> None:
    """A pan over a textured picture moves all of it, the same pan over a wall with one picture on it only little."""
    chance = np.random.default_rng(9)
    full = chance.integers(0, 255, (18, 80)).repeat(10, axis=0).repeat(10, axis=1).astype(np.uint8)
    sparse = np.where(np.add.outer(np.arange(180) * 0, (np.arange(800) // 100) % 3 == 0), full, 128).astype(np.uint8)

    def amounts(wide: np.ndarray) -> tuple[float, float]:
        tracker = GridTracker()
        steps = [tracker.step(np.ascontiguousarray(wide[:, 4 * k : 4 * k + 320])) for k in range(6)][1:]
        return float(np.mean([one.overall for one in steps])) * 180, float(np.mean([one.speed for one in steps])) * 180

    rich, bare = amounts(full), amounts(sparse)
    assert 2.5 < rich[0] <= 4.1 and bare[0] < 0.6 * rich[0]
    assert rich[1] > 3.5 and bare[1] > 3.0, "how fast it goes is the same"
