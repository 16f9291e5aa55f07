"""Which works are the same, and which do not look like the creator's others."""

from __future__ import annotations

import statistics
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

from engine.model.works import FinishedWork
from engine.style.dimensions import DIMENSIONS, measured, ranges_of

__all__ = ["cut_alike", "is_same_work", "with_misfits"]

SAME_BITS = 7.0
"""Mean differing bits of 64 up to which two videos show the same pictures (re-encodes, scalings and grades stay under 4, other videos
of one creator lie above 15)."""
SHIFT = 4
"""Samples (half seconds) by which one of the two may begin later: a trimmed head."""
SAME_LENGTH = 0.9
SAME_CUT_S, SAME_CUTS, LEAST_CUTS = 0.05, 0.95, 6
"""A timeline whose cuts, nearly all of at least six, lie where a video's do is that video's. Two videos may be cut alike to one song."""
OTHER_ASPECT = 0.15
TALKING_SPEECH, TALKING_FACE, TALKING_SHOT_S = 0.5, 0.7, 5.0
"""Somebody speaks, a face is nearly always in the picture, and shots are held: a talking head, not a beat edit."""
LEAST_TO_JUDGE = 5
"""Works from which one of them can be called odd."""
ODD_WIDTHS, ODD_DIMENSIONS = 0.5, 3
"""A work that lies more than half a range's width outside the others' range in this many dimensions is another style."""


def is_same_work(a: FinishedWork, b: FinishedWork) -> bool:
    """Whether two works are one in different encodings, or a timeline and its video."""
    if a.media_id == b.media_id:
        return True
    return _same_pictures(a, b) or _same_cuts(a, b)


def _same_pictures(a: FinishedWork, b: FinishedWork) -> bool:
    first, second = ([int(one, 16) for one in work.signature] for work in (a, b))
    if min(len(first), len(second)) < 4 or min(len(first), len(second)) < SAME_LENGTH * max(len(first), len(second)):
        return False
    best = 64.0
    for shift in range(-SHIFT, SHIFT + 1):
        pairs = [(first[k], second[k + shift]) for k in range(len(first)) if 0 <= k + shift < len(second)]
        if len(pairs) >= SAME_LENGTH * min(len(first), len(second)) - 1:
            best = min(best, statistics.fmean(bin(x ^ y).count("1") for x, y in pairs))
    return best <= SAME_BITS


def _same_cuts(a: FinishedWork, b: FinishedWork) -> bool:
    kinds = [work.kind == "timeline" for work in (a, b)]
    return any(kinds) and cut_alike(a, b) and (not all(kinds) or _same_clips(a, b))


def cut_alike(a: FinishedWork, b: FinishedWork) -> bool:
    """Whether cuts of both, nearly all of enough, lie at the same times."""
    first, second = ([shot.start_s for shot in work.shots[1:]] for work in (a, b))
    if min(len(first), len(second)) < LEAST_CUTS or abs(a.duration_s - b.duration_s) > 0.5:
        return False
    near = sum(any(abs(x - y) <= SAME_CUT_S for y in second) for x in first)
    return near >= SAME_CUTS * max(len(first), len(second))


def _same_clips(a: FinishedWork, b: FinishedWork) -> bool:
    """Whether timelines cut alike show the same clips, as far as those are at hand: versions of one edit, not of one template."""
    uses = [(x.used, y.used) for x, y in zip(a.shots, b.shots) if x.used and y.used]
    same = sum(x.media_id == y.media_id and abs(x.start_s - y.start_s) <= SAME_CUT_S for x, y in uses)
    return len(uses) >= LEAST_CUTS and same >= SAME_CUTS * len(uses)


def with_misfits(works: Sequence[FinishedWork]) -> list[FinishedWork]:
    """The same works, each saying why it does not fit with the others (nothing where it does)."""
    shapes = Counter(round(work.width / max(1, work.height), 1) for work in works if work.width)
    usual = shapes.most_common(1)[0][0] if shapes else 0.0
    return [replace(work, misfit=tuple(_reasons(work, works, usual))) for work in works]


def _reasons(work: FinishedWork, works: Sequence[FinishedWork], usual: float) -> list[str]:
    reasons = []
    if work.width and len(works) > 2 and abs(work.width / work.height / max(usual, 0.1) - 1) > OTHER_ASPECT:
        reasons.append(f"other aspect: {work.width}x{work.height}")
    if _talks(work):
        reasons.append("talking head: somebody speaks into the camera and shots are held")
    if len(work.shots) < 3:
        reasons.append(f"hardly cut: {len(work.shots)} shot{'' if len(work.shots) == 1 else 's'}")
    others = [one for one in works if one is not work and not one.left_out]
    if len(others) + 1 >= LEAST_TO_JUDGE:
        reasons += _odd(work, others)
    return reasons


def _talks(work: FinishedWork) -> bool:
    faces = statistics.fmean(shot.features.get("face", 0.0) for shot in work.shots)
    length = work.duration_s / len(work.shots)
    return (work.speech or 0.0) >= TALKING_SPEECH and faces >= TALKING_FACE and length >= TALKING_SHOT_S


def _odd(work: FinishedWork, others: Sequence[FinishedWork]) -> list[str]:
    own, ranges = measured(work), ranges_of(others)
    outside = []
    for name, value in own.items():
        span = ranges.get(name)
        if span and max(span.low - value, value - span.high) > ODD_WIDTHS * (span.high - span.low):
            outside.append(f"{DIMENSIONS[name].words} {value:.2f} where the others have {span.median:.2f}")
    return [f"other style: {'; '.join(outside[:3])}"] if len(outside) >= ODD_DIMENSIONS else []
