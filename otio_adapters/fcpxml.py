"""FCPXML 1.9 to 1.13 by one grammar: what Final Cut Pro reads and DaVinci Resolve takes as a second way in.

All times are exact fractions of a second; offsets and durations are multiples of the sequence's frame duration (docs/interchange.md).
"""

from __future__ import annotations

import xml.etree.ElementTree as ET
from collections.abc import Mapping, Sequence
from fractions import Fraction

from engine.errors import BadOption
from engine.model.interchange import ExportOptions, Written
from engine.model.media import Media
from engine.model.time import AUDIO_RATE_HZ, FrameRate
from engine.model.timeline import Timeline
from otio_adapters.framing import Framing, fit_scale, framings
from otio_adapters.layout import Join, Layout, Shot, Sound, layout
from otio_adapters.marks import Mark, edit_note, lock_marks, own_note, shot_marks, timeline_marks
from otio_adapters.places import file_url, plain, record_start, xml_document
from otio_adapters.warnings import Carries, common_drops, common_warnings

__all__ = ["VERSIONS", "FcpxmlWriter"]

VERSIONS = ("1.9", "1.10", "1.11", "1.12", "1.13")
DEFAULT_VERSION = "1.10"
CARRIES = Carries(crops=True, crop_moves=True, song_fades=True, speeds=True, joins=True, own_sound=True)
CROSS_DISSOLVE = "FxPlug:4731E73A-8DAC-4113-9A30-AE85B1761265"
"""Final Cut Pro's own id for it; Resolve goes by the name."""


class FcpxmlWriter:
    """One sequence; silent assets unless the edit has the clips' own sound, so that no camera tracks appear; the song connected below."""

    name = "fcpxml"
    suffix = ".fcpxml"
    description = "FCPXML for Final Cut Pro and DaVinci Resolve"

    def write(self, timeline: Timeline, options: ExportOptions = ExportOptions()) -> Written:
        """The file in `options.version` (1.10 by default). Raises `BadOption` for a version that is not written."""
        version = options.version or DEFAULT_VERSION
        if version not in VERSIONS:
            raise BadOption("bad_version", f"FCPXML {version} is not written.", f"Use one of {', '.join(VERSIONS)}.")
        root = ET.Element("fcpxml", version=version)
        plan = layout(timeline, options.alternates)
        resources = _Resources(ET.SubElement(root, "resources"), timeline, {one.media.media_id for one in plan.own})
        library = ET.SubElement(root, "library")
        event = ET.SubElement(library, "event", name=options.name)
        project = ET.SubElement(event, "project", name=options.name)
        start = timeline.rate.seconds(record_start(timeline.rate))
        times = {"duration": _s(timeline.duration_s), "tcStart": _s(start), "tcFormat": "NDF"}
        sequence = ET.SubElement(project, "sequence", {"format": "r1", **times, "audioLayout": "stereo", "audioRate": "48k"})
        ET.SubElement(sequence, "note").text = f"cutprint {edit_note(timeline)}"
        _Story(ET.SubElement(sequence, "spine"), timeline, plan, resources, options, start).write()
        content = xml_document(root, "fcpxml")
        hint = "Final Cut Pro: File > Import > XML, choose {file}."
        return Written(content, tuple(common_drops(timeline, CARRIES, options)), hint, common_warnings(timeline))


