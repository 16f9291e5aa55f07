"""Which clips an editor moved, as opposed to those that were pushed along by what happened before them. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from engine.model.time import FrameSpan, round_half_up
from engine.model.timeline import Placement, Timeline
from engine.telemetry.seen import Seen

__all__ = ["Order", "longest_ascending", "moved_clips"]


@dataclass(frozen=True)
class Order:
    """`moved` : ids. `shift_near` : for every placement the shifts (frames) of its nearest unmoved neighbours, and 0."""

    moved: frozenset[str]
    shift_near: Mapping[str, tuple[int, ...]]


def moved_clips(timeline: Timeline, rows: Mapping[str, Seen], gaps: Sequence[FrameSpan]) -> Order:
    """The fewest clips that, moved, explain the order of `rows`; and those that stand apart from the others with a gap beside them."""
    clips = [clip for clip in timeline.clips if clip.id in rows]
    ranks = {identity: rank for rank, identity in enumerate(sorted(rows, key=lambda one: (rows[one].record, rows[one].number)))}
    # Of equally small sets the one is taken whose clips changed otherwise too, or left their place: what is as it was has not been moved.
    still = [1 + _as_it_was(clip, rows[clip.id]) / (4 * len(clips)) for clip in clips]
    kept = [clips[k] for k in longest_ascending([ranks[clip.id] for clip in clips], still)]
    shifts = _shifts(timeline, kept, rows)
    moved = {clip.id for clip in clips} - {clip.id for clip in kept}
    lengths = {rows[identity].record.duration for identity in moved}
    closed = _closed_up(timeline, rows)
    moved |= _standing_apart(kept, shifts, rows, [gap for gap in gaps if gap.duration not in lengths], closed)
    anchors = {clip.id: shift for clip, shift in zip(kept, shifts) if clip.id not in moved}
    return Order(frozenset(moved), {clip.id: _near(timeline, k, anchors) for k, clip in enumerate(timeline.clips)})


def _as_it_was(clip: Placement, row: Seen) -> int:
    """0 to 3: how much about a clip is unchanged, its frames before its place."""
    same = row.record.duration == clip.duration_frames and row.speed == clip.speed
    return 2 * same + (row.record.start == clip.timeline_start_frame)


def longest_ascending(values: Sequence[int], weights: Sequence[float]) -> list[int]:
    """Indices of the ascending subsequence of `values` with the largest sum of weights."""
    best: list[float] = []
    before: list[int | None] = []
    for k, value in enumerate(values):
        options = [j for j in range(k) if values[j] < value]
        at = max(options, key=lambda j: best[j], default=None)
        best.append(weights[k] + (best[at] if at is not None else 0))
        before.append(at)
    chain: list[int] = []
    at = max(range(len(values)), key=lambda k: best[k], default=None)
    while at is not None:
        chain.append(at)
        at = before[at]
    return chain[::-1]


def _shifts(timeline: Timeline, clips: Sequence[Placement], rows: Mapping[str, Seen]) -> list[int]:
    """How far each clip lies from where it was.

    Where its source or its length changed, that is measured at its first frame, at its end, or at where its old first frame would be:
    whichever needs the fewest steps along the track (a clip whose head was overwritten did not move, nor did one that slipped).
    """
    paths: dict[int, tuple[int, list[int]]] = {0: (0, [])}
    for clip in clips:
        row = rows[clip.id]
        plain = row.record.start - clip.timeline_start_frame
        head = round_half_up((row.source_start_s - clip.source_start_s) / clip.speed * timeline.rate.fraction)
        following: dict[int, tuple[int, list[int]]] = {}
        for level in dict.fromkeys((plain - head, row.record.end - clip.span.end, plain)):
            steps, path = min(((steps + (at != level), path) for at, (steps, path) in paths.items()), key=lambda one: one[0])
            following[level] = (steps, [*path, level])
        paths = following
    return min(paths.values(), key=lambda one: one[0])[1]


def _closed_up(timeline: Timeline, rows: Mapping[str, Seen]) -> dict[str, int]:
    """Clip id -> frames of what was deleted directly before it: deleting draws what follows along, which is no move of it."""
    found, gone = {}, 0
    for clip in timeline.clips:
        if clip.id in rows:
            found[clip.id], gone = gone, 0
        else:
            gone += clip.duration_frames
    return found


def _standing_apart(
    clips: Sequence[Placement], shifts: Sequence[int], rows: Mapping[str, Seen], gaps: Sequence[FrameSpan], closed: Mapping[str, int]
) -> set[str]:
    """Runs of clips shifted against both neighbours, which agree, with a gap as long as the shift beside: dragged, not pushed.

    What closed up to the clip before it after a deletion (`closed`) was drawn there. The shortest run counts first; without it the clips
    around it are one run again.
    """
    left = list(zip(clips, shifts))
    while True:
        runs = [run for run in _runs(left) if _dragged(left, run, rows, gaps, closed) and not _drawn(left, run, closed)]
        if not runs:
            return {clip.id for clip in clips} - {clip.id for clip, _ in left}
        start, end = min(runs, key=lambda run: run[1] - run[0])
        del left[start:end]


def _runs(row: Sequence[tuple[Placement, int]]) -> list[tuple[int, int]]:
    """(start, end) of stretches with one shift."""
    starts = [k for k in range(len(row)) if k == 0 or row[k][1] != row[k - 1][1]]
    return list(zip(starts, [*starts[1:], len(row)]))


def _dragged(
    row: Sequence[tuple[Placement, int]],
    run: tuple[int, int],
    rows: Mapping[str, Seen],
    gaps: Sequence[FrameSpan],
    closed: Mapping[str, int],
) -> bool:
    """Whether a gap as long as the shift is beside a run; the hole that a deleted clip left is no such gap."""
    start, end = run
    before = row[start - 1][1] if start else 0
    by = abs(row[start][1] - before)
    agree = row[end][1] == before if end < len(row) else end - start == 1
    if not by or not agree:
        return False
    sides = [(rows[row[start - 1][0].id].record.end if start else 0, rows[row[start][0].id].record.start)]
    if end < len(row):
        sides.append((rows[row[end - 1][0].id].record.end, rows[row[end][0].id].record.start))
    holes = [closed[row[k][0].id] for k in (start, end)[: len(sides)]]
    return any(a <= gap.start and gap.end <= b and gap.duration == by != hole for (a, b), hole in zip(sides, holes) for gap in gaps)


def _drawn(row: Sequence[tuple[Placement, int]], run: tuple[int, int], closed: Mapping[str, int]) -> bool:
    before = row[run[0] - 1][1] if run[0] else 0
    gone = closed[row[run[0]][0].id]
    return gone > 0 and row[run[0]][1] - before == -gone


def _near(timeline: Timeline, k: int, anchors: Mapping[str, int]) -> tuple[int, ...]:
    left = next((anchors[clip.id] for clip in reversed(timeline.clips[:k]) if clip.id in anchors), 0)
    right = next((anchors[clip.id] for clip in timeline.clips[k + 1 :] if clip.id in anchors), left)
    return tuple(dict.fromkeys((left, right, 0)))
