"""The last word on where a shot lies in its raw clip: window, moment and speed fitted together, frame against frame.

A shot that zooms or pans slowly looks nearly the same a little later through a slightly smaller window. Two things tell those places apart.
Fitted to parts of a pixel, the right one leaves less over. And most shots are not enlarged: through the largest window that the clip's
picture has room for there is only one moment that fits. So both kinds of window are fitted at every moment around the place that is known,
at several speeds, and the simplest explanation is kept unless another leaves clearly less over. Limits
were set on reels of `tests/benchmarks/bench_style_matching.py` with seeds 101, 103 and 201.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from engine.analysis.fitting import Aim, Window, aim_at, fit, seen_through
from engine.analysis.placing import Placed, Strip, flat_rows, lines_through, shrunk, starts_within

__all__ = ["REACH_S", "STEP_S", "pin"]

Values = NDArray[np.float64]
Pictures = NDArray[np.uint8]

PROBES = 12
"""Frames of the shot that are compared: one window must fit them all."""
REACH_S, STEP_S = 0.8, 0.2
"""Looked at on both sides of the known moment, and first so far apart: a slow zoom of a title was found .7 s off."""
MOST_SPEEDS = 3
"""Speeds that are tried beside the one that is known and the clip's own: a coarse place may be a step of the scale off."""
ROUGH = 0.4
"""The smaller pictures' side as a share of what is handed in."""
FINE_FRAMES = (-4.0, -2.0, 0.0, 2.0, 4.0)
"""Moments around the best of the smaller pictures, in the clip's frames, that are looked at in larger ones; then every frame, downhill."""
HOPELESS = 5.0
"""Where this many times what the best moment leaves over is left, what lies beyond is not looked at."""
LOST = 2.0
"""And in larger pictures, where what was best in smaller ones leaves this many times what another explanation does, no moment near it."""
OPEN = 1.3
"""Moments that leave up to this many times what the best does are open until seen in larger pictures."""
MOST_STEPS = 8
"""Steps of one size: further off is another place."""
HOPEFUL = 1.2
"""What is looked at in larger pictures: explanations whose cost in the smaller ones is this near to the best."""
CLEARLY = 0.1
"""What is left over must be this much less (as a log) for an enlargement, or for a speed other than 1: below that, coding noise decides."""
LEAST_LEFT = 2e-4
"""What two encodings of the same frame leave over: less than that is no better."""


@dataclass(frozen=True)
class _Fit:
    """left : 1 less mean correlation."""

    left: float
    first: float
    speed: float
    window: Window
    plain: bool

    @property
    def cost(self) -> float:
        return float(np.log(max(self.left, LEAST_LEFT))) + CLEARLY * ((not self.plain) + (self.speed != 1.0))


def pin(shot: Strip, clip: Strip, placed: Placed) -> Placed:
    """The place near `placed` that explains the shot best.

    Strips are as for `placing.place`, sharper ones tell more; the clip's should reach REACH_S further than the shot to both sides.
    """
    if len(shot.pictures) < 2 or len(clip.pictures) < 2:
        return placed
    import cv2
    from threadpoolctl import threadpool_limits

    cv2.setNumThreads(1)  # workers share the cores
    with threadpool_limits(limits=1):
        return _pinned(shot, clip, placed)


def _pinned(shot: Strip, clip: Strip, placed: Placed) -> Placed:
    pictures = shot.pictures[:, :, ::-1] if placed.window.mirrored else shot.pictures
    sharp = _Search(pictures, clip.pictures, clip.fps / shot.fps)
    rough = _Search(shrunk(pictures, ROUGH), shrunk(clip.pictures, ROUGH), sharp.rate)
    walks = _walks(rough, placed, _plain(placed.window, sharp), (placed.start_s - clip.first_s) * clip.fps, clip.fps)
    best = _sharpest(sharp, list(walks))
    if best is None:
        return placed
    return replace(placed, start_s=clip.first_s + best.first / clip.fps, speed=best.speed, alike=1 - best.left, window=best.window)


