"""JobRunner: takes jobs from the table and sees them through, each in a process of its own, whatever dies in the middle.

A job's process that the system kills is started once more, then reported. A bridge that is killed leaves rows that say `running`;
the next bridge sees that their owner is dead (its lock is free) and runs them again. A bridge elsewhere (PostgreSQL) is believed
dead when its jobs show no sign of life for a while.
"""

from __future__ import annotations

import contextlib
import dataclasses
import json
import logging
import os
import signal
import socket
import subprocess
import sys
import threading
import time
import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from engine.errors import CutprintError
from engine.settings import Settings
from engine.store.jobs import Job
from engine.store.locks import FileLock
from engine.store.store import Store

__all__ = ["Activity", "JobRunner"]

SLOTS = 2
"""Jobs at once. The first takes any, the others only urgent ones: a heavy job uses every core by itself."""

URGENT = 1
"""Least priority of jobs that need not wait behind a heavy one."""

LOOK_EVERY_S = 1.0
"""How often the table is looked at for jobs that others put there (chosen: a second feels prompt for something that takes minutes)."""

BEAT_EVERY_S = 2.0
SILENT_S = 30.0
"""Silence after which an owner on another machine counts as dead (chosen: 15 missed beats)."""

CANCEL_GRACE_S = 20.0
"""How long a cancelled job may tidy up before it is killed (chosen: an encoder closes its file within seconds)."""

BUSY = ("output_busy", "creator_busy", "database_busy")
LEFT_OVER_S = 30.0
"""How long a job that was taken over waits for the dead bridge's process to let go (that ends by itself within ten seconds)."""

STARTS = 2
"""Starts of one job's process before it is reported: once, and once more."""

_LOG = logging.getLogger(__name__)


class Activity:
    """What jobs do right now: remaining time by stage. Pure; the clock is handed in."""

    def __init__(self) -> None:
        self._stage, self._began = "", 0.0

    def remaining_s(self, stage: str, fraction: float | None, now_s: float) -> float | None:
        """Seconds left in this stage by the pace so far; None while that cannot be told."""
        if stage != self._stage:
            self._stage, self._began = stage, now_s
        if not fraction or fraction < 0.02:
            return None
        return max(0.0, (now_s - self._began) * (1 - fraction) / fraction)


@dataclass
class _Attempt:
    """What one process of a job came to."""

    result: Mapping[str, Any] | None = None
    error: Mapping[str, Any] | None = None
    cancelled: bool = False
    lost: bool = False  # the job belongs to somebody else now
    died: bool = False
    told: threading.Event = field(default_factory=threading.Event)  # the process was asked to stop


