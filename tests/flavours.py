"""What editing programs make of a bench (`user_edits`) when they export it: written here anew, not by our writers.

They lose ids, count elements anew, add to names, pad gaps, name one asset per clip, and know media in their own ways.
"""

from __future__ import annotations

import json
import xml.etree.ElementTree as ET
from collections.abc import Callable
from fractions import Fraction
from typing import Any
from urllib.parse import quote

from user_edits import Bench, Item

from engine.model.media import Media
from engine.model.time import FrameRate, round_half_up

TICKS_PER_S = 254_016_000_000


def _start_s(media: Media) -> Fraction:
    video = media.video
    assert video is not None
    return video.rate.seconds(video.start_frame)


def _length_s(media: Media) -> Fraction:
    video = media.video
    assert video is not None
    return video.rate.seconds(video.duration_frames)


def _layers(bench: Bench) -> list[list[Item]]:
    levels = sorted({one.level for one in bench.items})
    return [sorted((one for one in bench.items if one.level == level), key=lambda one: one.start) for level in levels]


# --- OpenTimelineIO ---------------------------------------------------------------------------------------------------


def _time(value: float, rate: float) -> dict[str, Any]:
    return {"OTIO_SCHEMA": "RationalTime.1", "rate": rate, "value": value}


def _range(start: float, length: float, rate: float) -> dict[str, Any]:
    return {"OTIO_SCHEMA": "TimeRange.1", "duration": _time(length, rate), "start_time": _time(start, rate)}


def _gap(length: int, rate: float) -> dict[str, Any]:
    return {"OTIO_SCHEMA": "Gap.1", "metadata": {}, "name": "", "source_range": _range(0, length, rate), "effects": [], "markers": []}


def resolve_otio(bench: Bench, keep_ids: bool = True) -> bytes:
    """DaVinci Resolve: bare paths, offline media beside the reference, markers kept, all else of ours lost, a gap at the end."""
    fps = bench.rate.fps
    tracks = []
    for number, layer in enumerate(_layers(bench)):
        children: list[dict[str, Any]] = []
        at = 0
        for item in layer:
            if item.start > at:
                children.append(_gap(item.start - at, fps))
            children.append(_resolve_clip(bench, item, keep_ids))
            at = item.end
        children.append(_gap(57, fps))
        meta = {"Resolve_OTIO": {"Locked": False}}
        tracks.append({"OTIO_SCHEMA": "Track.1", "name": f"Video {number + 1}", "kind": "Video", "metadata": meta, "children": children})
    start = _time(3600 * bench.rate.timebase, fps)
    stack = {"OTIO_SCHEMA": "Stack.1", "children": tracks, "markers": []}
    return json.dumps({"OTIO_SCHEMA": "Timeline.1", "name": "", "global_start_time": start, "tracks": stack, "metadata": {}}).encode()


def _resolve_clip(bench: Bench, item: Item, keep_ids: bool) -> dict[str, Any]:
    fps = bench.rate.fps
    start = float((_start_s(item.media) + item.source_s) * bench.rate.fraction)
    video = item.media.video
    assert video is not None
    path = item.media.path.replace("\\", "/")
    reference: dict[str, Any] = {
        "OTIO_SCHEMA": "ExternalReference.1",
        "name": item.media.name,
        "target_url": path,
        "available_range": _range(video.start_frame, video.duration_frames, video.rate.fps),
    }
    if item.media.media_id.endswith("7"):  # offline there
        reference.update(OTIO_SCHEMA="MissingReference.1", metadata={"Resolve_OTIO": {"Media Url": path}})
        del reference["target_url"]
    markers = []
    if keep_ids and item.origin:
        note = json.dumps({"v": 1, "id": item.origin})
        markers.append(_resolve_marker(start + 2, fps, "cutprint", note))
    if item.lock:
        markers.append(_resolve_marker(start + 1, fps, "Lock", ""))
    effects = []
    if item.speed != 1:
        effects = [{"OTIO_SCHEMA": "LinearTimeWarp.1", "time_scalar": float(item.speed), "effect_name": "", "metadata": {}, "name": ""}] * 2
    effects.append(_transform(item))
    return {
        "OTIO_SCHEMA": "Clip.2",
        "name": item.media.name,
        "metadata": {"Resolve_OTIO": {}},
        "source_range": _range(start, item.length, fps),
        "enabled": item.enabled,
        "effects": effects,
        "markers": markers,
        "media_references": {"DEFAULT_MEDIA": reference},
        "active_media_reference_key": "DEFAULT_MEDIA",
    }


