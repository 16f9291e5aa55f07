"""A profile as an editor would say it."""

from __future__ import annotations

import math
from collections.abc import Mapping

from engine.model.style import EnergyRule, Figures, StyleModels, StyleProfile
from engine.style.figure_names import plain
from engine.style.models.selection import COLUMNS
from engine.style.prior import neutral_profile

__all__ = ["said"]

NOTABLE = 1.3
"""A habit is said from this much above or below what people do on average ..."""
LEAST_TIMES = 8
"""... and from this many times it could have been seen."""
FREQUENCIES = {
    "every_half_beat": "twice a beat",
    "every_beat": "every beat",
    "every_2_beats": "every 2 beats",
    "every_4_beats": "every 4 beats",
    "every_8_beats": "every 8 beats",
}

MOTION_WORDS = ((0.15, "still"), (0.4, "calm"), (0.65, "lively"), (1.0, "very lively"))
"""Wanted motion intensity up to which it is called so (chosen: what `analyze` finds in locked-off, panned and hand-held clips)."""
COLUMN_WORDS = {
    "visual_quality": "good pictures",
    "sharpness": "sharp pictures",
    "exposure": "bright pictures",
    "blur": "motion blur",
    "shake_per_height": "shake",
    "motion_intensity": "lively clips",
    "motion_early": "motion at the clip's start",
    "color_variance": "colourful pictures",
    "clipped": "burnt-out or drowned light",
    "flicker": "flicker",
    "face": "faces",
    "face_height": "large faces",
    "subject": "a clear subject",
    "speech": "speech",
    "camera_pan": "pans",
    "camera_tilt": "tilts",
    "camera_zoom": "zooms",
    "saturation": "strong colours",
    "warmth": "warm colours",
    "motion_static": "locked-off camera",
    "motion_handheld": "hand-held camera",
    "motion_slow_pan": "slow pans",
    "motion_fast_pan": "fast pans",
    "motion_zoom_in": "zooming in",
    "motion_zoom_out": "zooming out",
}
KIND_WORDS = {"shot_type_": "s", "angle_": " angles"}
CONTEXT_WORDS = {"energy": "in loud music", "is_first": "at the opening", "drop": "on drops"}


def said(profile: StyleProfile, models: StyleModels | None = None) -> list[str]:
    """Sentences, the surest habits first; each with how well it is known. models : tell what is liked in a clip and what shunned."""
    lines = [
        _cuts(profile),
        _offset(profile),
        *_holds(profile),
        _energy(profile),
        *_habits(profile),
        _transitions(profile),
        _moments(profile),
    ]
    lines += [_selection(profile, models)]
    return [line for line in lines if line]


def _known(profile: StyleProfile, name: str, what: str) -> str:
    """How well a figure is known. what : what it was counted in, as one of them is called."""
    one = profile.figures.get(name, Figures(0))
    if one.source == "prior":
        return " (the population's: too little seen)"
    rest = {"mostly_prior": ", mostly the population's", "blend": ", part population"}.get(one.source, "")
    return f" (from {one.n} {what}{'' if one.n == 1 else 's'}{rest})"


def _cuts(profile: StyleProfile) -> str:
    shots, pacing = profile.shot_patterns, profile.pacing_patterns
    beats = 1 / max(pacing.cuts_per_beat, 1e-3)
    p10, _, p50, _, p90 = shots.shot_length_distribution
    return (
        f"Cuts every {beats:.1f} beats; shots of {p50:.1f} s, most between {p10:.1f} and {p90:.1f} s"
        f"{_known(profile, 'pacing_patterns.cuts_per_beat', 'work')}."
    )


def _offset(profile: StyleProfile) -> str:
    pacing = profile.pacing_patterns
    mean = _median(pacing.beat_offset_frames)
    known = _known(profile, "pacing_patterns.beat_offset_frames", "cut")
    share = f"{pacing.on_beat_rate:.0%} of cuts on a beat, {pacing.bar_cut_rate:.0%} of them on bar lines"
    if abs(mean) < 0.5:
        return f"Cuts on the beat itself; {share}{known}."
    frames = round(abs(mean))
    return f"Cuts {frames} frame{'' if frames == 1 else 's'} {'before' if mean < 0 else 'after'} the beat; {share}{known}."


def _median(offsets: Mapping[str, float]) -> float:
    rows = sorted((float(at), share) for at, share in offsets.items())
    half, passed = sum(share for _, share in rows) / 2, 0.0
    for at, share in rows:
        passed += share
        if passed >= half:
            return float(at)
    return 0.0


def _holds(profile: StyleProfile) -> list[str]:
    pacing = profile.pacing_patterns
    mean = profile.shot_patterns.shot_length_distribution[2]
    per_s = (1 / max(pacing.cuts_per_beat, 1e-3)) / max(mean, 1e-3)
    holds = {"close_up": pacing.hold_duration_close_up, "medium": pacing.hold_duration_medium, "wide": pacing.hold_duration_wide}
    known = {
        name: hold
        for name, hold in holds.items()
        if profile.figures.get(f"pacing_patterns.hold_duration_{name}", Figures(0)).n >= LEAST_TIMES
    }
    if not known:
        return []
    return ["Holds " + ", ".join(f"{plain(name)}s {hold:.1f} s ({hold * per_s:.1f} beats)" for name, hold in known.items()) + "."]


def _energy(profile: StyleProfile) -> str:
    rules = profile.energy_matching
    high = _rule(profile, rules.high_energy_sections, "energy_matching.high_energy_sections")
    low = _rule(profile, rules.low_energy_sections, "energy_matching.low_energy_sections")
    return f"Loud music: {high}; quiet music: {low}."


