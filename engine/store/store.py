"""Store: everything that the database keeps, one attribute per theme over one `Database`."""

from __future__ import annotations

from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from engine.store.database import Database

if TYPE_CHECKING:
    from engine.store.answers import Answers
    from engine.store.events import EventLog
    from engine.store.folders import FolderStore
    from engine.store.jobs import JobStore
    from engine.store.library import Library
    from engine.store.outbox import Outbox
    from engine.store.profiles import ProfileStore
    from engine.store.uploads import Uploads

__all__ = ["Store"]


class Store:
    """Opened when first used. `url` as in `Database`."""

    def __init__(self, workspace: Path, url: str = "") -> None:
        self.database = Database(workspace, url)
        self._workspace = workspace

    @cached_property
    def events(self) -> EventLog:
        from engine.store.events import EventLog

        return EventLog(self.database)

    @cached_property
    def library(self) -> Library:
        from engine.store.library import Library

        return Library(self.database)

    @cached_property
    def jobs(self) -> JobStore:
        from engine.store.jobs import JobStore

        return JobStore(self.database)

    @cached_property
    def folders(self) -> FolderStore:
        from engine.store.folders import FolderStore

        return FolderStore(self.database)

    @cached_property
    def outbox(self) -> Outbox:
        from engine.store.outbox import Outbox

        return Outbox(self.database)

    @cached_property
    def profiles(self) -> ProfileStore:
        from engine.store.profiles import ProfileStore

        return ProfileStore(self.database)

    @cached_property
    def answers(self) -> Answers:
        from engine.store.answers import Answers

        return Answers(self.database)

    @cached_property
    def uploads(self) -> Uploads:
        from engine.store.uploads import Uploads

        return Uploads(self.database, self._workspace / "uploads")

    def close(self) -> None:
        self.database.close()
