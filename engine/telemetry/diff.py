"""What an editor did to our edit: every placement classified, every row of the returned timeline accounted for. Pure.

What looks the same is called the same: a head trimmed and a tail extended by as much, in place, is a slip; two neighbours that changed
places are one clip that moved. What cannot be told is reported, never guessed.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction

from engine.model.time import FrameRate, FrameSpan, round_half_up
from engine.model.timeline import CropKey, Placement, Timeline
from engine.telemetry.framing import reframed
from engine.telemetry.matching import assigned, overlap, pairs_of, source_of
from engine.telemetry.order import Order, moved_clips
from engine.telemetry.seen import Seen, gaps_between

__all__ = ["KINDS", "Change", "Diff", "compare"]

KINDS = (
    "kept",
    "moved",
    "head_trimmed",
    "tail_trimmed",
    "slipped",
    "reframed",
    "replaced",
    "deleted",
    "inserted",
    "split",
    "retimed",
    "disabled",
    "enabled",
    "retracked",
    "locked",
    "unlocked",
    "unmatched",
)
EDITED = frozenset(("moved", "head_trimmed", "tail_trimmed", "slipped", "reframed", "replaced", "retimed"))
SAME_SPEED = Fraction(1, 200)
"""Speeds closer than half a per cent are one speed: programs round them to whole frames of the clip."""
SAME_SOURCE = Fraction(9, 10)
"""Of the longer of two stretches of one source, from which one counts as a copy of the other (chosen)."""
MAIN_SHARE = 0.2
"""Of our clips, from which a track can be the one that the edit lies on (chosen)."""
SAME_SLOT = 0.5
"""Record frames in common over frames of either, from which another clip counts as having taken the place of one."""


@dataclass(frozen=True)
class Change:
    """What became of one placement (`clip_id`), or an insertion (None). `kinds` : of `KINDS`, several where several hold.

    head_frames, tail_frames : timeline frames taken off (positive) or added. slip_frames : source frames later. pieces : further rows that
    a split made. crops : number of a row of it that was laid anew -> what it shows, empty where that is more than its picture. votes : what
    spoke for the match.
    """

    kinds: tuple[str, ...]
    clip_id: str | None
    row: Seen | None
    pieces: tuple[Seen, ...] = ()
    head_frames: int = 0
    tail_frames: int = 0
    slip_frames: int = 0
    crops: Mapping[int, tuple[CropKey, ...]] = field(default_factory=dict)
    from_position: int | None = None
    to_position: int | None = None
    votes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Diff:
    """`changes` : one per placement in their order, then insertions. `unmatched` : rows nobody can place. `gaps` : nothing is there."""

    changes: tuple[Change, ...]
    unmatched: tuple[Seen, ...]
    gaps: tuple[FrameSpan, ...]

    @property
    def counts(self) -> dict[str, int]:
        """How often each kind occurs, in the order of `KINDS`."""
        found = Counter(kind for change in self.changes for kind in change.kinds)
        return {kind: found[kind] for kind in KINDS if found[kind]}

    def of(self, clip_id: str) -> Change:
        """What became of a placement."""
        return next(change for change in self.changes if change.clip_id == clip_id)


@dataclass
class _Match:
    """The rows of one placement so far: the first is the one it is compared with."""

    rows: list[Seen]
    votes: tuple[str, ...]
    replaced: bool = False


def compare(timeline: Timeline, rows: Sequence[Seen]) -> Diff:
    """Every placement of the primary track against what came back."""
    pairs = assigned(pairs_of(timeline, rows))
    matches = {timeline.clips[k].id: _Match([rows[pair.row]], pair.votes) for k, pair in pairs.items()}
    free = [row for number, row in enumerate(rows) if number not in {pair.row for pair in pairs.values()}]
    free = _pieces_taken(timeline, matches, free, _own_share)
    free = _alone_taken(timeline, matches, free)
    firsts = {identity: match.rows[0] for identity, match in matches.items()}
    order = moved_clips(timeline, firsts, gaps_between(rows, disabled=True))
    free = _slots_taken(timeline, matches, free, order, same=True)
    free = _pieces_taken(timeline, matches, free, _beside)
    free = _slots_taken(timeline, matches, free, order, same=False)
    main = _main_track(matches)
    carries_speed = any(row.speed != 1 for row in rows)
    changes = [_change(timeline, k, matches.get(clip.id), order.moved, main, carries_speed, rows) for k, clip in enumerate(timeline.clips)]
    crops = reframed(timeline, [(name, row) for name, match in matches.items() if not match.replaced for row in match.rows])
    changes = [_reframed(one, crops) for one in changes]
    unclear = [row for row in free if row.media_id is None and row.enabled]
    changes = _unclear(timeline, changes, unclear, order.shift_near)
    inserted = [row for row in free if row.media_id is not None and row.enabled]
    changes += [_insertion(row, _position(row, rows)) for row in inserted]
    return Diff(tuple(changes), tuple(unclear), gaps_between(rows))


def _alone_taken(timeline: Timeline, matches: dict[str, _Match], free: Sequence[Seen]) -> list[Seen]:
    """Matches a placement that nothing else was found for with the one row that shows its file, where no other placement does: whoever
    slipped a clip beyond what it showed, and moved it, still has that clip. Returns the others."""
    users = Counter(clip.media_id for clip in timeline.clips)
    shown = Counter(row.media_id for row in free)
    left = []
    for row in free:
        clip = next((one for one in timeline.clips if one.media_id == row.media_id and one.id not in matches), None)
        if clip is not None and users[clip.media_id] == shown[row.media_id] == 1 and row.mark in (None, clip.id):
            matches[clip.id] = _Match([row], ("media",))
        else:
            left.append(row)
    return left


def _pieces_taken(
    timeline: Timeline, matches: Mapping[str, _Match], free: Sequence[Seen], claim: Callable[[Timeline, Placement, _Match, Seen], float]
) -> list[Seen]:
    """Gives rows that are another part of a matched placement to the one with the strongest claim; returns the others.

    A part has the same file, none but the placement's own id, and is no copy of another part.
    """
    left = []
    for row in free:
        claims = [
            (claim(timeline, clip, matches[clip.id], row), -k, clip.id)
            for k, clip in enumerate(timeline.clips)
            if clip.id in matches and clip.media_id == row.media_id and row.mark in (None, clip.id)
            if not any(_is_copy(row, other) for other in matches[clip.id].rows)
        ]
        best = max(claims, default=(0.0, 0, ""))
        if best[0] > 0:
            matches[best[2]].rows.append(row)
        else:
            left.append(row)
    return left


def _is_copy(row: Seen, other: Seen) -> bool:
    """Whether two rows show the same, so that one is the other once more and not another part of it."""
    a, b = _span(row), _span(other)
    return overlap(a, b) >= SAME_SOURCE * max(a[1] - a[0], b[1] - b[0])


def _own_share(timeline: Timeline, clip: Placement, match: _Match, row: Seen) -> float:
    """How much of a row is source that the placement showed, where that is half or more; its id counts as all of it."""
    span = _span(row)
    share = float(overlap(span, source_of(clip, timeline)) / (span[1] - span[0])) if span[1] > span[0] else 0.0
    return 1.0 + share if row.mark == clip.id else share if share >= 0.5 else 0.0


def _beside(timeline: Timeline, clip: Placement, match: _Match, row: Seen) -> float:
    """1 where a row joins another part of the placement on the timeline: a half that was slipped after the blade."""
    return float(any(row.record.start == other.record.end or row.record.end == other.record.start for other in match.rows))


def _span(row: Seen) -> tuple[Fraction, Fraction]:
    return min(row.source_start_s, row.source_end_s), max(row.source_start_s, row.source_end_s)


def _slots_taken(timeline: Timeline, matches: dict[str, _Match], free: Sequence[Seen], order: Order, same: bool) -> list[Seen]:
    """Matches what stands where a missing placement stood: the `same` file is a slip, another one a replacement. Returns the others."""
    missing = [clip for clip in timeline.clips if clip.id not in matches]
    still = {identity: match.rows[0] for identity, match in matches.items() if identity not in order.moved}
    options = [
        (row.mark == clip.id, share, -number, clip, row)
        for clip in missing
        for number, row in enumerate(free)
        if row.media_id is not None and (row.media_id == clip.media_id) == same
        for share in [_slot_share(clip, row, order.shift_near[clip.id])]
        if share >= SAME_SLOT or row.mark == clip.id or (same and _between(timeline, clip, row, still))
    ]
    taken: set[int] = set()
    for by_mark, _, number, clip, row in sorted(options, key=lambda one: one[:3], reverse=True):
        if clip.id not in matches and number not in taken:
            taken.add(number)
            votes = ("id",) * by_mark + ("media",) * same + ("place",)
            matches[clip.id] = _Match([row], votes, replaced=not same)
    return [row for number, row in enumerate(free) if -number not in taken]


def _between(timeline: Timeline, clip: Placement, row: Seen, still: Mapping[str, Seen]) -> bool:
    """Whether a row lies after the nearest unmoved placement before `clip` and before the nearest one after it."""
    k = timeline.clips.index(clip)
    left = next((still[one.id] for one in reversed(timeline.clips[:k]) if one.id in still), None)
    right = next((still[one.id] for one in timeline.clips[k + 1 :] if one.id in still), None)
    return (left is None or left.record.start < row.record.start) and (right is None or row.record.start < right.record.start)


def _slot_share(clip: Placement, row: Seen, shifts: Sequence[int]) -> float:
    """Most that a row has in common with where the placement would be, moved along with either neighbour or not at all."""
    best = 0.0
    for shift in shifts:
        start, end = clip.span.start + shift, clip.span.end + shift
        both = max(0, min(end, row.record.end) - max(start, row.record.start))
        best = max(best, both / (clip.duration_frames + row.record.duration - both))
    return best


def _main_track(matches: Mapping[str, _Match]) -> int:
    """The lowest track that holds a fair share of our clips: where the edit was before some of them went up."""
    found = Counter(match.rows[0].track for match in matches.values())
    return min((track for track in found if found[track] >= MAIN_SHARE * len(matches)), default=0)


def _change(
    timeline: Timeline, k: int, match: _Match | None, moved: frozenset[str], main: int, carries_speed: bool, rows: Sequence[Seen]
) -> Change:
    clip = timeline.clips[k]
    if match is None:
        return Change(("deleted",), clip.id, None, from_position=k)
    row = match.rows[0]
    pieces = tuple(sorted(match.rows, key=lambda one: one.source_start_s))
    kinds = ["replaced"] if match.replaced else []
    basis = Change((), clip.id, row, from_position=k, to_position=_position(row, rows), votes=match.votes)
    if not match.replaced:
        basis, found = _trims(timeline, clip, pieces, basis, carries_speed)
        kinds += found
    if clip.id in moved:
        kinds.insert(0, "moved")
    if len(pieces) > 1:
        kinds.append("split")
        basis = replace(basis, pieces=tuple(one for one in pieces if one is not row))
    kinds += [name for name, holds in _states(clip, match.rows, main) if holds]
    if not EDITED.isdisjoint(kinds):
        # What a person changed is locked, so a mark that went with the frames it was on frees nothing.
        kinds = [name for name in kinds if name != "unlocked"]
    return replace(basis, kinds=tuple(kinds) or ("kept",))


def _reframed(change: Change, crops: Mapping[int, tuple[CropKey, ...]]) -> Change:
    mine = {row.number: crops[row.number] for row in (change.row, *change.pieces) if row is not None and row.number in crops}
    if not mine:
        return change
    others = tuple(one for one in change.kinds if one not in ("kept", "unlocked"))
    return replace(change, kinds=(*others, "reframed"), crops=mine)


def _states(clip: Placement, rows: Sequence[Seen], main: int) -> list[tuple[str, bool]]:
    locked = any(row.locked for row in rows)
    # One mark taken away is enough: nobody unlocks a clip by half. Marks that a program dropped do not count (`Seen.lock_gone`).
    freed = any(row.lock_gone for row in rows) and not any("track" in row.lock_marks for row in rows)
    return [
        ("disabled", clip.enabled and not all(row.enabled for row in rows)),
        ("enabled", not clip.enabled and all(row.enabled for row in rows)),
        ("retracked", any(row.track != main for row in rows)),
        ("locked", locked and clip.lock is None),
        ("unlocked", clip.lock is not None and freed),
    ]


def _trims(timeline: Timeline, clip: Placement, pieces: Sequence[Seen], basis: Change, carries_speed: bool) -> tuple[Change, list[str]]:
    """How the used stretch of source differs: speed first, then both ends."""
    first, last = pieces[0], pieces[-1]
    dropped = clip.speed != 1 and first.speed == 1 and not carries_speed
    speed = Fraction(1) if dropped else clip.speed
    if abs(first.speed - speed) > SAME_SPEED * speed:
        return basis, ["retimed", *_retimed_trims(timeline, clip, first)]
    shift = (first.source_start_s - clip.source_start_s) / speed * timeline.rate.fraction
    length = sum(one.record.duration for one in pieces)
    if len(pieces) == 1 and length == clip.duration_frames:
        if abs(shift) < _tolerance(timeline.rate, clip.source_rate, speed):
            return basis, []
        slip = round_half_up((first.source_start_s - clip.source_start_s) * clip.source_rate.fraction)
        return replace(basis, slip_frames=slip), ["slipped"]
    head = _nearest(shift)
    end = (last.source_end_s - clip.source_start_s) / speed * timeline.rate.fraction
    tail = clip.duration_frames - (head + length if len(pieces) == 1 else _nearest(end))
    changed = replace(basis, head_frames=head, tail_frames=tail)
    return changed, [name for name, frames in (("head_trimmed", head), ("tail_trimmed", tail)) if frames]


def _retimed_trims(timeline: Timeline, clip: Placement, row: Seen) -> list[str]:
    """Which ends of the source moved beside the change of speed, by more than a frame (a new speed rounds the length)."""
    mine, theirs = source_of(clip, timeline), _span(row)
    slack = 2 * timeline.rate.frame_duration * max(row.speed, clip.speed)
    return [name for name, a, b in (("head_trimmed", mine[0], theirs[0]), ("tail_trimmed", mine[1], theirs[1])) if abs(a - b) > slack]


def _tolerance(rate: FrameRate, source: FrameRate, speed: Fraction) -> Fraction:
    """Frames of the timeline within which an in point counts as the same: half of its grid and half of the source's.

    Slow motion stretches what a program has rounded in the source.
    """
    return (Fraction(1, 2) + source.frame_duration * rate.fraction / 2) * max(Fraction(1), 1 / speed)


def _nearest(frames: Fraction) -> int:
    """Nearest whole number, halves down: programs round in points half up, and their rounding is no edit."""
    return -round_half_up(-frames)


def _position(row: Seen, rows: Sequence[Seen]) -> int:
    """Where a row stands among what is visible."""
    return sum(other.enabled and other.record < row.record for other in rows)


def _insertion(row: Seen, position: int) -> Change:
    return Change(("inserted", *(["locked"] if row.locked else [])), None, row, to_position=position, votes=())


def _unclear(
    timeline: Timeline, changes: Sequence[Change], unclear: Sequence[Seen], shift_near: Mapping[str, tuple[int, ...]]
) -> list[Change]:
    """A placement in whose slot an unknown file stands is not called deleted: nobody knows."""
    result, left = [], list(unclear)
    for change, clip in zip(changes, timeline.clips):
        row = None
        if change.kinds == ("deleted",):
            row = next((one for one in left if one.mark == clip.id or _slot_share(clip, one, shift_near[clip.id]) >= SAME_SLOT), None)
        if row is None:
            result.append(change)
        else:
            left.remove(row)
            result.append(replace(change, kinds=("unmatched",), row=row))
    return result
