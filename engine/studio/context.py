"""Studio: what handlers work with. Start-up code builds one and closes it."""

from __future__ import annotations

import dataclasses
import datetime
import logging
import uuid
from collections.abc import Callable
from concurrent.futures import Executor
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from engine.errors import CutprintError, MissingToolError, RefusedError
from engine.model.interchange import Readers, Unmark, Writers
from engine.settings import Settings

if TYPE_CHECKING:
    from engine.model.events import Event
    from engine.store.cache import AnalysisCache
    from engine.store.store import Store

__all__ = ["DOORS", "Studio", "utc_now"]

DOORS = ("cli", "panel", "http", "watch", "mcp", "nle")
"""Command line, review panel, other programs, watched folders, assistants, editing programs."""

_LOG = logging.getLogger(__name__)


def utc_now() -> str:
    """Now, as documents write it: UTC, whole seconds, ISO 8601."""
    return datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")


def _no_executor(_workers: int) -> Executor:
    raise RefusedError("no_executor", "This door was started without worker processes.")


def _no_unmark(content: bytes, source: str = "the file") -> tuple[bytes, int]:
    raise MissingToolError("format_missing", "This door opens no timelines of other programs.", "Use the `cutprint` command.")


@dataclass(frozen=True)
class Studio:
    """Settings, formats, clock and workers, handed in; cache and store, opened when first needed.

    make_executor : workers -> Executor. `engine.studio.workers.run_all` uses one per job and shuts it down after.
    """

    settings: Settings
    writers: Writers = field(default_factory=dict)
    readers: Readers = field(default_factory=dict)
    unmark: Unmark = _no_unmark
    door: str = "cli"
    """Through which of `DOORS` the wish came; events say it."""
    job: str | None = None
    """The job that this studio works for; None where somebody waits for the answer."""
    make_executor: Callable[[int], Executor] = _no_executor
    now: Callable[[], str] = utc_now
    new_id: Callable[[], str] = lambda: uuid.uuid4().hex[:12]

    def through(self, door: str) -> Studio:
        """This studio, entered by another door; cache and store are shared, so only the first one is closed."""
        other = dataclasses.replace(self, door=door)
        other.__dict__.update(cache=self.cache, store=self.store)
        return other

    @property
    def workspace(self) -> Path:
        return self.settings.workspace

    @cached_property
    def cache(self) -> AnalysisCache:
        from engine.store.cache import AnalysisCache

        return AnalysisCache(self.workspace / "cache", int(self.settings.cache_limit_gb * 1e9))

    @cached_property
    def store(self) -> Store:
        from engine.store.store import Store

        return Store(self.workspace, self.settings.database_url)

    def proxy(self, media_id: str) -> Path | None:
        """The clip's small copy for preview, where one is kept (`engine.studio.proxies.ensure` makes what is missing)."""
        from engine.studio import proxies

        return proxies.kept(self, media_id)

    def record(self, *events: Event) -> bool:
        """Keeps telemetry events; returns whether that was possible.

        What a person asked for has already happened when it is recorded, so a database that cannot be used is said in the
        log and by `doctor`, and stops nobody.
        """
        try:
            self.store.events.append(events)
        except CutprintError as error:
            _LOG.warning("%d events were not kept: %s", len(events), error.message)
            return False
        return True

    def close(self) -> None:
        for name in ("cache", "store"):
            if name in self.__dict__:
                getattr(self, name).close()
