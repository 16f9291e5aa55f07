"""A crop that follows heads as a calm camera would: through a corridor in which they stay in the frame, smoothly, within limits.

At every moment there is a range of places where the frame holds the head and the platforms' buttons do not lie on it. A path that stands
still inside that corridor is best; else the smoothest that stays in it; and where that would be too quick, a slower one that does not.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from engine.model.analysis import Box, ClipAnalysis, Face
from engine.model.time import FrameSpan

__all__ = ["MOST_ACCELERATION", "MOST_SPEED", "SAFE_AREAS", "Corridor", "SafeArea", "corridor_of", "path_through"]

MOST_SPEED = 0.25
"""Shares of the source's side per second that the frame may move (a slow pan: crossing it takes four seconds)."""
MOST_ACCELERATION = 0.6
"""... and per second squared."""
HEAD_MARGIN = 0.18
"""Kept free on either side of a face box, as a share of its size (a cascade's box is about two thirds of a head)."""
KEY_EVERY_S = 0.2
"""Distance of keys: between them the frame moves in a straight line, which at this distance nobody sees."""
STILL_SHARE = 0.002
"""A path that moves less than this share of the side stands still."""
SMOOTHINGS = 60
NEAR_S, BESIDE = 0.25, 0.2
"""A face this near to a span belongs to it, one further off counts this share."""
LEAP = 0.35
"""Shares of the side per second that a head moves at most: further off, it is somebody else's; half its own width it may always move."""


@dataclass(frozen=True)
class SafeArea:
    """What a platform's own buttons and texts cover of a vertical picture, as shares of its sides.

    top, bottom : of the height. left : of the width. right : width of the column of buttons, from `column_top` to `column_bottom`.
    """

    top: float
    bottom: float
    left: float
    right: float
    column_top: float
    column_bottom: float


SAFE_AREAS = MappingProxyType(
    {
        "tiktok": SafeArea(top=0.07, bottom=0.20, left=0.05, right=0.12, column_top=0.42, column_bottom=0.82),
        "instagram": SafeArea(top=0.14, bottom=0.20, left=0.05, right=0.11, column_top=0.52, column_bottom=0.86),
        "youtube-shorts": SafeArea(top=0.08, bottom=0.20, left=0.05, right=0.13, column_top=0.45, column_bottom=0.84),
    }
)
"""Approximate (chosen, not measured): apps differ between versions and devices."""


@dataclass(frozen=True)
class Corridor:
    """Where the frame's centre may be, per frame of the placement: float64 (n,), low <= high, as shares of the source's side."""

    low: NDArray[np.float64]
    high: NDArray[np.float64]


def corridor_of(analysis: ClipAnalysis, span: FrameSpan, frames: int, axis: int, share: float, upright: bool) -> Corridor | None:
    """The corridor of a placement's heads along an axis (0: across, 1: down); None where none is seen.

    frames : length of the placement. share : part of that side that the frame shows.
    upright : the result is a vertical picture, on which platforms lay their buttons.
    """
    seen = _heads(analysis, span)
    if not seen:
        return None
    at = span.start + np.arange(frames) * span.duration / frames
    when = np.array([frame for frame, _ in seen], float)
    edges = [_across(box) if axis == 0 else _down(box) for _, box in seen]
    low, high = (np.interp(at, when, [pair[k] for pair in edges]) for k in (0, 1))
    covered = [_covered(box, axis) if upright else (0.0, 0.0) for _, box in seen]
    before, behind = (np.interp(at, when, [pair[k] for pair in covered]) for k in (0, 1))
    half = share / 2
    least, most = _between(low, high, half, before * share, behind * share)
    return Corridor(np.clip(least, half, 1 - half), np.clip(most, half, 1 - half))


Edges = NDArray[np.float64]


def _between(low: Edges, high: Edges, half: float, before: Edges, behind: Edges) -> tuple[Edges, Edges]:
    """Where the frame's centre may be so that heads from `low` to `high` lie in it and clear of what covers its ends.

    What cannot be had is given up in turn: buttons first, then the head's far side, so that its middle stays.
    """
    least, most = high - half + behind, low + half - before
    tight = least > most
    least, most = np.where(tight, high - half, least), np.where(tight, low + half, most)
    middle = (low + high) / 2
    wide = least > most
    return np.where(wide, middle, least), np.where(wide, middle, most)


def _across(face: Box) -> tuple[float, float]:
    margin = HEAD_MARGIN * face.width
    return max(0.0, face.x - margin), min(1.0, face.x + face.width + margin)


def _down(face: Box) -> tuple[float, float]:
    """Hair needs more room than the chin."""
    return max(0.0, face.y - 2 * HEAD_MARGIN * face.height), min(1.0, face.y + face.height * (1 + HEAD_MARGIN))


