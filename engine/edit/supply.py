"""Clips and stretches of clips as a problem for the optimiser: what may stand where, and what it is worth there."""

from __future__ import annotations

import math
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from engine.edit.footage import ClipInput
from engine.edit.grid import LONGEST_SHOT_S, Grid
from engine.edit.job import Part, is_wanted, wishes_of
from engine.edit.moments import MomentTable
from engine.edit.problem import IMPOSSIBLE, Cover, Problem
from engine.edit.scoring import Leaning, Scorer
from engine.edit.taste import Taste
from engine.model.analysis import ClipGroup
from engine.model.style import Brief
from engine.model.time import FrameSpan
from engine.model.timeline import Placement, SongUse

__all__ = ["Rules", "Stock", "allowed", "fillable", "must_covers", "named_spans", "parts_of", "problem_of"]

MUST_REWARD = 50.0
"""Worth of showing what has to appear: more than any edit gains elsewhere."""
JITTER = 1e-3
"""Seeded noise on clip scores: decides between equals, moves nothing else."""
GAP_S = 0.5
"""Between two moments of one take: nearer ones look like a jump cut."""
HIGH_SPEED = 1.6
"""Sources this many times quicker than the edit can be slowed without repeating frames."""


@dataclass(frozen=True)
class Stock:
    """What an edit, or a part of one, is made from.

    clips : usable ones, by media id. held : placements that stay as they are, in order. window : the frames to fill. taken : media id ->
    source ranges shown outside the window.
    """

    brief: Brief
    clips: Sequence[ClipInput]
    groups: Sequence[ClipGroup]
    taste: Taste
    use: SongUse
    window: FrameSpan
    held: Sequence[tuple[Placement, ClipInput]] = ()
    taken: Mapping[str, Sequence[FrameSpan]] = field(default_factory=dict)
    leanings: Sequence[Leaning] = ()

    @property
    def beat_s(self) -> float:
        return 60.0 / self.use.bpm if self.use.bpm > 0 else 0.5


@dataclass(frozen=True)
class Rules:
    """What may be relaxed, in this order: the streak of one angle, looks that stay together, the lengths of shots."""

    longest_streak: int
    looks_together: bool = False
    shortest_s: float | None = None
    longest_s: float | None = None


def parts_of(stock: Stock, count: int) -> list[Part]:
    """Each usable clip, or up to `count` stretches of each, with its table of moments; then what is held."""
    parts = []
    for clip in stock.clips:
        taken = [*stock.taken.get(clip.media.media_id, ()), *_held_spans(stock, clip.media.media_id)]
        if taken and count == 1:
            continue  # each clip once
        for number, span in enumerate(_stretches(stock.brief, clip, count, taken)):
            whole = count == 1 and len(named_spans(stock.brief, clip)) < 2
            parts += _parts(stock, clip, span, whole, f"{clip.media.media_id}:{number}")
    for placement, clip in stock.held:
        likes, shape = stock.taste.profile.moment_preferences, (stock.brief.width, stock.brief.height)
        table = MomentTable(clip, stock.brief.rate, likes, speed=placement.speed, beat_s=stock.beat_s, shape=shape)
        parts.append(Part(clip, table, True, f"held:{placement.id}", placement.speed, placement))
    return parts


def _parts(stock: Stock, clip: ClipInput, span: FrameSpan, whole: bool, resource: str) -> list[Part]:
    """A stretch in real time, and slowed where that is asked for and the source is quick enough."""
    rows = []
    for speed in (Fraction(1), *_slow_speeds(stock, clip)):
        table = MomentTable(
            clip,
            stock.brief.rate,
            stock.taste.profile.moment_preferences,
            span,
            beat_s=stock.beat_s,
            speed=speed,
            weights=stock.taste.moment_weights,
            shape=(stock.brief.width, stock.brief.height),
        )
        rows.append(Part(clip, table, whole, resource, speed))
    return rows


def _slow_speeds(stock: Stock, clip: ClipInput) -> list[Fraction]:
    assert clip.media.video is not None
    ratio = clip.media.video.rate.fraction / stock.brief.rate.fraction
    if not (stock.brief.slow_motion or stock.taste.slow_motion) or ratio < Fraction(HIGH_SPEED):
        return []
    return [Fraction(1, 4) if ratio >= 2 * Fraction(HIGH_SPEED) else Fraction(1, 2)]


def _held_spans(stock: Stock, media_id: str) -> list[FrameSpan]:
    return [shown_span(placement, stock.brief) for placement, _ in stock.held if placement.media_id == media_id]


