"""The wish (Brief) and the fingerprint (StyleProfile)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from engine.errors import BadOption, DocumentError
from engine.model.names import AUDIO_MODES
from engine.model.time import FrameRate, FrameSpan

__all__ = [
    "Brief",
    "ClipWish",
    "EnergyMatching",
    "EnergyRule",
    "FigureSource",
    "Figures",
    "LearnedModel",
    "LinearModel",
    "MomentPreferences",
    "PacingPatterns",
    "QualityThresholds",
    "SequencingPatterns",
    "ShotPatterns",
    "Sliders",
    "StyleModels",
    "StyleProfile",
    "StyleRange",
    "TransitionPreferences",
    "Work",
]


MOST_KEY = 1000.0
"""Frames and beats beyond which no figure of a style can lie."""
MOMENT_PARTS = 10
MOST_WEIGHT, MOST_NUMBER = 1e6, 10**6
"""Log odds and versions beyond which a model is broken: sums of them must stay numbers, and a database has to hold them."""
AGAIN = "Learn it again, or ask for it again."


def _numbered(name: str, shares: Mapping[str, float], low: float, high: float) -> None:
    """Raises `DocumentError` where the keys of a table are no numbers from `low` to `high`."""
    for key in shares:
        try:
            known = low <= float(key) <= high  # False for NaN
        except ValueError:
            known = False
        if not known:
            raise DocumentError("document_invalid", f"pacing_patterns.{name}: {key[:20]!r} is no number that it could have.", AGAIN)


@dataclass(frozen=True)
class ClipWish:
    """A clip the user names, and the part of it that is meant (None: any part), in source frames."""

    media_id: str
    span: FrameSpan | None = None


@dataclass(frozen=True)
class Brief:
    """What is asked of an edit. Everything that shapes the result beside footage, song and profile stands here.

    duration_frames : frames at `rate`. seed : decides between equals; the same brief gives the same edit.
    song_start_s : second of the song at frame 0; None lets the engine choose. looks : "together" (once left, a look does not come back),
    "each" (every one is shown), or "".
    shortest_s, longest_s : of a shot; None is the engine's own. without : parts of the objective left out.
    """

    rate: FrameRate
    width: int
    height: int
    duration_frames: int
    seed: int = 0
    creator_id: str | None = None
    audio: str = "song"
    song_start_s: float | None = None
    song_loop: bool = False
    song_join: bool = False
    must_use: tuple[ClipWish, ...] = ()
    avoid: tuple[ClipWish, ...] = ()
    first: ClipWish | None = None
    last: ClipWish | None = None
    slow_motion: bool = False
    draft: bool = False
    looks: str = ""
    shortest_s: float | None = None
    longest_s: float | None = None
    without: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if self.duration_frames < 1:
            raise BadOption("bad_duration", "An edit needs at least one frame.", "Give --duration in seconds, for example 30.")
        if self.width < 2 or self.height < 2 or self.width % 2 or self.height % 2:
            raise BadOption("bad_size", f"{self.width}x{self.height} is no usable picture size.", "Use even numbers.")
        if self.audio not in AUDIO_MODES:
            raise BadOption("bad_audio", f"{self.audio!r} is no audio mode.", f"Use one of {', '.join(AUDIO_MODES)}.")


FigureSource = Literal["prior", "mostly_prior", "blend", "creator"]


@dataclass(frozen=True)
class Figures:
    """How well one figure of a profile is known.

    n : observations it rests on. std_error : in the figure's own unit; None where there is none.
    source : the prior alone, mostly the prior (more than half), the two blended (shrunk), or the creator (four fifths and more).
    prior : the population's value.
    """

    n: int
    std_error: float | None = None
    source: FigureSource = "prior"
    prior: float | None = None


@dataclass(frozen=True)
class ShotPatterns:
    """Lengths in seconds; `shot_length_distribution` = p10, p25, p50, p75, p90; `shot_types` sums to 1."""

    avg_shot_length: float
    shot_length_std: float
    shot_length_distribution: tuple[float, float, float, float, float]
    shot_types: Mapping[str, float]


@dataclass(frozen=True)
class SequencingPatterns:
    """`angle_transitions` and `shot_type_transitions`: "front_to_side" -> probability of the second given the first.

    angle_return_rate, shot_type_return_rate : share of changes after which the third shot is like the first again (A-B-A).
    """

    angle_transitions: Mapping[str, float]
    same_angle_repeat_rate: float
    max_same_angle_streak: int
    shot_type_transitions: Mapping[str, float] = field(default_factory=dict)
    motion_transitions: Mapping[str, float] = field(default_factory=dict)
    angle_return_rate: float = 1 / 3
    shot_type_return_rate: float = 1 / 3


@dataclass(frozen=True)
class PacingPatterns:
    """Holds are seconds.

    beat_offset_frames : offset of cuts to their beat in frames at 30 fps (negative: early) -> share.
    duration_beats : shot length in beats ("1", "2", "4") -> share. on_beat_rate : share of cuts within 70 ms of a beat.
    bar_cut_rate : share of cuts on bar lines, section starts and drops.
    """

    cuts_per_beat: float
    beat_skip_rate: float
    hold_duration_close_up: float
    hold_duration_medium: float
    hold_duration_wide: float
    beat_offset_frames: Mapping[str, float] = field(default_factory=dict)
    duration_beats: Mapping[str, float] = field(default_factory=dict)
    on_beat_rate: float = 1.0
    bar_cut_rate: float = 0.5

    def __post_init__(self) -> None:
        _numbered("beat_offset_frames", self.beat_offset_frames, -MOST_KEY, MOST_KEY)
        _numbered("duration_beats", self.duration_beats, 0.0, MOST_KEY)


@dataclass(frozen=True)
class EnergyRule:
    """How a stretch of that energy is cut; `cut_frequency` is one of `names.CUT_FREQUENCIES`."""

    preferred_shot_type: str
    cut_frequency: str
    motion_preference: float


@dataclass(frozen=True)
class EnergyMatching:
    high_energy_sections: EnergyRule
    low_energy_sections: EnergyRule


@dataclass(frozen=True)
class TransitionPreferences:
    """Shares of transition types; they sum to 1."""

    hard_cut: float = 1.0
    quick_dissolve: float = 0.0
    whip_pan: float = 0.0
    dip_to_black: float = 0.0
    flash: float = 0.0


@dataclass(frozen=True)
class QualityThresholds:
    """Gates on clips, 0 to 1; the contract's defaults."""

    min_visual_quality: float = 0.70
    max_motion_blur: float = 0.30
    min_exposure: float = 0.20
    max_exposure: float = 0.95


