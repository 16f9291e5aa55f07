"""Store: everything that the database keeps, one attribute per theme over one `Database`."""

from __future__ import annotations

from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from engine.store.database import Database

if TYPE_CHECKING:
    from engine.store.events import EventLog

__all__ = ["Store"]


class Store:
    """Opened when first used. `url` as in `Database`."""

    def __init__(self, workspace: Path, url: str = "") -> None:
        self.database = Database(workspace, url)

    @cached_property
    def events(self) -> EventLog:
        from engine.store.events import EventLog

        return EventLog(self.database)

    def close(self) -> None:
        self.database.close()