def _transform(item: Item) -> dict[str, Any]:
    """The Inspector's Transform, which Resolve lists for every clip, with what was set."""
    names = ("transformationZoomX", "transformationZoomY", "transformationPan", "transformationTilt")
    values = zip(names, (item.zoom, item.zoom, item.at[0], -item.at[1]), (1.0, 1.0, 0.0, 0.0))
    rows = [
        {"Parameter ID": name, "Parameter Value": value, "Default Parameter Value": usual, "Key Frames": {}, "Variant Type": "Double"}
        for name, value, usual in values
        if value != usual
    ]
    about = {"Effect Name": "Transform", "Enabled": True, "Name": "Transform", "Parameters": rows, "Type": 2}
    return {"OTIO_SCHEMA": "Effect.1", "name": "", "effect_name": "Resolve Effect", "metadata": {"Resolve_OTIO": about}}


def _motion(item: Item, fps: float) -> dict[str, Any]:
    """Premiere's Motion: scale in per cent of the picture's pixels."""
    values = (("Position", {"X": 0.5 + item.at[0], "Y": 0.5 + item.at[1]}), ("Scale", 100 * _pixels(item)))
    rows = [{"DisplayName": name, "StartValue": {"Position": _time(-10_800_000, fps), "Value": value}} for name, value in values]
    about = {"IsIntrinsic": True, "MatchName": "AE.ADBE Motion", "Parameters": rows}
    return {"OTIO_SCHEMA": "Effect.1", "name": "", "effect_name": "Motion", "metadata": {"PremierePro_OTIO": about}}


def _pixels(item: Item) -> float:
    """Scale of the picture's own pixels in a frame 1080 wide."""
    video = item.media.video
    assert video is not None
    return item.zoom * 1080 / video.display_width


def _resolve_marker(frame: float, fps: float, name: str, note: str) -> dict[str, Any]:
    meta = {"Resolve_OTIO": {"Keywords": [], "Note": note}}
    return {"OTIO_SCHEMA": "Marker.2", "name": name, "color": "CYAN", "marked_range": _range(frame, 1, fps), "metadata": meta}


def premiere_otio(bench: Bench, keep_ids: bool = True) -> bytes:
    """Premiere Pro: file URLs, retimed clips counted in source frames, names kept."""
    document = json.loads(resolve_otio(bench, keep_ids))
    document["metadata"] = {"PremierePro_OTIO": {"MetadataVersion": "1.0"}}
    layers = _layers(bench)
    for track in document["tracks"]["children"]:
        track["metadata"] = {}
        clips = [one for one in track["children"] if one["OTIO_SCHEMA"].startswith("Clip")]
        for number, (clip, item) in enumerate(zip(clips, layers.pop(0))):
            clip["metadata"] = {"PremierePro_OTIO": {"LinkID": str(number)}}
            reference = clip["media_references"]["DEFAULT_MEDIA"]
            url = reference.pop("metadata", {}).get("Resolve_OTIO", {}).get("Media Url") or reference["target_url"]
            reference.update(OTIO_SCHEMA="ExternalReference.1", target_url=_url(url, ""))
            warps = [one for one in clip["effects"] if "time_scalar" in one][:1]
            clip["effects"] = [_motion(item, bench.rate.fps), *warps]
            if warps:
                clip["source_range"]["duration"]["value"] *= warps[0]["time_scalar"]
    return json.dumps(document).encode()


# --- Final Cut 7 XML --------------------------------------------------------------------------------------------------


def _url(path: str, host: str, drive: str = ":") -> str:
    plain = path.replace("\\", "/")
    if plain[1:2] == ":":
        return f"file://{host}/{plain[0]}{drive}{quote(plain[2:])}"
    return f"file://{host}{quote(plain)}"


def premiere_xml(bench: Bench, keep_ids: bool = True) -> bytes:
    """Premiere Pro: ticks, labels, own clip names, elements counted anew."""
    return _xmeml(bench, keep_ids, premiere=True)


def resolve_xml(bench: Bench, keep_ids: bool = True) -> bytes:
    """DaVinci Resolve: `(Resolve)` behind the name, no ticks, no markers, no labels: in and out on the sequence's grid."""
    return _xmeml(bench, keep_ids, premiere=False)


