"""Events of the file system, where they come: they only say that a look is due."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

__all__ = ["Events"]

_LOG = logging.getLogger(__name__)


class Events:
    """Calls `changed` when something changes below the folders that are followed; silent where the system sends nothing."""

    def __init__(self, changed: Callable[[], None]) -> None:
        self._changed = changed
        self._followed: dict[Path, Any] = {}
        self._observer: Any = None

    def follow(self, folders: Sequence[Path]) -> None:
        """From now on these, and no others."""
        for gone in set(self._followed) - set(folders):
            self._observer.unschedule(self._followed.pop(gone))
        for folder in folders:
            if folder not in self._followed and folder.is_dir():
                self._add(folder)

    def _add(self, folder: Path) -> None:
        from watchdog.events import FileSystemEventHandler
        from watchdog.observers import Observer

        changed = self._changed

        class Handler(FileSystemEventHandler):
            def on_any_event(self, event: Any) -> None:
                if event.event_type not in ("opened", "closed_no_write"):  # looking is no change
                    changed()

        try:
            if self._observer is None:
                self._observer = Observer()
                self._observer.start()
            self._followed[folder] = self._observer.schedule(Handler(), str(folder), recursive=True)
        except (OSError, RuntimeError) as cause:  # no more watches to be had, or a file system without events: regular looks go on
            _LOG.info("no events from %s (%s); it is looked at regularly", folder, cause)

    def close(self) -> None:
        """No more events."""
        if self._observer is not None:
            self._observer.stop()
            self._observer.join(5)
