"""Folders that the user opened, folders that are watched, and what was already done in those."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sqlalchemy import Table

    from engine.store.database import Database

__all__ = ["FolderStore", "Mark"]


@dataclass(frozen=True)
class Mark:
    """What became of a shoot's folder, or of a returned file, when it looked like `signature`.

    status : working, done or problem.
    """

    path: str
    signature: str
    status: str
    handled_at: str
    job_id: str | None = None
    details: Mapping[str, Any] = field(default_factory=dict)


class FolderStore:
    """Tables roots, watched and watch_marks. Paths are absolute and resolved by the caller."""

    def __init__(self, database: Database) -> None:
        self._database = database

    @staticmethod
    def _table(name: str) -> Table:
        from engine.store.tables import METADATA

        return METADATA.tables[name]

    def roots(self) -> list[Path]:
        """Folders that the user opened, watched ones included."""
        with self._database.read() as connection:
            found = [str(row.path) for name in ("roots", "watched") for row in connection.execute(self._table(name).select())]
        return [Path(path) for path in dict.fromkeys(sorted(found))]

    def watched(self) -> list[Path]:
        """Folders that `serve` watches."""
        table = self._table("watched")
        with self._database.read() as connection:
            return [Path(row.path) for row in connection.execute(table.select().order_by(table.c.added_at, table.c.path))]

    def open_root(self, path: Path, now: str) -> None:
        """From now on files below `path` may be asked for through the bridge."""
        self._add("roots", path, {"added_at": now})

    def close_root(self, path: Path) -> bool:
        """Takes that back; returns whether it was open."""
        return self._remove("roots", path)

    def watch(self, path: Path, now: str) -> None:
        """Adds a folder to those that are watched."""
        self._add("watched", path, {"added_at": now, "settings": {}})

    def unwatch(self, path: Path) -> bool:
        """Takes that back; returns whether it was watched."""
        return self._remove("watched", path)

    def _add(self, name: str, path: Path, values: Mapping[str, Any]) -> None:
        table = self._table(name)
        with self._database.write() as connection:
            if connection.execute(table.select().where(table.c.path == str(path))).first() is None:
                connection.execute(table.insert(), {"path": str(path), **values})

    def _remove(self, name: str, path: Path) -> bool:
        table = self._table(name)
        with self._database.write() as connection:
            return connection.execute(table.delete().where(table.c.path == str(path))).rowcount == 1

    def mark(self, mark: Mark) -> None:
        """Remembers what became of something; the newest word counts."""
        table = self._table("watch_marks")
        row: dict[str, Any] = {"signature": mark.signature, "status": mark.status, "job_id": mark.job_id}
        row |= {"handled_at": mark.handled_at, "details": dict(mark.details)}
        with self._database.write() as connection:
            if connection.execute(table.update().where(table.c.path == mark.path).values(row)).rowcount == 0:
                connection.execute(table.insert(), {"path": mark.path, **row})

    def marked(self, path: Path) -> Mark | None:
        """The newest word on it."""
        table = self._table("watch_marks")
        with self._database.read() as connection:
            row = connection.execute(table.select().where(table.c.path == str(path))).mappings().first()
        return None if row is None else Mark(**row)

    def marks(self) -> list[Mark]:
        """Everything that was handled, by path."""
        table = self._table("watch_marks")
        with self._database.read() as connection:
            return [Mark(**row) for row in connection.execute(table.select().order_by(table.c.path)).mappings()]
