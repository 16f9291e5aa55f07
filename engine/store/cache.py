"""Cached measurements: blobs by content, analyser version and options; probed files by path, size and time.

A cache holds nothing that cannot be measured again, so a damaged one is set aside and begun anew. Several processes may use
one file at once (SQLite in WAL mode waits for the other's short writes).
"""

from __future__ import annotations

import contextlib
import logging
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from engine.errors import OutputError

if TYPE_CHECKING:
    from sqlalchemy.engine import Connection, Engine

__all__ = ["AnalysisCache", "CacheInfo", "CacheKey", "is_cache", "write_ahead"]

BUSY_TIMEOUT_S = 30.0
"""How long a write waits for another process (chosen: far longer than any of our transactions)."""

CACHE_TAG = "CACHEDIR.TAG"
CACHE_SIGNATURE = b"Signature: 8a477f597d28d172789f06886806bc55"
"""The Cache Directory Tagging Specification's: backup programs leave such a folder out, and we take no footage from it."""

_LOG = logging.getLogger(__name__)

_SCHEMA = (
    """CREATE TABLE IF NOT EXISTS analyses (
        media_id TEXT NOT NULL, analyser TEXT NOT NULL, version TEXT NOT NULL, options TEXT NOT NULL,
        body BLOB NOT NULL, size INTEGER NOT NULL, used_at REAL NOT NULL,
        PRIMARY KEY (media_id, analyser, version, options))""",
    "CREATE INDEX IF NOT EXISTS analyses_by_use ON analyses (used_at)",
    """CREATE TABLE IF NOT EXISTS files (
        path TEXT PRIMARY KEY, size INTEGER NOT NULL, modified_ns INTEGER NOT NULL, version TEXT NOT NULL, body TEXT NOT NULL)""",
)


@dataclass(frozen=True)
class CacheKey:
    """What a cached measurement depends on: the content, who measured, in which version, with which options."""

    media_id: str
    analyser: str
    version: str
    options: str = ""

    def row(self) -> dict[str, str]:
        return {"media_id": self.media_id, "analyser": self.analyser, "version": self.version, "options": self.options}


@dataclass(frozen=True)
class CacheInfo:
    """How much is kept. `by_analyser`: entries and bytes of each kind."""

    path: str
    entries: int
    size_bytes: int
    files: int
    by_analyser: dict[str, tuple[int, int]]


