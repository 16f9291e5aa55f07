"""Where JSON differs from the dataclasses: the guide's names, seconds derived from frames, and unknown fields kept."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from types import MappingProxyType
from typing import Any

from engine.model import names
from engine.model.analysis import ClipAnalysis
from engine.model.documents.codec import NUMBER, Derived, Shape
from engine.model.events import ClipDeleted, ClipLocked, RegenerateRequested
from engine.model.media import Media
from engine.model.song import SectionSpan
from engine.model.style import Brief, EnergyRule, ShotPatterns, StyleProfile
from engine.model.time import FrameRate
from engine.model.timeline import (
    ClipFacts,
    DeletedClip,
    HistoryEntry,
    Lock,
    Outcome,
    Placement,
    SongUse,
    Timeline,
    Track,
    Transition,
    UserEdit,
)
from engine.model.works import FinishedShot

__all__ = ["SHAPES"]

MAYBE_NUMBER = {"type": ["number", "null"]}
MAYBE_INTEGER = {"type": ["integer", "null"]}
MAYBE_TEXT = {"type": ["string", "null"]}


def _half_frame(clip: Placement, context: Mapping[str, Any]) -> Fraction:
    rate: FrameRate = context["rate"]
    return rate.frame_duration / 2


def _half_source_frame(clip: Placement, _: Mapping[str, Any]) -> Fraction:
    return clip.source_rate.frame_duration / 2


def _seconds(frames: str) -> Derived:
    return Derived(lambda clip, context: float(context["rate"].seconds(getattr(clip, frames))), NUMBER, _half_frame)


def _of_video(name: str, schema: Mapping[str, Any]) -> Derived:
    return Derived(lambda media, _: getattr(media.video, name) if media.video else None, schema)


def _of_audio(name: str) -> Derived:
    return Derived(lambda media, _: getattr(media.audio, name) if media.audio else None, MAYBE_INTEGER)


POSITIONS: Mapping[str, Mapping[str, Any]] = {"from_position": {"type": "integer"}, "to_position": {"type": "integer"}}
"""What a row about a move holds beside its named fields."""

EDIT_DETAILS: Mapping[str, Mapping[str, Any]] = {
    **POSITIONS,
    "reason_selected": {"enum": [*names.DELETE_REASONS, None]},
    "section_start": MAYBE_NUMBER,
    "section_end": MAYBE_NUMBER,
    "instruction": {"enum": [*names.INSTRUCTIONS, None]},
}
"""What a row of `user_edits` holds beside its named fields, by its action (the guide's names)."""

PLACEMENT = Shape(
    rename={"lock": "lock_metadata", "facts": "metadata"},
    derived={
        "source_start": Derived(lambda clip, _: float(clip.source_start_s), NUMBER, _half_source_frame),
        "source_end": Derived(lambda clip, context: float(clip.source_end_s(context["rate"])), NUMBER, _half_source_frame),
        "timeline_start": _seconds("timeline_start_frame"),
        "duration": _seconds("duration_frames"),
        "locked": Derived(lambda clip, _: clip.lock is not None, {"type": "boolean"}),
    },
    rest="extra",
    first=("id", "file", "source_start", "source_end", "timeline_start", "duration", "locked", "lock_metadata", "metadata", "edit_history"),
)

MEDIA = Shape(
    derived={
        "rate": _of_video("rate", MAYBE_TEXT),
        "start_frame": _of_video("start_frame", MAYBE_INTEGER),
        "duration_frames": _of_video("duration_frames", MAYBE_INTEGER),
        "stored_width": _of_video("stored_width", MAYBE_INTEGER),
        "stored_height": _of_video("stored_height", MAYBE_INTEGER),
        "display_width": _of_video("display_width", MAYBE_INTEGER),
        "display_height": _of_video("display_height", MAYBE_INTEGER),
        "rotation": _of_video("rotation", MAYBE_INTEGER),
        "variable_rate": _of_video("variable_rate", {"type": ["boolean", "null"]}),
        "audio_channels": _of_audio("channels"),
        "audio_rate_hz": _of_audio("sample_rate_hz"),
    }
)

TIMELINE = Shape(
    derived={"duration": Derived(lambda timeline, _: float(timeline.duration_s), NUMBER, _half_frame)},
    rest="extra",
    enums={"audio": names.AUDIO_MODES},
    first=(
        *("project_id", "creator_id", "created_at", "revision", "parent", "rate", "width", "height", "duration", "duration_frames"),
        *("audio", "seed", "song", "clips", "deleted_clips", "transitions", "user_edits", "ai_reasoning", "final_status"),
    ),
)

SHAPES = MappingProxyType(
    {
        Timeline: TIMELINE,
        Placement: PLACEMENT,
        Media: MEDIA,
        SongUse: Shape(rename={"duration_s": "duration"}, rest="extra"),
        SectionSpan: Shape(enums={"label": names.SECTION_LABELS}),
        Lock: Shape(enums={"reason": names.LOCK_REASONS}),
        HistoryEntry: Shape(rest="details", details=POSITIONS),
        UserEdit: Shape(rest="details", enums={"action": names.USER_ACTIONS}, details=EDIT_DETAILS),
        DeletedClip: Shape(rename={"facts": "metadata"}, enums={"user_reason": names.DELETE_REASONS}),
        ClipFacts: Shape(enums={"shot_type": names.SHOT_TYPES, "angle": names.ANGLES, "motion": names.MOTIONS}, unmeasured=True),
        Transition: Shape(enums={"type": names.TRANSITIONS}),
        Track: Shape(enums={"kind": names.TRACK_KINDS}),
        Outcome: Shape(enums={"status": names.OUTCOMES}),
        StyleProfile: Shape(rest="extra"),
        ShotPatterns: Shape(enums={"shot_types": names.SHOT_TYPES}),
        EnergyRule: Shape(enums={"preferred_shot_type": names.SHOT_TYPES, "cut_frequency": names.CUT_FREQUENCIES}),
        FinishedShot: Shape(
            enums={"begins_with": names.CUT_KINDS, "shot_type": names.SHOT_TYPES, "angle": names.ANGLES, "motion": names.MOTIONS}
        ),
        Brief: Shape(enums={"audio": names.AUDIO_MODES}),
        ClipAnalysis: Shape(enums={"shot_type": names.SHOT_TYPES, "angle": names.ANGLES, "motion": names.MOTIONS}, unmeasured=True),
        RegenerateRequested: Shape(enums={"instruction": names.INSTRUCTIONS}),
        ClipDeleted: Shape(enums={"reason_selected": names.DELETE_REASONS}),
        ClipLocked: Shape(enums={"reason": names.LOCK_REASONS}),
    }
)
