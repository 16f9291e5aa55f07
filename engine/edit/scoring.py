"""What an edit is worth, in named parts that can say why.

The objective is a sum over placements of `fit` parts, over neighbours of `pair` parts, and of what showing each angle and look once is
worth. Parts that judge a clip are weighted by the beats it is on screen, otherwise cutting more would always pay.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from engine.edit.features import clip_table
from engine.edit.grid import DROP, Grid
from engine.edit.holding import Holding
from engine.edit.job import Part
from engine.edit.likeness import likeness
from engine.edit.moments import Moment
from engine.edit.problem import IMPOSSIBLE, Cover
from engine.edit.rhythm import favours
from engine.edit.taste import DURATION_OCTAVES, KINDS, Table, Taste, loudness
from engine.model.analysis import ClipGroup
from engine.model.names import UNKNOWN
from engine.model.time import FrameSpan
from engine.model.timeline import SongUse

__all__ = ["LEVEL", "PLAIN", "WEIGHTS", "Leaning", "Scorer", "Slot"]

Array = NDArray[np.float64]

WEIGHTS: Mapping[str, float] = MappingProxyType(
    {
        "selection": 0.5,
        "quality": 1.0,
        "moment": 1.0,
        "energy": 0.8,
        "shot_type": 0.3,
        "slow_motion": 0.5,
        "hook": 1.0,
        "ending": 0.4,
        "duration": 0.9,
        "cut": 0.6,
        "variety": 1.4,
        "angle_change": 0.35,
        "size_change": 0.3,
        "motion_change": 0.15,
        "same_take": 1.6,
        "similar": 1.6,
        "coverage": 0.6,
        "novelty": 0.3,
        "asked": 1.0,
    }
)
"""Weight of each part (chosen by looking at edits of the raw set; a beat of quality is the unit). `variety`: so that the lengths of shots
spread by somewhat under the .7 octaves of people in the same music. `asked` is what an instruction adds."""
HOOK_S = 2.0
"""The first seconds decide whether people stay."""
LEVEL = 0.7
"""Quality at which a beat on screen is worth nothing: the gate below which clips are left out."""
SURE = 0.5
"""A clip counts as of an angle or size from this probability on."""
HELD_OVER_DROP = 4.0
"""What holding a shot across a drop costs, in cuts of full strength: more than any clip gains by it, so that only locks and scarce footage
hold one there."""
EMPTY_PLACE = 4.0
"""Times that showing a set again costs more where nobody is in it: a second picture of the same sea tells nothing (chosen)."""
COVER_LEAST = 2
"""Angles of which there are fewer clips are not missed (one stray detection is no angle of the shoot)."""


@dataclass(frozen=True)
class Slot:
    """A stretch of the timeline between two cut points (indices into the grid)."""

    start: int
    end: int
    beats: float
    frames: int


@dataclass(frozen=True)
class Leaning:
    """How an instruction bends the objective; the plain one bends nothing.

    pace_octaves : shots this much longer (negative: shorter). energy : worth of a beat of motion in loud music. kinds : a column of the
    features ("shot_type_close_up", say) -> worth of a beat of it. repeats : worth lost by each clip that stood there before.
    """

    pace_octaves: float = 0.0
    energy: float = 0.0
    kinds: Mapping[str, float] = field(default_factory=dict)
    repeats: Mapping[str, float] = field(default_factory=dict)
    first_frame: int = 0
    last_frame: int = 1 << 60

    def holds_at(self, frame: int) -> bool:
        return self.first_frame <= frame < self.last_frame


PLAIN = Leaning()


class Scorer:
    """Scores placements of one job.

    parts : the columns. groups : takes and looks among the clips. leanings : what instructions add, each for its stretch.
    off : names of parts that are left out. song, seed : what the rhythm is drawn for and by; without a song there is none.
    """

    def __init__(
        self,
        grid: Grid,
        taste: Taste,
        parts: Sequence[Part],
        groups: Sequence[ClipGroup],
        *,
        leanings: Sequence[Leaning] = (),
        off: Sequence[str] = (),
        song: SongUse | None = None,
        seed: int = 0,
    ) -> None:
        self.grid = grid
        self.taste = taste
        self.parts = parts
        self.leanings = leanings
        self.weights = {name: 0.0 if name in off else weight for name, weight in WEIGHTS.items()}
        self._groups = groups
        self._song, self._seed = song, seed
        self._hook_frames = HOOK_S * grid.fps
        self._moments: dict[int, _Moments] = {}
        self._fits: dict[Slot, Mapping[str, Array]] = {}

    @cached_property
    def features(self) -> Table:
        """CLIP_FEATURES of each part."""
        spans: list[FrameSpan | None] = [None if part.whole else part.table.part for part in self.parts]
        return clip_table([part.clip.analysis for part in self.parts], spans)

    @cached_property
    def contexts(self) -> Table:
        return self.grid.contexts()

    @cached_property
    def selection(self) -> Array:
        """(points, parts) the learned wish for each part at each point, moderated by how unsure it is (after MacKay 1992)."""
        return np.asarray(self.taste.selector.scores(self.features, self.contexts) / np.sqrt(1.0 + np.pi / 8.0 * self.spreads**2))

    @cached_property
    def spreads(self) -> Array:
        """(points, parts) how unsure that is."""
        return self.taste.selector.spreads(self.features, self.contexts)

    def slot(self, start: int, end: int) -> Slot:
        frames = self.grid.points[end].frame - self.grid.points[start].frame
        return Slot(start, end, self.grid.beats_between(start, end), frames)

    def moments(self, frames: int) -> _Moments:
        """The best moment of every part for a length."""
        if frames not in self._moments:
            self._moments[frames] = _Moments([part.moment(frames) for part in self.parts])
        return self._moments[frames]

    @cached_property
    def holding(self) -> Holding:
        """How long the taste holds each part."""
        known = np.nan_to_num(self.features.columns([f"shot_type_{name}" for name in KINDS["shot_type"]]))
        unknown = np.maximum(0.0, 1.0 - known.sum(axis=1, keepdims=True))  # counts as an average shot
        return Holding(self.grid, self.taste, np.concatenate([unknown, known], axis=1))

    def _pace_at(self, slot: Slot) -> float:
        frame = self.grid.points[slot.start].frame
        return next((one.pace_octaves for one in self.leanings if one.pace_octaves and one.holds_at(frame)), 0.0)

    def cut(self, slot: Slot) -> float:
        """Worth of the cut that opens a slot, less what the slot passes over."""
        points, skip = self.grid.points, self.taste.profile.pacing_patterns.beat_skip_rate
        strengths = [points[k].strength for k in range(slot.start + 1, slot.end)]
        passed = sum(max(0.0, strength - 0.2) for strength in strengths if strength < DROP)
        drops = sum(strength >= DROP for strength in strengths)
        opening = points[slot.start].strength if points[slot.start].frame else 0.5
        habit = min(1.5, max(0.0, (1.0 - skip) / 0.35))  # .35: the average's share of beats with a cut
        return opening - 0.5 * passed * habit - HELD_OVER_DROP * drops

    @cached_property
    def _favours(self) -> Array:
        """(points,) how much the rhythm's draw asks for a cut at each point: the less, the wider the style's own holds are spread."""
        if self._song is None:
            return np.zeros(len(self.grid.points))
        ease = min(1.0, (DURATION_OCTAVES / max(self.holding.octaves, 1e-3)) ** 2)
        return ease * favours(self.grid, self._song, self._seed, self.holding.middle)

    def fit_of(self, slot: Slot) -> Mapping[str, Array]:
        """`fit`, kept: the slots of an edit are asked about for every clip that might have stood there."""
        if slot not in self._fits:
            self._fits[slot] = self.fit(slot)
        return self._fits[slot]

    def fit(self, slot: Slot) -> dict[str, Array]:
        """Named parts of a slot, each (parts,), for every part that can fill it (`moments(slot.frames).able`)."""
        point, moments, weights = self.grid.points[slot.start], self.moments(slot.frames), self.weights
        per_beat = {
            "selection": weights["selection"] * self.selection[slot.start],
            "quality": weights["quality"] * (moments.quality - LEVEL),
            "moment": weights["moment"] * (moments.score - moments.quality),
            "energy": -weights["energy"] * self.taste.energy_weight * np.abs(moments.motion - self._wanted_motion(point.energy)),
            "shot_type": weights["shot_type"] * self._shot_types(point.energy),
            "slow_motion": weights["slow_motion"] * self._slow * (0.6 - point.energy),
            "asked": weights["asked"] * self._asked(point.frame, point.energy, moments),
        }
        octaves = self._pace_at(slot)
        earned = np.minimum(slot.beats, self.holding.credit(slot.start, octaves))
        beats = np.where(sum(per_beat.values()) > 0, earned, slot.beats)  # what is worth little costs as long as it is shown
        parts = {name: value * beats for name, value in per_beat.items()}
        parts["duration"] = weights["duration"] * self.holding.density(slot.start, slot.end, octaves)
        parts["cut"] = np.full(len(self.parts), weights["cut"] * self.cut(slot))
        parts["variety"] = np.full(len(self.parts), weights["variety"] * self._favours[slot.start])
        parts["novelty"] = -self._again
        if point.frame < self._hook_frames:
            parts["hook"] = weights["hook"] * (moments.score - LEVEL + 0.5 * moments.face)
        if self.grid.points[slot.end].frame == (self.grid.total or self.grid.points[-1].frame):
            parts["ending"] = weights["ending"] * (moments.quality - LEVEL + 0.5 * moments.face)
        return parts

    def _asked(self, frame: int, energy: float, moments: _Moments) -> Array:
        total = np.zeros(len(self.parts))
        for one in self.leanings:
            if not one.holds_at(frame):
                continue
            total += one.energy * energy * moments.motion
            for name, worth in one.kinds.items():
                total += worth * np.nan_to_num(self.features.column(name))
            if one.repeats:
                total -= np.array([one.repeats.get(part.clip.media.media_id, 0.0) for part in self.parts])
        return total

    @cached_property
    def _slow(self) -> Array:
        return np.array([float(part.speed < 1) for part in self.parts])

    def _wanted_motion(self, energy: float) -> float:
        rules = self.taste.profile.energy_matching
        high, low = rules.high_energy_sections.motion_preference, rules.low_energy_sections.motion_preference
        return low + (high - low) * float(loudness(np.array(energy)))

    def _shot_types(self, energy: float) -> Array:
        """(parts,) how much better than chance each shot type suits the energy: probability of the preferred one, less an even share."""
        rules = self.taste.profile.energy_matching
        wanted = (rules.high_energy_sections if energy > 0.65 else rules.low_energy_sections).preferred_shot_type
        names = KINDS["shot_type"]
        known = np.nan_to_num(self.features.columns([f"shot_type_{name}" for name in names]))
        chance = known[:, names.index(wanted)] if wanted in names else np.zeros(len(self.parts))
        return np.asarray(chance - known.sum(axis=1) / len(names))

    def values(self, slots: Sequence[tuple[int, int]]) -> Array:
        """(slots, parts) sums of all `fit` parts; IMPOSSIBLE where a part cannot fill a slot."""
        self.holding.prepare(slots, [0.0, *(one.pace_octaves for one in self.leanings)])
        rows = np.empty((len(slots), len(self.parts)))
        for row, (start, end) in enumerate(slots):
            slot = self.slot(start, end)
            able = self.moments(slot.frames).able
            rows[row] = np.where(able, sum(self.fit(slot).values()), IMPOSSIBLE)
        return rows

    @cached_property
    def pair_parts(self) -> dict[str, Array]:
        """Named parts, each (parts, parts): row a, column b is b right after a."""
        order = self.taste.order.log_odds(self.features)
        parts = {name: self.weights.get(name, 0.0) * worth for name, worth in order.items()}
        media = np.array([part.clip.media.media_id for part in self.parts])
        same = media[:, None] == media[None, :]
        takes = _numbers(self._groups, "take", media)
        together = (takes[:, None] == takes[None, :]) & (takes >= 0)[:, None]
        ways_out = np.array([_avoidable(float(np.mean(takes == take))) if take >= 0 else 1.0 for take in takes])
        parts["same_take"] = -self.weights["same_take"] * np.where(same, 1.5, together * ways_out[:, None])
        parts["similar"] = -self.weights["similar"] * likeness([part.clip.analysis for part in self.parts])
        return parts

    @property
    def pairs(self) -> Array:
        """(parts, parts) sums of all pair parts."""
        return np.asarray(sum(self.pair_parts.values()))

    @cached_property
    def angles(self) -> NDArray[np.int64]:
        """(parts,) the angle of each part, -1 where it is not sure enough to count."""
        return np.array([_sure(part.clip.analysis.angle, KINDS["angle"]) for part in self.parts])

    @cached_property
    def looks(self) -> NDArray[np.int64]:
        """(parts,) the look of each part, -1 where it belongs to none."""
        return _numbers(self._groups, "look", np.array([part.clip.media.media_id for part in self.parts]))

    @cached_property
    def sets(self) -> NDArray[np.int64]:
        """(parts,) number of the set (takes of one set-up, stretches of one clip) of each part that others show too, else -1."""
        media = [part.clip.media.media_id for part in self.parts]
        takes = _numbers(self._groups, "take", np.array(media))
        names = [f"take {take}" if take >= 0 else one for take, one in zip(takes, media)]
        uses = {name: len({part.resource for part, one in zip(self.parts, names) if one == name}) for name in set(names)}
        shared = sorted(name for name in uses if uses[name] > 1)
        return np.array([shared.index(name) if name in shared else -1 for name in names], np.int64)

    @cached_property
    def _again(self) -> Array:
        """(parts,) what showing each part's set once more costs: the most where it is only a place, whose second picture is the first."""
        people = np.array([bool(part.clip.analysis.faces or part.clip.analysis.bodies) for part in self.parts], bool)
        costs = np.zeros(len(self.parts))
        for number in np.unique(self.sets[self.sets >= 0]):
            members = self.sets == number
            costs[members] = self.weights["novelty"] * (1.0 if people[members].any() else EMPTY_PLACE) * _avoidable(members.mean())
        return costs

    def covers(self) -> tuple[Cover, ...]:
        """What showing each angle and each look of the shoot at least once is worth, and each set for the first time (`novelty`)."""
        worth = self.weights["coverage"]
        rows = []
        for number in np.unique(self.sets[self.sets >= 0]) if self.weights["novelty"] else ():
            members = [int(one) for one in np.flatnonzero(self.sets == number)]
            rows.append(Cover(f"set {number + 1}", tuple(members), float(self._again[members[0]])))
        for kind, numbers in (("angle", self.angles), ("look", self.looks)):
            for number in np.unique(numbers[numbers >= 0]):
                members = [int(one) for one in np.flatnonzero(numbers == number)]
                if worth and len({self.parts[one].clip.media.media_id for one in members}) >= COVER_LEAST:
                    name = f"{kind} {KINDS['angle'][number]}" if kind == "angle" else f"look {number + 1}"
                    rows.append(Cover(name, tuple(members), worth))
        return tuple(rows)


