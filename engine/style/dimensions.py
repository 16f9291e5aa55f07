"""The dimensions of style: one number per work and dimension, what a creator's works span, and how an edit lies in that."""

from __future__ import annotations

import math
import statistics
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from engine.model.names import UNKNOWN
from engine.model.style import StyleProfile, StyleRange
from engine.model.timeline import StyleMatch
from engine.model.works import FinishedShot, FinishedWork

__all__ = ["DIMENSIONS", "Dimension", "match", "measured", "ranges_of", "score"]

ON_BEAT_S = 0.07
"""A cut this near to a beat is on it (a viewer notices about 80 ms; a random cut lies as near in .27 of cases)."""
BAR_STRENGTH = 0.5
"""Strength from which a cut lies on a bar line, a section's start or a drop."""
LEAST_SHOTS, LEAST_CHANGES = 3, 3
RANGE_Z = 1.2816
"""Standard deviations on either side that hold 80 % of a normal distribution."""
RANGE_K = 4.0
"""Works whose weight the population's spread between works has against the creator's own (chosen: a spread of four works is a guess)."""
HALF_AT = 0.5
"""Distance outside the range, as a share of its width, at which a dimension counts half (chosen)."""


@dataclass(frozen=True)
class Dimension:
    """One aspect of style.

    words : what an editor calls it. of : its value in a work, None where the work cannot say. spread : typical standard deviation
    between the works of one creator, in the same unit (of its log where `ratio`: twice and half are equally far); from published short-form
    shot tables for lengths, else chosen. low, high : what the value can be at all.
    """

    words: str
    of: Callable[[FinishedWork], float | None]
    spread: float
    low: float = 0.0
    high: float = 1.0
    ratio: bool = False


def _lengths(work: FinishedWork) -> list[float]:
    return [math.log(shot.duration_s) for shot in work.shots if shot.duration_s > 0]


def _length(work: FinishedWork) -> float | None:
    logs = _lengths(work)
    return math.exp(statistics.fmean(logs)) if len(logs) >= LEAST_SHOTS else None


def _evenness(work: FinishedWork) -> float | None:
    logs = _lengths(work)
    return statistics.stdev(logs) if len(logs) >= LEAST_SHOTS else None


def cuts_of(work: FinishedWork) -> list[FinishedShot]:
    """Shots that a cut opens and whose place to the beat is known."""
    return [shot for shot in work.shots if shot.begins_with != "start" and shot.offset_s is not None]


def _cuts_per_beat(work: FinishedWork) -> float | None:
    beats = [shot.beats for shot in work.shots if shot.beats is not None]
    return len(beats) / max(1e-6, math.fsum(beats)) if len(beats) >= LEAST_SHOTS else None


def _on_beat(work: FinishedWork) -> float | None:
    cuts = cuts_of(work)
    near = sum(abs(shot.offset_s or 0.0) <= ON_BEAT_S for shot in cuts)
    return near / len(cuts) if len(cuts) >= LEAST_CHANGES else None


def _offset(work: FinishedWork) -> float | None:
    near = [shot.offset_s for shot in cuts_of(work) if shot.offset_s is not None and abs(shot.offset_s) <= 2 * ON_BEAT_S]
    return statistics.median(near) * 30 if len(near) >= LEAST_CHANGES else None


def _on_bars(work: FinishedWork) -> float | None:
    cuts = [shot for shot in cuts_of(work) if abs(shot.offset_s or 0.0) <= 2 * ON_BEAT_S]
    return sum((shot.strength or 0.0) >= BAR_STRENGTH for shot in cuts) / len(cuts) if len(cuts) >= LEAST_CHANGES else None


def _share(kind: str, name: str) -> Callable[[FinishedWork], float | None]:
    def of(work: FinishedWork) -> float | None:
        rows: list[Mapping[str, float]] = [getattr(shot, kind) for shot in work.shots]
        known = math.fsum(1 - row.get(UNKNOWN, 0.0) for row in rows if row)
        return math.fsum(row.get(name, 0.0) for row in rows) / known if known >= LEAST_SHOTS else None

    return of


def _repeats(kind: str) -> Callable[[FinishedWork], float | None]:
    def of(work: FinishedWork) -> float | None:
        rows: list[Mapping[str, float]] = [getattr(shot, kind) for shot in work.shots]
        both = same = 0.0
        for a, b in zip(rows, rows[1:]):
            known = (1 - a.get(UNKNOWN, 0.0)) * (1 - b.get(UNKNOWN, 0.0)) if a and b else 0.0
            both += known
            same += math.fsum(a[name] * b.get(name, 0.0) for name in a if name != UNKNOWN) if known else 0.0
        return same / both if both >= LEAST_CHANGES else None

    return of


def _motion(work: FinishedWork) -> float | None:
    values = [shot.features["motion_intensity"] for shot in work.shots if "motion_intensity" in shot.features]
    return statistics.fmean(values) if len(values) >= LEAST_SHOTS else None


def _soft(work: FinishedWork) -> float | None:
    cuts = [shot for shot in work.shots if shot.begins_with != "start"]
    return sum(shot.begins_with != "hard_cut" for shot in cuts) / len(cuts) if len(cuts) >= LEAST_CHANGES else None


