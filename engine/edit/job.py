"""What the pieces of one edit's making share: the things to choose from, and the choice."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from engine.edit import arrange
from engine.edit.footage import ClipInput
from engine.edit.grid import Grid
from engine.edit.moments import Moment, MomentTable
from engine.edit.scoring import Scorer
from engine.model.style import Brief, ClipWish, StyleProfile
from engine.model.timeline import SongUse

__all__ = ["Job", "Part", "is_wanted", "moment_of", "name_of", "score_parts", "wishes_of"]


@dataclass(frozen=True)
class Part:
    """One thing the optimiser may use once: a clip, or a stretch of one."""

    clip: ClipInput
    table: MomentTable
    whole: bool


@dataclass(frozen=True)
class Job:
    """One edit, decided: what was asked, what there was to choose from, and what was chosen."""

    brief: Brief
    profile: StyleProfile
    grid: Grid
    scorer: Scorer
    use: SongUse
    parts: Sequence[Part]
    found: arrange.Arrangement


def wishes_of(brief: Brief) -> list[ClipWish]:
    """Everything that has to appear, wherever."""
    return [*brief.must_use, *(wish for wish in (brief.first, brief.last) if wish is not None)]


def is_wanted(part: Part, wishes: Sequence[ClipWish]) -> bool:
    """Whether a wish names the clip."""
    return any(wish.media_id == part.clip.media.media_id for wish in wishes)


def moment_of(job: Job, segment: arrange.Segment) -> Moment:
    """What the chosen clip shows in its slot."""
    moment = job.parts[segment.clip].table.best(job.scorer.slot(segment.start, segment.end).frames)
    assert moment is not None
    return moment


def score_parts(job: Job, number: int, clip: int | None = None) -> dict[str, float]:
    """Named parts of a segment as chosen, or as if `clip` stood there."""
    segments = job.found.segments
    segment = segments[number]
    slot = job.scorer.slot(segment.start, segment.end)
    part = job.parts[segment.clip if clip is None else clip]
    moment = part.table.best(slot.frames)
    assert moment is not None
    parts = {**job.scorer.rhythm(slot), **job.scorer.fit(slot, part.clip, moment)}
    if number:
        parts.update(job.scorer.pair(job.parts[segments[number - 1].clip].clip, part.clip))
    return {name: round(value, 6) for name, value in parts.items()}


def name_of(job: Job, media_id: str) -> str:
    """The file name of a clip among the parts."""
    return next(part.clip.media.name for part in job.parts if part.clip.media.media_id == media_id)
