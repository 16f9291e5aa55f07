"""DaVinci Resolve through its scripting API, as a few coarse operations over plain data.

The same operations are in `plugin/resolve/agent.lua`, for editions without Python. What is decided is decided elsewhere (placing.py,
verbs.py). Positions: `start`, `end`, `record` are frames of the timeline as Resolve counts them (its start is one hour); markers count
from the timeline's start. Every call has a deadline, because Resolve may never answer.
"""

import os

from bridge_client import Failure
from resolve_calls import Calls

COLOUR_KEYS = ("colorScienceMode", "rcmPresetMode", "separateColorSpaceAndGamma", "colorSpaceTimeline", "colorSpaceOutput")
"""Settings that Resolve blanks when a timeline gets settings of its own."""


class ResolveHost(Calls):
    """The operations. Each takes and returns plain data; `ask(name, **payload)` is what both kinds of host have."""

    def __init__(self, resolve, watch):
        Calls.__init__(self, resolve, watch)
        self._items = {}

    def ask(self, operation, **payload):
        return getattr(self, "op_" + operation)(**payload)

    # -- looking

    def op_hello(self):
        version = self.call(self.resolve, "GetVersion") or []
        project = self.call(self.call(self.resolve, "GetProjectManager"), "GetCurrentProject")
        product = self.call(self.resolve, "GetProductName") or ""
        return {
            "product": product,
            "version": [int(one) for one in version[:3] if str(one).isdigit()],
            "studio": product.endswith("Studio"),
            "page": self.call(self.resolve, "GetCurrentPage"),
            "project": self.call(project, "GetName"),
            "project_id": self.call(project, "GetUniqueId"),
            "fps": number_text(self.call(project, "GetSetting", "timelineFrameRate")),
            "host": "python",
        }

    def op_pool(self):
        """The selected clips, else those of the open bin."""
        pool = self.call(self.project(), "GetMediaPool")
        picked = [one for one in self.call(pool, "GetSelectedClips") or [] if one is not None]
        scope = "selection" if picked else "bin"
        folder = self.call(pool, "GetCurrentFolder")
        if not picked:
            picked = self.call(folder, "GetClipList") or []
        bin_items = self.call(folder, "GetClipList") or []
        return {
            "scope": scope,
            "bin": self.call(folder, "GetName") or "",
            "items": [self._pool_row(one) for one in picked],
            "beside": [self._pool_row(one) for one in bin_items],
        }

    def _pool_row(self, item):
        known = self.call(item, "GetClipProperty") or {}
        marks = (self.call(item, "GetMarkInOut") or {}).get("video") or {}
        return {
            "uid": self.call(item, "GetUniqueId"),
            "name": self.call(item, "GetName") or "",
            "path": known.get("File Path") or "",
            "type": known.get("Type") or "",
            "fps": number_text(known.get("FPS")),
            "frames": int(float(known.get("Frames") or 0)),
            "online": (known.get("Online Status") or "Online") != "Offline",
            "colour": self.call(item, "GetClipColor") or "",
            "in": marks.get("in"),
            "out": marks.get("out"),
            "start_tc": known.get("Start TC") or "",
            "in_tc": known.get("In") or "",
            "out_tc": known.get("Out") or "",
        }

    def _all_pool(self):
        """Path -> pool item, the whole pool over."""
        found, folders = {}, [self.call(self.call(self.project(), "GetMediaPool"), "GetRootFolder")]
        while folders:
            folder = folders.pop()
            for item in self.call(folder, "GetClipList") or []:
                path = self.call(item, "GetClipProperty", "File Path")
                if path:
                    found.setdefault(plain_path(path), item)
            folders.extend(self.call(folder, "GetSubFolderList") or [])
        return found

    def op_find(self, paths):
        """Which of `paths` are in the pool already: path -> pool row; what is missing is brought in, into the open bin."""
        pool = self.call(self.ready(), "GetMediaPool")
        known = self._all_pool()
        for path in [one for one in paths if plain_path(one) not in known]:
            for item in self.call(pool, "ImportMedia", [path]) or []:
                known[plain_path(path)] = item
        self._items = {}
        rows = {}
        for path in paths:
            item = known.get(plain_path(path))
            if item is not None:
                rows[path] = self._pool_row(item)
                self._items[rows[path]["uid"]] = item
        return {"rows": rows}

    def op_names(self):
        return {"names": [self.call(one, "GetName") for one in self.timelines()]}

    def op_snapshot(self, uid=None):
        """Everything a timeline shows, as the API has it."""
        timeline = self.timeline(uid)
        selected = [self.call(one, "GetUniqueId") for one in self.call(timeline, "GetSelectedClips") or []]
        if not selected and not self.has(timeline, "GetSelectedClips"):
            under = self.call(timeline, "GetCurrentVideoItem")
            selected = [self.call(under, "GetUniqueId")] if under is not None else []
        marks = (self.call(timeline, "GetMarkInOut") or {}).get("video") or {}
        start = self.call(timeline, "GetStartFrame")
        pool_item = self.call(timeline, "GetMediaPoolItem")
        hello = self.op_hello()
        return {
            "schema": "cutprint.resolve-snapshot",
            "v": 1,
            "resolve": {"product": hello["product"], "version": hello["version"]},
            "project": {"id": hello["project_id"], "name": hello["project"]},
            "timeline": {
                "id": self.call(timeline, "GetUniqueId"),
                "name": self.call(timeline, "GetName"),
                "fps": number_text(self.call(timeline, "GetSetting", "timelineFrameRate")) or hello["fps"],
                "start_frame": start,
                "end_frame": self.call(timeline, "GetEndFrame"),
                "width": int(self.call(timeline, "GetSetting", "timelineResolutionWidth") or 0),
                "height": int(self.call(timeline, "GetSetting", "timelineResolutionHeight") or 0),
                "binding": self.call(pool_item, "GetThirdPartyMetadata", "cutprint") or "",
            },
            "selected": [one for one in selected if one],
            "marks": {"in": marks.get("in"), "out": marks.get("out")},
            "tracks": self._tracks(timeline),
            "items": self._timeline_items(timeline),
            "markers": _markers(self.call(timeline, "GetMarkers")),
        }

    def _tracks(self, timeline):
        rows = []
        for kind in ("video", "audio"):
            for index in range(1, (self.call(timeline, "GetTrackCount", kind) or 0) + 1):
                rows.append(
                    {
                        "type": kind,
                        "index": index,
                        "name": self.call(timeline, "GetTrackName", kind, index) or "",
                        "locked": bool(self.call(timeline, "GetIsTrackLocked", kind, index)),
                        "enabled": self.call(timeline, "GetIsTrackEnabled", kind, index) is not False,
                    }
                )
        return rows

    def _timeline_items(self, timeline):
        rows = []
        for kind in ("video", "audio"):
            for index in range(1, (self.call(timeline, "GetTrackCount", kind) or 0) + 1):
                for item in self.call(timeline, "GetItemListInTrack", kind, index) or []:
                    if self.call(item, "GetStart") is not None:
                        rows.append(self._item_row(item, kind, index))
        return rows

    def _item_row(self, item, kind, index):
        media = self.call(item, "GetMediaPoolItem")
        properties = self.call(item, "GetProperty") or {}
        speed = self.call(item, "GetSpeed")
        row = {
            "uid": self.call(item, "GetUniqueId"),
            "name": self.call(item, "GetName") or "",
            "type": kind,
            "track": index,
            "start": self.call(item, "GetStart"),
            "end": self.call(item, "GetEnd"),
            "left": self.call(item, "GetLeftOffset"),
            "src_start": self.call(item, "GetSourceStartFrame"),
            "src_end": self.call(item, "GetSourceEndFrame"),
            "speed": speed["Percentage"] / 100.0 if isinstance(speed, dict) and speed.get("Percentage") else None,
            "enabled": self.call(item, "GetClipEnabled") is not False,
            "colour": self.call(item, "GetClipColor") or "",
            "markers": _markers(self.call(item, "GetMarkers")),
            "fusion": self.call(item, "GetFusionCompCount") or 0,
            "props": {key: value for key, value in properties.items() if isinstance(value, (int, float, str, bool))},
            "media": None if media is None else self._media_row(media),
        }
        row["what"] = self.call(item, "GetType") or ("clip" if media is not None else "generator" if properties else "transition")
        return row

    def _media_row(self, media):
        known = self.call(media, "GetClipProperty") or {}
        return {
            "uid": self.call(media, "GetUniqueId"),
            "path": known.get("File Path") or "",
            "fps": number_text(known.get("FPS")),
            "frames": int(float(known.get("Frames") or 0)),
        }

    # -- changing: only timelines that are ours and new

    def op_new_timeline(self, name, settings):
        """An empty timeline, current, with these settings; what could not be set is in `refused`."""
        project = self.ready()
        self.call(self.resolve, "OpenPage", "edit")
        timeline = self.call(self.call(project, "GetMediaPool"), "CreateEmptyTimeline", name)
        if timeline is None:
            raise Failure("Resolve did not make the timeline %s." % name, "Rename timelines of that name, then click again.", "name_used")
        self.call(project, "SetCurrentTimeline", timeline)
        return {"uid": self.call(timeline, "GetUniqueId"), "refused": self._set(timeline, settings)}

    def op_settings(self, uid, settings):
        return {"refused": self._set(self.timeline(uid), settings)}

    def _set(self, timeline, settings):
        now = {key: str(self.call(timeline, "GetSetting", key) or "") for key in settings}
        wanted = {key: value for key, value in settings.items() if now[key] != value}
        if not wanted:
            return []
        colours = {key: self.call(timeline, "GetSetting", key) for key in COLOUR_KEYS}
        self.call(timeline, "SetSetting", "useCustomSettings", "1")
        for key, value in wanted.items():
            self.call(timeline, "SetSetting", key, value)
        for key, value in colours.items():
            if value and self.call(timeline, "GetSetting", key) != value:
                self.call(timeline, "SetSetting", key, value)
        return [key for key, value in wanted.items() if str(self.call(timeline, "GetSetting", key) or "") != value]

    def op_duplicate(self, uid, name):
        project = self.ready()
        copy = self.call(self.timeline(uid), "DuplicateTimeline", name)
        if copy is None:
            raise Failure(
                "Resolve did not copy the timeline as %s." % name, "Rename timelines of that name, then click again.", "name_used"
            )
        self.call(self.resolve, "OpenPage", "edit")
        self.call(project, "SetCurrentTimeline", copy)
        return {"uid": self.call(copy, "GetUniqueId")}

    def op_import_timeline(self, path, name):
        """A timeline from a file, linked to what is in the pool: nothing is brought in twice. `uid` None where Resolve refused."""
        pool = self.call(self.ready(), "GetMediaPool")
        options = {"timelineName": name, "importSourceClips": False, "sourceClipsFolders": [self.call(pool, "GetRootFolder")]}
        timeline = self.call(pool, "ImportTimelineFromFile", path, options)
        if timeline is not None:
            self.call(self.project(), "SetCurrentTimeline", timeline)
        return {"uid": self.call(timeline, "GetUniqueId")}

    def op_append(self, rows):
        """rows : pool uid, start, end (source frames), record, track, kind (1 picture, 2 sound, 0 both). Says nothing: look afterwards."""
        infos = []
        for row in rows:
            item = self._items.get(row["pool"])
            info = {"mediaPoolItem": item, "startFrame": row["start"], "endFrame": row["end"]}
            info.update({"recordFrame": row["record"], "trackIndex": row["track"]})
            if row["kind"]:
                info["mediaType"] = row["kind"]
            if item is not None:
                infos.append(info)
        self.call(self.call(self.project(), "GetMediaPool"), "AppendToTimeline", infos)
        return {}

    def op_delete(self, uid, items):
        """Deletes items, without closing the gap. Resolve may have to be asked twice."""
        self.call(self.resolve, "OpenPage", "edit")
        timeline = self.timeline(uid)
        for _ in range(2):
            things = [one for one in self._things(timeline) if self.call(one, "GetUniqueId") in items]
            if not things or self.call(timeline, "DeleteClips", things, False):
                break
        left = [one for one in self._things(timeline) if self.call(one, "GetUniqueId") in items]
        return {"left": len(left)}

    def _things(self, timeline):
        kinds = [(kind, k + 1) for kind in ("video", "audio") for k in range(self.call(timeline, "GetTrackCount", kind) or 0)]
        return [one for kind, index in kinds for one in self.call(timeline, "GetItemListInTrack", kind, index) or []]

    def op_dress(self, uid, items):
        """items : uid -> props, colour (empty clears, None leaves), enabled, markers to add, unmark (customData to take away).

        Returns what did not hold, by item.
        """
        timeline = self.timeline(uid)
        by_uid = {self.call(one, "GetUniqueId"): one for one in self._things(timeline)}
        return {"refused": {key: refused for key, row in items.items() for refused in [self._dress(by_uid.get(key), row)] if refused}}

    def _dress(self, item, row):
        refused = []
        for name, value in (row.get("props") or {}).items():
            if not self.call(item, "SetProperty", name, value):
                refused.append(name)
        if row.get("colour"):
            self.call(item, "SetClipColor", row["colour"])
            refused += [] if self.call(item, "GetClipColor") == row["colour"] else ["colour"]
        elif row.get("colour") == "":
            self.call(item, "ClearClipColor")
        if row.get("enabled") is not None:
            self.call(item, "SetClipEnabled", row["enabled"])
        for data in row.get("unmark") or []:
            self.call(item, "DeleteMarkerByCustomData", data)
        for mark in row.get("markers") or []:
            frame = (self.call(item, "GetLeftOffset") or 0) + mark["frame"]
            if not self._mark(item, frame, mark):
                refused.append("marker")
        return refused

    def _mark(self, thing, frame, mark):
        """One marker; a frame that has one already gives its place to the next."""
        for shift in (0, 1, 2, -1):
            words = (mark["colour"], mark["name"], mark["note"], mark.get("frames", 1), mark.get("data", ""))
            if self.call(thing, "AddMarker", int(frame) + shift, *words):
                return True
        return False

    def op_marks(self, uid, markers, drop=()):
        """Markers of the timeline; `drop` : customData of ours to take away first."""
        timeline = self.timeline(uid)
        for data in drop:
            self.call(timeline, "DeleteMarkerByCustomData", data)
        refused = [mark for mark in markers if not self._mark(timeline, mark["frame"], mark)]
        return {"refused": len(refused)}

    def op_bind(self, uid, data, old=""):
        """Ties a timeline to its edit: in the pool's own metadata where there is such, and always in a marker's hidden data."""
        timeline = self.timeline(uid)
        held = bool(self.call(self.call(timeline, "GetMediaPoolItem"), "SetThirdPartyMetadata", "cutprint", data))
        if old:
            self.call(timeline, "DeleteMarkerByCustomData", old)
        mark = {"colour": "Sand", "name": "Cutprint", "note": "Made by Cutprint; keep this marker.", "data": data}
        end = self.call(timeline, "GetEndFrame") - self.call(timeline, "GetStartFrame") - 1
        return {"bound": held | self._mark(timeline, max(0, end - 2), mark)}

    def op_transition(self, uid, items):
        """items : item uid, frames. Dissolves at the ends of items, where this Resolve can (21.1); the others come back."""
        by_uid = {self.call(one, "GetUniqueId"): one for one in self._things(self.timeline(uid))}
        refused = []
        for row in items:
            wish = {"type": "Cross Dissolve", "category": "simple", "position": "end", "alignment": "center", "duration": row["frames"]}
            if self.call(by_uid.get(row["uid"]), "AddTransition", wish) is None:
                refused.append(row["uid"])
        return {"refused": refused}

    def op_fades(self, uid, items):
        """items : item uid, in, out (frames). Fades of sound, where this Resolve can (21.1); the others come back."""
        by_uid = {self.call(one, "GetUniqueId"): one for one in self._things(self.timeline(uid))}
        done = [row["uid"] for row in items if self.call(by_uid.get(row["uid"]), "SetFades", {"FadeIn": row["in"], "FadeOut": row["out"]})]
        return {"refused": [row["uid"] for row in items if row["uid"] not in done]}

    def op_copy_grade(self, uid, source_uid, pairs):
        """Grades from items of one timeline to items of another: [[from, to], ...]; how many took."""
        old = {self.call(one, "GetUniqueId"): one for one in self._things(self.timeline(source_uid))}
        new = {self.call(one, "GetUniqueId"): one for one in self._things(self.timeline(uid))}
        done = [pair for pair in pairs if self.call(old.get(pair[0]), "CopyGrades", [new.get(pair[1])])]
        return {"copied": len(done)}

    def op_add_track(self, uid, kind):
        return {"added": bool(self.call(self.timeline(uid), "AddTrack", kind))}

    def op_drop_timeline(self, uid):
        pool = self.call(self.project(), "GetMediaPool")
        return {"dropped": bool(self.call(pool, "DeleteTimelines", [self.timeline(uid)]))}

    def op_render_formats(self):
        """Which films this Resolve can make: ids of formats, and of the codecs of MP4."""
        project = self.project()
        codecs = (self.call(project, "GetRenderCodecs", "mp4") or {}).values()
        return {"formats": sorted((self.call(project, "GetRenderFormats") or {}).values()), "mp4": sorted(codecs)}

    def op_show(self, uid):
        self.call(self.project(), "SetCurrentTimeline", self.timeline(uid))
        self.call(self.resolve, "OpenPage", "edit")
        return {}


def _markers(found):
    rows = []
    for frame, mark in (found or {}).items():
        row = {key: mark.get(key, "") for key in ("color", "name", "note")}
        row.update({"frame": int(frame), "frames": int(mark.get("duration") or 1), "data": mark.get("customData") or ""})
        rows.append(row)
    return sorted(rows, key=lambda row: row["frame"])


def number_text(value):
    """A rate as text, whatever kind of value Resolve gives: 30, 30.0 and "30" are "30"."""
    try:
        return "%.6g" % float(str(value).partition(" ")[0])  # "29.97 DF" is one too
    except (TypeError, ValueError):
        return ""


def plain_path(path):
    """A path as keys compare it: one kind of slash, no difference of case where the system makes none."""
    return os.path.normcase(path.replace("\\", "/"))
