"""What our script inside DaVinci Resolve saw on a timeline, read like any other program's file.

A snapshot says more than Resolve's exports do: clip colours, locks of tracks, what is switched off, hidden data of markers.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from fractions import Fraction
from typing import Any, Literal

from engine.model.cutlist import CutEvent, CutFraming, CutList, CutMarker, CutTrack, MediaLink
from engine.model.time import FrameRate, FrameSpan
from otio_adapters.marks import lock_seen, our_metadata
from otio_adapters.placing import in_order
from otio_adapters.untrusted import damaged, json_object, measure, rate_of, rational, unknown

__all__ = ["SCHEMA", "SnapshotReader", "is_snapshot"]

SCHEMA = "cutprint.resolve-snapshot"
HEAD_BYTES = 200
SCALINGS: dict[str, Literal["fit", "fill"]] = {"0": "fill", "2": "fit", "3": "fill"}
"""Property `Scaling` of a clip: as the timeline has it (ours fill), fit, fill; what is cropped or stretched has no zoom of that kind."""


def is_snapshot(head: bytes) -> bool:
    """Whether a file that begins so is one (its schema stands first)."""
    return SCHEMA.encode() in head[:HEAD_BYTES]


class SnapshotReader:
    """`cutprint.resolve-snapshot`, version 1."""

    name = "resolve-snapshot"
    suffixes: tuple[str, ...] = (".json",)

    def read(self, content: bytes, source: str = "the file", rate: FrameRate | None = None) -> CutList:
        """The timeline. Raises `DocumentError`."""
        document = json_object(content, source)
        if document.get("schema") != SCHEMA:
            unknown(source, "snapshot", "its schema is another one")
        return _Read(document, source).cut_list()


class _Read:
    def __init__(self, document: Mapping[str, Any], source: str) -> None:
        self.source = source
        self.document = document
        self.timeline = self._map(document.get("timeline"))
        self.rate = rate_of(self._number(self.timeline.get("fps")), source)
        self.start = self._whole(self.timeline.get("start_frame"))
        self.dropped: dict[str, int] = {}

    def cut_list(self) -> CutList:
        rows = [self._map(row) for row in self._list(self.document.get("items"))]
        tracks = [self._track(self._map(track), rows) for track in self._list(self.document.get("tracks"))]
        own = self._map(self.document.get("cutprint") or {})
        return CutList(
            name=str(self.timeline.get("name") or ""),
            rate=self.rate,
            tracks=tuple(tracks),
            start_frame=self.start,
            width=self._size("width"),
            height=self._size("height"),
            markers=tuple(self._marker(self._map(row), self.rate, 0) for row in self._list(self.document.get("markers"))),
            dropped=tuple(f"{count} x {what}" for what, count in sorted(self.dropped.items())),
            metadata={"cutprint": dict(own)} if own else {},
        )

    def _track(self, track: Mapping[str, Any], rows: list[Mapping[str, Any]]) -> CutTrack:
        kind, index = track.get("type"), track.get("index")
        mine = [row for row in rows if row.get("type") == kind and row.get("track") == index]
        events = [event for event in map(self._event, mine) if event is not None]
        return CutTrack(
            kind="audio" if kind == "audio" else "video",
            name=str(track.get("name") or f"{str(kind).title()} {index}"),
            events=in_order(events, self.rate),
            enabled=track.get("enabled") is not False,
            locked=track.get("locked") is True,
        )

    def _event(self, row: Mapping[str, Any]) -> CutEvent | None:
        if row.get("what") == "transition":
            self.dropped["transition"] = self.dropped.get("transition", 0) + 1
            return None
        begin, end = self._whole(row.get("start")) - self.start, self._whole(row.get("end")) - self.start
        if not 0 <= begin <= end:
            damaged(self.source, "a clip ends before it starts, or lies before the timeline")
        media = self._map(row.get("media") or {})
        rate = rate_of(self._number(media.get("fps")), self.source) if media.get("fps") else self.rate
        speed = self._number(row.get("speed") or 1).limit_denominator(10_000)
        left = rate.seconds(self._whole(row.get("source") if row.get("source") is not None else row.get("left") or 0))
        name = str(row.get("name") or "")
        markers = tuple(self._marker(self._map(one), rate, self._whole(row.get("left") or 0)) for one in self._list(row.get("markers")))
        return CutEvent(
            name=name,
            record=FrameSpan(begin, end),
            media=self._media(media, rate, name),
            source_start_s=left,
            source_end_s=left + self.rate.seconds(end - begin) * speed,
            speed=speed,
            enabled=row.get("enabled") is not False,
            locked=bool(lock_seen(name, markers)),
            label=str(row.get("colour") or "") or None,
            markers=markers,
            framing=self._framing(row),
            metadata=self._own(row, markers, name),
        )

    def _framing(self, row: Mapping[str, Any]) -> tuple[CutFraming, ...]:
        """What the script saw a person change in the Inspector; pan and tilt count pixels of the timeline, tilt upwards."""
        props, width, height = self._map(row.get("props") or {}), self._size("width"), self._size("height")
        of = SCALINGS.get(str(props.get("Scaling", 0)).partition(".")[0])
        if row.get("reframed") is not True or of is None or not width or not height:
            return ()
        x, y = measure(props.get("Pan"), 0.0) / width, -measure(props.get("Tilt"), 0.0) / height
        return (CutFraming(Fraction(0), measure(props.get("ZoomX"), 1.0), x, y, of, sure=True),)

    def _own(self, row: Mapping[str, Any], markers: tuple[CutMarker, ...], name: str) -> dict[str, Any]:
        """Our id: as the script remembers it, else hidden in a marker, else in a marker's note."""
        own = dict(self._map(row.get("cutprint") or {}))
        for mark in self._list(row.get("markers")):
            own = own if own.get("id") else {**_hidden(self._map(mark).get("data")), **own}
        return our_metadata((), markers, name, own if own.get("id") else None)

    def _media(self, media: Mapping[str, Any], rate: FrameRate, name: str) -> MediaLink:
        path = str(media.get("path") or "")
        if not path:
            return MediaLink(name)
        frames = self._whole(media.get("frames") or 0)
        length = rate.seconds(frames) if frames else None
        return MediaLink(path.replace("\\", "/").rsplit("/", 1)[-1], path, Fraction(0), length, rate)

    def _marker(self, row: Mapping[str, Any], rate: FrameRate, origin: int) -> CutMarker:
        at = rate.seconds(self._whole(row.get("frame") or 0) - origin)
        return CutMarker(at, str(row.get("name") or ""), str(row.get("note") or ""), str(row.get("color") or "") or None)

    def _size(self, key: str) -> int | None:
        value = self.timeline.get(key)
        return value if isinstance(value, int) and 0 < value < 100_000 else None

    def _number(self, value: object) -> Fraction:
        return rational(value, self.source, "a number")

    def _whole(self, value: object) -> int:
        return round(self._number(value))

    def _map(self, value: object) -> Mapping[str, Any]:
        if not isinstance(value, Mapping):
            damaged(self.source, "something in it is no object")
        return value

    def _list(self, value: object) -> list[Any]:
        if value is None:
            return []
        if not isinstance(value, list):
            damaged(self.source, "something in it is no list")
        return value


def _hidden(data: object) -> dict[str, Any]:
    """What our markers hold where nobody sees it."""
    try:
        found = json.loads(data) if isinstance(data, str) and data.startswith("{") else {}
    except (ValueError, RecursionError):
        return {}
    return {key: found[key] for key in ("id", "lock") if key in found} if isinstance(found, dict) else {}
