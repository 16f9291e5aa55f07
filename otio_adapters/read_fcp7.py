"""Final Cut Pro 7 XML (xmeml 4 and 5) of Premiere Pro, DaVinci Resolve, Final Cut Pro 7 and ourselves.

`in` and `out` count on the clip item's own rate from the file's first frame; where Premiere's ticks stand beside them they are used,
because they are exact and true under retimes. Neighbours of a transition have -1 for the join; it is put where the transition says.
"""

from __future__ import annotations

import copy
import xml.etree.ElementTree as ET
from collections import Counter
from dataclasses import dataclass, replace
from fractions import Fraction

from engine.errors import BadOption
from engine.model.cutlist import CutEvent, CutFraming, CutList, CutMarker, CutTrack, CutTransition, MediaLink
from engine.model.moving import Moving, together
from engine.model.time import FrameRate, FrameSpan
from otio_adapters.fcp7 import PREMIERE_COLOURS
from otio_adapters.fcp7_parts import TICKS_PER_S
from otio_adapters.marks import edit_metadata, lock_seen, our_metadata
from otio_adapters.placing import MOST_NESTS, in_order, unnested
from otio_adapters.untrusted import empty, measure, rate_of, rational, whole, xml_root

__all__ = ["Fcp7Reader"]

MOST_LEVELS = 8
"""Sequences within sequences that are followed."""
TICK_S = Fraction(1, TICKS_PER_S)
SAME_SPEED = Fraction(1, 10_000)
"""Share by which two statements of one speed may differ: ticks are whole."""
NAMES = {str(value): name for name, value in PREMIERE_COLOURS.items()}


class Fcp7Reader:
    """The first sequence of a file."""

    name = "fcp7"
    suffixes: tuple[str, ...] = (".xml",)

    def read(self, content: bytes, source: str = "the file", rate: FrameRate | None = None) -> CutList:
        """Its tracks; the second channel of a stereo pair is folded into the first. Raises `DocumentError`."""
        root = xml_root(content, source, "xmeml")
        return _Read(root, source).cut_list()


@dataclass(frozen=True)
class _Join:
    """A transition item on its track: from `start` to `end`, with the cut at `cut`, all in frames of the sequence."""

    start: int
    end: int
    cut: int
    kind: str


