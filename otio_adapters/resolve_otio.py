"""OpenTimelineIO in the dialect that DaVinci Resolve writes itself: nothing that it would not expect, because it drops or refuses that."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from engine.model.interchange import ExportOptions, Written
from engine.model.time import FrameRate
from engine.model.timeline import Timeline
from otio_adapters import otio_json
from otio_adapters.framing import Framing, fit_scale, framings
from otio_adapters.layout import Lane, Shot, Sound, layout
from otio_adapters.marks import Mark, lock_marks, shot_marks, timeline_marks
from otio_adapters.places import bare_path
from otio_adapters.warnings import Carries, common_drops, common_warnings

__all__ = ["ResolveOtioWriter"]

CARRIES = Carries(crops=True, crop_moves=True, speeds=True, joins=True, own_sound=True)
TRANSFORM = 2
"""Resolve's number for the effect that is the Inspector's Transform."""
SAME = 1e-6
SOUND_TRACK = {"Resolve_OTIO": {"Audio Type": "Stereo", "SoloOn": False, "Locked": False}}


class ResolveOtioWriter:
    """What Resolve 18.5 and later import: bare paths, its own metadata, one hour of start, tracks named as it names them.

    Clip ids travel in the notes of markers, the one place of ours that Resolve keeps; so nothing depends on anything else.
    """

    name = "resolve-otio"
    suffix = ".otio"
    description = "OpenTimelineIO in DaVinci Resolve's dialect"

    def write(self, timeline: Timeline, options: ExportOptions = ExportOptions()) -> Written:
        """The file, emitted as JSON."""
        rate = timeline.rate
        plan = layout(timeline, options.alternates)
        tracks = [self._lane(lane, number, timeline, options) for number, lane in enumerate(plan.lanes)]
        tracks += otio_json.sound_tracks(plan, rate, self._sound, SOUND_TRACK)
        markers = [_marker(mark, mark.frame, rate) for mark in timeline_marks(timeline, options.markers)]
        metadata = {"Resolve_OTIO": {"Resolve OTIO Meta Version": "1.0"}}
        content = otio_json.document(options.name, tracks, markers, rate, metadata, {})
        hint = "DaVinci Resolve: File > Import > Timeline, choose {file} (create the project at the edit's size first)."
        return Written(content, tuple(common_drops(timeline, CARRIES, options)), hint, common_warnings(timeline))

    def _lane(self, lane: Lane, number: int, timeline: Timeline, options: ExportOptions) -> dict[str, Any]:
        built = [self._shot(shot, timeline, options) for shot in lane.shots]
        children = otio_json.lane_children(lane, built, timeline.rate)
        name = lane.name if number else "Video 1"
        return otio_json.track(name, "Video", children, {"Resolve_OTIO": {"Locked": False}}, lane.enabled)

    def _shot(self, shot: Shot, timeline: Timeline, options: ExportOptions) -> dict[str, Any]:
        rate = timeline.rate
        start = shot.in_s * rate.fraction
        written = lock_marks(shot, options.markers, "marker")
        marks = shot_marks(shot, options.markers, written, as_json=True)
        return otio_json.clip(
            shot.media.name,
            shot.media,
            bare_path(shot.media.path),
            otio_json.time_range(start, shot.duration, rate),
            otio_json.available(shot.media, rate),
            enabled=shot.enabled,
            effects=[*_transform(shot, timeline), *([otio_json.time_warp(shot.speed)] if shot.speed != 1 else [])],
            markers=[_marker(mark, start + mark.frame, rate) for mark in marks],
            metadata={"Resolve_OTIO": {}},
        )

    def _sound(self, sound: Sound, rate: FrameRate) -> dict[str, Any]:
        start = (sound.source_s + _origin(sound)) * rate.fraction
        channels = {"Channels": [{"Source Channel ID": channel, "Source Track ID": 0} for channel in (0, 1)]}
        return otio_json.clip(
            sound.media.name,
            sound.media,
            bare_path(sound.media.path),
            otio_json.time_range(start, sound.duration, rate),
            otio_json.available(sound.media, rate),
            metadata={"Resolve_OTIO": channels},
        )


def _transform(shot: Shot, timeline: Timeline) -> list[dict[str, Any]]:
    """Zoom over what fits the frame, pan and tilt in shares of it (tilt upwards), keyframes in frames of the clip; none where it fits."""
    video = shot.media.video
    rows = framings(shot, timeline.width, timeline.height)
    if video is None:
        return []
    fit = fit_scale(video, timeline.width, timeline.height)
    values = {
        "transformationZoomX": (1.0, 0.0, 100.0, [one.scale / fit for one in rows]),
        "transformationZoomY": (1.0, 0.0, 100.0, [one.scale / fit for one in rows]),
        "transformationPan": (0.0, -4.0, 4.0, [one.x for one in rows]),
        "transformationTilt": (0.0, -4.0, 4.0, [-one.y for one in rows]),
    }
    parameters = [_parameter(name, rows, *row) for name, row in values.items() if any(abs(one - row[0]) > SAME for one in row[3])]
    about = {"Effect Name": "Transform", "Enabled": True, "Name": "Transform", "Parameters": parameters, "Type": TRANSFORM}
    return [otio_json.effect("Resolve Effect", {"Resolve_OTIO": about})] if parameters else []


def _parameter(name: str, rows: Sequence[Framing], usual: float, least: float, most: float, values: Sequence[float]) -> dict[str, Any]:
    """One setting as Resolve writes it; `Key Frames` only where it moves."""
    moves = {str(one.frame): {"Value": value, "Variant Type": "Double"} for one, value in zip(rows, values)} if len(rows) > 1 else {}
    about = {"Default Parameter Value": usual, "Key Frames": moves, "Parameter ID": name, "Parameter Value": values[0]}
    return {**about, "Variant Type": "Double", "maxValue": most, "minValue": least}


def _origin(sound: Sound) -> Any:
    video = sound.media.video
    return video.rate.seconds(video.start_frame) if video is not None and sound.media.kind != "audio" else 0


def _marker(mark: Mark, at: Any, rate: FrameRate) -> dict[str, Any]:
    # Resolve reads the note from here and nowhere else.
    return otio_json.marker(mark, at, rate, {"Resolve_OTIO": {"Keywords": [], "Note": mark.note}})
