"""Where exactly in a raw clip a finished shot lies: which window of the picture, which moment, which speed.

Tiny pictures say which clip it is; here larger ones say the rest. An editor's window stays where it is for a shot, so one window must
fit several of its frames at once (normalised cross-correlation, summed over frames before the best place is taken). A shot that zooms or
pans fits nearly as well with another window at another moment: along that ridge the window is fitted to parts of a pixel, moment by
moment. Then every frame of the shot is held against every frame of the clip through that window, and the straight line through that table
that fits best is the moment and the speed. What changes over time counts beside what is shown: a tripod's pictures are all alike, but what
moves in them is not.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import repeat
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.analysis.fitting import FLAT, Window, aim_at, fit, seen_through

__all__ = ["COARSE_PX", "FINE_PX", "SPEEDS", "Line", "Placed", "Strip", "lines_through", "place", "shrunk", "starts_within"]

Array = NDArray[np.float32]
Pictures = NDArray[np.uint8]

SPEEDS = (1.0, 2.0, 0.5, 1.5, 0.75, 4.0, 0.25)
"""Speeds that editors use, likeliest first."""
SPEED_GAIN = 0.005
"""Correlation by which another speed must explain more than 1: a still picture looks alike at any (chosen: noise; pinning decides)."""
FINE_PX, COARSE_PX = 320, 96
"""Long side of the clip's pictures: for the exact place, and for the joint search of window and moment."""
PROBES = 4
"""Frames of the shot that one window must fit (chosen: a pan's first, last and two between)."""
MOST_ZOOM = 1.55
"""Sizes of the window that are tried: from the largest that fits down to this many times less (as `matching.ZOOMS`, and a tenth more)."""
COARSE_SIZES = 11
"""Sizes tried between those two, in equal ratios; finer ones follow about the best."""
MEAN_S = 0.2
"""The coarse search compares means over so long: fast motion is blurred alike, whichever frames are compared."""
COARSE_STEP_S = MEAN_S / 2
"""Seconds between two moments of the coarse search: half of what is averaged."""
MOST_PHASES = 5
"""Parts of a frame in which a moment is told: 24 frames a second shown at 30 repeat their pattern every five."""
FIT_PROBES = 5
"""Frames that are compared when the window is fitted to parts of a pixel."""
RIDGE_STEPS = (12, 4)
"""Frames between the moments at which it is fitted anew, four to each side, coarse, then finer; single ones once the line is known."""
STIR = 0.3
"""Least change of a stretch, in grey levels, that counts as one: below is coding noise."""


@dataclass(frozen=True, eq=False)
class Strip:
    """Frames in a row, uint8 (n, rows, columns), luma; the second of the first one, and how many a second."""

    pictures: Pictures
    first_s: float
    fps: float

    def between(self, start_s: float, end_s: float) -> Strip:
        """The frames from one second of the clip to another, as far as they are here."""
        low, high = (max(0, round((one - self.first_s) * self.fps)) for one in (start_s, end_s))
        return Strip(self.pictures[low:high], self.first_s + low / self.fps, self.fps)


@dataclass(frozen=True)
class Line:
    """Shot frame j shows clip frame floor(first + step * j). alike : mean correlation of the pictures; moving : of what changes in them."""

    first: float
    step: float
    speed: float
    alike: float
    moving: float

    @property
    def score(self) -> float:
        return self.alike + MOVING_WEIGHT * self.moving


MOVING_WEIGHT = 0.25
"""What changes counts so much beside what is shown (chosen: pictures differ by hundredths from frame to frame, changes by tenths)."""


@dataclass(frozen=True)
class Placed:
    """start_s : second of the clip that the strip's first frame shows. alike, moving : as in `Line`."""

    start_s: float
    speed: float
    alike: float
    moving: float
    window: Window


def place(shot: Strip, clip: Strip, guess: Window, speeds: Sequence[float] = SPEEDS) -> Placed | None:
    """The exact place of the shot in a stretch of the clip; None where the stretch is too short or shows nothing."""
    if len(shot.pictures) < 2 or len(clip.pictures) < 2:
        return None
    import cv2
    from threadpoolctl import threadpool_limits

    cv2.setNumThreads(1)  # workers share the cores
    with threadpool_limits(limits=1):
        return _placed(shot, clip, guess.mirrored, speeds)


