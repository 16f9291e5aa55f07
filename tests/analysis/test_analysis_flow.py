"""The curve `flow` against Farneback's flow itself, and what must not count as motion."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from engine.analysis.clip import AnalysisOptions, analyse_clip
from engine.analysis.flow import FlowMeter, texture_shares
from engine.media.encode import write_video
from engine.media.probe import probe
from engine.model.time import FrameRate

Plane = NDArray[np.uint8]


def ground(grain_px: float, contrast: float = 40.0, height: int = 360, seed: int = 2) -> Plane:
    """Cloth of a grain: blurred noise, with room around for moving over it."""
    noise = np.random.default_rng(seed).normal(0, 1, (height + 80, height * 16 // 9 + 80)).astype(np.float32)
    cloth = cv2.GaussianBlur(noise, (0, 0), grain_px)
    return np.asarray(np.clip(120 + contrast * cloth / cloth.std(), 0, 255), np.uint8)


def seen(cloth: Plane, shift_px: float, moving: float = 1.0) -> Plane:
    """What a camera sees of the cloth, its left part `moving` (share of the width) shifted."""
    height, width = cloth.shape[0] - 80, cloth.shape[1] - 80
    there, here = (
        np.asarray(cv2.getRectSubPix(cloth, (width, height), (width / 2 + 40 + dx, height / 2 + 40)), np.uint8) for dx in (shift_px, 0.0)
    )
    here[:, : round(width * moving)] = there[:, : round(width * moving)]
    return here


def small(full: Plane) -> Plane:
    scale = 320 / max(full.shape)
    size = round(full.shape[1] * scale), round(full.shape[0] * scale)
    return np.asarray(cv2.resize(full, size, interpolation=cv2.INTER_AREA), np.uint8)


def measured(before: Plane, after: Plane) -> float:
    """Heights per second at 25 frames per second."""
    return FlowMeter().flow(small(before), small(after), after, 0.04)


def farneback(before: Plane, after: Plane) -> float:
    flow: Any = cv2.calcOpticalFlowFarneback
    return float(np.linalg.norm(flow(before, after, None, 0.5, 3, 15, 3, 5, 1.2, 0), axis=2).mean()) / before.shape[0] * 25


def test_it_tells_what_full_size_flow_would() -> None:
    ours, theirs = [], []
    for grain, contrast, height in ((2.0, 40.0, 360), (4.0, 25.0, 360), (3.0, 40.0, 540), (6.0, 3.0, 540), (12.0, 4.0, 720)):
        cloth = ground(grain, contrast, height)
        for shift, moving in ((0.5, 1.0), (1.0, 0.3), (2.0, 1.0), (4.0, 0.5)):
            pair = seen(cloth, 0), seen(cloth, shift, moving)
            ours.append(measured(*pair))
            theirs.append(farneback(*pair))
    ours, theirs = np.log(np.array([ours, theirs]) + 0.002)  # heights per second under which all is noise
    assert np.corrcoef(ours, theirs)[0, 1] > 0.9
    assert np.median(np.abs(ours - theirs)) < np.log(1.6)


@pytest.mark.parametrize("grain", [2.0, 5.0])
def test_more_motion_is_more_flow_and_none_is_hardly_any(grain: float) -> None:
    cloth = ground(grain)
    amounts = [measured(seen(cloth, 0), seen(cloth, shift)) for shift in (0.0, 0.3, 0.7, 1.5, 3.0, 6.0)]
    assert amounts == sorted(amounts)
    assert amounts[0] < 0.1 * amounts[2]
    halves = [measured(seen(cloth, 0), seen(cloth, 1.5, moving)) for moving in (0.25, 0.5, 1.0)]
    assert halves[0] / halves[2] == pytest.approx(0.25, abs=0.1) and halves[1] / halves[2] == pytest.approx(0.5, abs=0.1)


def test_light_that_changes_moves_nothing() -> None:
    dark = seen(ground(3.0, contrast=20.0), 0)
    assert measured(dark, np.asarray(dark + 9, np.uint8)) == pytest.approx(measured(dark, dark), rel=0.1)


def test_texture_is_what_is_not_flat_at_full_size() -> None:
    crisp = seen(ground(2.0), 0)
    half = crisp.copy()
    half[:, : half.shape[1] // 2] = 120
    soft = np.asarray(cv2.resize(cv2.GaussianBlur(crisp, (0, 0), 9), None, fx=3, fy=3), np.uint8)
    assert texture_shares(crisp, 9, 16).min() > 0.9
    assert texture_shares(half, 9, 16).mean() == pytest.approx(0.5, abs=0.05)
    assert texture_shares(half, 9, 16)[:, :6].max() < 1e-6
    assert texture_shares(soft, 9, 16).max() < 0.2
    assert texture_shares(crisp[:6, :9], 1, 1).shape == (1, 1)


@pytest.mark.parametrize("mirrored", [False, True])
@pytest.mark.parametrize("rotation", [0, 90, 180, 270])
def test_turned_clips_are_measured_as_shown(rotation: int, mirrored: bool) -> None:
    cloth = ground(3.0)
    cloth[:200, :300] = 120
    before, after = seen(cloth, 0), seen(cloth, 2, 0.4)
    stored = np.rot90(after[:, ::-1] if mirrored else after, rotation // 90)
    shown = FlowMeter(rotation, mirrored).flow(small(before), small(after), np.ascontiguousarray(stored), 0.04)
    assert shown == pytest.approx(measured(before, after), rel=0.05)


def test_a_clip_has_the_curve_and_its_mean_and_a_first_look_neither(tmp_path: Path) -> None:
    cloth = ground(3.0, height=180)
    pictures = [cv2.cvtColor(seen(cloth, k * k / 20), cv2.COLOR_GRAY2RGB) for k in range(24)]
    write_video(tmp_path / "faster.mp4", [np.asarray(one, np.uint8) for one in pictures], FrameRate(24), (320, 180))
    facts = analyse_clip(probe(tmp_path / "faster.mp4"), AnalysisOptions(faces=False))
    curve = facts.curves["flow"].values
    assert len(curve) == 24 and np.isfinite(curve).all()
    assert curve[-1] > 2 * curve[4] > 0
    assert facts.flow == pytest.approx(float(curve.mean()))
    assert analyse_clip(probe(tmp_path / "faster.mp4"), AnalysisOptions(faces=False, draft=True)).flow is None
