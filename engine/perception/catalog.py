"""Name -> recogniser, loaded when first asked for; what is absent says why and what would bring it."""

from __future__ import annotations

import functools
import importlib

from engine.errors import MissingToolError
from engine.perception.contracts import FaceFinder

__all__ = ["absences", "face_finder"]


@functools.lru_cache(maxsize=1)
def face_finder() -> FaceFinder:
    """Faces and bodies by OpenCV's own cascades and HOG. Raises `MissingToolError` with an OpenCV that lacks them."""
    return importlib.import_module("engine.perception.opencv_faces").CascadeFaceFinder()  # type: ignore[no-any-return]


def absences() -> dict[str, str]:
    """Recognisers that are not there -> why, in words for a report."""
    missing = {}
    try:
        face_finder()
    except MissingToolError as cause:
        missing["faces"] = cause.message
    missing["clip"] = "no CLIP model is used yet, so pictures are judged by faces and composition alone"
    return missing
