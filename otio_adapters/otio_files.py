"""OpenTimelineIO files: a plain one for any program, and one in the dialect that DaVinci Resolve writes itself.

Positions are on the timeline's grid (`source_range` in the timeline's rate), what the media holds in the media's rate: restating source
ranges in media rates lets later cuts drift by up to two frames (docs/interchange.md).
"""

from __future__ import annotations

import json
from typing import Any

from engine.model import documents
from engine.model.interchange import ExportOptions, Written
from engine.model.media import Media
from engine.model.time import FrameRate
from engine.model.timeline import Placement, SongUse, Timeline
from otio_adapters.places import bare_path, file_url, marker_rows, record_start, source_in_s
from otio_adapters.warnings import common_drops, common_warnings

__all__ = ["PlainOtioWriter", "ResolveOtioWriter"]


class PlainOtioWriter:
    """Stock schemas, file URLs, and our own document in `metadata.cutprint`, so that nothing is lost on the way back to us."""

    name = "otio"
    suffix = ".otio"
    description = "OpenTimelineIO, for any program that reads it"

    def write(self, timeline: Timeline, options: ExportOptions = ExportOptions()) -> Written:
        """The file; `metadata.cutprint` of the timeline holds the whole document."""
        import opentimelineio as otio

        own = {"cutprint": json.loads(documents.dumps(documents.encode(timeline)), parse_int=_int64)}
        built = otio.schema.Timeline(name=options.name, global_start_time=_time(record_start(timeline.rate), timeline.rate), metadata=own)
        video = otio.schema.Track("Video 1", kind=otio.schema.TrackKind.Video)
        for clip in timeline.clips:
            video.append(self._clip(timeline, clip, options))
        built.tracks.append(video)
        if timeline.song is not None:
            built.tracks.append(self._song(timeline, timeline.song))
        for frame, name, note, colour in marker_rows(timeline, options.markers):
            built.tracks.markers.append(_marker(frame, timeline.rate, name, note, colour))
        content = otio.adapters.write_to_string(built, adapter_name="otio_json").encode()
        hint = "Kdenlive, Blender add-ons and other OTIO programs: open {file}."
        return Written(content, tuple(common_drops(timeline, speeds=True)[:-1]), hint, common_warnings(timeline))

    def _clip(self, timeline: Timeline, clip: Placement, options: ExportOptions) -> Any:
        import opentimelineio as otio

        media = timeline.media_of(clip)
        start = source_in_s(timeline, clip) * timeline.rate.fraction
        built = otio.schema.Clip(
            name=media.name,
            media_reference=_reference(media, file_url(media.path)),
            source_range=_range(float(start), clip.duration_frames, timeline.rate),
            metadata={"cutprint": {"id": clip.id, "media_id": clip.media_id}},
        )
        built.enabled = clip.enabled
        if clip.speed != 1:
            built.effects.append(otio.schema.LinearTimeWarp(time_scalar=float(clip.speed)))
        if options.markers in ("reasons", "all"):
            middle = float(start) + clip.duration_frames // 2
            built.markers.append(
                _marker(middle, timeline.rate, f"{clip.id} {clip.facts.ai_confidence:.2f}", clip.facts.ai_reasoning, "CYAN")
            )
        return built

    def _song(self, timeline: Timeline, song: SongUse) -> Any:
        import opentimelineio as otio

        media = next(row for row in timeline.media if row.media_id == song.media_id)
        track = otio.schema.Track("Audio 1", kind=otio.schema.TrackKind.Audio)
        start = float(song.source_start_s) * timeline.rate.fps
        reference = otio.schema.ExternalReference(file_url(media.path), _range(0, song.duration_s * timeline.rate.fps, timeline.rate))
        reference.name = media.name
        track.append(
            otio.schema.Clip(media.name, media_reference=reference, source_range=_range(start, timeline.duration_frames, timeline.rate))
        )
        return track


def _int64(digits: str) -> int | float:
    """OTIO's integers end at 64 bits; longer ones, which only unknown fields can hold, go on as floats."""
    number = int(digits)
    return number if -(2**63) <= number < 2**63 else float(number)


def _time(frames: float, rate: FrameRate) -> Any:
    import opentimelineio as otio

    return otio.opentime.RationalTime(frames, rate.fps)


def _range(start: float, duration: float, rate: FrameRate) -> Any:
    import opentimelineio as otio

    return otio.opentime.TimeRange(_time(start, rate), _time(duration, rate))


def _reference(media: Media, url: str) -> Any:
    import opentimelineio as otio

    video = media.video
    assert video is not None
    reference = otio.schema.ExternalReference(url, _range(video.start_frame, video.duration_frames, video.rate))
    reference.name = media.name
    return reference


def _marker(frame: float, rate: FrameRate, name: str, note: str, colour: str) -> Any:
    import opentimelineio as otio

    return otio.schema.Marker(name=name, marked_range=_range(frame, 1, rate), color=colour, metadata={"note": note} if note else {})


