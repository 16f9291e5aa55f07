"""Creators, projects, frozen revisions, media identity, folders; backup and restore from one kind of database into the other."""

from __future__ import annotations

import dataclasses
import zipfile
from pathlib import Path

import factories
import pytest
from sqlalchemy.exc import DatabaseError

from engine.errors import CutprintError, DocumentError, RefusedError
from engine.model.events import ClipDeleted
from engine.model.session import Project, Revision
from engine.store.backup import back_up, restore
from engine.store.database import FILE_NAME
from engine.store.folders import Mark
from engine.store.library import Creator
from engine.store.migrations import HEAD_REVISION
from engine.store.store import Store

NOW = "2026-03-01T10:00:00Z"


def revision(number: int = 1, seed: int = 0) -> Revision:
    timeline = factories.timeline().replace(revision=number, parent=number - 1 or None, seed=seed)
    return Revision(number, number - 1 or None, "cli", NOW, timeline)


def test_projects_belong_to_creators(store: Store) -> None:
    library = store.library
    library.remember_project(Project("p1", "/films/a", NOW, "ana", "A"))
    library.remember_project(Project("p2", "/films/b", "2026-03-02T00:00:00Z"))
    library.remember_project(Project("p1", "/moved/a", NOW, "ana", "A"))
    assert [one.project_id for one in library.projects()] == ["p2", "p1"]
    found = library.project("p1")
    assert found is not None and found.folder == "/moved/a"
    assert library.projects("ana") == [found]
    library.remember_creator(Creator("ana", "Ana", NOW, usual_minutes=45))
    assert library.creator("ana") == Creator("ana", "Ana", NOW, 45)
    assert library.creator("ben") is None and library.project("p9") is None


def test_revisions_never_change(store: Store) -> None:
    store.library.remember_project(Project("p1", "/a", NOW))
    first, second = revision(1), revision(2)
    for one in (first, second, first):
        store.library.add_revision("p1", one)
    assert store.library.revisions("p1") == [first, second]
    with pytest.raises(RefusedError, match="other content"):
        store.library.add_revision("p1", revision(1, seed=7))
    with pytest.raises(DatabaseError, match="immutable"), store.database.write() as connection:
        connection.exec_driver_sql("UPDATE revisions SET note='changed'")
    assert store.library.revisions("p1") == [first, second]
    assert store.library.forget_project("p1") and store.library.revisions("p1") == []


def test_a_revision_needs_its_project(store: Store) -> None:
    with pytest.raises(DatabaseError, match=r"(?i)foreign key"):
        store.library.add_revision("nobody", revision())


def test_media_are_known_by_content(store: Store, tmp_path: Path) -> None:
    media = factories.timeline().media[0]
    here, there = tmp_path / "a.mp4", tmp_path / "b.mp4"
    for path in (here, there):
        store.library.remember_media([dataclasses.replace(media, path=str(path))], NOW)
    there.touch()
    found = store.library.media(media.media_id)
    assert found is not None and found.path == str(there), "the place where a file is counts more"
    assert store.library.media("unknown") is None


def test_folders_and_marks(store: Store, tmp_path: Path) -> None:
    folders = store.folders
    folders.watch(tmp_path / "w", NOW)
    folders.watch(tmp_path / "w", NOW)
    folders.open_root(tmp_path / "r", NOW)
    assert folders.roots() == [tmp_path / "r", tmp_path / "w"] and folders.watched() == [tmp_path / "w"]
    assert folders.unwatch(tmp_path / "w") and not folders.unwatch(tmp_path / "w")
    assert folders.close_root(tmp_path / "r") and folders.roots() == []
    mark = Mark(str(tmp_path / "w" / "shoot"), "s1", "working", NOW, "j1")
    folders.mark(mark)
    folders.mark(dataclasses.replace(mark, status="done", details={"files": 3}))
    assert folders.marked(tmp_path / "w" / "shoot") == folders.marks()[0]
    assert folders.marks()[0].status == "done" and folders.marked(tmp_path) is None


