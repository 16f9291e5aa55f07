"""Jobs: looked at, followed, cancelled."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from typing import Any

from flask import Blueprint, Response, jsonify, request

from bridge_server.routes.asking import choice_argument, number_argument, services
from bridge_server.services import Services
from engine.store.jobs import Job

__all__ = ["ROUTES", "job_as_json"]

ROUTES = Blueprint("jobs", __name__)
LOOK_EVERY_S = 0.25
"""How often a stream looks at its job."""

COMMENT_EVERY_S = 10.0
"""A stream that has nothing to say says so this often, so that a client that left is noticed."""

STREAM_S = 15 * 60.0
"""Length of one stream; the client opens the next one by itself."""


def job_as_json(job: Job) -> dict[str, Any]:
    """A job as HTTP shows it."""
    return {
        "id": job.job_id,
        "use_case": job.use_case,
        "status": job.status,
        "priority": job.priority,
        "attempts": job.attempts,
        "stage": job.stage,
        "fraction": job.fraction,
        "remaining_s": job.remaining_s,
        "changes": job.changes,
        "created_at": job.created_at,
        "started_at": job.started_at,
        "finished_at": job.finished_at,
        "cancel_asked": job.cancel_asked,
        "result": job.result,
        "error": job.error,
    }


@ROUTES.get("/v1/jobs", provide_automatic_options=False)
def jobs() -> Response:
    state = choice_argument("state", ("active", "finished"))
    limit = int(number_argument("limit", 100, 1, 500))
    found = services().studio.store.jobs.recent(active=None if state is None else state == "active", limit=limit)
    rows = [{**job_as_json(job), "result": None} for job in found]  # results can be large: ask for the one
    return jsonify({"jobs": rows})


@ROUTES.get("/v1/jobs/<job_id>", provide_automatic_options=False)
def one_job(job_id: str) -> Response:
    return jsonify({"job": job_as_json(services().board.get(job_id))})


@ROUTES.delete("/v1/jobs/<job_id>", provide_automatic_options=False)
def cancel(job_id: str) -> Response:
    here = services()
    job = here.studio.store.jobs.ask_cancel(job_id)
    here.board.forget(job_id)
    return jsonify({"job": job_as_json(job)})


@ROUTES.get("/v1/jobs/<job_id>/events", provide_automatic_options=False)
def events(job_id: str) -> Response:
    here = services()
    here.board.get(job_id)
    seen = request.headers.get("Last-Event-ID", "")
    here.streams.take()
    stream = _Stream(here, job_id, int(seen) if seen.isdigit() else -1)
    return Response(stream, content_type="text/event-stream; charset=utf-8", headers={"X-Accel-Buffering": "no"})


class _Stream:
    """The lines of one stream; gives its place back however it ends."""

    def __init__(self, here: Services, job_id: str, seen: int) -> None:
        self._here, self._open = here, True
        self._lines = _lines(here, job_id, seen)

    def __iter__(self) -> Iterator[bytes]:
        return self

    def __next__(self) -> bytes:
        try:
            return next(self._lines)
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        if self._open:
            self._open = False
            self._here.streams.give()


def _lines(here: Services, job_id: str, seen: int) -> Iterator[bytes]:
    yield b"retry: 2000\n\n"
    end, spoke = time.monotonic() + STREAM_S, time.monotonic()
    while time.monotonic() < end:
        job = here.board.get(job_id)
        if job.changes != seen:
            seen, spoke = job.changes, time.monotonic()
            kind = job.status if job.is_finished else "progress"
            yield f"id: {seen}\nevent: {kind}\ndata: {json.dumps(job_as_json(job))}\n\n".encode()
        if job.is_finished or here.stopping.is_set():
            return
        if time.monotonic() - spoke > COMMENT_EVERY_S:
            spoke = time.monotonic()
            yield b": still there\n\n"
        here.stopping.wait(LOOK_EVERY_S)
