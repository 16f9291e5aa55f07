"""Name -> recogniser, loaded when first asked for; what is absent says why and what would bring it."""

from __future__ import annotations

import functools
import importlib
import importlib.util

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
    if importlib.util.find_spec("open_clip") is None:
        missing["clip"] = "open_clip is not installed (extra [clip]), so pictures are judged by faces and composition alone"
    return missing
