"""Reasons in plain words with numbers, and a confidence, from score parts and the best alternative."""

from __future__ import annotations

import math
from collections.abc import Mapping

from engine.edit.footage import ClipInput
from engine.edit.grid import CutPoint
from engine.edit.moments import Moment
from engine.model.names import UNKNOWN

__all__ = ["confidence", "sentence", "why_not"]

MARGIN_SCALE = 0.8
"""Loss of the best alternative (in units of the objective) at which a choice is 73 % sure (chosen until telemetry calibrates it)."""

SIZES = {"close_up": "close-up", "medium": "medium shot", "wide": "wide shot", "zoom": "zoom"}


def confidence(margin: float, quality: float, beat_confidence: float) -> float:
    """0 to 1 that a person keeps it: a logistic of the margin over the best alternative, tempered by picture and beats."""
    sure = 1.0 / (1.0 + math.exp(-max(-6.0, min(6.0, margin / MARGIN_SCALE))))
    return round(sure * (0.6 + 0.4 * min(1.0, max(0.0, quality))) * (0.85 + 0.15 * beat_confidence), 4)


def sentence(clip: ClipInput, moment: Moment, point: CutPoint, time_s: float, beats: float, rival: tuple[str, str] | None) -> str:
    """One sentence: what it is, where in the music, why it, and what stood second."""
    kind = SIZES.get(clip.analysis.likely_shot_type, "shot")
    angle = clip.analysis.likely_angle
    what = f"{'' if angle in (UNKNOWN, 'other') else angle + ' '}{kind}"
    parts = [f"{what[0].upper()}{what[1:]} {_where(point)} at {_clock(time_s)}, held {_beats(beats)}"]
    parts.append(_strength(moment, point))
    if rival:
        parts.append(f"next best was {rival[0]} ({rival[1]})")
    return "; ".join(part for part in parts if part) + "."


def _where(point: CutPoint) -> str:
    if point.frame == 0:
        return "to open"
    if point.strength >= 1.0:
        return "on the drop"
    if point.strength >= 0.8:
        return f"where the {point.section} begins"
    return "on the bar" if point.strength >= 0.5 else "on the beat"


def _clock(seconds: float) -> str:
    return f"{int(seconds // 60)}:{seconds % 60:04.1f}"


def _beats(beats: float) -> str:
    nearest = round(beats)
    if abs(beats - nearest) < 0.15:
        return f"{nearest} beat{'' if nearest == 1 else 's'}"
    return f"{beats:.1f} beats"


def _strength(moment: Moment, point: CutPoint) -> str:
    energy = "loud" if point.energy > 0.65 else "quiet" if point.energy < 0.4 else "middling"
    motion = "lively" if moment.motion > 0.4 else "calm" if moment.motion < 0.15 else "some"
    words = [f"quality {moment.quality:.2f}", f"{motion} motion {moment.motion:.2f} against {energy} music {point.energy:.2f}"]
    if moment.has_face:
        words.append("a face in frame")
    return ", ".join(words)


def why_not(own: Mapping[str, float], other: Mapping[str, float]) -> str:
    """In what the alternative is worse: the part with the largest difference."""
    words = {
        "moment": "a weaker moment",
        "energy": "motion fits the music less",
        "shot_type": "less fitting shot size",
        "hook": "a weaker opening",
        "ending": "a weaker ending",
        "angle_change": "the angle repeats",
        "size_change": "the shot size repeats",
        "same_take": "the same take again",
        "similar": "looks like its neighbour",
    }
    names = [name for name in words if own.get(name, 0.0) - other.get(name, 0.0) > 1e-6]
    if not names:
        return "worth more elsewhere"
    return words[max(names, key=lambda name: own.get(name, 0.0) - other.get(name, 0.0))]
