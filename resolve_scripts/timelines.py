"""What a snapshot of a timeline tells: which edit it belongs to, which of our clips it shows, what is locked, which section is meant. Pure."""

import json

from bridge_client import Failure

SAME_SPEED = 0.02
"""Share by which the length of the used source may differ before a clip counts as retimed: Resolve's figures are off by a frame."""


FRAMING = ("Scaling", "ZoomX", "ZoomY", "Pan", "Tilt")
SAME_FRAMING = 0.005
"""In zoom, and in pixels of pan and tilt: Resolve keeps them as floats."""


def known_again(snapshot, rows):
    """Adds to items what was kept of them: our id, the source frame that was asked for, the speed of what was imported.

    Resolve's own figures may be off by a frame; what it says now is compared with what it said then.
    """
    by_uid = {row["uid"]: row for row in rows}
    for one in snapshot["items"]:
        if one["type"] != "video" or not one["media"]:
            continue
        row = by_uid.get(one["uid"]) or next(
            (row for row in rows if row["path"] == one["media"]["path"] and row["left"] == one["left"] and row["id"] == marked_id(one)),
            None,
        )
        shift = 0 if row is None or row["path"] != one["media"]["path"] else row["source"] - row["left"]
        one["source"] = one["left"] + shift
        one["speed"] = _speed(one, snapshot, row)
        # Only what differs from what Resolve said right after placing was done by a person.
        one["reframed"] = row is not None and "framing" in row and not _same_framing(row["framing"], framing_of(one))
        identity = row["id"] if row is not None else marked_id(one)
        if identity:
            one["cutprint"] = {"id": identity, "lock": bool(row and row["lock"])}


def _speed(one, snapshot, row):
    """By the API where it says so (21.1); of an import as it was asked; else from the lengths, which are off by a frame."""
    if one["speed"] is not None:
        return one["speed"]
    if row is not None and row["speed"] != 1 and one["end"] - one["start"] == row["frames"] and one["left"] == row["left"]:
        return row["speed"]
    if one["src_start"] is None or one["src_end"] is None or not one["media"]["fps"]:
        return 1.0
    length = one["end"] - one["start"]
    usual = length * float(one["media"]["fps"]) / exact_fps(snapshot)
    span = one["src_end"] - one["src_start"] + 1
    return 1.0 if abs(span - usual) <= max(3, SAME_SPEED * usual) else round(span / usual, 3)


def reported(one):
    row = {"uid": one["uid"], "path": one["media"]["path"], "left": one["left"], "frames": one["end"] - one["start"]}
    return dict(row, framing=framing_of(one))


def framing_of(one):
    """How an item lies in the frame, as the Inspector has it."""
    return {key: one["props"][key] for key in FRAMING if isinstance(one["props"].get(key), (int, float))}


def _same_framing(then, now):
    return all(abs(now.get(key, then[key]) - then[key]) <= SAME_FRAMING for key in then)


def marked_id(item):
    for mark in item["markers"]:
        for text in (mark["data"], mark["note"]):
            try:
                found = json.loads(text) if text.startswith("{") else {}
            except ValueError:
                found = {}
            if isinstance(found, dict) and isinstance(found.get("id"), str):
                return found["id"]
    return ""


def is_locked(item, colour):
    return item["colour"] == colour or any(mark["name"] == "LOCK" for mark in item["markers"])


def tie_of(snapshot):
    """What ties a timeline to its edit: the pool's metadata, else a marker. The newest revision counts: copies carry old ones along."""
    found = []
    for text in [snapshot["timeline"]["binding"]] + [mark["data"] for mark in snapshot["markers"]]:
        try:
            row = json.loads(text) if text.startswith("{") else None
        except ValueError:
            row = None
        if isinstance(row, dict) and row.get("folder") and isinstance(row.get("revision"), int):
            found.append(dict(row, data=text))
    return max(found, key=lambda row: row["revision"]) if found else None


def section_of(snapshot):
    """(first frame, end) of what is to be made again, from the timeline's start."""
    first, last = snapshot["marks"]["in"], snapshot["marks"]["out"]
    if first is not None and last is not None:
        return first, last + 1
    base = snapshot["timeline"]["start_frame"]
    chosen = [one for one in snapshot["items"] if one["uid"] in snapshot["selected"]]
    if not chosen:
        raise Failure("No section is marked.", "Set in and out on the timeline, or select clips, then click again.", "no_section")
    return min(one["start"] for one in chosen) - base, max(one["end"] for one in chosen) - base


def exact_fps(snapshot):
    """Exact enough for seconds: 29.97 means 30000/1001."""
    said = float(snapshot["timeline"]["fps"])
    whole = int(said + 0.5)
    return whole * 1000 / 1001.0 if abs(said - whole * 1000 / 1001.0) < 0.005 else said
