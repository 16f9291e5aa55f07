"""Styles mixed and steered: both act on figures and weights, block by block."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TypeVar

import numpy as np

from engine.errors import BadOption
from engine.model.style import (
    EnergyMatching,
    EnergyRule,
    Figures,
    LinearModel,
    MomentPreferences,
    PacingPatterns,
    StyleModels,
    StyleProfile,
    StyleRange,
    TransitionPreferences,
)

__all__ = ["BLOCKS", "DEFAULT_BLOCKS", "blend_models", "blend_profiles", "steered"]

BLOCKS = ("pace", "transitions", "beat", "selection")
DEFAULT_BLOCKS = ("pace", "transitions", "beat")
"""What "like X" means unless told otherwise: how it is cut, while what is shown stays one's own."""
SLOWER = 2.0
"""Factor on cuts per beat between the middle and an end of the pace slider (a slider at 1 cuts twice as often)."""
LIVELIER = 0.3
"""What the energy slider adds to the wanted motion at its end."""
FREQUENCIES = {"every_half_beat": 0.5, "every_beat": 1.0, "every_2_beats": 2.0, "every_4_beats": 4.0, "every_8_beats": 8.0}
BEAT_HALVING = 4.0
"""The beat slider at 1 takes offsets to a quarter of what they are; at -1 it lets them be four times as wide."""
SOFTER = 0.25
"""Share of transitions that the slider at 1 turns from cuts into dissolves."""

Rule = TypeVar("Rule")


def blend_profiles(
    mine: StyleProfile, theirs: StyleProfile, share: float, blocks: Sequence[str] = DEFAULT_BLOCKS, name: str = ""
) -> StyleProfile:
    """(1 - share) of mine and share of theirs, in the named blocks; the rest stays mine.

    Rates and lengths are mixed on a log scale, shares as they are. Raises `BadOption` for a share outside 0 to 1 or an unknown block.
    """
    if not 0.0 <= share <= 1.0:
        raise BadOption("bad_share", f"A share of {share:g} is none.", "Give 0 to 1: 0.3 is 30 % of the other style.")
    unknown = [one for one in blocks if one not in BLOCKS]
    if unknown:
        raise BadOption("bad_block", f"There is no block {unknown[0]!r}.", f"Use some of {', '.join(BLOCKS)}.")
    mixed = replace(mine, creator_id=name or mine.creator_id, figures=_mixed_figures(mine, theirs), works=mine.works)
    if "pace" in blocks:
        mixed = _pace(mixed, mine, theirs, share)
    if "transitions" in blocks:
        mixed = _order(mixed, mine, theirs, share)
    if "beat" in blocks:
        mixed = _beat(mixed, mine, theirs, share)
    if "selection" in blocks:
        mixed = _selection(mixed, mine, theirs, share)
    note = f"{1 - share:.0%} {mine.creator_id or 'neutral'}, {share:.0%} {theirs.creator_id or 'neutral'} in {', '.join(blocks)}."
    return replace(mixed, ranges=_ranges(mine, theirs, share, blocks), notes=(note, *mine.notes))


def _mixed_figures(mine: StyleProfile, theirs: StyleProfile) -> Mapping[str, Figures]:
    """What neither creator has shown stays the population's, mixed or not."""
    pairs = ((name, one, theirs.figures.get(name)) for name, one in mine.figures.items())
    return {
        name: one if one.source == other.source == "prior" else replace(one, source="blend")
        for name, one, other in pairs
        if other is not None
    }


def _log(a: float, b: float, share: float) -> float:
    return round(math.exp((1 - share) * math.log(max(a, 1e-6)) + share * math.log(max(b, 1e-6))), 6)


def _line(a: float, b: float, share: float) -> float:
    return round((1 - share) * a + share * b, 6)


def _table(a: Mapping[str, float], b: Mapping[str, float], share: float) -> dict[str, float]:
    if not a or not b:
        return dict(a or b)
    return {name: _line(a.get(name, 0.0), b.get(name, 0.0), share) for name in [*a, *(one for one in b if one not in a)]}


