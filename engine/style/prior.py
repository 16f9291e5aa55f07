"""The neutral prior: how short-form edits look on average, used where no creator is given and to shrink towards.

Shot lengths and the share of gradual transitions are measured (`prior_making`). Sizes, angles and their order have no table whose
licence allows it, so they are a flat Dirichlet: documented as knowing nothing (docs/style_prior.md).
"""

from __future__ import annotations

import functools
import json
from pathlib import Path
from typing import Any

from engine.model.style import (
    EnergyMatching,
    EnergyRule,
    Figures,
    MomentPreferences,
    PacingPatterns,
    QualityThresholds,
    SequencingPatterns,
    ShotPatterns,
    StyleProfile,
    TransitionPreferences,
)

__all__ = ["neutral_profile"]

KNOWN_SHOT_TYPES = ("close_up", "medium", "wide", "zoom")
KNOWN_ANGLES = ("front", "side", "overhead", "other")
SAME_REPEAT = 0.317
"""Share of neighbouring shots of one size in real vlogs (docs/style_prior.md): for angles the nearest figure there is."""


@functools.lru_cache(maxsize=1)
def neutral_profile() -> StyleProfile:
    """The prior as a profile: `creator_id` None, every figure marked as prior with the count it rests on."""
    made: dict[str, Any] = json.loads(Path(__file__).with_name("prior.json").read_text(encoding="utf-8"))
    p10, p25, p50, p75, p90 = made["shot_length_distribution"]
    gradual = made["gradual_share"]
    return StyleProfile(
        creator_id=None,
        trained_on_videos=0,
        last_updated="2026-11-24T00:00:00Z",
        shot_patterns=ShotPatterns(
            avg_shot_length=made["avg_shot_length"],
            shot_length_std=made["shot_length_std"],
            shot_length_distribution=(p10, p25, p50, p75, p90),
            shot_types=_flat(KNOWN_SHOT_TYPES),
        ),
        sequencing_patterns=SequencingPatterns(
            angle_transitions=_transitions(KNOWN_ANGLES),
            same_angle_repeat_rate=SAME_REPEAT,
            max_same_angle_streak=2,
            shot_type_transitions=_transitions(KNOWN_SHOT_TYPES),
        ),
        pacing_patterns=PacingPatterns(
            cuts_per_beat=0.35,
            beat_skip_rate=0.65,
            hold_duration_close_up=p50,
            hold_duration_medium=p50,
            hold_duration_wide=p50,
            beat_offset_frames={"0": 1.0},
            duration_beats={"1": 0.1, "2": 0.4, "4": 0.4, "8": 0.1},
        ),
        energy_matching=EnergyMatching(
            high_energy_sections=EnergyRule("close_up", "every_2_beats", 0.6),
            low_energy_sections=EnergyRule("wide", "every_4_beats", 0.3),
        ),
        transition_preferences=TransitionPreferences(1 - gradual, gradual, 0.0),
        quality_thresholds=QualityThresholds(),
        moment_preferences=MomentPreferences(),
        figures=_figures(made),
        notes=("Neutral prior: learn from finished videos to edit in a creator's own style.",),
    )


def _flat(names: tuple[str, ...]) -> dict[str, float]:
    return {name: 1.0 / len(names) for name in names}


def _transitions(names: tuple[str, ...]) -> dict[str, float]:
    other = (1 - SAME_REPEAT) / (len(names) - 1)
    return {f"{a}_to_{b}": SAME_REPEAT if a == b else other for a in names for b in names}


def _figures(made: dict[str, Any]) -> dict[str, Figures]:
    error = made["shot_length_std"] / made["shots"] ** 0.5
    measured = {
        "shot_patterns.avg_shot_length": Figures(made["shots"], round(error, 5), "prior", made["avg_shot_length"]),
        "shot_patterns.shot_length_std": Figures(made["shots"], None, "prior", made["shot_length_std"]),
        "shot_patterns.shot_length_distribution": Figures(made["shots"], None, "prior"),
        "transition_preferences.quick_dissolve": Figures(made["transitions"], None, "prior", made["gradual_share"]),
    }
    assumed = (
        "shot_patterns.shot_types",
        "sequencing_patterns.angle_transitions",
        "sequencing_patterns.shot_type_transitions",
        "pacing_patterns.cuts_per_beat",
        "pacing_patterns.beat_skip_rate",
        "pacing_patterns.beat_offset_frames",
        "energy_matching",
        "moment_preferences",
        "quality_thresholds",
    )
    return {**measured, **{name: Figures(0) for name in assumed}}
