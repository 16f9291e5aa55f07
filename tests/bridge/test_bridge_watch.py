"""Watched folders: what settles becomes one edit, whatever people and copying programs do meanwhile; nothing is done twice.

The jobs are real rows; the test is the bridge that runs them, so that it decides when and how each ends.
"""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import factories
import pytest
from watched import Watched

from bridge_server.bootstrap import open_studio
from bridge_server.watching.problems import problem_path
from bridge_server.watching.returned import _likeness
from bridge_server.watching.shoot import look
from bridge_server.watching.watcher import AGAIN_S, SETTLED_S
from engine.model.timeline import Outcome, Timeline, UserEdit
from engine.store.jobs import Job
from engine.store.projects import ProjectFolder


class Yard(Watched):
    """A watched folder, a watcher with a clock of its own, and the jobs it asked for."""

    def drop(self, *names: str, body: bytes = b"x" * 100) -> None:
        for name in names:
            path = self.folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(body + name.encode())

    def wait(self, seconds: float = SETTLED_S + 1) -> None:
        """Looks every two seconds for so long."""
        for _ in range(int(seconds / 2) + 1):
            self.watcher.tick()
            self.now_s += 2
        self.watcher.tick()

    @property
    def jobs(self) -> list[Job]:
        return list(reversed(self.studio.store.jobs.recent()))

    def finish(self, error: dict[str, Any] | None = None, outcomes: tuple[Outcome, ...] = ()) -> Job:
        """Runs the waiting job: writes an edit, or fails."""
        job = self.studio.store.jobs.claim("test")
        assert job is not None
        if error is None:
            folder = ProjectFolder(Path(job.request["output"]))
            with folder.locked():
                before = folder.current()
                number = before.revision + 1 if before else 1
                made = untouched(factories.timeline())
                folder.commit(made.replace(revision=number, parent=number - 1 or None, outcomes=(*made.outcomes, *outcomes)), {})
        self.studio.store.jobs.finish(job.job_id, "test", "failed" if error else "done", None if error else {"shots": 4}, error)
        self.watcher.tick()
        return job


def untouched(timeline: Timeline) -> Timeline:
    """As the engine made it: nothing changed or locked by a person."""
    clips = tuple(dataclasses.replace(clip, lock=None) for clip in timeline.clips)
    return timeline.replace(clips=clips, user_edits=())


@pytest.fixture
def yard(tmp_path: Path) -> Iterator[Yard]:
    (tmp_path / "drop").mkdir()
    with open_studio({"workspace": tmp_path / "ws"}, door="watch") as studio:
        yield Yard(studio, tmp_path / "drop")


def test_a_dropped_folder_becomes_one_edit(yard: Yard) -> None:
    yard.drop("day 1/ä b.mp4", "day 1/card/c.MOV", "day 1/song.mp3", "day 1/notes.txt", "day 1/.hidden.mp4")
    yard.wait(4)
    assert yard.jobs == []
    yard.wait()
    (job,) = yard.jobs
    shoot = yard.folder / "day 1"
    wanted = {"render": True, "name": "day 1", "clips": [str(shoot)], "song": str(shoot / "song.mp3"), "output": str(shoot / "cutprint")}
    assert job.request == wanted
    assert job.door == "watch"
    yard.finish()
    yard.wait(60)
    assert len(yard.jobs) == 1 and any("done" in line for line in yard.said)


def test_files_that_still_grow_are_waited_for(yard: Yard) -> None:
    yard.drop("s/song.mp3")
    for size in range(1, 12):  # a copy that takes 22 seconds
        yard.drop("s/a.mp4", body=b"x" * size * 1000)
        yard.wait(1)
    assert yard.jobs == []
    yard.drop("s/b.mp4.part")
    yard.wait(30)
    assert yard.jobs == [], "a file that is visibly on the way"
    os.replace(yard.folder / "s/b.mp4.part", yard.folder / "s/b.mp4")
    yard.wait()
    assert len(yard.jobs) == 1


def test_a_song_may_come_late(yard: Yard) -> None:
    yard.drop("s/a.mp4")
    yard.wait(70)
    told = yard.folder / "s.problem.txt"
    assert yard.jobs == [] and "no song yet" in told.read_text(encoding="utf-8")
    yard.drop("s/song.wav")
    yard.wait()
    assert len(yard.jobs) == 1 and not told.exists()