def _pace(mixed: StyleProfile, mine: StyleProfile, theirs: StyleProfile, share: float) -> StyleProfile:
    a, b = mine.shot_patterns, theirs.shot_patterns
    spread = tuple(_log(x, y, share) for x, y in zip(a.shot_length_distribution, b.shot_length_distribution))
    shots = replace(
        mixed.shot_patterns,
        avg_shot_length=_log(a.avg_shot_length, b.avg_shot_length, share),
        shot_length_std=_log(a.shot_length_std, b.shot_length_std, share),
        shot_length_distribution=spread,  # type: ignore[arg-type]
    )
    p, q = mine.pacing_patterns, theirs.pacing_patterns
    pacing = replace(
        mixed.pacing_patterns,
        cuts_per_beat=_log(p.cuts_per_beat, q.cuts_per_beat, share),
        beat_skip_rate=_line(p.beat_skip_rate, q.beat_skip_rate, share),
        hold_duration_close_up=_log(p.hold_duration_close_up, q.hold_duration_close_up, share),
        hold_duration_medium=_log(p.hold_duration_medium, q.hold_duration_medium, share),
        hold_duration_wide=_log(p.hold_duration_wide, q.hold_duration_wide, share),
        duration_beats=_table(p.duration_beats, q.duration_beats, share),
    )
    x, y = mine.energy_matching, theirs.energy_matching
    energy = EnergyMatching(
        _rule(x.high_energy_sections, y.high_energy_sections, share), _rule(x.low_energy_sections, y.low_energy_sections, share)
    )
    return replace(mixed, shot_patterns=shots, pacing_patterns=pacing, energy_matching=energy)


def _rule(a: EnergyRule, b: EnergyRule, share: float) -> EnergyRule:
    octaves = _log(FREQUENCIES.get(a.cut_frequency, 2.0), FREQUENCIES.get(b.cut_frequency, 2.0), share)
    frequency = min(FREQUENCIES, key=lambda name: abs(math.log(FREQUENCIES[name] / octaves)))
    return EnergyRule(a.preferred_shot_type, frequency, _line(a.motion_preference, b.motion_preference, share))


def _order(mixed: StyleProfile, mine: StyleProfile, theirs: StyleProfile, share: float) -> StyleProfile:
    a, b = mine.sequencing_patterns, theirs.sequencing_patterns
    order = replace(
        a,
        angle_transitions=_table(a.angle_transitions, b.angle_transitions, share),
        shot_type_transitions=_table(a.shot_type_transitions, b.shot_type_transitions, share),
        motion_transitions=_table(a.motion_transitions, b.motion_transitions, share),
        same_angle_repeat_rate=_line(a.same_angle_repeat_rate, b.same_angle_repeat_rate, share),
        max_same_angle_streak=max(1, round(_line(a.max_same_angle_streak, b.max_same_angle_streak, share))),
        angle_return_rate=_line(a.angle_return_rate, b.angle_return_rate, share),
        shot_type_return_rate=_line(a.shot_type_return_rate, b.shot_type_return_rate, share),
    )
    p, q = mine.transition_preferences, theirs.transition_preferences
    kinds = TransitionPreferences(**{name: _line(getattr(p, name), getattr(q, name), share) for name in p.__dict__})
    return replace(mixed, sequencing_patterns=order, transition_preferences=kinds)


def _beat(mixed: StyleProfile, mine: StyleProfile, theirs: StyleProfile, share: float) -> StyleProfile:
    p, q = mine.pacing_patterns, theirs.pacing_patterns
    pacing = replace(
        mixed.pacing_patterns,
        beat_offset_frames=_table(p.beat_offset_frames, q.beat_offset_frames, share),
        on_beat_rate=_line(p.on_beat_rate, q.on_beat_rate, share),
        bar_cut_rate=_line(p.bar_cut_rate, q.bar_cut_rate, share),
    )
    return replace(mixed, pacing_patterns=pacing)


def _selection(mixed: StyleProfile, mine: StyleProfile, theirs: StyleProfile, share: float) -> StyleProfile:
    a, b = mine.quality_thresholds, theirs.quality_thresholds
    gates = type(a)(**{name: _line(getattr(a, name), getattr(b, name), share) for name in a.__dict__})
    x, y = mine.moment_preferences, theirs.moment_preferences
    moments = MomentPreferences(
        tuple(_line(p, q, share) for p, q in zip(x.position, y.position)),
        _line(x.motion_peak, y.motion_peak, share),
        _line(x.face, y.face, share),
    )
    types = _table(mine.shot_patterns.shot_types, theirs.shot_patterns.shot_types, share)
    shots = replace(mixed.shot_patterns, shot_types=types)
    return replace(mixed, quality_thresholds=gates, moment_preferences=moments, shot_patterns=shots)


