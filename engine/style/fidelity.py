"""How far one set of works lies from another in style, by distributions and both ways: too much is as far off as too little.

A distance says nothing without its noise floor, which is how far one half of a creator's works lies from the other, and without a
reference, which is how far people on average lie from him. Between the two it becomes a share: 1 is as near as his own works are to each
other, 0 as far as anybody's.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engine.model.names import MOTIONS
from engine.model.style import StyleProfile
from engine.model.works import FinishedWork
from engine.style.book import SIZES, VIEWS
from engine.style.dimensions import ON_BEAT_S, cuts_of

__all__ = ["DISTANCES", "Look", "distances", "fidelity", "floors", "look_of", "look_of_profile"]

Array = NDArray[np.float64]

DISTANCES: Mapping[str, str] = {
    "duration": "lengths of shots: Wasserstein distance of log seconds",
    "order": "what follows what: total variation of size, angle and motion transitions, rows by their weight",
    "beat": "cuts on the beat: difference of the share within 70 ms, above chance",
    "offset": "where cuts lie to their beat: Wasserstein distance in frames at 30 a second",
    "transitions": "kinds of transitions: total variation",
}
"""Name -> what it measures."""
QUANTILES = (np.arange(100) + 0.5) / 100
ORDER_K = 5.0
"""Transitions whose weight an even row has: rows seen a few times would lie anywhere."""
MOST_OFFSET_FRAMES = 8.0
SPLITS = 50
LEAST_WORKS = 4
KINDS = {"shot_type": SIZES, "angle": VIEWS, "motion": MOTIONS}
CUTS = ("hard_cut", "quick_dissolve", "whip_pan", "dip_to_black", "flash")


@dataclass(frozen=True, eq=False)
class Look:
    """A style as distributions. lengths, offsets : their quantiles (None where unknown). tables : kind -> (from, to) shares with the
    weight of each row. on_beat : share above chance. cuts : share of each of CUTS."""

    lengths: Array | None
    offsets: Array | None
    tables: Mapping[str, tuple[Array, Array]]
    on_beat: float | None
    cuts: Array | None


def look_of(works: Sequence[FinishedWork]) -> Look:
    """All shots of some works together."""
    logs = [math.log(shot.duration_s) for work in works for shot in work.shots if shot.duration_s > 0]
    placed = [(shot.offset_s or 0.0, 60.0 / work.grid.bpm) for work in works if work.grid for shot in cuts_of(work)]
    near = [offset * 30 for offset, _ in placed if abs(offset) <= 2 * ON_BEAT_S]
    kinds = [shot.begins_with for work in works for shot in work.shots if shot.begins_with != "start"]
    counts = np.array([kinds.count(name) for name in CUTS], float)
    return Look(
        np.quantile(logs, QUANTILES) if logs else None,
        np.quantile(near, QUANTILES) if near else None,
        {kind: _table(works, kind, names) for kind, names in KINDS.items()},
        _above_chance(placed),
        counts / counts.sum() if counts.sum() else None,
    )


def _above_chance(placed: Sequence[tuple[float, float]]) -> float | None:
    """(p - p0) / (1 - p0): how much more often than cuts at random these lie within ON_BEAT_S of a beat."""
    if not placed:
        return None
    share = float(np.mean([abs(offset) <= ON_BEAT_S for offset, _ in placed]))
    chance = float(np.mean([min(0.95, 2 * ON_BEAT_S / max(period, 1e-3)) for _, period in placed]))
    return (share - chance) / (1 - chance)


def _table(works: Sequence[FinishedWork], kind: str, names: Sequence[str]) -> tuple[Array, Array]:
    counts = np.zeros((len(names), len(names)))
    for work in works:
        rows = np.array([[getattr(shot, kind).get(name, 0.0) for name in names] for shot in work.shots])
        if len(rows) > 1:
            counts += rows[:-1].T @ rows[1:]
    weight = counts.sum(axis=1)
    return (counts + ORDER_K / len(names)) / (weight + ORDER_K)[:, None], weight / max(1e-9, float(weight.sum()))


def look_of_profile(profile: StyleProfile) -> Look:
    """What a profile says of itself: the reference where it is the neutral one."""
    spread = np.log(np.maximum(profile.shot_patterns.shot_length_distribution, 1e-3))
    rows = sorted((float(frame), share) for frame, share in profile.pacing_patterns.beat_offset_frames.items())
    passed = np.cumsum([share for _, share in rows])
    frames = np.array([frame for frame, _ in rows])
    rules = profile.sequencing_patterns
    shares = {"shot_type": rules.shot_type_transitions, "angle": rules.angle_transitions, "motion": rules.motion_transitions}
    cuts = np.array([getattr(profile.transition_preferences, name) for name in CUTS], float)
    chance = 2 * ON_BEAT_S / 0.5  # at 120 beats a minute, the median of songs
    return Look(
        np.interp(QUANTILES, (0.1, 0.25, 0.5, 0.75, 0.9), spread),
        frames[np.minimum(len(frames) - 1, np.searchsorted(passed, QUANTILES * passed[-1]))],
        {kind: _profile_table(shares[kind], names) for kind, names in KINDS.items()},
        (profile.pacing_patterns.on_beat_rate - chance) / (1 - chance),
        cuts / max(1e-9, float(cuts.sum())),
    )


def _profile_table(shares: Mapping[str, float], names: Sequence[str]) -> tuple[Array, Array]:
    even = 1 / len(names)
    return np.array([[shares.get(f"{a}_to_{b}", even) for b in names] for a in names]), np.full(len(names), even)


def distances(a: Look, b: Look) -> dict[str, float]:
    """Every distance that both can speak about, by name; rows of transitions count as often as `b` has them."""
    found = {}
    if a.lengths is not None and b.lengths is not None:
        found["duration"] = float(np.abs(a.lengths - b.lengths).mean())
    if a.offsets is not None and b.offsets is not None:
        found["offset"] = float(np.abs(np.clip(a.offsets, -MOST_OFFSET_FRAMES, MOST_OFFSET_FRAMES) - b.offsets).mean())
    if a.on_beat is not None and b.on_beat is not None:
        found["beat"] = abs(a.on_beat - b.on_beat)
    if a.cuts is not None and b.cuts is not None:
        found["transitions"] = float(np.abs(a.cuts - b.cuts).sum() / 2)
    known = [kind for kind in KINDS if b.tables[kind][1].sum() > 0]
    if known:
        rows = [float((np.abs(a.tables[kind][0] - b.tables[kind][0]).sum(axis=1) / 2) @ b.tables[kind][1]) for kind in known]
        found["order"] = float(np.mean(rows))
    return found


def floors(works: Sequence[FinishedWork], splits: int = SPLITS) -> dict[str, float]:
    """The noise floor: mean distance of one half of the works from the other; nothing below LEAST_WORKS works."""
    if len(works) < LEAST_WORKS:
        return {}
    random = np.random.default_rng(0)
    found: dict[str, list[float]] = {}
    for _ in range(splits):
        order = random.permutation(len(works))
        halves = [[works[k] for k in part] for part in (order[: len(works) // 2], order[len(works) // 2 :])]
        for name, value in distances(look_of(halves[0]), look_of(halves[1])).items():
            found.setdefault(name, []).append(value)
    return {name: float(np.mean(values)) for name, values in found.items()}


def fidelity(distance: float, floor: float, reference: float) -> float | None:
    """1 at the noise floor or nearer, 0 as far as the reference; None where the reference is no farther than the noise."""
    if reference - floor < 1e-6:
        return None
    return min(1.0, max(0.0, 1 - (distance - floor) / (reference - floor)))
