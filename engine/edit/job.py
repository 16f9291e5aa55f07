"""What the pieces of one edit's making share: the things to choose from, and the choice."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING

from engine.edit.footage import ClipInput
from engine.edit.moments import Moment, MomentTable
from engine.edit.problem import Arrangement, Problem, Segment
from engine.model.style import Brief, ClipWish
from engine.model.timeline import Placement, SongUse

if TYPE_CHECKING:
    from engine.edit.grid import Grid
    from engine.edit.scoring import Scorer
    from engine.edit.taste import Taste

__all__ = ["Job", "Part", "is_wanted", "moment_of", "score_parts", "wishes_of"]


@dataclass(frozen=True)
class Part:
    """One thing the optimiser may use once: a clip, or a stretch of one; or a placement that stays where it is (`held`).

    resource : parts with the same name exclude each other. speed : source seconds per second shown.
    """

    clip: ClipInput
    table: MomentTable
    whole: bool
    resource: str = ""
    speed: Fraction = Fraction(1)
    held: Placement | None = None

    def moment(self, frames: int) -> Moment | None:
        """What it would show in a slot of that many frames; None where it cannot fill one."""
        if self.held is None:
            return self.table.best(frames)
        return self.table.at(self.held.source_start_frame, frames) if frames == self.held.duration_frames else None


@dataclass(frozen=True)
class Job:
    """One edit, decided: what was asked, what there was to choose from, and what was chosen."""

    brief: Brief
    taste: Taste
    grid: Grid
    scorer: Scorer
    use: SongUse
    parts: Sequence[Part]
    problem: Problem
    found: Arrangement
    relaxed: tuple[str, ...] = ()


def wishes_of(brief: Brief) -> list[ClipWish]:
    """Everything that has to appear, wherever."""
    return [*brief.must_use, *(wish for wish in (brief.first, brief.last) if wish is not None)]


def is_wanted(part: Part, wishes: Sequence[ClipWish]) -> bool:
    """Whether a wish names the clip, or the range of it that the part lies in."""
    mine = [wish.span for wish in wishes if wish.media_id == part.clip.media.media_id]
    return any(span is None or span.contains(part.table.part) for span in mine)


def moment_of(job: Job, segment: Segment) -> Moment:
    """What the chosen clip shows in its slot."""
    moment = job.parts[segment.clip].moment(job.scorer.slot(segment.start, segment.end).frames)
    assert moment is not None
    return moment


def score_parts(job: Job, number: int, clip: int | None = None) -> dict[str, float]:
    """Named parts of a segment as chosen, or as if `clip` stood there; the pair parts are those with the clip before.

    `novelty` counts where another segment shows the same set: the first of a set pays nothing.
    """
    segments = job.found.segments
    segment = segments[number]
    column = segment.clip if clip is None else clip
    fit = job.scorer.fit_of(job.scorer.slot(segment.start, segment.end))
    parts = {name: float(worth[column]) for name, worth in fit.items()}
    others = {int(job.scorer.sets[one.clip]) for index, one in enumerate(segments) if index != number}
    if int(job.scorer.sets[column]) not in others:
        parts["novelty"] = 0.0
    if number:
        before = segments[number - 1].clip
        parts.update({name: float(worth[before, column]) for name, worth in job.scorer.pair_parts.items()})
    return {name: round(value, 6) for name, value in parts.items() if name in ("duration", "cut") or abs(value) > 5e-7}


def differences(job: Job, number: int, clip: int) -> Mapping[str, float]:
    """By how much each part of a segment would fall if `clip` stood there between the same neighbours."""
    segments = job.found.segments
    own, other = score_parts(job, number), score_parts(job, number, clip)
    gaps = {name: own.get(name, 0.0) - other.get(name, 0.0) for name in {**own, **other}}
    if number + 1 < len(segments):
        after = segments[number + 1].clip
        for name, worth in job.scorer.pair_parts.items():
            gaps[name] = gaps.get(name, 0.0) + float(worth[segments[number].clip, after] - worth[clip, after])
    return gaps
