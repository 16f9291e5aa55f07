"""What a finished video shows shot by shot: size, angle and camera motion from the middle of each shot, where no transition lies."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.analysis import motion
from engine.analysis.framing import framing
from engine.media.decode import Frame, FrameReader
from engine.model.analysis import Box, Face, Shot
from engine.model.media import Media
from engine.model.time import FrameSpan
from engine.perception import catalog
from engine.perception.contracts import FaceFinder
from engine.progress import SILENT, Progress

__all__ = ["SHOTS_VERSION", "ShotLook", "look_at_shots"]

SHOTS_VERSION = "3"
"""Raise when any figure here changes, so that cached looks are made anew."""
WORKING_PX = 320
LOOK_S = 0.4
"""How much of each shot's middle is looked at: long enough to tell a pan from a still, short enough to cost little."""
FACE_FRAMES = 2
"""Frames in which faces are looked for (first and last of the look)."""


@dataclass(frozen=True)
class ShotLook:
    """Probabilities over the vocabularies of `engine.model.names`; the tallest face's height (0 without one)."""

    shot_type: dict[str, float]
    angle: dict[str, float]
    motion: dict[str, float]
    face_height: float = 0.0


Part = tuple[float, float, float, float]


def look_at_shots(media: Media, shots: Sequence[Shot], part: Part | None = None, progress: Progress = SILENT) -> tuple[ShotLook, ...]:
    """One look per shot. Frames that cannot be decoded leave it unknown. part : of the picture, where strips lie around it."""
    finder = None if "faces" in catalog.absences() else catalog.face_finder()
    looks = []
    for shot in shots:
        progress.check()
        looks.append(_look(media, shot, part, finder))
    return tuple(looks)


def _look(media: Media, shot: Shot, part: Part | None, finder: FaceFinder | None) -> ShotLook:
    assert media.video is not None
    half = max(1, round(LOOK_S * media.video.rate.fps / 2))
    middle = (shot.start_frame + shot.end_frame) // 2
    span = FrameSpan(max(shot.start_frame, middle - half), max(shot.start_frame + 1, min(shot.end_frame, middle + half)))
    frames = list(FrameReader(media, span=span, max_side_px=WORKING_PX, pixel="rgb", part=part))
    video = media.video
    aspect = video.display_width / video.display_height * (part[2] / part[3] if part else 1.0)
    camera = _camera(frames, float(video.rate.frame_duration), aspect)
    faces, bodies = _people(frames, finder)
    found = framing(faces, min(FACE_FRAMES, len(frames)), bodies, camera, "", None)
    tallest = max((face.box.height for face in faces), default=0.0)
    return ShotLook(dict(found.shot_type), dict(found.angle), camera, round(tallest, 4))


def _camera(frames: Sequence[Frame], frame_s: float, aspect: float) -> dict[str, float]:
    tracker = motion.GridTracker()
    steps = [tracker.step(_luma(frame.picture)) for frame in frames]
    gaps = np.diff([frame.index for frame in frames]) if len(frames) > 1 else np.array([1])
    path = motion.CameraPath.of(steps[1:], max(1.0, float(np.median(gaps))) * frame_s)
    return motion.kind_probabilities(path, motion.shake_curve(path), aspect)


def _luma(picture: NDArray[np.uint8]) -> NDArray[np.uint8]:
    import cv2

    gray: Any = cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY)
    return np.asarray(gray, np.uint8)


def _people(frames: Sequence[Frame], finder: FaceFinder | None) -> tuple[list[Face], list[Box]]:
    if finder is None or not frames:
        return [], []
    chosen = [frames[0], frames[-1]] if len(frames) > 1 else [frames[0]]
    faces = [Face(frame.index, one.box, one.pose, one.confidence) for frame in chosen for one in finder.faces(frame.picture)]
    return faces, [] if faces else finder.bodies(chosen[0].picture)