def _xmeml(bench: Bench, keep_ids: bool, premiere: bool) -> bytes:
    root = ET.Element("xmeml", version="4" if premiere else "5")
    sequence = ET.SubElement(root, "sequence", id="sequence-2")
    _text(sequence, "name", "Cut 3" if premiere else "Cut 3 (Resolve)")
    _rate(sequence, bench.rate)
    video = ET.SubElement(ET.SubElement(sequence, "media"), "video")
    files: set[str] = set()
    for layer in _layers(bench):
        track = ET.SubElement(video, "track")
        for item in layer:
            _item(track, bench, item, len(list(root.iter("clipitem"))), keep_ids, premiere, files)
        _text(track, "enabled", "TRUE")
        _text(track, "locked", "FALSE")
    return b'<?xml version="1.0" encoding="UTF-8"?>\n<!DOCTYPE xmeml>\n' + ET.tostring(root)


def _item(track: ET.Element, bench: Bench, item: Item, number: int, keep_ids: bool, premiere: bool, files: set[str]) -> None:
    element = ET.SubElement(track, "clipitem", id=f"clipitem-{number + 1}" if premiere else f"{item.media.name} {number}")
    locked_by_name = item.lock == "mark" or (item.lock and not premiere)
    _text(element, "name", f"[L] {item.media.name}" if locked_by_name else item.media.name)
    _text(element, "enabled", "TRUE" if item.enabled else "FALSE")
    _text(element, "duration", round_half_up(_length_s(item.media) * bench.rate.fraction))
    _rate(element, bench.rate)
    _text(element, "start", item.start)
    _text(element, "end", item.end)
    warp = item.speed if premiere else Fraction(1)
    begin = round_half_up(item.source_s / warp * bench.rate.fraction)
    _text(element, "in", begin)
    _text(element, "out", begin + item.length)
    if premiere:
        _text(element, "pproTicksIn", round_half_up(item.source_s * TICKS_PER_S))
        _text(element, "pproTicksOut", round_half_up(item.source_end_s(bench.rate) * TICKS_PER_S))
    _file(element, item.media, files, premiere)
    if item.speed != 1:
        effect = ET.SubElement(ET.SubElement(element, "filter"), "effect")
        _text(effect, "name", "Time Remap")
        _text(effect, "effectid", "timeremap")
        for identity, value in (("variablespeed", 0), ("speed", float(item.speed * 100))):
            parameter = ET.SubElement(effect, "parameter")
            _text(parameter, "parameterid", identity)
            _text(parameter, "value", value)
    motion = ET.SubElement(ET.SubElement(element, "filter"), "effect")
    _text(motion, "name", "Basic Motion")
    _text(motion, "effectid", "basic")
    scale, centre = ET.SubElement(motion, "parameter"), ET.SubElement(motion, "parameter")
    _text(scale, "parameterid", "scale")
    # Resolve counts in what fits the frame, Premiere in the picture's pixels.
    _text(scale, "value", f"{100 * (_pixels(item) if premiere else item.zoom):.3f}")
    _text(centre, "parameterid", "center")
    place = ET.SubElement(centre, "value")
    _text(place, "horiz", f"{item.at[0]:.6f}")
    _text(place, "vert", f"{item.at[1]:.6f}")
    if keep_ids and item.origin and premiere:
        _text(ET.SubElement(element, "logginginfo"), "lognote", f"cutprint {item.origin}")
    if premiere:
        _text(ET.SubElement(element, "labels"), "label2", "Rose" if item.lock == "label" else "Violet")


def _file(element: ET.Element, media: Media, files: set[str], premiere: bool) -> None:
    file = ET.SubElement(element, "file", id=f"file-{media.media_id}")
    if media.media_id in files:
        return
    files.add(media.media_id)
    video = media.video
    assert video is not None
    _text(file, "name", media.name)
    _text(file, "pathurl", _url(media.path, "localhost", "%3a" if premiere else ":"))
    _rate(file, video.rate)
    _text(file, "duration", video.duration_frames)
    code = ET.SubElement(file, "timecode")
    _rate(code, video.rate)
    _text(code, "string", video.rate.timecode(video.start_frame))
    _text(code, "frame", video.start_frame)
    _text(code, "displayformat", "NDF")


def _text(parent: ET.Element, name: str, value: object) -> None:
    ET.SubElement(parent, name).text = str(value)