def _rule(profile: StyleProfile, rule: EnergyRule, place: str) -> str:
    """A shot size is said where one was seen; how well the rest is known goes by the shots that lie over such music."""
    size = profile.figures.get(f"{place}.preferred_shot_type", Figures(0))
    sizes = f", mostly {plain(rule.preferred_shot_type)}s" if size.n >= LEAST_TIMES else ""
    motion = next(word for limit, word in MOTION_WORDS if rule.motion_preference <= limit)
    known = f"{place}.cut_frequency" if f"{place}.cut_frequency" in profile.figures else "energy_matching"
    return f"cuts {FREQUENCIES[rule.cut_frequency]}{sizes}, {motion} pictures{_known(profile, known, 'shot')}"


def _habits(profile: StyleProfile) -> list[str]:
    """What follows what notably more or less often than with others."""
    rules = profile.sequencing_patterns
    rows = []
    for kind, table in (("angle_transitions", rules.angle_transitions), ("shot_type_transitions", rules.shot_type_transitions)):
        for key, share in table.items():
            one = profile.figures.get(f"sequencing_patterns.{kind}.{key}")
            if one is None or one.n < LEAST_TIMES or not one.prior or one.std_error is None or abs(share - one.prior) < 1.5 * one.std_error:
                continue
            times = share / one.prior
            if not 1 / NOTABLE < times < NOTABLE:
                a, _, b = key.partition("_to_")
                often = f"{times:.1f} times as often as others" if times > 1 else f"only {times:.1f} times as often as others"
                line = f"Cuts {plain(a)} to {plain(b)} {often}; {share:.0%} of the {one.n} times."
                rows.append((abs(math.log(times)), line))
    rows.sort(key=lambda row: -row[0])
    lines = [line for _, line in rows[:4]]
    back = profile.figures.get("sequencing_patterns.angle_return_rate")
    if back and back.n >= LEAST_TIMES and back.prior and not 1 / NOTABLE < rules.angle_return_rate / back.prior < NOTABLE:
        lines.append(
            f"Goes back to the angle before (front-side-front) {rules.angle_return_rate / back.prior:.1f} times as often as others."
        )
    return lines


def _transitions(profile: StyleProfile) -> str:
    kinds = profile.transition_preferences
    shares = {"hard cuts": kinds.hard_cut, "dissolves": kinds.quick_dissolve, "whip pans": kinds.whip_pan}
    shares |= {"dips to black": kinds.dip_to_black, "flashes": kinds.flash}
    shown = [f"{share:.0%} {name}" for name, share in sorted(shares.items(), key=lambda row: -row[1]) if share >= 0.01]
    return f"Transitions: {', '.join(shown)}{_known(profile, 'transition_preferences', 'cut')}."


def _moments(profile: StyleProfile) -> str:
    likes = profile.moment_preferences
    if profile.figures.get("moment_preferences.position", Figures(0)).n < LEAST_TIMES:
        return ""
    middle = sum((number + 0.5) / len(likes.position) * share for number, share in enumerate(likes.position))
    where = "the beginning" if middle < 0.4 else "the end" if middle > 0.6 else "the middle"
    lively = ", its liveliest part" if likes.motion_peak > 0.6 else ", a calm part" if likes.motion_peak < 0.4 else ""
    return f"Takes moments from {where} of a clip{lively}{_known(profile, 'moment_preferences.position', 'moment')}."


def _selection(profile: StyleProfile, models: StyleModels | None) -> str:
    learned = profile.learned_model
    if learned is None:
        return ""
    count = f"{learned.projects} project{'' if learned.projects == 1 else 's'} with raw clips"
    source = f"learned from {count}" if learned.projects else "hardly learned yet: no raw clips were given"
    if models is None or models.selection.features != tuple(COLUMNS):
        return f"Choice of clips ({source}) goes by {', '.join(map(_column, list(learned.feature_importance)[:4]))}."
    weights = dict(zip(models.selection.features, models.selection.weights))
    top = sorted(weights, key=lambda name: -abs(weights[name]))[:5]
    likes, shuns = ([_column(name) for name in top if (weights[name] > 0) == liked] for liked in (True, False))
    parts = [f"{words} {', '.join(names)}" for words, names in (("prefers", likes), ("avoids", shuns)) if names]
    return f"Choice of clips ({source}): {'; '.join(parts)}."


def _column(name: str) -> str:
    """A column of the selection model as an editor would call it."""
    when, _, what = name.rpartition(" x ")
    kind = next((one for one in ("shot_type_", "angle_", "motion_") if what.startswith(one) and what not in COLUMN_WORDS), "")
    words = COLUMN_WORDS.get(what) or f"{plain(what[len(kind) :])}{KIND_WORDS.get(kind, '')}"
    return f"{words} {CONTEXT_WORDS[when]}" if when in CONTEXT_WORDS else words


def differences(profile: StyleProfile) -> list[tuple[str, float, float, float]]:
    """(figure, creator's value, population's, standard errors apart), the farthest first: how far the creator differs from others."""
    base = neutral_profile()
    rows = []
    for name, one in profile.figures.items():
        value = _value(profile, name)
        other = _value(base, name) if one.prior is None else one.prior
        if value is not None and other is not None and one.std_error and one.source != "prior":
            rows.append((name, value, other, round((value - other) / one.std_error, 2)))
    return sorted(rows, key=lambda row: -abs(row[3]))


def _value(profile: StyleProfile, name: str) -> float | None:
    found: object = profile
    parts = name.split(".")
    for number, part in enumerate(parts):
        if isinstance(found, Mapping):
            found = found.get(".".join(parts[number:]))  # a key may hold a point: a number of beats
            break
        found = getattr(found, part, None)
    return float(found) if isinstance(found, (int, float)) else None
