"""A timeline that comes back becomes the next revision: what was changed is there, locked and recorded, and nothing else is touched."""

from __future__ import annotations

import dataclasses
import json
import random
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import factories
import flavours
import pytest
import user_edits
from readback_trials import media_finder
from user_edits import Bench, Item, random_edit

from bridge_server.bootstrap import open_studio
from engine.errors import DocumentError
from engine.model.events import ClipReframed
from engine.model.media import Media
from engine.model.timeline import CropKey, Placement, Timeline
from engine.progress import SILENT
from engine.store.projects import ProjectFolder, load_timeline
from engine.studio.context import Studio
from engine.studio.exporting import all_formats
from engine.studio.reading_back import readback
from engine.studio.requests import ReadbackRequest
from engine.studio.returned import next_revision
from engine.telemetry.diff import compare
from engine.telemetry.seen import seen_events
from otio_adapters.readers import READERS


@pytest.fixture
def studio(tmp_path: Path) -> Iterator[Studio]:
    with open_studio({"workspace": tmp_path / "ws", "workers": 1}) as one:
        yield one


def project(studio: Studio, folder: Path, timeline: Timeline) -> Path:
    ProjectFolder(folder).commit(timeline, all_formats(studio, timeline)[0])
    return folder


def first_edit(seed: int = 1, clips: int = 8) -> Timeline:
    edit = random_edit(random.Random(seed), clips)
    return edit.replace(revision=1, parent=None, deleted_clips=(), user_edits=())


def send_back(folder: Path, bench: Bench, flavour: str = "premiere_xml", keep_ids: bool = True) -> Path:
    path = folder / "from the editor.xml"
    path.write_bytes(flavours.FLAVOURS[flavour](bench, keep_ids))
    return path


def read(studio: Studio, edited: Path, folder: Path, **fields: object) -> dict[str, object]:
    return readback(studio, ReadbackRequest(edited=edited, against=folder, **fields), SILENT)  # type: ignore[arg-type]


def shown(timeline: Timeline) -> list[tuple[str, int, int, Fraction, Fraction]]:
    """(media, record start, end, source start s, speed) of what can be seen."""
    return [(one.media_id, one.span.start, one.span.end, one.source_start_s, one.speed) for one in timeline.clips if one.enabled]


def on_bench(bench: Bench) -> list[Item]:
    return sorted((one for one in bench.shown() if one.enabled), key=lambda one: one.start)


def test_changes_come_back_as_a_revision_with_locks_events_and_rows(studio: Studio, tmp_path: Path) -> None:
    timeline = first_edit()
    folder = project(studio, tmp_path / "edit", timeline)
    bench = Bench(timeline)
    row = bench.row()
    row[1].length -= 3  # tail trimmed, closed up
    bench.push(row[2].start, -3)
    row[4].source_s += Fraction(1, 4)  # slipped
    bench.items.remove(row[6])  # deleted, hole left
    row[7].lock = "label"
    result = read(studio, send_back(tmp_path, bench), folder)
    assert result["counts"] == {"kept": 4, "tail_trimmed": 1, "slipped": 1, "deleted": 1, "locked": 1}
    after, _ = load_timeline(folder)
    assert (after.revision, after.parent) == (2, 1) and (folder / "revisions/timeline.r0001.json").is_file()
    reasons = {clip.id: clip.lock.reason for clip in after.clips if clip.lock}
    assert reasons == {"clip_2": "user_trimmed", "clip_5": "user_slipped", "clip_8": "user_locked"}
    assert [row.clip_id for row in after.deleted_clips] == ["clip_7"]
    assert [one.action for one in after.user_edits] == ["clip_trimmed", "clip_slipped", "clip_deleted", "clip_locked"]
    assert after.clip("clip_8").timeline_start_frame == timeline.clip("clip_8").timeline_start_frame - 3, "the hole is kept, black"
    (hole,) = [clip for clip in after.clips if not clip.enabled]
    assert hole.duration_frames == timeline.clip("clip_7").duration_frames
    kinds = [type(event).__name__ for event in studio.store.events.read(project_id=timeline.project_id)]
    assert kinds == ["ClipTrimmed", "ClipSlipped", "ClipDeleted", "ClipLocked", "TimelineReviewed"]


