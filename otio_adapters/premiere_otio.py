"""OpenTimelineIO in the dialect of Premiere Pro 25.6 and later: file URLs, frame size on the stack, framing as Motion, link ids.

Premiere has the opposite habit of everybody else for speed: a retimed clip's `source_range` counts source frames, and its length on the
track is that over `time_scalar`. A time warp of 1 makes it drop Motion, so none is written.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import Any

from engine.model.interchange import ExportOptions, Written
from engine.model.time import FrameRate
from engine.model.timeline import Timeline
from otio_adapters import otio_json
from otio_adapters.framing import Framing, framings
from otio_adapters.layout import Lane, Layout, Shot, Sound, layout
from otio_adapters.marks import LOCK_PREFIX, Mark, lock_marks, shot_marks, timeline_marks
from otio_adapters.places import file_url
from otio_adapters.warnings import Carries, common_drops, common_warnings

__all__ = ["PremiereOtioWriter"]

CARRIES = Carries(crops=True, crop_moves=True, speeds=True, joins=True, own_sound=True)
BEFORE_ALL_FRAMES = -10_800_000
"""Position of values that hold for the whole clip: Premiere's own marker for "from the beginning"."""
NORMAL_BLEND = 18
"""Premiere's number for the blend mode Normal."""


class PremiereOtioWriter:
    """One linked group for each shot and its sound; the song apart from them."""

    name = "premiere-otio"
    suffix = ".otio"
    description = "OpenTimelineIO in Premiere Pro's dialect"

    def write(self, timeline: Timeline, options: ExportOptions = ExportOptions()) -> Written:
        """The file, emitted as JSON."""
        rate = timeline.rate
        plan = layout(timeline, options.alternates)
        links = {shot.id: str(number) for number, shot in enumerate((shot for lane in plan.lanes for shot in lane.shots), 1)}
        tracks = [self._lane(lane, number, timeline, options, links) for number, lane in enumerate(plan.lanes)]
        tracks += self._sounds(plan, rate, links)
        markers = [_marker(mark, mark.frame, rate) for mark in timeline_marks(timeline, options.markers)]
        content = otio_json.document(options.name, tracks, markers, rate, _ours({"MetadataVersion": "1.0"}), _ours(_sequence(timeline)))
        hint = "Premiere Pro 25.6 or later: File > Import, choose {file}."
        return Written(content, tuple(common_drops(timeline, CARRIES, options)), hint, common_warnings(timeline))

    def _lane(self, lane: Lane, number: int, timeline: Timeline, options: ExportOptions, links: dict[str, str]) -> dict[str, Any]:
        built = [self._shot(shot, timeline, options, links[shot.id]) for shot in lane.shots]
        children = otio_json.lane_children(lane, built, timeline.rate)
        return otio_json.track(lane.name if number else "Video 1", "Video", children, {}, lane.enabled)

    def _shot(self, shot: Shot, timeline: Timeline, options: ExportOptions, link: str) -> dict[str, Any]:
        rate = timeline.rate
        start = shot.in_s * rate.fraction
        written = lock_marks(shot, options.markers, "marker", "name")
        marks = shot_marks(shot, options.markers, written)
        warp = [otio_json.time_warp(shot.speed, "Speed")] if shot.speed != 1 else []
        return otio_json.clip(
            f"{LOCK_PREFIX}{shot.media.name}" if shot.locked else shot.media.name,
            shot.media,
            file_url(shot.media.path),
            otio_json.time_range(start, shot.duration * shot.speed, rate),
            otio_json.available(shot.media, rate),
            enabled=shot.enabled,
            effects=[_opacity(rate), _motion(framings(shot, timeline.width, timeline.height), start, shot.speed, rate), *warp],
            markers=[_marker(mark, start + mark.frame * shot.speed, rate) for mark in marks],
            metadata={**_clip_metadata(link), "cutprint": {"id": shot.id, **({"lock": written} if written else {})}},
        )

    def _sounds(self, plan: Layout, rate: FrameRate, links: dict[str, str]) -> list[dict[str, Any]]:
        tracks: list[dict[str, Any]] = []
        for row in (plan.song, plan.own):
            built = [(one, self._sound(one, rate, links.get(one.of or "", str(len(links) + k + 1)))) for k, one in enumerate(row)]
            if row:
                channels = max(_channels(one) for one in row)
                meta = _ours({"AudioChannels": {"ChannelType": _kind(channels), "NumberOfChannels": channels}})
                tracks.append(otio_json.track(f"Audio {len(tracks) + 1}", "Audio", list(otio_json.in_row(built, rate)), meta))
        return tracks

    def _sound(self, sound: Sound, rate: FrameRate, link: str) -> dict[str, Any]:
        video = sound.media.video
        origin = video.rate.seconds(video.start_frame) if video is not None and sound.media.kind != "audio" else Fraction(0)
        assigned = [{"SecondaryChannelIndex": channel} for channel in range(_channels(sound))]
        channels = {"ChannelType": _kind(_channels(sound)), "SecondaryAssignments": assigned}
        return otio_json.clip(
            sound.media.name,
            sound.media,
            file_url(sound.media.path),
            otio_json.time_range((sound.source_s + origin) * rate.fraction, sound.duration, rate),
            otio_json.available(sound.media, rate),
            metadata=_clip_metadata(link, AudioChannels=channels),
        )


