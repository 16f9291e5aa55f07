"""What the scripts inside DaVinci Resolve ask for: their settings, and an edit as calls of its scripting API.

Facts about that API (end frames, zoom, which colours there are) stand here and in `resolve_scripts`, nowhere else.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from engine.edit.reframe import cover_crop
from engine.errors import BadOption
from engine.model.events import TimelineExported
from engine.model.media import Media
from engine.model.time import FrameRate
from engine.model.timeline import Placement, Timeline
from engine.store.projects import load_timeline
from engine.studio.requests.resolve import ResolvePlacedRequest, ResolvePlanRequest, ResolveSettingsRequest

if TYPE_CHECKING:
    from engine.progress import Progress
    from engine.studio.context import Studio

__all__ = ["CLIP_COLOURS", "WISHES", "plan", "plan_of", "resolve_placed", "resolve_settings", "wishes_of"]

CLIP_COLOURS = (
    *("Orange", "Apricot", "Yellow", "Lime", "Olive", "Green", "Teal", "Navy"),
    *("Blue", "Purple", "Violet", "Pink", "Tan", "Beige", "Brown", "Chocolate"),
)
"""What a clip can be coloured in Resolve; any other name is refused there."""
WISHES = ("must_use", "avoid", "first", "last", "none")
MARK_WISHES = ("range", "none")
SCALE_TO_FILL = 3
"""TimelineItem property `Scaling`: fill the frame."""
MOVES = "moving framing"
"""Why an edit comes in by file: the API sets no keyframes."""
MARKER_COLOURS = {"section": "Blue", "drop": "Red", "downbeat": "Yellow", "user": "Green"}


def resolve_settings(studio: Studio, request: ResolveSettingsRequest, progress: Progress) -> dict[str, Any]:
    """Handler of `resolve.settings`."""
    settings = studio.settings
    if settings.resolve_lock_colour not in CLIP_COLOURS:
        hint = f"Resolve's clip colours: {', '.join(CLIP_COLOURS)}."
        raise BadOption("bad_setting", f"resolve_lock_colour cannot be {settings.resolve_lock_colour!r}.", hint)
    wishes, marks = wishes_of(settings.resolve_wishes)
    folder = settings.resolve_folder or str((studio.workspace / "resolve").absolute())
    return {
        "wishes": wishes,
        "marks": marks,
        "lock_colour": settings.resolve_lock_colour,
        "folder": folder,
        "creator": settings.resolve_creator,
        "ask": settings.resolve_ask != "no",
    }


def wishes_of(text: str) -> tuple[dict[str, str], str]:
    """(clip colour -> wish, what in and out marks mean) of a table such as `Green=must_use, Brown=avoid, marks=range`.

    Raises `BadOption` (`bad_setting`).
    """
    table: dict[str, str] = {}
    marks = "range"
    for row in filter(None, (part.strip() for part in text.replace(";", ",").split(","))):
        name, _, wish = (part.strip() for part in row.partition("="))
        wish = wish.replace("-", "_")
        if name == "marks" and wish in MARK_WISHES:
            marks = wish
        elif name.title() in CLIP_COLOURS and wish in WISHES:
            table[name.title()] = wish
        else:
            hint = f"Write colour=wish, with {', '.join(WISHES)} and Resolve's clip colours; marks=range or marks=none."
            raise BadOption("bad_setting", f"resolve_wishes has {row!r}.", hint)
    return {colour: wish for colour, wish in table.items() if wish != "none"}, marks


def plan(studio: Studio, request: ResolvePlanRequest, progress: Progress) -> dict[str, Any]:
    """Handler of `resolve.plan`."""
    timeline, path = load_timeline(request.timeline)
    made = plan_of(timeline)
    file = path.parent / "timeline.resolve.otio"
    return {**made, "folder": str(path.parent.absolute()), "import_file": str(file.absolute()) if file.is_file() else None}


def resolve_placed(studio: Studio, request: ResolvePlacedRequest, progress: Progress) -> dict[str, Any]:
    """Handler of `resolve.placed`: an edit that stands in Resolve counts as exported."""
    timeline, _ = load_timeline(request.timeline)
    about = (studio.now(), timeline.project_id, timeline.revision, studio.door, timeline.creator_id)
    noted = studio.record(TimelineExported(*about, format=f"resolve-{request.way}", duration_s=float(timeline.duration_s)))
    return {"noted": noted, "whole": request.placed == request.wanted}


def plan_of(timeline: Timeline) -> dict[str, Any]:
    """The edit as plain data, frames counted from 0; the scripts add Resolve's hour."""
    clips = [_clip(timeline, clip) for clip in timeline.clips]
    joins = [join for join in timeline.transitions if join.duration_frames]
    return {
        "schema": "cutprint.resolve-plan",
        "v": 1,
        "name": str(timeline.extra.get("name") or "Cutprint"),
        "project_id": timeline.project_id,
        "revision": timeline.revision,
        "fps": round(timeline.rate.fps, 3),
        "frames": timeline.duration_frames,
        "settings": {
            "timelineResolutionWidth": str(timeline.width),
            "timelineResolutionHeight": str(timeline.height),
            "timelineInputResMismatchBehavior": "scaleToCrop",
        },
        "clips": clips,
        "sound": timeline.audio,
        "song": _song(timeline),
        "markers": _markers(timeline),
        "transitions": [{"from": join.from_clip, "to": join.to_clip, "type": join.type, "frames": join.duration_frames} for join in joins],
        "import_for": sorted({why for row in clips for why in row["import_for"]} | ({"dissolves"} if joins else set())),
        "lost": list(_lost(timeline)),
    }


