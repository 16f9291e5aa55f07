"""What clips of the media pool are, and what their colours and marks wish for. Pure."""

import re

SOUNDS = (".wav", ".mp3", ".aif", ".aiff", ".flac", ".m4a", ".aac", ".ogg", ".opus", ".wma")
OTHER_TYPES = ("timeline", "compound", "fusion", "multicam", "generator", "title", "subtitle", "matte", "adjustment clip")


def kind(one):
    """picture, sound or other, by Resolve's word; in other languages than English by the file's name."""
    word = one["type"].lower()
    if word.startswith(("video", "still", "image")):
        return "picture"
    if word == "audio":
        return "sound"
    if word.startswith(OTHER_TYPES) or not one["path"]:
        return "other"
    return "sound" if one["path"].lower().endswith(SOUNDS) else "picture"


def wishes(clips, settings):
    """Clip colours and in/out marks of pool items as options of `edit`, by the table of the settings."""
    found = {"must_use": [], "avoid": []}
    names = [one["name"] for one in clips]
    for item in clips:
        file = item["path"].replace("\\", "/").rsplit("/", 1)[-1]
        clear = item["name"] == file and names.count(item["name"]) == 1  # not renamed in the pool, nor one name in two folders
        one = item if clear else dict(item, name=item["path"])
        wish = settings["wishes"].get(one["colour"])
        span = _marked(one) if settings["marks"] == "range" else None
        moment = one["name"] if span is None else "%s@%.3f-%.3f" % ((one["name"],) + span)
        if wish in ("must_use", "avoid"):
            found[wish].append(moment)
        elif wish in ("first", "last"):
            found[wish] = moment
        if span is not None and wish != "avoid":
            found["avoid"] += _outside(one, span)
    return {key: value for key, value in found.items() if value}


def _marked(one):
    """(in, out) in seconds from the file's first frame, out exclusive; None where nothing is marked."""
    fps = float(one["fps"] or 0)
    if not fps:
        return None
    first, last = one["in"], one["out"]
    if first is None and one["in_tc"] and one["out_tc"]:  # before 19.1: only as timecode
        first, last = (_frames(one[key], fps) - _frames(one["start_tc"] or "0:0:0:0", fps) for key in ("in_tc", "out_tc"))
    if first is None or last is None or (first <= 0 and last >= one["frames"] - 1):
        return None
    return first / fps, (last + 1) / fps


def _frames(timecode, fps):
    """Non-drop."""
    hours, minutes, seconds, frames = (int(part) for part in re.split("[:;.]", timecode)[:4])
    return (hours * 3600 + minutes * 60 + seconds) * int(fps + 0.5) + frames


def _outside(one, span):
    length = one["frames"] / float(one["fps"])
    parts = [(0.0, span[0]), (span[1], length)]
    return ["%s@%.3f-%.3f" % (one["name"], start, end) for start, end in parts if end - start > 0.001]