def test_two_songs_need_a_word(yard: Yard) -> None:
    yard.drop("s/a.mp4", "s/one.mp3", "s/two.mp3")
    yard.wait()
    told = yard.folder / "s.problem.txt"
    assert yard.jobs == [] and "one.mp3, two.mp3" in told.read_text(encoding="utf-8")
    yard.wait(20)
    assert yard.jobs == []
    yard.drop("s/cutprint.toml", body=b'song = "two.mp3"\nduration = 15\nmust-use = ["a.mp4"]\nrender = false\n#')
    yard.wait()
    (job,) = yard.jobs
    assert job.request["song"].endswith("two.mp3") and not told.exists()
    assert (job.request["duration"], job.request["must_use"], job.request["render"]) == (15, ["a.mp4"], False)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("duration = ", "cannot be read"),
        ("durration = 15", "Did you mean duration"),
        ("duration = 'long'", "duration"),
        ("aspect = '3:1'", "aspect"),
        ("output = '/etc'", "no option"),
        ("song = 'none.mp3'", "not there"),
    ],
)
def test_settings_that_are_wrong_are_told_and_tried_again_once_mended(yard: Yard, text: str, said: str) -> None:
    yard.drop("s/a.mp4", "s/song.mp3")
    (yard.folder / "s/cutprint.toml").write_text(text, encoding="utf-8")
    yard.wait()
    told = [path for path in (yard.folder / "s.problem.txt", yard.folder / "s/cutprint.toml.problem.txt") if path.exists()]
    assert yard.jobs == [] and len(told) == 1 and said in told[0].read_text(encoding="utf-8")
    (yard.folder / "s/cutprint.toml").write_text("duration = 20", encoding="utf-8")
    yard.wait()
    assert len(yard.jobs) == 1 and not told[0].exists()


def test_nothing_is_done_twice_after_a_restart(yard: Yard) -> None:
    yard.drop("s/a.mp4", "s/song.mp3")
    yard.wait()
    yard.restart()
    yard.wait(30)
    assert len(yard.jobs) == 1, "the job is waiting"
    yard.finish()
    yard.restart()
    yard.wait(30)
    assert len(yard.jobs) == 1, "the job is done"


def test_a_bridge_that_dies_between_asking_and_remembering_asks_for_the_same_job(yard: Yard) -> None:
    yard.drop("s/a.mp4", "s/song.mp3")
    yard.wait()
    with yard.studio.store.database.write() as connection:
        connection.exec_driver_sql("DELETE FROM watch_marks")
    yard.restart()
    yard.wait()
    assert len(yard.jobs) == 1


def test_renaming_is_no_reason_to_edit_again_and_a_second_drop_is(yard: Yard) -> None:
    yard.drop("s/a.mp4", "s/song.mp3")
    yard.wait()
    yard.finish()
    os.replace(yard.folder / "s/a.mp4", yard.folder / "s/opener.mp4")
    os.replace(yard.folder / "s", yard.folder / "renamed")
    yard.wait(20)
    assert len(yard.jobs) == 1
    yard.drop("renamed/b.mp4")
    yard.wait()
    assert len(yard.jobs) == 2 and yard.jobs[-1].request["output"] == str(yard.folder / "renamed/cutprint")


def test_a_second_drop_never_replaces_what_a_person_changed(yard: Yard) -> None:
    yard.drop("s/a.mp4", "s/song.mp3")
    yard.wait()
    yard.finish()
    folder = ProjectFolder(yard.folder / "s/cutprint")
    changed = factories.timeline().replace(revision=2, parent=1, user_edits=(UserEdit("2026-03-01T00:00:00Z", "clip_deleted", "c9"),))
    with folder.locked():
        folder.commit(changed, {})
    yard.drop("s/b.mp4")
    yard.wait()
    assert yard.jobs[-1].request["output"] == str(yard.folder / "s/cutprint-2")


