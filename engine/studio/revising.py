"""Sections made again by instruction, and variants that are told apart."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from engine.edit.footage import ClipInput
from engine.edit.instructions import parse
from engine.edit.remake import Remade, brief_of, check_section, remake
from engine.errors import FootageError, RefusedError
from engine.model.timeline import Timeline
from engine.studio.footage import gather, grouped, lut_of, options_of
from engine.studio.requests import ReviseRequest
from engine.studio.revisions import committed, events_of, head_of, next_revision
from engine.studio.styles import chosen_style, scored
from engine.studio.variants import REPEAT_WORTHS, check_variants, cut_of, differing, repeats

if TYPE_CHECKING:
    from engine.model.analysis import ClipGroup
    from engine.progress import Progress
    from engine.studio.context import Studio

__all__ = ["footage_of", "revise"]


def revise(studio: Studio, request: ReviseRequest, progress: Progress) -> dict[str, Any]:
    """Handler of `revise`."""
    check_variants(request.variants)
    with head_of(studio, request.timeline, request.parent) as (folder, head):
        instructions = parse(request.instruction, head.song, float(head.duration_s))
        check_section(head, instructions, (request.start, request.end))  # before minutes of measuring
        profile, taste = chosen_style(studio, head.creator_id)
        clips, groups = footage_of(studio, head, progress)
        analyses = {clip.media.media_id: clip.analysis for clip in clips}
        progress.stage("Arranging the section", 0)
        number, made = next_revision(folder, head), list[Remade]()
        for _ in range(request.variants):
            done = _variant(
                made,
                lambda leanings: remake(
                    head,
                    clips,
                    groups,
                    taste,
                    instructions,
                    studio.now(),
                    section=(request.start, request.end),
                    leanings=leanings,
                    progress=progress,
                ),
            )
            if done is None:
                break
            made.append(done)
        rows = [scored(one.timeline.replace(revision=number + k), profile, analyses) for k, one in enumerate(made)]
        for other in rows[1:]:
            folder.keep(other)
        result = committed(studio, folder, rows[0], progress)
        studio.record(*events_of(studio, head, rows[0]))
    rate, section = head.rate, made[0].section
    return {
        **result,
        "from_revision": head.revision,
        "section": [float(rate.seconds(section.start)), float(rate.seconds(section.end))],
        "asked": [request.start, request.end],
        "effects": [
            {"figure": effect.figure, "before": round(effect.before, 4), "after": round(effect.after, 4)} for effect in made[0].effects
        ],
        "relaxed": list(rows[0].ai_reasoning.relaxed),
        "variants": differing(rows),
        "missing_variants": request.variants - len(rows),
    }


def _variant(made: Sequence[Remade], solve: Any) -> Remade | None:
    """The first revision, or one that differs from all so far; None where there is none."""
    if not made:
        first: Remade = solve(())
        return first
    seen = {cut_of(one.timeline) for one in made}
    for worth in REPEAT_WORTHS:
        try:
            other: Remade = solve((repeats([one.timeline for one in made], worth),))
        except (FootageError, RefusedError):
            continue
        if cut_of(other.timeline) not in seen:
            return other
    return None


def footage_of(studio: Studio, timeline: Timeline, progress: Progress) -> tuple[list[ClipInput], tuple[ClipGroup, ...]]:
    """The clips an edit was chosen from, as far as they are still where they were, and which of them belong together.

    Measured before, they come from the cache.
    """
    song = timeline.song.media_id if timeline.song else None
    paths = [Path(row.path) for row in timeline.media if row.video is not None and row.media_id != song and Path(row.path).exists()]
    if not paths:
        message = "None of the edit's clips is where it was."
        raise FootageError("media_offline", message, "Put them back, or make the edit again from where they are now.")
    footage = gather(studio, paths, options_of(lut_of(timeline), brief_of(timeline).draft), None, progress)
    known = {row.media_id for row in timeline.media}
    mine = replace(footage, clips=tuple(clip for clip in footage.clips if clip.media.media_id in known))
    return [ClipInput(clip.media, clip.analysis) for clip in mine.clips], grouped(mine)
