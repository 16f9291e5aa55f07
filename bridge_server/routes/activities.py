"""What an agent inside an editing program is doing: reported by it, shown to and answered by the person."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, jsonify

from bridge_server.activities import STATES
from bridge_server.routes.agents import AGENTS
from bridge_server.routes.asking import body_object, services, token_only
from engine.errors import NotFoundError

__all__ = ["ACTIVITY_SCHEMA", "ANSWER_SCHEMA", "ROUTES"]

ROUTES = Blueprint("activities", __name__)
_TEXT = {"type": "string", "maxLength": 4000}
_ID = {"type": "string", "minLength": 1, "maxLength": 64, "pattern": "^[A-Za-z0-9._:-]+$"}
_PLAIN = {"type": ["string", "number", "boolean", "null"]}
_FIELD: dict[str, Any] = {
    "type": "object",
    "properties": {
        "name": _ID,
        "label": _TEXT,
        "kind": {"enum": ["text", "number", "choice"]},
        "value": _PLAIN,
        "choices": {"type": "array", "items": {"type": "string", "maxLength": 1000}, "maxItems": 500},
    },
    "required": ["name", "label", "kind"],
    "additionalProperties": False,
}

ACTIVITY_SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {
        "id": _ID,
        "verb": _ID,
        "title": _TEXT,
        "state": {"enum": list(STATES)},
        "message": _TEXT,
        "fix": _TEXT,
        "fraction": {"type": ["number", "null"], "minimum": 0, "maximum": 1},
        "lines": {"type": "array", "items": _TEXT, "maxItems": 500},
        "fields": {"type": "array", "items": _FIELD, "maxItems": 30},
        "button": _TEXT,
        "skip": _TEXT,
    },
    "required": ["id", "verb", "title", "state"],
    "additionalProperties": False,
}

ANSWER_SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {
        "id": _ID,
        "answer": {"type": "object", "additionalProperties": _PLAIN, "maxProperties": 30},
        "cancel": {"type": "boolean", "default": False},
    },
    "required": ["id"],
    "additionalProperties": False,
}


def _known(agent: str) -> str:
    if agent not in AGENTS:
        raise NotFoundError("agent_unknown", f"There is no agent {agent[:40]!r}.", f"Known: {', '.join(AGENTS)}.")
    return agent


@ROUTES.post("/v1/agents/<agent>/activity", provide_automatic_options=False)
def report(agent: str) -> Response:
    token_only()
    return jsonify(services().activities.report(_known(agent), body_object(ACTIVITY_SCHEMA)))


@ROUTES.get("/v1/agents/<agent>/activity", provide_automatic_options=False)
def look(agent: str) -> Response:
    return jsonify(services().activities.look(_known(agent)))


@ROUTES.post("/v1/agents/<agent>/answer", provide_automatic_options=False)
def answer(agent: str) -> Response:
    body = body_object(ANSWER_SCHEMA)
    return jsonify(services().activities.answer(_known(agent), body["id"], body.get("answer"), body.get("cancel", False)))


@ROUTES.get("/resolve", provide_automatic_options=False)
def page() -> Response:
    from bridge_server.agent_page import agent_page

    return Response(agent_page(), content_type="text/html; charset=utf-8")


@ROUTES.get("/resolve.js", provide_automatic_options=False)
def script() -> Response:
    from bridge_server.agent_page import SCRIPT

    return Response(SCRIPT, content_type="text/javascript; charset=utf-8")
