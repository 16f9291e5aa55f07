"""A profile and its models as the Taste that editing asks; the sliders and blends act on parameters, not on words."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from engine.edit.taste import KINDS, Pace, Selector, Table, Taste, neutral_taste
from engine.model.style import LinearModel, StyleModels, StyleProfile
from engine.style.models.pace import PACE_COLUMNS, LearnedPace
from engine.style.models.selection import COLUMNS, LearnedSelector
from engine.style.models.trees import Trees
from engine.style.prior import neutral_profile
from engine.style.transfer import steered

__all__ = ["learned_taste"]

Array = NDArray[np.float64]

MOST_LOG_ODDS = 1.5
"""Transitions are worth at most this: a habit, not a law."""
PACE_SLIDER = 1.0
"""Logits that the hazard rises by with the pace slider at 1: half way is what the instruction "tighter" does."""

MUSIC_COLUMNS = tuple(name for name in COLUMNS if name in ("energy x motion_intensity", "drop x motion_intensity"))
FULL_CORRELATION = 0.6
"""Correlation of energy and motion that edits in the neutral style have (tests/benchmarks/bench_style_attribution.py) ..."""
MOST_ENERGY, ENERGY_K = 1.5, 2.5
"""... the most that a creator's own may multiply its weight by, and the works whose weight the average has (as for all rates)."""
ENERGY_POWER = 3.0
"""An optimiser gives most of what is asked a little: a quarter of the weight left two thirds of the correlation (same, seed 300)."""
LEAST_CUTS = 20
"""Cuts from which a creator's spread of offsets is followed ..."""
OFFSET_SHARES = tuple(0.1 + 0.1 * k for k in range(9))
"""... between its tenths: the outermost ones are slips, and nobody wants them back."""


def learned_taste(profile: StyleProfile, models: StyleModels | None = None) -> Taste:
    """Everything the profile knows about its creator, sliders applied; without models its figures alone."""
    shown = steered(profile)
    taste = neutral_taste(shown)
    if profile.creator_id is None:
        return taste
    weight = _energy_weight(shown)
    taste = replace(taste, order=LearnedOrder(shown), beat_offsets_s=_offsets_s(shown), energy_weight=weight)
    if models is None:
        return taste
    selection: Selector = taste.selector
    if models.selection.features == COLUMNS and models.projects + models.shots > 0:
        selection = LearnedSelector(_with_music(models.selection, weight), _trees(models.selection_trees, len(COLUMNS)))
    pace: Pace = taste.pace
    if models.pace.features == PACE_COLUMNS and models.shots > 0:
        weights = np.array(models.pace.weights)
        weights[: len(PACE_COLUMNS) - 5] += PACE_SLIDER * profile.sliders.pace
        model = replace(models.pace, weights=tuple(float(value) for value in weights))
        pace = LearnedPace(model, _trees(models.pace_trees, len(PACE_COLUMNS)))
    return replace(taste, selector=selection, pace=pace)


def _energy_weight(profile: StyleProfile) -> float:
    """How much livelier pictures go with louder music, beside people on average: an optimiser that wants it a little gets it wholly."""
    span = profile.ranges.get("energy_motion")
    if span is None:
        return 1.0
    own = max(0.0, span.median / FULL_CORRELATION)
    share = (span.n * own + ENERGY_K) / (span.n + ENERGY_K)
    return float(min(MOST_ENERGY, share**ENERGY_POWER))


def _with_music(model: LinearModel, weight: float) -> LinearModel:
    weights = [value * weight if name in MUSIC_COLUMNS else value for name, value in zip(model.features, model.weights)]
    return replace(model, weights=tuple(weights))


def _offsets_s(profile: StyleProfile) -> tuple[float, ...]:
    """Offsets that come up equally often, in seconds; empty where too little is known of them."""
    known = profile.figures.get("pacing_patterns.beat_offset_frames")
    if known is None or known.n < LEAST_CUTS or known.source == "prior":
        return ()
    rows = sorted((float(frame), share) for frame, share in profile.pacing_patterns.beat_offset_frames.items())
    if not any(share > 0 for _, share in rows):
        return ()
    frames, shares = np.array([frame for frame, _ in rows]), np.cumsum([share for _, share in rows])
    found = [frames[min(len(frames) - 1, int(np.searchsorted(shares, share * shares[-1])))] for share in OFFSET_SHARES]
    return tuple(float(frame) / 30.0 for frame in found)


def _trees(document: Mapping[str, object], features: int) -> Trees | None:
    return Trees(document, features) if document else None


@dataclass(frozen=True)
class LearnedOrder:
    """What follows what: log odds of the creator's shrunk transitions against the population's, expected over what each clip may be."""

    profile: StyleProfile

    def log_odds(self, clips: Table) -> Mapping[str, Array]:
        """Named parts, each (clips, clips): row a, column b."""
        own, others = self.profile.sequencing_patterns, neutral_profile().sequencing_patterns
        tables = {
            "angle_change": ("angle", own.angle_transitions, others.angle_transitions),
            "size_change": ("shot_type", own.shot_type_transitions, others.shot_type_transitions),
            "motion_change": ("motion", own.motion_transitions, others.motion_transitions),
        }
        return MappingProxyType({part: _against(clips, kind, mine, theirs) for part, (kind, mine, theirs) in tables.items()})


def _against(clips: Table, kind: str, own: Mapping[str, float], others: Mapping[str, float]) -> Array:
    names = KINDS[kind]
    even = 1.0 / len(names)
    chances = np.nan_to_num(clips.columns([f"{kind}_{name}" for name in names]))
    odds = [[math.log(max(own.get(key, even), 1e-3) / max(others.get(key, even), 1e-3)) for key in _keys(a, names)] for a in names]
    return np.asarray(chances @ np.clip(odds, -MOST_LOG_ODDS, MOST_LOG_ODDS) @ chances.T)


def _keys(a: str, names: tuple[str, ...]) -> list[str]:
    return [f"{a}_to_{b}" for b in names]
