"""Camera motion against known paths: real frames warped, with a sharp subject in front that moves by itself over a fifth of the picture.

`python tests/benchmarks/bench_clip_camera.py [--tune]`. Scenes are frames of raw clips (`--tune`: other ones, on which thresholds may be
chosen), warped along eleven paths, given sensor noise, encoded with H.264 and analysed like any clip. Printed per path: error of the
amounts (sum of pan, tilt, zoom, roll; root mean square of shake), error of the corners in pixels per frame at a height of 1080, and how
often the kind is right.
"""

from __future__ import annotations

import argparse
import os
import tempfile
from pathlib import Path

import numpy as np

ROOT = Path(__file__).parents[2]
MEDIA = Path(os.environ.get("CUTPRINT_TEST_MEDIA") or ROOT.parent / "shared" / "media") / "raw"
SIZE, FPS, FRAMES = (640, 360), 30, 25
SCENES = (
    ("mex_geese_phone.mp4", 20),
    ("mediapipe_laptop_shopping.mp4", 30),
    ("simpl_two_men_meeting_A.webm", 200),
    ("simpl_two_men_meeting_C.webm", 300),
    ("intel_people_one_by_one.mp4", 300),
    ("mdn_flower_opens.mp4", 100),
    ("caliscope_charuco_calibration_cam0.mp4", 40),
    ("simpl_gbike_ride.webm", 400),
)
TUNING = (
    ("simpl_two_men_meeting_B.webm", 300),
    ("intel_bottles_table.mp4", 500),
    ("simpl_gbike_ride.webm", 100),
    ("intel_asl_walk.mkv", 30),
    ("intel_asl_book.mkv", 20),
    ("caliscope_4_cam_recording_cam1.mp4", 30),
    ("mdn_bug_closeup.mp4", 30),
    ("mediapipe_hand_reach.mp4", 20),
    ("mex_sea_540p.mp4", 20),
    ("mex_sony_a7m3.mts", 5),
)
SUBJECT = ("mediapipe_woman_thumbs_closeup.mp4", 60)
SUBJECT_SHARE = 0.2
NOISE = 3.0
PATHS = {
    "static": ("static", {}),
    "slow pan": ("slow_pan", {"pan": 0.005}),
    "pan": ("slow_pan", {"pan": -0.010}),
    "fast pan": ("fast_pan", {"pan": 0.030}),
    "whip": ("fast_pan", {"pan": 0.060}),
    "tilt": ("slow_pan", {"tilt": 0.008}),
    "zoom in": ("zoom_in", {"zoom": 0.003}),
    "fast zoom": ("zoom_in", {"zoom": 0.010}),
    "zoom out": ("zoom_out", {"zoom": -0.005}),
    "roll": (None, {"roll": 0.4}),
    "shake": ("handheld", {"shake": 0.006}),
    "everything": (None, {"pan": 0.006, "tilt": -0.003, "zoom": 0.003, "roll": 0.15, "shake": 0.003}),
}
"""Per frame: pan in widths, tilt in heights, zoom as log factor, roll in degrees, shake as spread in heights."""


def steps_of(moves: dict[str, float], seed: int) -> np.ndarray:
    """(frames, 4): dx and dy in heights, log zoom, degrees, from each frame to the next (the first is none)."""
    chance = np.random.default_rng(seed)
    steps = np.zeros((FRAMES, 4))
    aspect = SIZE[0] / SIZE[1]
    steps[1:] = (moves.get("pan", 0) * aspect, moves.get("tilt", 0), moves.get("zoom", 0), moves.get("roll", 0))
    if "shake" in moves:
        trembling = chance.normal(0, moves["shake"], (FRAMES, 2))
        trembling = (trembling + np.roll(trembling, 1, axis=0)) / np.sqrt(2)  # a hand is no white noise
        steps[1:, :2] += trembling[1:] - trembling[1:].mean(axis=0)
    return steps


def affine(dx: float, dy: float, zoom: float, degrees: float) -> np.ndarray:
    """How points of the picture move in one step: 3 x 3, about its centre; the camera's move is the other way."""
    width, height = SIZE
    scale, turn = np.exp(zoom), np.radians(degrees)
    a, b = scale * np.cos(turn), scale * np.sin(turn)
    core = np.array([[a, -b, -dx * height], [b, a, -dy * height], [0, 0, 1.0]])
    there = np.array([[1, 0, width / 2], [0, 1, height / 2], [0, 0, 1.0]])
    return there @ core @ np.linalg.inv(there)


def picture(name: str, frame: int) -> np.ndarray:
    """The frame, filling twice the wanted size, so that the view has something to move over."""
    import cv2

    from engine.media.decode import still
    from engine.media.probe import probe

    found = still(probe(MEDIA / name), frame, 1920)
    height, width = found.shape[:2]
    scale = max(1.6 * SIZE[0] / width, 1.6 * SIZE[1] / height)
    return cv2.resize(found, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC)


