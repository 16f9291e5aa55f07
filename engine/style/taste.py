"""A profile and its models as the Taste that editing asks; the sliders and blends act on parameters, not on words."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from engine.edit.taste import KINDS, Pace, Selector, Table, Taste, neutral_taste
from engine.model.style import StyleModels, StyleProfile
from engine.style.models.pace import PACE_COLUMNS, LearnedPace
from engine.style.models.selection import COLUMNS, LearnedSelector
from engine.style.models.trees import Trees
from engine.style.prior import neutral_profile
from engine.style.transfer import steered

__all__ = ["learned_taste"]

Array = NDArray[np.float64]

MOST_LOG_ODDS = 1.5
"""Transitions are worth at most this: a habit, not a law."""
PACE_SLIDER = 0.5
"""Logits that the hazard rises by with the pace slider at 1 (the sheet's "tighter")."""


def learned_taste(profile: StyleProfile, models: StyleModels | None = None) -> Taste:
    """Everything the profile knows about its creator, sliders applied; without models its figures alone."""
    shown = steered(profile)
    taste = neutral_taste(shown)
    if profile.creator_id is None:
        return taste
    taste = replace(taste, order=LearnedOrder(shown))
    if models is None:
        return taste
    selection: Selector = taste.selector
    if models.selection.features == COLUMNS and models.projects + models.shots > 0:
        selection = LearnedSelector(models.selection, _trees(models.selection_trees, len(COLUMNS)))
    pace: Pace = taste.pace
    if models.pace.features == PACE_COLUMNS and models.shots > 0:
        weights = np.array(models.pace.weights)
        weights[: len(PACE_COLUMNS) - 5] += PACE_SLIDER * profile.sliders.pace
        model = replace(models.pace, weights=tuple(float(value) for value in weights))
        pace = LearnedPace(model, _trees(models.pace_trees, len(PACE_COLUMNS)))
    return replace(taste, selector=selection, pace=pace)


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
