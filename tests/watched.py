"""A watched folder and its watcher, with a clock that only the test moves."""

from __future__ import annotations

from pathlib import Path

from bridge_server.jobs import JobRunner
from bridge_server.watching.watcher import Watcher
from engine.studio.context import Studio


class Watched:
    """`restart` : a new watcher on the same folder, as after the bridge was started again."""

    def __init__(self, studio: Studio, folder: Path) -> None:
        self.studio, self.folder, self.now_s = studio, folder, 1000.0
        self.said: list[str] = []
        studio.store.folders.watch(folder, studio.now())
        self.restart()

    def restart(self) -> None:
        runner = JobRunner(self.studio.store, self.studio.settings)
        self.watcher = Watcher(self.studio, runner, clock=lambda: self.now_s, say=self.said.append)
