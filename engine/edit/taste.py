"""What a creator likes, as the engine asks for it: named facts go in as tables, worth comes out, always in the same units.

Scoring knows these Protocols only. `neutral_taste` answers them from a StyleProfile's figures; learned models answer them better.
All worths are log odds against what people do on average: 0 knows nothing, 1 makes a choice e times as likely.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from engine.model.names import ANGLES, MOTIONS, SHOT_TYPES, UNKNOWN
from engine.model.style import StyleProfile

__all__ = [
    "CLIP_FEATURES",
    "CONTEXT_FEATURES",
    "HOLD_FEATURES",
    "Correction",
    "Order",
    "Pace",
    "Selector",
    "Table",
    "Taste",
    "neutral_taste",
    "target_beats",
]

Array = NDArray[np.float64]

KINDS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "shot_type": tuple(name for name in SHOT_TYPES if name != UNKNOWN),
        "angle": tuple(name for name in ANGLES if name != UNKNOWN),
        "motion": MOTIONS,
    }
)
"""Attribute -> its known values, in the order of their columns."""

CLIP_FEATURES = (
    *("visual_quality", "sharpness", "exposure", "blur", "shake_per_height", "motion_intensity", "motion_early", "color_variance"),
    *("clipped", "flicker", "face", "face_height", "subject", "speech", "camera_pan", "camera_tilt", "camera_zoom"),
    *("saturation", "warmth", "clip_length_s", "position"),
    *(f"{kind}_{name}" for kind, values in KINDS.items() for name in values),
)
"""Columns of a table of clips or moments (`engine.edit.features`), 0 to 1 unless the name has a unit; NaN where nothing was measured.

motion_early : motion of the first third less that of the whole. face : whether one is in the picture; face_height : the largest
one's share of the height. camera_* : absolute speeds in picture widths, heights and factors a second.
warmth : red less blue of the palette, -1 to 1. position : middle of the moment in its clip.
shot_type_*, angle_*, motion_* : probabilities (their sum is below 1 by what is unknown).
"""
CONTEXT_FEATURES = ("energy", "energy_rise", "strength", "position", "time_s", "is_first", "drop", "break")
"""Columns of a table of cut points: energy 0 to 1 over the second that follows, its rise over the second before, how much the music
asks for a cut (0 to 1), share of the edit that has passed, seconds, and whether it opens the edit, lies in a drop, in a break."""
HOLD_FEATURES = ("beats", "seconds", "energy", "energy_rise", "opening_strength", "closing_strength", "position", "bpm")
"""Columns of a table of stretches between two cut points that one shot may hold."""


@dataclass(frozen=True, eq=False)
class Table:
    """Named columns: float64 (rows, len(names)); NaN where unknown."""

    names: tuple[str, ...]
    values: Array

    def __post_init__(self) -> None:
        assert self.values.ndim == 2 and self.values.shape[1] == len(self.names)

    def __len__(self) -> int:
        return int(self.values.shape[0])

    def column(self, name: str) -> Array:
        """(rows,) one column."""
        return self.values[:, self.names.index(name)]

    def columns(self, names: Sequence[str]) -> Array:
        """(rows, len(names)) several columns."""
        return self.values[:, [self.names.index(name) for name in names]]


class Selector(Protocol):
    """How much the creator wants a clip at a cut point."""

    def scores(self, clips: Table, contexts: Table) -> Array:
        """(contexts, clips) log odds that a clip is used there rather than another one of the shoot."""
        ...

    def spreads(self, clips: Table, contexts: Table) -> Array:
        """(contexts, clips) standard error of the same scores; 0 where they are exact."""
        ...


class Pace(Protocol):
    """How long the creator holds a shot."""

    def hold(self, holds: Table) -> Array:
        """(holds,) log density of ending there, less that of the likeliest hold in such music: at most about 0."""
        ...


class Order(Protocol):
    """What the creator lets follow what."""

    def log_odds(self, clips: Table) -> Mapping[str, Array]:
        """Named parts, each (clips, clips): row a, column b is the log odds of b right after a, against what people do on average."""
        ...


@dataclass(frozen=True)
class Correction:
    """What people kept of clips that the engine was so sure of: points `raw` -> `kept`, both 0 to 1 and ascending, linear in between.

    clips, sessions : how many it rests on.
    """

    raw: tuple[float, ...]
    kept: tuple[float, ...]
    clips: int
    sessions: int

    def of(self, raw: float) -> float:
        """The share kept of clips of that raw confidence."""
        return float(np.interp(raw, self.raw, self.kept))


@dataclass(frozen=True)
class Taste:
    """Everything scoring asks of a style.

    beat_offset_s : cuts lie this much after their beat (negative: before it). beat_offsets_s : a creator's usual offsets, equally often,
    where he varies them; empty: all as `beat_offset_s`. energy_weight : how much motion goes with the music, 1 for people on average.
    slow_motion : high-speed takes are shown slowly.
    size_hold : shot type -> how much longer than average it is held, in octaves. moment_weights : part of a moment -> weight
    (`engine.edit.moments.PARTS`) where a creator's differ. correction : sets confidence right by what people kept, where that is known.
    """

    profile: StyleProfile
    selector: Selector
    pace: Pace
    order: Order
    beat_offset_s: float = 0.0
    beat_offsets_s: tuple[float, ...] = ()
    energy_weight: float = 1.0
    slow_motion: bool = False
    size_hold: Mapping[str, float] = field(default_factory=dict)
    moment_weights: Mapping[str, float] = field(default_factory=dict)
    correction: Correction | None = None


def neutral_taste(profile: StyleProfile) -> Taste:
    """A profile's own figures as a taste: what it says about pace, order and offset, and no opinion about single clips."""
    return Taste(
        profile,
        NoSelector(),
        ProfilePace(profile),
        ProfileOrder(profile),
        beat_offset_s=_offset_s(profile.pacing_patterns.beat_offset_frames),
        size_hold=_size_hold(profile),
    )


