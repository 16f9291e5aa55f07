"""Which row of a returned timeline is which of our placements: by several votes, none of which decides alone.

Votes: the id that our writer left (it may be copied, halved or lost), the media (always required), the stretch of source, place and order.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

from engine.model.timeline import Placement, Timeline
from engine.telemetry.seen import Seen

__all__ = ["Pair", "assigned", "best_assignment", "overlap", "pairs_of"]

WEIGHTS = {"id": 4.0, "source": 3.0, "place": 1.0, "order": 0.5}
"""What each vote counts (chosen: an id outweighs any doubt about source and place, but not a different file)."""
LEAST_SHARED = Fraction(1, 2)
"""Of the shorter of two stretches of source, how much has to be common for them to be taken as one clip (NLE practice: half)."""


@dataclass(frozen=True)
class Pair:
    """A placement and a row that could be the same clip. `votes` : which votes speak for it."""

    clip: int
    row: int
    score: float
    votes: tuple[str, ...]


def overlap(a: tuple[Fraction, Fraction], b: tuple[Fraction, Fraction]) -> Fraction:
    """Length of what two stretches share."""
    return max(Fraction(0), min(a[1], b[1]) - max(a[0], b[0]))


def source_of(clip: Placement, timeline: Timeline) -> tuple[Fraction, Fraction]:
    """The stretch of its file that a placement shows, in seconds from the first frame."""
    return clip.source_start_s, clip.source_end_s(timeline.rate)


def _source(row: Seen) -> tuple[Fraction, Fraction]:
    return min(row.source_start_s, row.source_end_s), max(row.source_start_s, row.source_end_s)


def pairs_of(timeline: Timeline, rows: Sequence[Seen]) -> list[Pair]:
    """Every pair worth considering: the same file, and either our id or half of the source in common."""
    by_media: dict[str, list[int]] = {}
    for number, row in enumerate(rows):
        if row.media_id is not None:
            by_media.setdefault(row.media_id, []).append(number)
    found = []
    for k, clip in enumerate(timeline.clips):
        for number in by_media.get(clip.media_id, ()):
            pair = _pair(timeline, k, clip, number, rows[number], len(rows))
            if pair is not None:
                found.append(pair)
    return found


def _pair(timeline: Timeline, k: int, clip: Placement, number: int, row: Seen, count: int) -> Pair | None:
    mine, theirs = source_of(clip, timeline), _source(row)
    common = overlap(mine, theirs)
    shorter, longer = sorted((mine[1] - mine[0], theirs[1] - theirs[0]))
    share = common / shorter if shorter else Fraction(0)
    same_id = row.mark == clip.id
    if share < LEAST_SHARED and not same_id:
        return None
    union = shorter + longer - common
    place = _shared_frames(clip, row)
    order = 1 - abs(k / len(timeline.clips) - number / count)
    score = WEIGHTS["id"] * same_id + WEIGHTS["source"] * float(share + common / union if union else 0) / 2
    score += WEIGHTS["place"] * place + WEIGHTS["order"] * order
    votes = ("id",) * same_id + ("media",) + ("source",) * (share >= LEAST_SHARED) + ("place",) * (place >= 0.5)
    return Pair(k, number, score, votes)


def _shared_frames(clip: Placement, row: Seen) -> float:
    """Record frames in common over record frames of either."""
    common = clip.span.intersection(row.record)
    both = common.duration if common else 0
    return both / (clip.duration_frames + row.record.duration - both)


def assigned(pairs: Sequence[Pair]) -> dict[int, Pair]:
    """Clip -> its pair, so that each clip and each row is used once and the scores sum to the most possible."""
    found: dict[int, Pair] = {}
    for group in _components(pairs):
        clips, rows = sorted({pair.clip for pair in group}), sorted({pair.row for pair in group})
        score = {(pair.clip, pair.row): pair for pair in group}
        gain = [[score[clip, row].score if (clip, row) in score else 0.0 for row in rows] for clip in clips]
        for k, column in best_assignment(gain).items():
            pair = score.get((clips[k], rows[column]))
            if pair is not None:
                found[pair.clip] = pair
    return found


def _components(pairs: Sequence[Pair]) -> list[list[Pair]]:
    """Pairs that compete with each other, directly or through others, together."""
    home: dict[tuple[str, int], int] = {}
    groups: dict[int, list[Pair]] = {}
    members: dict[int, set[tuple[str, int]]] = {}
    for number, pair in enumerate(pairs):
        ends = {("clip", pair.clip), ("row", pair.row)}
        joined = {home[end] for end in ends if end in home}
        groups[number] = [pair, *(one for old in joined for one in groups.pop(old))]
        members[number] = ends.union(*(members.pop(old) for old in joined))
        home.update(dict.fromkeys(members[number], number))
    return list(groups.values())


def best_assignment(gain: Sequence[Sequence[float]]) -> Mapping[int, int]:
    """Line -> column with the largest sum of gains, each used once (Kuhn's method with potentials, O(n^3))."""
    lines, columns = len(gain), max((len(line) for line in gain), default=0)
    size = max(lines, columns)
    cost = [[-gain[i][j] if i < lines and j < columns else 0.0 for j in range(size)] for i in range(size)]
    u, v, match = [0.0] * (size + 1), [0.0] * (size + 1), [0] * (size + 1)
    for i in range(1, size + 1):
        match[0] = i
        _augment(cost, u, v, match, size)
    return {match[j] - 1: j - 1 for j in range(1, size + 1) if match[j] - 1 < lines and j - 1 < columns}


def _augment(cost: Sequence[Sequence[float]], u: list[float], v: list[float], match: list[int], size: int) -> None:
    """Takes one more line into the assignment along the cheapest alternating path; column 0 stands for that line."""
    least, way, used = [float("inf")] * (size + 1), [0] * (size + 1), [False] * (size + 1)
    at = 0
    while match[at]:
        used[at] = True
        line, step, following = match[at], float("inf"), 0
        for j in range(1, size + 1):
            if not used[j]:
                here = cost[line - 1][j - 1] - u[line] - v[j]
                if here < least[j]:
                    least[j], way[j] = here, at
                if least[j] < step:
                    step, following = least[j], j
        for j in range(size + 1):
            if used[j]:
                u[match[j]] += step
                v[j] -= step
            else:
                least[j] -= step
        at = following
    while at:
        match[at] = match[way[at]]
        at = way[at]
