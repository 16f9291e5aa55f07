"""Project folders: revisions, the manifest, locks, and what a failed write leaves."""

from __future__ import annotations

import errno
import json
import multiprocessing
import os
from pathlib import Path

import factories
import pytest

from engine.errors import DocumentError, OutputError, RefusedError
from engine.model import documents
from engine.store import projects
from engine.store.projects import HEAD, ProjectFolder, atomic_write, load_timeline, refuse_overwrite, remember_output


@pytest.fixture
def folder(tmp_path: Path) -> ProjectFolder:
    return ProjectFolder(tmp_path / "edit")


def test_commit_writes_the_head_its_exports_and_the_revision(folder: ProjectFolder) -> None:
    timeline = factories.timeline(revision=1)
    with folder.locked():
        folder.commit(timeline, {"timeline.edl": b"edl 1"})
    assert load_timeline(folder.folder)[0] == timeline
    assert load_timeline(folder.head)[1] == folder.head
    assert (folder.folder / "revisions" / "timeline.r0001.json").read_bytes() == folder.head.read_bytes()
    documents.validate(documents.loads(folder.head.read_text(encoding="utf-8")))
    assert not list(folder.folder.rglob("*.part"))


def test_the_next_revision_keeps_the_last_and_its_files(folder: ProjectFolder) -> None:
    folder.commit(factories.timeline(revision=1), {"timeline.edl": b"edl 1"})
    (folder.folder / "edit.mp4").write_bytes(b"movie 1")
    folder.remember("edit.mp4")
    folder.commit(factories.timeline(revision=2, parent=1), {"timeline.edl": b"edl 2"})
    kept = folder.folder / "revisions"
    assert (kept / "timeline.r0001.edl").read_bytes() == b"edl 1"
    assert (kept / "edit.r0001.mp4").read_bytes() == b"movie 1"
    assert not (folder.folder / "edit.mp4").exists(), "an old render never looks current"
    assert (folder.folder / "timeline.edl").read_bytes() == b"edl 2"
    assert {path.name for path in kept.glob("*.json")} == {"timeline.r0001.json", "timeline.r0002.json"}


def test_what_a_person_made_or_changed_is_never_replaced(folder: ProjectFolder) -> None:
    folder.folder.mkdir()
    (folder.folder / "timeline.edl").write_bytes(b"mine")
    with pytest.raises(RefusedError) as caught:
        folder.commit(factories.timeline(), {"timeline.edl": b"edl"})
    assert caught.value.details["files"] == ["timeline.edl"]
    assert (folder.folder / "timeline.edl").read_bytes() == b"mine" and not folder.head.exists()
    (folder.folder / "timeline.edl").unlink()
    folder.commit(factories.timeline(revision=1), {"timeline.edl": b"edl"})
    (folder.folder / "timeline.edl").write_bytes(b"graded by hand")
    with pytest.raises(RefusedError):
        folder.commit(factories.timeline(revision=2, parent=1), {"timeline.edl": b"edl"})
    folder.commit(factories.timeline(revision=2, parent=1), {})
    assert (folder.folder / "timeline.edl").read_bytes() == b"graded by hand"


def test_a_foreign_or_broken_head_is_not_continued(folder: ProjectFolder) -> None:
    folder.folder.mkdir()
    folder.head.write_text('{"OTIO_SCHEMA": "Timeline.1"}', encoding="utf-8")
    with pytest.raises(RefusedError, match="not an edit that can be continued"):
        folder.current()
    with pytest.raises(DocumentError) as caught:
        load_timeline(folder.folder / "nothing.json")
    assert caught.value.code == "timeline_missing"
    (folder.folder / "brief.json").write_text(documents.dumps(documents.encode(factories.brief())), encoding="utf-8")
    with pytest.raises(DocumentError) as caught:
        load_timeline(folder.folder / "brief.json")
    assert caught.value.code == "not_a_timeline"
    folder.head.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(DocumentError) as caught:
        load_timeline(folder.folder)
    assert caught.value.code == "timeline_unreadable"


def test_a_lost_manifest_makes_everything_the_users(folder: ProjectFolder) -> None:
    folder.commit(factories.timeline(revision=1), {"timeline.edl": b"edl"})
    manifest = folder.folder / ".cutprint.json"
    assert set(json.loads(manifest.read_text(encoding="utf-8"))["files"]) == {HEAD, "timeline.edl"}
    manifest.write_text("[]", encoding="utf-8")
    assert folder.foreign([HEAD, "timeline.edl", "new.xml"]) == [HEAD, "timeline.edl"]