class _Story:
    """The primary story, and what is connected to each of its clips: shots above, the song below, markers."""

    def __init__(
        self, spine: ET.Element, timeline: Timeline, plan: Layout, resources: _Resources, options: ExportOptions, start: Fraction
    ) -> None:
        self.spine, self.timeline, self.plan, self.resources, self.options = spine, timeline, plan, resources, options
        self.rate, self.start = timeline.rate, start
        self.own = {one.of for one in plan.own}
        self.marks = timeline_marks(timeline, options.markers, signed=False)

    def write(self) -> None:
        main = self.plan.lanes[0]
        for number, shot in enumerate(main.shots):
            join = main.join_before(number)
            if join is not None:
                self._transition(join)
            self._shot(shot)

    def _transition(self, join: Join) -> None:
        begin, length = self.rate.seconds(join.at - join.before), self.rate.seconds(join.before + join.after)
        times = {"offset": _s(self.start + begin), "duration": _s(length)}
        element = ET.SubElement(self.spine, "transition", {"name": "Cross Dissolve", **times})
        ET.SubElement(element, "filter-video", ref=self.resources.dissolve(), name="Cross Dissolve")

    def _shot(self, shot: Shot) -> None:
        element = self._clip(self.spine, shot, self.start + self.rate.seconds(shot.start), {})
        begin = _local_start(shot)
        last = shot.id == self.plan.lanes[0].shots[-1].id

        def inside(frame: int) -> bool:
            return shot.start <= frame < shot.end or (last and frame >= shot.end)

        def at(frame: int) -> Fraction:
            return begin + self.rate.seconds(frame - shot.start)

        for number, lane in enumerate(self.plan.lanes[1:], 1):
            for above in lane.shots:
                if inside(above.start):
                    self._clip(element, above, at(above.start), {"lane": str(number)}, lane.enabled)
        for sound in self.plan.song:
            if inside(sound.start):
                self._song(element, sound, at(sound.start))
        here = [
            Mark(mark.frame - shot.start, mark.name, mark.note, mark.colour) for mark in self.marks if shot.start <= mark.frame < shot.end
        ]
        self._markers(element, [*here, *self._own_marks(shot)], begin)

    def _own_marks(self, shot: Shot) -> list[Mark]:
        return shot_marks(shot, self.options.markers, lock_marks(shot, self.options.markers, "marker"))

    def _clip(self, parent: ET.Element, shot: Shot, offset: Fraction, more: Mapping[str, str], enabled: bool = True) -> ET.Element:
        """A clip as far as the things that stand before what is connected to it."""
        times = {"offset": _s(offset), "start": _s(_local_start(shot)), "duration": _s(self.rate.seconds(shot.duration))}
        attributes = {"ref": self.resources.asset(shot.media), "name": shot.media.name, **more, **times, "tcFormat": "NDF"}
        attributes |= {} if shot.enabled and enabled else {"enabled": "0"}
        if shot.media.media_id in self.resources.sounding and shot.id not in self.own:
            attributes["srcEnable"] = "video"
        element = ET.SubElement(parent, "asset-clip", attributes)
        ET.SubElement(element, "note").text = own_note(shot, lock_marks(shot, self.options.markers, "marker"))
        _time_map(element, shot)
        self._framing(element, shot)
        if parent is not self.spine:
            self._markers(element, self._own_marks(shot), _local_start(shot))
        return element

    def _framing(self, element: ET.Element, shot: Shot) -> None:
        """The crop: how much larger than what fits, and where its middle lies; what shows its middle is said to fill the frame.

        Positions are per cent of the frame's height on both axes, upwards; keyframes are in the clip's own time.
        """
        width, height = self.timeline.width, self.timeline.height
        video, rows = shot.media.video, framings(shot, width, height)
        if video is None or not shot.crop:
            ET.SubElement(element, "adjust-conform", type="fill")
            return
        ET.SubElement(element, "adjust-conform", type="fit")
        fit, aspect = fit_scale(video, width, height), width / height
        words = {
            "position": [f"{plain(100 * one.x * aspect)} {plain(-100 * one.y)}" for one in rows],
            "scale": [f"{plain(one.scale / fit)} {plain(one.scale / fit)}" for one in rows],
        }
        transform = ET.SubElement(element, "adjust-transform", {name: values[0] for name, values in words.items()})
        for name, values in words.items() if len(rows) > 1 else ():
            moves = ET.SubElement(ET.SubElement(transform, "param", name=name, value=values[0]), "keyframeAnimation")
            for one, value in zip(rows, values):
                self._keyframe(moves, shot, one, value)

    def _keyframe(self, moves: ET.Element, shot: Shot, one: Framing, value: str) -> None:
        at = _local_start(shot) + self.rate.seconds(one.frame)
        ET.SubElement(moves, "keyframe", {"time": _s(at), "value": value, "interp": "linear", "curve": "linear"})

    def _markers(self, element: ET.Element, marks: Sequence[Mark], begin: Fraction) -> None:
        for mark in marks:
            times = {"start": _s(begin + self.rate.seconds(mark.frame)), "duration": _s(self.rate.frame_duration)}
            ET.SubElement(element, "marker", {**times, "value": mark.name, **({"note": mark.note} if mark.note else {})})

    def _song(self, parent: ET.Element, sound: Sound, offset: Fraction) -> None:
        duration = self.rate.seconds(sound.duration)
        times = {"offset": _s(offset), "start": _s(sound.source_s), "duration": _s(duration)}
        identity = {"ref": self.resources.song(sound.media), "lane": "-1", "name": sound.media.name}
        element = ET.SubElement(parent, "asset-clip", {**identity, **times, "audioRole": "music"})
        if sound.fade_in_s or sound.fade_out_s:
            volume = ET.SubElement(ET.SubElement(element, "adjust-volume"), "param", name="amount", value="0dB")
            for tag, length in (("fadeIn", sound.fade_in_s), ("fadeOut", sound.fade_out_s)):
                if length:
                    ET.SubElement(volume, tag, type="linear", duration=_s(min(length, duration)))


