"""Clips and stretches of clips as a problem for the optimiser: what may stand where, and what it is worth there."""

from __future__ import annotations

import random
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from engine.edit import arrange
from engine.edit.footage import ClipInput
from engine.edit.grid import Grid
from engine.edit.job import Part, is_wanted, wishes_of
from engine.edit.moments import MomentTable
from engine.edit.scoring import Scorer
from engine.model.style import Brief, StyleProfile
from engine.model.time import FrameSpan

__all__ = ["fillable", "parts_of", "problem_of"]

MUST_REWARD = 50.0
"""Worth of showing a clip that has to appear: more than any edit gains elsewhere."""
JITTER = 1e-3
"""Seeded noise on clip scores: decides between equals, moves nothing else."""
GAP_S = 0.5
"""Between two moments of one take: nearer ones look like a jump cut."""


def parts_of(brief: Brief, usable: Sequence[ClipInput], profile: StyleProfile, count: int) -> list[Part]:
    """Each usable clip, or up to `count` stretches of each, with its table of moments."""
    parts = []
    for clip in usable:
        for span in _stretches(brief, clip, count):
            parts.append(Part(clip, MomentTable(clip, brief.rate, profile.moment_preferences, span), count == 1))
    return parts


def _stretches(brief: Brief, clip: ClipInput, count: int) -> list[FrameSpan]:
    """The clip's allowed frames in up to `count` stretches with a gap between, none shorter than a beat can use."""
    assert clip.media.video is not None
    whole = _allowed(brief, clip)
    gap = round(GAP_S * clip.media.video.rate.fps)
    least = max(2, round(0.5 * clip.media.video.rate.fps))
    spans = []
    for one in whole:
        pieces = max(1, min(count, (one.duration + gap) // (least + gap)))
        size = (one.duration - gap * (pieces - 1)) / pieces
        starts = [one.start + round(k * (size + gap)) for k in range(pieces)]
        spans += [FrameSpan(start, min(one.end, start + max(1, int(size)))) for start in starts]
    return spans


def _allowed(brief: Brief, clip: ClipInput) -> list[FrameSpan]:
    """The clip's frames without what the user barred, and only what he named where he named a part."""
    assert clip.media.video is not None
    media_id = clip.media.media_id
    span = clip.media.video.span
    named = [wish.span for wish in wishes_of(brief) if wish.media_id == media_id and wish.span is not None]
    if named:
        span = span.intersection(named[0]) or span
    spans = [span]
    for barred in (wish.span for wish in brief.avoid if wish.media_id == media_id and wish.span is not None):
        spans = [piece for one in spans for piece in _without(one, barred)]
    return spans


def _without(span: FrameSpan, barred: FrameSpan) -> list[FrameSpan]:
    if not span.overlaps(barred):
        return [span]
    pieces = [(span.start, barred.start), (barred.end, span.end)]
    return [FrameSpan(start, end) for start, end in pieces if start < end]


def fillable(parts: Sequence[Part], grid: Grid) -> float:
    """Share of the edit that the parts can cover at most, one use each."""
    total = grid.points[-1].frame
    lengths = []
    for part in parts:
        source = part.clip.media.video
        assert source is not None
        frames = int(part.table.part.duration * float(part.table.rate.fraction / source.rate.fraction))
        lengths.append(min(frames, grid.longest))
    return sum(lengths) / total


def problem_of(brief: Brief, parts: Sequence[Part], grid: Grid, scorer: Scorer) -> arrange.Problem:
    """The job as numbers: every slot between cut points, every part in it, every pair of neighbours."""
    slots, rows = [], []
    noise = random.Random(brief.seed)
    jitter = np.array([noise.uniform(-JITTER, JITTER) for _ in parts])
    reward = np.array([MUST_REWARD if is_wanted(part, brief.must_use) else 0.0 for part in parts])
    last = len(grid.points) - 1
    for start in range(last):
        for end in range(start + 1, last + 1):
            frames = grid.points[end].frame - grid.points[start].frame
            if frames > grid.longest:
                break
            if frames < grid.least:
                continue
            row = _slot_values(parts, scorer, start, end) + jitter
            slots.append((start, end))
            rows.append(_bound_ends(brief, parts, row + reward, start == 0, end == last))
    pairs = np.array([[sum(scorer.pair(a.clip, b.clip).values()) for b in parts] for a in parts]).reshape(len(parts), len(parts))
    values = np.array(rows).reshape(len(slots), len(parts))
    return arrange.Problem(len(grid.points), tuple(slots), values, pairs)


def _slot_values(parts: Sequence[Part], scorer: Scorer, start: int, end: int) -> NDArray[np.float64]:
    slot = scorer.slot(start, end)
    rhythm = sum(scorer.rhythm(slot).values())
    row = np.full(len(parts), arrange.IMPOSSIBLE)
    for index, part in enumerate(parts):
        moment = part.table.best(slot.frames)
        if moment is not None:
            row[index] = rhythm + sum(scorer.fit(slot, part.clip, moment).values())
    return row


def _bound_ends(brief: Brief, parts: Sequence[Part], row: NDArray[np.float64], is_first: bool, is_last: bool) -> NDArray[np.float64]:
    """Only the named clip may open or close, where one is named."""
    for wish, here in ((brief.first, is_first), (brief.last, is_last)):
        if wish is not None and here:
            row = np.where([is_wanted(part, (wish,)) for part in parts], row, arrange.IMPOSSIBLE)
    return row
