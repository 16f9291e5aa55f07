"""The song of a plan on a timeline: laid, laid anew, faded, told of. Decides; a host does."""

from comparing import is_path


class Song:
    """One plan's song and one host. append : places rows. The plan may have no song: then nothing is done and nothing told."""

    def __init__(self, host, plan, append):
        self.host, self.plan, self.song, self.append = host, plan, plan["song"], append

    def lay(self, uid, base, pool):
        """pool : path -> what the media pool knows of it, the song among it. base : first frame of the timeline."""
        if self.song is None:
            return
        track = 2 if self.plan["sound"] == "both" else 1
        if track == 2:
            self.host.ask("add_track", uid=uid, kind="audio")
        known = pool[self.song["path"]]
        fps = float(known["fps"] or 0) or self.plan["fps"]
        rows = []
        for piece in self.song["pieces"]:
            length = piece["end"] - piece["record"]
            start = int(piece["source_s"] * fps + 0.5)
            rows.append(
                {
                    "pool": known["uid"],
                    "start": start,
                    "end": start + _needed(length, fps, self.plan["fps"]),
                    "record": base + piece["record"],
                    "track": track,
                    "kind": 2,
                }
            )
        self.append(rows)

    def renew(self, uid, copy, pool):
        """Lays it anew where the edit became longer or shorter, and whether it did; else it is left as the person has it."""
        if self.song is None:
            return False
        mine = self.items(copy)
        length = sum(one["end"] - one["start"] for one in mine)
        if mine and length != self.plan["frames"]:
            self.host.ask("delete", uid=uid, items=[one["uid"] for one in mine])
            self.lay(uid, copy["timeline"]["start_frame"], pool)
            return True
        return False

    def fade(self, uid):
        """Sets its fades where this Resolve can (21.1); lines about what it could not."""
        if self.song is None or not (self.song["fade_in_s"] or self.song["fade_out_s"]):
            return []
        mine = self.items(self.host.ask("snapshot", uid=uid))
        rows = [{"uid": one["uid"], "in": 0, "out": 0} for one in mine]
        if rows:
            rows[0]["in"], rows[-1]["out"] = (int(self.song[key] * self.plan["fps"] + 0.5) for key in ("fade_in_s", "fade_out_s"))
        rows = [one for one in rows if one["in"] or one["out"]]
        if not rows or self.host.ask("fades", uid=uid, items=rows)["refused"]:
            words = (self.song["fade_in_s"], self.song["fade_out_s"])
            return ["the song's fades (%g s in, %g s out): drag the handles on its clip." % words]
        return []

    def items(self, snapshot):
        """Its pieces on a timeline, in order."""
        path = self.song["path"]
        mine = [one for one in snapshot["items"] if one["type"] == "audio" and one["media"] and is_path(one["media"]["path"], path)]
        return sorted(mine, key=lambda one: one["start"])

    def told(self, snapshot):
        """(a line where it lies there in full, a line where it does not)."""
        if self.song is None:
            return [], []
        mine = self.items(snapshot)
        if mine and sum(one["end"] - one["start"] for one in mine) == self.plan["frames"]:
            return ["The song lies on audio track %d, rounded to whole frames." % mine[0]["track"]], []
        return [], ["the song: drag %s onto an audio track." % self.song["file"]]


def _needed(frames, source_fps, fps):
    """Source frames of which Resolve makes at least so many of the timeline."""
    return int(-(-frames * source_fps // fps)) if source_fps != fps else frames
