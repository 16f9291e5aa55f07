"""An edit's plan put onto a new timeline, looked at afterwards, and told clip by clip. Decides; a host does (resolve_host.py, letters.py).

A timeline that a person works on is never changed: a section made again goes onto a copy of it, from which only what is made again is taken.
"""

import contextlib

from bridge_client import Cancelled, Failure
from comparing import compared, is_ours, is_path, merged, place_of, same_stretch, touch, work_on
from finishing import Finishing, counted
from song_laying import Song

CHUNK = 100
"""Clips an append: whole lists of hundreds have come back as if placed, with nothing there."""
MOVES = "moving framing"


class Placing:
    """One plan, one host. memory : what is known about this install (`inclusive`: whether end frames count). lock : colour that locks."""

    def __init__(self, host, plan, tell, memory, lock):
        self.host, self.plan, self.tell, self.memory = host, plan, tell, memory
        self.song = Song(host, plan, self._append)
        self.finishing = Finishing(host, plan, tell, self.song, lock)
        self.pool, self.building = {}, None

    # -- a whole edit

    def fresh(self, stem):
        """The edit on a new timeline of its own. Nothing half-built stays behind a stop."""
        self._find_media()
        name = self._free_name(stem)
        if self.plan["import_for"] and self.plan.get("import_file") and not self._can_dissolve_only():
            report = self._whole_or_not(lambda: self._imported(name))
            if report is not None:
                return report
            plain = [one for one in self.plan["import_for"] if one != MOVES]
            if plain:
                self.plan["lost"].append("%s: Resolve did not take the file, so they are plain cuts." % ", ".join(plain))
        return self._whole_or_not(lambda: self.finishing.finish(self._append_all(self._new(name), name), name, "api", self.plan["clips"]))

    def _whole_or_not(self, build):
        """What `build` makes; a stop or a failure in the middle leaves no timeline behind."""
        self.building = None
        try:
            return build()
        except (Cancelled, Failure):
            if self.building is not None:
                with contextlib.suppress(Failure):
                    self.host.ask("drop_timeline", uid=self.building)
            raise

    def _can_dissolve_only(self):
        """Whether only dissolves ask for an import, and this Resolve can make them by itself (21.1)."""
        return self.plan["import_for"] == ["dissolves"] and self.host.ask("hello")["version"] >= [21, 1]

    def _find_media(self):
        song = self.plan["song"]
        paths = sorted({one["path"] for one in self.plan["clips"]} | ({song["path"]} if song else set()))
        self.pool = self.host.ask("find", paths=paths)["rows"]
        missing = [path for path in paths if path not in self.pool or not self.pool[path]["online"]]
        if missing:
            shown = ", ".join(missing[:3]) + (" ..." if len(missing) > 3 else "")
            raise Failure(
                "%s not in the media pool: %s" % (counted(len(missing), "file"), shown),
                "Relink or import them, then click again.",
                "offline",
            )

    def _free_name(self, stem):
        used, number = set(self.host.ask("names")["names"]), 1
        while "%s v%03d" % (stem, number) in used:
            number += 1
        return "%s v%03d" % (stem, number)

    def _new(self, name):
        made = self.host.ask("new_timeline", name=name, settings=self.plan["settings"])
        self.building = made["uid"]
        self._check_rate(made["uid"])
        if made["refused"]:
            self.plan["lost"].append("the picture size %sx%s: set it in the timeline's settings." % _size(self.plan))
        return made["uid"]

    def _check_rate(self, uid):
        now = self.host.ask("snapshot", uid=uid)["timeline"]
        if abs(float(now["fps"]) - self.plan["fps"]) > 0.005:
            self.host.ask("settings", uid=uid, settings={"timelineFrameRate": "%g" % self.plan["fps"]})
            now = self.host.ask("snapshot", uid=uid)["timeline"]
        if abs(float(now["fps"]) - self.plan["fps"]) > 0.005:
            cause = "The project runs at %s frames a second, the edit at %g." % (now["fps"], self.plan["fps"])
            raise Failure(cause, "Open a project at %g, or make the edit from this project." % self.plan["fps"], "rate")

    def _append_all(self, uid, name):
        """Clips and song, in pieces. The first clip shows whether end frames count here."""
        base = self.host.ask("snapshot", uid=uid)["timeline"]["start_frame"]
        rows = self._rows(self.plan["clips"], base)
        trial = self._trial(rows)
        self._append([trial])
        if not self._counts_as_thought(uid, trial):
            self.host.ask("drop_timeline", uid=uid)  # an emptied track may refuse what comes next
            return self._append_all(self._new(name), name)
        rows.remove(trial)
        for k in range(0, len(rows), CHUNK):
            self.tell("Placing clips", k / float(len(rows)))
            self._append(rows[k : k + CHUNK])
        self.song.lay(uid, base, self.pool)
        self._once_more(uid, self._rows(self.plan["clips"], base))
        return uid

    def _trial(self, rows):
        """The row that shows best whether end frames count: one at the timeline's own rate."""
        return next((row for row in rows if abs(row["fps"] - self.plan["fps"]) < 0.005), rows[0])

    def _counts_as_thought(self, uid, row):
        """Whether the item placed for `row` is as long as asked; else what is known of end frames is turned round, once."""
        found = self._starts(uid).get(row["record"])
        more = 0 if found is None else found["end"] - found["start"] - row["frames"]
        if more not in (1, -1) or self.memory.get("turned"):
            return True
        self.memory["inclusive"] = more > 0
        self.memory["turned"] = True
        return False

    def _rows(self, clips, base):
        kind = 0 if self.plan["sound"] in ("source", "both") else 1
        return [
            {
                "pool": self.pool[clip["path"]]["uid"],
                "start": clip["start"],
                "end": clip["end"] if clip["even"] else clip["end"] - 1,  # a frame too long would push the next clip out
                "record": base + clip["record"],
                "frames": clip["frames"],
                "fps": clip["source_fps"],
                "track": 1,
                "kind": kind if clip["speed"] == 1 else 1,
            }
            for clip in clips
        ]

    def _append(self, rows):
        rows = [row for row in rows if row["end"] > row["start"]]  # shorter than one frame of its source: said afterwards
        less = 1 if self.memory.get("inclusive") else 0
        keys = ("pool", "start", "record", "track", "kind")
        self.host.ask("append", rows=[dict([(key, row[key]) for key in keys], end=row["end"] - less) for row in rows])

    def _once_more(self, uid, rows):
        """An append can be lost without a word; what is missing is asked for again, once."""
        there = self._starts(uid)
        missing = [row for row in rows if row["record"] not in there]
        if missing:
            self._append(missing)

    def _starts(self, uid):
        """Frame -> the item with a picture that begins there."""
        items = self.host.ask("snapshot", uid=uid)["items"]
        return {one["start"]: one for one in items if one["type"] == "video" and one["media"]}

    # -- a file, where the calls cannot carry it

    def _imported(self, name):
        """The edit from its own file; None (and no timeline) where Resolve makes something else of it."""
        self.tell("Importing the timeline")
        uid = self.host.ask("import_timeline", path=self.plan["import_file"], name=name)["uid"]
        if uid is None:
            return None
        self.building = uid
        snapshot = self.host.ask("snapshot", uid=uid)
        placed, _ = compared(self.plan["clips"], snapshot)
        if len(placed) < len(self.plan["clips"]):
            self.host.ask("drop_timeline", uid=uid)
            return None
        self.host.ask("settings", uid=uid, settings=self.plan["settings"])
        if self.plan["song"] and not any(one["type"] == "audio" for one in snapshot["items"]):
            self.song.lay(uid, snapshot["timeline"]["start_frame"], self.pool)
        return self.finishing.finish(uid, name, "import", self.plan["clips"])

    # -- a section made again

    def renewed(self, snapshot, stem, remembered):
        """The plan's next revision on a copy of the timeline in `snapshot`: what it keeps stays as it is, with all that was done to it.

        remembered : clip id -> item uid there. Falls back to a timeline of its own where the copy cannot be filled.
        """
        self._find_media()
        placed, _ = compared(self.plan["clips"], snapshot)
        changed = [clip for clip in self.plan["clips"] if clip["id"] not in placed]
        holes = merged([(clip["record"], clip["record"] + clip["frames"]) for clip in changed])
        base = snapshot["timeline"]["start_frame"]
        victims = [
            one for one in snapshot["items"] if is_ours(one) and any(a < one["end"] - base and one["start"] - base < b for a, b in holes)
        ]
        name = self._free_name(stem)
        if not self._fits(victims, holes, snapshot):
            return self._rebuilt(snapshot, stem, remembered)
        report = self._whole_or_not(lambda: self._filled(self._copy(snapshot, name), name, snapshot, changed, victims, remembered))
        if report is None or report.placed < report.wanted:
            self.host.ask("drop_timeline", uid=self.building)  # an emptied track may take nothing any more
            return self._rebuilt(snapshot, stem, remembered)
        return report

    def _copy(self, snapshot, name):
        self.building = self.host.ask("duplicate", uid=snapshot["timeline"]["id"], name=name)["uid"]
        return self.building

    def _fits(self, victims, holes, snapshot):
        """Whether taking those items away leaves exactly the holes, and nothing of it is locked."""
        base = snapshot["timeline"]["start_frame"]
        locked = {(track["type"], track["index"]) for track in snapshot["tracks"] if track["locked"]}
        whole = all(any(a <= one["start"] - base and one["end"] - base <= b for a, b in holes) for one in victims)
        return whole and not any((one["type"], one["track"]) in locked for one in victims) and not self._main_locked(snapshot)

    def _main_locked(self, snapshot):
        return any(track["type"] == "video" and track["index"] == 1 and track["locked"] for track in snapshot["tracks"])

    def _filled(self, uid, name, snapshot, changed, victims, remembered):
        copy = self.host.ask("snapshot", uid=uid)
        twins = {place_of(one): one["uid"] for one in copy["items"]}
        sounds = [one for one in snapshot["items"] if one["type"] == "audio" and any(same_stretch(one, other) for other in victims)]
        gone = [twins[place_of(one)] for one in victims + sounds if place_of(one) in twins]
        if gone and self.host.ask("delete", uid=uid, items=gone)["left"]:
            return None
        self.tell("Placing the section", 0.5)
        rows = self._rows(changed, copy["timeline"]["start_frame"])
        if rows:
            trial = self._trial(rows)
            self._append([trial])
            if not self._counts_as_thought(uid, trial):
                self.host.ask("delete", uid=uid, items=[self._starts(uid)[trial["record"]]["uid"]])
            else:
                rows.remove(trial)
        for k in range(0, len(rows), CHUNK):
            self._append(rows[k : k + CHUNK])
        rows = self._rows(changed, copy["timeline"]["start_frame"])
        self._once_more(uid, rows)
        renewed = self.song.renew(uid, copy, self.pool)
        report = self.finishing.finish(uid, name, "copy", changed)
        if renewed:
            report.lost += self.song.fade(uid)
        report.lost += self._undone(snapshot, victims, changed, remembered)
        self._bring_back(report, uid, snapshot, changed, remembered)
        return report

    def _undone(self, snapshot, victims, changed, remembered):
        """What was on the clips that were made again and is gone with them."""
        lines, kept = [], {remembered.get(clip["id"]) for clip in changed}
        for one in victims:
            what = [name for name, holds in work_on(one) if holds]
            if what and one["uid"] not in kept:
                lines.append("%s on %s, which was made again." % (" and ".join(what), one["name"]))
        joins = [one for one in snapshot["items"] if one["what"] == "transition" and any(touch(one, other) for other in victims)]
        if joins:
            lines.append("%s at clips that were made again." % counted(len(joins), "transition"))
        return lines

    def _bring_back(self, report, uid, snapshot, changed, remembered):
        """Grades and settings of clips that only moved go along with them."""
        now, pairs, dress = self.host.ask("snapshot", uid=uid), [], {}
        by_start = {one["start"] - now["timeline"]["start_frame"]: one for one in now["items"] if is_ours(one)}
        old = {one["uid"]: one for one in snapshot["items"]}
        for clip in changed:
            before, after = old.get(remembered.get(clip["id"])), by_start.get(clip["record"])
            if before is None or after is None or not is_path(before["media"]["path"], clip["path"]):
                continue
            pairs.append([before["uid"], after["uid"]])
            dress[after["uid"]] = {"props": before["props"], "colour": before["colour"] or None}
            if before["fusion"]:
                report.lost.append("the Fusion composition on %s, which moved." % before["name"])
        if pairs:
            self.host.ask("dress", uid=uid, items=dress)
            copied = self.host.ask("copy_grade", uid=uid, source_uid=snapshot["timeline"]["id"], pairs=pairs)["copied"]
            if copied < len(pairs):
                report.lost.append("the grades of %s that moved: copy them from the version before." % counted(len(pairs) - copied, "clip"))

    def _rebuilt(self, snapshot, stem, remembered):
        """Everything anew on a timeline of its own; clips that were there before get their grades and settings back."""
        report = self.fresh(stem)
        placed, _ = compared(self.plan["clips"], snapshot)
        known = dict(remembered, **{identity: one["uid"] for identity, one in placed.items()})
        self._bring_back(report, report.uid, snapshot, self.plan["clips"], known)
        others = [one for one in snapshot["items"] if one["type"] == "video" and one["what"] not in ("clip", "video", "transition")]
        above = sorted({one["track"] for one in snapshot["items"] if one["type"] == "video" and one["track"] > 1})
        if others or above:
            report.lost.append(
                "%s and %s above the first: copy them from %s."
                % (counted(len(others), "title or adjustment clip"), counted(len(above), "track"), snapshot["timeline"]["name"])
            )
        return report


def _size(plan):
    return (plan["settings"]["timelineResolutionWidth"], plan["settings"]["timelineResolutionHeight"])
