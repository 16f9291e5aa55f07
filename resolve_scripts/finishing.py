"""What comes after placing: framing, colours and marks on the clips, markers, dissolves; then what is really there, told clip by clip."""

import json

from comparing import compared, gaps, lock_mark

FIT = 2
"""The property `Scaling` of a clip that shows all of its picture; the zoom of an imported file counts from there."""
MOVED = 0.001
"""Of zoom, and in pixels of pan and tilt: as little may differ in a clip that lies as Resolve lays it (its floats)."""
GENERATED = ("Scaling", "ZoomX", "ZoomY", "ZoomGang", "Pan", "Tilt")


class Report:
    """What is on the timeline. lost : what could not be carried, each a line."""

    def __init__(self, uid, name, way):
        self.uid, self.name, self.way = uid, name, way
        self.wanted = self.placed = self.gaps = 0
        self.wrong, self.lost, self.lines = [], [], []

    def tell(self):
        head = "%d of %d clips placed on %s, %s" % (self.placed, self.wanted, self.name, counted(self.gaps, "gap"))
        return [head] + self.lines + ["Not where it should be: " + one for one in self.wrong] + ["Not carried: " + one for one in self.lost]

    @property
    def whole(self):
        return self.placed == self.wanted and not self.wrong


class Finishing:
    """One plan, one host. song : the plan's (`song_laying.Song`). lock : the colour that locks."""

    def __init__(self, host, plan, tell, song, lock):
        self.host, self.plan, self.tell, self.song, self.lock = host, plan, tell, song, lock

    def finish(self, uid, name, way, dressed):
        """Framing, colours and marks on the clips of `dressed`, markers, the tie to the edit; then what is really there."""
        self.tell("Framing and marking", 0.9)
        report = Report(uid, name, way)
        placed, _ = compared(self.plan["clips"], self.host.ask("snapshot", uid=uid))
        mine = {clip["id"] for clip in dressed}
        items = {
            placed[clip["id"]]["uid"]: self._dress(clip, placed[clip["id"]], way)
            for clip in self.plan["clips"]
            if clip["id"] in placed and clip["id"] in mine
        }
        items.update(
            {
                placed[clip["id"]]["uid"]: self._locking(clip, placed[clip["id"]])
                for clip in self.plan["clips"]
                if clip["id"] in placed and clip["id"] not in mine and clip["locked"]
            }
        )
        refused = self.host.ask("dress", uid=uid, items=items)["refused"]
        framing = [one for one in refused.values() if any(name in GENERATED for name in one)]
        if framing:
            report.lost.append("the framing of %s: set it in the Inspector." % counted(len(framing), "clip"))
        still = [one for one in dressed if one["moves"] and one["id"] in placed and not _moves(one, placed[one["id"]], way)]
        if still:
            report.lost.append("the moving framing of %s: it stands still at its middle." % counted(len(still), "clip"))
        self._join(uid, placed, report)
        if way != "copy":
            self._mark(uid, report)
            report.lost += self.song.fade(uid)
        self._count(uid, report)
        report.lost += self.plan["lost"]
        self.host.ask("show", uid=uid)
        return report

    def _dress(self, clip, item, way):
        there = any(mark["name"] == "cutprint" for mark in item["markers"])
        mark = {
            "frame": clip["frames"] // 2,
            "colour": "Cyan",
            "name": "cutprint",
            "note": clip["note"],
            "data": json.dumps({"v": 1, "id": clip["id"]}),
        }
        props = {"Scaling": FIT} if _moves(clip, item, way) else clip["props"]
        row = dict(self._locking(clip, item), props=props, enabled=None if clip["enabled"] else False)
        row["markers"] = ([] if there else [mark]) + row["markers"]
        return row

    def _locking(self, clip, item):
        """A locked clip looks locked; one that is not is left as it is."""
        if not clip["locked"]:
            return {"markers": []}
        there = any(mark["name"] == "LOCK" for mark in item["markers"])
        return {"colour": self.lock, "markers": [] if there else [lock_mark(clip["id"])]}

    def _join(self, uid, placed, report):
        """Dissolves by the API, where it can; else they are cuts, and it says so. An import may have brought them."""
        wanted = self.plan["transitions"]
        there = sum(one["what"] == "transition" for one in self.host.ask("snapshot", uid=uid)["items"])
        if not wanted or there >= len(wanted):
            return
        rows = [{"uid": placed[one["from"]]["uid"], "frames": one["frames"]} for one in wanted if one["from"] in placed]
        refused = len(self.host.ask("transition", uid=uid, items=rows)["refused"]) + len(wanted) - len(rows)
        if refused:
            report.lost.append("%s of %d: these joins are cuts." % (counted(refused, "dissolve"), len(wanted)))

    def _mark(self, uid, report):
        markers = self.plan["markers"]
        snapshot = self.host.ask("snapshot", uid=uid)
        taken = {mark["frame"] for mark in snapshot["markers"]}
        refused = self.host.ask("marks", uid=uid, markers=[mark for mark in markers if mark["frame"] not in taken])["refused"]
        if refused:
            report.lost.append("%s on the timeline." % counted(refused, "marker"))

    def _count(self, uid, report):
        snapshot = self.host.ask("snapshot", uid=uid)
        placed, wrong = compared(self.plan["clips"], snapshot)
        report.wanted, report.placed, report.wrong = len(self.plan["clips"]), len(placed), wrong
        report.gaps = len(gaps(snapshot, self.plan["frames"]))
        lies, wanted = self.song.told(snapshot)
        report.lines += lies
        report.wrong += wanted


def _moves(clip, item, way):
    """Whether the clip's framing moves there: an import brings keyframes along, which show as a zoom or place of its own."""
    props = item["props"]
    there = any(abs(float(props.get(key, usual)) - usual) > MOVED for key, usual in (("ZoomX", 1.0), ("Pan", 0.0), ("Tilt", 0.0)))
    return way == "import" and clip["moves"] and there


def counted(number, word):
    """`2 clips on the timeline` of `clip on the timeline`."""
    first, _, rest = word.partition(" ")
    return "%d %s" % (number, word if number == 1 else first + "s" + (" " + rest if rest else ""))
