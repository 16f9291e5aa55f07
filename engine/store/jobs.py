"""Jobs as rows: submitted once, run by one bridge at a time, finished even when a bridge dies in the middle.

A running job belongs to its `owner`, who raises `beat` while alive. Another bridge may take it over when the owner is known to
be dead, or when it saw no beat for a while by its own monotonic clock: clocks of two machines, or a clock that jumps, are
never compared. Whoever lost a job can neither report nor finish it.
"""

from __future__ import annotations

import datetime
import hashlib
import json
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from engine.errors import NotFoundError, RefusedError

if TYPE_CHECKING:
    from sqlalchemy import Table
    from sqlalchemy.engine import Connection

    from engine.store.database import Database

__all__ = ["ACTIVE", "FINISHED", "Job", "JobStore", "request_digest"]

ACTIVE = ("queued", "running")
FINISHED = ("done", "failed", "cancelled")

MOST_RUNS = 5
"""Runs after which a job whose bridge always dies with it is given up (chosen: reboots happen, but not five in one job)."""


@dataclass(frozen=True)
class Job:
    """One row. `fraction` is 0 to 1 within the stage or None; `changes` rises with every change of the row."""

    job_id: str
    use_case: str
    request: Mapping[str, Any]
    door: str
    status: str
    priority: int
    attempts: int
    stage: str
    fraction: float | None
    remaining_s: float | None
    changes: int
    created_at: str
    started_at: str | None
    finished_at: str | None
    result: Mapping[str, Any] | None
    error: Mapping[str, Any] | None
    cancel_asked: bool
    owner: str | None
    beat: int

    @property
    def is_finished(self) -> bool:
        return self.status in FINISHED