@dataclass(frozen=True)
class MomentPreferences:
    """Which part of a take is chosen: shares over ten equal parts of the clip, and the pull of a motion peak (0 to 1)."""

    position: tuple[float, ...] = (0.1,) * 10
    motion_peak: float = 0.5
    face: float = 0.5

    def __post_init__(self) -> None:
        if len(self.position) != MOMENT_PARTS:
            raise DocumentError("document_invalid", f"moment_preferences.position has {len(self.position)} parts, not 10.", AGAIN)


@dataclass(frozen=True)
class LearnedModel:
    """Trained models beside the statistics; `model_path` is relative to the profile: JSON, never pickle.

    version : counts up with every training. projects : sessions and old projects it learned selection from.
    """

    model_type: str
    model_path: str
    feature_importance: Mapping[str, float]
    version: int = 1
    projects: int = 0


@dataclass(frozen=True)
class StyleRange:
    """What a creator's own works span in one dimension of style: p10 to p90 over `n` works, and their median."""

    low: float
    high: float
    median: float
    n: int


@dataclass(frozen=True)
class Sliders:
    """What a person asks for on top of what was learned, each -1 to 1; 0 leaves the style as it is.

    pace : slower to quicker. energy : calmer to livelier. beat : freer to stricter on the beat. transitions : harder to softer.
    """

    pace: float = 0.0
    energy: float = 0.0
    beat: float = 0.0
    transitions: float = 0.0

    def __post_init__(self) -> None:
        for name, value in self.__dict__.items():
            if not -1.0 <= value <= 1.0:
                raise BadOption("bad_slider", f"{name} cannot be {value:g}.", "Sliders go from -1 to 1.")


