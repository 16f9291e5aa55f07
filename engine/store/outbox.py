"""Typed commands for agents inside editing programs: each claimed by one agent, acknowledged once, worthless when old.

Wall-clock times are only compared with wall-clock times of this table; a clock that jumps can let a command expire early, never
run twice.
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from engine.errors import NotFoundError, RefusedError

if TYPE_CHECKING:
    from sqlalchemy import Table
    from sqlalchemy.engine import Connection

    from engine.store.database import Database

__all__ = ["EXPIRES_AFTER_S", "Command", "Outbox"]

EXPIRES_AFTER_S = 120.0
"""Age at which a command is no longer what the person at the editing program wants (CONTRACTS: 120 s)."""

KEPT = 1000
"""Ended commands kept, so that a late question about one is answered."""


@dataclass(frozen=True)
class Command:
    """One command. `status`: waiting, claimed, done, failed or expired."""

    command_id: str
    number: int
    agent: str
    kind: str
    payload: Mapping[str, Any]
    status: str
    created_at: float
    claimed_at: float | None
    claimed_by: str | None
    result: Mapping[str, Any] | None


class Outbox:
    """The table of commands."""

    def __init__(self, database: Database, clock: Callable[[], float] = time.time) -> None:
        self._database = database
        self._clock = clock

    @property
    def _table(self) -> Table:
        from engine.store.tables import METADATA

        return METADATA.tables["outbox"]

    def post(self, agent: str, kind: str, payload: Mapping[str, Any], command_id: str | None = None) -> Command:
        """A waiting command; posting the same id again gives the earlier one."""
        from sqlalchemy import func, select

        command_id = command_id or uuid.uuid4().hex[:16]
        with self._database.write() as connection:
            earlier = self._find(connection, command_id)
            if earlier is not None:
                return _same_command(earlier, agent, kind, payload)
            last = connection.execute(select(func.max(self._table.c.number))).scalar() or 0
            values = {"command_id": command_id, "number": last + 1, "agent": agent, "kind": kind, "payload": dict(payload)}
            connection.execute(self._table.insert(), {**values, "status": "waiting", "created_at": self._clock()})
            found = self._find(connection, command_id)
        assert found is not None
        return found

    def waits(self, agent: str) -> bool:
        """Whether there is a command to claim; looks only, so that waiting agents take no turn from writers."""
        table = self._table
        with self._database.read() as connection:
            where = (table.c.agent == agent, table.c.status == "waiting", table.c.created_at >= self._clock() - EXPIRES_AFTER_S)
            return connection.execute(table.select().where(*where).limit(1)).first() is not None

    def claim(self, agent: str, by: str) -> Command | None:
        """The oldest waiting command of an agent, now claimed by `by` (one running agent); None where nothing waits."""
        table = self._table
        with self._database.write() as connection:
            self._expire(connection)
            where = (table.c.agent == agent, table.c.status == "waiting")
            statement = table.select().where(*where).order_by(table.c.number).limit(1).with_for_update(skip_locked=True)
            row = connection.execute(statement).mappings().first()
            if row is None:
                return None
            values = {"status": "claimed", "claimed_by": by, "claimed_at": self._clock()}
            connection.execute(table.update().where(table.c.command_id == row["command_id"]).values(values))
            return self._find(connection, row["command_id"])

    def acknowledge(self, command_id: str, by: str, status: str, result: Mapping[str, Any]) -> Command:
        """The end of a command, reported by who claimed it; a repeated report changes nothing."""
        table = self._table
        with self._database.write() as connection:
            found = self._known(connection, command_id)
            if found.status in ("done", "failed") and found.claimed_by == by:
                return found
            if found.status != "claimed" or found.claimed_by != by:
                message = f"Command {command_id} is {found.status} and not claimed by {by!r}."
                raise RefusedError("command_not_yours", message, "Claim a command before reporting on it.")
            connection.execute(table.update().where(table.c.command_id == command_id).values(status=status, result=dict(result)))
            return self._known(connection, command_id)

    def prune(self) -> int:
        """Forgets the oldest ended commands beyond `KEPT`; returns how many."""
        from sqlalchemy import select

        table = self._table
        ended = table.c.status.in_(("done", "failed", "expired"))
        kept = select(table.c.number).where(ended).order_by(table.c.number.desc()).limit(KEPT)
        with self._database.write() as connection:
            self._expire(connection)
            return int(connection.execute(table.delete().where(ended, table.c.number.not_in(kept.scalar_subquery()))).rowcount)

    def get(self, command_id: str) -> Command:
        """Raises `NotFoundError` (`command_unknown`)."""
        with self._database.write() as connection:
            self._expire(connection)
            return self._known(connection, command_id)

    def _expire(self, connection: Connection) -> None:
        table = self._table
        old = self._clock() - EXPIRES_AFTER_S
        stale = (table.c.status.in_(("waiting", "claimed")), table.c.created_at < old)
        connection.execute(table.update().where(*stale).values(status="expired"))

    def _find(self, connection: Connection, command_id: str) -> Command | None:
        row = connection.execute(self._table.select().where(self._table.c.command_id == command_id)).mappings().first()
        return None if row is None else Command(**row)

    def _known(self, connection: Connection, command_id: str) -> Command:
        found = self._find(connection, command_id)
        if found is None:
            raise NotFoundError("command_unknown", f"There is no command {command_id!r}.", "It may have been removed.")
        return found


def _same_command(earlier: Command, agent: str, kind: str, payload: Mapping[str, Any]) -> Command:
    if (earlier.agent, earlier.kind, dict(earlier.payload)) != (agent, kind, dict(payload)):
        raise RefusedError("command_conflict", f"Command {earlier.command_id} was posted with other content.", "Use a new id.")
    return earlier
