"""How each shot of a finished video goes over into the next: what shot detection says, and whip pans told from the rest.

A whip pan hides its cut in motion blur: around it, edges across the way are gone while edges along it are still there. So the ratio of
horizontal to vertical edges leaves what it is in the shots themselves, to the same side before and after the cut. Other fast motion is part
of its shot, and changes the ratio there too; dissolves and flashes weaken all edges alike.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from engine.model.analysis import ClipAnalysis, Shot

__all__ = ["joined", "smear"]

NEAR_S = 0.07
"""Frames this near to the cut are looked at: two at 30 a second, the heart of the quickest whip pan."""
FROM_S, TO_S = 0.3, 0.7
"""... and compared with the shot this far from it, where no transition reaches (as far as the shot goes)."""
WHIP = 0.2
"""Mean change of the log ratio of edges on both sides from which it is a whip pan (odd seeds of
tests/benchmarks/bench_style_transitions.py: whip pans lie above .27, all others below .12)."""
LEAST_WHIP = 0.05
"""Least change on either side."""
REACH_S = 0.27
"""How far from the boundary that shot detection found the heart of a whip pan may lie: it takes half a second at most."""
SAME_FRAMES = 3
"""Hearts no further apart are one."""
RUSH = 0.04
"""Change from frame to frame (share of full scale) that does not let up between the two: in a whip pan all of the picture rushes by
(set with seed 5 of tests/benchmarks/bench_style_transitions.py, as REACH_S and SAME_FRAMES)."""
Array = NDArray[np.float64]


def joined(analysis: ClipAnalysis) -> tuple[Shot, ...]:
    """The shots, whip pans told from cuts and dissolves, and the cut of each put at its heart.

    Shot detection may take either end of the blur for the cut, or both: what lies between two ends of one whip pan is no shot.
    """
    if "edge_balance" not in analysis.curves:
        return analysis.shots
    shots: list[Shot] = []
    for one in analysis.shots:
        heart = _heart(analysis, one.start_frame) if shots and one.begins_with in ("cut", "dissolve") else None
        if heart is None or heart >= one.end_frame:
            shots.append(one)
        elif shots[-1].begins_with == "whip_pan" and heart - shots[-1].start_frame <= SAME_FRAMES:
            shots[-1] = replace(shots[-1], end_frame=one.end_frame)
        elif heart > shots[-1].start_frame:
            shots[-1] = replace(shots[-1], end_frame=heart)
            shots.append(replace(one, start_frame=heart, begins_with="whip_pan"))
        else:
            shots.append(one)
    return tuple(shots)


def _heart(analysis: ClipAnalysis, at: int) -> int | None:
    """The frame of the cut inside a whip pan about frame `at`; None where there is none."""
    ratios, fps = np.asarray(analysis.curves["edge_balance"].values, float), analysis.rate.fps
    if _whip(*smear(ratios, at, fps)) > WHIP:
        return at
    if "change" not in analysis.curves:
        return None
    changes = np.asarray(analysis.curves["change"].values, float)
    low, high = _rush(changes, at, 2 * round(REACH_S * fps))
    near, reach = max(1, round(NEAR_S * fps)), round(REACH_S * fps)
    # Nearer than `near` both sides would see the boundary itself.
    within = range(max(low, at - reach), min(high, at + reach) + 1)
    if not any(abs(frame - at) > near and _whip(*smear(ratios, frame, fps)) > WHIP for frame in within):
        return None
    # The cut jumps, and so may both ends of the blur: it is the jump nearest to the middle.
    return max(within, key=lambda frame: float(changes[frame]) * (1 + min(frame - low, high - frame)))


def _rush(changes: Array, at: int, most: int) -> tuple[int, int]:
    """First and last frame about `at` between which the picture does not come to rest. A frame's change is that from the one before it."""
    low = high = at
    while low > max(0, at - most) and changes[low] >= RUSH:
        low -= 1
    while high < min(len(changes) - 1, at + most) and changes[high + 1] >= RUSH:
        high += 1
    return low, high


def _whip(before: float, after: float) -> float:
    """How much edges along one way are lost on both sides; 0 where only one side loses them."""
    both = before * after > 0 and min(abs(before), abs(after)) > LEAST_WHIP
    return abs(before + after) / 2 if both else 0.0


def smear(ratios: Array, at: int, fps: float) -> tuple[float, float]:
    """How much the ratio changes towards a cut at frame `at`, before it and after it; 0 where there is nothing to compare with."""
    near, low, high = max(1, round(NEAR_S * fps)), round(FROM_S * fps), round(TO_S * fps)
    before, after = ratios[max(0, at - near) : at], ratios[at : at + near]
    usual_before, usual_after = ratios[max(0, at - high) : max(0, at - low)], ratios[at + low : at + high]
    if min(len(before), len(after), len(usual_before), len(usual_after)) == 0:
        return 0.0, 0.0
    return float(before.mean() - np.median(usual_before)), float(after.mean() - np.median(usual_after))
