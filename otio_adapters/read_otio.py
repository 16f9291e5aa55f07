"""OpenTimelineIO files as any program writes them, read as plain JSON.

Not by the library: it refuses a whole file for one schema that is newer than itself, and programs update theirs without asking.
Version numbers are not looked at; what is not understood is named in `dropped`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction
from typing import Any

from engine.model.cutlist import CutEvent, CutFraming, CutList, CutMarker, CutTrack, CutTransition, MediaLink
from engine.model.moving import Moving, together
from engine.model.time import FrameRate, FrameSpan, round_half_up
from otio_adapters.marks import edit_metadata, lock_seen, our_metadata
from otio_adapters.placing import MOST_NESTS, in_order, unnested
from otio_adapters.untrusted import damaged, empty, json_object, measure, rate_of, rational, unknown

__all__ = ["OtioReader"]

TRANSFORMS = {"transformationZoomX": 1.0, "transformationZoomY": 1.0, "transformationPan": 0.0, "transformationTilt": 0.0}
"""Settings of Resolve's Transform that say where the picture lies, and what they are where nobody set them."""
NEAR_FRAME_S = Fraction(1, 1_000_000)
"""Floats next to a frame boundary of the media mean that boundary."""
MOST_COMPOUNDS = 8
"""Compounds within compounds that are unrolled."""
MOST_LEVELS = 20
"""Levels of collections searched for a timeline."""


class OtioReader:
    """Plain OTIO and the dialects of DaVinci Resolve and Premiere Pro."""

    name = "otio"
    suffixes: tuple[str, ...] = (".otio",)

    def read(self, content: bytes, source: str = "the file", rate: FrameRate | None = None) -> CutList:
        """The first timeline of the file; a lone stack, track or clip counts as one. Raises `DocumentError`."""
        document = json_object(content, source)
        found = _first_timeline(document, source)
        if found is None:
            if "OTIO_SCHEMA" not in document:
                unknown(source, "OpenTimelineIO file", "nothing in it says OTIO_SCHEMA")
            empty(source, f"it holds a {_kind(document)}")
        return _Read(found, source).cut_list()


def _kind(node: object) -> str:
    """`Clip` of `Clip.2`."""
    name = node.get("OTIO_SCHEMA") if isinstance(node, Mapping) else None
    return name.partition(".")[0] if isinstance(name, str) else ""


def _rows(node: Mapping[str, Any], key: str) -> list[Mapping[str, Any]]:
    found = node.get(key)
    return [row for row in found if isinstance(row, Mapping)] if isinstance(found, Sequence) else []


def _map(node: Mapping[str, Any], *keys: str) -> Mapping[str, Any]:
    """The object under `keys`, empty where any of them is missing."""
    for key in keys:
        found = node.get(key)
        if not isinstance(found, Mapping):
            return {}
        node = found
    return node


def _word(node: Mapping[str, Any], key: str) -> str:
    found = node.get(key)
    return found if isinstance(found, str) else ""


def _first_timeline(node: Mapping[str, Any], source: str, level: int = 0) -> Mapping[str, Any] | None:
    kind = _kind(node)
    if kind == "Timeline":
        return node
    if kind == "Stack":
        return {"OTIO_SCHEMA": "Timeline.1", "name": _word(node, "name"), "tracks": node}
    if kind == "Track":
        return _first_timeline({"OTIO_SCHEMA": "Stack.1", "name": _word(node, "name"), "children": [node]}, source)
    if kind == "Clip":
        return _first_timeline({"OTIO_SCHEMA": "Track.1", "name": _word(node, "name"), "kind": "Video", "children": [node]}, source)
    for child in _rows(node, "children") if level < MOST_LEVELS else []:
        found = _first_timeline(child, source, level + 1)
        if found is not None:
            return found
    return None


