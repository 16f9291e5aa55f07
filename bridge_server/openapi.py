"""OpenAPI 3.1 of the bridge: a path per use case from the one table, and the routes beside them from the table below."""

from __future__ import annotations

from typing import Any

from bridge_server.routes.activities import ACTIVITY_SCHEMA, ANSWER_SCHEMA
from bridge_server.routes.agents import ACKNOWLEDGE_SCHEMA, AGENTS, FOLDER_SCHEMA, LONGEST_WAIT_S, POST_SCHEMA
from bridge_server.routes.asking import DOOR_HEADER, TOKEN_DOORS
from bridge_server.routes.calls import LONGEST_KEY, MOST_PRIORITY, offered
from bridge_server.routes.uploads import CREATE_SCHEMA
from bridge_server.schemas import request_schema
from engine import __version__
from engine.store.uploads import MOST_BYTES
from engine.studio.catalog import UseCase

__all__ = ["document"]

Part = dict[str, Any]

_TEXT: Part = {"type": "string"}
_NUMBER: Part = {"type": ["number", "null"]}
_MAYBE: Part = {"type": ["string", "null"]}

ERROR: Part = {
    "type": "object",
    "properties": {
        "error": {
            "type": "object",
            "properties": {"code": _TEXT, "message": _TEXT, "hint": _TEXT, "details": {"type": "object"}},
            "required": ["code", "message", "hint", "details"],
            "additionalProperties": False,
        }
    },
    "required": ["error"],
    "additionalProperties": False,
}

JOB: Part = {
    "type": "object",
    "properties": {
        "id": _TEXT,
        "use_case": _TEXT,
        "status": {"enum": ["queued", "running", "done", "failed", "cancelled"]},
        "priority": {"type": "integer"},
        "attempts": {"type": "integer"},
        "stage": _TEXT,
        "fraction": {**_NUMBER, "description": "0 to 1 within the stage; null while unknown."},
        "remaining_s": {**_NUMBER, "description": "Seconds left in this stage by the pace so far."},
        "changes": {"type": "integer", "description": "Rises with every change: the id of events."},
        "created_at": _TEXT,
        "started_at": _MAYBE,
        "finished_at": _MAYBE,
        "cancel_asked": {"type": "boolean"},
        "result": {"type": ["object", "null"], "description": "What the use case returns; null in lists."},
        "error": {"anyOf": [ERROR["properties"]["error"], {"type": "null"}]},
    },
    "required": ["id", "use_case", "status", "stage", "fraction", "remaining_s", "changes", "result", "error"],
    "additionalProperties": False,
}

UPLOAD: Part = {
    "type": "object",
    "properties": {
        "id": _TEXT,
        "name": _TEXT,
        "size_bytes": {"type": "integer"},
        "sha256": _MAYBE,
        "status": {"enum": ["open", "done"]},
        "path": {**_MAYBE, "description": "Where the file lies once it is done."},
        "created_at": _TEXT,
        "received": {"type": "integer", "description": "Bytes that arrived: where the next piece goes."},
    },
    "required": ["id", "name", "size_bytes", "status", "received", "path"],
    "additionalProperties": False,
}

COMMAND: Part = {
    "type": "object",
    "properties": {
        "id": _TEXT,
        "number": {"type": "integer"},
        "agent": {"enum": list(AGENTS)},
        "kind": _TEXT,
        "payload": {"type": "object"},
        "status": {"enum": ["waiting", "claimed", "done", "failed", "expired"]},
        "created_at": {"type": "number"},
        "claimed_at": _NUMBER,
        "claimed_by": _MAYBE,
        "result": {"type": ["object", "null"]},
        "expires_in_s": {"type": "number"},
    },
    "required": ["id", "agent", "kind", "payload", "status"],
    "additionalProperties": False,
}


def document() -> Part:
    """The whole description as JSON."""
    paths: Part = {f"/v1/call/{name}": {"post": _call(case)} for name, case in offered().items()}
    for path, operations in _ROUTES.items():
        paths[path] = {method: _with_errors(operation) for method, operation in operations.items()}
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Cutprint bridge",
            "version": __version__,
            "description": "Local only. Every call needs the token of bridge.json.",
        },
        "servers": [{"url": "/"}],
        "security": [{"token": []}, {"session": []}],
        "paths": dict(sorted(paths.items())),
        "components": {
            "securitySchemes": {
                "token": {"type": "http", "scheme": "bearer"},
                "session": {"type": "apiKey", "in": "cookie", "name": "cutprint_session"},
            },
            "schemas": {"Error": ERROR, "Job": JOB, "Upload": UPLOAD, "Command": COMMAND},
        },
    }


def _ref(name: str) -> Part:
    return {"$ref": f"#/components/schemas/{name}"}


def _holding(name: str, schema: Part) -> Part:
    return {"type": "object", "properties": {name: schema}, "required": [name], "additionalProperties": False}


def _answer(description: str, schema: Part) -> Part:
    return {"description": description, "content": {"application/json": {"schema": schema}}}


