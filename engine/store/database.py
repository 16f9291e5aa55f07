"""The one database: SQLite in the workspace by default, PostgreSQL by URL. Made and brought up to date when first opened.

What it holds cannot be made again, so nothing here ever replaces a file: a damaged, foreign or newer database is refused.
Writers take their turn at the beginning of a transaction (`BEGIN IMMEDIATE`), so that none finds out half-way that it must wait.
"""

from __future__ import annotations

import errno
import hashlib
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from engine.errors import CutprintError, DocumentError, MissingToolError, OutputError, RefusedError
from engine.store.locks import FileLock
from engine.store.migrations import HEAD_REVISION, REVISIONS

if TYPE_CHECKING:
    from sqlalchemy.engine import Connection, Engine

__all__ = ["FILE_NAME", "Database", "shown_url"]

FILE_NAME = "cutprint.db"
BUSY_TIMEOUT_S = 30.0
"""How long a write waits for another process (chosen: far longer than any of our transactions)."""

POOL_CONNECTIONS = 20
"""Connections kept open (chosen: the bridge's threads and its streams; each costs a file handle or two)."""

MIGRATION_LOCK = 0x637574
"""PostgreSQL's advisory lock under which one process at a time makes tables ("cut" in ASCII)."""


class Database:
    """Opened when first used; safe to share between threads. `url`: SQLAlchemy's form; empty means SQLite in `workspace`."""

    def __init__(self, workspace: Path, url: str = "", busy_timeout_s: float = BUSY_TIMEOUT_S) -> None:
        self.path: Path | None = None if url else workspace / FILE_NAME
        self.url = _driver(url) or f"sqlite:///{workspace / FILE_NAME}"
        if self.url.startswith("sqlite:///") and self.path is None:
            self.path = Path(self.url.removeprefix("sqlite:///"))
        self._busy_timeout_s = busy_timeout_s
        self._engine: Engine | None = None

    @property
    def is_sqlite(self) -> bool:
        return self.path is not None

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """A connection for looking only. Raises what `refusal` says."""
        with self._errors(), self._opened().connect() as connection, connection.begin():
            yield connection

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """A connection in one transaction: all of it is kept, or nothing."""
        with self._errors(), self._opened().connect().execution_options(cutprint_write=True) as connection, connection.begin():
            yield connection

    def close(self) -> None:
        if self._engine is not None:
            self._engine.dispose()
            self._engine = None

    @contextmanager
    def turn(self, name: str) -> Iterator[bool]:
        """Whether this process alone holds `name` meanwhile: a lock file beside SQLite, PostgreSQL's own lock for everybody who uses it."""
        digest = hashlib.sha256(name.encode()).digest()
        if self.path is not None:
            lock = FileLock(self.path.parent / "locks" / f"{digest.hex()[:32]}.lock")
            _make_folder(lock.path.parent)
            try:
                yield lock.take()
            finally:
                lock.close()
            return
        number = int.from_bytes(digest[:8], "big", signed=True)
        with self._errors(), self._opened().connect() as connection:
            mine = bool(connection.exec_driver_sql(f"SELECT pg_try_advisory_lock({number})").scalar())
            connection.commit()
            try:
                yield mine
            finally:
                if mine:
                    connection.exec_driver_sql(f"SELECT pg_advisory_unlock({number})")

    def forget(self) -> None:
        """What was deleted leaves the disk now, the log of changes included (PostgreSQL cleans up by itself)."""
        if self.is_sqlite:
            with self._errors(), self._opened().connect() as connection:
                driver: Any = connection.connection.driver_connection
                driver.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()

    def check(self) -> str:
        """The revision found, after a quick look over every page (SQLite). Raises `DocumentError` for a damaged one."""
        with self.read() as connection:
            if self.is_sqlite:
                verdict = str(connection.exec_driver_sql("PRAGMA quick_check(1)").scalar())
                if verdict != "ok":
                    raise _damaged(self.path, verdict)
            return str(_revision(connection))

    @contextmanager
    def _errors(self) -> Iterator[None]:
        from sqlalchemy.exc import SQLAlchemyError

        try:
            yield
        except SQLAlchemyError as cause:
            refusal = _refusal(self, cause)
            if refusal is None:
                raise
            raise refusal from cause

    def _opened(self) -> Engine:
        if self._engine is None:
            engine = _engine(self)
            try:
                _bring_up_to_date(engine, self)
            except BaseException:
                engine.dispose()
                raise
            if self._engine is None:
                self._engine = engine
            else:  # another thread was first
                engine.dispose()
        return self._engine


def shown_url(url: str) -> str:
    """The URL without its password."""
    from sqlalchemy.engine import make_url

    return make_url(url).render_as_string(hide_password=True)


def _driver(url: str) -> str:
    """`postgresql://` as people write it -> with the driver that the extra brings."""
    for plain in ("postgresql://", "postgres://"):
        if url.startswith(plain):
            return f"postgresql+pg8000://{url[len(plain) :]}"
    return url


def _engine(database: Database) -> Engine:
    from sqlalchemy import create_engine, event
    from sqlalchemy.exc import ArgumentError

    if database.path is not None:
        _make_folder(database.path.parent)
        arguments: dict[str, Any] = {"connect_args": {"timeout": database._busy_timeout_s, "check_same_thread": False}}
    else:
        arguments = {"pool_pre_ping": True}
    hint = "Write it as postgresql://user:password@host/database, with `pip install cutprint[postgres]`."
    try:
        engine = create_engine(database.url, pool_size=POOL_CONNECTIONS, max_overflow=POOL_CONNECTIONS, **arguments)
    except ModuleNotFoundError as cause:
        raise MissingToolError("database_driver_missing", f"The database's driver is not installed ({cause.name}).", hint) from cause
    except ArgumentError as cause:
        raise DocumentError("database_bad_url", "CUTPRINT_DATABASE_URL is no address of a database.", hint) from cause
    if database.is_sqlite:
        event.listen(engine, "connect", _prepare_sqlite)
        event.listen(engine, "begin", _begin_sqlite)
    return engine