def test_clips_that_vanish_in_the_middle(yard: Yard) -> None:
    yard.drop("s/a.mp4", "s/b.mp4", "s/song.mp3")
    yard.wait(4)
    (yard.folder / "s/b.mp4").unlink()
    yard.wait(4)
    assert yard.jobs == [], "the wait begins anew"
    yard.wait()
    assert len(yard.jobs) == 1
    (yard.folder / "s/a.mp4").unlink()
    yard.finish({"code": "no_clips", "message": "No video files.", "hint": "", "details": {}})
    yard.wait(20)
    assert len(yard.jobs) == 1 and (yard.folder / "s.problem.txt").exists()


def test_unusable_files_are_told_beside_them_and_the_rest_goes_on(yard: Yard) -> None:
    yard.drop("s/good.mp4", "s/card/bad.mp4", "s/song.mp3", "t/a.mp4", "t/song.mp3")
    yard.wait()
    assert len(yard.jobs) == 2
    yard.finish(outcomes=(Outcome("", "bad.mp4", "unreadable", "bad.mp4 is cut off"),))
    yard.finish({"code": "footage_too_short", "message": "Too little for 30 s.", "hint": "12 s can be filled.", "details": {}})
    bad, failed = yard.folder / "s/card/bad.mp4.problem.txt", yard.folder / "t.problem.txt"
    assert "cut off" in bad.read_text(encoding="utf-8") and not (yard.folder / "s/good.mp4.problem.txt").exists()
    assert "12 s" in failed.read_text(encoding="utf-8")
    yard.wait(30)
    assert len(yard.jobs) == 2, "a failure is not repeated by itself"
    failed.unlink()
    yard.wait()
    assert len(yard.jobs) == 3, "taking the problem file away asks for another try"
    yard.finish()
    yard.drop("s/card/bad.mp4", body=b"whole now")
    yard.wait()
    yard.finish()
    assert not bad.exists()


def test_a_folder_that_is_busy_is_tried_again(yard: Yard) -> None:
    yard.drop("s/a.mp4", "s/song.mp3")
    yard.wait()
    yard.finish({"code": "output_busy", "message": "Another Cutprint is writing.", "hint": "", "details": {}})
    yard.wait(20)
    assert len(yard.jobs) == 1
    yard.wait(AGAIN_S)
    assert len(yard.jobs) == 2 and not (yard.folder / "s.problem.txt").exists()


def test_what_others_wrote_is_left_alone(yard: Yard) -> None:
    yard.drop("s/a.mp4", "s/one.mp3", "s/two.mp3")
    (yard.folder / "s.problem.txt").write_text("my own notes", encoding="utf-8")
    yard.wait()
    assert (yard.folder / "s.problem.txt").read_text(encoding="utf-8") == "my own notes"
    assert problem_path(yard.folder / "s") == yard.folder / "s.problem.txt"


def test_one_bad_folder_does_not_stop_the_others(yard: Yard, tmp_path: Path) -> None:
    yard.studio.store.folders.watch(tmp_path / "unplugged", "2026-03-01T00:00:00Z")
    (yard.folder / "loop").symlink_to(yard.folder / "loop")
    (yard.folder / "file.mp4").write_bytes(b"not a shoot")
    yard.drop("s/a.mp4", "s/song.mp3")
    yard.wait()
    assert len(yard.jobs) == 1


def test_a_signature_knows_contents_and_not_names(tmp_path: Path) -> None:
    (tmp_path / "a.mp4").write_bytes(b"1")
    first = look(tmp_path).signature
    os.replace(tmp_path / "a.mp4", tmp_path / "b.mp4")
    assert look(tmp_path).signature == first
    (tmp_path / "b.mp4").write_bytes(b"22")
    assert look(tmp_path).signature != first


def test_returned_timelines_are_matched_with_their_edit(tmp_path: Path) -> None:
    timeline = factories.timeline()
    files = {clip.file for clip in timeline.clips}
    edit = tmp_path / "day 1" / "cutprint"
    by_id = _likeness(timeline, edit, ("x", "y"), f'{{"project_id": "{timeline.project_id}"}}', set())
    by_name = _likeness(timeline, edit, ("day 1 v002", "y"), "{}", files)
    by_clips = _likeness(timeline, edit, ("x", "y"), "{}", files)
    nothing = _likeness(timeline, edit, ("x", "y"), "{}", {"other.mp4"})
    assert by_id > by_name > by_clips > nothing == (0, 0.0)
