"""Placeholder replaced below."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from bridge_server.jobs import JobRunner
    from engine.studio.context import Studio


class Watcher:
    def __init__(self, studio: Studio, runner: JobRunner) -> None:
        pass

    def start(self) -> None:
        pass

    def stop(self) -> None:
        pass
