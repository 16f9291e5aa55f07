"""Timelines dropped into `returns/`: read back for real, as a job, into the next revision with events; each once, whatever happens."""

from __future__ import annotations

import json
import os
import random
from collections.abc import Iterator
from pathlib import Path

import flavours
import pytest
from user_edits import Bench, random_edit
from watched import Watched

from bridge_server.bootstrap import open_studio
from bridge_server.schemas import request_from_json
from bridge_server.watching.watcher import SETTLED_S
from engine.errors import CutprintError
from engine.model.events import ClipDeleted, ClipReordered, TimelineReviewed
from engine.model.timeline import Timeline
from engine.progress import SILENT
from engine.store.jobs import Job
from engine.store.projects import ProjectFolder, load_timeline
from engine.studio.catalog import USE_CASES
from engine.studio.exporting import all_formats


class Desk(Watched):
    """A watched folder with finished edits; jobs are carried out here, as a bridge's process would."""

    def edit(self, name: str, timeline: Timeline) -> Path:
        project = self.folder / name / "cutprint"
        ProjectFolder(project).commit(timeline, all_formats(self.studio, timeline)[0])
        return project

    def wait(self) -> None:
        for _ in range(int(SETTLED_S / 2) + 2):
            self.watcher.tick()
            self.now_s += 2

    @property
    def jobs(self) -> list[Job]:
        return [job for job in reversed(self.studio.store.jobs.recent()) if job.use_case == "readback"]

    def run(self) -> Job:
        """Carries the waiting job out."""
        job = self.studio.store.jobs.claim("test")
        assert job is not None
        case = USE_CASES[job.use_case]
        try:
            result = case.load()(self.studio.through(job.door), request_from_json(case, dict(job.request)), SILENT)
            self.studio.store.jobs.finish(job.job_id, "test", "done", result)
        except CutprintError as error:
            self.studio.store.jobs.finish(job.job_id, "test", "failed", None, error.as_json()["error"])
        self.watcher.tick()
        return self.studio.store.jobs.get(job.job_id)


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    (tmp_path / "drop" / "returns").mkdir(parents=True)
    with open_studio({"workspace": tmp_path / "ws", "workers": 1}, door="watch") as studio:
        yield Desk(studio, tmp_path / "drop")


def first_edit(seed: int = 1) -> Timeline:
    return random_edit(random.Random(seed), 8).replace(revision=1, parent=None, deleted_clips=(), user_edits=())


def test_an_edited_export_becomes_a_revision_and_events(desk: Desk) -> None:
    timeline = first_edit()
    project = desk.edit("day 1", timeline)
    desk.wait()
    assert desk.jobs == [], "our own exports beside the edit are no returns"
    document = json.loads((project / "timeline.otio").read_bytes())
    clips = document["tracks"]["children"][0]["children"]
    clips[0], clips[1] = clips[1], clips[0]
    clips.pop()
    back = desk.folder / "returns" / "final cut – Änderungen.otio"
    back.write_text(json.dumps(document), encoding="utf-8")
    desk.watcher.tick()
    assert desk.jobs == [], "it may still grow"
    desk.wait()
    (job,) = desk.jobs
    assert (job.door, job.request) == ("watch", {"edited": str(back), "against": str(project / "timeline.json")})
    desk.restart()
    desk.wait()
    assert len(desk.jobs) == 1, "a bridge that died meanwhile asks for nothing twice"
    assert desk.run().status == "done"
    head, _ = load_timeline(project)
    assert (head.revision, head.parent, len(head.clips)) == (2, 1, 7)
    assert [clip.id for clip in head.clips[:2]] == ["clip_2", "clip_1"]
    assert {clip.id for clip in head.clips if clip.lock} and [row.clip_id for row in head.deleted_clips] == ["clip_8"]
    events = desk.studio.store.events.read(project_id=timeline.project_id)
    kinds = {type(event) for event in events}
    assert {ClipDeleted, ClipReordered, TimelineReviewed} <= kinds and {event.door for event in events} == {"nle"}
    mark = desk.studio.store.folders.marked(back)
    assert mark is not None and mark.status == "done" and mark.details["result"]["revision"] == 2
    assert any("revision 2" in line for line in desk.said) and not back.with_name(f"{back.name}.problem.txt").exists()
    desk.restart()
    desk.wait()
    assert len(desk.jobs) == 1, "done is done"


def test_two_edits_are_told_apart_by_what_the_file_shows(desk: Desk) -> None:
    one, two = desk.edit("one", first_edit(1)), desk.edit("two", first_edit(2))
    bench = Bench(first_edit(2))
    bench.items.remove(bench.row()[-1])
    (desk.folder / "returns" / "Sequence 01.xml").write_bytes(flavours.FLAVOURS["premiere_xml"](bench, True))
    desk.wait()
    assert [job.request["against"] for job in desk.jobs] == [str(two / "timeline.json")]
    desk.run()
    assert load_timeline(two)[0].revision == 2 and load_timeline(one)[0].revision == 1


def test_a_return_that_is_of_no_use_is_told_and_tried_again_on_request(desk: Desk) -> None:
    project = desk.edit("day 1", first_edit())
    back = desk.folder / "returns" / "broken.fcpxml"
    back.write_text("<fcpxml", encoding="utf-8")
    desk.wait()
    assert desk.run().status == "failed"
    told = back.with_name("broken.fcpxml.problem.txt")
    assert told.exists() and load_timeline(project)[0].revision == 1
    desk.wait()
    assert len(desk.jobs) == 1, "not again by itself"
    told.unlink()
    desk.wait()
    assert len(desk.jobs) == 2 and desk.jobs[1].status == "queued", "taking the problem file away asks for another try"
    desk.run()
    bench = Bench(first_edit())
    bench.items.remove(bench.row()[-1])
    body = flavours.FLAVOURS["premiere_xml"](bench, True)
    better = back.with_suffix(".xml")
    better.write_bytes(body[: len(body) // 2])
    desk.wait()
    desk.run()
    better.write_bytes(body)
    os.utime(better, (1e9, 1e9))
    desk.wait()
    assert desk.run().status == "done" and load_timeline(project)[0].revision == 2
    assert not better.with_name(f"{better.name}.problem.txt").exists(), "mended, and the problem file is gone"


def test_an_edit_that_is_busy_is_asked_again(desk: Desk) -> None:
    project = desk.edit("day 1", first_edit())
    bench = Bench(first_edit())
    bench.items.remove(bench.row()[-1])
    (project / "from the editor.xml").write_bytes(flavours.FLAVOURS["premiere_xml"](bench, True))
    desk.wait()
    with ProjectFolder(project).locked():
        assert dict(desk.run().error or {})["code"] == "output_busy"
    desk.wait()
    assert desk.run().status == "done" and load_timeline(project)[0].revision == 2
    assert not list(project.glob("*.problem.txt"))