def _placed(shot: Strip, clip: Strip, mirrored: bool, speeds: Sequence[float]) -> Placed | None:
    pictures = shot.pictures[:, :, ::-1] if mirrored else shot.pictures
    coarse = shrunk(clip.pictures, min(1.0, COARSE_PX / max(clip.pictures.shape[1:])))
    smooth = _Search(_means(pictures, shot.fps), _means(coarse, clip.fps), shot.fps, clip.fps)
    widths = _largest(shot, clip) * np.geomspace(1 / MOST_ZOOM, 1, COARSE_SIZES)[::-1]
    sharp = _Pair(pictures, clip.pictures, shot.fps, clip.fps)
    found = [sharp.settled(window, line) for window, line in smooth.best(mirrored, widths, speeds)]
    lines = [row for window in dict.fromkeys(window for window, _ in found) for row in sharp.lines(window, speeds)]
    best = _chosen(lines)
    if best is None:
        return None
    window, line = sharp.settled(best[0], best[1], (1,))
    return Placed(clip.first_s + line.first / clip.fps, line.speed, line.alike, line.moving, window)


def _chosen(lines: Sequence[tuple[Window, Line]]) -> tuple[Window, Line] | None:
    plain = max((one for one in lines if one[1].speed == 1.0), key=lambda one: one[1].score, default=None)
    best = max(lines, key=lambda one: one[1].score, default=None)
    return plain if plain and best and best[1].score < plain[1].score + SPEED_GAIN else best


def _largest(shot: Strip, clip: Strip) -> float:
    """Width, as a share of the clip's picture, of the largest window of the shot's shape."""
    rows, columns = clip.pictures.shape[1:]
    return float(min(columns, rows * shot.pictures.shape[2] / shot.pictures.shape[1]) / columns)


def shrunk(pictures: Pictures, share: float) -> Pictures:
    """Pictures with sides of that share."""
    import cv2

    size = max(1, round(pictures.shape[2] * share)), max(1, round(pictures.shape[1] * share))
    small = [cv2.resize(one, size, interpolation=cv2.INTER_AREA) for one in np.ascontiguousarray(pictures)]
    return np.asarray(small, np.uint8).reshape(-1, size[1], size[0])


def _means(pictures: Pictures, fps: float) -> Pictures:
    """Running means over MEAN_S around each frame, shorter at the ends."""
    half = max(0, round(MEAN_S * fps / 2))
    summed = np.cumsum(np.pad(pictures.astype(np.float32), ((1, 0), (0, 0), (0, 0))), axis=0)
    low, high = np.maximum(0, np.arange(len(pictures)) - half), np.minimum(len(pictures), np.arange(len(pictures)) + half + 1)
    return np.asarray((summed[high] - summed[low]) / (high - low)[:, None, None], np.uint8)


@dataclass(frozen=True, eq=False)
class _Search:
    """Window and moment together, roughly: small pictures, each the mean over MEAN_S."""

    shot: Pictures
    clip: Pictures
    shot_fps: float
    clip_fps: float

    def best(self, mirrored: bool, widths: NDArray[np.float64], speeds: Sequence[float]) -> list[tuple[Window, Line]]:
        """The best window and moment, and the best at the clip's own speed where that is another."""
        import cv2

        high, wide = self.clip.shape[1:]
        probes = np.unique(np.linspace(0, len(self.shot) - 1, PROBES).round().astype(int))
        wanted = list(self._moments(speeds, probes))
        best: dict[bool, tuple[float, Window, Line]] = {}
        for width, height in self._sizes(widths, wide, high):
            maps = self._maps(probes, wanted, width, height)
            for first, speed, row in wanted:
                total: Any = sum(maps[k, int(one)] for k, one in enumerate(row)) / len(row)
                _, value, _, (x, y) = cv2.minMaxLoc(total)
                plain = speed == 1.0
                if plain not in best or value > best[plain][0] + 1e-6:
                    window = Window(x / wide, y / high, width / wide, height / high, mirrored)
                    best[plain] = value, window, Line(first, speed * self.clip_fps / self.shot_fps, speed, value, 0.0)
        return [(window, line) for _, window, line in sorted(best.values(), key=lambda one: -one[0])]

    def _sizes(self, widths: NDArray[np.float64], wide: int, high: int) -> list[tuple[int, int]]:
        """Different sizes of the window in pixels, largest first."""
        shape = self.shot.shape[2] / self.shot.shape[1]
        sizes = {(w, min(high, max(6, round(w / shape)))) for w in (min(wide, max(6, round(one * wide))) for one in widths)}
        return sorted(sizes, reverse=True)

    def _moments(self, speeds: Sequence[float], probes: NDArray[np.int64]) -> Iterator[tuple[float, float, NDArray[np.int64]]]:
        """(first frame, speed, clip frame of each probe)."""
        apart = max(1, round(COARSE_STEP_S * self.clip_fps))
        for speed in speeds:
            step = speed * self.clip_fps / self.shot_fps
            for first in np.arange(0.0, max(0.0, len(self.clip) - step * probes[-1]), apart).tolist():
                at = np.minimum((first + step * probes + 1e-6).astype(int), len(self.clip) - 1)
                yield first, speed, at // apart * apart

    def _maps(
        self, probes: NDArray[np.int64], wanted: Sequence[tuple[float, float, NDArray[np.int64]]], w: int, h: int
    ) -> dict[tuple[int, int], Any]:
        """(probe, clip frame) -> how well the probe fits there, at every position."""
        import cv2

        pairs = {(k, int(one)) for _, _, row in wanted for k, one in enumerate(row)}
        small = [cv2.resize(np.ascontiguousarray(self.shot[at]), (w, h), interpolation=cv2.INTER_AREA) for at in probes]
        shown = [np.float32(one.std() >= FLAT) for one in small]
        return {(k, one): cv2.matchTemplate(self.clip[one], small[k], cv2.TM_CCOEFF_NORMED) * shown[k] for k, one in pairs}


