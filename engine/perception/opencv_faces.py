"""Faces and bodies by what opencv-python carries itself: Haar cascades (Viola and Jones 2001) and HOG (Dalal and Triggs 2005).

Settings are the best of those measured for cost and false finds (`tests/benchmarks/bench_clip_people.py faces`): alt2, 320 px, scale 1.1,
least size 20 px. Profiles have to be found by more neighbours: theirs are nearly all the false finds.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.errors import MissingToolError
from engine.model.analysis import Box
from engine.perception.contracts import FoundFace, Picture

__all__ = ["CascadeFaceFinder"]

LONG_SIDE_PX = 320
SCALE = 1.1
"""Ratio of the sizes that the frontal cascade tries; chosen by `tests/benchmarks/bench_clip_people.py faces`."""
PROFILE_SCALE = 1.3
LEAST_PX = 20
NEIGHBOURS, PROFILE_NEIGHBOURS = 3, 5
SURE_WEIGHT = 8.0
"""Cascade level weight at which a find counts as certain (chosen: true finds on the raw set lie between 2 and 12)."""
HOG_SURE = 1.0


class CascadeFaceFinder:
    """Frontal faces first, profiles where there is none, bodies on request."""

    def __init__(self) -> None:
        import cv2

        if not hasattr(cv2, "CascadeClassifier") or not hasattr(cv2, "HOGDescriptor"):
            hint = "Install opencv-python-headless below version 5."
            raise MissingToolError("opencv_without_cascades", "This OpenCV has no face cascades.", hint)
        self._frontal = _cascade("haarcascade_frontalface_alt2.xml")
        self._profile = _cascade("haarcascade_profileface.xml")
        self._hog = cv2.HOGDescriptor()
        people: Any = cv2.HOGDescriptor.getDefaultPeopleDetector()
        self._hog.setSVMDetector(people)

    def faces(self, picture: Picture, facing_right: bool = False) -> list[FoundFace]:
        """Faces in the picture, largest first. Profiles are looked for on one side: both every time would cost more than all else."""
        gray = _small_gray(picture)
        found = _detect(self._frontal, gray, SCALE, "frontal") or self._profiles(gray, facing_right)
        return sorted(found, key=lambda one: -one.box.height)

    def _profiles(self, gray: NDArray[np.uint8], facing_right: bool) -> list[FoundFace]:
        if not facing_right:
            return _detect(self._profile, gray, PROFILE_SCALE, "profile", PROFILE_NEIGHBOURS)
        found = _detect(self._profile, np.ascontiguousarray(gray[:, ::-1]), PROFILE_SCALE, "profile", PROFILE_NEIGHBOURS)
        return [FoundFace(_mirrored(one.box), one.pose, one.confidence) for one in found]

    def bodies(self, picture: Picture) -> list[Box]:
        """Standing people, surest first."""
        gray = _small_gray(picture)
        height, width = gray.shape
        if height < 128 or width < 64:
            return []
        boxes, weights = self._hog.detectMultiScale(gray, winStride=(8, 8), scale=1.05)
        sure = [(float(weight), box) for weight, box in zip(np.ravel(weights), boxes) if weight >= HOG_SURE]
        return [_box(box, width, height) for _, box in sorted(sure, key=lambda pair: -pair[0])]


def _cascade(name: str) -> Any:
    import cv2

    folder: Any = cv2.__dict__["data"]  # a module that the stubs do not know
    classifier = cv2.CascadeClassifier(str(Path(folder.haarcascades) / name))
    if classifier.empty():
        hint = "Reinstall opencv-python-headless below version 5."
        raise MissingToolError("opencv_without_cascades", f"OpenCV's cascade {name} is missing.", hint)
    return classifier


def _small_gray(picture: Picture) -> NDArray[np.uint8]:
    import cv2

    gray = cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY) if picture.ndim == 3 else picture
    scale = LONG_SIDE_PX / max(gray.shape)
    if scale < 1:
        gray = cv2.resize(gray, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    return np.asarray(gray, np.uint8)


def _detect(classifier: Any, gray: NDArray[np.uint8], scale: float, pose: Any, neighbours: int = NEIGHBOURS) -> list[FoundFace]:
    boxes, _, weights = classifier.detectMultiScale3(
        gray, scaleFactor=scale, minNeighbors=neighbours, minSize=(LEAST_PX, LEAST_PX), outputRejectLevels=True
    )
    height, width = gray.shape
    sure = [min(1.0, max(0.1, float(weight) / SURE_WEIGHT)) for weight in np.ravel(weights)]
    return [FoundFace(_box(box, width, height), pose, weight) for box, weight in zip(boxes, sure)]


def _box(box: Any, width: int, height: int) -> Box:
    x, y, w, h = (float(value) for value in box)
    return Box(max(0.0, x / width), max(0.0, y / height), min(1.0, w / width), min(1.0, h / height))


def _mirrored(box: Box) -> Box:
    return Box(1 - box.x - box.width, box.y, box.width, box.height)
