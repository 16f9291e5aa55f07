"""Reasons in plain words with numbers: what spoke for a choice against its best alternative."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from types import MappingProxyType

from engine.analysis.clip import FIRST_LOOK
from engine.edit.grid import CutPoint
from engine.edit.job import Job, differences, moment_of
from engine.edit.moments import Moment
from engine.model.names import UNKNOWN

__all__ = ["clock", "sentence", "usual_hold", "why_not"]

WORTH_SAYING = 0.03
"""Differences below this (in units of the objective) are no reason."""

SIZES = MappingProxyType({"close_up": "close-up", "medium": "medium shot", "wide": "wide shot", "zoom": "zoom"})


def sentence(job: Job, number: int, rival: int | None) -> str:
    """What it is, where in the music and how long; what spoke for it against `rival`; who stood second and why not."""
    segment = job.found.segments[number]
    part, point = job.parts[segment.clip], job.grid.points[segment.start]
    slot = job.scorer.slot(segment.start, segment.end)
    moment = moment_of(job, segment)
    where = f"{_what(job, segment.clip)} {_where(point)} at {clock(float(job.brief.rate.seconds(point.frame)))}, held {_beats(slot.beats)}"
    usual = usual_hold(job, segment.start, segment.clip)
    if abs(math.log2(slot.beats / usual)) > 0.25:
        who = "you hold" if job.taste.profile.creator_id else "usual are"
        where += f" ({who} {usual:.1f} here)"
    said = [where, _facts(moment, point, FIRST_LOOK not in part.clip.analysis.missing)]
    if part.speed < 1:
        said.append(f"slowed to {float(part.speed):.0%}")
    if rival is not None:
        said += [*_for_it(job, number, rival), f"next best was {job.parts[rival].clip.media.name}, {why_not(job, number, rival)}"]
    else:
        said.append("nothing else fits here")
    return "; ".join(one for one in said if one) + "."


def _what(job: Job, column: int) -> str:
    analysis = job.parts[column].clip.analysis
    kind = SIZES.get(analysis.likely_shot_type, "shot")
    angle = analysis.likely_angle
    what = f"{'' if angle in (UNKNOWN, 'other') else angle + ' '}{kind}"
    return f"{what[0].upper()}{what[1:]}"


def _where(point: CutPoint) -> str:
    if point.frame == 0:
        return "to open"
    if point.strength >= 1.0:
        return "on the drop"
    if point.strength >= 0.8:
        return f"where the {point.section} begins"
    if point.strength >= 0.5:
        return "on the bar"
    return "between beats" if point.beat is None else "on the beat"


def clock(seconds: float) -> str:
    """Minutes and seconds, a tenth exact."""
    tenths = round(seconds * 10)
    return f"{tenths // 600}:{tenths % 600 / 10:04.1f}"


def _beats(beats: float) -> str:
    nearest = round(beats)
    if abs(beats - nearest) < 0.15 and nearest:
        return f"{nearest} beat{'' if nearest == 1 else 's'}"
    return f"{beats:.1f} beats"


def _facts(moment: Moment, point: CutPoint, measured: bool) -> str:
    """measured : whether the clip's motion is known; a first look at key frames knows nothing of it."""
    energy = "loud" if point.energy > 0.65 else "quiet" if point.energy < 0.4 else "middling"
    motion = "lively" if moment.motion > 0.4 else "calm" if moment.motion < 0.15 else "some"
    words = [f"quality {moment.quality:.2f}"]
    if measured:
        words.append(f"{motion} motion {moment.motion:.2f} against {energy} music {point.energy:.2f}")
    if moment.has_face:
        words.append("a face in frame")
    return ", ".join(words)


def usual_hold(job: Job, start: int, column: int) -> float:
    """Beats for which this style holds such a shot in such music."""
    return float(job.scorer.holding.usual(start)[column])


def _for_it(job: Job, number: int, rival: int) -> list[str]:
    """The largest difference in its favour beside the one that is said of the rival, with numbers of both where there are some."""
    gaps = differences(job, number, rival)
    said = _worst(gaps)
    best = sorted((name for name in gaps if gaps[name] > WORTH_SAYING and name in PRAISE and name != said), key=lambda name: -gaps[name])
    return [f"{PRAISE[name]}{_numbers(job, number, rival, name)}" for name in best[:1]]


def _worst(gaps: Mapping[str, float]) -> str | None:
    """The part in which another clip would lose most; None where it would lose nothing on the whole."""
    worse = [name for name in BLAME if gaps.get(name, 0.0) > 1e-6]
    return max(worse, key=lambda name: gaps[name]) if worse and sum(gaps.values()) > 0 else None


PRAISE: Mapping[str, str] = MappingProxyType(
    {
        "selection": "the kind of clip you choose",
        "quality": "the better picture",
        "moment": "the livelier moment",
        "energy": "its motion suits the music",
        "shot_type": "the shot size such music gets",
        "hook": "the stronger opening",
        "ending": "the stronger ending",
        "angle_change": "the angle changes as it should",
        "size_change": "the shot size changes as it should",
        "motion_change": "its movement follows on",
        "same_take": "another take than its neighbours",
        "similar": "it stands out from its neighbours",
        "novelty": "a set not seen elsewhere",
        "duration": "the length such a shot is held",
        "slow_motion": "slow motion suits the quiet",
        "asked": "what you asked for",
    }
)
BLAME: Mapping[str, str] = MappingProxyType(
    {
        "selection": "less the kind of clip you choose",
        "quality": "a weaker picture",
        "moment": "a duller moment",
        "energy": "its motion suits the music less",
        "shot_type": "a less fitting shot size",
        "hook": "a weaker opening",
        "ending": "a weaker ending",
        "angle_change": "the angle repeats",
        "size_change": "the shot size repeats",
        "motion_change": "its movement does not follow on",
        "same_take": "the same take as a neighbour",
        "similar": "looks like its neighbour",
        "novelty": "its set is shown already",
        "duration": "not held so long",
        "slow_motion": "slow where the music is loud",
        "asked": "less of what you asked for",
    }
)


def why_not(job: Job, number: int, column: int) -> str:
    """In what another clip would be worse in a segment: the part with the largest difference, with the numbers of both."""
    gaps = differences(job, number, column)
    name = _worst(gaps)
    if name is None:
        used = {segment.clip: index for index, segment in enumerate(job.found.segments)}
        media = job.parts[column].clip.media.media_id
        at = next((index for clip, index in used.items() if job.parts[clip].clip.media.media_id == media), None)
        return "as good here within the search's tolerance" if at is None else f"which is worth more as shot {at + 1}"
    return f"{BLAME[name]}{_numbers(job, number, column, name)}"


def _numbers(job: Job, number: int, column: int, name: str) -> str:
    """ " (0.71 against 0.88)": the measured values behind a part, where it has one and they differ as told."""
    segment = job.found.segments[number]
    frames = job.scorer.slot(segment.start, segment.end).frames
    own, other = moment_of(job, segment), job.parts[column].moment(frames)
    read: Mapping[str, Callable[[Moment], float]] = {
        "quality": lambda one: one.quality,
        "energy": lambda one: one.motion,
        "moment": lambda one: one.score,
        "hook": lambda one: one.score,
        "ending": lambda one: one.quality,
    }
    if name not in read or other is None:
        return ""
    ours, theirs = (f"{read[name](one):.2f}" for one in (own, other))
    return "" if ours == theirs else f" ({ours} against {theirs})"
