"""FCPXML of Final Cut Pro, DaVinci Resolve and ourselves, any version: stories and what is connected to them, unrolled into tracks.

Times are exact as written. An item has a local time that begins at its `start`; what is connected to it names positions in that.
"""

from __future__ import annotations

import copy
import heapq
import xml.etree.ElementTree as ET
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import islice
from typing import Literal

from engine.model.cutlist import CutEvent, CutFraming, CutList, CutMarker, CutTrack, CutTransition, MediaLink
from engine.model.moving import Moving, together
from engine.model.time import FrameRate, FrameSpan, round_half_up
from otio_adapters.marks import edit_metadata, lock_seen, our_metadata
from otio_adapters.placing import MOST_NESTS, unnested
from otio_adapters.untrusted import damaged, empty, measure, rate_of, rational, whole, xml_root

__all__ = ["FcpxmlReader"]

ZERO = Fraction(0)
COMPOUNDS = {"ref-clip": "inside of a compound clip", "mc-clip": "angles of a multicam clip", "sync-clip": "inside of a synchronised clip"}
ITEMS = ("asset-clip", "clip", "video", "audio", "title", *COMPOUNDS)
"""Elements that show or sound. Titles become events without media."""
LOSSES = {
    "title": "title",
    "caption": "caption",
    "filter-video": "video effect",
    "filter-audio": "audio effect",
}
"""What is counted as not read, wherever it stands."""

SAME_SCALE = 1e-3
"""Share by which the two sides of a picture may be scaled differently and still count as one scale."""
MOST_LEVELS, MOST_LOOKS = 8, 20_000
"""Compounds within compounds that are followed, and looks into them in one file: they may refer to each other in circles."""


class FcpxmlReader:
    """The first project of a file."""

    name = "fcpxml"
    suffixes: tuple[str, ...] = (".fcpxml",)

    def read(self, content: bytes, source: str = "the file", rate: FrameRate | None = None) -> CutList:
        """Primary story and connected lanes as tracks. Raises `DocumentError`."""
        root = xml_root(content, source, "fcpxml")
        return _Read(root, source).cut_list()


@dataclass(frozen=True)
class _Found:
    """What an item shows: the asset, and the asset's own time at the begin and end of what is shown."""

    asset: ET.Element
    start: Fraction
    end: Fraction


