"""Name -> recogniser, loaded when first asked for; what is absent says why and what would bring it."""

from __future__ import annotations

import functools
import importlib
from pathlib import Path

from engine.errors import MissingToolError
from engine.perception.contracts import BeatListener, FaceFinder

__all__ = ["absences", "beat_listener", "face_finder"]


@functools.lru_cache(maxsize=1)
def face_finder() -> FaceFinder:
    """Faces and bodies by OpenCV's own cascades and HOG. Raises `MissingToolError` with an OpenCV that lacks them."""
    return importlib.import_module("engine.perception.opencv_faces").CascadeFaceFinder()  # type: ignore[no-any-return]


@functools.lru_cache(maxsize=1)
def beat_listener(weights: Path) -> BeatListener:
    """Beats by Beat This! with the user's weights. Raises `MissingToolError` without the extra `[beats]` or with other files."""
    return importlib.import_module("engine.perception.beat_this").BeatThisListener(weights)  # type: ignore[no-any-return]


def absences() -> dict[str, str]:
    """Recognisers that are not there -> why, in words for a report."""
    missing = {}
    try:
        face_finder()
    except MissingToolError as cause:
        missing["faces"] = cause.message
    missing["clip"] = "no CLIP model is set (clip_model), so pictures are judged by faces and composition alone"
    return missing