class _Read:
    """One reading: the timeline, its rate, and what was not understood so far."""

    def __init__(self, timeline: Mapping[str, Any], source: str) -> None:
        self.timeline, self.source = timeline, source
        self.stack = _map(timeline, "tracks")
        self.rate = self._rate()
        self.dropped: Counter[str] = Counter()
        self.unrolled, self.level = 0, 0
        self.premiere = "PremierePro_OTIO" in _map(timeline, "metadata") or "PremierePro_OTIO" in _map(self.stack, "metadata")

    def cut_list(self) -> CutList:
        """Everything; raises where there is no track."""
        tracks = [self._track(row, k) for k, row in enumerate(_rows(self.stack, "children"))]
        if not any(track.events for track in tracks):
            empty(self.source, "no track holds a clip")
        start = _map(self.timeline, "global_start_time")
        size = _map(self.stack, "metadata", "PremierePro_OTIO", "VideoResolution")
        markers = tuple(self._marker(row, Fraction(0)) for row in _rows(self.stack, "markers"))
        own = _map(self.timeline, "metadata", "cutprint")
        return CutList(
            name=_word(self.timeline, "name"),
            rate=self.rate,
            tracks=tuple(tracks),
            start_frame=round_half_up(self._time(start) * self.rate.fraction) if start else 0,
            width=_size(size.get("width")),
            height=_size(size.get("height")),
            markers=markers,
            dropped=tuple(f"{count} x {what}" for what, count in sorted(self.dropped.items())),
            metadata={"cutprint": own} if own else edit_metadata((), markers),
        )

    def _rate(self) -> FrameRate:
        """The timeline's: of its start, else the commonest among the lengths on its picture tracks (each time has a rate of its own)."""
        start = _map(self.timeline, "global_start_time")
        if start:
            return rate_of(start.get("rate"), self.source)
        tracks = _rows(self.stack, "children")
        pictures = [track for track in tracks if _word(track, "kind") != "Audio"] or tracks
        rates: Counter[FrameRate] = Counter()
        for track in pictures:
            for child in _rows(track, "children"):
                length = _map(child, "source_range", "duration") or _map(_reference(child), "available_range", "duration")
                if length:
                    rates[rate_of(length.get("rate"), self.source)] += 1
        if not rates:
            empty(self.source, "no track holds a clip")
        return rates.most_common(1)[0][0]

    def _time(self, node: Mapping[str, Any]) -> Fraction:
        """Exact seconds of a RationalTime, by its own rate."""
        value = rational(node.get("value"), self.source)
        return value / rate_of(node.get("rate"), self.source).fraction

    def _range(self, node: Mapping[str, Any]) -> tuple[Fraction, Fraction]:
        """(start, duration) of a TimeRange, exact seconds."""
        start, duration = self._time(_map(node, "start_time")), self._time(_map(node, "duration"))
        if duration < 0:
            damaged(self.source, "a clip has a negative length")
        return start, duration

    def _track(self, track: Mapping[str, Any], number: int) -> CutTrack:
        events: list[CutEvent] = []
        transitions: list[CutTransition] = []
        at = Fraction(0)
        for child in _rows(track, "children"):
            kind = _kind(child)
            if kind == "Transition":
                transitions.append(self._transition(child, self._frame(at)))
                continue
            used = self._used(child)
            speed = self._speed(child)
            # Premiere gives the source's length, everybody else the record length.
            length = used[1] / abs(speed) if self.premiere and speed else used[1]
            if kind != "Gap":
                record = FrameSpan(self._frame(at), self._frame(at + length))
                event = self._event(child, record, used[0], length, speed)
                events += self._unrolled(event, child, used[0]) if _kind(child) in ("Stack", "Track") else [event]
            at += length
        kind = "audio" if _word(track, "kind") == "Audio" else "video"
        return CutTrack(
            kind="audio" if kind == "audio" else "video",
            name=_word(track, "name") or f"{kind.title()} {number + 1}",
            events=in_order(events, self.rate),
            transitions=tuple(transitions),
            enabled=track.get("enabled", True) is not False,
            locked=_map(track, "metadata", "Resolve_OTIO").get("Locked") is True,
        )

    def _unrolled(self, event: CutEvent, item: Mapping[str, Any], begin: Fraction) -> list[CutEvent]:
        """What a compound shows on its picture (or, without any, sound) tracks; one that runs at another speed stays whole."""
        self.unrolled += 1
        self.level += 1
        if event.speed == 1 and self.level <= MOST_COMPOUNDS and self.unrolled <= MOST_NESTS:
            rows = _rows(item, "children") if _kind(item) == "Stack" else [item]
            tracks = [self._track(row, number) for number, row in enumerate(rows) if _kind(row) == "Track"]
            pictures = [track for track in tracks if track.kind == "video"]
            found = unnested(event, begin, pictures or tracks, self.rate, self.rate)
        else:
            found = []
        self.level -= 1
        if not found:
            self.dropped["inside of a compound clip"] += 1
        return found or [event]

    def _frame(self, at: Fraction) -> int:
        return round_half_up(at * self.rate.fraction)

    def _used(self, item: Mapping[str, Any]) -> tuple[Fraction, Fraction]:
        if _map(item, "source_range"):
            return self._range(_map(item, "source_range"))
        available = _map(_reference(item), "available_range")
        if not available and _kind(item) in ("Stack", "Track"):
            return Fraction(0), self._length(item)
        return self._range(available)

    def _length(self, item: Mapping[str, Any], level: int = 0) -> Fraction:
        """How long a nested composition is that does not say so itself."""
        children = [child for child in _rows(item, "children") if _kind(child) != "Transition"]
        if level > MOST_LEVELS:
            damaged(self.source, "compositions are nested too deep")
        lengths = [
            self._length(child, level + 1)
            if _kind(child) in ("Stack", "Track") and not _map(child, "source_range")
            else self._used(child)[1]
            for child in children
        ]
        return max(lengths, default=Fraction(0)) if _kind(item) == "Stack" else sum(lengths, Fraction(0))

    def _speed(self, item: Mapping[str, Any]) -> Fraction:
        """Of the clip's time warps; Resolve writes one for the picture and the same again for the sound."""
        warps: list[Fraction] = []
        for effect in _rows(item, "effects"):
            kind = _kind(effect)
            if kind == "LinearTimeWarp":
                scalar = rational(effect.get("time_scalar"), self.source, "a speed").limit_denominator(10_000)
                warps += [scalar] if scalar not in warps else []
            elif kind == "FreezeFrame":
                warps.append(Fraction(0))
            elif not _untouched(effect) and not _is_transform(effect):
                self.dropped[f"effect {_effect_name(effect)}"] += 1
        speed = Fraction(1)
        for warp in warps:
            speed *= warp
        return speed

    def _event(self, item: Mapping[str, Any], record: FrameSpan, start: Fraction, length: Fraction, speed: Fraction) -> CutEvent:
        media = self._media(item)
        begin = _on_grid(start, media)
        exact = self.rate.seconds(record.duration)
        length = exact if abs(exact - length) < NEAR_FRAME_S else length
        markers = tuple(self._marker(row, start) for row in _rows(item, "markers"))
        name = _word(item, "name") or media.name
        own = _map(item, "metadata", "cutprint")
        return CutEvent(
            name=name,
            record=record,
            media=media,
            source_start_s=begin,
            source_end_s=begin + length * speed,
            speed=speed,
            enabled=item.get("enabled", True) is not False,
            locked=bool(lock_seen(name, markers)),
            label=_word(item, "color") or None,
            markers=markers,
            framing=self._framing(item, start, speed),
            metadata=our_metadata((), markers, name, own),
        )

    def _framing(self, item: Mapping[str, Any], start: Fraction, speed: Fraction) -> tuple[CutFraming, ...]:
        """Resolve's Transform or Premiere's Motion; a turned or mirrored picture is counted as not read."""
        for effect in _rows(item, "effects"):
            settings = {_word(one, "Parameter ID"): one for one in _rows(_map(effect, "metadata", "Resolve_OTIO"), "Parameters")}
            if _is_transform(effect):
                if any(name not in TRANSFORMS for name in settings):
                    self.dropped["turned or mirrored picture"] += 1
                    return ()
                parts = [self._resolve_setting(settings.get(name), usual) for name, usual in TRANSFORMS.items()]
                return tuple(CutFraming(at, row[0], row[2], -row[3], "fit") for at, row in together(parts).items())
            motion = _map(effect, "metadata", "PremierePro_OTIO")
            if _word(motion, "MatchName") == "AE.ADBE Motion":
                return self._motion({_word(one, "DisplayName"): one for one in _rows(motion, "Parameters")}, start, speed)
        return ()

    def _resolve_setting(self, row: Mapping[str, Any] | None, usual: float) -> Moving:
        """Keyframes count frames of the list from the clip's begin."""
        if row is None:
            return Moving({Fraction(0): (usual,)})
        keys = _map(row, "Key Frames")
        rows = {self._key_s(at): (measure(_map(keys, at).get("Value"), usual),) for at in keys}
        return Moving(rows or {Fraction(0): (measure(row.get("Parameter Value"), usual),)})

    def _key_s(self, frame: object) -> Fraction:
        return rational(frame, self.source, "a keyframe") / self.rate.fraction

    def _motion(self, settings: Mapping[str, Mapping[str, Any]], start: Fraction, speed: Fraction) -> tuple[CutFraming, ...]:
        """Premiere's: the picture's middle in shares of the frame, scale in per cent of its pixels, times in the source's."""

        def moving(name: str, read: Callable[[object], tuple[float, ...]]) -> Moving:
            row = settings.get(name, {})
            keys = {
                (self._time(_map(one, "Position")) - start) / (abs(speed) or 1): read(one.get("Value")) for one in _rows(row, "Keyframes")
            }
            return Moving(keys or {Fraction(0): read(_map(row, "StartValue").get("Value"))})

        def point(value: object) -> tuple[float, ...]:
            row = value if isinstance(value, Mapping) else {}
            return measure(row.get("X"), 0.5), measure(row.get("Y"), 0.5)

        parts = moving("Scale", lambda value: (measure(value, 100.0),)), moving("Position", point)
        return tuple(CutFraming(at, zoom / 100, x - 0.5, y - 0.5, "pixels") for at, (zoom, x, y) in together(parts).items())

    def _media(self, item: Mapping[str, Any]) -> MediaLink:
        reference = _reference(item)
        available = _map(reference, "available_range")
        start, length = self._range(available) if available else (None, None)
        rate = rate_of(_map(available, "start_time").get("rate"), self.source) if available else None
        if _kind(reference) == "GeneratorReference":
            self.dropped["generator or title"] += 1
        return MediaLink(
            name=_word(reference, "name") or _word(item, "name"),
            url=_url(reference),
            media_start_s=start,
            media_duration_s=length,
            rate=rate,
        )

    def _transition(self, node: Mapping[str, Any], at: int) -> CutTransition:
        before, after = (self._frame(self._time(_map(node, key))) if _map(node, key) else 0 for key in ("in_offset", "out_offset"))
        kind = _word(node, "transition_type")
        return CutTransition(at, before, after, "dissolve" if kind in ("", "SMPTE_Dissolve") else _word(node, "name") or kind)

    def _marker(self, node: Mapping[str, Any], origin: Fraction) -> CutMarker:
        at = _map(node, "marked_range", "start_time")
        metadata = _map(node, "metadata")
        note = _word(_map(metadata, "Resolve_OTIO"), "Note") or _word(node, "comment") or _word(metadata, "note")
        return CutMarker(self._time(at) - origin, _word(node, "name"), note, _word(node, "color") or None)


