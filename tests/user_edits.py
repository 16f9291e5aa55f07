"""A person at an editing program, simulated: an edit laid out as items on tracks, random changes to it, and what is then true.

bench = Bench(timeline)             the edit as the program shows it
bench.change(chance)                one random edit; returns its name
bench.truth()                       clip id -> what became of it, known because the bench did it
flavours.FLAVOURS[name](bench)      the file that a program would export
"""

from __future__ import annotations

import dataclasses
import random
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction

import factories

from engine.model.media import Media
from engine.model.time import STANDARD_RATES, FrameRate, round_half_up
from engine.model.timeline import CropKey, Placement, Timeline

SHORTEST = 6
"""Frames under which the simulated person trims nothing."""


@dataclass(eq=False)
class Item:
    """A clip on the bench. `origin` : id of the placement it was; None where the person brought it in."""

    origin: str | None
    media: Media
    source_s: Fraction
    start: int
    length: int
    speed: Fraction = Fraction(1)
    enabled: bool = True
    lock: str | None = None
    level: int = 0
    zoom: float = 1.0
    """Over the size at which the picture fits the frame; pictures and frame have one shape here."""
    at: tuple[float, float] = (0.0, 0.0)
    """Of the picture's middle from the frame's, right and down, in shares of the frame."""

    @property
    def end(self) -> int:
        return self.start + self.length

    def source_end_s(self, rate: FrameRate) -> Fraction:
        return self.source_s + rate.seconds(self.length) * self.speed


class Bench:
    """The edit under a person's hands. Items of level 0 lie on one track; higher levels above it."""

    def __init__(self, timeline: Timeline, spare: list[Media] | None = None) -> None:
        self.timeline, self.rate = timeline, timeline.rate
        self.items = [self._item(clip) for clip in timeline.clips]
        self.spare = spare or [factories.media(900 + k, path=f"/spare/other {k}.mp4") for k in range(3)]
        self.moved: set[str] = set()
        self.touched: set[str] = set()

    def _item(self, clip: Placement) -> Item:
        media = self.timeline.media_of(clip)
        item = Item(clip.id, media, clip.source_start_s, clip.timeline_start_frame, clip.duration_frames, clip.speed, clip.enabled)
        item.zoom, item.at = laid(clip)
        return item

    def change(self, chance: random.Random, kinds: list[str] | None = None) -> str:
        """One edit of a random kind that is possible now."""
        while True:
            name = chance.choice(kinds or sorted(EDITS))
            item = chance.choice([one for one in self.items if one.level == 0])
            if EDITS[name](self, item, chance):
                if item.origin:
                    self.touched.add(item.origin)
                self.items.sort(key=lambda one: (one.level, one.start))
                return name

    def row(self) -> list[Item]:
        return sorted((one for one in self.items if one.level == 0), key=lambda one: one.start)

    def push(self, frame: int, by: int) -> None:
        """Everything from `frame` on goes along, as in a ripple edit."""
        for one in self.items:
            if one.start >= frame:
                one.start += by

    def room(self, item: Item) -> tuple[int, int]:
        """Timeline frames of unused source before and after what an item shows."""
        before = item.source_s / item.speed * self.rate.fraction
        video = item.media.video
        assert video is not None
        after = (video.rate.seconds(video.duration_frames) - item.source_end_s(self.rate)) / item.speed * self.rate.fraction
        return int(before), int(after)

    def truth(self) -> dict[str, set[str]]:
        """Clip id -> kinds, from what can be seen on the bench now."""
        shown = self.shown()
        return {clip.id: self._kinds(clip, shown) for clip in self.timeline.clips}

    def inserted(self) -> int:
        """How many stretches of what the person brought in can be seen."""
        return sum(one.origin is None and one.enabled for one in self.shown())

    def shown(self) -> list[Item]:
        """Items without what is hidden under higher ones, and those switched off."""
        return [part for one in self.items for part in (self._parts(one) if one.enabled else [one])]

    def _parts(self, item: Item) -> list[Item]:
        above = [one for one in self.items if one.level > item.level and one.enabled]
        free = [frame for frame in range(item.start, item.end) if not any(one.start <= frame < one.end for one in above)]
        starts = [frame for frame in free if frame - 1 not in free]
        parts = []
        for start in starts:
            end = next(frame for frame in range(start, item.end + 1) if frame not in free)
            source = item.source_s + self.rate.seconds(start - item.start) * item.speed
            parts.append(dataclasses.replace(item, start=start, length=end - start, source_s=source))
        return parts

    def _kinds(self, clip: Placement, shown: list[Item]) -> set[str]:
        parts = sorted((one for one in shown if one.origin == clip.id), key=lambda one: one.source_s)
        if not parts:
            return {"deleted"}
        kinds = {"moved"} if clip.id in self.moved else set()
        if len(parts) > 1:
            kinds.add("split")
        kinds |= self._ends(clip, parts)
        if any(abs(a - b) > 1e-9 for one in parts for a, b in zip((one.zoom, *one.at), (laid(clip)[0], *laid(clip)[1]))):
            kinds.add("reframed")
        for name, holds in _states(parts):
            kinds |= {name} if holds else set()
        return kinds or {"kept"}

    def _ends(self, clip: Placement, parts: list[Item]) -> set[str]:
        if parts[0].speed != clip.speed:
            return {"retimed"}
        frames = self.rate.fraction / clip.speed
        head = round_half_up((parts[0].source_s - clip.source_start_s) * frames)
        length = sum(one.length for one in parts)
        if len(parts) == 1 and length == clip.duration_frames:
            return {"slipped"} if head else set()
        tail = round_half_up((clip.source_end_s(self.rate) - parts[-1].source_end_s(self.rate)) * frames)
        return {name for name, off in (("head_trimmed", head), ("tail_trimmed", tail)) if off}