def filled(store: Store) -> None:
    store.library.remember_project(Project("p1", "/a", NOW, "ana"))
    store.library.add_revision("p1", revision())
    store.events.append([ClipDeleted(NOW, "p1", 1, clip_id="c1")])
    store.jobs.submit("edit", {"seed": 3}, door="http")


def test_a_backup_moves_between_kinds_of_database(store: Store, tmp_path: Path, url: str) -> None:
    filled(store)
    home = tmp_path
    (home / "songs").mkdir()
    (home / "songs" / "a.json").write_text("{}", encoding="utf-8")
    said = back_up(store.database, home, tmp_path / "out" / "b.zip")
    assert said["rows"]["events"] == 1 and said["files"] == ["songs/a.json"]
    other = Store(tmp_path / "new")
    result = restore(other.database, tmp_path / "new", tmp_path / "out" / "b.zip")
    assert result["rows"] == said["rows"]
    assert other.library.revisions("p1") == store.library.revisions("p1")
    assert other.events.read() == store.events.read() and other.jobs.recent() == store.jobs.recent()
    assert (tmp_path / "new" / "songs" / "a.json").exists()
    with pytest.raises(RefusedError, match="already"):
        restore(other.database, tmp_path / "new", tmp_path / "out" / "b.zip")
    other.close()


def test_restore_replaces_only_when_told(store: Store, tmp_path: Path) -> None:
    filled(store)
    back_up(store.database, tmp_path, tmp_path / "b.zip")
    store.events.append([ClipDeleted(NOW, "p1", 1, clip_id="c2")])
    with pytest.raises(RefusedError):
        restore(store.database, tmp_path, tmp_path / "b.zip")
    assert store.events.count() == 2
    restore(store.database, tmp_path, tmp_path / "b.zip", replace=True)
    assert store.events.count() == 1
    store.events.append([ClipDeleted(NOW, "p1", 1, clip_id="c3")])  # numbers go on
    assert store.events.count() == 2


def test_restore_sets_a_damaged_file_aside(tmp_path: Path) -> None:
    store = Store(tmp_path)
    filled(store)
    back_up(store.database, tmp_path, tmp_path / "b.zip")
    store.close()
    (tmp_path / FILE_NAME).write_bytes(b"ruined" * 1000)
    with pytest.raises(DocumentError, match="damaged"):
        restore(Store(tmp_path).database, tmp_path, tmp_path / "b.zip")
    again = Store(tmp_path)
    said = restore(again.database, tmp_path, tmp_path / "b.zip", replace=True)
    assert Path(said["set_aside"]).read_bytes() == b"ruined" * 1000
    assert again.events.count() == 1
    again.close()


@pytest.mark.parametrize("harm", ["missing", "text", "other zip", "newer", "cut", "rows"])
def test_what_is_no_backup_changes_nothing(tmp_path: Path, harm: str) -> None:
    store = Store(tmp_path / "a")
    filled(store)
    path = tmp_path / "b.zip"
    back_up(store.database, tmp_path, path)
    store.close()
    if harm == "missing":
        path.unlink()
    elif harm == "text":
        path.write_text("no zip", encoding="utf-8")
    elif harm == "cut":
        path.write_bytes(path.read_bytes()[:-40])
    else:
        with zipfile.ZipFile(path) as bag:
            parts = {name: bag.read(name) for name in bag.namelist()}
        if harm == "other zip":
            parts.pop("backup.json")
        if harm == "newer":
            parts["backup.json"] = parts["backup.json"].replace(HEAD_REVISION.encode(), b"0999")
        if harm == "rows":
            parts["tables/jobs.jsonl"] = b'{"job_id": "x"}\n'
        with zipfile.ZipFile(path, "w") as bag:
            for name, body in parts.items():
                bag.writestr(name, body)
    other = Store(tmp_path / "new")
    with pytest.raises(CutprintError) as refused:
        restore(other.database, tmp_path / "new", path)
    assert refused.value.code.startswith("backup_") and refused.value.hint
    assert other.events.count() == 0 and other.library.projects() == []
    other.close()