class _Moments:
    """One length's moments as columns over the parts."""

    def __init__(self, rows: Sequence[Moment | None]) -> None:
        self.rows = rows
        self.able = np.array([row is not None for row in rows])
        self.quality, self.motion, self.score, self.face = (
            np.array([float(getattr(row, name)) if row is not None else 0.0 for row in rows])
            for name in ("quality", "motion", "score", "has_face")
        )


def _avoidable(share: float) -> float:
    """0 to 1: how far a set that makes up this share of a shoot can be kept from following itself. Full up to a half; where there is
    nothing else no cut may cost because of it, or the edit is held instead of cut."""
    return min(1.0, 2.0 * (1.0 - share))


def _sure(chances: Mapping[str, float], names: Sequence[str]) -> int:
    likely = max(chances, key=lambda name: chances[name]) if chances else UNKNOWN
    return names.index(likely) if likely in names and chances[likely] >= SURE else -1


def _numbers(groups: Sequence[ClipGroup], kind: str, media: NDArray[np.str_]) -> NDArray[np.int64]:
    """(parts,) number of each one's group of a kind, -1 where it has none."""
    of = {member: number for number, group in enumerate(group for group in groups if group.kind == kind) for member in group.members}
    return np.array([of.get(str(one), -1) for one in media], np.int64)
