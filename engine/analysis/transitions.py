"""How each shot of a finished video goes over into the next: what shot detection says, and whip pans told from the rest.

A whip pan hides its cut in motion blur: around it, edges across the way are gone while edges along it are still there. So the ratio of
horizontal to vertical edges leaves what it is in the shots themselves, to the same side before and after the cut. Other fast motion is part
of its shot, and changes the ratio there too; dissolves and flashes weaken all edges alike.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from engine.model.analysis import ClipAnalysis

__all__ = ["kinds_of_cuts", "smear"]

NEAR_S = 0.07
"""Frames this near to the cut are looked at: two at 30 a second, the heart of the quickest whip pan."""
FROM_S, TO_S = 0.3, 0.7
"""... and compared with the shot this far from it, where no transition reaches (as far as the shot goes)."""
WHIP = 0.2
"""Mean change of the log ratio of edges on both sides from which it is a whip pan (odd seeds of
tests/benchmarks/bench_style_transitions.py: whip pans lie above .27, all others below .12)."""
LEAST_WHIP = 0.05
"""Least change on either side."""
Array = NDArray[np.float64]


def kinds_of_cuts(analysis: ClipAnalysis) -> tuple[str, ...]:
    """Per shot how it begins: what shot detection says, or `whip_pan`."""
    curve = analysis.curves.get("edge_balance")
    if curve is None:
        return tuple(shot.begins_with for shot in analysis.shots)
    ratios = np.asarray(curve.values, float)
    kinds: list[str] = []
    for shot in analysis.shots:
        before, after = smear(ratios, shot.start_frame, analysis.rate.fps)
        whipped = before * after > 0 and min(abs(before), abs(after)) > LEAST_WHIP and abs(before + after) / 2 > WHIP
        kinds.append("whip_pan" if whipped and shot.begins_with in ("cut", "dissolve") else shot.begins_with)
    return tuple(kinds)


def smear(ratios: Array, at: int, fps: float) -> tuple[float, float]:
    """How much the ratio changes towards a cut at frame `at`, before it and after it; 0 where there is nothing to compare with."""
    near, low, high = max(1, round(NEAR_S * fps)), round(FROM_S * fps), round(TO_S * fps)
    before, after = ratios[max(0, at - near) : at], ratios[at : at + near]
    usual_before, usual_after = ratios[max(0, at - high) : max(0, at - low)], ratios[at + low : at + high]
    if min(len(before), len(after), len(usual_before), len(usual_after)) == 0:
        return 0.0, 0.0
    return float(before.mean() - np.median(usual_before)), float(after.mean() - np.median(usual_after))
