"""`POST /v1/call/<use_case>` for every row of the one table, and what describes them."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, jsonify, request

from bridge_server.routes.asking import body_object, calling_door, number_argument, services
from bridge_server.schemas import paths_of, request_from_json, request_schema
from engine.errors import BadOption
from engine.progress import SILENT
from engine.store.jobs import request_digest
from engine.studio.catalog import USE_CASES, UseCase

__all__ = ["ROUTES"]

ROUTES = Blueprint("calls", __name__)
LONGEST_KEY = 200
MOST_PRIORITY = 9


def offered() -> dict[str, UseCase]:
    """Rows of the table that HTTP offers."""
    return {name: case for name, case in USE_CASES.items() if not case.local}


@ROUTES.get("/v1/catalog", provide_automatic_options=False)
def catalog() -> Response:
    rows = [
        {
            "name": case.name,
            "summary": case.summary,
            "description": (case.request.__doc__ or "").strip(),
            "long": case.long,
            "read_only": case.read_only,
            "request": request_schema(case.request),
        }
        for case in offered().values()
    ]
    return jsonify({"use_cases": rows})


@ROUTES.get("/v1/openapi.json", provide_automatic_options=False)
def openapi() -> Response:
    from bridge_server.openapi import document

    return jsonify(document())


def _add_calls() -> None:
    for name, case in offered().items():
        ROUTES.add_url_rule(
            f"/v1/call/{name}", f"call_{name.replace('.', '_')}", _caller(case), methods=["POST"], provide_automatic_options=False
        )


def _caller(case: UseCase) -> Any:
    def call() -> Response:
        return _call(case)

    return call


def _call(case: UseCase) -> Response:
    body = body_object()
    wish = request_from_json(case, body)
    for name, path in paths_of(wish):
        services().paths.check(name, path)
    key, door = _key(), calling_door()
    priority = int(number_argument("priority", 0, 0, MOST_PRIORITY))
    return _as_job(case, body, key, priority, door) if case.long else _at_once(case, body, wish, key, door)


def _key() -> str | None:
    key = request.headers.get("Idempotency-Key")
    if key is not None and (not 0 < len(key) <= LONGEST_KEY or not key.isprintable()):
        raise BadOption("bad_request", f"An Idempotency-Key has 1 to {LONGEST_KEY} printable characters.", "Shorten it.")
    return key


def _as_job(case: UseCase, body: dict[str, Any], key: str | None, priority: int, door: str) -> Response:
    from bridge_server.routes.jobs import job_as_json

    here = services()
    job = here.studio.store.jobs.submit(case.name, body, door=door, priority=priority, key=key)
    here.runner.wake()
    response = jsonify({"job": job_as_json(job)})
    response.status_code = 202
    response.headers["Location"] = f"/v1/jobs/{job.job_id}"
    return response


def _at_once(case: UseCase, body: dict[str, Any], wish: Any, key: str | None, door: str) -> Response:
    here = services()
    studio = here.studio.through(door)
    if key is None:
        return jsonify(case.load()(studio, wish, SILENT))
    digest = request_digest(case.name, body)
    with here.keys.holding(key):
        first = here.studio.store.answers.find(key, digest)
        if first is None:
            result = case.load()(studio, wish, SILENT)
            here.studio.store.answers.keep(key, digest, 200, result, here.studio.now())
            return jsonify(result)
    response = jsonify(first[1])
    response.status_code = first[0]
    return response


_add_calls()