def _ours(values: dict[str, Any]) -> dict[str, Any]:
    return {"PremierePro_OTIO": values}


def _sequence(timeline: Timeline) -> dict[str, Any]:
    return {
        "AudioFrameRate": 48000.0,
        "PixelAspectRatio": {"numerator": 1.0, "denominator": 1.0},
        "VideoFrameRate": timeline.rate.fps,
        "VideoResolution": {"width": timeline.width, "height": timeline.height},
    }


def _clip_metadata(link: str, **more: Any) -> dict[str, Any]:
    return _ours({**more, "LinkID": link, "OriginalChannelGroupIndex": 0, "SourceClipIndex": 0})


def _channels(sound: Sound) -> int:
    return min(2, sound.media.audio.channels) if sound.media.audio else 2


def _kind(channels: int) -> str:
    return "Stereo" if channels == 2 else "Mono"


def _marker(mark: Mark, at: float | Fraction, rate: FrameRate) -> dict[str, Any]:
    return otio_json.marker(mark, at, rate, {}, comment=mark.note)


# --- effects ----------------------------------------------------------------------------------------------------------


def _intrinsic(name: str, parameters: Sequence[dict[str, Any]]) -> dict[str, Any]:
    return otio_json.effect(name, _ours({"IsIntrinsic": True, "MatchName": f"AE.ADBE {name}", "Parameters": list(parameters)}))


def _fixed(name: str, number: int, value: Any, rate: FrameRate) -> dict[str, Any]:
    return {"DisplayName": name, "ID": number, "StartValue": {"Position": otio_json.time(BEFORE_ALL_FRAMES, rate), "Value": value}}


def _opacity(rate: FrameRate) -> dict[str, Any]:
    rows = [_fixed("Opacity", 1, 100.0, rate), _fixed("Blend Mode", 2, NORMAL_BLEND, rate), _fixed("Blend Mode", 3, 0, rate)]
    return _intrinsic("Opacity", rows)


def _motion(keys: Sequence[Framing], start: Fraction, speed: Fraction, rate: FrameRate) -> dict[str, Any]:
    """Framing as Premiere's Motion: the picture's middle in shares of the frame, scale in per cent of its stored pixels."""

    def moving(name: str, number: int, values: Sequence[Any]) -> dict[str, Any]:
        if len(values) == 1:
            return _fixed(name, number, values[0], rate)
        rows = [{"Position": otio_json.time(start + key.frame * speed, rate), "Value": value} for key, value in zip(keys, values)]
        return {"DisplayName": name, "ID": number, "Keyframes": rows}

    scales = [key.scale for key in keys]
    crops = [_fixed(f"Crop {side}", 8 + k, 0.0, rate) for k, side in enumerate(("Left", "Top", "Right", "Bottom"))]
    return _intrinsic(
        "Motion",
        [
            moving("Position", 1, [{"X": 0.5 + key.x, "Y": 0.5 + key.y} for key in keys]),
            moving("Scale", 2, scales),
            _fixed("Scale Width", 3, scales[0], rate),
            # Uniform scale, which has no name there.
            _fixed(" ", 4, True, rate),
            _fixed("Rotation", 5, float(keys[0].rotation), rate),
            _fixed("Anchor Point", 6, {"X": 0.5, "Y": 0.5}, rate),
            _fixed("Anti-flicker Filter", 7, 0.0, rate),
            *crops,
        ],
    )