def _covered(face: Box, axis: int) -> tuple[float, float]:
    """How much of the frame's near and far end platforms cover where this head is: the most of all of them."""
    areas = SAFE_AREAS.values()
    if axis == 1:
        return max(area.top for area in areas), max(area.bottom for area in areas)
    top, bottom = face.y, face.y + face.height
    column = max((area.right for area in areas if bottom > area.column_top and top < area.column_bottom), default=0.0)
    return max(area.left for area in areas), column


def _heads(analysis: ClipAnalysis, span: FrameSpan) -> list[tuple[int, Box]]:
    """The head to keep in each looked-at frame during a span and a second around it."""
    reach = round(analysis.rate.fps)
    near = [face for face in analysis.faces if span.start - reach <= face.frame < span.end + reach]
    return [(face.frame, face.box) for face in _followed(near, span, analysis.rate.fps)] if near else []


def _followed(faces: Sequence[Face], span: FrameSpan, fps: float) -> list[Face]:
    """The person who is largest for longest during the span: a face, and before and after it always the nearest that is no leap away."""
    chains = [_chain(faces, seed, fps) for seed in faces]
    return max(chains, key=lambda chain: sum(_presence(face, span, fps) for face in chain))


def _presence(face: Face, span: FrameSpan, fps: float) -> float:
    """Height of a face, as sure as it is; one that is seen before or after the span hardly counts."""
    inside = span.start - NEAR_S * fps <= face.frame < span.end + NEAR_S * fps
    return face.box.height * face.confidence * (1.0 if inside else BESIDE)


def _chain(faces: Sequence[Face], seed: Face, fps: float) -> list[Face]:
    by_frame: dict[int, list[Face]] = {}
    for face in faces:
        by_frame.setdefault(face.frame, []).append(face)
    frames = sorted(by_frame)
    start = frames.index(seed.frame)
    chain = [seed]
    for step in (1, -1):
        last = seed
        for frame in frames[start + step :: step] if step > 0 else frames[:start][::-1]:
            nearest = min(by_frame[frame], key=lambda face: abs(face.box.centre[0] - last.box.centre[0]))
            limit = max(LEAP * abs(frame - last.frame) / fps, last.box.width / 2)
            if abs(nearest.box.centre[0] - last.box.centre[0]) <= limit:
                chain.append(nearest)
                last = nearest
    return sorted(chain, key=lambda face: face.frame)


def path_through(corridor: Corridor, wish: float, share: float, fps: float) -> list[tuple[int, float]]:
    """Keys (frame, centre) of the calmest path: still at `wish` or as near to it as the corridor allows, else moving within limits."""
    lowest, highest = float(corridor.low.max()), float(corridor.high.min())
    if lowest <= highest:
        return [(0, min(max(wish, lowest), highest))]
    path = _smoothest(corridor, wish, fps)
    half = share / 2
    path = np.clip(_limited(path, fps), half, 1 - half)
    if float(np.ptp(path)) < STILL_SHARE:
        return [(0, float(path.mean()))]
    step = max(1, round(KEY_EVERY_S * fps))
    frames = sorted({*range(0, len(path), step), len(path) - 1})
    return [(frame, float(path[frame])) for frame in frames]


def _smoothest(corridor: Corridor, wish: float, fps: float) -> NDArray[np.float64]:
    """Smoothing and pushing back into the corridor in turn ends near the smoothest path inside it."""
    path = np.clip(np.full(len(corridor.low), wish), corridor.low, corridor.high)
    for _ in range(SMOOTHINGS):
        path = np.clip(_blurred(path, round(0.5 * fps)), corridor.low, corridor.high)
    return _blurred(path, round(0.3 * fps))


def _limited(path: NDArray[np.float64], fps: float) -> NDArray[np.float64]:
    """Smoothed ever more until speed and acceleration keep their limits: in the end it stands still."""
    window = max(2, round(0.3 * fps))
    while not _is_calm(path, fps):
        if window > 4 * len(path):
            return np.full(len(path), float(path.mean()))
        path = _blurred(path, window)
        window = round(window * 1.4) + 1
    return path


def _is_calm(path: NDArray[np.float64], fps: float) -> bool:
    """Limits as the keys will have them: speeds between keys, and changes of it from key to key."""
    step = max(1, round(KEY_EVERY_S * fps))
    speeds = np.diff(path[::step]) * fps / step
    if len(speeds) and np.abs(speeds).max() > MOST_SPEED:
        return False
    return len(speeds) < 2 or bool(np.abs(np.diff(speeds)).max() * fps / step <= MOST_ACCELERATION)


def _blurred(path: NDArray[np.float64], window: int) -> NDArray[np.float64]:
    window = max(1, window) | 1
    padded = np.pad(path, window // 2, mode="edge")
    return np.asarray(np.convolve(padded, np.ones(window) / window, mode="valid"))
