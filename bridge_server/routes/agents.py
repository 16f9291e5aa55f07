"""The outbox (typed commands for agents inside editing programs) and the folders that the user opened."""

from __future__ import annotations

import dataclasses
import time
from pathlib import Path
from typing import Any

from flask import Blueprint, Response, jsonify

from bridge_server.guard import real_path
from bridge_server.routes.asking import body_object, number_argument, services, text_argument, token_only
from engine.errors import BadOption, MissingToolError
from engine.store.outbox import EXPIRES_AFTER_S, Command

__all__ = ["ACKNOWLEDGE_SCHEMA", "AGENTS", "COMMANDS", "FOLDER_SCHEMA", "POST_SCHEMA", "ROUTES"]

ROUTES = Blueprint("agents", __name__)
AGENTS = ("resolve", "premiere", "panel")
COMMANDS = (
    "ping",
    "open_timeline",
    "build_timeline",
    "snapshot",
    "lock",
    "unlock",
    "regenerate",
    "render",
    "select",
    "export",
    "cut",
    "send",
)
"""What an agent may be asked: verbs with plain data, never code."""

LONGEST_WAIT_S = 30.0
LOOK_EVERY_S = 0.25

_WORD = {"type": "string", "minLength": 1, "maxLength": 64, "pattern": "^[A-Za-z0-9._:-]+$"}

POST_SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {
        "agent": {"enum": list(AGENTS)},
        "kind": {"enum": list(COMMANDS)},
        "payload": {"type": "object"},
        "id": {**_WORD, "description": "Posting the same id again gives the first command."},
    },
    "required": ["agent", "kind"],
    "additionalProperties": False,
}

ACKNOWLEDGE_SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {
        "by": {**_WORD, "maxLength": 128},
        "status": {"enum": ["done", "failed"]},
        "result": {"type": "object"},
    },
    "required": ["by", "status"],
    "additionalProperties": False,
}

FOLDER_SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {"path": {"type": "string", "minLength": 1, "maxLength": 4096, "pattern": "^[^\\x00]+$"}},
    "required": ["path"],
    "additionalProperties": False,
}


def _as_json(command: Command) -> dict[str, Any]:
    plain = dataclasses.asdict(command)
    plain["id"] = plain.pop("command_id")
    plain["expires_in_s"] = max(0.0, EXPIRES_AFTER_S - (time.time() - command.created_at))
    return plain


@ROUTES.post("/v1/outbox", provide_automatic_options=False)
def post() -> Response:
    body = body_object(POST_SCHEMA)
    made = services().studio.store.outbox.post(body["agent"], body["kind"], body.get("payload", {}), body.get("id"))
    response = jsonify({"command": _as_json(made)})
    response.status_code = 201
    return response


@ROUTES.get("/v1/outbox", provide_automatic_options=False)
def claim() -> Response:
    """The next command of an agent, claimed; waits for one up to `wait` seconds."""
    token_only()
    agent, by = text_argument("agent"), text_argument("by")
    if agent not in AGENTS:
        raise BadOption("bad_request", f"agent has to be one of {', '.join(AGENTS)}.", "Correct the address.")
    services().activities.polled(agent)
    wait_s = number_argument("wait", 0, 0, LONGEST_WAIT_S)
    here = services()
    command = here.studio.store.outbox.claim(agent, by)
    if command is None and wait_s > 0:
        command = _wait(agent, by, wait_s)
    return jsonify({"command": None if command is None else _as_json(command)})


def _wait(agent: str, by: str, wait_s: float) -> Command | None:
    here = services()
    try:
        with here.long_polls.one():
            end = time.monotonic() + wait_s
            while time.monotonic() < end and not here.stopping.wait(LOOK_EVERY_S):
                if here.studio.store.outbox.waits(agent):
                    return here.studio.store.outbox.claim(agent, by)
    except MissingToolError:
        return None
    return None


@ROUTES.get("/v1/outbox/<command_id>", provide_automatic_options=False)
def look(command_id: str) -> Response:
    return jsonify({"command": _as_json(services().studio.store.outbox.get(command_id))})


@ROUTES.post("/v1/outbox/<command_id>", provide_automatic_options=False)
def acknowledge(command_id: str) -> Response:
    body = body_object(ACKNOWLEDGE_SCHEMA)
    done = services().studio.store.outbox.acknowledge(command_id, body["by"], body["status"], body.get("result", {}))
    return jsonify({"command": _as_json(done)})


@ROUTES.get("/v1/folders", provide_automatic_options=False)
def folders() -> Response:
    store = services().studio.store.folders
    return jsonify({"open": [str(path) for path in store.roots()], "watched": [str(path) for path in store.watched()]})


@ROUTES.post("/v1/folders", provide_automatic_options=False)
def open_folder() -> Response:
    token_only()
    path = Path(body_object(FOLDER_SCHEMA)["path"])
    real = real_path(path)
    if not path.is_absolute() or real is None or not real.is_dir():
        raise BadOption("no_folder", f"{str(path)[:200]} is no folder.", "Send the full path of a folder.")
    services().studio.store.folders.open_root(real, services().studio.now())
    return folders()