def _with_errors(operation: Part) -> Part:
    error = _answer("What is wrong and what to do about it.", _ref("Error"))
    responses = {**operation["responses"]}
    for status in ("400", "401", "403", "404", "409", "411", "413", "415", "422", "500", "503"):
        responses.setdefault(status, error)
    return {**operation, "responses": responses}


def _body(schema: Part) -> Part:
    return {"required": True, "content": {"application/json": {"schema": schema}}}


def _parameter(place: str, name: str, schema: Part, description: str, required: bool = False) -> Part:
    return {"name": name, "in": place, "required": required or place == "path", "schema": schema, "description": description}


def _id(name: str) -> Part:
    return _parameter("path", name, {"type": "string", "minLength": 1, "maxLength": 64}, "Its id.")


def _call(case: UseCase) -> Part:
    key = {"type": "string", "minLength": 1, "maxLength": LONGEST_KEY, "pattern": "^[ -~]+$"}
    priority = {"type": "integer", "minimum": 0, "maximum": MOST_PRIORITY, "default": 0}
    answer = {"202": _answer("The job that does it.", _holding("job", _ref("Job")))}
    if not case.long:
        answer = {"200": _answer("The result.", {"type": "object"})}
    return _with_errors(
        {
            "operationId": f"call_{case.name.replace('.', '_')}",
            "summary": case.summary,
            "description": (case.request.__doc__ or "").strip(),
            "parameters": [
                _parameter("header", "Idempotency-Key", key, "A repeated request with the same key gets the first answer."),
                _parameter("header", DOOR_HEADER, {"enum": list(TOKEN_DOORS), "default": "http"}, "What asks; events say it."),
                _parameter("query", "priority", priority, "Above 0: does not wait behind heavy jobs."),
            ],
            "requestBody": _body({name: part for name, part in request_schema(case.request).items() if name != "title"}),
            "responses": answer,
        }
    )


def _get(summary: str, description: str, schema: Part, *parameters: Part, **more: Part) -> Part:
    return {"summary": summary, "parameters": list(parameters), "responses": {"200": _answer(description, schema), **more}}


_LIST_OF_JOBS = _holding("jobs", {"type": "array", "items": _ref("Job")})
_PATHS = {"type": "array", "items": _TEXT}
_FOLDERS: Part = {
    "type": "object",
    "properties": {"open": _PATHS, "watched": _PATHS},
    "required": ["open", "watched"],
    "additionalProperties": False,
}
_FILE: Part = {"schema": {}}
_AGENT = _parameter("query", "agent", {"enum": list(AGENTS)}, "Which program it lives in.", required=True)
_BY = _parameter(
    "query", "by", {"type": "string", "minLength": 1, "maxLength": 128, "pattern": "^[!-~]+$"}, "One running agent.", required=True
)

_ACTIVITY: Part = {
    "type": "object",
    "properties": {
        "id": _TEXT,
        "state": _TEXT,
        "activity": {"type": "object"},
        "answer": {"type": ["object", "null"]},
        "cancel": {"type": "boolean"},
        "silent_s": _NUMBER,
        "gone": {"type": "boolean"},
        "connected": {"type": "boolean", "description": "Whether an agent waits for commands."},
    },
    "required": ["id", "state", "activity", "answer", "cancel", "silent_s", "gone"],
    "additionalProperties": False,
}
_WHICH = _parameter("path", "agent", {"enum": list(AGENTS)}, "Which program it lives in.")

