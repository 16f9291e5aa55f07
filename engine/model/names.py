"""The one table of names: every closed vocabulary that documents, options and rooms share.

The guide's names stand as they are; where the command line has a shorter word, `INSTRUCTION_ALIASES` maps it.
"""

from __future__ import annotations

from types import MappingProxyType

__all__ = [
    "ANGLES",
    "AUDIO_MODES",
    "CUT_FREQUENCIES",
    "CUT_KINDS",
    "DELETE_REASONS",
    "INSTRUCTIONS",
    "INSTRUCTION_ALIASES",
    "LOCK_REASONS",
    "MOTIONS",
    "OUTCOMES",
    "SECTION_LABELS",
    "SHOT_TYPES",
    "TRACK_KINDS",
    "TRANSITIONS",
    "UNKNOWN",
    "USER_ACTIONS",
]

UNKNOWN = "unknown"
"""Stands where nothing could be known; never a guess with a face of certainty."""

SHOT_TYPES = ("close_up", "medium", "wide", "zoom", UNKNOWN)
ANGLES = ("front", "side", "overhead", "other", UNKNOWN)
MOTIONS = ("static", "slow_pan", "fast_pan", "handheld", "zoom_in", "zoom_out")

TRANSITIONS = ("hard_cut", "quick_dissolve", "whip_pan", "dip_to_black")
CUT_KINDS = (*TRANSITIONS, "flash", "start")
"""How a shot of a finished work may begin: what edits can hold, and what is only observed."""
SECTION_LABELS = ("intro", "build", "drop", "break", "outro", "verse", UNKNOWN)
TRACK_KINDS = ("alternates", "overlay", "captions", "source_sound")
AUDIO_MODES = ("song", "source", "both", "none")

OUTCOMES = ("used", "rejected", "near_duplicate", "not_chosen", "unreadable", "avoided", "deleted")

DELETE_REASONS = ("too_shaky", "blurry", "bad_exposure", "wrong_moment", "duplicate", "off_style", "other")

LOCK_REASONS = (
    "user_locked",
    "user_reordered",
    "user_trimmed",
    "user_slipped",
    "user_reframed",
    "user_replaced",
    "user_inserted",
)

USER_ACTIONS = (
    "clip_deleted",
    "clip_reordered",
    "clip_trimmed",
    "clip_slipped",
    "clip_reframed",
    "clip_replaced",
    "clip_inserted",
    "clip_split",
    "clip_retimed",
    "clip_disabled",
    "clip_locked",
    "clip_unlocked",
    "regenerate_requested",
    "edit_generated",
    "timeline_exported",
    "timeline_rendered",
    "timeline_reviewed",
    "timeline_rated",
    "undo",
    "redo",
)

INSTRUCTIONS = ("make_tighter", "add_energy", "slow_down", "regenerate_section")

INSTRUCTION_ALIASES = MappingProxyType(
    {
        "tighter": "make_tighter",
        "more_energy": "add_energy",
        "slower": "slow_down",
        "regenerate": "regenerate_section",
        **{name: name for name in INSTRUCTIONS},
    }
)
"""What a person may type -> the guide's name."""

CUT_FREQUENCIES = ("every_half_beat", "every_beat", "every_2_beats", "every_4_beats", "every_8_beats")