class _Read:
    """One reading: resources by id, events by lane, and what was not understood so far."""

    def __init__(self, root: ET.Element, source: str) -> None:
        self.source = source
        self.resources = {one.attrib["id"]: one for one in root.iterfind("resources/*") if "id" in one.attrib}
        projects = [one for one in root.iter("project") if one.find("sequence") is not None]
        sequences = [one.find("sequence") for one in projects] or [root.find("sequence")]
        if sequences[0] is None:
            empty(source, "it holds no project")
        self.sequence: ET.Element = sequences[0]
        self.name = projects[0].get("name", "") if projects else ""
        self.rate = self._rate(self._resource(self.sequence.get("format")))
        form = self._resource(self.sequence.get("format"))
        width, height = _size(form, "width", source), _size(form, "height", source)
        self.height_share = height / width if width and height else 1.0
        """Of the frame's width: positions count in its height on both axes."""
        self.lanes: dict[tuple[str, int], list[CutEvent]] = {}
        self.joins: dict[int, list[CutTransition]] = {}
        self.links: dict[int, MediaLink] = {}
        self.markers: list[CutMarker] = []
        self.looks, self.level = 0, 0
        self.unrolled = [0]
        self.dropped: Counter[str] = Counter({"project after the first": len(projects) - 1} if len(projects) > 1 else {})

    def cut_list(self) -> CutList:
        """Everything; raises where no clip is found."""
        spine = self.sequence.find("spine")
        begin = self._time(self.sequence, "tcStart")
        if spine is not None:
            self._story(spine, -begin, 0)
        # A transition is made of filters; they are no effects of their own.
        of_joins = {id(one) for join in self.sequence.iter("transition") for one in join.iter()}
        for element in self.sequence.iter():
            if element.tag in LOSSES and id(element) not in of_joins:
                self.dropped[LOSSES[element.tag]] += 1
        form = self._resource(self.sequence.get("format"))
        return CutList(
            name=self.name,
            rate=self.rate,
            tracks=tuple(self._tracks()) or empty(self.source, "the project holds no clip"),
            start_frame=self._frame(begin),
            drop_frame=self.sequence.get("tcFormat") == "DF",
            width=_size(form, "width", self.source),
            height=_size(form, "height", self.source),
            markers=tuple(sorted(self.markers, key=lambda one: one.position_s)),
            dropped=tuple(f"{count} x {what}" for what, count in sorted(self.dropped.items())),
            metadata=edit_metadata([note.text or "" for note in self.sequence.findall("note")], self.markers),
        )

    def _tracks(self) -> Iterator[CutTrack]:
        """Pictures from the lowest lane up, then sound from the primary story down."""
        order = sorted(self.lanes, key=lambda key: (key[0] == "audio", abs(key[1]) if key[0] == "audio" else key[1]))
        for kind, lane in order:
            events = sorted(self.lanes[kind, lane], key=lambda one: one.record)
            for layer, free in enumerate(_apart(events)):
                name = (
                    f"{kind[0].upper()}{abs(lane) + 1}"
                    + ("" if lane >= 0 or kind == "audio" else " below")
                    + (f" +{layer}" if layer else "")
                )
                joins = tuple(self.joins.get(lane, ())) if kind == "video" and layer == 0 else ()
                yield CutTrack("audio" if kind == "audio" else "video", name, tuple(free), joins)

    # --- values

    def _resource(self, identity: str | None) -> ET.Element | None:
        return self.resources.get(identity) if identity else None

    def _time(self, element: ET.Element, name: str, default: Fraction = ZERO) -> Fraction:
        value = element.get(name)
        return default if value is None else rational(value, self.source, f"{name} of a {element.tag}")

    def _frame(self, at: Fraction) -> int:
        return round_half_up(at * self.rate.fraction)

    def _rate(self, form: ET.Element | None) -> FrameRate:
        duration = form.get("frameDuration") if form is not None else None
        if duration is None:
            others = [one.get("frameDuration") for one in self.resources.values() if one.tag == "format" and one.get("frameDuration")]
            duration = others[0] if others else None
        length = rational(duration, self.source, "the sequence's frame duration")
        if length <= 0:
            damaged(self.source, "the sequence's frame duration is not positive")
        return rate_of(1 / length, self.source)

    def _start(self, item: ET.Element) -> Fraction:
        """Where an item's local time begins: what it says, else where its asset begins."""
        asset = self._asset(item)
        return self._time(item, "start", self._time(asset, "start") if asset is not None else ZERO)

    def _asset(self, item: ET.Element) -> ET.Element | None:
        found = self._resource(item.get("ref"))
        return found if found is not None and found.tag == "asset" else None

    def _duration(self, item: ET.Element) -> Fraction:
        asset = self._asset(item)
        duration = self._time(item, "duration", self._time(asset, "duration") if asset is not None else ZERO)
        if duration < 0:
            damaged(self.source, f"a {item.tag} has a negative duration")
        return duration

    # --- walking

    def _story(self, spine: ET.Element, shift: Fraction, lane: int) -> None:
        """Items one after another. shift : record time of the story's time 0."""
        items = [_active(one) for one in spine if one.tag in (*ITEMS, "gap", "transition", "audition")]
        cursor = ZERO
        for number, item in enumerate(items):
            at = self._time(item, "offset", cursor)
            if item.tag != "transition":
                self._item(item, at + shift, lane)
                cursor = at + self._duration(item)
                continue
            following = next((one for one in islice(items, number + 1, None) if one.tag != "transition"), None)
            cut = cursor if following is None else self._time(following, "offset", cursor)
            self.joins.setdefault(lane, []).append(self._transition(item, at + shift, cut + shift))

    def _transition(self, item: ET.Element, at: Fraction, cut: Fraction) -> CutTransition:
        """A transition that begins at record time `at` over a cut at `cut`."""
        before, after = self._frame(cut) - self._frame(at), self._frame(at + self._duration(item)) - self._frame(cut)
        kind = item.get("name", "")
        return CutTransition(self._frame(cut), max(0, before), max(0, after), "dissolve" if kind in ("", "Cross Dissolve") else kind)

    def _item(self, item: ET.Element, at: Fraction, lane: int) -> None:
        """One item at record time `at`, and what is connected to it."""
        start = self._start(item)
        if item.tag in ITEMS:
            self._event(item, at, start, lane)
        else:
            self.markers += [CutMarker(at + mark.position_s, mark.name, mark.note) for mark in self._remarks(item, start)]
        for child in item:
            if child.get("lane") in (None, "0"):
                continue
            beside = lane + whole(child.get("lane"), self.source, "a lane")
            if child.tag == "spine":
                self._story(child, at + self._time(child, "offset") - start, beside)
            elif child.tag in (*ITEMS, "audition"):
                self._item(_active(child), at + self._time(child, "offset") - start, beside)

    def _remarks(self, item: ET.Element, start: Fraction) -> tuple[CutMarker, ...]:
        marks = [one for one in item if one.tag in ("marker", "chapter-marker")]
        return tuple(CutMarker(self._time(one, "start") - start, one.get("value", ""), one.get("note", "")) for one in marks)

    def _event(self, item: ET.Element, at: Fraction, start: Fraction, lane: int) -> None:
        length = self._duration(item)
        found = self._shown(item, start, start + length)
        begin, end = (found.start, found.end) if found else (start, start + length)
        speed = (end - begin) / length if length else Fraction(1)
        local = self._remarks(item, start)
        marks = tuple(CutMarker(mark.position_s * speed, mark.name, mark.note) for mark in local)
        notes = tuple(note.text or "" for note in item.findall("note"))
        sound = item.tag == "audio" or item.get("srcEnable") == "audio" or (found is not None and not _has_video(item, found.asset))
        name = item.get("name", "") or (found.asset.get("name", "") if found else "")
        event = CutEvent(
            name=name,
            record=FrameSpan(self._frame(at), self._frame(at + length)),
            media=self._media(found.asset, name) if found else MediaLink(name),
            source_start_s=begin,
            source_end_s=end,
            speed=speed,
            enabled=item.get("enabled") != "0",
            locked=bool(lock_seen(name, marks)),
            notes=notes,
            markers=marks,
            framing=() if sound else self._framing(item, start),
            metadata=our_metadata(notes, marks, name),
        )
        row = self.lanes.setdefault(("audio" if sound else "video", lane), [])
        row += self._unrolled(event, item, start) if item.tag in COMPOUNDS and found is None else [event]

    def _framing(self, item: ET.Element, start: Fraction) -> tuple[CutFraming, ...]:
        """The transform of an item over its conform: keyframes where it moves. Turned or stretched pictures are counted as not read."""
        conform, transform = item.find("adjust-conform"), item.find("adjust-transform")
        kind = conform.get("type", "fit") if conform is not None else "fit"
        if transform is None or transform.get("enabled") == "0":
            return (CutFraming(ZERO, 1.0, 0.0, 0.0, "fill"),) if kind == "fill" else ()
        position, scale = (self._moving(transform, *one, start) for one in (("position", "0 0"), ("scale", "1 1")))
        still = self._moving(transform, "rotation", "0", start).values == [(0.0, 0.0)]
        if kind == "none" or not still or any(abs(x - y) > SAME_SCALE * abs(x) for x, y in scale.values):
            self.dropped["turned or stretched picture"] += 1
            return ()
        of: Literal["fit", "fill"] = "fill" if kind == "fill" else "fit"
        rows = together((scale, position)).items()
        return tuple(CutFraming(at, zoom, x / 100 * self.height_share, -y / 100, of) for at, (zoom, _, x, y) in rows)

    def _moving(self, transform: ET.Element, name: str, usual: str, start: Fraction) -> Moving:
        """A parameter of two numbers over time from the item's start: keyframes for both, or for each by itself, else one value."""
        holder = transform.find(f"param[@name='{name}']")
        base = self._pair(transform.get(name, usual))
        if holder is None:
            return Moving({ZERO: base})
        keys = self._keys(holder, start)
        axes = [self._keys(one, start) for axis in "XY" for one in holder.findall(f"param[@name='{axis}']")[:1]]
        if not keys and len(axes) == 2 and any(axes):
            lone = [Moving(rows) if rows else Moving({ZERO: base[k : k + 1] * 2}) for k, rows in enumerate(axes)]
            return Moving({at: (x, y) for at, (x, _, y, _) in together(lone).items()})
        return Moving(keys or {ZERO: self._pair(holder.get("value") or transform.get(name) or usual)})

    def _keys(self, holder: ET.Element, start: Fraction) -> dict[Fraction, tuple[float, ...]]:
        keys = holder.findall("keyframeAnimation/keyframe")
        return {self._time(one, "time") - start: self._pair(one.get("value", "")) for one in keys}

    def _pair(self, words: str) -> tuple[float, ...]:
        found = [measure(one, 0.0) for one in words.split()[:2]] or [0.0]
        return found[0], found[-1]

    def _unrolled(self, event: CutEvent, item: ET.Element, start: Fraction) -> list[CutEvent]:
        """What a compound of several clips shows; one that is retimed stays whole."""
        sequence = self._compound(item)
        spine = sequence.find("spine") if sequence is not None else None
        self.unrolled[0] += 1
        if sequence is not None and spine is not None and item.find("timeMap") is None and self.level < MOST_LEVELS:
            reading = copy.copy(self)
            reading.lanes, reading.joins, reading.markers, reading.level = {}, {}, [], self.level + 1
            reading.rate = self._rate(self._resource(sequence.get("format")))
            begin = self._time(sequence, "tcStart")
            if self.unrolled[0] <= MOST_NESTS:
                reading._story(spine, -begin, 0)
            tracks = [track for track in reading._tracks() if track.kind == "video"]
            found = unnested(event, start - begin, tracks, reading.rate, self.rate)
            if found:
                return found
        self.dropped[COMPOUNDS[item.tag]] += 1
        return [event]

    def _media(self, asset: ET.Element, name: str) -> MediaLink:
        """What an asset says; asked once for all clips that show it."""
        known = self.links.get(id(asset))
        if known is None:
            known = self.links[id(asset)] = self._link(asset)
        return known if known.name else replace(known, name=name)

    def _link(self, asset: ET.Element) -> MediaLink:
        rep = asset.find("media-rep")
        form = self._resource(asset.get("format"))
        duration = form.get("frameDuration") if form is not None else None
        return MediaLink(
            name=asset.get("name") or "",
            url=asset.get("src") or (rep.get("src") if rep is not None else None),
            media_start_s=self._time(asset, "start"),
            media_duration_s=self._time(asset, "duration") if asset.get("duration") else None,
            rate=self._rate(form) if duration else None,
        )

    # --- what an item shows

    def _shown(self, item: ET.Element, start: Fraction, end: Fraction, level: int = 0) -> _Found | None:
        """The asset under local times [start, end) of an item, if it is one and the same all through."""
        start, end = self._retimed(item, start), self._retimed(item, end)
        asset = self._asset(item)
        if item.tag in ("asset-clip", "video", "audio"):
            return _Found(asset, start, end) if asset is not None else None
        sequence = self._compound(item)
        inside = sequence.find("spine") if sequence is not None else item
        self.looks += 1
        if inside is None or level > MOST_LEVELS or self.looks > MOST_LOOKS:
            return None
        shift = self._time(sequence, "tcStart") if sequence is not None else ZERO
        for child in self._inner(inside):
            offset = self._time(child, "offset")
            begin = self._start(child) - offset
            covers = offset <= start + shift and end + shift <= offset + self._duration(child)
            if covers or item.tag == "clip" or child.tag == "spine":
                found = self._shown(child, begin + start + shift, begin + end + shift, level + 1)
                if found is not None:
                    return found
        return None

    def _inner(self, item: ET.Element) -> list[ET.Element]:
        """What makes up an item: its unconnected children; in a gap (sound without picture) what is connected to it."""
        return [
            _active(one)
            for one in item
            if one.tag in (*ITEMS, "gap", "spine", "audition") and (item.tag == "gap" or one.get("lane") in (None, "0"))
        ]

    def _compound(self, item: ET.Element) -> ET.Element | None:
        media = self._resource(item.get("ref")) if item.tag == "ref-clip" else None
        return media.find("sequence") if media is not None else None

    def _retimed(self, item: ET.Element, local: Fraction) -> Fraction:
        """Original time of a retimed item's local time, straight between the points of its map."""
        points = [(self._time(one, "time"), rational(one.get("value"), self.source)) for one in item.iterfind("timeMap/timept")]
        points = sorted(set(points))
        if len(points) < 2 or len({time for time, _ in points}) < 2:
            return local
        if len(points) > 2:
            self.dropped["point of a changing speed"] += 1
        right = next((k for k, point in enumerate(points) if point[0] >= local and k), len(points) - 1)
        (a, x), (b, y) = points[right - 1], points[right]
        return x + (local - a) * (y - x) / (b - a) if b != a else y


