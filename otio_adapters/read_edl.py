"""CMX 3600 edit decision lists. They say neither their rate nor where the timeline begins: both are inferred, and that is told."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from fractions import Fraction
from typing import Any

from engine.errors import BadOption
from engine.model.cutlist import CutEvent, CutList, CutMarker, CutTrack, CutTransition, MediaLink
from engine.model.time import FrameRate, FrameSpan
from otio_adapters.marks import edit_metadata, lock_seen, our_metadata
from otio_adapters.placing import in_order
from otio_adapters.untrusted import damaged, empty, rate_of, rational, text_of, unknown

__all__ = ["EdlReader"]

CODE = r"(\d{1,2}:\d{2}:\d{2}[:;.,]\d{2})"
EVENT = re.compile(rf"^(\d+)\s+(\S.*?)\s+(\S+)\s+(C|D|W\d*|K\S*)\s*(?:\s+(\d+))?\s+{CODE}\s+{CODE}\s+{CODE}\s+{CODE}\s*$")
REMARK = re.compile(
    r"^\*\s*(FROM CLIP NAME|TO CLIP NAME|SOURCE FILE|CUTPRINT ID|CUTPRINT SPEED|CUTPRINT EDIT|CUTPRINT RATE)\s*:\s*(.*?)\s*$",
    re.IGNORECASE,
)
LOCATOR = re.compile(rf"^\*\s*LOC\s*:\s*{CODE}\s+(\S+)\s*(.*?)\s*$", re.IGNORECASE)
SPEED = re.compile(rf"^M2\s+(\S.*?)\s+(-?\d+(?:\.\d+)?)\s+{CODE}\s*$")
RESOLVE_MARKER = re.compile(r"\|C:(?:ResolveColor)?(\w*)\s*\|M:(.*?)\s*\|D:\s*(\d+)")
MOST_LIST_BYTES = 8 * 2**20
"""Chosen: a thousand events with all their remarks have about half a megabyte."""
BLACK = ("BL", "BLACK")
RATES_BY_FRAMES = ((24, FrameRate(24)), (25, FrameRate(25)), (30, FrameRate(30)), (50, FrameRate(50)))
"""A list whose highest frame number lies below the first is taken to be at the second."""


class EdlReader:
    """rate : of the list, where the caller knows it; else it is inferred from the file."""

    name = "edl"
    suffixes: tuple[str, ...] = (".edl",)

    def __init__(self, rate: FrameRate | None = None) -> None:
        self.rate = rate

    def read(self, content: bytes, source: str = "the file", rate: FrameRate | None = None) -> CutList:
        """One picture track and one sound track. Raises `DocumentError`."""
        lines = [line.rstrip() for line in text_of(content, source, MOST_LIST_BYTES).splitlines()]
        rows = list(_rows(lines, source))
        if not rows:
            if not any(line.startswith(("TITLE:", "FCM:")) for line in lines):
                unknown(source, "edit decision list", "no line of it is a title or an event")
            empty(source, "it holds no event")
        return _Read(rate or self.rate, lines, rows, source).cut_list()


@dataclass(frozen=True)
class _Row:
    """One event line, with the remarks that follow it."""

    number: int
    reel: str
    channels: str
    kind: str
    length: int
    codes: tuple[str, ...]
    drop: bool
    remarks: dict[str, str] = field(default_factory=dict)
    locators: list[tuple[str, str, str]] = field(default_factory=list)
    speeds: list[tuple[str, str]] = field(default_factory=list)


def _rows(lines: list[str], source: str) -> Iterator[_Row]:
    """Events in order. FCM lines hold for what follows them."""
    drop, row = False, None
    for line in lines:
        found = EVENT.match(line)
        if found:
            if row is not None:
                yield row
            number, reel, channels, kind, length, *codes = found.groups()
            row = _Row(int(number), reel, channels.upper(), kind[0], int(length or 0), tuple(codes), drop)
        elif line.startswith("FCM:"):
            drop = "NON" not in line.upper() and "DROP" in line.upper()
        elif re.match(r"^\d{3,6}\s+\S", line) and re.search(CODE, line):
            damaged(source, f"the event {line[:40]!r} is not as CMX 3600 has it")
        elif row is not None:
            _remark(row, line)
    if row is not None:
        yield row


def _remark(row: _Row, line: str) -> None:
    if found := REMARK.match(line):
        row.remarks.setdefault(found[1].upper(), found[2])
    elif found := LOCATOR.match(line):
        row.locators.append((found[1], found[2], found[3]))
    elif found := SPEED.match(line):
        row.speeds.append((found[1], found[2]))
    elif found := RESOLVE_MARKER.search(line):
        row.locators.append((row.codes[2], found[1], found[2]))


def _is_clip(row: _Row) -> bool:
    """False for black, unless it stands for a clip of ours that is switched off."""
    return row.reel.upper() not in BLACK or "CUTPRINT ID" in row.remarks


class _Read:
    """One reading: the rate, and what had to be guessed."""

    def __init__(self, rate: FrameRate | None, lines: list[str], rows: list[_Row], source: str) -> None:
        self.source, self.rows, self.lines = source, rows, lines
        self.told: list[str] = []
        self.rate = rate or self._written_rate() or self._guessed_rate()
        self.start = min(self._frame(row.codes[2], row) for row in rows)

    def cut_list(self) -> CutList:
        """Everything; raises where all is black."""
        events: dict[str, list[CutEvent]] = {"video": [], "audio": []}
        joins: list[CutTransition] = []
        for before, row in zip([None, *self.rows], self.rows):
            for kind in self._kinds(row.channels):
                if row.kind != "C" and kind == "video":
                    joins.append(self._join(row))
                if _is_clip(row) and row.codes[2] != row.codes[3]:
                    events[kind].append(self._event(row, before))
        if not any(events.values()):
            empty(self.source, "every event is black")
        title = next((line[6:].strip() for line in self.lines if line.startswith("TITLE:")), "")
        tracks = [CutTrack("video", "V1", in_order(events["video"], self.rate), tuple(joins))] if events["video"] else []
        tracks += [CutTrack("audio", "A1", in_order(events["audio"], self.rate))] if events["audio"] else []
        return CutList(
            name=title,
            rate=self.rate,
            tracks=tuple(tracks),
            start_frame=self.start,
            drop_frame=self._dropping(),
            markers=tuple(mark for mark in self._markers(self.rows) if not lock_seen("", [mark])),
            dropped=tuple(self.told),
            metadata=self._edit(),
        )

    def _written_rate(self) -> FrameRate | None:
        for line in self.lines:
            found = REMARK.match(line)
            if found and found[1].upper() == "CUTPRINT RATE":
                return rate_of(found[2], self.source)
        return None

    def _edit(self) -> dict[str, Any]:
        remarks = [found for line in self.lines for found in [REMARK.match(line)] if found]
        return edit_metadata([f"cutprint {one[2]}" for one in remarks if one[1].upper() == "CUTPRINT EDIT"], ())

    def _dropping(self) -> bool:
        return any(row.drop or row.codes[2][-3] in ";" for row in self.rows)

    def _guessed_rate(self) -> FrameRate:
        most = max(int(code[-2:]) for row in self.rows for code in (*row.codes, *(one[0] for one in row.locators)))
        drop = any(row.drop or ";" in code for row in self.rows for code in row.codes)
        rate = next((rate for limit, rate in RATES_BY_FRAMES if most < limit), FrameRate(60))
        if drop:
            rate = FrameRate(60_000 if most >= 30 else 30_000, 1001)
        self.told.append(f"the rate: the list does not say it; {rate} was inferred from its {'drop-frame' if drop else 'frame'} numbers")
        return rate

    def _frame(self, code: str, row: _Row) -> int:
        """Frame count of a label. Under `FCM: DROP FRAME` plain colons mean drop frame too."""
        drop = code[-3] in ";,." or row.drop
        try:
            return self.rate.frames_of_timecode(f"{code[:-3]}{';' if drop and self.rate.is_ntsc else ':'}{code[-2:]}")
        except BadOption:
            damaged(self.source, f"event {row.number} has the timecode {code}, which does not exist at {self.rate}")

    def _span(self, row: _Row, first: int) -> FrameSpan:
        begin, end = (self._frame(code, row) for code in row.codes[first : first + 2])
        day = self.rate.timebase * 86_400
        return FrameSpan(begin, end if end >= begin else end + day)

    def _kinds(self, channels: str) -> tuple[str, ...]:
        """`V`, `A`, `A2`, `AA`, `B` (both), `AA/V` ..."""
        if channels == "B":
            return ("video", "audio")
        return tuple(kind for letter, kind in (("V", "video"), ("A", "audio")) if letter in channels) or ("audio",)

    def _join(self, row: _Row) -> CutTransition:
        """A dissolve or wipe begins at its event's record in point and reaches that many frames into it."""
        return CutTransition(self._frame(row.codes[2], row) - self.start, 0, row.length, "dissolve" if row.kind == "D" else "wipe")

    def _event(self, row: _Row, before: _Row | None) -> CutEvent:
        used, record = self._span(row, 0), self._span(row, 2)
        # The incoming clip of a transition is named by TO CLIP NAME; FROM names the outgoing one.
        names = ("TO CLIP NAME", "FROM CLIP NAME") if row.kind != "C" else ("FROM CLIP NAME", "TO CLIP NAME")
        name = next((row.remarks[one] for one in names if row.remarks.get(one)), row.reel)
        begin, length = self.rate.seconds(used.start), self.rate.seconds(record.duration)
        speed = self._speed(row, used, record)
        locks = tuple(mark for mark in self._markers([row]) if lock_seen("", [mark]))
        ours = {"id": row.remarks["CUTPRINT ID"]} if row.remarks.get("CUTPRINT ID") else {}
        at = self.rate.seconds(record.start - self.start)
        return CutEvent(
            name=name,
            record=record.shifted(-self.start),
            media=MediaLink(name, row.remarks.get("SOURCE FILE") or None, metadata={"reel": row.reel}),
            source_start_s=begin,
            source_end_s=begin + length * speed,
            speed=speed,
            enabled=row.reel.upper() not in BLACK,
            locked=bool(lock_seen(name, locks)),
            markers=tuple(replace(mark, position_s=(mark.position_s - at) * speed) for mark in locks),
            metadata=our_metadata((), locks, name, ours),
        )

    def _speed(self, row: _Row, used: FrameSpan, record: FrameSpan) -> Fraction:
        """Of the M2 line for its reel (source frames per second over the rate); else what the two lengths tell."""
        if row.remarks.get("CUTPRINT SPEED"):
            return rational(row.remarks["CUTPRINT SPEED"], self.source, "a speed")
        for reel, frames in row.speeds:
            if reel.split()[0] == row.reel.split()[0]:
                # M2 counts in whole timecode rates: 30 is normal speed at 29.97.
                return rational(frames, self.source, "a speed") / self.rate.timebase
        return Fraction(used.duration, record.duration) if used.duration and record.duration else Fraction(1)

    def _markers(self, rows: list[_Row]) -> Iterator[CutMarker]:
        for row in rows:
            for code, colour, words in row.locators:
                at = self._frame(code, replace(row, drop=row.drop and ":" in code[-3]))
                yield CutMarker(self.rate.seconds(at - self.start), words, "", colour or None)
