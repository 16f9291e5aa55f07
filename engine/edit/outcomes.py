"""What became of every clip, and why."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from engine.edit.explain import clock, why_not
from engine.edit.footage import ClipInput, Verdict, duplicates_of
from engine.edit.job import Job, differences, score_parts, wishes_of
from engine.edit.problem import IMPOSSIBLE
from engine.model.analysis import ClipGroup
from engine.model.timeline import Outcome, Placement

__all__ = ["outcomes_of"]


def outcomes_of(
    job: Job,
    clips: Sequence[ClipInput],
    verdicts: Mapping[str, Verdict],
    groups: Sequence[ClipGroup],
    placements: Sequence[Placement],
) -> tuple[Outcome, ...]:
    """One row per input clip: used, avoided, rejected, near-duplicate, or not chosen."""
    used: dict[str, list[str]] = {}
    for placement in placements:
        used.setdefault(placement.media_id, []).append(placement.id)
    twins = _twins(job, clips, verdicts, groups)
    names = {clip.media.media_id: clip.media.name for clip in clips}
    avoided = {wish.media_id for wish in job.brief.avoid if wish.span is None}
    rows = []
    for clip in clips:
        one = clip.media.media_id
        base = Outcome(one, clip.media.name, "used", "in the edit", tuple(used.get(one, ())))
        verdict = verdicts[one]
        if one in used:
            rows.append(base)
        elif one in avoided:
            rows.append(replace(base, status="avoided", reason="left out as you asked"))
        elif not verdict.usable:
            rows.append(
                replace(
                    base,
                    status="rejected",
                    reason=verdict.reason,
                    threshold=verdict.threshold,
                    value=verdict.value,
                    limit=verdict.limit,
                )
            )
        elif one in twins:
            reason = f"shows the same as {names.get(twins[one], twins[one])}, which is better"
            rows.append(replace(base, status="near_duplicate", reason=reason, duplicate_of=twins[one]))
        else:
            rows.append(_not_chosen(job, base, names))
    return tuple(rows)


def _twins(job: Job, clips: Sequence[ClipInput], verdicts: Mapping[str, Verdict], groups: Sequence[ClipGroup]) -> Mapping[str, str]:
    avoided = {wish.media_id for wish in job.brief.avoid if wish.span is None}
    there = {
        clip.media.media_id: clip.analysis.visual_quality
        for clip in clips
        if verdicts[clip.media.media_id].usable and clip.media.media_id not in avoided
    }
    return duplicates_of(groups, there, {wish.media_id for wish in wishes_of(job.brief)})


def _not_chosen(job: Job, base: Outcome, names: Mapping[str, str]) -> Outcome:
    """Where the clip came nearest to being used, and what stood in its way there."""
    columns = [index for index, part in enumerate(job.parts) if part.clip.media.media_id == base.media_id and part.held is None]
    best: tuple[float, int, int] | None = None
    for number, segment in enumerate(job.found.segments):
        row = job.problem.values[job.problem.slot_index[segment.start, segment.end]]
        for column in columns:
            if row[column] <= IMPOSSIBLE / 2:
                continue
            behind = float(row[segment.clip] - row[column]) + _beside(job, number, segment.clip) - _beside(job, number, column)
            if best is None or behind < best[0]:
                best = (behind, number, column)
    if best is None:
        return replace(base, status="not_chosen", reason="too short for every slot of the cut")
    _, number, column = best
    lost = sum(differences(job, number, column).values())
    winner = job.parts[job.found.segments[number].clip].clip.media.media_id
    score = round(sum(score_parts(job, number).values()) - lost, 4)
    why = why_not(job, number, column)
    when = clock(float(job.brief.rate.seconds(job.grid.points[job.found.segments[number].start].frame)))
    reason = f"came nearest at {when} (shot {number + 1}), where {names.get(winner, winner)} is {max(lost, 0.0):.2f} ahead: {why}"
    return replace(base, status="not_chosen", reason=reason, best_slot=number, best_score=score, beaten_by=winner)


def _beside(job: Job, number: int, column: int) -> float:
    """Worth of the two joins that a column would make between a segment's neighbours."""
    segments, pairs = job.found.segments, job.problem.pairs
    before = float(pairs[segments[number - 1].clip, column]) if number else 0.0
    return before + (float(pairs[column, segments[number + 1].clip]) if number + 1 < len(segments) else 0.0)
