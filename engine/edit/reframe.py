"""Which part of the source fills the frame: a cover crop around what is to be looked at, held still over a shot."""

from __future__ import annotations

from collections.abc import Sequence

from engine.model.analysis import ClipAnalysis, Subject
from engine.model.media import Media
from engine.model.time import FrameSpan
from engine.model.timeline import CropKey

__all__ = ["cover_crop", "crop_for"]

HEAD_LINE = 0.38
"""Height in the frame at which a face's middle sits (heads high, room for captions below)."""
LEAST_CONFIDENCE = 0.3
"""Subjects less sure than this do not move the frame from the centre."""


def cover_crop(width: int, height: int, target_width: int, target_height: int, centre: tuple[float, float]) -> CropKey:
    """The largest part of a displayed picture with the target's shape, as near to `centre` (shares 0 to 1) as its edges allow."""
    source, target = width / height, target_width / target_height
    share_x = min(1.0, target / source)
    share_y = min(1.0, source / target)
    x = min(max(centre[0] - share_x / 2, 0.0), 1.0 - share_x)
    y = min(max(centre[1] - share_y / 2, 0.0), 1.0 - share_y)
    return CropKey(0, round(x, 6), round(y, 6), round(share_x, 6), round(share_y, 6))


def crop_for(media: Media, analysis: ClipAnalysis, span: FrameSpan, width: int, height: int) -> tuple[CropKey, ...]:
    """The crop of a placement that shows source frames `span`: around its subject where one is known, else the centre."""
    assert media.video is not None
    centre = _centre(analysis.subjects, span, round(analysis.rate.fps))
    return (cover_crop(media.video.display_width, media.video.display_height, width, height, centre),)


def _centre(subjects: Sequence[Subject], span: FrameSpan, reach: int) -> tuple[float, float]:
    near = [one for one in subjects if span.start - reach <= one.frame < span.end + reach and one.confidence >= LEAST_CONFIDENCE]
    faces = [one for one in near if one.confidence >= 0.9]
    chosen = faces or near
    if not chosen:
        return 0.5, 0.5
    weight = sum(one.confidence * one.box.height for one in chosen)
    x = sum(one.box.centre[0] * one.confidence * one.box.height for one in chosen) / weight
    y = sum(one.box.centre[1] * one.confidence * one.box.height for one in chosen) / weight
    # A face belongs above the middle, so the frame's centre lies below it by that much.
    return x, y + (0.5 - HEAD_LINE) * 0.5 if faces else y
