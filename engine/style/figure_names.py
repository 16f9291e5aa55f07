"""A profile's figures as an editor would call them."""

from __future__ import annotations

__all__ = ["called", "plain"]

CALLED = {
    "shot_patterns.avg_shot_length": "mean shot length, s",
    "shot_patterns.shot_length_std": "spread of shot lengths, s",
    "sequencing_patterns.same_angle_repeat_rate": "same angle twice running",
    "sequencing_patterns.max_same_angle_streak": "longest run of one angle, shots",
    "sequencing_patterns.angle_return_rate": "back to the angle before",
    "sequencing_patterns.shot_type_return_rate": "back to the size before",
    "pacing_patterns.cuts_per_beat": "cuts per beat",
    "pacing_patterns.beat_skip_rate": "beats without a cut",
    "pacing_patterns.hold_duration_close_up": "close-ups held, s",
    "pacing_patterns.hold_duration_medium": "mediums held, s",
    "pacing_patterns.hold_duration_wide": "wides held, s",
    "pacing_patterns.on_beat_rate": "cuts on a beat",
    "pacing_patterns.bar_cut_rate": "cuts on a beat that are on a bar line",
    "energy_matching.high_energy_sections.motion_preference": "motion in loud music",
    "energy_matching.low_energy_sections.motion_preference": "motion in quiet music",
    "energy_matching.high_energy_sections.cut_frequency": "how often it cuts in loud music",
    "energy_matching.low_energy_sections.cut_frequency": "how often it cuts in quiet music",
    "energy_matching.high_energy_sections.preferred_shot_type": "size in loud music",
    "energy_matching.low_energy_sections.preferred_shot_type": "size in quiet music",
    "transition_preferences.hard_cut": "hard cuts",
    "transition_preferences.quick_dissolve": "dissolves",
    "transition_preferences.whip_pan": "whip pans",
    "transition_preferences.dip_to_black": "dips to black",
    "transition_preferences.flash": "flashes",
    "quality_thresholds.min_visual_quality": "poorest picture put up with",
    "quality_thresholds.max_motion_blur": "most blur put up with",
    "quality_thresholds.min_exposure": "darkest picture put up with",
    "quality_thresholds.max_exposure": "brightest picture put up with",
    "moment_preferences.motion_peak": "livelier part of the take",
    "moment_preferences.face": "part of the take with a face",
}
TABLES = {
    "shot_patterns.shot_length_distribution": "shot lengths",
    "shot_patterns.shot_types": "shot sizes",
    "sequencing_patterns.angle_transitions": "which angle follows which",
    "sequencing_patterns.shot_type_transitions": "which size follows which",
    "sequencing_patterns.motion_transitions": "which camera motion follows which",
    "pacing_patterns.beat_offset_frames": "how far from the beat it cuts",
    "pacing_patterns.duration_beats": "shot lengths in beats",
    "moment_preferences.position": "place in the take",
}
"""Tables of figures: what the whole of one is called, ..."""
PARTS = {
    "shot_patterns.shot_length_distribution": "shot length, {}th percentile, s",
    "shot_patterns.shot_types": "share of {} shots",
    "sequencing_patterns.angle_transitions": "angles: {}",
    "sequencing_patterns.shot_type_transitions": "sizes: {}",
    "sequencing_patterns.motion_transitions": "camera: {}",
    "pacing_patterns.duration_beats": "shots lasting {}",
}
"""... and one of its figures, by its key."""


def called(figure: str) -> str:
    """The name of a figure (`StyleProfile.figures`) in words; its own name where there are none."""
    if figure in CALLED or figure in TABLES:
        return CALLED.get(figure) or TABLES[figure]
    for name, words in PARTS.items():
        if figure.startswith(f"{name}."):
            key = figure[len(name) + 1 :]
            return words.format(_beats(key) if name.endswith("duration_beats") else _key(key))
    return plain(figure.rpartition(".")[2])


def _beats(count: str) -> str:
    return f"{count} beat{'' if count == '1' else 's'}"


def _key(key: str) -> str:
    before, to, after = key.partition("_to_")
    if to:
        return f"{plain(after)} after {plain(before)}"
    return key[1:] if key[:1] == "p" and key[1:].isdigit() else plain(key)


def plain(name: str) -> str:
    """A value of the table of names (`close_up`, `slow_pan`) in words."""
    return "close-up" if name == "close_up" else name.replace("_", " ")
