"""Every test that takes `store` runs on SQLite and on PostgreSQL."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
from absence import absent
from databases import postgres_server, server_programs

from engine.store.store import Store


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    """The URL of a running PostgreSQL, without a database's name."""
    programs = server_programs()
    if programs is None:
        absent("PostgreSQL's server (Debian: postgresql-15)")
    assert programs is not None
    with postgres_server(programs) as url:
        yield url


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest) -> str:
    """The address of an empty database; empty for SQLite in the workspace."""
    if request.param == "sqlite":
        return ""
    return new_database(request.getfixturevalue("postgres"))


def new_database(server: str) -> str:
    import pg8000.native

    name = f"test_{uuid.uuid4().hex[:12]}"
    user, _, place = server.removeprefix("postgresql://").partition("@")
    host, _, port = place.partition(":")
    connection = pg8000.native.Connection(user, host=host, port=int(port), database="postgres")
    connection.run(f"CREATE DATABASE {name}")
    connection.close()
    return f"{server}/{name}"


@pytest.fixture
def store(tmp_path: Path, url: str) -> Iterator[Store]:
    """An empty store."""
    found = Store(tmp_path, url)
    yield found
    found.close()
