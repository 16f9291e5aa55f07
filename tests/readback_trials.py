"""Trials of read-back: a random edit, random changes, an export in some program's flavour, and what is recovered, judged.

`tests/telemetry` runs some hundreds of them, `tests/benchmarks/bench_readback.py` thousands.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass

from flavours import FLAVOURS
from user_edits import EDITS, Bench, random_edit

from engine.model.cutlist import CutEvent
from engine.model.timeline import Timeline
from engine.telemetry.diff import Diff, compare
from engine.telemetry.seen import seen_events
from otio_adapters.readers import READERS


def returned(timeline: Timeline, bench: Bench, flavour: str, keep_ids: bool) -> Diff:
    cuts = READERS["any"].read(FLAVOURS[flavour](bench, keep_ids))
    return compare(timeline, seen_events(timeline, cuts, media_finder(bench)))


def media_finder(bench: Bench) -> Callable[[CutEvent], str | None]:
    """As `studio.resolving` does for known media: by path."""
    by_path = {row.path.replace("\\", "/"): row.media_id for row in (*bench.timeline.media, *bench.spare)}

    def media_of(event: CutEvent) -> str | None:
        return by_path.get((event.media.path or "").replace("\\", "/"))

    return media_of


@dataclass
class Score:
    """`wrong_locks` : clips that would be locked although nothing about them changed."""

    right: bool
    wrong_locks: list[str]
    missed: str = ""


LOCKING = {"moved", "head_trimmed", "tail_trimmed", "slipped", "reframed", "replaced", "retimed", "locked"}


def judge(bench: Bench, diff: Diff) -> Score:
    truth = bench.truth()
    found = {change.clip_id: set(change.kinds) for change in diff.changes if change.clip_id}
    brought = sum(
        change.row is not None and change.row.enabled and not {"inserted", "replaced"}.isdisjoint(change.kinds) for change in diff.changes
    )
    missed = []
    moved = {"true": {one for one in truth if "moved" in truth[one]}, "found": {one for one in found if "moved" in found[one]}}
    # Which of two neighbours that changed places was moved, nobody can know: as few moves that explain the same order are as good.
    order_right = moved["true"] == moved["found"] or (len(moved["found"]) <= len(moved["true"]) and explains(bench, moved["found"]))
    if not order_right:
        missed.append(f"moved {moved}")
    for identity in truth:
        want, got = truth[identity] - {"moved", "kept"}, found[identity] - {"moved", "kept"}
        want, got = plain(want), plain(got)
        if want != got:
            missed.append(f"{identity}: {want} taken for {got}")
    if brought != bench.inserted():
        missed.append(f"{bench.inserted()} brought in, {brought} found")
    ambiguous = moved["found"] if order_right else set()
    wrong = [one for one in unchanged(bench) if found[one] & LOCKING and one not in ambiguous]
    return Score(not missed and not diff.unmatched, wrong, "; ".join(missed))


def unchanged(bench: Bench) -> list[str]:
    """Clips of which every frame is where it was in the order, cut by a blade or not."""
    truth = bench.truth()
    lengths = {clip.id: clip.duration_frames for clip in bench.timeline.clips}
    return [
        one
        for one, kinds in truth.items()
        if kinds <= {"kept", "split"} and sum(part.length for part in bench.shown() if part.origin == one) == lengths[one]
    ]


def plain(kinds: set[str]) -> set[str]:
    """Another clip put where one was deleted, and one replaced by another, end in the same timeline; a retimed clip has new ends anyway."""
    if "replaced" in kinds:
        return {"deleted"}
    return kinds - {"head_trimmed", "tail_trimmed"} if "retimed" in kinds else kinds


def explains(bench: Bench, moved: set[str]) -> bool:
    """Whether all others are in their old order."""
    numbers = {clip.id: k for k, clip in enumerate(bench.timeline.clips)}
    shown = sorted((one for one in bench.items if one.origin and one.origin not in moved), key=lambda one: (one.start, one.level))
    firsts = list(dict.fromkeys(one.origin for one in shown))
    rest = [numbers[one] for one in firsts if one is not None]
    return rest == sorted(rest)


def supports(flavour: str, names: list[str]) -> bool:
    """Resolve's XML says nothing about speed that its in points agree with (see the fact sheet of the formats)."""
    return flavour != "resolve_xml" or "retime" not in names


def trial(seed: int, steps: int, kinds: list[str] | None = None) -> tuple[list[str], Score, str]:
    chance = random.Random(seed)
    flavour = chance.choice(sorted(FLAVOURS))
    timeline = random_edit(chance, chance.randint(5, 16))
    bench = Bench(timeline)
    allowed = [one for one in kinds or sorted(EDITS) if supports(flavour, [one])]
    names = [bench.change(chance, allowed) for _ in range(steps)]
    diff = returned(timeline, bench, flavour, keep_ids=chance.random() < 0.5)
    return names, judge(bench, diff), flavour