def request_digest(use_case: str, request: Mapping[str, Any]) -> str:
    """The same for the same request, whatever the order of its keys."""
    text = json.dumps([use_case, request], sort_keys=True, ensure_ascii=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def precise_now() -> str:
    """UTC with microseconds, so that jobs of one second keep their order."""
    return datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


class JobStore:
    """The table of jobs. Methods that change a running job take its `owner` and do nothing (False) where it has another."""

    def __init__(self, database: Database, now: Callable[[], str] = precise_now) -> None:
        self._database = database
        self._now = now

    @property
    def _table(self) -> Table:
        from engine.store.tables import METADATA

        return METADATA.tables["jobs"]

    def submit(self, use_case: str, request: Mapping[str, Any], *, door: str, priority: int = 0, key: str | None = None) -> Job:
        """A new queued job, or the earlier one with that idempotency key. Raises `RefusedError` where the key meant another request."""
        digest = request_digest(use_case, request)
        with self._database.write() as connection:
            earlier = self._by_key(connection, key)
            if earlier is not None:
                return _same_request(earlier, digest, key)
            row = {
                "job_id": uuid.uuid4().hex[:16],
                "use_case": use_case,
                "request": dict(request),
                "door": door,
                "status": "queued",
                "priority": priority,
                "attempts": 0,
                "stage": "Waiting",
                "changes": 1,
                "created_at": self._now(),
                "idempotency_key": key,
                "request_digest": digest,
                "cancel_asked": False,
                "beat": 0,
            }
            connection.execute(self._table.insert(), row)
            return self._one(connection, str(row["job_id"]))

    def _by_key(self, connection: Connection, key: str | None) -> Any:
        if key is None:
            return None
        return connection.execute(self._table.select().where(self._table.c.idempotency_key == key)).mappings().first()

    def _one(self, connection: Connection, job_id: str) -> Job:
        row = connection.execute(self._table.select().where(self._table.c.job_id == job_id)).mappings().first()
        if row is None:
            raise NotFoundError("job_unknown", f"There is no job {job_id!r}.", "GET /v1/jobs lists them.")
        return _job(row)

    def get(self, job_id: str) -> Job:
        """Raises `NotFoundError` (`job_unknown`)."""
        with self._database.read() as connection:
            return self._one(connection, job_id)

    def recent(self, *, active: bool | None = None, limit: int = 100) -> list[Job]:
        """The newest first. active : only those that wait or run, or only those that do not."""
        statement = self._table.select().order_by(self._table.c.created_at.desc(), self._table.c.job_id).limit(limit)
        if active is not None:
            statement = statement.where(self._table.c.status.in_(ACTIVE if active else FINISHED))
        with self._database.read() as connection:
            return [_job(row) for row in connection.execute(statement).mappings()]

    def claim(self, owner: str, least_priority: int | None = None) -> Job | None:
        """The next job, now running for `owner`: highest priority first, then oldest. None where nothing waits."""
        table = self._table
        statement = table.select().where(table.c.status == "queued").order_by(table.c.priority.desc(), table.c.created_at, table.c.job_id)
        if least_priority is not None:
            statement = statement.where(table.c.priority >= least_priority)
        with self._database.write() as connection:
            row = connection.execute(statement.limit(1).with_for_update(skip_locked=True)).mappings().first()
            if row is None:
                return None
            changes = {
                "status": "running",
                "owner": owner,
                "attempts": row["attempts"] + 1,
                "beat": row["beat"] + 1,
                "started_at": row["started_at"] or self._now(),
                "stage": "Starting",
                "fraction": None,
                "remaining_s": None,
                "changes": row["changes"] + 1,
            }
            connection.execute(table.update().where(table.c.job_id == row["job_id"]).values(changes))
            return self._one(connection, row["job_id"])

    def report(self, job_id: str, owner: str, stage: str, fraction: float | None, remaining_s: float | None) -> bool:
        """Progress of a running job; also a sign of life."""
        table = self._table
        return self._change(
            job_id, owner, stage=stage, fraction=fraction, remaining_s=remaining_s, beat=table.c.beat + 1, changes=table.c.changes + 1
        )

    def alive(self, job_id: str, owner: str) -> bool:
        """A sign of life. False: the job is no longer this owner's, who has to stop."""
        return self._change(job_id, owner, beat=self._table.c.beat + 1)

    def finish(
        self, job_id: str, owner: str, status: str, result: Mapping[str, Any] | None = None, error: Mapping[str, Any] | None = None
    ) -> bool:
        """The end: done, failed or cancelled."""
        values = {
            "status": status,
            "result": None if result is None else dict(result),
            "error": None if error is None else dict(error),
            "fraction": 1.0 if status == "done" else None,
            "remaining_s": None,
            "finished_at": self._now(),
            "stage": {"done": "Done", "failed": "Failed", "cancelled": "Cancelled"}[status],
            "owner": None,
        }
        return self._change(job_id, owner, changes=self._table.c.changes + 1, **values)

    def give_back(self, job_id: str, owner: str) -> bool:
        """A running job waits again (the bridge shuts down)."""
        return self._change(job_id, owner, status="queued", owner=None, stage="Waiting", changes=self._table.c.changes + 1)

    def _change(self, job_id: str, holder: str, **values: Any) -> bool:
        table = self._table
        where = (table.c.job_id == job_id, table.c.owner == holder, table.c.status == "running")
        with self._database.write() as connection:
            return connection.execute(table.update().where(*where).values(**values)).rowcount == 1

    def ask_cancel(self, job_id: str) -> Job:
        """A waiting job is cancelled at once, a running one as soon as its owner sees it; a finished one stays as it is."""
        table = self._table
        with self._database.write() as connection:
            job = self._one(connection, job_id)
            values: dict[str, Any] = {"changes": table.c.changes + 1, "cancel_asked": True}
            if job.status == "queued":
                values |= {"status": "cancelled", "finished_at": self._now(), "stage": "Cancelled"}
                values["error"] = {"code": "cancelled", "message": "Stopped before it began.", "hint": "", "details": {}}
            if not job.is_finished:
                connection.execute(table.update().where(table.c.job_id == job_id).values(**values))
            return self._one(connection, job_id)

    def running(self) -> list[Job]:
        """Every job that somebody runs."""
        with self._database.read() as connection:
            rows = connection.execute(self._table.select().where(self._table.c.status == "running")).mappings()
            return [_job(row) for row in rows]

    def take_from(self, job: Job) -> bool:
        """Puts a dead owner's job back in the queue, unless it has moved since `job` was read. Given up after `MOST_RUNS`."""
        table = self._table
        values: dict[str, Any] = {"status": "queued", "owner": None, "stage": "Waiting", "changes": table.c.changes + 1}
        if job.attempts >= MOST_RUNS:
            message = f"The bridge stopped {job.attempts} times in the middle of it."
            error = {"code": "job_crashed", "message": message, "hint": "Look into the log, then ask again.", "details": {}}
            values |= {"status": "failed", "error": error, "finished_at": self._now(), "stage": "Failed"}
        where = (table.c.job_id == job.job_id, table.c.owner == job.owner, table.c.beat == job.beat, table.c.status == "running")
        with self._database.write() as connection:
            return connection.execute(table.update().where(*where).values(**values)).rowcount == 1

    def prune(self, keep: int = 5000) -> int:
        """Forgets the oldest finished jobs beyond `keep`; returns how many."""
        from sqlalchemy import select

        table = self._table
        kept = select(table.c.job_id).where(table.c.status.in_(FINISHED)).order_by(table.c.created_at.desc()).limit(keep)
        with self._database.write() as connection:
            statement = table.delete().where(table.c.status.in_(FINISHED), table.c.job_id.not_in(kept.scalar_subquery()))
            return int(connection.execute(statement).rowcount)


def _same_request(row: Mapping[str, Any], digest: str, key: str | None) -> Job:
    if row["request_digest"] != digest:
        message = f"The idempotency key {key!r} was used for another request."
        raise RefusedError("idempotency_conflict", message, "Use a new key for every new request.")
    return _job(row)


def _job(row: Any) -> Job:
    return Job(**{name: row[name] for name in Job.__dataclass_fields__})