def shown_span(placement: Placement, brief: Brief) -> FrameSpan:
    """The source frames that a placement shows, the last one included."""
    frames = placement.duration_frames * placement.speed * placement.source_rate.fraction / brief.rate.fraction
    return FrameSpan(placement.source_start_frame, placement.source_start_frame + max(1, -(-frames.numerator // frames.denominator)))


def _stretches(brief: Brief, clip: ClipInput, count: int, taken: Sequence[FrameSpan]) -> list[FrameSpan]:
    """The clip's allowed frames in up to `count` stretches with a gap between, none shorter than a beat can use.

    With a count of 1 only the longest; of a clip of which several parts are wished for, the longest in each.
    """
    assert clip.media.video is not None
    gap = round(GAP_S * clip.media.video.rate.fps)
    near = [FrameSpan(max(0, one.start - gap), one.end + gap) for one in taken]
    least = max(2, round(0.5 * clip.media.video.rate.fps))
    rows = []
    for part in named_spans(brief, clip) or [clip.media.video.span]:
        spans = []
        for one in allowed(brief, clip, part, near):
            pieces = max(1, min(count, (one.duration + gap) // (least + gap)))
            size = (one.duration - gap * (pieces - 1)) / pieces
            starts = [one.start + round(k * (size + gap)) for k in range(pieces)]
            spans += [FrameSpan(start, min(one.end, start + max(1, int(size)))) for start in starts]
        rows += spans if count > 1 else sorted(spans, key=lambda span: (-span.duration, span.start))[:1]
    return rows


def named_spans(brief: Brief, clip: ClipInput) -> list[FrameSpan]:
    """The parts of a clip that are wished for, in order. Of parts that share most of the shorter one only what they share, else the later
    one from where the earlier ends: no frame is shown twice."""
    assert clip.media.video is not None
    asked = [wish.span for wish in wishes_of(brief) if wish.media_id == clip.media.media_id and wish.span is not None]
    rows: list[FrameSpan] = []
    for span in sorted({one for each in asked if (one := each.intersection(clip.media.video.span))}, key=lambda one: (one.start, one.end)):
        last = rows[-1] if rows else None
        shared = last.intersection(span) if last is not None else None
        if last is None or shared is None:
            rows.append(span)
        elif 2 * shared.duration >= min(last.duration, span.duration):
            rows[-1] = shared
        else:
            rows.append(FrameSpan(shared.end, span.end))
    return rows


def allowed(brief: Brief, clip: ClipInput, part: FrameSpan, taken: Sequence[FrameSpan] = ()) -> list[FrameSpan]:
    """The frames of a part of a clip without what the user barred and what is shown elsewhere."""
    barred = [wish.span for wish in brief.avoid if wish.media_id == clip.media.media_id and wish.span is not None]
    spans = [part]
    for one in (*barred, *taken):
        spans = [piece for each in spans for piece in _without(each, one)]
    return spans


def _without(span: FrameSpan, barred: FrameSpan) -> list[FrameSpan]:
    if not span.overlaps(barred):
        return [span]
    pieces = [(span.start, barred.start), (barred.end, span.end)]
    return [FrameSpan(start, end) for start, end in pieces if start < end]


def fillable(parts: Sequence[Part], grid: Grid) -> float:
    """Share of the window that the parts can cover at most, one use each."""
    total = grid.points[-1].frame - grid.points[0].frame
    lengths: dict[str, int] = {}
    for part in parts:
        source = part.clip.media.video
        frames = part.held.duration_frames if part.held else 0
        if source is not None and part.held is None:
            frames = min(int(part.table.part.duration * part.table.rate.fraction / (source.rate.fraction * part.speed)), grid.longest)
        lengths[part.resource] = max(frames, lengths.get(part.resource, 0))
    return sum(lengths.values()) / total


def problem_of(stock: Stock, parts: Sequence[Part], grid: Grid, scorer: Scorer, rules: Rules) -> Problem:
    """The job as numbers: every slot between cut points, every part in it, every pair of neighbours."""
    held = {(part.held.span.start, part.held.span.end): column for column, part in enumerate(parts) if part.held is not None}
    slots = _slots(grid, held)
    noise = random.Random(stock.brief.seed)
    jitter = np.array([noise.uniform(-JITTER, JITTER) for _ in parts])
    values = scorer.values(slots) + jitter
    _hold(values, slots, grid, held)
    _bind_ends(stock.brief, parts, values, slots, grid)
    names = sorted({part.resource for part in parts})
    free = _free_of_rule(parts, scorer.angles, rules.longest_streak) | _without_others(parts, scorer, rules.longest_streak)
    classes = np.where(free, -1, scorer.angles)
    return Problem(
        len(grid.points),
        tuple(slots),
        values,
        scorer.pairs,
        resources=np.array([names.index(part.resource) for part in parts]),
        classes=classes,
        longest_streak=rules.longest_streak,
        covers=(*scorer.covers(), *must_covers(stock, parts, scorer)),
        blocks=scorer.looks if rules.looks_together else None,
    )


def _free_of_rule(parts: Sequence[Part], angles: NDArray[np.int64], longest: int) -> NDArray[np.bool_]:
    """(parts,) what is held and by itself makes a longer streak than allowed: nobody can mend that, so the rule passes over it."""
    free, run = np.zeros(len(parts), bool), list[int]()
    order = sorted((part.held.timeline_start_frame, column) for column, part in enumerate(parts) if part.held is not None)
    for _, column in order:
        before = parts[run[-1]].held if run else None
        now = parts[column].held
        assert now is not None
        joins = before is not None and before.span.end == now.span.start and angles[run[-1]] == angles[column]
        run = [*run, column] if joins else [column]
        if len(run) > longest:
            free[run] = True
    return free


def _without_others(parts: Sequence[Part], scorer: Scorer, longest: int) -> NDArray[np.bool_]:
    """(parts,) whose angle the footage has too little beside to keep the rule at the style's pace: few long shots would keep it."""
    grid = scorer.grid
    shots = (grid.points[-1].frame - grid.points[0].frame) / (scorer.holding.middle * grid.beat_frames)
    needed = math.ceil(shots / (longest + 1)) - 1 if longest else 0
    free = np.zeros(len(parts), bool)
    for angle in np.unique(scorer.angles[scorer.angles >= 0]):
        others = {part.resource for part, one in zip(parts, scorer.angles) if one != angle}
        free |= (scorer.angles == angle) & (len(others) < needed)
    return free


def _slots(grid: Grid, held: Mapping[tuple[int, int], int]) -> list[tuple[int, int]]:
    """Pairs of points that a shot may fill: neither too short nor too long, and over nothing that is held."""
    frames = [point.frame for point in grid.points]
    slots = []
    for start, first in enumerate(frames[:-1]):
        for end in range(start + 1, len(frames)):
            length = frames[end] - first
            is_held = (first, frames[end]) in held
            if length > grid.longest and not is_held:
                break
            over = any(first < b and a < frames[end] for a, b in held) and not is_held
            if is_held or (length >= grid.least and not over):
                slots.append((start, end))
    return slots


def _hold(values: NDArray[np.float64], slots: Sequence[tuple[int, int]], grid: Grid, held: Mapping[tuple[int, int], int]) -> None:
    """What is held stands in its slot and nowhere else, and nothing else stands there."""
    columns = list(held.values())
    rows = {(grid.points[a].frame, grid.points[b].frame): row for row, (a, b) in enumerate(slots)}
    own = {column: values[rows[frames], column] for frames, column in held.items()}
    values[:, columns] = IMPOSSIBLE
    for frames, column in held.items():
        values[rows[frames]] = IMPOSSIBLE
        values[rows[frames], column] = max(own[column], IMPOSSIBLE / 1e6)


def _bind_ends(brief: Brief, parts: Sequence[Part], values: NDArray[np.float64], slots: Sequence[tuple[int, int]], grid: Grid) -> None:
    """Only the named clip may open or close, where one is named and nothing held stands there."""
    for row, (start, end) in enumerate(slots):
        for wish, here in ((brief.first, grid.points[start].frame == 0), (brief.last, grid.points[end].frame == grid.total)):
            if wish is not None and here:
                fits = [part.held is not None or is_wanted(part, (wish,)) for part in parts]
                values[row] = np.where(fits, values[row], IMPOSSIBLE)


def must_covers(stock: Stock, parts: Sequence[Part], scorer: Scorer) -> list[Cover]:
    """What has to appear at least once, as covers nobody can afford to leave out."""
    there = {*stock.taken, *(placement.media_id for placement, _ in stock.held)}
    rows = []
    for wish in stock.brief.must_use:
        members = tuple(column for column, part in enumerate(parts) if is_wanted(part, (wish,)) and part.held is None)
        if members and wish.media_id not in there:
            rows.append(Cover(f"must {wish.media_id}", members, MUST_REWARD))
    if stock.brief.looks == "each":
        for number in np.unique(scorer.looks[scorer.looks >= 0]):
            rows.append(Cover(f"look {number + 1}", tuple(int(one) for one in np.flatnonzero(scorer.looks == number)), MUST_REWARD))
    return rows


def relaxed_rules(stock: Stock) -> list[Rules]:
    """The rules as asked, then ever wider ones."""
    brief = stock.brief
    streak = stock.taste.profile.sequencing_patterns.max_same_angle_streak
    rows = [Rules(streak, brief.looks == "together", brief.shortest_s, brief.longest_s)]
    if rows[0].longest_streak:
        rows.append(replace(rows[-1], longest_streak=0))
    if rows[0].looks_together:
        rows.append(replace(rows[-1], looks_together=False))
    rows.append(replace(rows[-1], shortest_s=0.1, longest_s=2 * (brief.longest_s or LONGEST_SHOT_S)))
    return rows
