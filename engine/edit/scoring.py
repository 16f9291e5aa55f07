"""What an edit is worth, in named parts that can say why.

The objective is a sum over placements of `unary` parts and over neighbours of `pair` parts. Parts that judge a clip are weighted by
the beats it is on screen, otherwise cutting more would always pay.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from engine.edit.footage import ClipInput
from engine.edit.grid import CutPoint, Grid, target_beats
from engine.edit.moments import Moment
from engine.model.analysis import ClipGroup
from engine.model.names import UNKNOWN
from engine.model.style import StyleProfile

__all__ = ["WEIGHTS", "Scorer", "Slot"]

WEIGHTS = {
    "moment": 1.0,
    "energy": 0.8,
    "shot_type": 0.3,
    "hook": 1.0,
    "ending": 0.4,
    "duration": 0.9,
    "cut": 0.6,
    "angle_change": 0.35,
    "size_change": 0.3,
    "same_take": 1.6,
    "similar": 0.5,
}
"""Weight of each part (chosen by looking at edits of the raw set; `moment` is the unit)."""
HOOK_S = 2.0
"""The first seconds decide whether people stay."""
DURATION_OCTAVES = 0.7
"""Spread of shot lengths around the target, in octaves of beats (sd of log length in short form .96 natural = 1.4 octaves, half of it
explained by energy and tempo)."""


@dataclass(frozen=True)
class Slot:
    """A stretch of the timeline between two cut points (indices into the grid)."""

    start: int
    end: int
    beats: float
    frames: int


class Scorer:
    """Scores placements of one job."""

    def __init__(self, grid: Grid, profile: StyleProfile, groups: Sequence[ClipGroup], bpm: float, fps: float) -> None:
        self.grid = grid
        self._profile = profile
        self._targets = [target_beats(profile, point.energy, bpm) for point in grid.points]
        self._hook_frames = HOOK_S * fps
        self._takes = _group_of(groups, "take")
        self._looks = _group_of(groups, "look")

    def slot(self, start: int, end: int) -> Slot:
        frames = self.grid.points[end].frame - self.grid.points[start].frame
        return Slot(start, end, self.grid.beats_between(start, end), frames)

    def rhythm(self, slot: Slot) -> dict[str, float]:
        """Parts that hold whichever clip fills the slot: its length, and the cut that opens it."""
        point = self.grid.points[slot.start]
        octaves = math.log2(max(slot.beats, 0.1) / self._targets[slot.start])
        passed = sum(self.grid.points[k].strength - 0.2 for k in range(slot.start + 1, slot.end))
        opening = point.strength if slot.start else 0.5
        return {
            "duration": -WEIGHTS["duration"] * 0.5 * (octaves / DURATION_OCTAVES) ** 2,
            "cut": WEIGHTS["cut"] * (opening - 0.5 * max(0.0, passed)),
        }

    def fit(self, slot: Slot, clip: ClipInput, moment: Moment) -> dict[str, float]:
        """Parts of a clip's moment in a slot."""
        point = self.grid.points[slot.start]
        parts = {
            "moment": WEIGHTS["moment"] * (moment.score - 0.7),
            "energy": -WEIGHTS["energy"] * abs(moment.motion - self._wanted_motion(point)),
            "shot_type": WEIGHTS["shot_type"] * self._shot_type(clip, point),
        }
        parts = {name: value * slot.beats for name, value in parts.items()}
        if point.frame < self._hook_frames:
            parts["hook"] = WEIGHTS["hook"] * (moment.score - 0.7 + 0.5 * moment.has_face)
        if slot.end == len(self.grid.points) - 1:
            parts["ending"] = WEIGHTS["ending"] * (moment.quality - 0.7 + 0.5 * moment.has_face)
        return parts

    def pair(self, before: ClipInput, after: ClipInput) -> dict[str, float]:
        """Parts of two clips that follow each other."""
        a, b = before.analysis, after.analysis
        rules = self._profile.sequencing_patterns
        angle = _log_odds(rules.angle_transitions, a.likely_angle, b.likely_angle, 4)
        size = _log_odds(rules.shot_type_transitions, a.likely_shot_type, b.likely_shot_type, 4)
        same_media = a.media_id == b.media_id
        same_take = same_media or _shared(self._takes, a.media_id, b.media_id)
        alike = _likeness(a.palette, b.palette)
        return {
            "angle_change": WEIGHTS["angle_change"] * angle,
            "size_change": WEIGHTS["size_change"] * size,
            "same_take": -WEIGHTS["same_take"] * (1.5 if same_media else 1.0) * same_take,
            "similar": -WEIGHTS["similar"] * alike,
        }

    def _wanted_motion(self, point: CutPoint) -> float:
        rules = self._profile.energy_matching
        high, low = rules.high_energy_sections.motion_preference, rules.low_energy_sections.motion_preference
        return low + (high - low) * min(1.0, max(0.0, (point.energy - 0.4) / 0.5))

    def _shot_type(self, clip: ClipInput, point: CutPoint) -> float:
        """How much better than chance the clip's shot type suits the energy: probability of the preferred one, less a quarter."""
        rules = self._profile.energy_matching
        wanted = (rules.high_energy_sections if point.energy > 0.65 else rules.low_energy_sections).preferred_shot_type
        probabilities = clip.analysis.shot_type
        return (probabilities.get(wanted, 0.0) - 0.25) * (1.0 - probabilities.get(UNKNOWN, 0.0))


def _group_of(groups: Sequence[ClipGroup], kind: str) -> Mapping[str, int]:
    return {member: number for number, group in enumerate(groups) if group.kind == kind for member in group.members}


def _shared(groups: Mapping[str, int], a: str, b: str) -> bool:
    return a in groups and groups[a] == groups.get(b)


def _log_odds(table: Mapping[str, float], a: str, b: str, names: int) -> float:
    """Log of how much more often than by chance b follows a, within [-1, 1]; 0 where either is unknown."""
    if UNKNOWN in (a, b):
        return 0.0
    share = table.get(f"{a}_to_{b}", 1.0 / names)
    return max(-1.0, min(1.0, math.log(max(share, 1e-3) * names)))


def _likeness(a: Sequence[tuple[int, int, int, float]], b: Sequence[tuple[int, int, int, float]]) -> float:
    """0 to 1: how alike two palettes are, by the distance of each colour to the nearest of the other, weighted by share."""
    if not a or not b:
        return 0.0
    total = sum(share * min(math.dist((r, g, bl), other[:3]) for other in b) for r, g, bl, share in a)
    return math.exp(-total / 60.0)