def _rate(parent: ET.Element, rate: FrameRate) -> None:
    element = ET.SubElement(parent, "rate")
    _text(element, "timebase", rate.timebase)
    _text(element, "ntsc", "TRUE" if rate.is_ntsc else "FALSE")


# --- FCPXML -----------------------------------------------------------------------------------------------------------


def resolve_fcpxml(bench: Bench, keep_ids: bool = True) -> bytes:
    """DaVinci Resolve: an asset of its own for every clip, ids and markers lost, gaps written out."""
    root = ET.Element("fcpxml", version="1.10")
    resources = ET.SubElement(root, "resources")
    ET.SubElement(resources, "format", id="r0", frameDuration=_s(bench.rate.frame_duration), width="1080", height="1920")
    project = ET.SubElement(ET.SubElement(ET.SubElement(root, "library"), "event"), "project", name="Cut 3 (Resolve)")
    sequence = ET.SubElement(project, "sequence", format="r0", tcStart="3600/1s")
    spine = ET.SubElement(sequence, "spine")
    main = _filled(bench, next(iter(_layers(bench))))
    elements = [(item, _fcpxml_item(spine, resources, bench, item)) for item in main]
    for layer in _layers(bench)[1:]:
        for above in layer:
            below, parent = next(((one, element) for one, element in elements if one.start <= above.start < one.end), elements[-1])
            child = _fcpxml_item(parent, resources, bench, above)
            origin = (_start_s(below.media) + below.source_s) if below.origin != "gap" else Fraction(3600)
            child.set("lane", "1")
            child.set("offset", _s(origin + bench.rate.seconds(above.start - below.start)))
    return ET.tostring(root)


def _filled(bench: Bench, layer: list[Item]) -> list[Item]:
    rows: list[Item] = []
    at, end = 0, max(one.end for one in bench.items)
    for item in [*layer, None]:
        start = item.start if item else end
        if start > at:
            rows.append(Item("gap", bench.items[0].media, Fraction(0), at, start - at))
        if item:
            rows.append(item)
            at = item.end
    return rows


def _fcpxml_item(parent: ET.Element, resources: ET.Element, bench: Bench, item: Item) -> ET.Element:
    place = {"offset": _s(3600 + bench.rate.seconds(item.start)), "duration": _s(bench.rate.seconds(item.length))}
    if item.origin == "gap":
        return ET.SubElement(parent, "gap", {**place, "start": "3600s", "name": "Gap"})
    video = item.media.video
    assert video is not None
    number = len(resources)
    form = {"id": f"r{number}", "frameDuration": _s(video.rate.frame_duration), "width": "1920", "height": "1080"}
    ET.SubElement(resources, "format", form)
    asset = {"id": f"r{number + 1}", "name": item.media.name, "start": _s(_start_s(item.media)), "duration": _s(_length_s(item.media))}
    ET.SubElement(
        ET.SubElement(resources, "asset", {**asset, "format": form["id"], "hasVideo": "1"}), "media-rep", src=_url(item.media.path, "")
    )
    start = _start_s(item.media) + item.source_s
    attributes = {**place, "ref": asset["id"], "name": item.media.name, "start": _s(start / item.speed), "enabled": str(int(item.enabled))}
    if item.lock:
        attributes["name"] = f"[L] {item.media.name}"
    element = ET.SubElement(parent, "asset-clip", attributes)
    if item.speed != 1:
        stretch = ET.SubElement(element, "timeMap")
        end = _start_s(item.media) + _length_s(item.media)
        ET.SubElement(stretch, "timept", time="0s", value="0s", interp="linear")
        ET.SubElement(stretch, "timept", time=_s(end / item.speed), value=_s(end), interp="linear")
    ET.SubElement(element, "adjust-conform", type="fit")
    place = f"{item.at[0] * 100 * 1080 / 1920:.4f} {-item.at[1] * 100:.4f}"
    ET.SubElement(element, "adjust-transform", position=place, scale=f"{item.zoom:.5f} {item.zoom:.5f}", anchor="0 0")
    return element


def _s(seconds: Fraction) -> str:
    return f"{seconds.numerator}/{seconds.denominator}s"


FLAVOURS: dict[str, Callable[..., bytes]] = {
    one.__name__: one for one in (resolve_otio, resolve_xml, resolve_fcpxml, premiere_xml, premiere_otio)
}
