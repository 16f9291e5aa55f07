"""Pieces of Final Cut Pro 7 XML: elements, files, filters. Pure."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from collections.abc import Sequence
from fractions import Fraction

from engine.model.media import Media
from engine.model.time import FrameRate, round_half_up
from otio_adapters.framing import Framing
from otio_adapters.layout import Shot, Sound
from otio_adapters.places import file_url, plain

__all__ = [
    "TICKS_PER_S",
    "Files",
    "fade_filter",
    "item_head",
    "link",
    "motion_filter",
    "picture",
    "positions",
    "rate_of",
    "speed_filter",
    "text",
    "ticks",
]

TICKS_PER_S = 254_016_000_000
"""Premiere's clock."""
HOST = {"authoringApp": "PremierePro"}


def text(parent: ET.Element, name: str, value: object) -> None:
    ET.SubElement(parent, name).text = str(value)


def rate_of(parent: ET.Element, rate: FrameRate) -> None:
    element = ET.SubElement(parent, "rate")
    text(element, "timebase", rate.timebase)
    text(element, "ntsc", "TRUE" if rate.is_ntsc else "FALSE")


def picture(parent: ET.Element, width: int, height: int) -> None:
    text(parent, "width", width)
    text(parent, "height", height)
    text(parent, "anamorphic", "FALSE")
    text(parent, "pixelaspectratio", "square")
    text(parent, "fielddominance", "none")


def item_head(item: ET.Element, media: Media, name: str, length: int, rate: FrameRate, enabled: bool) -> None:
    text(item, "masterclipid", f"masterclip-{media.media_id}")
    text(item, "name", name)
    text(item, "enabled", "TRUE" if enabled else "FALSE")
    text(item, "duration", length)
    rate_of(item, rate)


def positions(item: ET.Element, start: int, end: int, begin: int, length: int) -> None:
    text(item, "start", start)
    text(item, "end", end)
    text(item, "in", begin)
    text(item, "out", begin + length)


def ticks(item: ET.Element, start: Fraction, end: Fraction) -> None:
    text(item, "pproTicksIn", round_half_up(start * TICKS_PER_S))
    text(item, "pproTicksOut", round_half_up(end * TICKS_PER_S))


def link(item: ET.Element, other: str, kind: str, track: int, clip: int) -> None:
    element = ET.SubElement(item, "link")
    text(element, "linkclipref", other)
    text(element, "mediatype", kind)
    text(element, "trackindex", track)
    text(element, "clipindex", clip)
    if kind == "audio":
        text(element, "groupindex", 1)


class Files:
    """Files that a document has declared: each in full at its first use, by its id after that."""

    def __init__(self) -> None:
        self._written: set[str] = set()

    def declare(self, item: ET.Element, media: Media) -> None:
        """The `file` of a clip item."""
        name = f"file-{media.media_id}"
        element = ET.SubElement(item, "file", id=name)
        if name in self._written:
            return
        self._written.add(name)
        video = media.video if media.kind != "audio" else None
        rate = video.rate if video is not None else FrameRate(30)
        text(element, "name", media.name)
        text(element, "pathurl", file_url(media.path, "localhost"))
        rate_of(element, rate)
        text(element, "duration", video.duration_frames if video is not None else rate.frames(media.duration_s))
        if video is not None:
            code = ET.SubElement(element, "timecode")
            rate_of(code, rate)
            text(code, "string", rate.timecode(video.start_frame, video.drop_frame))
            text(code, "frame", video.start_frame)
            text(code, "displayformat", "DF" if video.drop_frame else "NDF")
        self._kinds(ET.SubElement(element, "media"), media)

    def _kinds(self, kinds: ET.Element, media: Media) -> None:
        video = media.video if media.kind != "audio" else None
        if video is not None:
            form = ET.SubElement(ET.SubElement(kinds, "video"), "samplecharacteristics")
            rate_of(form, video.rate)
            picture(form, video.stored_width, video.stored_height)
        if media.audio is not None:
            audio = ET.SubElement(kinds, "audio")
            form = ET.SubElement(audio, "samplecharacteristics")
            text(form, "depth", 16)
            text(form, "samplerate", media.audio.sample_rate_hz)
            text(audio, "channelcount", media.audio.channels)


# --- filters ----------------------------------------------------------------------------------------------------------


def _effect(item: ET.Element, name: str, identity: str, kind: str, media: str) -> ET.Element:
    effect = ET.SubElement(ET.SubElement(item, "filter"), "effect")
    for tag, word in (("name", name), ("effectid", identity), ("effectcategory", kind), ("effecttype", kind), ("mediatype", media)):
        text(effect, tag, word)
    return effect


def _parameter(effect: ET.Element, identity: str, name: str, value: object) -> ET.Element:
    element = ET.SubElement(effect, "parameter", HOST)
    text(element, "parameterid", identity)
    text(element, "name", name)
    if value is not None:
        text(element, "value", value)
    return element


def speed_filter(item: ET.Element, shot: Shot) -> None:
    """A constant speed, as Time Remap."""
    if shot.speed == 1:
        return
    effect = _effect(item, "Time Remap", "timeremap", "motion", "video")
    percent = float(shot.speed * 100)
    for identity, value in (("variablespeed", 0), ("speed", f"{percent:.10g}"), ("reverse", "FALSE"), ("frameblending", "FALSE")):
        _parameter(effect, identity, identity, value)


def motion_filter(item: ET.Element, keys: Sequence[Framing], begin: int) -> None:
    """Scale, rotation and centre; with keyframes where the crop moves. begin : the item's in point, from which keyframes count.

    The centre is in shares of the frame: how far the picture's middle lies from the frame's.
    """
    effect = _effect(item, "Basic Motion", "basic", "motion", "video")
    first = keys[0]
    scale = _parameter(effect, "scale", "Scale", plain(first.scale))
    _parameter(effect, "rotation", "Rotation", first.rotation)
    centre = _parameter(effect, "center", "Center", None)
    _point(ET.SubElement(centre, "value"), first)
    if len(keys) == 1:
        return
    for key in keys:
        for parameter in (scale, centre):
            frame = ET.SubElement(parameter, "keyframe")
            text(frame, "when", begin + key.frame)
            if parameter is scale:
                text(frame, "value", plain(key.scale))
            else:
                _point(ET.SubElement(frame, "value"), key)


def _point(value: ET.Element, key: Framing) -> None:
    text(value, "horiz", plain(key.x))
    text(value, "vert", plain(key.y))


def fade_filter(item: ET.Element, sound: Sound, begin: int, rate: FrameRate) -> None:
    """Fades as keyframes of the level. begin : the item's in point."""
    if not sound.fade_in_s and not sound.fade_out_s:
        return
    fade_in, fade_out = (min(sound.duration // 2, rate.frames(one)) for one in (sound.fade_in_s, sound.fade_out_s))
    effect = _effect(item, "Audio Levels", "audiolevels", "audiolevels", "audio")
    level = _parameter(effect, "level", "Level", 1)
    rows = [(0, 0), (fade_in, 1)] if fade_in else []
    rows += [(sound.duration - fade_out, 1), (sound.duration, 0)] if fade_out else []
    for frame, value in rows:
        key = ET.SubElement(level, "keyframe")
        text(key, "when", begin + frame)
        text(key, "value", value)