class JobRunner:
    """Runs jobs from `start` to `stop`, with the settings that its bridge was started with."""

    def __init__(self, store: Store, settings: Settings, slots: int = SLOTS) -> None:
        self._store, self._settings, self._workspace = store, settings, settings.workspace
        self.owner = f"{socket.gethostname()[:60]}/{uuid.uuid4().hex[:12]}"
        self._lock = FileLock(_lock_path(settings.workspace, self.owner))
        self._stopping = threading.Event()
        self._wake = threading.Condition()
        self._slots = slots
        self._threads: list[threading.Thread] = []
        self._seen: dict[str, tuple[int, float]] = {}

    def start(self) -> None:
        """Begins to take jobs; first of all those that a dead bridge left."""
        self._lock.take()
        self.take_over()
        for number in range(self._slots):
            least = None if number == 0 else URGENT
            self._threads.append(threading.Thread(target=self._work, args=(least,), name=f"jobs-{number}", daemon=True))
        self._threads.append(threading.Thread(target=self._keep, name="jobs-keeper", daemon=True))
        for thread in self._threads:
            thread.start()

    def stop(self, timeout_s: float = 30.0) -> None:
        """Stops what runs, and puts it back into the queue for the next start."""
        self._stopping.set()
        self.wake()
        deadline = time.monotonic() + timeout_s
        for thread in self._threads:
            thread.join(max(0.1, deadline - time.monotonic()))
        self._lock.close()
        with contextlib.suppress(OSError):
            self._lock.path.unlink()

    def wake(self) -> None:
        """There may be something to do."""
        with self._wake:
            self._wake.notify_all()

    def take_over(self) -> int:
        """Puts jobs of dead bridges back into the queue; returns how many."""
        taken = 0
        for job in self._store.jobs.running():
            if job.owner != self.owner and self._is_dead(job) and self._store.jobs.take_from(job):
                _LOG.warning("job %s was left by a bridge that died; it runs again", job.job_id)
                taken += 1
        return taken

    def _is_dead(self, job: Job) -> bool:
        path = _lock_path(self._workspace, job.owner or "")
        if path.exists():
            lock = FileLock(path)
            if lock.take():
                lock.close()
                return True
            return False
        beat, since = self._seen.get(job.job_id, (-1, 0.0))
        now = time.monotonic()
        if beat != job.beat:
            self._seen[job.job_id] = (job.beat, now)
            return False
        return now - since > SILENT_S

    def _keep(self) -> None:
        """Looks after jobs of others while running."""
        while not self._stopping.wait(BEAT_EVERY_S):
            with _reported("looking for jobs of dead bridges"):
                if self.take_over():
                    self.wake()

    def _work(self, least: int | None) -> None:
        while not self._stopping.is_set():
            job = None
            with _reported("taking a job"):
                job = self._store.jobs.claim(self.owner, least)
            if job is None:
                with self._wake:
                    self._wake.wait(LOOK_EVERY_S)
                continue
            with _reported(f"running job {job.job_id}"):
                self._see_through(job)

    def _see_through(self, job: Job) -> None:
        for number in range(1, STARTS + 1):
            attempt = self._attempt_after_the_dead(job)
            if not attempt.died:
                break
            _LOG.warning("the process of job %s was killed (start %d of %d)", job.job_id, number, STARTS)
        if attempt.lost:
            return
        if attempt.told.is_set() and self._stopping.is_set() and attempt.result is None:
            self._store.jobs.give_back(job.job_id, self.owner)
            return
        error = attempt.error or _died(attempt)
        status = "done" if attempt.result is not None else "cancelled" if attempt.cancelled else "failed"
        self._finish(job, status, attempt.result, error)

    def _attempt_after_the_dead(self, job: Job) -> _Attempt:
        """An attempt; again for a while where a process that outlived its killed bridge still holds what the job needs."""
        until = time.monotonic() + (LEFT_OVER_S if job.attempts > 1 else 0.0)
        while True:
            attempt = self._attempt(job)
            busy = attempt.error is not None and attempt.error.get("code") in BUSY
            if not busy or time.monotonic() > until or self._stopping.wait(BEAT_EVERY_S):
                return attempt

    def _finish(self, job: Job, status: str, result: Mapping[str, Any] | None, error: Mapping[str, Any]) -> None:
        """Tells the table, patiently: a job that is done must not be lost to a database that is busy."""
        for pause_s in (0.5, 2.0, 8.0, 30.0, None):
            try:
                self._store.jobs.finish(job.job_id, self.owner, status, result, None if status == "done" else error)
            except CutprintError as cause:
                if pause_s is None:
                    raise
                _LOG.warning("the end of job %s could not be written yet: %s", job.job_id, cause.message)
                self._stopping.wait(pause_s)
            else:
                return

    def _attempt(self, job: Job) -> _Attempt:
        attempt = _Attempt()
        process = _start()
        try:
            order: dict[str, Any] = {"job_id": job.job_id, "use_case": job.use_case, "request": dict(job.request), "door": job.door}
            order["settings"] = {**dataclasses.asdict(self._settings), "workspace": str(self._workspace.absolute())}
            _tell(process, json.dumps(order))
            ended = threading.Event()
            keeper = threading.Thread(target=self._watch, args=(job, process, attempt, ended), daemon=True)
            keeper.start()
            self._listen(job, process, attempt)
            ended.set()
            keeper.join()
        finally:
            _end(process)
        attempt.died = attempt.result is None and attempt.error is None and not attempt.lost and not attempt.told.is_set()
        return attempt

    def _listen(self, job: Job, process: subprocess.Popen[str], attempt: _Attempt) -> None:
        activity = Activity()
        assert process.stdout is not None
        for text in process.stdout:
            with contextlib.suppress(ValueError):
                message = json.loads(text)
                if "stage" in message:
                    left = activity.remaining_s(message["stage"], message["fraction"], time.monotonic())
                    with _reported("writing progress"):
                        self._store.jobs.report(job.job_id, self.owner, message["stage"], message["fraction"], left)
                else:
                    _take_end(message, attempt)

    def _watch(self, job: Job, process: subprocess.Popen[str], attempt: _Attempt, ended: threading.Event) -> None:
        """Signs of life, and asking the process to stop when it has to."""
        killed_at = None
        while not ended.wait(0.25 if attempt.told.is_set() else BEAT_EVERY_S / 4):
            with _reported("watching a job"):
                attempt.lost = not self._store.jobs.alive(job.job_id, self.owner)
                stop = attempt.lost or self._stopping.is_set() or self._store.jobs.get(job.job_id).cancel_asked
                if stop and not attempt.told.is_set():
                    attempt.told.set()
                    _tell(process, "cancel")
                    killed_at = time.monotonic() + CANCEL_GRACE_S
            if killed_at is not None and time.monotonic() > killed_at:
                _end(process)
                killed_at = None


