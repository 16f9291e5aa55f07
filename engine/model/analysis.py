"""Measured facts about clips and songs. No opinions: thresholds and choices live in `engine.edit`.

The only module of the model that knows numpy, because curves are arrays.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from engine.errors import BadOption
from engine.model.song import SectionSpan
from engine.model.time import FrameRate, FrameSpan

__all__ = [
    "BeatSource",
    "Box",
    "ClipAnalysis",
    "ClipGroup",
    "Curve",
    "Face",
    "Prints",
    "SectionSpan",
    "Shot",
    "SongAnalysis",
    "Subject",
    "TempoAlternative",
]


@dataclass(frozen=True, eq=False)
class Curve:
    """One measured quantity over a clip.

    values : float32, shape (n,); sample k speaks for frames [k * step_frames, (k + 1) * step_frames) of the clip.
    NaN marks samples that could not be measured.
    """

    values: NDArray[np.float32]
    step_frames: int = 1

    def __post_init__(self) -> None:
        values = np.array(self.values, dtype=np.float32).reshape(-1)  # a private copy, then frozen
        values.setflags(write=False)
        object.__setattr__(self, "values", values)
        if self.step_frames < 1:
            raise BadOption("bad_curve", "A curve needs a step of at least one frame.")

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Curve):
            return NotImplemented
        return self.step_frames == other.step_frames and np.array_equal(self.values, other.values, equal_nan=True)

    def __hash__(self) -> int:
        return hash((self.step_frames, self.values.tobytes()))

    def within(self, span: FrameSpan) -> NDArray[np.float32]:
        """The samples that speak for any frame of `span`; empty where the curve has none."""
        if span.duration == 0:
            return self.values[:0]
        first = max(0, span.start // self.step_frames)
        last = max(0, -(-span.end // self.step_frames))
        return self.values[first:last]

    def mean(self, span: FrameSpan | None = None) -> float:
        """Mean over `span` (whole clip by default), NaN samples left out; NaN where nothing was measured."""
        part = self.values if span is None else self.within(span)
        part = part[np.isfinite(part)]
        return float(part.mean()) if part.size else float("nan")


@dataclass(frozen=True)
class Box:
    """A rectangle in the displayed picture, as shares (0 to 1) of its width and height; (x, y) is the top left corner."""

    x: float
    y: float
    width: float
    height: float

    @property
    def centre(self) -> tuple[float, float]:
        return self.x + self.width / 2, self.y + self.height / 2


@dataclass(frozen=True, eq=False)
class Prints:
    """A clip's frames as tiny pictures, by which the same frames are found again in another file (`engine.analysis.prints`).

    values : uint8, shape (n, rows, columns), luma of square cells; print k speaks for frames [k * step_frames, (k + 1) * step_frames).
    """

    values: NDArray[np.uint8]
    step_frames: int = 1

    def __post_init__(self) -> None:
        values = np.array(self.values, dtype=np.uint8)  # a private copy, then frozen
        if values.ndim != 3 or self.step_frames < 1:
            raise BadOption("bad_prints", "Prints are pictures one after another, with a step of at least one frame.")
        values.setflags(write=False)
        object.__setattr__(self, "values", values)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Prints):
            return NotImplemented
        return self.step_frames == other.step_frames and np.array_equal(self.values, other.values)

    def __hash__(self) -> int:
        return hash((self.step_frames, self.values.shape, self.values.tobytes()))


def no_prints() -> Prints:
    """Of a clip that was not looked at frame by frame."""
    return Prints(np.zeros((0, 0, 0), np.uint8))


@dataclass(frozen=True)
class Face:
    """A face seen in one frame."""

    frame: int
    box: Box
    pose: Literal["frontal", "profile"] = "frontal"
    confidence: float = 1.0


@dataclass(frozen=True)
class Subject:
    """Where the thing to look at is in one frame, and how sure that is (0 to 1)."""

    frame: int
    box: Box
    confidence: float


@dataclass(frozen=True)
class Shot:
    """Frames of one clip without a cut inside, and how the shot begins."""

    start_frame: int
    end_frame: int
    begins_with: Literal["start", "cut", "dissolve", "flash", "whip_pan"] = "start"

    @property
    def span(self) -> FrameSpan:
        return FrameSpan(self.start_frame, self.end_frame)


@dataclass(frozen=True)
class ClipAnalysis:
    """Everything measured about one clip. All shares and scores are 0 to 1; frames count from the clip's first.

    shot_type, angle, motion : probabilities over the vocabularies in `engine.model.names`, each summing to 1.
    motion_intensity : how much moves, camera and subject together.
    blur : share of lost sharpness, 0 sharp to 1 mush; `focus_blur` and `motion_blur` are its two causes.
    exposure : mean luma. color_variance : spread of colour.
    detail : fine detail at the clip's own size (not comparable between sizes; `blur` is).
    flow : motion as flow at the clip's own size sees it, heights per second (not comparable between sizes; `motion_intensity` is).
    shake_per_height : mean jerk of the camera path per frame, as a share of the picture height.
    quality_parts : named parts of `visual_quality`.
    curves : by name; always `motion`, `sharpness`, `exposure`, `shake`, `quality` (each 0 to 1) where a picture could be read.
    signatures : uint64, shape (n,); a 64-bit perceptual hash every `signature_step_frames` frames. prints : tiny pictures, for matching.
    evidence : attribute -> what its probabilities rest on. missing : evidence that was not available and why.
    """

    media_id: str
    analyser_version: str
    options: str
    rate: FrameRate
    duration_frames: int
    shots: tuple[Shot, ...]
    shot_type: Mapping[str, float]
    angle: Mapping[str, float]
    motion: Mapping[str, float]
    motion_intensity: float
    visual_quality: float
    quality_parts: Mapping[str, float]
    blur: float
    exposure: float
    shake_per_height: float
    color_variance: float
    palette: tuple[tuple[int, int, int, float], ...] = ()
    """Up to five colours: red, green, blue (0-255) and their share of the picture."""
    focus_blur: float = 0.0
    motion_blur: float = 0.0
    detail: float = 0.0
    flow: float | None = None
    white_balance: Mapping[str, float] = field(default_factory=dict)
    """How far grey is from grey, in CIELAB units: `warmth` (yellow positive, blue negative), `tint` (magenta positive, green negative)."""
    clipped: float = 0.0
    """Share of pixels burnt out or crushed."""
    lit: float | None = None
    """Mean luma of what is not black; None: as `exposure`."""
    flicker: float = 0.0
    camera: Mapping[str, float] = field(default_factory=dict)
    """Mean global motion: pan, tilt (share of picture per second), zoom (factor - 1 per second), roll (degrees per second)."""
    faces: tuple[Face, ...] = ()
    bodies: tuple[Subject, ...] = ()
    subjects: tuple[Subject, ...] = ()
    loudness_lufs: float | None = None
    speech: float | None = None
    curves: Mapping[str, Curve] = field(default_factory=dict)
    signatures: NDArray[np.uint64] = field(default_factory=lambda: np.zeros(0, np.uint64))
    signature_step_frames: int = 1
    prints: Prints = field(default_factory=no_prints)
    said_usable: bool | None = None
    """What a person said about using the clip; None: nothing."""
    said_look: str | None = None
    """What a person calls its look; None: nothing."""
    evidence: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    missing: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()

    @property
    def light(self) -> float:
        """Mean luma by which light is judged, 0 to 1: a face in good light before black is no dark clip."""
        return self.exposure if self.lit is None else self.lit

    @property
    def likely_shot_type(self) -> str:
        return _likeliest(self.shot_type)

    @property
    def likely_angle(self) -> str:
        return _likeliest(self.angle)

    @property
    def likely_motion(self) -> str:
        return _likeliest(self.motion)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, ClipAnalysis):
            return NotImplemented
        mine, theirs = dict(self.__dict__), dict(other.__dict__)
        return np.array_equal(mine.pop("signatures"), theirs.pop("signatures")) and mine == theirs

    __hash__ = None  # type: ignore[assignment]


def _likeliest(probabilities: Mapping[str, float]) -> str:
    return max(probabilities, key=lambda name: probabilities[name]) if probabilities else "unknown"


@dataclass(frozen=True)
class ClipGroup:
    """Clips that belong together; `best` is one of `members` (media ids), the others are its alternates.

    near_duplicate : the same pictures again. take : the same set-up. moment : several cameras at one time. look : same clothing and set.
    """

    kind: Literal["near_duplicate", "take", "moment", "look"]
    members: tuple[str, ...]
    best: str
    confidence: float = 1.0


BeatSource = Literal["tracked", "onsets", "even", "user"]
"""Where beats come from: found in the music, from onsets of beatless music, an even grid laid over it, or given."""


@dataclass(frozen=True)
class TempoAlternative:
    """Another tempo the song could be counted in, and its share of belief (0 to 1)."""

    bpm: float
    confidence: float


@dataclass(frozen=True)
class SongAnalysis:
    """Everything measured about one song; all times are seconds from the first sample of the decoded file.

    beats, downbeats : ascending; every downbeat is a beat. accents : one per beat, 0 to 1.
    energy : loudness over time, 0 to 1, `energy_rate_hz` samples per second from 0; energy_level : the same over the bars around, at the
    same rate. onsets, onset_strengths : when something begins to sound and how strongly (0 to 1, against the song's strongest).
    confidence : 0 to 1 that the beats are right; 0 where the grid is even because there was no beat.
    """

    media_id: str
    analyser_version: str
    options: str
    duration_s: float
    tempo_bpm: float
    tempo_alternatives: tuple[TempoAlternative, ...]
    confidence: float
    beats: tuple[float, ...]
    downbeats: tuple[float, ...]
    accents: tuple[float, ...]
    beats_per_bar: int
    beat_source: BeatSource
    sections: tuple[SectionSpan, ...]
    drops: tuple[float, ...]
    phrase_starts: tuple[float, ...]
    energy: tuple[float, ...]
    energy_rate_hz: float
    loudness_lufs: float | None = None
    notes: tuple[str, ...] = ()
    onsets: tuple[float, ...] = ()
    onset_strengths: tuple[float, ...] = ()
    energy_level: tuple[float, ...] = ()

    def energy_at(self, seconds: float) -> float:
        """Energy 0 to 1 at a time; the nearest sample, 0 where there is none."""
        if not self.energy:
            return 0.0
        index = min(len(self.energy) - 1, max(0, round(seconds * self.energy_rate_hz)))
        return self.energy[index]