class _Read:
    """One reading: files by id, the sequence's rate, and what was not understood so far."""

    def __init__(self, root: ET.Element, source: str) -> None:
        self.source = source
        self.files: dict[str, ET.Element] = {}
        for one in root.iter("file"):
            if one.find("pathurl") is not None or one.find("name") is not None:
                self.files.setdefault(one.get("id", ""), one)
        self.nests = {one.get("id", ""): one for one in root.iter("sequence") if one.find("media") is not None}
        self.unrolled, self.level = [0], 0
        sequences = _outer_sequences(root)
        if not sequences:
            empty(source, "it holds no sequence")
        self.sequence = sequences[0]
        self.rate = self._rate(self.sequence) or FrameRate(30)
        self.dropped: Counter[str] = Counter({"sequence after the first": len(sequences) - 1} if len(sequences) > 1 else {})

    def cut_list(self) -> CutList:
        """Everything; raises where no track holds a clip."""
        tracks = [*self._tracks("video"), *self._tracks("audio")]
        if not any(track.events for track in tracks):
            empty(self.source, "no track holds a clip")
        code = self.sequence.find("timecode")
        size = self.sequence.find("media/video/format/samplecharacteristics")
        markers = tuple(self._marker(one, Fraction(0), self.rate) for one in self.sequence.findall("marker"))
        return CutList(
            name=self.sequence.findtext("name", ""),
            rate=self.rate,
            tracks=tuple(tracks),
            start_frame=self._timecode_frame(code, self.rate) if code is not None else 0,
            drop_frame=code is not None and code.findtext("displayformat", "").strip() == "DF",
            width=self._whole(size, "width") if size is not None else None,
            height=self._whole(size, "height") if size is not None else None,
            markers=markers,
            dropped=tuple(f"{count} x {what}" for what, count in sorted(self.dropped.items())),
            metadata=edit_metadata((), markers),
        )

    # --- values

    def _whole(self, element: ET.Element, path: str) -> int | None:
        text = element.findtext(path)
        return whole(text, self.source, path) if text and text.strip() else None

    def _rate(self, element: ET.Element) -> FrameRate | None:
        """`timebase` and `ntsc` of an element's `rate`; None where it has none or says 0."""
        base = self._whole(element, "rate/timebase")
        if not base or base < 0:
            return None
        ntsc = element.findtext("rate/ntsc", "").strip().upper() == "TRUE"
        return rate_of(str(Fraction(base * 1000, 1001) if ntsc else base), self.source)

    def _timecode_frame(self, code: ET.Element, rate: FrameRate) -> int:
        """Frame count of a `timecode`: the number that stands there, else what its label means."""
        frame = self._whole(code, "frame")
        if frame is not None:
            return frame
        label = code.findtext("string", "00:00:00:00").strip()
        if code.findtext("displayformat", "").strip() == "DF":
            label = f"{label[:-3]};{label[-2:]}"
        try:
            return rate.frames_of_timecode(label)
        except BadOption:
            return 0

    # --- tracks

    def _tracks(self, kind: str) -> list[CutTrack]:
        rows = [one for one in self.sequence.findall(f"media/{kind}/track") if not _second_channel(one)]
        return [self._track(one, kind, number) for number, one in enumerate(rows)]

    def _unrolled(self, event: CutEvent, item: ET.Element, kind: str) -> list[CutEvent]:
        """The event, or what the nested sequence shows that it stands for; one that runs at another speed stays whole."""
        nest = item.find("sequence")
        inner = self.nests.get(nest.get("id", "")) if nest is not None and item.find("file") is None else None
        if nest is None or item.find("file") is not None:
            return [event]
        self.unrolled[0] += 1
        if inner is not None and event.speed == 1 and self.level < MOST_LEVELS and self.unrolled[0] <= MOST_NESTS:
            reading = copy.copy(self)
            reading.sequence, reading.level = inner, self.level + 1
            reading.rate = self._rate(inner) or self.rate
            found = unnested(event, event.source_start_s, reading._tracks(kind), reading.rate, self.rate)
            if found:
                return found
        self.dropped["inside of a nested sequence"] += 1
        return [event]

    def _track(self, track: ET.Element, kind: str, number: int) -> CutTrack:
        items = [one for one in track if one.tag in ("clipitem", "transitionitem", "generatoritem")]
        joins = {k: self._join(item) for k, item in enumerate(items) if item.tag == "transitionitem"}
        whole = [(item, self._event(item, joins.get(k - 1), joins.get(k + 1))) for k, item in enumerate(items) if k not in joins]
        events = [one for item, event in whole if event is not None for one in self._unrolled(event, item, kind)]
        self.dropped["title or generator"] += sum(item.tag == "generatoritem" for item in items)
        self.dropped += Counter()
        return CutTrack(
            kind="audio" if kind == "audio" else "video",
            name=track.get("MZ.TrackName") or track.findtext("name") or f"{kind.title()} {number + 1}",
            events=in_order(events, self.rate),
            transitions=tuple(CutTransition(one.cut, one.cut - one.start, one.end - one.cut, one.kind) for one in joins.values()),
            enabled=_true(track, "enabled", True),
            locked=_true(track, "locked", False),
        )

    def _join(self, item: ET.Element) -> _Join:
        start, end = self._whole(item, "start") or 0, self._whole(item, "end") or 0
        alignment = item.findtext("alignment", "center").strip()
        cuts = {"start": start, "start-black": start, "end": end, "end-black": end}
        cut = cuts.get(alignment, (start + end) // 2)
        name = item.findtext("effect/name", "Cross Dissolve").strip()
        return _Join(start, max(start, end), min(max(start, cut), max(start, end)), "dissolve" if name == "Cross Dissolve" else name)

    def _event(self, item: ET.Element, before: _Join | None, after: _Join | None) -> CutEvent | None:
        """A clip item with its ends on the cuts of the transitions beside it."""
        start, end = self._whole(item, "start"), self._whole(item, "end")
        head, tail = 0, 0
        if start in (None, -1) and before is not None:
            start, head = before.cut, before.cut - before.start
        if end in (None, -1) and after is not None:
            end, tail = after.cut, after.end - after.cut
        begin, finish = self._used(item)
        record = self._record(start, end, head + tail, finish - begin)
        if record is None:
            self.dropped["clip without a place on its track"] += 1
            return None
        shown = self.rate.seconds(record.duration + head + tail)
        speed = self._speed(item, (finish - begin) / shown if shown else Fraction(1))
        file = self._file(item)
        media = self._media(item, file)
        origin = media.media_start_s or Fraction(0)
        first = origin + begin + self.rate.seconds(head) * speed
        plain = CutEvent(
            item.findtext("name", "") or media.name, record, media, first, first + self.rate.seconds(record.duration) * speed, speed
        )
        return self._remarked(plain, item, head)

    def _record(self, start: int | None, end: int | None, overlap: int, used: Fraction) -> FrameSpan | None:
        """The place on the track; one missing end follows from the length of what is used."""
        length = self.rate.frames(used) - overlap
        if start in (None, -1) and end not in (None, -1):
            start = (end or 0) - length
        if end in (None, -1) and start not in (None, -1):
            end = (start or 0) + length
        return FrameSpan(start, end) if start is not None and end is not None and 0 <= start <= end else None

    def _used(self, item: ET.Element) -> tuple[Fraction, Fraction]:
        """(begin, end) of the source that is used, seconds from the file's first frame."""
        ticks = [item.findtext(name) for name in ("pproTicksIn", "pproTicksOut")]
        if ticks[0] and ticks[1]:
            begin, end = (rational(one, self.source, "pproTicks") * TICK_S if one else Fraction(0) for one in ticks)
            if end > begin:
                return begin, end
        rate = self._rate(item) or self.rate
        first, last = self._whole(item, "in") or 0, self._whole(item, "out") or 0
        if first < 0 or last < first:
            first, last = max(0, first), max(0, first, last)
        return rate.seconds(first), rate.seconds(last)

    def _speed(self, item: ET.Element, measured: Fraction) -> Fraction:
        """Of a time remap filter; 1 without one. Ticks tell the true span, so the speed is what they measure."""
        effects = [one for one in item.findall("filter/effect") if one.findtext("effectid", "").strip() == "timeremap"]
        for effect in item.findall("filter/effect"):
            if effect.findtext("effectid", "").strip() not in ("timeremap", "basic", "audiolevels"):
                self.dropped[f"effect {effect.findtext('name', 'of no name').strip()[:40]}"] += 1
        if not effects:
            return Fraction(1)
        values = {one.findtext("parameterid", "").strip(): one.findtext("value", "").strip() for one in effects[0].findall("parameter")}
        if values.get("variablespeed", "0") not in ("0", "FALSE"):
            self.dropped["changing speed"] += 1
        said = rational(values.get("speed") or "100", self.source, "a speed") / 100
        if item.find("pproTicksIn") is not None and measured > 0:
            # Ticks are whole, so what they measure may be a hair beside what is meant.
            return said if abs(measured - said) < SAME_SPEED * measured else measured
        return said

    def _file(self, item: ET.Element) -> ET.Element | None:
        file = item.find("file")
        if file is None:
            return None
        return file if file.find("pathurl") is not None else self.files.get(file.get("id", ""), file)

    def _media(self, item: ET.Element, file: ET.Element | None) -> MediaLink:
        name = item.findtext("name", "")
        if file is None:
            return MediaLink(name)
        rate = self._rate(file)
        code = file.find("timecode")
        code_rate = (self._rate(code) if code is not None else None) or rate
        length = self._whole(file, "duration")
        start = code_rate.seconds(self._timecode_frame(code, code_rate)) if code is not None and code_rate else Fraction(0)
        return MediaLink(
            name=file.findtext("name") or name,
            url=file.findtext("pathurl") or None,
            media_start_s=start,
            media_duration_s=rate.seconds(length) if rate and length else None,
            rate=rate,
        )

    # --- framing

    def _framing(self, item: ET.Element, begin: Fraction, rate: FrameRate) -> tuple[CutFraming, ...]:
        """Basic Motion: scale in per cent of the file's pixels, centre in shares of the frame; keyframes count as `in` does."""
        for effect in item.findall("filter/effect"):
            if effect.findtext("effectid", "").strip() != "basic":
                continue
            rows = {one.findtext("parameterid", "").strip(): one for one in effect.findall("parameter")}
            parts = [self._moving(rows.get(name), begin, rate, usual) for name, usual in (("scale", 100.0), ("center", 0.0))]
            return tuple(CutFraming(at, zoom / 100, x, y, "pixels") for at, (zoom, _, x, y) in together(parts).items())
        return ()

    def _moving(self, parameter: ET.Element | None, begin: Fraction, rate: FrameRate, usual: float) -> Moving:
        if parameter is None:
            return Moving({Fraction(0): (usual, usual)})
        keys = parameter.findall("keyframe")
        rows = {rate.seconds(self._whole(one, "when") or 0) - begin: self._numbers(one, usual) for one in keys}
        return Moving(rows or {Fraction(0): self._numbers(parameter, usual)})

    def _numbers(self, holder: ET.Element, usual: float) -> tuple[float, ...]:
        """The value of a parameter or keyframe: two numbers of a point, else one twice."""
        texts = [holder.findtext(path) for path in ("value/horiz", "value/vert")]
        texts = texts if texts[0] else [holder.findtext("value")] * 2
        found = [measure(one, usual) for one in texts]
        return found[0], found[1]

    # --- remarks

    def _marker(self, marker: ET.Element, origin: Fraction, rate: FrameRate, speed: Fraction = Fraction(1)) -> CutMarker:
        at = rate.seconds(self._whole(marker, "in") or 0)
        colour = marker.findtext("pproColor") or None
        colour = NAMES.get(colour, colour) if colour else None
        return CutMarker((at - origin) * speed, marker.findtext("name", ""), marker.findtext("comment", ""), colour)

    def _remarked(self, event: CutEvent, item: ET.Element, head: int) -> CutEvent:
        """The event with what was said about it. Markers count as `in` does; head : frames of the list before its first one."""
        rate = self._rate(item) or self.rate
        begin = rate.seconds(max(0, self._whole(item, "in") or 0)) + self.rate.seconds(head)
        markers = tuple(self._marker(one, begin, rate, event.speed) for one in item.findall("marker"))
        texts = [one.text for path in ("logginginfo/lognote", "comments/*") for one in item.findall(path)]
        notes = tuple(text for text in texts if text and text.strip())
        return replace(
            event,
            enabled=_true(item, "enabled", True),
            locked=_true(item, "locked", False) or bool(lock_seen(event.name, markers)),
            label=item.findtext("labels/label2") or None,
            notes=notes,
            markers=markers,
            framing=self._framing(item, begin, rate),
            metadata=our_metadata(notes, markers, event.name),
        )


def _outer_sequences(root: ET.Element) -> list[ET.Element]:
    """Sequences in order, without those that clips of others show; all where every one is shown by another."""
    inside = {id(one) for item in root.iter("clipitem") for one in item.iter("sequence")}
    shown = {one.get("id") for item in root.iter("clipitem") for one in item.findall("sequence") if one.get("id")}
    whole = [one for one in root.iter("sequence") if id(one) not in inside and one.find("media") is not None]
    return [one for one in whole if one.get("id") not in shown] or whole


def _second_channel(track: ET.Element) -> bool:
    """True for the second of two mono tracks that Premiere makes of a stereo one."""
    return track.get("premiereTrackType") == "Stereo" and track.get("currentExplodedTrackIndex", "0") != "0"


def _true(element: ET.Element, name: str, default: bool) -> bool:
    text = element.findtext(name)
    return default if text is None else text.strip().upper() in ("TRUE", "1")
