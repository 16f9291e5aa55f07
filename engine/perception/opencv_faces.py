"""Faces and bodies by what opencv-python carries itself: Haar cascades (Viola and Jones 2001) and HOG (Dalal and Triggs 2005).

One cascade proposes frontal faces, with every hint it has, on coarse sizes; another, trained otherwise, has to agree on the few crops: so
faces are found that neither finds alone at that price, and floors and shirts are not. Settings were chosen on other frames than those of
`tests/benchmarks/bench_clip_people.py faces`. Profiles have to be found by more neighbours: theirs are nearly all the false finds.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.errors import MissingToolError
from engine.model.analysis import Box
from engine.perception.contracts import FoundFace, Picture

__all__ = ["CascadeFaceFinder"]

LONG_SIDE_PX = 320
"""Size at which profiles and bodies are looked for."""
PROPOSED_PX, PROPOSED_SCALE, PROPOSED_LEAST_PX = 480, 1.2, 30
"""Long side, ratio of sizes and least size of proposals."""
CHECKED_PX, CHECKED_SCALE = 44, 1.1
"""Size of a proposed face in its crop, and ratio of the sizes that are tried around it."""
CHECKED_MARGIN, CHECKED_SIZES = 0.35, (0.6, 1.5)
"""Shares of a proposal: margin around it, and sizes that the second cascade may find in it."""
AGAIN_NEIGHBOURS = 2
NEAR_MARGIN, NEAR_SIZES = 0.35, (0.8, 1.25)
"""Where most faces are a quarter of a second later: they have hardly moved. It costs a quarter of looking further ..."""
FAR_MARGIN = 1.0
"""... and how far the others are looked for: a head moves by its own width in that time, no further."""
LEAST_PX = 20
PROFILE_SCALE, PROFILE_NEIGHBOURS = 1.3, 5
SURE_WEIGHT = 8.0
"""Cascade level weight at which a find counts as certain (chosen: true finds on the raw set lie between 2 and 12)."""
HOG_SURE = 1.0
"""Margin of the body classifier from which on it is believed (chosen: one unit, where training held its nearest examples)."""


class CascadeFaceFinder:
    """Frontal faces first, profiles where there is none, bodies on request."""

    def __init__(self) -> None:
        import cv2

        if not hasattr(cv2, "CascadeClassifier") or not hasattr(cv2, "HOGDescriptor"):
            hint = "Install opencv-python-headless below version 5."
            raise MissingToolError("opencv_without_cascades", "This OpenCV has no face cascades.", hint)
        self._proposing = _cascade("haarcascade_frontalface_default.xml")
        self._checking = _cascade("haarcascade_frontalface_alt2.xml")
        self._profile = _cascade("haarcascade_profileface.xml")
        self._hog = cv2.HOGDescriptor()
        people: Any = cv2.HOGDescriptor.getDefaultPeopleDetector()
        self._hog.setSVMDetector(people)

    def faces(self, picture: Picture, facing_right: bool = False) -> list[FoundFace]:
        """Faces in the picture, largest first. Profiles are looked for on one side: both every time would cost more than all else."""
        gray = _gray(picture)
        found = self._frontals(gray) or self._profiles(_scaled(gray, LONG_SIDE_PX), facing_right)
        return sorted(found, key=lambda one: -one.box.height)

    def _frontals(self, gray: NDArray[np.uint8]) -> list[FoundFace]:
        small = _scaled(gray, PROPOSED_PX)
        least = max(LEAST_PX, round(PROPOSED_LEAST_PX * max(small.shape) / PROPOSED_PX))
        proposed = self._proposing.detectMultiScale(small, PROPOSED_SCALE, 1, minSize=(least, least))
        by_size = gray.shape[1] / small.shape[1]
        checked = [self._checked(gray, tuple(float(value) * by_size for value in box)) for box in proposed]
        return _apart([one for one in checked if one is not None])

    def again(self, picture: Picture, known: Sequence[Box]) -> list[FoundFace]:
        gray = _gray(picture)
        high, wide = gray.shape
        places = [(box.x * wide, box.y * high, box.width * wide, box.height * high) for box in known]
        found = [self._again(gray, place) for place in places]
        return _apart([one for one in found if one is not None])

    def _again(self, gray: NDArray[np.uint8], place: tuple[float, ...]) -> FoundFace | None:
        near = self._checked(gray, place, NEAR_MARGIN, NEAR_SIZES, AGAIN_NEIGHBOURS)
        return near or self._checked(gray, place, FAR_MARGIN, CHECKED_SIZES, AGAIN_NEIGHBOURS)

    def _checked(
        self,
        gray: NDArray[np.uint8],
        place: tuple[float, ...],
        margin: float = CHECKED_MARGIN,
        sizes: tuple[float, float] = CHECKED_SIZES,
        neighbours: int = 1,
    ) -> FoundFace | None:
        """What the second cascade finds in and around a place (x, y, width, height in pixels of the picture)."""
        import cv2

        x, y, width, height = place
        left, top = (max(0, int(at - margin * width)) for at in (x, y))
        right, bottom = int(x + width * (1 + margin)), int(y + height * (1 + margin))
        scale = CHECKED_PX / width
        crop = cv2.resize(
            gray[top:bottom, left:right], None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
        )
        least, most = (round(CHECKED_PX * share) for share in sizes)
        boxes, _, weights = self._checking.detectMultiScale3(
            crop, CHECKED_SCALE, neighbours, minSize=(least, least), maxSize=(most, most), outputRejectLevels=True
        )
        if not len(boxes):
            return None
        best = int(np.argmax(weights))
        found = np.array(boxes[best], float) / scale + (left, top, 0, 0)
        return FoundFace(_box(found, gray.shape[1], gray.shape[0]), "frontal", _sureness(np.ravel(weights)[best]))

    def _profiles(self, gray: NDArray[np.uint8], facing_right: bool) -> list[FoundFace]:
        if not facing_right:
            return _detect(self._profile, gray, PROFILE_SCALE, "profile", PROFILE_NEIGHBOURS)
        found = _detect(self._profile, np.ascontiguousarray(gray[:, ::-1]), PROFILE_SCALE, "profile", PROFILE_NEIGHBOURS)
        return [FoundFace(_mirrored(one.box), one.pose, one.confidence) for one in found]

    def bodies(self, picture: Picture) -> list[Box]:
        """Standing people, surest first."""
        gray = _scaled(_gray(picture), LONG_SIDE_PX)
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


def _gray(picture: Picture) -> NDArray[np.uint8]:
    import cv2

    return np.asarray(cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY) if picture.ndim == 3 else picture, np.uint8)


def _scaled(gray: NDArray[np.uint8], long_side_px: int) -> NDArray[np.uint8]:
    import cv2

    scale = long_side_px / max(gray.shape)
    return gray if scale >= 1 else np.asarray(cv2.resize(gray, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA), np.uint8)


def _detect(classifier: Any, gray: NDArray[np.uint8], scale: float, pose: Any, neighbours: int) -> list[FoundFace]:
    boxes, _, weights = classifier.detectMultiScale3(
        gray, scaleFactor=scale, minNeighbors=neighbours, minSize=(LEAST_PX, LEAST_PX), outputRejectLevels=True
    )
    height, width = gray.shape
    return [FoundFace(_box(box, width, height), pose, _sureness(weight)) for box, weight in zip(boxes, np.ravel(weights))]


def _sureness(weight: float) -> float:
    return min(1.0, max(0.1, float(weight) / SURE_WEIGHT))


def _apart(found: list[FoundFace]) -> list[FoundFace]:
    """One of those that lie on each other: the surest."""
    kept: list[FoundFace] = []
    for one in sorted(found, key=lambda face: -face.confidence):
        x, y = one.box.x + one.box.width / 2, one.box.y + one.box.height / 2
        if not any(k.box.x <= x <= k.box.x + k.box.width and k.box.y <= y <= k.box.y + k.box.height for k in kept):
            kept.append(one)
    return kept


def _box(box: Any, width: int, height: int) -> Box:
    x, y, w, h = (float(value) for value in box)
    return Box(max(0.0, x / width), max(0.0, y / height), min(1.0, w / width), min(1.0, h / height))


def _mirrored(box: Box) -> Box:
    return Box(1 - box.x - box.width, box.y, box.width, box.height)