def _local_start(shot: Shot) -> Fraction:
    """In point in the clip's own time, which a speed stretches from the media's zero on."""
    return shot.in_s / shot.speed


def _time_map(element: ET.Element, shot: Shot) -> None:
    """Constant speed: from zero, over the whole file, because programs show black where a map ends."""
    if shot.speed == 1:
        return
    video = shot.media.video
    length = shot.media_start_s + (video.rate.seconds(video.duration_frames) if video is not None else Fraction(shot.media.duration_s))
    points = ET.SubElement(element, "timeMap")
    for value in (Fraction(0), length):
        ET.SubElement(points, "timept", time=_s(value / shot.speed), value=_s(value), interp="linear")


class _Resources:
    """The `resources` element: each format and asset once, numbered as they come. sounding : media ids whose own sound is used."""

    def __init__(self, element: ET.Element, timeline: Timeline, sounding: set[str]) -> None:
        self._element, self.sounding = element, sounding
        self._ids: dict[object, str] = {}
        self._format(timeline.rate, timeline.width, timeline.height)

    def _next(self, key: object) -> str:
        self._ids[key] = f"r{len(self._ids) + 1}"
        return self._ids[key]

    def _format(self, rate: FrameRate, width: int, height: int) -> str:
        key = (rate, width, height)
        if key not in self._ids:
            size = {"frameDuration": _s(rate.frame_duration), "width": str(width), "height": str(height)}
            attributes = {"id": self._next(key), "name": "FFVideoFormatRateUndefined", **size, "colorSpace": "1-1-1 (Rec. 709)"}
            ET.SubElement(self._element, "format", attributes)
        return self._ids[key]

    def dissolve(self) -> str:
        """The effect that every dissolve refers to."""
        if CROSS_DISSOLVE not in self._ids:
            ET.SubElement(self._element, "effect", id=self._next(CROSS_DISSOLVE), name="Cross Dissolve", uid=CROSS_DISSOLVE)
        return self._ids[CROSS_DISSOLVE]

    def asset(self, media: Media) -> str:
        """A clip's asset, in its display size."""
        if media.media_id not in self._ids:
            video = media.video
            assert video is not None
            form = self._format(video.rate, video.display_width, video.display_height)
            start, length = video.rate.seconds(video.start_frame), video.rate.seconds(video.duration_frames)
            times = {"start": _s(start), "duration": _s(length)}
            identity = {"id": self._next(media.media_id), "name": media.name}
            attributes = {**identity, **times, "hasVideo": "1", "format": form, "videoSources": "1"}
            attributes |= _sound_of(media) if media.media_id in self.sounding else {}
            element = ET.SubElement(self._element, "asset", attributes)
            ET.SubElement(element, "media-rep", kind="original-media", src=file_url(media.path))
        return self._ids[media.media_id]

    def song(self, media: Media) -> str:
        """The song's asset."""
        if media.media_id not in self._ids:
            length = Fraction(media.duration_s).limit_denominator(AUDIO_RATE_HZ)
            identity = {"id": self._next(media.media_id), "name": media.name}
            attributes = {**identity, "start": "0s", "duration": _s(length), **_sound_of(media)}
            element = ET.SubElement(self._element, "asset", attributes)
            ET.SubElement(element, "media-rep", kind="original-media", src=file_url(media.path))
        return self._ids[media.media_id]


def _sound_of(media: Media) -> dict[str, str]:
    channels = min(2, media.audio.channels) if media.audio else 2
    return {"hasAudio": "1", "audioSources": "1", "audioChannels": str(channels), "audioRate": str(AUDIO_RATE_HZ)}


def _s(seconds: Fraction) -> str:
    """Exact seconds as FCPXML writes them: `1001/30000s`, whole ones as `5s`."""
    exact = Fraction(seconds)
    return f"{exact.numerator}s" if exact.denominator == 1 else f"{exact.numerator}/{exact.denominator}s"