@dataclass(frozen=True, eq=False)
class _Pair:
    """A shot and a stretch of a clip, sharp."""

    shot: Pictures
    clip: Pictures
    shot_fps: float
    clip_fps: float

    def lines(self, window: Window, speeds: Sequence[float]) -> list[tuple[Window, Line]]:
        through = seen_through(self.clip, window, self.shot.shape[1:])
        return [(window, one) for one in lines_through(flat_rows(self.shot), flat_rows(through), self.shot_fps, self.clip_fps, speeds)]

    def settled(self, window: Window, line: Line, steps: Sequence[int] = RIDGE_STEPS) -> tuple[Window, Line]:
        """Along the ridge on which a zooming or panning shot fits nearly as well with another window at another moment."""
        probes = np.unique(np.linspace(0, len(self.shot) - 1, FIT_PROBES).round().astype(int))
        aim = aim_at(self.shot[probes])
        best = (-1.0, line.first, window)
        for step in steps:
            middle, near = best[1], best[2]
            for first in middle + step * np.arange(-4, 5):
                at = (first + line.step * probes + 1e-6).astype(int)
                if at[0] >= 0 and at[-1] < len(self.clip):
                    fitted, left = fit(aim, self.clip[at[aim.telling]], near)
                    best = max(best, (1 - left, float(first), fitted), key=lambda one: one[0])
        return best[2], Line(best[1], line.step, line.speed, max(best[0], 0.0), line.moving)


def flat_rows(pictures: Pictures) -> Array:
    """Pictures (n, rows, columns) as float32 (n, rows * columns)."""
    return pictures.reshape(len(pictures), -1).astype(np.float32)


def lines_through(shot: Array, clip: Array, shot_fps: float, clip_fps: float, speeds: Sequence[float] = SPEEDS) -> list[Line]:
    """Every moment and speed at which the shot may lie in the clip. shot : (frames, cells). clip : (frames, cells), seen alike."""
    shot, clip = (one - one.mean(axis=1, keepdims=True) for one in (shot, clip))
    sizes = [np.maximum(np.linalg.norm(one, axis=1), 1e-3) for one in (shot, clip)]
    alike = (shot @ clip.T) / sizes[0][:, None] / sizes[1][None, :]
    change = shot - shot.mean(axis=0)
    moved, own = change @ clip.T, (clip * clip).sum(axis=1)
    products = clip @ clip.T if len(clip) < clip.shape[1] else None  # whichever is smaller
    size = max(float(np.linalg.norm(change)), STIR * shot.size**0.5)
    found: list[Line] = []
    for speed in speeds:
        step = speed * clip_fps / shot_fps
        reach = step * np.arange(len(shot))
        starts = starts_within(len(clip) - reach[-1], step)
        if not len(starts):
            continue
        at = (starts[:, None] + reach + 1e-6).astype(int)
        shown = np.zeros((len(starts), len(clip)), np.float32)
        for column in at.T:
            shown[np.arange(len(starts)), column] += 1
        # What a stretch of the clip changes: its energy less that of its mean picture.
        summed = ((shown @ clip) ** 2).sum(axis=1) if products is None else ((shown @ products) * shown).sum(axis=1)
        energy = np.maximum(own[at].sum(axis=1) - summed / len(shot), STIR**2 * shot.size)
        every = np.arange(len(shot))
        moving = moved[every, at].sum(axis=1) / size / np.sqrt(energy)
        found += [
            Line(*row) for row in zip(starts.tolist(), repeat(step), repeat(speed), alike[every, at].mean(axis=1).tolist(), moving.tolist())
        ]
    return found


def starts_within(end: float, step: float) -> NDArray[np.float64]:
    """First frames to try, below `end`: between whole ones too where steps are no whole frames, because then other frames are shown."""
    phases = Fraction(step).limit_denominator(MOST_PHASES).denominator
    return np.arange(0, max(0.0, end - 1e-6), 1 / phases)
