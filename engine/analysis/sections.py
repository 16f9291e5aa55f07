"""Sections and drops of a song from its energy: where loudness and bass step up or down at a bar, and stay there."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engine.model.song import SectionSpan

__all__ = ["Structure", "find_structure"]

COMPARED_S = 6.0
"""Seconds on either side of a bar line that are compared (about three bars at 120)."""
STEP = 0.10
"""Change of energy (0 to 1) across a bar line that begins a section: 3 dB of the 30 the scale spans."""
LEAST_SECTION_S = 6.0
DROP_STEP = 0.14
"""Rise of energy together with bass that makes a section's start a drop."""
DROP_LEVEL = 0.7
"""Energy that a drop has to reach."""


@dataclass(frozen=True)
class Structure:
    """Sections that cover the song, and the seconds at which drops hit."""

    sections: tuple[SectionSpan, ...]
    drops: tuple[float, ...]


def find_structure(
    energy: NDArray[np.float64], rate_hz: float, low: NDArray[np.float64], downbeats: NDArray[np.float64], duration_s: float
) -> Structure:
    """Sections and drops.

    energy, low : loudness and bass onsets over time, 0 to about 1, `rate_hz` samples a second. downbeats : bar lines in seconds.
    """
    if duration_s <= 0:
        return Structure((), ())
    steps = np.array([_step(energy, rate_hz, time) for time in downbeats])
    starts = _boundaries(downbeats, steps, duration_s)
    bounds = [*starts, duration_s]
    levels = [_mean(energy, rate_hz, a, b) for a, b in zip(bounds, bounds[1:])]
    drops = [
        start
        for index, start in enumerate(starts)
        if index and levels[index] >= DROP_LEVEL and _is_drop(energy, low, rate_hz, start)
    ]
    labels = [_label(index, levels, start in drops) for index, start in enumerate(starts)]
    sections = tuple(
        SectionSpan(round(a, 6), round(b, 6), label, round(level, 4)) for a, b, label, level in zip(bounds, bounds[1:], labels, levels)
    )
    return Structure(sections, tuple(round(float(time), 6) for time in drops))


def _mean(curve: NDArray[np.float64], rate_hz: float, start_s: float, end_s: float) -> float:
    part = curve[max(0, round(start_s * rate_hz)) : max(0, round(end_s * rate_hz))]
    return float(part.mean()) if part.size else 0.0


def _step(curve: NDArray[np.float64], rate_hz: float, time: float) -> float:
    return _mean(curve, rate_hz, time, time + COMPARED_S) - _mean(curve, rate_hz, time - COMPARED_S, time)


def _boundaries(downbeats: NDArray[np.float64], steps: NDArray[np.float64], duration_s: float) -> list[float]:
    """Bar lines with the largest steps first, none within LEAST_SECTION_S of another or of the ends."""
    chosen = [0.0]
    for index in np.argsort(-np.abs(steps), kind="stable"):
        time = float(downbeats[index])
        if abs(steps[index]) < STEP:
            break
        far = all(abs(time - other) >= LEAST_SECTION_S for other in chosen)
        if far and duration_s - time >= LEAST_SECTION_S:
            chosen.append(time)
    return sorted(chosen)


def _is_drop(energy: NDArray[np.float64], low: NDArray[np.float64], rate_hz: float, start: float) -> bool:
    return _step(energy, rate_hz, start) >= DROP_STEP and _step(low, rate_hz, start) > 0


def _label(index: int, levels: list[float], is_drop: bool) -> str:
    """intro/outro: quiet ends. drop: as found. build: quieter than the drop that follows. break: quiet in the middle."""
    level, last = levels[index], len(levels) - 1
    if is_drop:
        return "drop"
    if index == 0 and last > 0 and level < levels[1]:
        return "intro"
    if index == last and last > 0 and level < levels[last - 1]:
        return "outro"
    if index < last and levels[index + 1] - level >= DROP_STEP:
        return "build"
    if 0 < index < last and level < levels[index - 1] and level < levels[index + 1]:
        return "break"
    return "verse"