def test_a_picture_laid_anew_is_in_the_revision(studio: Studio, tmp_path: Path) -> None:
    """The crop that shows now, locked, told as an event; less than the frame is said and changes nothing; a way goes along with a trim."""
    timeline = first_edit()
    way = (CropKey(0, 0.0, 0.0, 0.5, 0.5), CropKey(timeline.clips[4].duration_frames, 0.5, 0.0, 0.5, 0.5))
    moving = dataclasses.replace(timeline.clips[4], crop=way)
    timeline = timeline.replace(clips=(*timeline.clips[:4], moving, *timeline.clips[5:]))
    folder = project(studio, tmp_path / "edit", timeline)
    bench = Bench(timeline)
    row = bench.row()
    row[1].zoom, row[1].at = 2.5, (0.5, -0.25)
    row[2].zoom, row[2].at = 0.5, (0.0, 0.0)
    row[4].source_s += timeline.rate.seconds(4)
    row[4].length -= 4
    bench.push(row[5].start, -4)
    result = read(studio, send_back(tmp_path, bench), folder)
    assert result["counts"] == {"kept": 5, "head_trimmed": 1, "reframed": 2}
    assert any("does not fill the frame" in line for line in result["notes"])
    after, _ = load_timeline(folder)
    laid = after.clips[1]
    key = laid.crop[0]
    assert (key.x, key.y, key.width, key.height) == pytest.approx((0.1, 0.4, 0.4, 0.4), abs=1e-4)
    assert laid.lock is not None and laid.lock.reason == "user_reframed" and after.clips[2].crop == timeline.clips[2].crop
    length = moving.duration_frames
    assert after.clips[4].crop == (CropKey(0, pytest.approx(0.5 * 4 / length), 0.0, 0.5, 0.5), CropKey(length - 4, 0.5, 0.0, 0.5, 0.5))
    events = [event for event in studio.store.events.read(project_id=timeline.project_id) if isinstance(event, ClipReframed)]
    assert [(event.clip_id, event.keys) for event in events] == [(timeline.clips[1].id, 1), (timeline.clips[2].id, 0)]


def test_nothing_changed_writes_nothing(studio: Studio, tmp_path: Path) -> None:
    timeline = first_edit(3)
    folder = project(studio, tmp_path / "edit", timeline)
    before = (folder / "timeline.json").read_bytes()
    for flavour in flavours.FLAVOURS:
        result = read(studio, send_back(tmp_path, Bench(timeline), flavour, keep_ids=False), folder)
        assert not result["written"] and result["counts"] == {"kept": 8}
    for name in ("timeline.otio", "timeline.resolve.otio", "timeline.fcpxml", "timeline.xml", "timeline.edl"):
        assert not read(studio, folder / name, folder)["written"], name
    assert (folder / "timeline.json").read_bytes() == before


def test_a_dry_run_only_says(studio: Studio, tmp_path: Path) -> None:
    folder = project(studio, tmp_path / "edit", first_edit())
    bench = Bench(first_edit())
    bench.items.remove(bench.row()[-1])
    result = read(studio, send_back(tmp_path, bench), folder, dry_run=True)
    assert not result["written"] and result["counts"] == {"kept": 7, "deleted": 1}
    assert load_timeline(folder)[0].revision == 1


def test_a_foreign_timeline_is_refused(studio: Studio, tmp_path: Path) -> None:
    folder = project(studio, tmp_path / "edit", first_edit())
    other = factories.timeline(2)
    with pytest.raises(DocumentError) as caught:
        stranger = dataclasses.replace(other.media[0], media_id="zz", path="/nowhere/zz.mp4")
        clip: Placement = factories.placement(1, 0, 30, of=stranger)
        alone = other.replace(clips=(clip,), media=(stranger,), song=None, transitions=(), duration_frames=30, outcomes=(), markers=())
        read(studio, send_back(tmp_path, Bench(alone), keep_ids=False), folder)
    assert caught.value.code == "readback_unrelated"


def test_the_revision_that_was_exported_counts(studio: Studio, tmp_path: Path) -> None:
    """Our plain file says which revision it is; what came later is told, and kept in revisions/."""
    timeline = first_edit()
    folder = project(studio, tmp_path / "edit", timeline)
    sent = tmp_path / "sent.otio"
    document = json.loads((folder / "timeline.otio").read_bytes())
    clips = document["tracks"]["children"][0]["children"]
    clips[0], clips[1] = clips[1], clips[0]
    sent.write_text(json.dumps(document))
    shorter = Bench(timeline)
    shorter.items.remove(shorter.row()[-1])
    read(studio, send_back(tmp_path, shorter), folder)
    result = read(studio, sent, folder)
    assert (result["base_revision"], result["revision"]) == (1, 3)
    assert any("revision 1" in str(line) for line in result["notes"])  # type: ignore[attr-defined]
    assert load_timeline(folder)[0].parent == 1


def test_what_is_seen_is_what_the_revision_shows() -> None:
    """Random edits, any program: every visible stretch of the returned cut stands in the revision, to the frame."""
    for seed in range(60):
        chance = random.Random(seed)
        timeline = first_edit(seed, chance.randint(5, 12))
        bench = Bench(timeline)
        kinds = [one for one in user_edits.EDITS if one != "retime"]
        for _ in range(chance.randint(1, 8)):
            bench.change(chance, kinds)
        flavour = chance.choice(sorted(set(flavours.FLAVOURS) - {"resolve_xml"}))
        cuts = READERS["any"].read(flavours.FLAVOURS[flavour](bench, chance.random() < 0.5))
        diff = compare(timeline, seen_events(timeline, cuts, media_finder(bench)))
        media: list[Media] = list(bench.spare)
        after = next_revision(timeline, diff, media, factories.NOW, 2).timeline or timeline
        wanted = [(one.media.media_id, one.start, one.end) for one in on_bench(bench)]
        assert [row[:3] for row in shown(after)] == wanted, (seed, flavour)
        for row, item in zip(shown(after), on_bench(bench), strict=True):
            video = item.media.video
            assert video is not None
            assert abs(row[3] - item.source_s) <= timeline.rate.frame_duration + video.rate.frame_duration