def _reference(item: Mapping[str, Any]) -> Mapping[str, Any]:
    """The active media reference, old (`media_reference`) or new (`media_references` and a key)."""
    many = _map(item, "media_references")
    if many:
        active = _map(many, _word(item, "active_media_reference_key"))
        return active or next((row for row in many.values() if isinstance(row, Mapping)), {})
    return _map(item, "media_reference")


def _url(reference: Mapping[str, Any]) -> str | None:
    """Where the media is; Resolve keeps the place of offline media beside the reference."""
    if _kind(reference) == "ImageSequenceReference":
        return _word(reference, "target_url_base") + _word(reference, "name_prefix") + "%d" + _word(reference, "name_suffix")
    return _word(reference, "target_url") or _word(_map(reference, "metadata", "Resolve_OTIO"), "Media Url") or None


def _on_grid(seconds: Fraction, media: MediaLink) -> Fraction:
    """`seconds`, or the media's frame boundary that a float next to it meant."""
    if media.rate is None:
        return seconds
    near = media.rate.seconds(media.rate.frames(seconds))
    return near if abs(near - seconds) < NEAR_FRAME_S else seconds


def _untouched(effect: Mapping[str, Any]) -> bool:
    """Resolve lists every effect that a clip could have; those without parameters were never touched. Premiere lists its intrinsic ones."""
    metadata = _map(effect, "metadata")
    return _map(metadata, "Resolve_OTIO").get("Parameters") == [] or _map(metadata, "PremierePro_OTIO").get("IsIntrinsic") is True


def _is_transform(effect: Mapping[str, Any]) -> bool:
    about = _map(effect, "metadata", "Resolve_OTIO")
    return _word(about, "Effect Name") == "Transform" and about.get("Enabled") is not False


def _effect_name(effect: Mapping[str, Any]) -> str:
    return _word(_map(effect, "metadata", "Resolve_OTIO"), "Effect Name") or _word(effect, "effect_name") or _kind(effect) or "of no name"


def _size(value: object) -> int | None:
    return int(value) if isinstance(value, (int, float)) and 0 < value < 100_000 else None
