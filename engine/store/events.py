"""Telemetry events, kept in the order in which they were recorded. They never leave the machine by themselves."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from engine.errors import DocumentError
from engine.model.events import EVENTS, Event
from engine.model.names import USER_ACTIONS

if TYPE_CHECKING:
    from sqlalchemy import Select

    from engine.store.database import Database

__all__ = ["EventLog", "event_as_json", "event_from_json"]

_ACTIONS: Mapping[type[Event], str] = MappingProxyType({kind: action for action, kind in EVENTS.items()})


def event_as_json(event: Event) -> dict[str, Any]:
    """`{"action": ..., **fields}`, as exports and HTTP have it."""
    return {"action": _ACTIONS[type(event)], **dataclasses.asdict(event)}


def event_from_json(row: Mapping[str, Any]) -> Event:
    """The event of such an object; fields that this version does not know are dropped. Raises `DocumentError`."""
    action = str(row.get("action"))
    if action not in EVENTS:
        raise DocumentError("event_unknown", f"{action!r} is no kind of event.", f"Known: {', '.join(USER_ACTIONS)}.")
    kind = EVENTS[action]
    names = {one.name for one in dataclasses.fields(kind)}
    values = {name: tuple(value) if isinstance(value, list) else value for name, value in row.items() if name in names}
    try:
        made: Event = kind(**values)
    except TypeError as cause:
        raise DocumentError("event_incomplete", f"An event {action} lacks fields: {cause}.", "Export them again.") from cause
    return made


class EventLog:
    """The table of events. `where` arguments that are None do not restrict."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def append(self, events: Sequence[Event]) -> None:
        """Keeps all of `events`, or none."""
        from engine.store.tables import METADATA

        if not events:
            return
        with self._database.write() as connection:
            connection.execute(METADATA.tables["events"].insert(), [_row(event) for event in events])

    def read(
        self, *, project_id: str | None = None, creator_id: str | None = None, since: str | None = None, until: str | None = None
    ) -> list[Event]:
        """Events in the order in which they were recorded; `since` <= timestamp < `until` (ISO 8601)."""
        statement = self._where(project_id, creator_id, since, until)
        with self._database.read() as connection:
            return [event_from_json(row.body) for row in connection.execute(statement)]

    def count(self) -> int:
        """How many there are."""
        from sqlalchemy import func, select

        from engine.store.tables import METADATA

        with self._database.read() as connection:
            return int(connection.execute(select(func.count()).select_from(METADATA.tables["events"])).scalar_one())

    def erase(self, *, project_id: str | None = None, creator_id: str | None = None) -> int:
        """Deletes them for good; returns how many. All of them where nothing restricts."""
        from sqlalchemy import delete

        from engine.store.tables import METADATA

        table = METADATA.tables["events"]
        statement = delete(table)
        if project_id is not None:
            statement = statement.where(table.c.project_id == project_id)
        if creator_id is not None:
            statement = statement.where(table.c.creator_id == creator_id)
        with self._database.write() as connection:
            return int(connection.execute(statement).rowcount)

    @staticmethod
    def _where(project_id: str | None, creator_id: str | None, since: str | None, until: str | None) -> Select[Any]:
        from sqlalchemy import select

        from engine.store.tables import METADATA

        table = METADATA.tables["events"]
        statement = select(table.c.body).order_by(table.c.number)
        for column, value in ((table.c.project_id, project_id), (table.c.creator_id, creator_id)):
            statement = statement if value is None else statement.where(column == value)
        statement = statement if since is None else statement.where(table.c.timestamp >= since)
        return statement if until is None else statement.where(table.c.timestamp < until)


def _row(event: Event) -> dict[str, Any]:
    body = event_as_json(event)
    same = ("timestamp", "action", "project_id", "revision", "creator_id", "door")
    return {**{name: body[name] for name in same}, "body": body}
