"""What became of every clip, and why."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from engine.edit.footage import ClipInput, Verdict, duplicates_of
from engine.edit.job import Job, score_parts
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
    twins = duplicates_of(groups)
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


def _not_chosen(job: Job, base: Outcome, names: Mapping[str, str]) -> Outcome:
    """Where the clip came nearest to being used, and what stood in its way there."""
    best: tuple[float, int, str] | None = None
    for number, segment in enumerate(job.found.segments):
        winner = job.parts[segment.clip].clip.media.media_id
        for index, part in enumerate(job.parts):
            if part.clip.media.media_id != base.media_id:
                continue
            if part.table.best(job.scorer.slot(segment.start, segment.end).frames) is None:
                continue
            score = sum(score_parts(job, number, index).values())
            lost = sum(score_parts(job, number).values()) - score
            if best is None or lost < best[0]:
                best = (lost, number, winner)
    if best is None:
        return replace(base, status="not_chosen", reason="too short for every slot of the cut")
    lost, number, winner = best
    score = round(sum(score_parts(job, number).values()) - lost, 4)
    reason = f"came nearest at shot {number + 1}, where {names.get(winner, winner)} scored {lost:.2f} more"
    return replace(base, status="not_chosen", reason=reason, best_slot=number, best_score=score, beaten_by=winner)