def film(scene: np.ndarray, subject: np.ndarray, steps: np.ndarray, seed: int) -> list[np.ndarray]:
    import cv2

    chance = np.random.default_rng(seed)
    width, height = SIZE
    grain = chance.normal(0, NOISE, (height, width, 3)).astype(np.float32)
    view = np.array([[1, 0, (width - scene.shape[1]) / 2], [0, 1, (height - scene.shape[0]) / 2], [0, 0, 1.0]])
    tall = round(np.sqrt(SUBJECT_SHARE * width * height * 4 / np.pi))
    cut = cv2.resize(subject, (tall, tall), interpolation=cv2.INTER_AREA)
    mask = np.zeros((tall, tall), np.uint8)
    cv2.circle(mask, (tall // 2, tall // 2), tall // 2, 255, -1)
    frames = []
    for number, step in enumerate(steps):
        view = affine(*step) @ view
        made = cv2.warpAffine(scene, view[:2], SIZE, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT_101)
        x = (width - tall) / 2 + 0.22 * width * np.sin(number * 0.13 + seed)
        y = (height - tall) / 2 + 0.06 * height * np.sin(number * 0.21)
        shift = np.array([[1, 0, x], [0, 1, y]])
        over = cv2.warpAffine(cut, shift, SIZE, flags=cv2.INTER_LINEAR)
        share = cv2.warpAffine(mask, shift, SIZE, flags=cv2.INTER_LINEAR)[..., None] / 255
        noise = np.roll(grain, chance.integers(0, 500, 2), axis=(0, 1))
        mixed = made * (1 - share) + over * share + noise
        frames.append(np.clip(mixed, 0, 255).round().astype(np.uint8))
    return frames


def measured(frames: list[np.ndarray], folder: Path):  # type: ignore[no-untyped-def]
    from engine.analysis.clip import AnalysisOptions, analyse_clip
    from engine.media.encode import write_video
    from engine.media.probe import probe
    from engine.model.time import FrameRate

    path = folder / "scene.mp4"
    write_video(path, iter(frames), FrameRate(FPS), SIZE)
    return analyse_clip(probe(path), AnalysisOptions(faces=False))


def corner_errors(found: np.ndarray, true: np.ndarray) -> np.ndarray:
    """Root mean square over the four corners, pixels per frame at a height of 1080."""
    width, height = SIZE
    corners = np.array([[0, 0, 1], [width, 0, 1], [0, height, 1], [width, height, 1.0]]).T
    gaps = [(affine(*a) @ corners - affine(*b) @ corners)[:2] for a, b in zip(found[1:], true[1:])]
    return np.array([np.sqrt((gap**2).sum(axis=0).mean()) for gap in gaps]) * 1080 / height


def judged(found: np.ndarray, true: np.ndarray, moves: dict[str, float]) -> dict[str, float]:
    """Relative error of each amount that the path has."""
    from engine.analysis.motion import CameraPath, shake_curve

    errors = {}
    for column, name in enumerate(("pan", "tilt", "zoom", "roll")):
        if name in moves:
            whole = true[1:, column].sum()
            errors[name] = abs(found[1:, column].sum() - whole) / abs(whole)
    if "shake" in moves:
        amounts = [np.sqrt((shake_curve(CameraPath(*steps[1:].T, 1 / FPS)) ** 2).mean()) for steps in (found, true)]
        errors["shake"] = abs(amounts[0] - amounts[1]) / amounts[1]
    return errors


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--tune", action="store_true")
    tune = parser.parse_args().tune
    if not MEDIA.is_dir():
        print(f"skipped: {MEDIA} is absent")
        return
    subject = picture(*SUBJECT)
    middle = subject.shape[1] // 2
    subject = subject[:, middle - subject.shape[0] // 2 : middle + subject.shape[0] // 2]
    aspect = SIZE[0] / SIZE[1]
    scenes = [picture(*one) for one in (TUNING if tune else SCENES)]
    errors: list[float] = []
    corners: list[np.ndarray] = []
    right: list[bool] = []
    with tempfile.TemporaryDirectory() as folder:
        for name, (kind, moves) in PATHS.items():
            worst: dict[str, tuple[float, int]] = {}
            path_corners, path_right = [], []
            for seed, scene in enumerate(scenes):
                true = steps_of(moves, seed)
                facts = measured(film(scene, subject, true, seed), Path(folder))
                curves = [facts.curves[one].values.astype(float) for one in ("pan", "tilt", "zoom", "roll")]
                found = np.stack(curves, axis=1)[:FRAMES] * [aspect / FPS, 1 / FPS, 1 / FPS, 1 / FPS]
                path_corners.append(corner_errors(found, true))
                amounts = judged(found, true, moves)
                errors += amounts.values()
                worst = {one: max((value, seed), worst.get(one, (0.0, 0))) for one, value in amounts.items()}
                if kind is not None:
                    path_right.append(facts.likely_motion == kind)
            right += path_right
            corners += path_corners
            told = ", ".join(f"{one} {value:.1%} (scene {seed})" for one, (value, seed) in worst.items())
            middle_px = np.median([one.mean() for one in path_corners])
            kinds = f"{sum(path_right)} of {len(path_right)} kinds" if path_right else ""
            print(f"{name:11} corners {middle_px:5.2f} px, worst amounts {told or '-':50} {kinds}", flush=True)
    print(f"amounts: median {np.median(errors):.1%}, 90th percentile {np.percentile(errors, 90):.1%}, worst {max(errors):.1%}")
    means = [one.mean() for one in corners]
    print(
        f"corners: median {np.median(means):.2f} px, 90th percentile {np.percentile(np.concatenate(corners), 90):.2f} px per frame at 1080"
    )
    print(f"kinds: {sum(right)} of {len(right)} right ({np.mean(right):.0%})")


if __name__ == "__main__":
    main()
