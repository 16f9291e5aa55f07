"""What the menu offers, each verb from the click to the report. Works on any host that has the operations of resolve_host.py."""

import json
import os
import re
import time

from bridge_client import Cancelled, Failure
from comparing import compared, lock_mark
from connect import Agent, disconnect
from placing import Placing
from pool_wishes import kind, wishes
from questions import SURVEY, option_fields, told_changes
from timelines import exact_fps, is_locked, known_again, marked_id, reported, section_of, tie_of
from written import file_name, write_json

INSTRUCTIONS = {"tighter": "tighter", "more energy": "more_energy", "slower": "slower"}
NEUTRAL = "(neutral style)"
REMEMBERED = "last-used.json"


class Verbs:
    """One click. `clock` is for the names of files."""

    def __init__(self, host, bridge, clock=time.time):
        self.host, self.bridge, self.clock = host, bridge, clock
        self.settings = None

    # -- the menu

    def connect(self, stay=False):
        """Says whether everything is in place, and stays for what the page asks."""
        url = self.bridge.connect()
        self.bridge.begin("connect", "Connect")
        self._settings()
        hello = self._hello()
        lines = [
            "%s %s, project %s at %s frames a second"
            % (hello["product"], ".".join(map(str, hello["version"])), hello["project"], hello["fps"]),
            "Cutprint's bridge answers at %s" % url,
            "Edits go to %s" % self.settings["folder"],
        ]
        if hello["project"] is None:
            raise Failure("Cutprint is connected, but no project is open.", "Open a project.", "no_project")
        if hello["page"] is None:
            raise Failure("Cutprint is connected, but a window in Resolve is open.", "Close it before you go on.", "modal")
        self.bridge.open_page()
        self.bridge.finish("done", "Connected.", lines)
        if stay:
            Agent(self).run()
        return {"hello": hello}

    def cut(self):
        """The selected clips, or those of the open bin, and the one song among them, as a new timeline."""
        self._begin("cut", "Cut from selection")
        hello = self._ready()
        pool = self.host.ask("pool")
        clips, left = self._clips(pool)
        songs = self._songs(pool)
        wish = self._options(hello, pool, clips, left, songs)
        song = next(one for one in songs if one["name"] == wish["song"])
        output = self._new_folder(hello["project"], wish["name"])
        self.bridge.open_folders([os.path.dirname(one["path"]) for one in clips + [song]])
        request = {
            "clips": [one["path"] for one in clips],
            "song": song["path"],
            "output": output,
            "creator": None if wish["creator"] in ("", NEUTRAL) else wish["creator"],
            "duration": float(wish["duration"]),
            "aspect": wish["aspect"],
            "fps": hello["fps"],
            "name": wish["name"],
        }
        request.update(wishes(clips, self.settings))
        made = self.bridge.call("edit", request)
        self._remember({key: wish[key] for key in ("creator", "duration", "aspect")})
        plan = self.bridge.call("resolve.plan", {"timeline": output})
        report = self._placing(plan).fresh(wish["name"])
        self._bind(report, plan, output)
        self._note(output, report)
        used = "%d of %d clips used%s" % (
            len({one["path"] for one in plan["clips"]}),
            len(clips),
            " (%s)" % ", ".join(left) if left else "",
        )
        self.bridge.finish("done", "Your edit is on the timeline %s." % report.name, report.tell() + [used] + made.get("warnings", []))
        return {"report": report, "folder": output, "plan": plan}

    def send(self, survey=True):
        """What was changed on this timeline, back to the edit it came from."""
        self._begin("send", "Send my changes")
        snapshot, tie = self._own_timeline()
        result = self._read_back(snapshot, tie)
        lines = told_changes(result)
        self.bridge.tell("Your changes are in revision %d." % result["revision"])
        if survey:
            lines += self._survey(tie["folder"])
        self.bridge.finish(
            "done", "Cutprint has your changes." if result["written"] else "Nothing was changed; that you looked is noted.", lines
        )
        return {"result": result, "folder": tie["folder"]}

    def redo(self, instruction):
        """The section between in and out, or under the selected clips, once more: tighter, livelier or slower. On a new timeline."""
        self._begin("redo", "Redo section: " + instruction)
        self._ready()
        snapshot, tie = self._own_timeline()
        start, end = section_of(snapshot)
        self._read_back(snapshot, tie)
        fps = exact_fps(snapshot)
        wish = {"timeline": tie["folder"], "instruction": INSTRUCTIONS[instruction], "start": start / fps, "end": end / fps}
        made = self.bridge.call("revise", wish)
        plan = self.bridge.call("resolve.plan", {"timeline": tie["folder"]})
        stem = re.sub(r" v\d{3}$", "", snapshot["timeline"]["name"])
        remembered = {
            one["cutprint"]["id"]: one["uid"] for one in snapshot["items"] if one.get("cutprint", {}).get("id") and one["type"] == "video"
        }
        report = self._placing(plan).renewed(snapshot, stem, remembered)
        self._bind(report, plan, tie["folder"], old=tie["data"])
        self._note(tie["folder"], report)
        section = "The section from %.2f s to %.2f s was made again; %d clips are locked." % (
            made["section"][0],
            made["section"][1],
            len(made["locked"]),
        )
        self.bridge.finish("done", "The new version is %s; yours is as it was." % report.name, [section] + report.tell())
        return {"report": report, "plan": plan, "made": made}

    def lock(self, on=True):
        """Locks the selected clips against every change by Cutprint, or frees them."""
        self._begin("lock" if on else "unlock", "Lock selected" if on else "Unlock selected")
        self._ready()
        snapshot = self.host.ask("snapshot")
        chosen = [one for one in snapshot["items"] if one["uid"] in snapshot["selected"] and one["type"] == "video"]
        if not chosen:
            raise Failure("No clip is selected.", "Select clips, or put the playhead on one, then click again.", "no_selection")
        items = {}
        for one in chosen:
            identity = marked_id(one)
            mine = [mark["data"] for mark in one["markers"] if mark["name"] == "LOCK"]
            row = {"colour": self.settings["lock_colour"], "markers": [] if mine else [lock_mark(identity)]}
            items[one["uid"]] = row if on else {"colour": "", "unmark": mine}
        refused = self.host.ask("dress", uid=snapshot["timeline"]["id"], items=items)["refused"]
        after = self.host.ask("snapshot", uid=snapshot["timeline"]["id"])
        done = sum(is_locked(one, self.settings["lock_colour"]) == on for one in after["items"] if one["uid"] in items)
        lines = ["Titles and generators do not keep a colour."] if refused else []
        message = "%d of %d clips are %s." % (done, len(chosen), "locked" if on else "free")
        if not done:
            raise Failure(message, "Unlock the track, then click again.", "not_marked")
        self.bridge.finish("done", message, lines)
        return {"done": done, "asked": len(chosen)}

    def learn(self):
        """The open timeline as a finished work of a creator."""
        self._begin("learn", "Learn from this timeline")
        snapshot = self.host.ask("snapshot")
        if not any(one["media"] for one in snapshot["items"]):
            raise Failure("This timeline is empty.", "Open a finished one, then click again.", "empty")
        known = [one["creator"] for one in self.bridge.call("style.list", {})["creators"]]
        last = self._last().get("creator", "")
        value = last if last not in ("", NEUTRAL) else (known[0] if known else "")
        fields = [{"name": "creator", "label": "Whose style is it?", "kind": "text", "value": value}]
        lines = ["Known: " + ", ".join(known)] if known else ["The first work of a new creator."]
        answer = self.bridge.question("Cutprint learns from %s." % snapshot["timeline"]["name"], fields, lines, "Learn")
        creator = (answer or {}).get("creator") or ""
        if not str(creator).strip():
            raise Failure("No creator was named.", "Click again and write a name.", "no_creator")
        self.bridge.open_folders(
            {os.path.dirname(one["media"]["path"]) for one in snapshot["items"] if one["media"] and one["media"]["path"]}
        )
        path = self._written(snapshot, os.path.join(self.settings["folder"], "learned"), {})
        result = self.bridge.call("learn", {"creator": str(creator).strip(), "timeline": [path]})
        shots = sum(one["shots"] for one in result["learned"])
        self._remember({"creator": result["creator"]})
        self.bridge.finish("done", "%s: %d shots learned, %d works in all." % (result["creator"], shots, result["works"]), result["notes"])
        return {"result": result}

    def rate(self):
        """The two questions about the edit on this timeline."""
        self._begin("rate", "Rate this edit")
        _, tie = self._own_timeline()
        self.bridge.finish("done", "Thank you.", self._survey(tie["folder"]))
        return {}

    def stop(self):
        """Stops what runs."""
        self.bridge.connect()
        self._settings()
        disconnect(self.settings["folder"])
        now = self.bridge.ask("GET", "/v1/agents/resolve/activity")
        if now["state"] not in ("asking", "working"):
            return {"stopped": False}
        self.bridge.ask("POST", "/v1/agents/resolve/answer", {"id": now["id"], "cancel": True})
        return {"stopped": True}

    # -- what verbs share

    def _begin(self, verb, title):
        self.bridge.connect()
        self.bridge.begin(verb, title)
        self._settings()

    def _settings(self):
        self.settings = self.bridge.call("resolve.settings", {})
        os.makedirs(self.settings["folder"], exist_ok=True)
        self.bridge.open_folders([self.settings["folder"]])

    def _hello(self):
        """What Resolve says of itself, kept for `cutprint doctor`."""
        hello = self.host.ask("hello")
        self._remember({"hello": {key: hello[key] for key in ("product", "version", "host")}})
        return hello

    def _ready(self):
        hello = self._hello()
        if hello["project"] is None:
            raise Failure("No project is open in Resolve.", "Open a project, then click again.", "no_project")
        if hello["page"] is None:
            raise Failure("A window is open in Resolve, so nothing can be changed.", "Close it, then click again.", "modal")
        return hello

    def _clips(self, pool):
        """(clips with a picture, what was left out)."""
        pictures = [one for one in pool["items"] if kind(one) == "picture"]
        good = [one for one in pictures if one["path"] and one["online"]]
        if not good:
            where = "in the selection" if pool["scope"] == "selection" else "in the bin %s" % pool["bin"]
            raise Failure(
                "There is no clip with a picture %s." % where,
                "Select clips in the media pool, or open their bin, then click again.",
                "no_clips",
            )
        off = len(pictures) - len(good)
        return good, ["%d offline clips left out" % off] if off else []

    def _songs(self, pool):
        """What could be the song: the only sound of the selection, else the sounds of the open bin."""
        for rows in (pool["items"], pool["beside"]):
            found = [one for one in rows if kind(one) == "sound" and one["path"] and one["online"]]
            if found:
                return found
        raise Failure(
            "There is no song among them.", "Select a song together with the clips, or put one into the bin, then click again.", "no_song"
        )

    def _options(self, hello, pool, clips, left, songs):
        """What the menu cannot ask for: from last time and what is known, shown before anything starts."""
        last = self._last()
        creators = [one["creator"] for one in self.bridge.call("style.list", {})["creators"]]
        wanted = [last.get("creator"), self.settings["creator"], creators[0] if len(creators) == 1 else NEUTRAL]
        chosen = next((one for one in wanted if one in [*creators, NEUTRAL]), NEUTRAL)
        values = {
            "name": self._free_stem(hello["project"] or "Edit"),
            "creator": chosen,
            "duration": last.get("duration", 30),
            "aspect": last.get("aspect", "9:16"),
            "song": songs[0]["name"],
        }
        fields = option_fields(values, [NEUTRAL, *creators], [one["name"] for one in songs])
        marked = wishes(clips, self.settings)
        lines = [
            "%d clips from %s, %s frames a second as in the project"
            % (len(clips), "the selection" if pool["scope"] == "selection" else "the bin " + pool["bin"], hello["fps"])
        ]
        lines += left + [
            "%s: %s" % (name.replace("_", " "), ", ".join(rows) if isinstance(rows, list) else rows)
            for name, rows in marked.items()
            if rows
        ]
        if not self.settings["ask"] and len(songs) == 1:
            self.bridge.tell("%g s, %s, %s, to %s" % (float(values["duration"]), values["aspect"], values["creator"], values["song"]))
            return values
        answer = self.bridge.question("This is what will be made.", fields, lines, "Start")
        return dict(values, **{key: value for key, value in (answer or {}).items() if key in values and value not in (None, "")})

    def _free_stem(self, project):
        names, number = {re.sub(r" v\d{3}$", "", one or "") for one in self.host.ask("names")["names"]}, 1
        while "%s cut %d" % (project, number) in names or os.path.exists(self._folder_of(project, "%s cut %d" % (project, number))):
            number += 1
        return "%s cut %d" % (project, number)

    def _folder_of(self, project, name):
        return os.path.join(self.settings["folder"], file_name(project or "Project"), file_name(name))

    def _new_folder(self, project, name):
        stem = folder = self._folder_of(project, name)
        number = 2
        while os.path.exists(folder):
            folder = "%s %d" % (stem, number)
            number += 1
        return folder

    def _placing(self, plan):
        memory = _Memory(self, ".".join(map(str, self.host.ask("hello")["version"])))
        return Placing(self.host, plan, self.bridge.tell, memory, self.settings["lock_colour"])

    def _last(self):
        try:
            with open(os.path.join(self.settings["folder"], REMEMBERED), encoding="utf-8") as file:
                return dict(json.load(file))
        except (OSError, ValueError, TypeError):
            return {}

    def _remember(self, values):
        write_json(os.path.join(self.settings["folder"], REMEMBERED), dict(self._last(), **values))

    # -- timelines and the edits they belong to

    def _bind(self, report, plan, folder, old=""):
        """Ties the timeline to its edit and keeps what Resolve says of it now, so that its own rounding is no change later."""
        data = json.dumps({"v": 1, "project_id": plan["project_id"], "revision": plan["revision"], "folder": folder})
        self.host.ask("bind", uid=report.uid, data=data, old=old)
        self._keep(folder, self.host.ask("snapshot", uid=report.uid), plan)

    def _keep(self, folder, snapshot, plan):
        placed, _ = compared(plan["clips"], snapshot)
        rows = [
            dict(reported(placed[clip["id"]]), id=clip["id"], source=clip["start"], speed=clip["speed"], lock=clip["locked"])
            for clip in plan["clips"]
            if clip["id"] in placed
        ]
        write_json(os.path.join(folder, "resolve", "%s.json" % snapshot["timeline"]["id"]), {"revision": plan["revision"], "clips": rows})

    def _known_rows(self, folder, snapshot):
        """What was kept of this timeline, else of the one it was copied from (the newest of its revision)."""
        home = os.path.join(folder, "resolve")
        try:
            names = sorted(os.listdir(home), key=lambda name: os.path.getmtime(os.path.join(home, name)), reverse=True)
        except OSError:
            return []
        own = "%s.json" % snapshot["timeline"]["id"]
        for name in ([own] if own in names else []) + [one for one in names if one.endswith(".json") and one != own]:
            try:
                with open(os.path.join(home, name), encoding="utf-8") as file:
                    kept = json.load(file)
                if kept.get("clips") is not None:
                    return kept["clips"]
            except (OSError, ValueError, AttributeError):
                continue
        return []

    def _own_timeline(self):
        """(snapshot of the open timeline with what we know of it, its tie). Raises where it is none of ours."""
        snapshot = self.host.ask("snapshot")
        tie = tie_of(snapshot)
        if tie is None:
            cause = "The timeline %s was not made by Cutprint." % snapshot["timeline"]["name"]
            raise Failure(cause, "Open one that Cut from selection made, then click again.", "not_ours")
        if not os.path.isdir(tie["folder"]):
            raise Failure(
                "The edit of this timeline is gone (%s)." % tie["folder"],
                "Bring the folder back, or cut from the selection again.",
                "edit_gone",
            )
        self.bridge.open_folders([tie["folder"]])
        snapshot["cutprint"] = {"project_id": tie["project_id"], "revision": tie["revision"]}
        known_again(snapshot, self._known_rows(tie["folder"], snapshot))
        return snapshot, tie

    def _written(self, snapshot, folder, more):
        document = {"schema": snapshot["schema"]}
        document.update(snapshot)
        document.update(more)
        path = os.path.join(folder, "snapshot-%d.json" % int(self.clock() * 1000))
        write_json(path, document)
        return path

    def _read_back(self, snapshot, tie):
        path = self._written(snapshot, os.path.join(tie["folder"], "resolve", "snapshots"), {})
        self.bridge.open_folders(
            {os.path.dirname(one["media"]["path"]) for one in snapshot["items"] if one["media"] and os.path.isabs(one["media"]["path"])}
        )
        wish = {"edited": path, "against": tie["folder"], "lock_label": [self.settings["lock_colour"]]}
        result = self.bridge.call("readback", wish)
        if result["written"]:
            plan = self.bridge.call("resolve.plan", {"timeline": tie["folder"]})
            data = json.dumps({"v": 1, "project_id": plan["project_id"], "revision": plan["revision"], "folder": tie["folder"]})
            self.host.ask("bind", uid=snapshot["timeline"]["id"], data=data, old=tie["data"])
            tie.update(revision=plan["revision"], data=data)
            self._keep_seen(tie["folder"], snapshot, plan)
        return result

    def _keep_seen(self, folder, snapshot, plan):
        """After a read-back the timeline as it is counts as revision `plan`: locks that only the engine knows are not marks on it."""
        placed, _ = compared(plan["clips"], snapshot)
        rows = [
            dict(
                reported(one),
                id=identity,
                source=one.get("source", one["left"]),
                speed=one["speed"] or 1,
                lock=is_locked(one, self.settings["lock_colour"]),
            )
            for identity, one in placed.items()
        ]
        write_json(os.path.join(folder, "resolve", "%s.json" % snapshot["timeline"]["id"]), {"revision": plan["revision"], "clips": rows})

    def _note(self, folder, report):
        way = "import" if report.way == "import" else "api"
        self.bridge.call("resolve.placed", {"timeline": folder, "wanted": report.wanted, "placed": report.placed, "way": way})

    def _survey(self, folder):
        try:
            answer = self.bridge.question("Two questions, so that the next edit is better.", SURVEY, (), "Send", "Skip")
        except (Cancelled, Failure):
            answer = None  # nobody was there, or it was stopped: that is no answer, and takes back nothing
        given = {key: value for key, value in (answer or {}).items() if value not in (None, "")}
        if not given:
            return ["No rating was given."]
        wish = {"timeline": folder}
        if "satisfaction" in given:
            wish["satisfaction"] = int(given["satisfaction"])
        if "would_post" in given:
            wish["would_post"] = given["would_post"]
        self.bridge.call("rate", wish)
        return ["Your rating is noted."]


class _Memory(dict):
    """What is known about this version of Resolve, kept between clicks (`turned` is for one click only)."""

    def __init__(self, verbs, version):
        self._verbs, self._key = verbs, "resolve " + version
        dict.__init__(self, verbs._last().get(self._key, {}))

    def __setitem__(self, key, value):
        dict.__setitem__(self, key, value)
        self._verbs._remember({self._key: {name: one for name, one in self.items() if name != "turned"}})
