"""Styles in the database, SQLite and PostgreSQL alike: saved whole, by version, under one name, and never half."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest
import works as made_works

from engine.errors import BadOption, DocumentError, InputError, RefusedError
from engine.model.style import LinearModel, StyleModels, StyleProfile
from engine.model.works import FinishedWork
from engine.store.backup import back_up, restore
from engine.store.database import Database
from engine.store.store import Store
from engine.style.prior import neutral_profile

AT = "2026-03-01T10:00:00Z"


def profile(name: str = "Ana", number: int = 1) -> StyleProfile:
    return dataclasses.replace(neutral_profile(), creator_id=name, trained_on_videos=number, last_updated=f"2026-03-{number:02d}T10:00:00Z")


def models(number: int, name: str = "Ana") -> StyleModels:
    linear = LinearModel(("sharpness",), (0.5,), (0.2,), (1.5,))
    return StyleModels(name, number, linear, linear, projects=number)


def works() -> list[FinishedWork]:
    return [made_works.work(seed) for seed in (1, 2)]


def test_a_style_comes_back_as_it_went_in(store: Store) -> None:
    styles = store.profiles
    assert styles.names() == [] and not styles.has("Ana")
    with pytest.raises(InputError, match="Nothing has been learned"):
        styles.load("Ana")
    styles.begin("Ana", AT)
    assert styles.names() == [], "known, and nothing learned yet"
    learned = works()
    styles.save(profile(), None, learned)
    assert styles.names() == ["Ana"] and styles.has(" aNA ") and styles.load("ANA") == profile()
    assert sorted(one.media_id for one in styles.works("ana")) == sorted(one.media_id for one in learned)
    styles.save(profile(number=2), None, learned[:1], base=profile("Elsewhere"), recipe={"mine": "a", "share": 0.3})
    assert styles.load("ana").trained_on_videos == 2 and len(styles.works("ana")) == 1
    assert styles.base("ana") == profile("Elsewhere") and styles.recipe("ana") == {"mine": "a", "share": 0.3}
    assert store.library.first_profiles() == {"Ana": "2026-03-01T10:00:00Z"}
    styles.forget("ana")
    assert styles.names() == [] and styles.works("ana") == [] and styles.recipe("ana") is None and styles.base("ana") is None
    assert store.library.creator("Ana") is not None, "edits of that creator go on being theirs"


def test_the_newest_versions_stay(store: Store) -> None:
    for number in range(1, 16):
        store.profiles.save(profile(number=number), models(number), [])
    assert store.profiles.versions("ana") == list(range(6, 16))
    assert store.profiles.load("ana").trained_on_videos == 15
    old = store.profiles.models("ana", 7)
    assert old is not None and old.projects == 7 and store.profiles.models("ana", 3) is None
    assert store.library.first_profiles()["Ana"].startswith("2026-03-01"), "onboarding is told by the first one"


@pytest.mark.parametrize("name", ["", "  ", "x" * 101, "a\nb"])
def test_what_cannot_be_a_name(store: Store, name: str) -> None:
    with pytest.raises(BadOption):
        store.profiles.begin(name, AT)


def test_one_learns_at_a_time(store: Store, tmp_path: Path, url: str) -> None:
    other = Store(tmp_path, url)
    with store.profiles.locked("Ana"):
        with pytest.raises(RefusedError, match="learning"), other.profiles.locked("aNa"):
            pass
        with other.profiles.locked("Ben"):
            pass
    with other.profiles.locked("Ana"):
        pass
    other.close()


def test_a_damaged_row_is_said_and_not_used(store: Store) -> None:
    store.profiles.save(profile(), None, [])
    with store.database.write() as connection:
        connection.exec_driver_sql("UPDATE profiles SET digest='0'")
    with pytest.raises(DocumentError) as caught:
        store.profiles.load("Ana")
    assert caught.value.code == "row_damaged"


def test_a_style_moves_with_a_backup(store: Store, tmp_path: Path) -> None:
    store.profiles.save(profile(), models(1), works())
    back_up(store.database, tmp_path, tmp_path / "b.zip")
    there = Store(tmp_path / "there")
    restore(there.database, tmp_path / "there", tmp_path / "b.zip")
    assert (
        there.profiles.load("ana") == profile() and len(there.profiles.works("ana")) == 2 and there.profiles.models("ana", 1) == models(1)
    )
    there.close()


def test_a_database_of_the_first_version_is_brought_up_to_date(tmp_path: Path) -> None:
    from alembic import command
    from alembic.config import Config

    from engine.store import database as module

    one = Database(tmp_path)
    engine = module._engine(one)
    config = Config()
    config.set_main_option("script_location", str(Path(module.__file__).with_name("migrations")))
    config.set_main_option("path_separator", "os")
    with engine.connect().execution_options(cutprint_write=True) as connection, connection.begin():
        config.attributes["connection"] = connection
        command.upgrade(config, "0001")
        connection.exec_driver_sql("INSERT INTO creators VALUES ('Ana', 'Ana', '2026', NULL, '{}')")
    engine.dispose()
    store = Store(tmp_path)
    store.profiles.save(profile(), None, works())
    assert store.profiles.names() == ["Ana"] and len(store.library.creators()) == 1
    store.close()
