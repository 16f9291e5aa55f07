"""One click in a real Resolve: how does it behave where texts and people disagree? The answers go into `capabilities.json`.

It works on timelines of its own, named so, and takes them away again; media, bins and your timelines stay as they are.
"""

import json
import os
import time

from bridge_client import Failure
from comparing import lock_mark
from verbs import Verbs

NAME = "Cutprint probe"
FILE = "capabilities.json"


class Probe:
    """Each `look_` method is one question; what it raises becomes the answer `failed: ...`."""

    def __init__(self, host, row, frames):
        self.host, self.row, self.frames = host, row, frames
        self.uid = None
        self.made = []

    def run(self, tell):
        found = {}
        looks = [name for name in dir(type(self)) if name.startswith("look_")]
        try:
            for number, name in enumerate(looks):
                tell("Looking: " + name[5:].replace("_", " "), number / float(len(looks)))
                try:
                    found[name[5:]] = getattr(self, name)()
                except Failure as failure:
                    found[name[5:]] = "failed: " + failure.cause
        finally:
            for uid in self.made:
                try:
                    self.host.ask("drop_timeline", uid=uid)
                except Failure:
                    found.setdefault("left behind", []).append(uid)
        return found

    def timeline(self):
        """An empty timeline of this probe."""
        name = "%s %d-%d" % (NAME, int(time.time()), len(self.made))
        uid = self.host.ask("new_timeline", name=name, settings={})["uid"]
        self.made.append(uid)
        return uid

    def placed(self, **changes):
        """The items after one append of the probe's clip onto a new timeline."""
        uid = self.timeline()
        base = self.host.ask("snapshot", uid=uid)["timeline"]["start_frame"]
        row = dict({"pool": self.row["uid"], "start": 5, "end": 5 + self.frames, "record": base, "track": 1, "kind": 1}, **changes)
        self.host.ask("append", rows=[row])
        return uid, self.host.ask("snapshot", uid=uid)

    def look_a_end_frame(self):
        items = self.placed()[1]["items"]
        return (
            {self.frames: "exclusive", self.frames + 1: "inclusive"}.get(items[0]["end"] - items[0]["start"], "otherwise")
            if items
            else "nothing was placed"
        )

    def look_b_start(self):
        return self.placed()[1]["timeline"]["start_frame"]

    def look_c_in_point(self):
        item = self.placed()[1]["items"][0]
        return {"left_offset": item["left"], "source_start": item["src_start"], "asked": 5}

    def look_d_overlap(self):
        uid, before = self.placed()
        base = before["timeline"]["start_frame"]
        self.host.ask("append", rows=[{"pool": self.row["uid"], "start": 5, "end": 15, "record": base + 2, "track": 1, "kind": 1}])
        after = [one for one in self.host.ask("snapshot", uid=uid)["items"] if one["type"] == "video"]
        return {1: "the later one is dropped", 2: "both lie there"}.get(len(after), "%d items" % len(after))

    def look_e_colour_and_marker(self):
        uid, before = self.placed()
        item = before["items"][0]
        refused = self.host.ask("dress", uid=uid, items={item["uid"]: {"colour": "Lime", "markers": [lock_mark("probe")]}})["refused"]
        after = self.host.ask("snapshot", uid=uid)["items"][0]
        return {"colour": after["colour"], "marker_data": [mark["data"] for mark in after["markers"]], "refused": refused}

    def look_f_framing(self):
        uid, before = self.placed()
        wish = {"Scaling": 3, "ZoomX": 1.5, "ZoomY": 1.5, "Pan": 100.0, "Tilt": -50.0}
        self.host.ask("dress", uid=uid, items={before["items"][0]["uid"]: {"props": wish}})
        after = self.host.ask("snapshot", uid=uid)["items"][0]["props"]
        return {key: after.get(key) for key in wish}

    def look_g_copy(self):
        uid, before = self.placed()
        copy = self.host.ask("duplicate", uid=uid, name="%s copy %d" % (NAME, int(time.time())))["uid"]
        self.made.append(copy)
        after = self.host.ask("snapshot", uid=copy)
        return {
            "items": len(after["items"]),
            "same_item_ids": [one["uid"] for one in after["items"]] == [one["uid"] for one in before["items"]],
        }

    def look_h_delete(self):
        uid, before = self.placed()
        return self.host.ask("delete", uid=uid, items=[one["uid"] for one in before["items"]])

    def look_i_size(self):
        uid = self.timeline()
        wish = {"timelineResolutionWidth": "1080", "timelineResolutionHeight": "1920", "timelineInputResMismatchBehavior": "scaleToCrop"}
        return {"refused": self.host.ask("settings", uid=uid, settings=wish)["refused"]}

    def look_j_binding(self):
        uid, _ = self.placed()
        self.host.ask("bind", uid=uid, data='{"probe": 1}')
        snapshot = self.host.ask("snapshot", uid=uid)
        return {
            "pool_metadata": bool(snapshot["timeline"]["binding"]),
            "marker_data": any("probe" in mark["data"] for mark in snapshot["markers"]),
        }

    def look_k_dissolve(self):
        uid, before = self.placed()
        base = before["timeline"]["start_frame"]
        self.host.ask(
            "append",
            rows=[{"pool": self.row["uid"], "start": 5, "end": 5 + self.frames, "record": base + self.frames, "track": 1, "kind": 1}],
        )
        refused = self.host.ask("transition", uid=uid, items=[{"uid": before["items"][0]["uid"], "frames": 4}])["refused"]
        return "no" if refused else "yes"

    def look_l_render(self):
        return self.host.ask("render_formats")


