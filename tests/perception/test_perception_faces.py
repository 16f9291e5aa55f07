"""Faces by cascades: real ones, none in people from behind, and found again where they were."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from engine.media.decode import still
from engine.media.probe import probe
from engine.model.analysis import Box
from engine.perception.opencv_faces import CascadeFaceFinder


def test_a_face_is_found_and_found_again_near_where_it_was(real_media: Path) -> None:
    picture = still(probe(real_media / "raw" / "intel_asl_book.mkv"), 30, 640)
    finder = CascadeFaceFinder()
    face = finder.faces(picture)[0]
    assert (
        face.pose == "frontal"
        and abs(face.box.x + face.box.width / 2 - 0.47) < 0.06
        and abs(face.box.y + face.box.height / 2 - 0.27) < 0.09
    )
    before = Box(face.box.x - 0.8 * face.box.width, face.box.y + 0.3 * face.box.height, face.box.width, face.box.height)
    again = finder.again(picture, [before, before])
    assert len(again) == 1 and abs(again[0].box.x - face.box.x) < 0.03
    assert finder.again(picture, [Box(0.7, 0.7, 0.12, 0.16)]) == []


def test_who_is_seen_from_behind_has_no_face(real_media: Path) -> None:
    clip = probe(real_media / "raw" / "intel_people_one_by_one.mp4")
    finder = CascadeFaceFinder()
    for frame in (200, 430, 600):
        picture = still(clip, frame, 640)
        assert not finder.faces(picture) and not finder.faces(picture, facing_right=True)


def test_pictures_of_any_size_are_looked_at() -> None:
    finder = CascadeFaceFinder()
    for shape in ((10, 16), (90, 40), (1, 1), (700, 90, 3)):
        picture = np.full(shape, 128, np.uint8)
        assert finder.faces(picture) == [] and finder.again(picture, [Box(0.9, 0.9, 0.2, 0.2)]) == []
