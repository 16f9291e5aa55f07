"""`watch`: adds folders to those that are watched, and watches in this terminal where no bridge runs that does."""

from __future__ import annotations

import logging
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bridge_server.serving import running_bridge
from engine.errors import BadOption, Cancelled

if TYPE_CHECKING:
    from bridge_server.door_requests import WatchRequest
    from engine.progress import Progress
    from engine.studio.context import Studio

__all__ = ["watch"]

_LOG = logging.getLogger(__name__)


def watch(studio: Studio, request: WatchRequest, progress: Progress) -> dict[str, Any]:
    """Handler of `watch`: the folders that are watched, who watches, and what was handled."""
    store = studio.store.folders
    for folder in request.folders:
        _change(studio, folder, request.forget)
    running = running_bridge(studio.workspace)
    watcher = "the bridge" if running else "this terminal"
    if not request.forget and not running:
        _watch_here(studio, request.once, progress)
    marks = [{"path": mark.path, "status": mark.status, **dict(mark.details)} for mark in store.marks()]
    return {"watched": [str(path) for path in store.watched()], "by": None if request.forget else watcher, "handled": marks}


def _change(studio: Studio, folder: Path, forget: bool) -> None:
    store = studio.store.folders
    if forget:
        if not (store.unwatch(folder.absolute()) or store.unwatch(folder.resolve())):
            raise BadOption("no_folder", f"{folder} was not watched.", "`cutprint folders list` shows what is.")
        return
    if not folder.is_dir():
        raise BadOption("no_folder", f"{folder} is no folder.", "Make it first, then drop shoots into it.")
    store.watch(folder.resolve(), studio.now())


def _watch_here(studio: Studio, once: bool, progress: Progress) -> None:
    from bridge_server.jobs import JobRunner
    from bridge_server.watching.watcher import Watcher

    runner = JobRunner(studio.store, studio.settings)
    watcher = Watcher(studio, runner, say=_say)
    runner.start()
    try:
        progress.stage("Watching; Ctrl-C ends it")
        watcher.start()
        if once:
            _until_idle(watcher, progress)
            return
        while True:
            progress.check()
            time.sleep(0.2)
    except Cancelled:
        return
    finally:
        watcher.stop()
        runner.stop()


def _until_idle(watcher: Any, progress: Progress) -> None:
    """Until nothing has been left to do for a moment."""
    quiet_since = time.monotonic()
    while time.monotonic() - quiet_since < 2.0:
        progress.check()
        if watcher.busy:
            quiet_since = time.monotonic()
        time.sleep(0.2)


def _say(words: str) -> None:
    _LOG.info(words)
    sys.stderr.write(f"{words}\n")
    sys.stderr.flush()