def _energy_response(work: FinishedWork) -> float | None:
    return _correlation(
        [(shot.energy, math.log(shot.duration_s)) for shot in work.shots if shot.energy is not None and shot.duration_s > 0]
    )


def _energy_motion(work: FinishedWork) -> float | None:
    rows = [(shot.energy, shot.features.get("motion_intensity")) for shot in work.shots]
    return _correlation([(a, b) for a, b in rows if a is not None and b is not None])


def _correlation(pairs: Sequence[tuple[float, float]]) -> float | None:
    if len(pairs) < 6:
        return None
    a, b = [x for x, _ in pairs], [y for _, y in pairs]
    if statistics.pstdev(a) < 1e-3 or statistics.pstdev(b) < 1e-3:
        return None
    return statistics.correlation(a, b)


DIMENSIONS: Mapping[str, Dimension] = MappingProxyType(
    {
        "shot_length_s": Dimension("length of shots in seconds", _length, 0.37, high=math.inf, ratio=True),
        "shot_length_variety": Dimension("variety of shot lengths", _evenness, 0.17, high=math.inf),
        "cuts_per_beat": Dimension("cuts per beat", _cuts_per_beat, 0.34, high=math.inf, ratio=True),
        "on_beat": Dimension("share of cuts on the beat", _on_beat, 0.12),
        "beat_offset_frames": Dimension("frames that cuts lie after the beat", _offset, 0.8, -math.inf, math.inf),
        "on_bars": Dimension("share of cuts on bar lines", _on_bars, 0.15),
        "close_ups": Dimension("share of close-ups", _share("shot_type", "close_up"), 0.12),
        "wides": Dimension("share of wide shots", _share("shot_type", "wide"), 0.12),
        "fronts": Dimension("share of frontal shots", _share("angle", "front"), 0.12),
        "same_size": Dimension("share of cuts that stay at the shot size", _repeats("shot_type"), 0.12),
        "same_angle": Dimension("share of cuts that stay at the angle", _repeats("angle"), 0.12),
        "motion": Dimension("motion in the picture", _motion, 0.08),
        "soft_transitions": Dimension("share of transitions that are no hard cut", _soft, 0.08),
        "energy_pace": Dimension("shorter shots in louder music (correlation)", _energy_response, 0.25, -1.0),
        "energy_motion": Dimension("livelier shots in louder music (correlation)", _energy_motion, 0.25, -1.0),
    }
)
"""Name -> dimension."""


def measured(work: FinishedWork) -> dict[str, float]:
    """Every dimension that the work can speak about."""
    found = {name: dimension.of(work) for name, dimension in DIMENSIONS.items()}
    return {name: value for name, value in found.items() if value is not None and math.isfinite(value)}


def ranges_of(works: Sequence[FinishedWork]) -> dict[str, StyleRange]:
    """Per dimension the range in which 8 of 10 further works of the same creator should lie.

    Mean of the works, and a spread shrunk towards the population's: one work alone has a range too, a wide one.
    """
    rows = [measured(work) for work in works]
    found = {}
    for name, dimension in DIMENSIONS.items():
        values = [row[name] for row in rows if name in row]
        if not values:
            continue
        n, median = len(values), statistics.median(values)
        values = [math.log(max(value, 1e-6)) for value in values] if dimension.ratio else values
        own = statistics.variance(values) if n > 1 else 0.0
        spread = math.sqrt(((n - 1) * own + RANGE_K * dimension.spread**2) / (n - 1 + RANGE_K))
        reach = RANGE_Z * spread * math.sqrt(1 + 1 / n)
        ends = (statistics.fmean(values) + side * reach for side in (-1, 1))
        low, high = (math.exp(end) if dimension.ratio else end for end in ends)
        found[name] = StyleRange(round(low, 5), round(high, 5), round(median, 5), n)
    return found


def match(profile: StyleProfile, work: FinishedWork) -> tuple[StyleMatch, ...]:
    """Each dimension of an edit beside the creator's range."""
    values = measured(work)
    rows = []
    for name, span in profile.ranges.items():
        if name in values and name in DIMENSIONS:
            value = round(values[name], 5)
            noise = round((span.high - span.low) / 2 / RANGE_Z, 5)
            # No share lies above 1: the spread of the works is kept in `noise`, what can be is said.
            low, high = max(span.low, DIMENSIONS[name].low), min(span.high, DIMENSIONS[name].high)
            rows.append(StyleMatch(name, value, low, high, low <= value <= high, span.median, noise))
    return tuple(rows)


def score(rows: Sequence[StyleMatch]) -> float | None:
    """0 to 1: the mean over dimensions, each 1 inside its range and halved for every half of the range's width outside it."""
    if not rows:
        return None
    parts = []
    for row in rows:
        outside = max(0.0, row.low - row.value, row.value - row.high)
        width = 2 * RANGE_Z * row.noise if row.noise else row.high - row.low
        parts.append(0.5 ** (outside / max(1e-9, HALF_AT * width)))
    return round(statistics.fmean(parts), 4)