def _walks(rough: _Search, placed: Placed, plain: Window, first: float, fps: float) -> Iterator[_Walk]:
    """Both kinds of window at each speed, in smaller pictures; where the known window is lost at some speed, that is not the speed."""
    step = max(1, round(STEP_S * fps))
    around = step * np.arange(-round(REACH_S / STEP_S), round(REACH_S / STEP_S) + 1, dtype=float)
    bar = np.inf
    for speed in dict.fromkeys((placed.speed, 1.0, *_speeds(rough, placed.window))):
        # The middle of the shot stays where it is known to be.
        moved = first + (placed.speed - speed) * rough.rate * (len(rough.shot) - 1) / 2
        steps = max(1, step // 2), *rough.parts(speed)
        known = rough.walk(_Fit(1.0, moved, speed, placed.window, False), around, steps, bar)
        yield known
        least = known.least()
        if least is None or least.left <= bar:
            yield rough.walk(_Fit(1.0, moved, speed, plain, True), around, steps)
        bar = min(bar, HOPELESS * least.left) if least else bar


def _sharpest(sharp: _Search, walks: Sequence[_Walk]) -> _Fit | None:
    """The simplest explanation of those that leave little over in larger pictures; what looked best in smaller ones is tried first."""
    known = sorted(((one, walk) for walk in walks if (one := walk.least())), key=lambda row: row[0].cost)
    best: _Fit | None = None
    for rough, walk in known:
        if rough.cost < known[0][0].cost + HOPEFUL:
            bar = LOST * best.left if best else np.inf
            found = sharp.walk(rough, walk.open(rough), (1, *sharp.parts(rough.speed)), bar).least()
            best = min((one for one in (best, found) if one), key=lambda one: one.cost, default=None)
    return best


def _speeds(rough: _Search, window: Window) -> list[float]:
    """The likeliest speeds, as far as a window tells that may still be a little off."""
    through = flat_rows(seen_through(rough.clip, window, rough.shot.shape[1:]))
    best: dict[float, float] = {}
    for line in lines_through(flat_rows(rough.shot), through, 1.0, rough.rate):
        best[line.speed] = max(best.get(line.speed, -1.0), line.score)
    return sorted(best, key=lambda speed: -best[speed])[:MOST_SPEEDS]


def _plain(window: Window, search: _Search) -> Window:
    """The largest window of the shot's shape, about as far to the side as `window`."""
    rows, columns = search.clip.shape[1:]
    shape = search.shot.shape[2] / search.shot.shape[1]
    wide, high = min(columns, rows * shape) / columns, min(rows, columns / shape) / rows
    x, y = window.x + (window.width - wide) / 2, window.y + (window.height - high) / 2
    return Window(min(max(x, 0.0), 1 - wide), min(max(y, 0.0), 1 - high), wide, high, window.mirrored)


@dataclass(frozen=True, eq=False)
class _Search:
    shot: Pictures
    clip: Pictures
    rate: float
    """Frames of the clip per frame of the shot, at speed 1."""

    def walk(self, start: _Fit, around: Values, steps: Sequence[float], bar: float = np.inf) -> _Walk:
        """The moments `around` that of `start`, in frames, then downhill from the best in smaller and smaller steps; as in `_Walk.bar`."""
        walk = _Walk(self, start, bar)
        walk.outward(around[around <= 0][::-1])
        walk.outward(around[around > 0])
        for step in steps:
            walk.downhill(step)
        return walk

    def parts(self, speed: float) -> tuple[float, ...]:
        """The part of a frame from which on other frames are shown, where a step is no whole one."""
        starts = starts_within(1.0, speed * self.rate)
        return (float(starts[1]),) if len(starts) > 1 else ()

    @cached_property
    def probes(self) -> NDArray[np.int64]:
        return np.unique(np.linspace(0, len(self.shot) - 1, PROBES).round().astype(int))

    @cached_property
    def aim(self) -> Aim:
        return aim_at(self.shot[self.probes])

    def fit(self, start: _Fit) -> _Fit | None:
        """The best window at that moment and speed; None where the clip ends before the shot does or the shot shows nothing."""
        at = np.floor(start.first + start.speed * self.rate * self.probes + 1e-6).astype(int)
        if at[0] < 0 or at[-1] >= len(self.clip) or not self.aim.telling.any():
            return None
        fitted, left = fit(self.aim, self.clip[at[self.aim.telling]], start.window, start.plain)
        return replace(start, left=left, window=fitted)


@dataclass(frozen=True, eq=False)
class _Walk:
    """From moment to moment, each window fitted from its neighbour's. bar : ends where more than this is left over."""

    search: _Search
    start: _Fit
    bar: float
    known: dict[float, _Fit | None] = field(default_factory=dict)

    @property
    def fits(self) -> list[_Fit]:
        return [one for one in self.known.values() if one]

    def least(self) -> _Fit | None:
        return min(self.fits, key=lambda one: one.left, default=None)

    def open(self, best: _Fit) -> Values:
        """Moments from the best one on, in frames, between which larger pictures have to tell."""
        near = [round(one.first - best.first, 3) for one in self.fits if one.left < OPEN * best.left]
        return np.unique([*FINE_FRAMES, *near])

    def outward(self, offsets: Values) -> None:
        near = self.start.window
        for offset in offsets.tolist():
            one = self._at(self.start.first + offset, near)
            best = self.least()
            if one and best and one.left > min(HOPELESS * best.left, self.bar):
                break
            near = one.window if one else near

    def downhill(self, step: float) -> None:
        for _ in range(MOST_STEPS):
            best = self.least()
            if best is None or best.left > self.bar:
                return
            for first in (best.first - step, best.first + step):
                self._at(first, best.window)
            if self.least() is best:
                return

    def _at(self, first: float, near: Window) -> _Fit | None:
        key = round(first, 3)
        if key not in self.known:
            self.known[key] = self.search.fit(replace(self.start, first=first, window=near))
        return self.known[key]