def _hold(path: str, ready: object, done: object) -> None:
    with ProjectFolder(Path(path)).locked():
        ready.set()  # type: ignore[attr-defined]
        done.wait(60)  # type: ignore[attr-defined]


def test_one_process_at_a_time(folder: ProjectFolder) -> None:
    context = multiprocessing.get_context("spawn")
    ready, done = context.Event(), context.Event()
    child = context.Process(target=_hold, args=(str(folder.folder), ready, done))
    child.start()
    assert ready.wait(60)
    with pytest.raises(RefusedError) as caught, folder.locked():
        pass
    assert caught.value.code == "output_busy"
    done.set()
    child.join(60)
    with folder.locked():
        pass


def test_a_folder_made_for_work_that_failed_goes_away(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="no"), ProjectFolder(tmp_path / "a" / "b").locked():
        raise ValueError("no")
    assert not (tmp_path / "a").exists()
    (tmp_path / "mine").mkdir()
    with pytest.raises(ValueError, match="no"), ProjectFolder(tmp_path / "mine").locked():
        raise ValueError("no")
    with pytest.raises(ValueError, match="no"), ProjectFolder(tmp_path / "c").locked():
        (tmp_path / "c" / "notes.txt").write_text("kept")
        raise ValueError("no")
    assert (tmp_path / "mine").is_dir() and (tmp_path / "c" / "notes.txt").exists()


def test_outputs_elsewhere_are_remembered_by_their_full_path(folder: ProjectFolder, tmp_path: Path) -> None:
    folder.commit(factories.timeline(), {})
    output = tmp_path / "film.mp4"
    refuse_overwrite(output, folder.folder)
    output.write_bytes(b"ours")
    remember_output(output, folder.folder)
    refuse_overwrite(output, folder.folder)
    output.write_bytes(b"changed")
    with pytest.raises(RefusedError):
        refuse_overwrite(output, folder.folder)
    with pytest.raises(OutputError) as caught:
        refuse_overwrite(tmp_path, folder.folder)
    assert caught.value.code == "output_is_folder"


def _os_error(number: int, winerror: int | None = None) -> OSError:
    cause = OSError(number, os.strerror(number))
    if winerror is not None:
        cause.winerror = winerror  # type: ignore[attr-defined,unused-ignore]
    return cause


@pytest.mark.parametrize(
    ("cause", "code"),
    [
        (_os_error(errno.ENOSPC), "disk_full"),
        (_os_error(errno.EDQUOT), "disk_full"),
        (_os_error(errno.EACCES), "output_read_only"),
        (_os_error(errno.EROFS), "output_read_only"),
        (_os_error(errno.EACCES, winerror=32), "output_locked"),
        (_os_error(errno.EACCES, winerror=33), "output_locked"),
        (_os_error(errno.EACCES, winerror=5), "output_read_only"),
        (_os_error(errno.ENOTDIR), "output_not_a_folder"),
        (_os_error(errno.EIO), "output_failed"),
    ],
)
def test_failed_writes_in_the_users_words(cause: OSError, code: str) -> None:
    error = projects.disk_error(Path("C:/Edits/timeline.json"), cause)
    assert error.code == code and error.hint and error.exit_code == 3


def test_a_held_file_is_waited_for_and_then_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What Windows does while another program holds a file, at the one seam where it shows."""
    monkeypatch.setattr(projects, "LOCKED_PAUSES_S", (0.0, 0.0, 0.0))
    real, refusals = os.replace, [True, True, False]

    def held(source: Path, target: Path) -> None:
        if refusals and refusals.pop(0):
            raise _os_error(errno.EACCES, winerror=32)
        real(source, target)

    monkeypatch.setattr(os, "replace", held)
    atomic_write(tmp_path / "a.json", b"1")
    assert (tmp_path / "a.json").read_bytes() == b"1"
    refusals[:] = [True] * 9
    with pytest.raises(OutputError) as caught:
        atomic_write(tmp_path / "a.json", b"2")
    assert caught.value.code == "output_locked"
    assert (tmp_path / "a.json").read_bytes() == b"1"
    assert [path.name for path in tmp_path.iterdir()] == ["a.json"]


def test_a_failed_write_leaves_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a.json"
    atomic_write(path, b"old")

    def full(_handle: int) -> None:
        raise _os_error(errno.ENOSPC)

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OutputError) as caught:
        atomic_write(path, b"new")
    assert caught.value.code == "disk_full"
    assert path.read_bytes() == b"old" and [one.name for one in tmp_path.iterdir()] == ["a.json"]