_ROUTES: dict[str, dict[str, Part]] = {
    "/v1/agents/{agent}/activity": {
        "get": _get("What an agent is doing.", "The activity.", _ACTIVITY, _WHICH),
        "post": {
            "summary": "Report what an agent is doing, or what it wants to know (token only).",
            "parameters": [_WHICH],
            "requestBody": _body(ACTIVITY_SCHEMA),
            "responses": {"200": _answer("The activity with the person's word.", _ACTIVITY)},
        },
    },
    "/v1/agents/{agent}/answer": {
        "post": {
            "summary": "The person's answer, or stop.",
            "parameters": [_WHICH],
            "requestBody": _body(ANSWER_SCHEMA),
            "responses": {"200": _answer("The activity.", _ACTIVITY)},
        }
    },
    "/healthz": {
        "get": {
            **_get(
                "A sign of life; needs no token.",
                "It lives.",
                {
                    "type": "object",
                    "properties": {"status": {"const": "ok"}, "program": {"const": "cutprint"}, "version": _TEXT},
                    "required": ["status", "program", "version"],
                },
            ),
            "security": [],
        }
    },
    "/v1/catalog": {"get": _get("Every use case with its schema.", "The catalog.", _holding("use_cases", {"type": "array"}))},
    "/v1/openapi.json": {"get": _get("This description.", "OpenAPI 3.1.", {"type": "object"})},
    "/v1/jobs": {
        "get": _get(
            "Jobs, newest first, without their results.",
            "Jobs.",
            _LIST_OF_JOBS,
            _parameter("query", "state", {"enum": ["active", "finished"]}, "Only those."),
            _parameter("query", "limit", {"type": "integer", "minimum": 1, "maximum": 500, "default": 100}, "How many."),
        )
    },
    "/v1/jobs/{job_id}": {
        "get": _get("One job.", "The job.", _holding("job", _ref("Job")), _id("job_id")),
        "delete": _get("Cancel a job.", "The job, cancelled or about to be.", _holding("job", _ref("Job")), _id("job_id")),
    },
    "/v1/jobs/{job_id}/events": {
        "get": {
            "summary": "Follow a job: server-sent events whose data is the job. Beyond the cap 503: poll instead.",
            "parameters": [_id("job_id")],
            "responses": {"200": {"description": "Events.", "content": {"text/event-stream": _FILE}}},
        }
    },
    "/v1/media/{media_id}/thumbnail": {
        "get": {
            "summary": "A still of known media.",
            "parameters": [
                _id("media_id"),
                _parameter("query", "t", {"type": "number", "minimum": 0, "maximum": 1e6, "default": 0}, "Second of the media."),
                _parameter(
                    "query", "width", {"type": "number", "minimum": 16, "maximum": 4096, "default": 320}, "Longest side wished for, px."
                ),
            ],
            "responses": {"200": {"description": "A picture.", "content": {"image/jpeg": _FILE}}},
        }
    },
    "/v1/media/{media_id}/waveform": {
        "get": _get(
            "The shape of known media's sound.",
            "Peaks.",
            {"type": "object", "properties": {"peaks": {"type": "array", "items": {"type": "number"}}}, "required": ["peaks"]},
            _id("media_id"),
            _parameter("query", "points", {"type": "number", "minimum": 10, "maximum": 8000, "default": 800}, "Parts."),
        )
    },
    "/v1/media/{media_id}/proxy": {
        "get": {
            "summary": "A playable file of known media; ranges are answered.",
            "parameters": [_id("media_id")],
            "responses": {
                "200": {"description": "The file.", "content": {"*/*": _FILE}},
                "206": {"description": "A part.", "content": {"*/*": _FILE}},
            },
        }
    },
    "/v1/uploads": {
        "post": {
            "summary": "Begin a file that comes in pieces.",
            "requestBody": _body(CREATE_SCHEMA),
            "responses": {"201": _answer("The empty upload.", _holding("upload", _ref("Upload")))},
        }
    },
    "/v1/uploads/{upload_id}": {
        "get": _get("How much arrived.", "The upload.", _holding("upload", _ref("Upload")), _id("upload_id")),
        "delete": _get("Give an upload up, or delete its file.", "What it was.", _holding("upload", _ref("Upload")), _id("upload_id")),
        "patch": {
            "summary": "Append a piece of at most 16 MiB where the last one ended.",
            "parameters": [
                _id("upload_id"),
                _parameter(
                    "query", "offset", {"type": "number", "minimum": 0, "maximum": MOST_BYTES}, "Bytes received so far.", required=True
                ),
            ],
            "requestBody": {"required": True, "content": {"application/octet-stream": _FILE}},
            "responses": {"200": _answer("The upload.", _holding("upload", _ref("Upload")))},
        },
    },
    "/v1/uploads/{upload_id}/finish": {
        "post": {
            "summary": "The file is whole: check it and put it under its name.",
            "parameters": [_id("upload_id")],
            "responses": {"200": _answer("The upload.", _holding("upload", _ref("Upload")))},
        }
    },
    "/v1/outbox": {
        "get": _get(
            "The next command of an agent, claimed; waits for one when told (token only).",
            "The command, or null.",
            _holding("command", {"anyOf": [_ref("Command"), {"type": "null"}]}),
            _AGENT,
            _BY,
            _parameter("query", "wait", {"type": "number", "minimum": 0, "maximum": LONGEST_WAIT_S, "default": 0}, "Seconds."),
        ),
        "post": {
            "summary": "Ask an agent for something.",
            "requestBody": _body(POST_SCHEMA),
            "responses": {"201": _answer("The command.", _holding("command", _ref("Command")))},
        },
    },
    "/v1/outbox/{command_id}": {
        "get": _get("What became of a command.", "The command.", _holding("command", _ref("Command")), _id("command_id")),
        "post": {
            "summary": "Report the end of a claimed command.",
            "parameters": [_id("command_id")],
            "requestBody": _body(ACKNOWLEDGE_SCHEMA),
            "responses": {"200": _answer("The command.", _holding("command", _ref("Command")))},
        },
    },
    "/v1/folders": {
        "get": _get("Folders that were opened or are watched.", "Folders.", _FOLDERS),
        "post": {
            "summary": "Open a folder for calls (token only).",
            "requestBody": _body(FOLDER_SCHEMA),
            "responses": {"200": _answer("Folders.", _FOLDERS)},
        },
    },
    "/v1/links": {
        "post": {
            "summary": "A link that signs a browser in, once (token only).",
            "responses": {"201": _answer("The link.", _holding("url", _TEXT))},
        }
    },
}
