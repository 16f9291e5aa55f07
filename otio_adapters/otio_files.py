"""OpenTimelineIO for any program: stock schemas, file URLs, and our whole document beside them, so that nothing is lost on the way back."""

from __future__ import annotations

from typing import Any

from engine.model import documents
from engine.model.interchange import ExportOptions, Written
from engine.model.time import FrameRate
from engine.model.timeline import Timeline
from otio_adapters import otio_json
from otio_adapters.layout import Shot, Sound, layout
from otio_adapters.marks import Mark, lock_marks, shot_marks, timeline_marks
from otio_adapters.places import file_url
from otio_adapters.warnings import Carries, common_drops, common_warnings

__all__ = ["PlainOtioWriter", "plain_json"]

CARRIES = Carries(crops=True, crop_moves=True, song_fades=True, speeds=True, joins=True, own_sound=True, reasons=True)


class PlainOtioWriter:
    """What OpenTimelineIO itself makes of it is written, so it is as the library has it."""

    name = "otio"
    suffix = ".otio"
    description = "OpenTimelineIO, for any program that reads it"

    def write(self, timeline: Timeline, options: ExportOptions = ExportOptions()) -> Written:
        """The file; `metadata.cutprint` of the timeline holds the whole document as text, that of a clip its id, media and lock marks."""
        import opentimelineio as otio

        built = otio.adapters.read_from_string(plain_json(timeline, options).decode(), "otio_json")
        content = otio.adapters.write_to_string(built, adapter_name="otio_json").encode()
        hint = "Kdenlive, Blender add-ons and other OTIO programs: open {file}."
        return Written(content, tuple(common_drops(timeline, CARRIES, options)), hint, common_warnings(timeline))


def plain_json(timeline: Timeline, options: ExportOptions = ExportOptions()) -> bytes:
    """The same before the library has seen it."""
    # As text: the library's own JSON parser is off by the last digit of some floats, and sorts keys.
    text = documents.dumps(documents.encode(timeline))
    own = {"project_id": timeline.project_id, "revision": timeline.revision, "document": text}
    rate = timeline.rate
    plan = layout(timeline, options.alternates)
    tracks = []
    for number, lane in enumerate(plan.lanes):
        children = otio_json.lane_children(lane, [_shot(shot, rate, options) for shot in lane.shots], rate)
        tracks.append(otio_json.track(lane.name if number else "Video 1", "Video", children, {}, lane.enabled))
    markers = [_marker(mark, mark.frame, rate) for mark in timeline_marks(timeline, options.markers, signed=False)]
    return otio_json.document(
        options.name, [*tracks, *otio_json.sound_tracks(plan, rate, _sound, {})], markers, rate, {"cutprint": own}, {}
    )


def _shot(shot: Shot, rate: FrameRate, options: ExportOptions) -> dict[str, Any]:
    start = shot.in_s * rate.fraction
    written = lock_marks(shot, options.markers, "marker")
    return otio_json.clip(
        shot.media.name,
        shot.media,
        file_url(shot.media.path),
        otio_json.time_range(start, shot.duration, rate),
        otio_json.available(shot.media, rate),
        enabled=shot.enabled,
        effects=[otio_json.time_warp(shot.speed)] if shot.speed != 1 else [],
        markers=[_marker(mark, start + mark.frame, rate) for mark in shot_marks(shot, options.markers, written)],
        metadata={"cutprint": {"id": shot.id, "media_id": shot.media.media_id, **({"lock": written} if written else {})}},
    )


def _sound(sound: Sound, rate: FrameRate) -> dict[str, Any]:
    video = sound.media.video
    origin = video.rate.seconds(video.start_frame) if video is not None and sound.media.kind != "audio" else 0
    return otio_json.clip(
        sound.media.name,
        sound.media,
        file_url(sound.media.path),
        otio_json.time_range((sound.source_s + origin) * rate.fraction, sound.duration, rate),
        otio_json.available(sound.media, rate),
        metadata={"cutprint": {"id": sound.of}} if sound.of else {},
    )


def _marker(mark: Mark, at: Any, rate: FrameRate) -> dict[str, Any]:
    return otio_json.marker(mark, at, rate, {"note": mark.note} if mark.note else {}, comment=mark.note)
