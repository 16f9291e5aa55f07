"""Finished works as examples: what was shown, when, on which beat, and what was left out."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from engine.errors import DocumentError

__all__ = ["MOST_SHOTS", "BeatGrid", "FinishedShot", "FinishedWork", "RawClip", "RawUse", "WorkKind"]

WorkKind = Literal["video", "project", "timeline", "session"]

MOST_SHOTS = 20_000
"""A work with more shots is refused (chosen: three hours at half a second each)."""


MOST_FACT = 1e9
"""Facts of clips are shares, rates and seconds; squares of them have to stay numbers."""
HASH = re.compile(r"[0-9a-f]{16}")


@dataclass(frozen=True)
class RawUse:
    """Where a finished shot comes from: seconds of the raw clip, and how sure that is (0 to 1)."""

    media_id: str
    start_s: float
    end_s: float
    speed: float = 1.0
    mirrored: bool = False
    confidence: float = 1.0


@dataclass(frozen=True)
class FinishedShot:
    """One shot of a finished work.

    begins_with : one of `names.CUT_KINDS`. shot_type, angle, motion : probabilities. features : `engine.edit.taste.CLIP_FEATURES` that
    were measured. offset_s : the opening cut against its nearest beat (negative: early). beats : length in beats. energy : 0 to 1 over
    the shot, energy_rise against the second before it; strength : how much the music asks for the opening cut, 0 to 1. None: no music.
    """

    start_s: float
    duration_s: float
    begins_with: str = "hard_cut"
    shot_type: Mapping[str, float] = field(default_factory=dict)
    angle: Mapping[str, float] = field(default_factory=dict)
    motion: Mapping[str, float] = field(default_factory=dict)
    features: Mapping[str, float] = field(default_factory=dict)
    energy: float | None = None
    energy_rise: float | None = None
    strength: float | None = None
    beats: float | None = None
    offset_s: float | None = None
    used: RawUse | None = None


@dataclass(frozen=True)
class RawClip:
    """A clip that lay on the table. features : `engine.edit.taste.CLIP_FEATURES` that were measured, and `lit`, by which light is judged.
    group : clips of one number are near-duplicates of each other."""

    media_id: str
    file: str
    duration_s: float
    features: Mapping[str, float]
    used: bool
    group: int | None = None


@dataclass(frozen=True)
class BeatGrid:
    """The beats under a work: seconds from its start; per beat how much the music asks for a cut and the energy that follows, 0 to 1."""

    bpm: float
    confidence: float
    times_s: tuple[float, ...] = ()
    strengths: tuple[float, ...] = ()
    energies: tuple[float, ...] = ()

    def __post_init__(self) -> None:
        if not len(self.times_s) == len(self.strengths) == len(self.energies):
            raise DocumentError("document_invalid", "A beat grid needs a strength and an energy for each beat.", "Learn the work again.")
        if any(b < a for a, b in zip(self.times_s, self.times_s[1:])):
            raise DocumentError("document_invalid", "The beats of a grid are not in order.", "Learn the work again.")


@dataclass(frozen=True)
class FinishedWork:
    """A finished work as it was learned from.

    signature : 64-bit perceptual hashes as 16 hex digits, two a second: the same work in another encoding has nearly the same ones.
    misfit : why it does not look like the creator's other works. left_out : kept, but not learned from.
    """

    name: str
    media_id: str
    kind: WorkKind
    duration_s: float
    width: int
    height: int
    fps: float
    shots: tuple[FinishedShot, ...]
    grid: BeatGrid | None = None
    raw: tuple[RawClip, ...] = ()
    signature: tuple[str, ...] = ()
    speech: float | None = None
    learned_at: str = ""
    misfit: tuple[str, ...] = ()
    left_out: bool = False
    notes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if not 1 <= len(self.shots) <= MOST_SHOTS:
            raise DocumentError("document_invalid", f"A work cannot have {len(self.shots)} shots.", "Learn the work again.")
        if any(HASH.fullmatch(one) is None for one in self.signature):
            raise DocumentError("document_invalid", f"A signature of {self.name[:80]!r} is no 16 hex digits.", "Learn the work again.")
        rows = [*(shot.features for shot in self.shots), *(clip.features for clip in self.raw)]
        if any(abs(value) > MOST_FACT for row in rows for value in row.values()):
            raise DocumentError("document_invalid", f"Facts of {self.name[:80]!r} are beyond all measure.", "Learn the work again.")