def _make_folder(folder: Path) -> None:
    from engine.store.projects import disk_error

    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as cause:
        raise disk_error(folder, cause) from cause


def _prepare_sqlite(connection: Any, _record: Any) -> None:
    connection.isolation_level = None  # the driver would begin transactions by rules of its own
    connection.execute("PRAGMA foreign_keys=ON")
    connection.execute("PRAGMA synchronous=NORMAL")
    connection.execute("PRAGMA secure_delete=ON")  # what a person had deleted is overwritten, not only unlinked


def _begin_sqlite(connection: Connection) -> None:
    writes = connection.get_execution_options().get("cutprint_write", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


def _bring_up_to_date(engine: Engine, database: Database) -> None:
    with database._errors():
        with engine.connect() as connection, connection.begin():
            if _checked(connection, database) == HEAD_REVISION:
                return
        if database.is_sqlite:
            _write_ahead(engine)
        with engine.connect().execution_options(cutprint_write=True) as connection, connection.begin():
            if not database.is_sqlite:
                connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({MIGRATION_LOCK})")
            if _checked(connection, database) != HEAD_REVISION:  # another process may have been quicker
                _migrate(connection)


def _write_ahead(engine: Engine) -> None:
    """Readers beside a writer, from now on for this file; only once it is known to be ours."""
    from engine.store.cache import write_ahead

    connection = engine.raw_connection()
    try:
        write_ahead(connection.driver_connection)
    finally:
        connection.close()


def _checked(connection: Connection, database: Database) -> str | None:
    """The revision found, None for an empty database. Raises `DocumentError` for one that is not ours to change."""
    found = _revision(connection)
    if found is None and database.is_sqlite and connection.exec_driver_sql("SELECT COUNT(*) FROM sqlite_master").scalar():
        message = f"{database.path} is a database of another program."
        raise DocumentError("database_foreign", message, "Name another folder with --workspace or CUTPRINT_WORKSPACE.")
    if found is not None and found not in REVISIONS:
        message = f"The database was written by a newer Cutprint (step {found}; this one knows {HEAD_REVISION})."
        hint = "Update Cutprint, or name another workspace. Nothing was changed."
        raise DocumentError("database_newer", message, hint, found=found, known=HEAD_REVISION)
    return found


def _revision(connection: Connection) -> str | None:
    from sqlalchemy import inspect

    if not inspect(connection).has_table("alembic_version"):
        return None
    found = connection.exec_driver_sql("SELECT version_num FROM alembic_version").scalar()
    return None if found is None else str(found)


def _migrate(connection: Connection) -> None:
    from alembic import command
    from alembic.config import Config

    config = Config()
    folder = str(Path(__file__).with_name("migrations"))
    config.set_main_option("script_location", folder.replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    command.upgrade(config, "head")


def _refusal(database: Database, cause: Exception) -> CutprintError | None:
    """The user's view of what the driver said; None for what can only be a bug of ours."""
    from sqlalchemy.exc import IntegrityError

    original = getattr(cause, "orig", None)
    words = str(original or cause).lower()
    if isinstance(cause, IntegrityError):
        return None
    if any(word in words for word in ("not a database", "malformed")):
        return _damaged(database.path, str(original))
    if any(word in words for word in ("locked", "busy")):
        hint = "Wait for the other Cutprint, or close the program that holds the database open."
        return RefusedError("database_busy", f"The database did not get free within {database._busy_timeout_s:g} s.", hint)
    if "is full" in words or getattr(original, "errno", None) == errno.ENOSPC:
        hint = "Free some space, or name another workspace."
        return OutputError("disk_full", f"There is no space left for {database.path or 'the database'}.", hint)
    return _unreachable(database, original or cause, words) if _is_outside(original) else None


def _is_outside(original: object) -> bool:
    """Whether the file or the server is at fault, not a statement of ours."""
    if isinstance(original, sqlite3.OperationalError):
        return any(word in str(original).lower() for word in ("readonly", "unable to open", "disk i/o"))
    return type(original).__name__ == "InterfaceError" or _sql_state(original).startswith(_STATES_OUTSIDE)


_STATES_OUTSIDE = ("08", "28", "3D", "53", "57")
"""Classes of SQLSTATE: connection, authorization, no such database, resources, shutdown (PostgreSQL manual, appendix A)."""


def _sql_state(original: object) -> str:
    first = original.args[0] if isinstance(original, Exception) and original.args else None
    return str(first.get("C", "")) if isinstance(first, dict) else ""


def _unreachable(database: Database, cause: object, words: str) -> OutputError:
    hint = "Check its folder's permissions." if database.is_sqlite else "Check CUTPRINT_DATABASE_URL and that the server runs."
    shown = words if database.is_sqlite else type(cause).__name__
    return OutputError("database_unreachable", f"The database cannot be opened ({shown}).", hint)


def _damaged(path: Path | None, said: str) -> DocumentError:
    hint = "`cutprint restore FILE` puts a backup in its place; the damaged one was left untouched."
    return DocumentError("database_damaged", f"The database at {path} is damaged ({said}).", hint, path=str(path))
