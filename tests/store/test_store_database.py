"""The database itself: made once, brought up to date, and never harmed; events come back as they went in."""

from __future__ import annotations

import sqlite3
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from engine.errors import DocumentError, MissingToolError, OutputError, RefusedError
from engine.model.events import EVENTS, ClipDeleted, ClipSplit, EditGenerated, Event
from engine.settings import Settings
from engine.store.database import FILE_NAME, Database
from engine.store.events import event_as_json, event_from_json
from engine.store.migrations import HEAD_REVISION, REVISIONS
from engine.store.store import Store
from engine.studio.context import Studio


def event(number: int = 0, project: str = "p1", creator: str | None = "ana") -> Event:
    return ClipDeleted(f"2026-03-01T10:00:{number:02d}Z", project, 1, "cli", creator, clip_id=f"c{number}", reason_selected="blurry")


def test_events_come_back_in_order_and_by_theme(store: Store) -> None:
    first = [event(0), ClipSplit("2026-03-02T00:00:00Z", "p2", 3, clip_id="c", into=("a", "b")), event(2, creator=None)]
    store.events.append(first)
    store.events.append([EditGenerated("2026-03-03T00:00:00Z", "p1", 1, clips=12, mean_confidence=0.8)])
    assert store.events.read()[:3] == first
    assert [type(one).__name__ for one in store.events.read(project_id="p1")] == ["ClipDeleted", "ClipDeleted", "EditGenerated"]
    assert store.events.read(creator_id="ana") == [first[0]]
    assert len(store.events.read(since="2026-03-02T00:00:00Z", until="2026-03-03T00:00:00Z")) == 1
    assert store.events.erase(project_id="p1") == 3
    assert store.events.count() == 1


@pytest.mark.parametrize("action", sorted(EVENTS))
def test_every_kind_of_event_survives_its_json(action: str) -> None:
    made = EVENTS[action]("2026-03-01T10:00:00Z", "p", 2)
    body = event_as_json(made)
    assert body["action"] == action
    assert event_from_json({**body, "field_of_a_newer_version": 1}) == made


@pytest.mark.parametrize("body", [{"action": "danced"}, {"action": "undo"}])
def test_no_event_is_made_of_other_things(body: dict[str, str]) -> None:
    with pytest.raises(DocumentError, match=r"event|action"):
        event_from_json(body)


def test_opening_twice_changes_nothing(store: Store, tmp_path: Path, url: str) -> None:
    store.events.append([event()])
    store.close()
    again = Store(tmp_path, url)
    assert again.database.check() == HEAD_REVISION
    assert again.events.count() == 1
    again.close()


def test_many_that_open_at_once_all_get_it(tmp_path: Path, url: str) -> None:
    gate = threading.Barrier(6)

    def work(number: int) -> None:
        one = Store(tmp_path, url)
        gate.wait()
        for step in range(5):
            one.events.append([event(step, project=f"p{number}")])
        one.close()

    with ThreadPoolExecutor(6) as pool:
        list(pool.map(work, range(6)))
    last = Store(tmp_path, url)
    assert last.events.count() == 30
    last.close()


def test_tables_and_migrations_agree(store: Store) -> None:
    from alembic.autogenerate import compare_metadata
    from alembic.migration import MigrationContext

    from engine.store.tables import METADATA

    with store.database.read() as connection:
        assert compare_metadata(MigrationContext.configure(connection), METADATA) == []


def test_the_list_of_steps_is_the_folder_of_steps() -> None:
    from alembic.config import Config
    from alembic.script import ScriptDirectory

    import engine.store.migrations as package

    config = Config()
    config.set_main_option("script_location", str(Path(package.__file__).parent))
    config.set_main_option("path_separator", "os")
    steps = [one.revision for one in ScriptDirectory.from_config(config).walk_revisions()]
    assert tuple(reversed(steps)) == REVISIONS


def test_a_newer_database_is_refused_and_left_alone(store: Store, tmp_path: Path, url: str) -> None:
    with store.database.write() as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num='0999'")
    store.close()
    with pytest.raises(DocumentError) as refused:
        Store(tmp_path, url).events.count()
    assert refused.value.code == "database_newer" and "Update" in refused.value.hint
    with pytest.raises(DocumentError):
        Store(tmp_path, url).events.append([event()])


def test_a_failed_write_keeps_nothing(store: Store) -> None:
    from engine.store.tables import METADATA

    with pytest.raises(RuntimeError), store.database.write() as connection:
        connection.execute(METADATA.tables["roots"].insert(), {"path": "a", "added_at": "b"})
        raise RuntimeError
    with store.database.read() as connection:
        assert connection.execute(METADATA.tables["roots"].select()).all() == []


@pytest.mark.parametrize("harm", ["text", "zeros", "middle"])
def test_a_damaged_database_is_refused_and_left_alone(tmp_path: Path, harm: str) -> None:
    one = Store(tmp_path)
    one.events.append([event(number % 60) for number in range(400)])
    one.close()
    path = tmp_path / FILE_NAME
    good = path.read_bytes()
    bad = {"text": b"not a database at all" * 100, "zeros": b"\0" * 100 + good[100:], "middle": good[:4096] + b"\xff" * (len(good) - 4096)}
    path.write_bytes(bad[harm])
    with pytest.raises(DocumentError) as refused:
        Store(tmp_path).database.check()
    assert refused.value.code == "database_damaged" and "restore" in refused.value.hint
    assert path.read_bytes() == bad[harm]


def test_a_foreign_database_is_refused_and_left_alone(tmp_path: Path) -> None:
    with sqlite3.connect(tmp_path / FILE_NAME) as other:
        other.execute("CREATE TABLE photos (name TEXT)")
    other.close()
    before = (tmp_path / FILE_NAME).read_bytes()
    with pytest.raises(DocumentError, match="another program"):
        Store(tmp_path).events.count()
    assert (tmp_path / FILE_NAME).read_bytes() == before


def test_a_locked_database_is_refused_after_a_while(tmp_path: Path) -> None:
    database = Database(tmp_path, busy_timeout_s=0.2)
    with database.write():
        pass
    with sqlite3.connect(tmp_path / FILE_NAME, isolation_level=None) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(RefusedError, match="free within"), database.write():
            pass
        with database.read() as connection:  # looking goes on
            assert connection.exec_driver_sql("SELECT COUNT(*) FROM events").scalar() == 0
        other.execute("ROLLBACK")
    other.close()
    with database.write():
        pass
    database.close()


@pytest.mark.parametrize(
    ("url", "code"),
    [
        ("postgresql://nobody@127.0.0.1:9/none", "database_unreachable"),
        ("complete nonsense", "database_bad_url"),
        ("mysql+nodriver://x/y", "database_bad_url"),
    ],
)
def test_addresses_that_lead_nowhere(tmp_path: Path, url: str, code: str) -> None:
    with pytest.raises((OutputError, DocumentError, MissingToolError)) as refused:
        Store(tmp_path, url).events.count()
    assert refused.value.code == code


def test_the_studio_records_and_never_stops_for_it(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    studio = Studio(Settings(workspace=tmp_path))
    assert studio.record(event())
    assert studio.store.events.count() == 1
    studio.close()
    (tmp_path / "broken").mkdir()
    (tmp_path / "broken" / FILE_NAME).write_text("no database", encoding="utf-8")
    harmed = Studio(Settings(workspace=tmp_path / "broken"))
    assert not harmed.record(event())
    assert "not kept" in caplog.text
    harmed.close()
