"""OpenTimelineIO's objects as plain JSON, for hosts that are particular about what they find. Pure.

Positions are on the timeline's grid (`source_range` in the timeline's rate), what the media holds in the media's rate: restating source
ranges in media rates lets later cuts drift by up to two frames (docs/interchange.md).
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from fractions import Fraction
from typing import Any

from engine.model.media import Media
from engine.model.time import FrameRate
from otio_adapters.layout import Join, Lane, Layout, Shot, Sound
from otio_adapters.marks import Mark
from otio_adapters.places import record_start

__all__ = [
    "available",
    "clip",
    "document",
    "effect",
    "gap",
    "in_row",
    "lane_children",
    "marker",
    "time",
    "time_range",
    "time_warp",
    "track",
    "transition",
]

Json = dict[str, Any]


def time(value: float | Fraction, rate: FrameRate) -> Json:
    return {"OTIO_SCHEMA": "RationalTime.1", "rate": rate.fps, "value": float(value)}


def time_range(start: float | Fraction, duration: float | Fraction, rate: FrameRate) -> Json:
    return {"OTIO_SCHEMA": "TimeRange.1", "duration": time(duration, rate), "start_time": time(start, rate)}


def available(media: Media, rate: FrameRate) -> Json:
    """What a file holds, in its own rate; sound counts in the timeline's."""
    video = media.video
    if video is None or media.kind == "audio":
        return time_range(0, int(media.duration_s * rate.fps), rate)
    return time_range(video.start_frame, video.duration_frames, video.rate)


def document(name: str, tracks: Sequence[Json], markers: Sequence[Json], rate: FrameRate, metadata: Json, stack: Json) -> bytes:
    """The whole file. metadata : of the timeline. stack : metadata of its stack of tracks."""
    whole = {
        "OTIO_SCHEMA": "Timeline.1",
        "metadata": metadata,
        "name": name,
        "global_start_time": time(record_start(rate), rate),
        "tracks": {
            "OTIO_SCHEMA": "Stack.1",
            "metadata": stack,
            "name": "tracks",
            "source_range": None,
            "effects": [],
            "markers": list(markers),
            "enabled": True,
            "children": list(tracks),
        },
    }
    return json.dumps(whole, ensure_ascii=False, indent=4).encode("utf-8", "replace")


def track(name: str, kind: str, children: Sequence[Json], metadata: Json, enabled: bool = True, effects: Sequence[Json] = ()) -> Json:
    return {
        "OTIO_SCHEMA": "Track.1",
        "metadata": metadata,
        "name": name,
        "source_range": None,
        "effects": list(effects),
        "markers": [],
        "enabled": enabled,
        "children": list(children),
        "kind": kind,
    }


def clip(
    name: str,
    media: Media,
    url: str,
    source: Json,
    available_range: Json,
    *,
    enabled: bool = True,
    effects: Sequence[Json] = (),
    markers: Sequence[Json] = (),
    metadata: Mapping[str, Any] | None = None,
) -> Json:
    """A clip of `media`, in the shape that DaVinci Resolve and Premiere Pro write themselves."""
    reference = {
        "OTIO_SCHEMA": "ExternalReference.1",
        "metadata": {},
        "name": media.name,
        "available_range": available_range,
        "available_image_bounds": None,
        "target_url": url,
    }
    return {
        "OTIO_SCHEMA": "Clip.2",
        "metadata": dict(metadata or {}),
        "name": name,
        "source_range": source,
        "effects": list(effects),
        "markers": list(markers),
        "enabled": enabled,
        "media_references": {"DEFAULT_MEDIA": reference},
        "active_media_reference_key": "DEFAULT_MEDIA",
    }


def gap(frames: int, rate: FrameRate) -> Json:
    return {
        "OTIO_SCHEMA": "Gap.1",
        "metadata": {},
        "name": "",
        "source_range": time_range(0, frames, rate),
        "effects": [],
        "markers": [],
        "enabled": True,
    }


def transition(join: Join, rate: FrameRate) -> Json:
    """A dissolve around a cut."""
    return {
        "OTIO_SCHEMA": "Transition.1",
        "metadata": {},
        "name": "Cross Dissolve",
        "transition_type": "SMPTE_Dissolve",
        "in_offset": time(join.before, rate),
        "out_offset": time(join.after, rate),
    }


def time_warp(scalar: float | Fraction, name: str = "") -> Json:
    return {
        "OTIO_SCHEMA": "LinearTimeWarp.1",
        "metadata": {},
        "name": name,
        "effect_name": name,
        "enabled": True,
        "time_scalar": float(scalar),
    }


def effect(name: str, metadata: Json) -> Json:
    return {"OTIO_SCHEMA": "Effect.1", "metadata": metadata, "name": "", "effect_name": name, "enabled": True}


def marker(mark: Mark, at: float | Fraction, rate: FrameRate, metadata: Json, comment: str = "") -> Json:
    return {
        "OTIO_SCHEMA": "Marker.2",
        "metadata": metadata,
        "name": mark.name,
        "color": mark.colour,
        "marked_range": time_range(at, 1, rate),
        "comment": comment,
    }


def in_row(items: Sequence[tuple[Shot | Sound, Json]], rate: FrameRate) -> Iterator[Json]:
    """Objects of things that lie somewhere on a track, with gaps between them."""
    at = 0
    for item, built in items:
        if item.start > at:
            yield gap(item.start - at, rate)
        yield built
        at = item.start + item.duration


def lane_children(lane: Lane, built: Sequence[Json], rate: FrameRate) -> list[Json]:
    """A lane's shots as objects (`built`, one for each), with its gaps and joins."""
    children: list[Json] = []
    at = 0
    for number, (shot, own) in enumerate(zip(lane.shots, built)):
        join = lane.join_before(number)
        children += [gap(shot.start - at, rate)] if shot.start > at else []
        children += [transition(join, rate)] if join else []
        children.append(own)
        at = shot.end
    return children


def sound_tracks(plan: Layout, rate: FrameRate, build: Callable[[Sound, FrameRate], Json], metadata: Json) -> list[Json]:
    """A track for the song and one for the clips' own sound, where there are such."""
    rows = [one for one in (plan.song, plan.own) if one]
    return [
        track(f"Audio {number}", "Audio", list(in_row([(one, build(one, rate)) for one in row], rate)), dict(metadata))
        for number, row in enumerate(rows, 1)
    ]
