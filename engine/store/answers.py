"""First answers by idempotency key: a repeated request gets what the first one got."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from engine.errors import RefusedError

if TYPE_CHECKING:
    from sqlalchemy import Table

    from engine.store.database import Database

__all__ = ["Answers"]

KEPT = 10_000
"""Answers kept (chosen: days of hard use; a key is repeated within minutes)."""


class Answers:
    """The table of answers."""

    def __init__(self, database: Database) -> None:
        self._database = database

    @property
    def _table(self) -> Table:
        from engine.store.tables import METADATA

        return METADATA.tables["answers"]

    def find(self, key: str, digest: str) -> tuple[int, Mapping[str, Any]] | None:
        """Status and body that the key got first. Raises `RefusedError` where it meant another request."""
        with self._database.read() as connection:
            row = connection.execute(self._table.select().where(self._table.c.key == key)).mappings().first()
        if row is None:
            return None
        if row["request_digest"] != digest:
            message = f"The idempotency key {key!r} was used for another request."
            raise RefusedError("idempotency_conflict", message, "Use a new key for every new request.")
        return int(row["status"]), dict(row["body"])

    def keep(self, key: str, digest: str, status: int, body: Mapping[str, Any], now: str) -> None:
        """Keeps an answer; the first one stays."""
        table = self._table
        with self._database.write() as connection:
            if connection.execute(table.select().where(table.c.key == key)).first() is None:
                values = {"key": key, "request_digest": digest, "status": status, "body": dict(body), "answered_at": now}
                connection.execute(table.insert(), values)

    def prune(self) -> int:
        """Forgets the oldest beyond `KEPT`; returns how many."""
        from sqlalchemy import select

        table = self._table
        kept = select(table.c.key).order_by(table.c.answered_at.desc()).limit(KEPT)
        with self._database.write() as connection:
            return int(connection.execute(table.delete().where(table.c.key.not_in(kept.scalar_subquery()))).rowcount)