def _lock_path(workspace: Path, owner: str) -> Path:
    return workspace / "bridges" / f"{owner.rpartition('/')[2]}.lock"


def _take_end(message: Mapping[str, Any], attempt: _Attempt) -> None:
    if "result" in message:
        attempt.result = message["result"]
    elif "bug" in message:
        hint = "The log in the workspace's logs folder tells what; please report it with that id."
        words = f"Something went wrong inside Cutprint (id {message['bug']})."
        attempt.error = {"code": "bug", "message": words, "hint": hint, "details": {"id": message["bug"]}}
    else:
        attempt.error, attempt.cancelled = message["error"], bool(message.get("cancelled"))


def _died(attempt: _Attempt) -> dict[str, Any]:
    if attempt.told.is_set():
        attempt.cancelled = True
        return {"code": "cancelled", "message": "Stopped before it was done.", "hint": "", "details": {}}
    message = f"The process working on it was stopped by the system, {STARTS} times."
    return {"code": "worker_died", "message": message, "hint": "Free some memory, then ask again.", "details": {}}


def _start() -> subprocess.Popen[str]:
    """A job's process, in a group of its own so that Ctrl-C at the bridge does not reach it."""
    flags: dict[str, Any] = {"start_new_session": True}
    if os.name == "nt":
        group, modest = subprocess.CREATE_NEW_PROCESS_GROUP, subprocess.BELOW_NORMAL_PRIORITY_CLASS  # type: ignore[attr-defined,unused-ignore]
        flags = {"creationflags": group | modest}
    return subprocess.Popen(
        [sys.executable, "-m", "bridge_server.job_process"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        encoding="utf-8",
        **flags,
    )


def _tell(process: subprocess.Popen[str], text: str) -> None:
    assert process.stdin is not None
    with contextlib.suppress(OSError, ValueError):
        process.stdin.write(text + "\n")
        process.stdin.flush()


def _end(process: subprocess.Popen[str]) -> None:
    """The process and everything it started are gone afterwards."""
    if process.returncode is None:  # its number is still its own
        with contextlib.suppress(OSError):
            _kill_tree(process.pid)
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(timeout=5)
    for stream in (process.stdin, process.stdout):
        if stream is not None:
            with contextlib.suppress(OSError):
                stream.close()


def _kill_tree(pid: int) -> None:
    if os.name == "nt":
        subprocess.run(["taskkill", "/T", "/F", "/PID", str(pid)], capture_output=True, check=False)
    else:
        os.killpg(pid, signal.SIGKILL)  # type: ignore[attr-defined,unused-ignore]  # the group has its leader's number


@contextlib.contextmanager
def _reported(doing: str) -> Iterator[None]:
    """A thread that looks after jobs outlives what goes wrong once; the log tells."""
    try:
        yield
    except CutprintError as error:
        _LOG.warning("%s: %s", doing, error.message)
    except Exception:
        _LOG.exception("%s", doing)