class ResolveOtioWriter:
    """What Resolve's own export looks like: bare paths, `Resolve_OTIO` metadata, one hour of start, tracks named as it names them."""

    name = "resolve-otio"
    suffix = ".otio"
    description = "OpenTimelineIO in DaVinci Resolve's dialect"

    def write(self, timeline: Timeline, options: ExportOptions = ExportOptions()) -> Written:
        """The file, emitted as JSON: Resolve is particular about what it finds, and about nothing else being there."""
        rate = timeline.rate
        tracks = [_track("Video 1", "Video", [self._clip(timeline, clip, options) for clip in timeline.clips])]
        if timeline.song is not None:
            tracks.append(_track("Audio 1", "Audio", [self._song(timeline, timeline.song)]))
        markers = [_resolve_marker(frame, rate, name, note, colour) for frame, name, note, colour in marker_rows(timeline, options.markers)]
        stack: dict[str, Any] = {
            "OTIO_SCHEMA": "Stack.1",
            "metadata": {},
            "name": "tracks",
            "source_range": None,
            "effects": [],
            "markers": markers,
            "enabled": True,
            "children": tracks,
        }
        document = {
            "OTIO_SCHEMA": "Timeline.1",
            "metadata": {"Resolve_OTIO": {"Resolve OTIO Meta Version": "1.0"}},
            "name": options.name,
            "global_start_time": _json_time(record_start(rate), rate),
            "tracks": stack,
        }
        content = json.dumps(document, ensure_ascii=False, indent=4).encode()
        hint = "DaVinci Resolve: File > Import > Timeline, choose {file} (create the project at the edit's size first)."
        return Written(content, tuple(common_drops(timeline, speeds=True)), hint, common_warnings(timeline))

    def _clip(self, timeline: Timeline, clip: Placement, options: ExportOptions) -> dict[str, Any]:
        media = timeline.media_of(clip)
        video = media.video
        assert video is not None
        start = float(source_in_s(timeline, clip) * timeline.rate.fraction)
        markers = []
        if options.markers in ("reasons", "all"):
            note = json.dumps({"v": 1, "id": clip.id, "why": clip.facts.ai_reasoning}, ensure_ascii=False)
            markers = [_resolve_marker(start + clip.duration_frames // 2, timeline.rate, "cutprint", note, "CYAN")]
        available = _json_range(video.start_frame, video.duration_frames, video.rate)
        built = _resolve_clip(media, _json_range(start, clip.duration_frames, timeline.rate), available, markers, clip.enabled, {})
        if clip.speed != 1:
            built["effects"].append(_time_warp(float(clip.speed)))
        return built

    def _song(self, timeline: Timeline, song: SongUse) -> dict[str, Any]:
        media = next(row for row in timeline.media if row.media_id == song.media_id)
        rate = timeline.rate
        channels = {"Channels": [{"Source Channel ID": channel, "Source Track ID": 0} for channel in (0, 1)]}
        length = int(song.duration_s * rate.fps)
        start = float(song.source_start_s) * rate.fps
        return _resolve_clip(
            media, _json_range(start, timeline.duration_frames, rate), _json_range(0, length, rate), [], True, {"Resolve_OTIO": channels}
        )


def _json_time(value: float, rate: FrameRate) -> dict[str, Any]:
    return {"OTIO_SCHEMA": "RationalTime.1", "rate": rate.fps, "value": float(value)}


def _json_range(start: float, duration: float, rate: FrameRate) -> dict[str, Any]:
    return {"OTIO_SCHEMA": "TimeRange.1", "duration": _json_time(duration, rate), "start_time": _json_time(start, rate)}


def _track(name: str, kind: str, children: list[dict[str, Any]]) -> dict[str, Any]:
    audio = {"Audio Type": "Stereo", "SoloOn": False} if kind == "Audio" else {}
    return {
        "OTIO_SCHEMA": "Track.1",
        "metadata": {"Resolve_OTIO": {**audio, "Locked": False}},
        "name": name,
        "source_range": None,
        "effects": [],
        "markers": [],
        "enabled": True,
        "children": children,
        "kind": kind,
    }


def _resolve_clip(
    media: Media, source: dict[str, Any], available: dict[str, Any], markers: list[dict[str, Any]], enabled: bool, metadata: dict[str, Any]
) -> dict[str, Any]:
    reference = {
        "OTIO_SCHEMA": "ExternalReference.1",
        "metadata": {},
        "name": media.name,
        "available_range": available,
        "available_image_bounds": None,
        "target_url": bare_path(media.path),
    }
    return {
        "OTIO_SCHEMA": "Clip.2",
        "metadata": metadata or {"Resolve_OTIO": {}},
        "name": media.name,
        "source_range": source,
        "effects": [],
        "markers": markers,
        "enabled": enabled,
        "media_references": {"DEFAULT_MEDIA": reference},
        "active_media_reference_key": "DEFAULT_MEDIA",
    }


def _time_warp(scalar: float) -> dict[str, Any]:
    return {"OTIO_SCHEMA": "LinearTimeWarp.1", "metadata": {}, "name": "", "effect_name": "", "time_scalar": scalar}


def _resolve_marker(frame: float, rate: FrameRate, name: str, note: str, colour: str) -> dict[str, Any]:
    return {
        "OTIO_SCHEMA": "Marker.2",
        "metadata": {"Resolve_OTIO": {"Keywords": [], "Note": note}},
        "name": name,
        "color": colour,
        "marked_range": _json_range(frame, 1, rate),
        "comment": "",
    }