@dataclass(frozen=True)
class LinearModel:
    """log odds = bias + sum of weights * (feature - centre) / scale. covariance : of the weights, row after row; empty where unknown."""

    features: tuple[str, ...]
    centre: tuple[float, ...]
    scale: tuple[float, ...]
    weights: tuple[float, ...]
    covariance: tuple[float, ...] = ()
    bias: float = 0.0

    def __post_init__(self) -> None:
        size = len(self.features)
        whole = len(self.centre) == len(self.scale) == len(self.weights) == size and len(self.covariance) in (0, size * size)
        numbers = (self.centre, self.scale, self.weights, self.covariance, (self.bias,))
        if any(abs(value) > MOST_WEIGHT for row in numbers for value in row):
            raise DocumentError("document_invalid", "A linear model's numbers are beyond all measure.", AGAIN)
        if not whole or size > 500 or any(value <= 0 for value in self.scale):
            raise DocumentError("document_invalid", "A linear model needs a centre, a scale and a weight per feature.", "Learn it again.")


@dataclass(frozen=True)
class StyleModels:
    """What was trained beside the statistics: who is chosen (`selection`) and when it is cut (`pace`), linear around the prior.

    *_trees : xgboost's own JSON of the residual on that margin; empty where it did not help on works it had not seen.
    calibration : slope and intercept that turn a selection score into the chance that a clip is used.
    """

    creator_id: str
    number: int
    selection: LinearModel
    pace: LinearModel
    selection_trees: Mapping[str, Any] = field(default_factory=dict)
    pace_trees: Mapping[str, Any] = field(default_factory=dict)
    calibration: tuple[float, float] = (1.0, 0.0)
    projects: int = 0
    shots: int = 0
    notes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if self.number > MOST_NUMBER or any(abs(value) > MOST_WEIGHT for value in self.calibration):
            raise DocumentError("document_invalid", "Models with such numbers are none.", AGAIN)


@dataclass(frozen=True)
class Work:
    """A finished work the profile was learned from."""

    name: str
    media_id: str
    shots: int
    kind: Literal["video", "project", "timeline", "session"] = "video"
    left_out: bool = False


@dataclass(frozen=True)
class StyleProfile:
    """A creator's fingerprint. Without a creator it is the neutral prior (`creator_id` None).

    figures : dotted field name ("pacing_patterns.cuts_per_beat") -> how well it is known.
    ranges : dimension of style -> what the creator's works span. sliders : the person's wish, applied when an edit is made.
    """

    creator_id: str | None
    trained_on_videos: int
    last_updated: str
    shot_patterns: ShotPatterns
    sequencing_patterns: SequencingPatterns
    pacing_patterns: PacingPatterns
    energy_matching: EnergyMatching
    transition_preferences: TransitionPreferences = TransitionPreferences()
    quality_thresholds: QualityThresholds = QualityThresholds()
    learned_model: LearnedModel | None = None
    moment_preferences: MomentPreferences = MomentPreferences()
    figures: Mapping[str, Figures] = field(default_factory=dict)
    ranges: Mapping[str, StyleRange] = field(default_factory=dict)
    sliders: Sliders = Sliders()
    works: tuple[Work, ...] = ()
    notes: tuple[str, ...] = ()
    extra: Mapping[str, Any] = field(default_factory=dict)