def laid(clip: Placement) -> tuple[float, tuple[float, float]]:
    """(zoom, place of the middle) that show a crop of the frame's own shape."""
    key = clip.crop[0]
    return 1 / key.width, ((0.5 - key.x) / key.width - 0.5, (0.5 - key.y) / key.height - 0.5)


def _states(parts: list[Item]) -> list[tuple[str, bool]]:
    marks = {"disabled": lambda one: not one.enabled, "locked": lambda one: one.lock, "retracked": lambda one: one.level}
    return [(name, any(holds(one) for one in parts)) for name, holds in marks.items()]


# --- edits: each returns False where it is not possible ---------------------------------------------------------------


def move(bench: Bench, item: Item, chance: random.Random) -> bool:
    """To another place in the order, everything closing up."""
    row = bench.row()
    if len(row) < 4 or any(one.level for one in bench.items):
        return False
    target = chance.choice([one for one in row if one is not item])
    gap_left = item.start
    bench.items.remove(item)
    bench.push(gap_left, -item.length)
    at = target.start
    if at == gap_left:
        at = target.end
    bench.push(at, item.length)
    item.start = at
    bench.items.append(item)
    if item.origin:
        bench.moved.add(item.origin)
    return True


def nudge(bench: Bench, item: Item, chance: random.Random) -> bool:
    """Dragged to the right over its neighbour's head, leaving a gap."""
    row = bench.row()
    k = row.index(item)
    if k == 0 or k + 1 >= len(row) or item.level or row[k - 1].end != item.start or row[k + 1].start != item.end:
        return False
    by = chance.randint(2, 12)
    other = row[k + 1]
    if other.length - by < SHORTEST:
        return False
    item.start += by
    other.start, other.length = other.start + by, other.length - by
    other.source_s += bench.rate.seconds(by) * other.speed
    for one in (item, other):
        if one.origin:
            bench.touched.add(one.origin)
    if item.origin:
        bench.moved.add(item.origin)
    return True


def trim_head(bench: Bench, item: Item, chance: random.Random) -> bool:
    """Shorter or longer at its head; the rest closes up or stays."""
    by = chance.randint(-min(20, bench.room(item)[0]), max(1, min(30, item.length - SHORTEST)))
    if not by or item.length - by < SHORTEST:
        return False
    item.source_s += bench.rate.seconds(by) * item.speed
    item.length -= by
    if by < 0 or chance.random() < 0.5:
        start = item.start
        bench.push(start + 1, -by)
    else:
        item.start += by
    return True


def trim_tail(bench: Bench, item: Item, chance: random.Random) -> bool:
    """Shorter or longer at its tail; the rest closes up or stays."""
    by = chance.randint(-min(20, bench.room(item)[1]), max(1, min(30, item.length - SHORTEST)))
    if not by or item.length - by < SHORTEST:
        return False
    end = item.end
    item.length -= by
    if by < 0 or chance.random() < 0.5:
        bench.push(end, -by)
    return True


def roll(bench: Bench, item: Item, chance: random.Random) -> bool:
    """The cut behind it goes elsewhere."""
    row = bench.row()
    k = row.index(item)
    if k + 1 >= len(row) or row[k + 1].start != item.end:
        return False
    other = row[k + 1]
    low, high = max(-20, SHORTEST - item.length, -bench.room(other)[0]), min(20, other.length - SHORTEST, bench.room(item)[1])
    by = chance.randint(low, high) if low < high else 0
    if not by:
        return False
    item.length += by
    other.start, other.length = other.start + by, other.length - by
    other.source_s += bench.rate.seconds(by) * other.speed
    if other.origin:
        bench.touched.add(other.origin)
    return True


def slip(bench: Bench, item: Item, chance: random.Random) -> bool:
    """Other frames of the same file in the same place."""
    before, after = bench.room(item)
    by = chance.choice([one for one in range(-min(before, 40), min(after, 40) + 1) if abs(one) > 2] or [0])
    item.source_s += bench.rate.seconds(by) * item.speed
    return by != 0


def replace(bench: Bench, item: Item, chance: random.Random) -> bool:
    """Another file in its place."""
    if item.origin is None:
        return False
    bench.touched.add(item.origin)
    item.origin, item.speed, item.lock, item.enabled = None, Fraction(1), None, True
    item.zoom, item.at = 1.0, (0.0, 0.0)
    item.media, item.source_s = chance.choice(bench.spare), Fraction(chance.randint(0, 30), 30)
    return True