def _active(item: ET.Element) -> ET.Element:
    """The chosen one of an audition, which is its first; others as they are."""
    first = next((one for one in item if one.tag in ITEMS), None) if item.tag == "audition" else None
    if first is None:
        return item
    chosen = ET.Element(first.tag, {**first.attrib, **{key: item.attrib[key] for key in ("offset", "lane") if key in item.attrib}})
    chosen.extend(first)
    return chosen


def _has_video(item: ET.Element, asset: ET.Element) -> bool:
    return asset.get("hasVideo") == "1" and (item.tag != "clip" or item.find("gap") is None)


def _apart(events: list[CutEvent]) -> list[list[CutEvent]]:
    """Events of one lane on as many layers as it takes that none overlap, each on the lowest that is free."""
    layers: list[list[CutEvent]] = []
    busy: list[tuple[int, int]] = []
    free: list[int] = []
    for event in events:
        while busy and busy[0][0] <= event.record.start:
            heapq.heappush(free, heapq.heappop(busy)[1])
        number = heapq.heappop(free) if free else len(layers)
        if number == len(layers):
            layers.append([])
        layers[number].append(event)
        heapq.heappush(busy, (event.record.end, number))
    return layers


def _size(form: ET.Element | None, name: str, source: str) -> int | None:
    value = form.get(name) if form is not None else None
    return whole(value, source, name) if value else None
