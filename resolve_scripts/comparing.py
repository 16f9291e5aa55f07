"""A plan beside what a timeline shows: which clip lies where it should, where nothing is shown, what a person did to a clip. Pure."""

import json

NOISE = 1
"""Source frames by which Resolve's own word about an in point may be off."""
UNTOUCHED = {"Opacity": 100.0, "RotationAngle": 0.0, "FlipX": False, "FlipY": False}
"""What the Inspector shows of a clip that nobody touched."""


def compared(clips, snapshot):
    """(clip id -> the item that shows it frame for frame, lines about the others)."""
    base = snapshot["timeline"]["start_frame"]
    there = {}
    for one in snapshot["items"]:
        if one["type"] == "video" and one["media"]:
            there.setdefault((one["start"] - base, one["end"] - base), []).append(one)
    placed, wrong = {}, []
    for clip in clips:
        here = there.get((clip["record"], clip["record"] + clip["frames"]), [])
        fits = [one for one in here if is_path(one["media"]["path"], clip["path"]) and _same_source(one, clip)]
        if fits:
            placed[clip["id"]] = fits[-1]
        else:
            wrong.append("%s (%s) at frame %d" % (clip["id"], clip["file"], clip["record"]))
    return placed, wrong


def _same_source(item, clip):
    known = [one for one in (item.get("source"), item["left"], item["src_start"]) if one is not None]
    speed = item["speed"]
    return any(abs(one - clip["start"]) <= NOISE for one in known) and (speed is None or abs(speed - clip["speed"]) < 0.005)


def gaps(snapshot, frames):
    """Stretches of the edit that show nothing."""
    base, at, found = snapshot["timeline"]["start_frame"], 0, []
    for one in sorted((one for one in snapshot["items"] if one["type"] == "video" and one["media"]), key=lambda one: one["start"]):
        if one["start"] - base > at:
            found.append((at, one["start"] - base))
        at = max(at, one["end"] - base)
    return found + ([(at, frames)] if at < frames else [])


def merged(spans):
    """Spans that touch, as one."""
    found = []
    for start, end in sorted(spans):
        if found and start <= found[-1][1]:
            found[-1] = (found[-1][0], max(end, found[-1][1]))
        else:
            found.append((start, end))
    return found


def lock_mark(identity):
    return {"frame": 0, "colour": "Red", "name": "LOCK", "note": "", "data": json.dumps({"v": 1, "lock": True, "id": identity})}


def work_on(item):
    """What a person did to a clip, as far as Resolve tells."""
    yield "a Fusion composition", bool(item["fusion"])
    yield "settings in the Inspector", any(item["props"].get(key, value) != value for key, value in UNTOUCHED.items())
    yield "markers", any(mark["name"] not in ("cutprint", "LOCK") for mark in item["markers"])


def is_ours(item):
    return item["type"] == "video" and item["media"] is not None and item["what"] in ("clip", "video")


def place_of(item):
    return (item["type"], item["track"], item["start"], item["end"], item["name"])


def same_stretch(sound, picture):
    return (
        bool(sound["media"])
        and sound["media"]["path"] == picture["media"]["path"]
        and (sound["start"], sound["end"]) == (picture["start"], picture["end"])
    )


def touch(one, other):
    return one["start"] <= other["end"] and other["start"] <= one["end"]


def is_path(one, other):
    return one.replace("\\", "/").lower() == other.replace("\\", "/").lower()