class AnalysisCache:
    """The cache in `folder` (made when first written). Methods raise `OutputError` when the disk refuses."""

    def __init__(self, folder: Path, limit_bytes: int = 20 * 10**9) -> None:
        self.path = folder / "cache.db"
        self._limit_bytes = limit_bytes
        self._engine: Engine | None = None

    def get(self, key: CacheKey) -> bytes | None:
        """The blob kept under `key`, or None."""
        where = "WHERE media_id=:media_id AND analyser=:analyser AND version=:version AND options=:options"
        with self._transaction() as run:
            row = run(f"SELECT body FROM analyses {where}", **key.row()).first()
            if row is None:
                return None
            run(f"UPDATE analyses SET used_at=:now {where}", now=time.time(), **key.row())
        return bytes(row[0])

    def put(self, key: CacheKey, body: bytes) -> None:
        """Keeps `body` under `key`, in place of what was there."""
        with self._transaction() as run:
            run(
                """INSERT INTO analyses VALUES (:media_id, :analyser, :version, :options, :body, :size, :now)
                ON CONFLICT (media_id, analyser, version, options)
                DO UPDATE SET body=excluded.body, size=excluded.size, used_at=excluded.used_at""",
                body=body,
                size=len(body),
                now=time.time(),
                **key.row(),
            )

    def file(self, path: Path, version: str) -> str | None:
        """What was kept about the file at `path`, if neither its size nor its time has changed since."""
        stat = path.stat()
        with self._transaction() as run:
            row = run(
                "SELECT body FROM files WHERE path=:path AND size=:size AND modified_ns=:modified AND version=:version",
                path=str(path),
                size=stat.st_size,
                modified=stat.st_mtime_ns,
                version=version,
            ).first()
        return None if row is None else str(row[0])

    def remember_file(self, path: Path, version: str, body: str) -> None:
        """Keeps `body` (a JSON text) about the file as it is now."""
        stat = path.stat()
        with self._transaction() as run:
            run(
                """INSERT INTO files VALUES (:path, :size, :modified, :version, :body) ON CONFLICT (path) DO UPDATE SET
                size=excluded.size, modified_ns=excluded.modified_ns, version=excluded.version, body=excluded.body""",
                path=str(path),
                size=stat.st_size,
                modified=stat.st_mtime_ns,
                version=version,
                body=body,
            )

    def info(self) -> CacheInfo:
        """What is kept now."""
        with self._transaction() as run:
            rows = run("SELECT analyser, COUNT(*), COALESCE(SUM(size), 0) FROM analyses GROUP BY analyser").all()
            files = run("SELECT COUNT(*) FROM files").scalar_one()
        kinds = {str(name): (int(count), int(size)) for name, count, size in rows}
        entries = sum(count for count, _ in kinds.values())
        return CacheInfo(str(self.path), entries, sum(size for _, size in kinds.values()), int(files), kinds)

    def clear(self) -> CacheInfo:
        """Forgets everything; returns what there was."""
        before = self.info()
        with self._transaction() as run:
            run("DELETE FROM analyses")
            run("DELETE FROM files")
        with self._connect() as connection:
            connection.exec_driver_sql("VACUUM")
        return before

    def trim(self, limit_bytes: int | None = None) -> int:
        """Drops the longest unused entries until the limit is kept, and gives the room back; returns how many went."""
        limit = self._limit_bytes if limit_bytes is None else max(0, limit_bytes)
        dropped = 0
        with self._transaction() as run:
            total = int(run("SELECT COALESCE(SUM(size), 0) FROM analyses").scalar_one())
            while total > limit:
                rows = run("SELECT rowid, size FROM analyses ORDER BY used_at LIMIT 64").all()
                for rowid, size in rows:
                    if total <= limit:
                        break
                    run("DELETE FROM analyses WHERE rowid=:rowid", rowid=rowid)
                    total, dropped = total - int(size), dropped + 1
        if dropped:
            self._shrink()
        return dropped

    def _shrink(self) -> None:
        """Pages that became free leave the file."""
        import sqlite3

        from sqlalchemy.exc import SQLAlchemyError

        try:
            with self._connect() as connection:
                driver: Any = connection.connection.driver_connection
                driver.executescript("PRAGMA incremental_vacuum")  # `execute` would stop after the first page
        except (SQLAlchemyError, sqlite3.Error) as cause:
            _LOG.info("the cache's file could not be made smaller now: %s", cause)

    def close(self) -> None:
        if self._engine is not None:
            self._engine.dispose()
            self._engine = None

    @contextmanager
    def _transaction(self) -> Iterator[Any]:
        from sqlalchemy import text
        from sqlalchemy.exc import SQLAlchemyError

        try:
            with self._connect() as connection, connection.begin():
                yield lambda statement, **values: connection.execute(text(statement), values)
        except SQLAlchemyError as cause:
            raise _refused(self.path, cause) from cause

    def _connect(self) -> Connection:
        if self._engine is None:
            self._engine = self._opened()
        return self._engine.connect()

    def _opened(self) -> Engine:
        from sqlalchemy.exc import DatabaseError

        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            _tag(self.path.parent)
        except OSError as cause:
            raise _refused(self.path, cause) from cause
        try:
            return _open(self.path)
        except DatabaseError as cause:
            if not _is_damaged(cause):
                raise _refused(self.path, cause) from cause
            _LOG.warning("The cache at %s was damaged; it is set aside and begun anew.", self.path)
            os.replace(self.path, self.path.with_name(f"cache.damaged-{int(time.time())}.db"))
            return _open(self.path)


def is_cache(folder: Path) -> bool:
    """Whether a program has marked `folder` as its cache: nothing in it was made by a person."""
    try:
        with (folder / CACHE_TAG).open("rb") as file:
            return file.read(len(CACHE_SIGNATURE)) == CACHE_SIGNATURE
    except OSError:
        return False


def _tag(folder: Path) -> None:
    tag = folder / CACHE_TAG
    if not tag.exists():
        with contextlib.suppress(OSError):  # a cache that can only be read has the tag or goes without
            tag.write_bytes(CACHE_SIGNATURE + b"\n# Made by Cutprint. It can be measured again: https://bford.info/cachedir/\n")


def _open(path: Path) -> Engine:
    from sqlalchemy import create_engine, event

    engine = create_engine(f"sqlite:///{path}", connect_args={"timeout": BUSY_TIMEOUT_S})

    @event.listens_for(engine, "connect")
    def _prepare(connection: Any, _record: Any) -> None:
        connection.execute("PRAGMA auto_vacuum=INCREMENTAL")  # counts for a file that is made just now
        write_ahead(connection)
        connection.execute("PRAGMA synchronous=NORMAL")

    try:
        with engine.begin() as connection:
            for statement in _SCHEMA:
                connection.exec_driver_sql(statement)
    except BaseException:
        engine.dispose()
        raise
    return engine


def write_ahead(connection: Any) -> None:
    """SQLite does not wait for its turn when it changes the journal: of two processes that make a cache together, one has to ask again."""
    import sqlite3

    give_up = time.monotonic() + BUSY_TIMEOUT_S
    while True:
        try:
            connection.execute("PRAGMA journal_mode=WAL")
            return
        except sqlite3.OperationalError as cause:
            if "locked" not in str(cause) or time.monotonic() > give_up:
                raise
            time.sleep(0.02)


def _is_damaged(cause: Exception) -> bool:
    words = str(cause).lower()
    return "not a database" in words or "malformed" in words


def _refused(path: Path, cause: Exception) -> OutputError:
    return OutputError(
        "cache_unwritable",
        f"The cache at {path} cannot be used: {getattr(cause, 'orig', None) or cause!s}.",
        "Free some space, or name another folder with --workspace or CUTPRINT_WORKSPACE.",
        path=str(path),
    )
