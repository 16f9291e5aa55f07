"""What the bridge's routes work with: the studio, the runner of jobs, the guard, and what keeps streams few and cheap."""

from __future__ import annotations

import contextlib
import threading
import time
from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from bridge_server.activities import Activities
from engine.errors import MissingToolError
from engine.store.jobs import Job, JobStore

if TYPE_CHECKING:
    from bridge_server.guard import Guard, PathRules
    from bridge_server.jobs import JobRunner
    from engine.studio.context import Studio

__all__ = ["Board", "KeyLocks", "Services", "Streams"]

MOST_STREAMS = 20
"""Event streams at once: each holds a thread of the server."""

MOST_LONG_POLLS = 8
"""Waiting agents at once; beyond, an agent gets its answer at once and asks again."""

FRESH_S = 0.2
"""Age up to which a job's row may be told again without asking the database (chosen: progress is reported five times a second)."""

BOARD_ROWS = 500


class Board:
    """Jobs as they were a moment ago, so that hundreds of clients that poll cost the database next to nothing."""

    def __init__(self, jobs: JobStore) -> None:
        self._jobs = jobs
        self._rows: OrderedDict[str, tuple[float, Job]] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, job_id: str) -> Job:
        """Raises `NotFoundError`."""
        now = time.monotonic()
        with self._lock:
            known = self._rows.get(job_id)
        if known is not None and (known[1].is_finished or now - known[0] < FRESH_S):
            return known[1]
        job = self._jobs.get(job_id)
        with self._lock:
            self._rows[job_id] = (now, job)
            self._rows.move_to_end(job_id)
            while len(self._rows) > BOARD_ROWS:
                self._rows.popitem(last=False)
        return job

    def forget(self, job_id: str) -> None:
        """The row has just been changed."""
        with self._lock:
            self._rows.pop(job_id, None)


class Streams:
    """At most so many long answers at once."""

    def __init__(self, most: int) -> None:
        self._free = threading.BoundedSemaphore(most)
        self.most = most

    def take(self) -> None:
        """Raises `MissingToolError` (HTTP 503) where all are taken; else `give` has to follow."""
        if not self._free.acquire(blocking=False):
            hint = "Ask GET /v1/jobs/ID every second instead."
            raise MissingToolError("streams_busy", f"{self.most} streams are open already.", hint)

    def give(self) -> None:
        self._free.release()

    @contextlib.contextmanager
    def one(self) -> Iterator[None]:
        self.take()
        try:
            yield
        finally:
            self.give()


class KeyLocks:
    """One caller at a time for each idempotency key."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._held: dict[str, tuple[threading.Lock, int]] = {}

    @contextlib.contextmanager
    def holding(self, key: str) -> Iterator[None]:
        with self._lock:
            lock, count = self._held.get(key, (threading.Lock(), 0))
            self._held[key] = (lock, count + 1)
        try:
            with lock:
                yield
        finally:
            with self._lock:
                lock, count = self._held[key]
                if count == 1:
                    del self._held[key]
                else:
                    self._held[key] = (lock, count - 1)


@dataclass
class Services:
    """One running bridge."""

    studio: Studio
    runner: JobRunner
    guard: Guard
    paths: PathRules
    board: Board
    streams: Streams = field(default_factory=lambda: Streams(MOST_STREAMS))
    long_polls: Streams = field(default_factory=lambda: Streams(MOST_LONG_POLLS))
    activities: Activities = field(default_factory=Activities)
    keys: KeyLocks = field(default_factory=KeyLocks)
    stopping: threading.Event = field(default_factory=threading.Event)
    started_at: float = field(default_factory=time.monotonic)
