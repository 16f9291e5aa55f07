"""What the fake Resolve makes of a timeline file: OTIO only, by its own particular reading; every other format is refused."""

from __future__ import annotations

import json
from fractions import Fraction
from pathlib import Path
from typing import Any

from fakes.resolve_world import Profile

from engine.model.time import FrameRate, round_half_up

PROPERTIES = {f"transformation{name}": name for name in ("ZoomX", "ZoomY", "Pan", "Tilt")}


def imported_tracks(path: Path, profile: Profile) -> dict[str, Any] | None:
    """Tracks with frames from the timeline's start; None where Resolve would not import it."""
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
        own = "Resolve_OTIO" in document["metadata"]
        if not own and profile.foreign_otio == "none":
            return None
        start = document["global_start_time"]
        rate = FrameRate.parse(_written(start["rate"]))
        found: dict[str, Any] = {"fps": _written(start["rate"]), "video": [], "audio": [], "markers": []}
        for track in document["tracks"]["children"]:
            kind = "audio" if track["kind"] == "Audio" else "video"
            found[kind].append(_track(track, kind, rate, linked=own))
        found["markers"] = [_marker(row, rate) for row in document["tracks"]["markers"]]
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return found


def _written(rate: float) -> str:
    return f"{rate:.3f}".rstrip("0").rstrip(".")


def _seconds(time: dict[str, Any]) -> Fraction:
    return Fraction(time["value"]).limit_denominator(1000) / FrameRate.parse(_written(time["rate"])).fraction


def _track(track: dict[str, Any], kind: str, rate: FrameRate, linked: bool) -> dict[str, Any]:
    items, at = [], Fraction(0)
    for child in track["children"]:
        name = child["OTIO_SCHEMA"].partition(".")[0]
        if name == "Transition":
            before, after = (_seconds(child[key]) for key in ("in_offset", "out_offset"))
            span = (round_half_up((at - before) * rate.fraction), round_half_up((at + after) * rate.fraction))
            items.append(_item("transition", child["name"], span, None, 0, 1.0, True, []))
            continue
        length = _seconds(child["source_range"]["duration"])
        if name == "Clip":
            span = (round_half_up(at * rate.fraction), round_half_up((at + length) * rate.fraction))
            items.append(_clip(child, kind, span, linked))
        at += length
    return {"name": track["name"], "locked": track["metadata"].get("Resolve_OTIO", {}).get("Locked", False), "items": items}


def _clip(child: dict[str, Any], kind: str, span: tuple[int, int], linked: bool) -> dict[str, Any]:
    reference = child["media_references"][child["active_media_reference_key"]] if "media_references" in child else child["media_reference"]
    available = reference["available_range"]
    source = FrameRate.parse(_written(available["start_time"]["rate"]))
    left = round_half_up((_seconds(child["source_range"]["start_time"]) - _seconds(available["start_time"])) * source.fraction)
    speeds = [one["time_scalar"] for one in child["effects"] if one["OTIO_SCHEMA"].startswith("LinearTimeWarp")]
    path = reference["target_url"] if linked else ""
    markers = [{**_marker(row, source), "frame": left} for row in child["markers"]]
    frames = round_half_up(_seconds(available["duration"]) * source.fraction)
    speed = float(speeds[0]) if speeds else 1.0
    rate = _written(available["start_time"]["rate"])
    item = _item(kind, child["name"], span, path, left, speed, child["enabled"], markers, rate, frames)
    return {**item, **_transform(child["effects"])}


def _transform(effects: list[dict[str, Any]]) -> dict[str, Any]:
    """Resolve's own Transform: values as properties of the item, keyframes behind them."""
    values: dict[str, float] = {}
    moves: dict[str, dict[int, float]] = {}
    for effect in effects:
        own = effect.get("metadata", {}).get("Resolve_OTIO", {})
        for row in own.get("Parameters", []) if own.get("Effect Name") == "Transform" else []:
            name = PROPERTIES[row["Parameter ID"]]
            values[name] = row["Parameter Value"]
            keys = {int(frame): key["Value"] for frame, key in row["Key Frames"].items()}
            moves |= {name: keys} if keys else {}
    return {"properties": values, "moves": moves}


def _item(
    kind: str,
    name: str,
    span: tuple[int, int],
    path: str | None,
    left: int,
    speed: float,
    enabled: bool,
    markers: list[dict[str, Any]],
    fps: str = "30",
    frames: int = 0,
) -> dict[str, Any]:
    return {
        "kind": kind,
        "name": name,
        "start": span[0],
        "end": span[1],
        "path": path,
        "left": left,
        "speed": speed,
        "enabled": enabled,
        "markers": markers,
        "fps": fps,
        "frames": frames,
        "properties": {},
        "moves": {},
    }


def _marker(row: dict[str, Any], rate: FrameRate) -> dict[str, Any]:
    frame = round_half_up(_seconds(row["marked_range"]["start_time"]) * rate.fraction)
    note = row["metadata"].get("Resolve_OTIO", {}).get("Note", "")
    return {"frame": frame, "color": row["color"].title(), "duration": 1, "note": note, "name": row["name"], "customData": ""}
