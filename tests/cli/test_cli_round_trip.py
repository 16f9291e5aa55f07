"""Out to an editing program, changed there, read back, made again: what the person did stays, to the frame."""

from __future__ import annotations

import json
from fractions import Fraction
from pathlib import Path
from typing import Any

import flavours
import footage
import pytest
from test_cli_main_job import cutprint, timeline_in
from user_edits import Bench

from engine.model.timeline import Placement, Timeline


def said(*arguments: object) -> dict[str, Any]:
    result = cutprint(*arguments, "--json")
    assert result.returncode == 0, result.stderr
    found: dict[str, Any] = json.loads(result.stdout)
    return found


def frames(clip: Placement) -> tuple[str, int, int, Fraction]:
    """Which frames of which file a placement shows."""
    return (clip.media_id, clip.source_start_frame, clip.duration_frames, clip.speed)


def in_premiere(timeline: Timeline) -> tuple[Bench, dict[str, tuple[str, int]]]:
    """A person trims, slips, switches off, deletes, locks and raises. Returns the bench, and what must be found: id -> media, frames."""
    bench = Bench(timeline)
    row = bench.row()
    row[0].length -= 4  # tail trimmed, closed up
    bench.push(row[1].start, -4)
    row[2].source_s += Fraction(1, 5)  # slipped
    row[3].enabled = False
    bench.items.remove(row[4])  # deleted, closed up
    bench.push(row[4].start, -row[4].length)
    row[5].lock = "label"
    last = bench.row()[-1]
    last.level = 1  # to the track above
    return bench, {row[0].origin or "": (row[0].media.media_id, row[0].length), row[5].origin or "": (row[5].media.media_id, row[5].length)}


@pytest.mark.slow
def test_a_revision_leaves_what_was_done_in_the_program_alone(tmp_path: Path) -> None:
    footage.shoot(tmp_path / "clips", 9, 1.5)
    footage.click_song(tmp_path / "song.wav", 120, 20)
    edit = tmp_path / "edit"
    said("edit", tmp_path / "clips", "--song", tmp_path / "song.wav", "--duration", 7, "-o", edit)
    first = timeline_in(edit)
    bench, lengths = in_premiere(first)
    deleted, slipped, off = first.clips[4], first.clips[2], first.clips[3]
    sent = tmp_path / "from premiere.xml"
    sent.write_bytes(flavours.premiere_xml(bench, keep_ids=False))

    told = said("readback", sent, "--against", edit)
    assert not told["unmatched"] and told["counts"]["deleted"] == 1 and told["counts"]["slipped"] == 1
    second = timeline_in(edit)
    assert (second.revision, second.parent) == (2, 1)
    mine = {clip.id: frames(clip) for clip in second.clips if clip.lock is not None}
    assert slipped.id in mine and {one: row[::2] for one, row in mine.items() if one in lengths} == lengths
    assert {row.media_id for row in second.deleted_clips} >= {deleted.media_id, off.media_id}

    said("revise", edit, "--instruction", "regenerate")
    third = timeline_in(edit)
    assert third.revision == 3
    kept = {clip.id: frames(clip) for clip in third.clips if clip.lock is not None}
    assert kept == mine, "locked placements show the same frames"
    assert deleted.media_id not in {clip.media_id for clip in third.clips if clip.enabled}
    assert off.media_id not in {clip.media_id for clip in third.clips if clip.enabled}

    document = json.loads((edit / "timeline.resolve.otio").read_bytes())
    for clip in document["tracks"]["children"][0]["children"]:
        clip["markers"] = [mark for mark in clip["markers"] if mark["name"] != "LOCK"]
    (tmp_path / "from resolve.otio").write_text(json.dumps(document))
    told = said("readback", tmp_path / "from resolve.otio", "--against", edit)
    assert told["counts"]["unlocked"] == len(mine) and told["base_revision"] == 3
    assert not [clip.id for clip in timeline_in(edit).clips if clip.lock is not None]
