"""What every route needs: the services, the body as JSON, arguments with limits, who may."""

from __future__ import annotations

from typing import Any

from flask import current_app, g, request
from werkzeug.exceptions import RequestEntityTooLarge, UnsupportedMediaType

from bridge_server.app import JSON_BYTES
from bridge_server.schemas import loads
from bridge_server.services import Services
from engine.errors import BadOption, ForbiddenError

__all__ = [
    "DOOR_HEADER",
    "TOKEN_DOORS",
    "body_object",
    "calling_door",
    "choice_argument",
    "number_argument",
    "services",
    "text_argument",
    "token_only",
]

DOOR_HEADER = "Cutprint-Door"
TOKEN_DOORS = ("http", "nle", "panel", "mcp")
"""What a program may say that it is; events tell them apart."""


def services() -> Services:
    """This bridge's."""
    found = current_app.extensions["cutprint"]
    assert isinstance(found, Services)
    return found


def token_only() -> None:
    """Raises `ForbiddenError` for the panel's session: a page must not widen what pages may do."""
    if g.caller != "token":
        raise ForbiddenError(
            "token_needed", "This call needs the bridge's token; the panel's session is not enough.", "Use the command line."
        )


def calling_door() -> str:
    """Through which door a call comes: the panel's session is the panel's; who has the token may say which program asks."""
    if g.caller == "session":
        return "panel"
    given = request.headers.get(DOOR_HEADER, "http")
    if given not in TOKEN_DOORS:
        raise BadOption("bad_request", f"{DOOR_HEADER} has to be one of {', '.join(TOKEN_DOORS)}.", "Leave it out.")
    return given


def body_object(schema: dict[str, Any] | None = None) -> dict[str, Any]:
    """The request's JSON object. Raises for another content type, for too much, and where it does not fit `schema`."""
    if request.mimetype != "application/json":
        raise UnsupportedMediaType("The body has to be application/json.")
    if (request.content_length or 0) > JSON_BYTES:
        raise RequestEntityTooLarge(f"A JSON body may have {JSON_BYTES} bytes.")
    body = request.get_data(cache=False)
    if len(body) > JSON_BYTES:
        raise RequestEntityTooLarge(f"A JSON body may have {JSON_BYTES} bytes.")
    found = loads(body)
    if schema is not None:
        _check(found, schema)
    if not isinstance(found, dict):
        raise BadOption("bad_request", "The body has to be a JSON object.", "Send {...}.")
    return found


def _check(found: Any, schema: dict[str, Any]) -> None:
    from jsonschema import Draft202012Validator

    fault = next(iter(Draft202012Validator(schema).iter_errors(found)), None)
    if fault is not None:
        where = ".".join(str(part) for part in fault.path)
        raise BadOption("bad_request", f"{where or 'The body'}: {fault.message[:300]}", "GET /v1/openapi.json has the schema.")


def number_argument(name: str, default: float, least: float, most: float) -> float:
    """A number in the query. Raises `BadOption` outside its range."""
    text = request.args.get(name)
    if text is None:
        return default
    try:
        value = float(text)
    except ValueError:
        value = float("nan")
    if not least <= value <= most:
        raise BadOption("bad_request", f"{name} has to be a number from {least:g} to {most:g}.", "Correct the address.")
    return value


def text_argument(name: str, longest: int = 128) -> str:
    """A word in the query that has to be there."""
    text = request.args.get(name, "")
    if not 0 < len(text) <= longest or not text.isprintable():
        raise BadOption("bad_request", f"{name} has to be given, with at most {longest} characters.", "Correct the address.")
    return text


def choice_argument(name: str, choices: tuple[str, ...]) -> str | None:
    """One of `choices` in the query, or None where it is not given."""
    text = request.args.get(name)
    if text is not None and text not in choices:
        raise BadOption("bad_request", f"{name} has to be one of {', '.join(choices)}.", "Correct the address.")
    return text
