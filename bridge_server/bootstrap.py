"""Start-up: settings, log, formats and workers put together into a Studio."""

from __future__ import annotations

import functools
import logging
import logging.handlers
import multiprocessing
import multiprocessing.process
import os
import signal
import threading
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Executor, ProcessPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from engine.settings import Settings, load_settings
from engine.studio.context import Studio
from engine.studio.workers import share_cores

__all__ = ["open_studio", "start_log"]

LOG_BYTES, LOG_FILES = 2_000_000, 3


@contextmanager
def open_studio(overrides: Mapping[str, Any], config: Path | None = None, door: str = "cli", job: str | None = None) -> Iterator[Studio]:
    """A Studio for one command or one server, closed afterwards. Raises what `load_settings` raises."""
    settings = load_settings(overrides, config)
    start_log(settings)
    formats: dict[str, Any] = {"writers": _LazyTable(_writers), "readers": _LazyTable(_readers), "unmark": _unmark}
    studio = Studio(settings, **formats, door=door, job=job, make_executor=_executors(settings))
    try:
        yield studio
    finally:
        studio.close()


class _LazyTable(Mapping[str, Any]):
    """A table of formats, loaded when somebody looks: most commands never do."""

    def __init__(self, load: Callable[[], Mapping[str, Any]]) -> None:
        self._table = functools.cache(load)

    def __getitem__(self, name: str) -> Any:
        return self._table()[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._table())

    def __len__(self) -> int:
        return len(self._table())


def _writers() -> Mapping[str, Any]:
    from otio_adapters.writers import WRITERS

    return WRITERS


def _readers() -> Mapping[str, Any]:
    from otio_adapters.readers import READERS

    return READERS


def _unmark(content: bytes, source: str = "the file") -> tuple[bytes, int]:
    from otio_adapters.unmarking import unmarked

    return unmarked(content, source)


def _executors(settings: Settings) -> Callable[[int], Executor]:
    """Where heavy work goes."""
    if not settings.executor:
        return _process_pool
    from bridge_server.cluster import cluster

    return lambda _workers: cluster(settings.executor)


def _process_pool(workers: int) -> Executor:
    # spawn everywhere: what works on Windows and macOS is what is tested on Linux
    return ProcessPoolExecutor(workers, multiprocessing.get_context("spawn"), initializer=_start_worker)


def _start_worker() -> None:
    """Ctrl-C goes to every process of a terminal; only the parent decides what it means."""
    share_cores()
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    parent = multiprocessing.parent_process()
    if parent is not None:  # a parent that was killed told nobody to stop
        threading.Thread(target=_die_with, args=(parent,), daemon=True).start()


def _die_with(parent: multiprocessing.process.BaseProcess) -> None:
    parent.join()
    os._exit(1)


class _LogFile(logging.handlers.RotatingFileHandler):
    """A disk that is full costs lines of the log; what the user must know of it is said by what failed."""

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802 - logging's own name
        pass


def start_log(settings: Settings) -> None:
    """The rotating log file in the workspace; none where that cannot be written (the command itself will say so)."""
    root = logging.getLogger()
    for handler in [one for one in root.handlers if getattr(one, "_cutprint", False)]:
        root.removeHandler(handler)
        handler.close()
    with suppress(OSError):
        folder = settings.workspace / "logs"
        folder.mkdir(parents=True, exist_ok=True)
        handler = _LogFile(folder / "cutprint.log", maxBytes=LOG_BYTES, backupCount=LOG_FILES, encoding="utf-8", delay=True)
        handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))
        handler._cutprint = True  # type: ignore[attr-defined]
        root.addHandler(handler)
        root.setLevel(settings.log_level)