def delete(bench: Bench, item: Item, chance: random.Random) -> bool:
    """Gone, the hole closed or left."""
    if len(bench.row()) < 4:
        return False
    bench.items.remove(item)
    if chance.random() < 0.6:
        bench.push(item.start, -item.length)
    return True


def insert(bench: Bench, item: Item, chance: random.Random) -> bool:
    """A file that was not in the edit, before `item`."""
    length, at = chance.randint(10, 60), item.start
    bench.push(at, length)
    bench.items.append(Item(None, chance.choice(bench.spare), Fraction(chance.randint(0, 60), 30), at, length))
    return True


def split(bench: Bench, item: Item, chance: random.Random) -> bool:
    """A blade through it."""
    if item.length < 2 * SHORTEST or item.origin is None:
        return False
    at = chance.randint(SHORTEST, item.length - SHORTEST)
    second = dataclasses.replace(item, start=item.start + at, length=item.length - at)
    second.source_s = item.source_s + bench.rate.seconds(at) * item.speed
    item.length = at
    bench.items.append(second)
    return True


def retime(bench: Bench, item: Item, chance: random.Random) -> bool:
    """Half or double speed of the same stretch of source."""
    if item.origin is None or sum(one.origin == item.origin for one in bench.items) > 1:
        return False
    speed = chance.choice((Fraction(1, 2), Fraction(2), Fraction(4, 5)))
    length = round_half_up(item.length / speed)
    if length < SHORTEST:
        return False
    end = item.end
    bench.push(end, length - item.length)
    item.speed, item.length = item.speed * speed, length
    return bench.room(item)[1] >= 0


def reframe(bench: Bench, item: Item, chance: random.Random) -> bool:
    """Larger, and another part of the picture in the middle; never less than the frame."""
    if item.origin is None:
        return False
    item.zoom *= chance.uniform(1.1, 1.6)
    reach = (item.zoom - 1) / 2
    item.at = (chance.uniform(-reach, reach), chance.uniform(-reach, reach))
    return True


def disable(bench: Bench, item: Item, chance: random.Random) -> bool:
    item.enabled = False
    return True


def retrack(bench: Bench, item: Item, chance: random.Random) -> bool:
    """Up to the track above, at the same time."""
    if len([one for one in bench.items if one.level == 0]) < 4:
        return False
    item.level = 1
    return True


def lock(bench: Bench, item: Item, chance: random.Random) -> bool:
    """By a mark of the program: a marker or a name, or a label where it has one."""
    item.lock = chance.choice(("mark", "label"))
    return item.origin is not None


EDITS: dict[str, Callable[[Bench, Item, random.Random], bool]] = {
    one.__name__: one
    for one in (move, nudge, trim_head, trim_tail, roll, slip, replace, delete, insert, split, retime, reframe, disable, retrack, lock)
}


def random_edit(chance: random.Random, count: int) -> Timeline:
    """An edit of `count` clips, as beats of a song cut it, takes of many rates; a take may be used again elsewhere."""
    rate = chance.choice(STANDARD_RATES[:7])
    clips: list[Placement] = []
    media: list[Media] = []
    used: dict[str, Fraction] = {}
    at = 0
    for number in range(1, count + 1):
        length = round_half_up(chance.choice((0.4, 0.5, 1, 1, 1.5, 2, 3)) * rate.fraction)
        if not media or chance.random() < 0.75:
            own = chance.choice(STANDARD_RATES[:10])
            size = {"stored_width": 3840, "stored_height": 2160} if chance.random() < 0.4 else {}
            stream = factories.video(
                **size, rate=own, duration_frames=60 * own.timebase, start_frame=chance.choice((0, 0, 3600 * own.timebase, 12_345))
            )
            media.append(
                factories.media(number, stream=stream, path=chance.choice(("/shoot/{} a.mp4", "C:\\Съёмка\\{}#.mov")).format(number))
            )
            of, first = media[-1], own.seconds(chance.randint(10, 5 * own.timebase))
        else:
            of = chance.choice(media)
            first = used[of.media_id] + Fraction(3, 2)
        video = of.video
        assert video is not None
        start = video.rate.frames(first)
        used[of.media_id] = video.rate.seconds(start) + rate.seconds(length)
        side = chance.choice((1.0, 1.0, 0.8, 0.6))
        crop = CropKey(0, chance.uniform(0, 1 - side), chance.uniform(0, 1 - side), side, side)
        clips.append(factories.placement(number, at, length, of=of, source_start_frame=start, enabled=True, crop=(crop,)))
        at += length
    return factories.timeline(
        1,
        rate=rate,
        duration_frames=at,
        clips=tuple(clips),
        media=(*media, factories.song_media()),
        song=factories.song_use(float(rate.seconds(at))),
        transitions=(),
        markers=(),
        tracks=(),
        outcomes=(),
    )
