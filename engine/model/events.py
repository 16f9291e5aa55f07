"""Telemetry: what happened to an edit, one frozen dataclass per kind of event.

Events are kept locally and never leave the machine by themselves. `EVENTS` maps the guide's action names to their types.
"""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType

__all__ = [
    "EVENTS",
    "ClipChanged",
    "ClipDeleted",
    "ClipDisabled",
    "ClipInserted",
    "ClipLocked",
    "ClipReframed",
    "ClipReordered",
    "ClipReplaced",
    "ClipRetimed",
    "ClipSlipped",
    "ClipSplit",
    "ClipTrimmed",
    "ClipUnlocked",
    "EditGenerated",
    "Event",
    "Redone",
    "RegenerateRequested",
    "TimelineExported",
    "TimelineRated",
    "TimelineRendered",
    "TimelineReviewed",
    "Undone",
]


@dataclass(frozen=True)
class Event:
    """What every event has: when (ISO 8601), in which project and revision, through which door."""

    timestamp: str
    project_id: str
    revision: int
    door: str = "cli"
    creator_id: str | None = None


@dataclass(frozen=True)
class EditGenerated(Event):
    """The engine made an edit: the start of a session. `confidences` : in each of `clip_ids`, in the order of the edit;
    `raw_confidences` : the same as reckoned, before what people kept set it right.
    """

    clips: int = 0
    duration_s: float = 0.0
    seconds_taken: float = 0.0
    mean_confidence: float = 0.0
    clip_ids: tuple[str, ...] = ()
    confidences: tuple[float, ...] = ()
    raw_confidences: tuple[float, ...] = ()


@dataclass(frozen=True)
class RegenerateRequested(Event):
    """A section (edit seconds; the whole where None) was asked again. `instruction` is one of `names.INSTRUCTIONS`."""

    instruction: str = "regenerate_section"
    section_start: float | None = None
    section_end: float | None = None
    locked_clips: int = 0


@dataclass(frozen=True)
class ClipChanged(Event):
    """What every change of one clip has."""

    clip_id: str = ""
    media_id: str = ""
    ai_confidence: float | None = None


@dataclass(frozen=True)
class ClipDeleted(ClipChanged):
    """`reason_selected` is one of `names.DELETE_REASONS`, None when none was given."""

    reason_selected: str | None = None
    text: str = ""


@dataclass(frozen=True)
class ClipReordered(ClipChanged):
    from_position: int = 0
    to_position: int = 0


@dataclass(frozen=True)
class ClipTrimmed(ClipChanged):
    """Frames taken off (positive) or added (negative) at head and tail."""

    head_frames: int = 0
    tail_frames: int = 0


@dataclass(frozen=True)
class ClipSlipped(ClipChanged):
    """The same slot shows the source this many source frames later."""

    by_frames: int = 0


@dataclass(frozen=True)
class ClipReframed(ClipChanged):
    """Another part of the picture fills the frame: where it begins, and in how many keys it moves (0: less than the frame is filled)."""

    x: float = 0.0
    y: float = 0.0
    width: float = 1.0
    height: float = 1.0
    keys: int = 0


@dataclass(frozen=True)
class ClipReplaced(ClipChanged):
    new_media_id: str = ""
    new_source_start_frame: int = 0


@dataclass(frozen=True)
class ClipInserted(ClipChanged):
    position: int = 0
    source_start_frame: int = 0
    duration_frames: int = 0


@dataclass(frozen=True)
class ClipSplit(ClipChanged):
    into: tuple[str, ...] = ()


@dataclass(frozen=True)
class ClipRetimed(ClipChanged):
    speed: float = 1.0


@dataclass(frozen=True)
class ClipDisabled(ClipChanged):
    pass


@dataclass(frozen=True)
class ClipLocked(ClipChanged):
    reason: str = "user_locked"


@dataclass(frozen=True)
class ClipUnlocked(ClipChanged):
    pass


@dataclass(frozen=True)
class TimelineExported(Event):
    format: str = ""
    duration_s: float = 0.0


@dataclass(frozen=True)
class TimelineRendered(Event):
    preset: str = ""
    duration_s: float = 0.0


@dataclass(frozen=True)
class TimelineReviewed(Event):
    """Somebody looked at it (panel, NLE); `active_s` of attention, None where unknown."""

    active_s: float | None = None


@dataclass(frozen=True)
class TimelineRated(Event):
    """The survey: satisfaction 1 to 5, whether it would be posted as it is, minutes of editing by hand. None: not answered."""

    satisfaction: int | None = None
    would_post: bool | None = None
    editing_minutes: float | None = None


@dataclass(frozen=True)
class Undone(Event):
    to_revision: int = 0


@dataclass(frozen=True)
class Redone(Event):
    to_revision: int = 0


EVENTS = MappingProxyType(
    {
        "clip_deleted": ClipDeleted,
        "clip_reordered": ClipReordered,
        "clip_trimmed": ClipTrimmed,
        "clip_slipped": ClipSlipped,
        "clip_reframed": ClipReframed,
        "clip_replaced": ClipReplaced,
        "clip_inserted": ClipInserted,
        "clip_split": ClipSplit,
        "clip_retimed": ClipRetimed,
        "clip_disabled": ClipDisabled,
        "clip_locked": ClipLocked,
        "clip_unlocked": ClipUnlocked,
        "regenerate_requested": RegenerateRequested,
        "edit_generated": EditGenerated,
        "timeline_exported": TimelineExported,
        "timeline_rendered": TimelineRendered,
        "timeline_reviewed": TimelineReviewed,
        "timeline_rated": TimelineRated,
        "undo": Undone,
        "redo": Redone,
    }
)
"""The guide's action name of each kind of event (the keys of `names.USER_ACTIONS`)."""