def _clip(timeline: Timeline, clip: Placement) -> dict[str, Any]:
    media = timeline.media_of(clip)
    start, end, exact = _source(timeline.rate, clip, media)
    moves = len(clip.crop) > 1
    table = (("speeds", clip.speed != 1), ("mixed rates", not exact and clip.speed == 1), (MOVES, moves))
    why = [name for name, holds in table if holds]
    note = {"v": 1, "id": clip.id, "why": clip.facts.ai_reasoning}
    return {
        "id": clip.id,
        "path": media.path,
        "file": media.name,
        "record": clip.timeline_start_frame,
        "frames": clip.duration_frames,
        "start": start,
        "end": end,
        "source_fps": round(clip.source_rate.fps, 3),
        "speed": float(clip.speed),
        "enabled": clip.enabled,
        "locked": clip.lock is not None,
        "props": _framing(timeline, clip, media),
        "moves": moves,
        "note": json.dumps(note, ensure_ascii=False),
        "confidence": round(clip.facts.ai_confidence, 2),
        "even": exact,
        "import_for": why,
    }


def _source(rate: FrameRate, clip: Placement, media: Media) -> tuple[int, int, bool]:
    """(first source frame, end, exclusive; whether Resolve makes exactly as many timeline frames of it).

    Resolve rounds the source's length down to whole timeline frames, so the shortest stretch that gives enough is asked for. The API places
    at normal speed; clips with another come in by file, and where that fails they fill their place at normal speed.
    """
    per = clip.source_rate.fraction / rate.fraction
    frames = math.ceil(clip.duration_frames * per)
    if media.video is not None and media.kind == "video":
        frames = min(frames, media.video.duration_frames - clip.source_start_frame)
    made = math.floor(Fraction(frames) / per)
    return clip.source_start_frame, clip.source_start_frame + frames, made == clip.duration_frames


def _framing(timeline: Timeline, clip: Placement, media: Media) -> dict[str, float]:
    """Zoom, pan and tilt that show the crop, or the middle where there is none. Pan and tilt count pixels of the timeline, tilt upwards; a
    moving crop stands still."""
    if media.video is None:
        return {}
    size = media.video.display_width, media.video.display_height
    crop = clip.crop or (cover_crop(*size, timeline.width, timeline.height, (0.5, 0.5)),)
    centre_x = sum(key.x + key.width / 2 for key in crop) / len(crop)
    centre_y = sum(key.y + key.height / 2 for key in crop) / len(crop)
    source = Fraction(media.video.display_width, media.video.display_height)
    target = Fraction(timeline.width, timeline.height)
    share_x, share_y = float(min(Fraction(1), target / source)), float(min(Fraction(1), source / target))
    zoom = max(1.0, min(share_x / crop[0].width, share_y / crop[0].height))
    pan = (0.5 - centre_x) * timeline.width / share_x * zoom
    tilt = (centre_y - 0.5) * timeline.height / share_y * zoom
    return {"Scaling": SCALE_TO_FILL, "ZoomX": round(zoom, 4), "ZoomY": round(zoom, 4), "Pan": round(pan, 2), "Tilt": round(tilt, 2)}


def _song(timeline: Timeline) -> dict[str, Any] | None:
    song = timeline.song
    if song is None or timeline.audio not in ("song", "both"):
        return None
    path = next(row.path for row in timeline.media if row.media_id == song.media_id)
    pieces = [
        {"record": timeline.rate.frames(begin), "end": timeline.rate.frames(end), "source_s": start}
        for begin, end, start in song.pieces(float(timeline.duration_s))
    ]
    return {"path": path, "file": song.file, "pieces": pieces, "fade_in_s": song.fade_in_s, "fade_out_s": song.fade_out_s}


def _markers(timeline: Timeline) -> list[dict[str, Any]]:
    return [
        {"frame": mark.frame, "colour": MARKER_COLOURS[mark.kind], "name": mark.name, "note": mark.note, "data": f"cutprint:{mark.kind}"}
        for mark in timeline.markers
        if mark.kind in MARKER_COLOURS
    ]


def _lost(timeline: Timeline) -> Iterator[str]:
    """What cannot be placed in any version, by calls or by file."""
    if timeline.tracks:
        yield f"{len(timeline.tracks)} tracks beside the main one."
