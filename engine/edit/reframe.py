"""Which part of the source fills the frame: a cover crop over as much of what is to be looked at as it can hold, still where that does."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from engine.edit.crop_path import corridor_of, path_through
from engine.model.analysis import Box, ClipAnalysis, Subject
from engine.model.media import Media
from engine.model.time import FrameRate, FrameSpan
from engine.model.timeline import CropKey

__all__ = ["FACE_CONFIDENCE", "cover_crop", "crop_for", "frame_shares"]

LEAST_CONFIDENCE = 0.3
"""Subjects less sure than this do not move the frame from the centre."""
FACE_CONFIDENCE = 0.9
"""From here on a subject is a face: where there is one, nothing else counts."""
HEAD_ROOM, SHOULDERS, SIDES = 0.6, 1.6, 0.5
"""What belongs to a face, in face heights above and below it and on either side: hair, neck and shoulders."""
HEAD_ROOM_SHARE = 0.08
"""Room above a body that does not fit the frame, as a share of the frame's height."""
CENTRE_PULL = 0.05
"""What the way from the centre to the edge costs, as a share of the subjects' weight: of two equal frames the middle one is better."""


def cover_crop(width: int, height: int, target_width: int, target_height: int, centre: tuple[float, float]) -> CropKey:
    """The largest part of a displayed picture with the target's shape, as near to `centre` (shares 0 to 1) as its edges allow."""
    share_x, share_y = frame_shares(width, height, target_width, target_height)
    x = min(max(centre[0] - share_x / 2, 0.0), 1.0 - share_x)
    y = min(max(centre[1] - share_y / 2, 0.0), 1.0 - share_y)
    return CropKey(0, round(x, 6), round(y, 6), round(share_x, 6), round(share_y, 6))


def frame_shares(width: int, height: int, target_width: int, target_height: int) -> tuple[float, float]:
    """Shares of a picture's width and height that a frame of the target's shape covers: one of them is 1."""
    source, target = width / height, target_width / target_height
    return min(1.0, target / source), min(1.0, source / target)


def crop_for(
    media: Media, analysis: ClipAnalysis, span: FrameSpan, width: int, height: int, rate: FrameRate | None = None, frames: int = 0
) -> tuple[CropKey, ...]:
    """The crop of a placement that shows source frames `span`: over its subjects where some are known, else the centre.

    It stands still where a still frame keeps every head; else, with the timeline's `rate` and the placement's length in `frames` of it,
    it follows within limits on speed and acceleration. Keys count frames of the placement.
    """
    assert media.video is not None
    size = media.video.display_width, media.video.display_height
    shares = frame_shares(*size, width, height)
    boxes = _boxes(analysis.subjects, span, round(analysis.rate.fps), size[0] / size[1])
    still = _centre(boxes, shares)
    axis = 0 if shares[0] < shares[1] else 1
    if rate is None or shares[axis] > 0.999:
        return (cover_crop(*size, width, height, still),)
    corridor = corridor_of(analysis, span, max(1, frames), axis, shares[axis], upright=height > width)
    if corridor is None:
        return (cover_crop(*size, width, height, still),)
    keys = path_through(corridor, still[axis], shares[axis], rate.fps)
    centres = [(frame, (at, still[1]) if axis == 0 else (still[0], at)) for frame, at in keys]
    return tuple(replace(cover_crop(*size, width, height, centre), frame=frame) for frame, centre in centres)


def _boxes(subjects: Sequence[Subject], span: FrameSpan, reach: int, aspect: float) -> list[tuple[Box, float]]:
    """What is to be seen during `span` (half a second around it where that is enough, else a whole one), with the weight of each: faces
    with their shoulders, else the rest."""
    sure = [one for one in subjects if one.confidence >= LEAST_CONFIDENCE]
    near = [one for one in sure if span.start - reach // 2 <= one.frame < span.end + reach // 2]
    near = near or [one for one in sure if span.start - reach <= one.frame < span.end + reach]
    faces = [one for one in near if one.confidence >= FACE_CONFIDENCE]
    if faces:
        return [(_bust(one.box, aspect), one.confidence * one.box.height) for one in faces]
    return [(one.box, one.confidence) for one in near]


def _upper(box: Box, share: float) -> Box:
    """Of what is taller than the frame its upper end: heads are there."""
    room = HEAD_ROOM_SHARE * share
    return Box(box.x, max(0.0, box.y - room), box.width, share - room) if box.height > share else box


def _bust(face: Box, aspect: float) -> Box:
    x = face.x - SIDES * face.height / aspect
    y = face.y - HEAD_ROOM * face.height
    right, bottom = face.x + face.width + SIDES * face.height / aspect, face.y + (1 + SHOULDERS) * face.height
    x, y = max(0.0, x), max(0.0, y)
    return Box(x, y, min(1.0, right) - x, min(1.0, bottom) - y)


def _centre(boxes: Sequence[tuple[Box, float]], shares: tuple[float, float]) -> tuple[float, float]:
    """Centre of the window that holds most of the boxes' weight. Each axis by itself, because a cover crop moves along one only."""
    if not boxes:
        return 0.5, 0.5
    return (
        _best([(one.x, one.x + one.width, weight) for one, weight in boxes], shares[0]),
        _best([(one.y, one.y + one.height, weight) for one, weight in ((_upper(box, shares[1]), sure) for box, sure in boxes)], shares[1]),
    )


def _best(spans: Sequence[tuple[float, float, float]], share: float) -> float:
    """Where a window of length `share` (0 to 1) lies best over weighted spans. A span counts by how much of it is inside."""
    total = sum(weight for *_, weight in spans)
    low, high = share / 2, 1.0 - share / 2
    mean = sum((a + b) / 2 * weight for a, b, weight in spans) / total
    candidates = [mean, 0.5, *((a + b) / 2 for a, b, _ in spans)]

    def worth(centre: float) -> float:
        start, end = centre - share / 2, centre + share / 2
        inside = sum(weight * max(0.0, min(b, end) - max(a, start)) / max(b - a, 1e-6) for a, b, weight in spans)
        near = sum(weight * abs((a + b) / 2 - centre) for a, b, weight in spans)
        return inside - CENTRE_PULL * (near + total * abs(centre - 0.5))

    return max((min(max(one, low), high) for one in candidates), key=lambda centre: (round(worth(centre), 9), -centre))
