"""FCPXML 1.9 to 1.13 by one grammar: what Final Cut Pro reads and DaVinci Resolve takes as a second way in.

All times are exact fractions of a second; offsets and durations are multiples of the sequence's frame duration (docs/interchange.md).
"""

from __future__ import annotations

import xml.etree.ElementTree as ET
from fractions import Fraction

from engine.errors import BadOption
from engine.model.interchange import ExportOptions, Written
from engine.model.media import Media
from engine.model.time import FrameRate
from engine.model.timeline import Placement, SongUse, Timeline
from otio_adapters.places import file_url, marker_rows, media_start_s, record_start, source_in_s, xml_document
from otio_adapters.warnings import common_drops, common_warnings

__all__ = ["FcpxmlWriter"]

VERSIONS = ("1.9", "1.10", "1.11", "1.12", "1.13")
DEFAULT_VERSION = "1.10"


class FcpxmlWriter:
    """One sequence, silent assets (no camera sound tracks appear), the song connected below the first clip."""

    name = "fcpxml"
    suffix = ".fcpxml"
    description = "FCPXML for Final Cut Pro and DaVinci Resolve"

    def write(self, timeline: Timeline, options: ExportOptions = ExportOptions()) -> Written:
        """The file in `options.version` (1.10 by default). Raises `BadOption` for a version that is not written."""
        version = options.version or DEFAULT_VERSION
        if version not in VERSIONS:
            raise BadOption("bad_version", f"FCPXML {version} is not written.", f"Use one of {', '.join(VERSIONS)}.")
        root = ET.Element("fcpxml", version=version)
        resources = _Resources(ET.SubElement(root, "resources"), timeline)
        library = ET.SubElement(root, "library")
        event = ET.SubElement(library, "event", name=options.name)
        project = ET.SubElement(event, "project", name=options.name)
        start = timeline.rate.seconds(record_start(timeline.rate))
        sequence = ET.SubElement(
            project,
            "sequence",
            format="r1",
            duration=_s(timeline.duration_s),
            tcStart=_s(start),
            tcFormat="NDF",
            audioLayout="stereo",
            audioRate="48k",
        )
        spine = ET.SubElement(sequence, "spine")
        for number, clip in enumerate(timeline.clips):
            self._clip(spine, timeline, clip, resources, options, start, first=number == 0)
        content = xml_document(root, "fcpxml")
        hint = "Final Cut Pro: File > Import > XML, choose {file}."
        return Written(content, tuple(common_drops(timeline)), hint, common_warnings(timeline))

    def _clip(
        self,
        spine: ET.Element,
        timeline: Timeline,
        clip: Placement,
        resources: _Resources,
        options: ExportOptions,
        start: Fraction,
        first: bool,
    ) -> None:
        media = timeline.media_of(clip)
        source = source_in_s(timeline, clip)
        length = timeline.rate.seconds(clip.duration_frames)
        attributes = {
            "ref": resources.asset(media),
            "offset": _s(start + timeline.rate.seconds(clip.timeline_start_frame)),
            "name": media.name,
            "start": _s(source),
            "duration": _s(length),
            "tcFormat": "NDF",
        }
        if not clip.enabled:
            attributes["enabled"] = "0"
        element = ET.SubElement(spine, "asset-clip", attributes)
        ET.SubElement(element, "note").text = f"cutprint {clip.id}"
        ET.SubElement(element, "adjust-conform", type="fill")
        if first and timeline.song is not None:
            self._song(element, timeline, timeline.song, resources, source)
        self._markers(element, timeline, clip, options, source)

    def _song(self, parent: ET.Element, timeline: Timeline, song: SongUse, resources: _Resources, offset: Fraction) -> None:
        media = next(row for row in timeline.media if row.media_id == song.media_id)
        ET.SubElement(
            parent,
            "asset-clip",
            {
                "ref": resources.song(media, song),
                "lane": "-1",
                "offset": _s(offset),
                "name": media.name,
                "start": _s(Fraction(song.source_start_s).limit_denominator(48_000)),
                "duration": _s(timeline.duration_s),
                "audioRole": "music",
            },
        )

    def _markers(self, element: ET.Element, timeline: Timeline, clip: Placement, options: ExportOptions, source: Fraction) -> None:
        frame_s = _s(timeline.rate.frame_duration)
        for frame, name, note, _ in marker_rows(timeline, options.markers):
            if clip.span.holds(frame):
                at = source + timeline.rate.seconds(frame - clip.timeline_start_frame)
                ET.SubElement(element, "marker", {"start": _s(at), "duration": frame_s, "value": name, **({"note": note} if note else {})})
        if options.markers in ("reasons", "all"):
            at = source + timeline.rate.seconds(clip.duration_frames // 2)
            words = {"value": f"{clip.id} {clip.facts.ai_confidence:.2f}", "note": clip.facts.ai_reasoning}
            ET.SubElement(element, "marker", {"start": _s(at), "duration": frame_s, **words})


class _Resources:
    """The `resources` element: each format and asset once, numbered as they come."""

    def __init__(self, element: ET.Element, timeline: Timeline) -> None:
        self._element = element
        self._ids: dict[object, str] = {}
        self._format(timeline.rate, timeline.width, timeline.height)

    def _next(self, key: object) -> str:
        self._ids[key] = f"r{len(self._ids) + 1}"
        return self._ids[key]

    def _format(self, rate: FrameRate, width: int, height: int) -> str:
        key = (rate, width, height)
        if key not in self._ids:
            ET.SubElement(
                self._element,
                "format",
                {
                    "id": self._next(key),
                    "name": "FFVideoFormatRateUndefined",
                    "frameDuration": _s(rate.frame_duration),
                    "width": str(width),
                    "height": str(height),
                    "colorSpace": "1-1-1 (Rec. 709)",
                },
            )
        return self._ids[key]

    def asset(self, media: Media) -> str:
        """A clip's asset; declared without sound, in its display size."""
        video = media.video
        assert video is not None
        if media.media_id not in self._ids:
            form = self._format(video.rate, video.display_width, video.display_height)
            element = ET.SubElement(
                self._element,
                "asset",
                {
                    "id": self._next(media.media_id),
                    "name": media.name,
                    "start": _s(media_start_s(media)),
                    "duration": _s(video.rate.seconds(video.duration_frames)),
                    "hasVideo": "1",
                    "format": form,
                    "videoSources": "1",
                },
            )
            ET.SubElement(element, "media-rep", kind="original-media", src=file_url(media.path))
        return self._ids[media.media_id]

    def song(self, media: Media, song: SongUse) -> str:
        """The song's asset."""
        if media.media_id not in self._ids:
            element = ET.SubElement(
                self._element,
                "asset",
                {
                    "id": self._next(media.media_id),
                    "name": media.name,
                    "start": "0s",
                    "duration": _s(Fraction(song.duration_s).limit_denominator(48_000)),
                    "hasAudio": "1",
                    "audioSources": "1",
                    "audioChannels": str(min(2, media.audio.channels) if media.audio else 2),
                    "audioRate": "48000",
                },
            )
            ET.SubElement(element, "media-rep", kind="original-media", src=file_url(media.path))
        return self._ids[media.media_id]


def _s(seconds: Fraction) -> str:
    """Exact seconds as FCPXML writes them: `1001/30000s`, whole ones as `5s`."""
    exact = Fraction(seconds)
    return f"{exact.numerator}s" if exact.denominator == 1 else f"{exact.numerator}/{exact.denominator}s"