RANGE_BLOCKS = {
    **dict.fromkeys(("shot_length_s", "shot_length_variety", "cuts_per_beat", "energy_pace", "energy_motion"), "pace"),
    **dict.fromkeys(("on_beat", "beat_offset_frames", "on_bars"), "beat"),
    **dict.fromkeys(("same_size", "same_angle", "soft_transitions"), "transitions"),
    **dict.fromkeys(("close_ups", "wides", "fronts", "motion"), "selection"),
}
"""Dimension -> the block that moves it."""


def _ranges(mine: StyleProfile, theirs: StyleProfile, share: float, blocks: Sequence[str]) -> dict[str, StyleRange]:
    found = dict(mine.ranges)
    for name, a in mine.ranges.items():
        b = theirs.ranges.get(name)
        if b is not None and RANGE_BLOCKS.get(name) in blocks:
            found[name] = StyleRange(
                _line(a.low, b.low, share), _line(a.high, b.high, share), _line(a.median, b.median, share), min(a.n, b.n)
            )
    return found


def blend_models(mine: StyleModels, theirs: StyleModels, share: float, blocks: Sequence[str] = DEFAULT_BLOCKS) -> StyleModels:
    """The same of the models: weights are mixed; a residual belongs to one creator's margin and goes where that is mixed."""
    mixed = mine
    if "pace" in blocks and share > 0 and mine.pace.features == theirs.pace.features:
        mixed = replace(mixed, pace=_weights(mine.pace, theirs.pace, share), pace_trees={})
    if "selection" in blocks and share > 0 and mine.selection.features == theirs.selection.features:
        mixed = replace(mixed, selection=_weights(mine.selection, theirs.selection, share), selection_trees={})
    return mixed


def _weights(a: LinearModel, b: LinearModel, share: float) -> LinearModel:
    return replace(a, weights=tuple(_line(x, y, share) for x, y in zip(a.weights, b.weights)), bias=_line(a.bias, b.bias, share))


def steered(profile: StyleProfile) -> StyleProfile:
    """The profile as its sliders want it; with all at 0 the profile itself."""
    sliders = profile.sliders
    if not any(sliders.__dict__.values()):
        return profile
    rules = profile.energy_matching
    energy = EnergyMatching(*(_livelier(rule, sliders.energy) for rule in (rules.high_energy_sections, rules.low_energy_sections)))
    return replace(
        profile,
        pacing_patterns=_quicker(profile.pacing_patterns, sliders.pace, sliders.beat),
        energy_matching=energy,
        transition_preferences=_softer(profile.transition_preferences, sliders.transitions),
    )


def _livelier(rule: EnergyRule, by: float) -> EnergyRule:
    return replace(rule, motion_preference=min(1.0, max(0.0, rule.motion_preference + LIVELIER * by)))


def _quicker(pacing: PacingPatterns, pace: float, beat: float) -> PacingPatterns:
    factor = SLOWER**pace
    offsets: dict[str, float] = {}
    for frame, share in pacing.beat_offset_frames.items():
        there = str(int(np.clip(round(float(frame) / BEAT_HALVING**beat), -8, 8)))
        offsets[there] = offsets.get(there, 0.0) + share
    return replace(
        pacing,
        cuts_per_beat=pacing.cuts_per_beat * factor,
        beat_offset_frames=offsets,
        hold_duration_close_up=pacing.hold_duration_close_up / factor,
        hold_duration_medium=pacing.hold_duration_medium / factor,
        hold_duration_wide=pacing.hold_duration_wide / factor,
    )


def _softer(kinds: TransitionPreferences, by: float) -> TransitionPreferences:
    moved = SOFTER * by if by > 0 else kinds.quick_dissolve * by
    moved = min(kinds.hard_cut, max(-kinds.quick_dissolve, moved))
    return replace(kinds, hard_cut=kinds.hard_cut - moved, quick_dissolve=kinds.quick_dissolve + moved)