class NoSelector:
    """Knows nothing about single clips."""

    def scores(self, clips: Table, contexts: Table) -> Array:
        return np.zeros((len(contexts), len(clips)))

    def spreads(self, clips: Table, contexts: Table) -> Array:
        return np.zeros((len(contexts), len(clips)))


FREQUENCY_BEATS = MappingProxyType(
    {"every_half_beat": 0.5, "every_beat": 1.0, "every_2_beats": 2.0, "every_4_beats": 4.0, "every_8_beats": 8.0}
)
SLOW_BPM, QUICK_BPM = 80.0, 150.0
"""Outside these a beat is felt at the double or half of its tempo, so holds in beats are halved or doubled."""
DURATION_OCTAVES = 0.7
"""Spread of shot lengths around the target, in octaves of beats (sd of log length in short form .96 natural = 1.4 octaves, half of it
explained by energy and tempo)."""
BAR_ODDS, BAR_STEP = math.log(2.0), 0.3
"""A bar line is taken twice as readily as another beat, of .3 less strength (chosen: published music videos prefer downbeats, by how much
depends on genre)."""
TYPICAL_STRENGTH = 0.28
"""Mean of what the music asks for over a bar of four (.5 on the first beat, .2 on the others)."""
QUIET, LOUD = 0.4, 0.9
"""Energies at which the profile's rules for low and high energy hold whole; between them they mix."""


def loudness(energy: Array) -> Array:
    """0 where the rule for quiet music holds, 1 where the one for loud does."""
    return np.clip((energy - QUIET) / (LOUD - QUIET), 0.0, 1.0)


def target_beats(profile: StyleProfile, energy: Array, bpm: Array) -> Array:
    """How long a shot should hold, in beats: the profile's mean hold, shorter or longer as its rules for loud and quiet differ."""
    rules = profile.energy_matching
    high = math.log2(FREQUENCY_BEATS.get(rules.high_energy_sections.cut_frequency, 2.0))
    low = math.log2(FREQUENCY_BEATS.get(rules.low_energy_sections.cut_frequency, 4.0))
    middle = -math.log2(max(profile.pacing_patterns.cuts_per_beat, 1e-3))
    beats = 2.0 ** (middle + (high - low) * (loudness(energy) - 0.5))
    if profile.creator_id is None:  # a creator's own habit already fits the tempos he uses
        beats = beats * np.where(bpm < SLOW_BPM, 0.5, np.where(bpm > QUICK_BPM, 2.0, 1.0))
    return np.maximum(0.5, beats)


@dataclass(frozen=True)
class ProfilePace:
    """Log-normal holds around `target_beats` that end more readily where the music asks for it."""

    profile: StyleProfile

    def hold(self, holds: Table) -> Array:
        target = target_beats(self.profile, holds.column("energy"), holds.column("bpm"))
        octaves = np.log2(np.maximum(holds.column("beats"), 0.1) / target)
        closing = np.nan_to_num(holds.column("closing_strength"), nan=TYPICAL_STRENGTH)
        return np.asarray(-0.5 * (octaves / DURATION_OCTAVES) ** 2 + BAR_ODDS * (closing - TYPICAL_STRENGTH) / BAR_STEP)


@dataclass(frozen=True)
class ProfileOrder:
    """The profile's transition shares against equal ones, expected over what each clip may be; nothing where it is unknown."""

    profile: StyleProfile

    def log_odds(self, clips: Table) -> Mapping[str, Array]:
        rules = self.profile.sequencing_patterns
        tables = {"angle": rules.angle_transitions, "shot_type": rules.shot_type_transitions, "motion": rules.motion_transitions}
        parts = {"angle": "angle_change", "shot_type": "size_change", "motion": "motion_change"}
        return {parts[kind]: _expected(clips, kind, tables[kind]) for kind in parts}


def _expected(clips: Table, kind: str, shares: Mapping[str, float]) -> Array:
    """(clips, clips) mean log odds over both clips' possible values of an attribute, each within -1 and 1."""
    names = KINDS[kind]
    chances = np.nan_to_num(clips.columns([f"{kind}_{name}" for name in names]))
    even = 1.0 / len(names)
    odds = [[math.log(max(shares.get(f"{a}_to_{b}", even), 1e-3) / even) for b in names] for a in names]
    return np.asarray(chances @ np.clip(odds, -1.0, 1.0) @ chances.T)


def _offset_s(frames_at_30: Mapping[str, float]) -> float:
    """The median of the offsets, in seconds: robust against the few cuts that lie anywhere."""
    rows = sorted((float(offset), share) for offset, share in frames_at_30.items() if share > 0)
    half, passed = sum(share for _, share in rows) / 2, 0.0
    for offset, share in rows:
        passed += share
        if passed >= half:
            return offset / 30.0
    return 0.0


def _size_hold(profile: StyleProfile) -> Mapping[str, float]:
    pacing = profile.pacing_patterns
    holds = {"close_up": pacing.hold_duration_close_up, "medium": pacing.hold_duration_medium, "wide": pacing.hold_duration_wide}
    logs = {name: math.log2(max(hold, 0.05)) for name, hold in holds.items()}
    shares = {name: profile.shot_patterns.shot_types.get(name, 0.0) + 1e-6 for name in logs}
    mean = sum(logs[name] * shares[name] for name in logs) / sum(shares.values())
    return MappingProxyType({name: value - mean for name, value in logs.items()})