def probe(host, bridge):
    """The verb: looks, and writes `capabilities.json` into the folder of edits."""
    verbs = Verbs(host, bridge)
    verbs._begin("probe", "Probe this Resolve")
    hello = verbs._ready()
    rows = [
        one
        for one in host.ask("pool")["items"]
        if one["type"].lower().startswith("video") and one["path"] and one["online"] and one["frames"] >= 30
    ]
    rows = [one for one in rows if abs(float(one["fps"] or 0) - float(hello["fps"] or 0)) < 0.005]
    if not rows:
        raise Failure(
            "There is no clip to look with.",
            "Put a clip of a second or more, at the project's rate, into the open bin and click again.",
            "no_clips",
        )
    row = host.ask("find", paths=[rows[0]["path"]])["rows"][rows[0]["path"]]
    found = Probe(host, row, min(20, row["frames"] - 10)).run(bridge.tell)
    snapshots = {name: bool(value) for name, value in _methods(host).items()}
    document = {
        "schema": "cutprint.resolve-capabilities",
        "v": 1,
        "at": int(time.time()),
        "resolve": hello,
        "found": found,
        "methods": snapshots,
    }
    path = os.path.join(verbs.settings["folder"], FILE)
    with open(path, "w", encoding="utf-8") as file:
        json.dump(document, file, ensure_ascii=False, indent=1)
    inclusive = found.get("a_end_frame") == "inclusive"
    verbs._remember({"resolve " + ".".join(map(str, hello["version"])): {"inclusive": inclusive}})
    lines = ["%s: %s" % (name[2:].replace("_", " "), value) for name, value in found.items() if name != "left behind"]
    bridge.finish("done", "Written: %s" % path, lines)
    return document


def _methods(host):
    """Which of the newer methods this Resolve has (only seen from Python)."""
    resolve = getattr(host, "resolve", None)
    if resolve is None:
        return {}
    project = host.call(host.call(resolve, "GetProjectManager"), "GetCurrentProject")
    pool = host.call(project, "GetMediaPool")
    clips = host.call(host.call(pool, "GetCurrentFolder"), "GetClipList") or [None]
    wanted = {
        "MediaPool": (pool, ("GetSelectedClips", "ImportTimelineFromFile")),
        "MediaPoolItem": (clips[0], ("GetMarkInOut", "SetThirdPartyMetadata", "SetName")),
        "Timeline": (
            host.call(project, "GetCurrentTimeline"),
            ("GetSelectedClips", "GetMarkInOut", "GetMediaPoolItem", "DuplicateTimeline"),
        ),
    }
    return {"%s.%s" % (kind, name): host.has(thing, name) for kind, (thing, names) in wanted.items() for name in names}
