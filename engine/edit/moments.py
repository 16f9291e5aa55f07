"""Inside each clip the best range of each length: sharp, steady, alive, without a cut, with a face where there is one."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from engine.edit.footage import ClipInput
from engine.edit.sight import Sight
from engine.model.style import MomentPreferences
from engine.model.time import FrameRate, FrameSpan

__all__ = ["Moment", "MomentTable"]

HANDLE_S = 0.10
"""Kept free at both ends of a take where it can be: the start of a recording shakes, and editors want room to trim."""
PARTS: Mapping[str, float] = MappingProxyType(
    {"quality": 1.0, "motion": 0.35, "seen": 0.3, "peak": 0.15, "on_beat": 0.15, "face": 0.25, "position": 0.15, "steady": 0.1}
)
"""Weights of a moment's parts (chosen: a sound picture first, then life, then something to look at, then habit). `seen`: what the edit's
frame can hold of the subjects (`engine.edit.sight`)."""


ACCENT_S = 0.12
"""Over how long a movement sets in (about four frames at 30)."""


@dataclass(frozen=True)
class Moment:
    """A range of a clip: its first source frame, how good it is (about 0 to 1.5), and facts of the range itself."""

    start_frame: int
    score: float
    quality: float
    motion: float
    has_face: bool


class MomentTable:
    """The best moment of one clip (or of one part of it) for any length, each computed once.

    part : frames of the source that may be used; the whole clip by default. beat_s : time from beat to beat, for motion that lands on
    one. speed : source seconds per second shown. weights : of the parts that a taste weighs otherwise than PARTS. shape : width and height
    of the edit, whose frame has to hold what is to be seen; None: the whole picture.
    """

    def __init__(
        self,
        clip: ClipInput,
        rate: FrameRate,
        likes: MomentPreferences,
        part: FrameSpan | None = None,
        *,
        beat_s: float = 0.0,
        speed: Fraction = Fraction(1),
        weights: Mapping[str, float] = MappingProxyType({}),
        shape: tuple[int, int] | None = None,
    ) -> None:
        assert clip.media.video is not None
        self.clip = clip
        self.rate = rate
        self._source = clip.media.video.rate
        self._likes = likes
        self.speed = speed
        self._weights = {**PARTS, **weights}
        self._beat = beat_s * self._source.fps * float(speed)
        self.part = part or FrameSpan(0, clip.media.video.duration_frames)
        frames = clip.media.video.duration_frames
        self._sums = {name: _sums(clip, name, frames) for name in ("quality", "motion", "shake")}
        self._accent = _accents(self._sums["motion"], round(self._source.fps * ACCENT_S))
        self._cuts = [shot.start_frame for shot in clip.analysis.shots[1:]]
        self._known: dict[int, Moment | None] = {}
        self._sight = Sight(clip, shape)
        self._face_frames = sorted({face.frame for face in clip.analysis.faces})

    def needed(self, duration_frames: int) -> int:
        """Source frames that `duration_frames` of the timeline run over, the last shown one included."""
        return max(1, math.ceil(duration_frames * self.speed * self._source.fraction / self.rate.fraction))

    def best(self, duration_frames: int) -> Moment | None:
        """The best range for a length in timeline frames; None where the clip cannot fill it without a cut inside."""
        if duration_frames not in self._known:
            self._known[duration_frames] = self._search(self.needed(duration_frames))
        return self._known[duration_frames]

    def at(self, start: int, duration_frames: int) -> Moment:
        """The range that begins at source frame `start`, judged as it is, cuts and all."""
        end = len(self._sums["quality"]) - 1
        length = min(self.needed(duration_frames), end)
        return self._chosen(np.array([max(0, min(start, end - length))]), length)

    def _search(self, length: int) -> Moment | None:
        starts = self._starts(length)
        return self._chosen(starts, length) if len(starts) else None

    def _chosen(self, starts: NDArray[np.int64], length: int) -> Moment:
        means = {name: (sums[starts + length] - sums[starts]) / length for name, sums in self._sums.items()}
        face = self._faces(starts, length)
        weights = self._weights
        total = (
            weights["quality"] * means["quality"]
            + weights["motion"] * means["motion"]
            + weights["seen"] * self._sight.best(starts, length)
            + weights["peak"] * self._likes.motion_peak * self._early_motion(starts, length)
            + weights["on_beat"] * self._likes.motion_peak * self._on_beat(starts, length)
            + weights["face"] * self._likes.face * face
            + weights["position"] * self._position(starts, length)
            - weights["steady"] * means["shake"]
        )
        best = int(np.argmax(np.round(total, 6)))
        quality, motion = float(means["quality"][best]), float(means["motion"][best]) * min(1.0, float(self.speed) ** 0.5)
        return Moment(int(starts[best]), float(total[best]), quality, motion, bool(face[best]))

    def _starts(self, length: int) -> NDArray[np.int64]:
        """First frames from which `length` frames lie inside the part and hold no cut; with handles where there is room."""
        handle = round(HANDLE_S * self._source.fps)
        low, high = self.part.start, self.part.end - length
        if high - low >= 2 * handle:
            low, high = low + handle, high - handle
        starts = np.arange(low, high + 1)
        for cut in self._cuts:
            starts = starts[(starts >= cut) | (starts + length <= cut)]
        return starts

    def _early_motion(self, starts: NDArray[np.int64], length: int) -> NDArray[np.float64]:
        """How much livelier the first third is than the rest: action should start with the cut."""
        third = max(1, length // 3)
        sums = self._sums["motion"]
        first = (sums[starts + third] - sums[starts]) / third
        return np.clip(first - (sums[starts + length] - sums[starts]) / length, -0.5, 0.5)

    def _on_beat(self, starts: NDArray[np.int64], length: int) -> NDArray[np.float64]:
        """How much more motion sets in on the beats inside the range than elsewhere in the clip, -0.5 to 0.5."""
        count = int(length / self._beat) if self._beat >= 1 else 0
        if count < 1:
            return np.zeros(len(starts))
        at = starts[:, None] + np.round(np.arange(1, count + 1) * self._beat).astype(int)[None]
        return np.asarray(np.clip(self._accent[np.minimum(at, len(self._accent) - 1)].mean(axis=1), -0.5, 0.5))

    def _faces(self, starts: NDArray[np.int64], length: int) -> NDArray[np.float64]:
        if not self._face_frames:
            return np.zeros(len(starts))
        seen = np.array(self._face_frames)
        reach = round(self._source.fps)  # faces are looked for once a second
        return (np.searchsorted(seen, starts + length + reach // 2) > np.searchsorted(seen, starts - reach // 2)).astype(float)

    def _position(self, starts: NDArray[np.int64], length: int) -> NDArray[np.float64]:
        shares = np.array(self._likes.position) * len(self._likes.position) - 1.0
        middle = (starts + length / 2) / max(1, self.clip.analysis.duration_frames)
        return np.asarray(shares[np.clip((middle * len(shares)).astype(int), 0, len(shares) - 1)])


def _accents(sums: NDArray[np.float64], reach: int) -> NDArray[np.float64]:
    """(frames,) motion of the `reach` frames from each frame on, less that of as many before it, against the clip's mean of that."""
    frames, reach = len(sums) - 1, max(1, reach)
    at = np.arange(frames)
    after, before = np.minimum(at + reach, frames), np.maximum(at - reach, 0)
    rise = (sums[after] - sums[at]) / reach - (sums[at] - sums[before]) / reach
    return np.asarray(rise - rise.mean()) if frames else rise


def _sums(clip: ClipInput, name: str, frames: int) -> NDArray[np.float64]:
    """Running sum of a curve per source frame: float64 (frames + 1,); NaN counts as 0."""
    curve = clip.analysis.curves.get(name)
    values = np.zeros(frames)
    if curve is not None and len(curve.values):
        stretched = np.repeat(np.nan_to_num(curve.values.astype(float)), curve.step_frames)[:frames]
        values[: len(stretched)] = stretched
        values[len(stretched) :] = stretched[-1]
    return np.concatenate([[0.0], np.cumsum(values)])
