"""Why not every shot is as long as the last: the seed draws bars that are cut quicker and bars that are held.

An optimum holds the likeliest length over and over, which nobody cuts: a person's lengths are spread around it. What is drawn belongs to
whole bars, so that cuts stay on bar lines, and to the music, so that a section made again has the same draws.
"""

from __future__ import annotations

import hashlib
import math
from bisect import bisect_right
from collections.abc import Sequence
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

from engine.edit.grid import HALF_BEAT, Grid
from engine.model.timeline import SongUse

__all__ = ["favours"]

NEAR_S = 0.06
"""A cut point this near to a bar line is on it."""
BAR_BEATS = 4
"""A bar where the song has none."""


def favours(grid: Grid, song: SongUse, seed: int, usual_beats: float) -> NDArray[np.float64]:
    """(points,) standard normal: how much the draw asks for a cut at each point; 0 on the lines between groups and at the edit's start.

    A group is one bar, or as many (a power of two) as two shots fill of the usual length: all points inside it share their draw. No draw
    asks for a cut between the beats that are felt.
    """
    bars = list(song.downbeats) or list(song.beats[::BAR_BEATS])
    beats = (bars[-1] - bars[0]) / (len(bars) - 1) * song.bpm / 60.0 if len(bars) > 1 else BAR_BEATS
    size = 2 ** max(0, int(math.log2(max(1.0, 2.0 * usual_beats / beats))))
    lines = bars[::size]
    drawn = np.array([_favour(point.frame / grid.fps, lines, seed) if point.frame else 0.0 for point in grid.points])
    between = np.array([point.strength <= HALF_BEAT for point in grid.points])
    return np.where(between, np.minimum(drawn, 0.0), drawn)


def _favour(time_s: float, lines: Sequence[float], seed: int) -> float:
    group = bisect_right(lines, time_s + NEAR_S) - 1
    if group >= 0 and abs(lines[group] - time_s) < NEAR_S:
        return 0.0
    return _drawn(seed, group)


def _drawn(seed: int, number: int) -> float:
    """The same in every process."""
    digest = hashlib.blake2b(f"{seed}:{number}".encode(), digest_size=8).digest()
    return NormalDist().inv_cdf((int.from_bytes(digest, "big") + 0.5) / 2**64)
