"""The Flask application factory: guard before every request, one shape of error after it, routes in `bridge_server.routes`."""

from __future__ import annotations

import logging
import traceback
import uuid
from typing import Any

from flask import Flask, Response, g, jsonify, request
from werkzeug.exceptions import HTTPException

from bridge_server.services import Services
from engine.errors import CutprintError

__all__ = ["make_app"]

OPEN_PATHS = ("/healthz", "/open")
"""What needs no token: a sign of life, and the one-time link, which is a token itself."""

JSON_BYTES = 4 * 2**20
"""Largest JSON body (chosen: a thousand paths take a tenth)."""

PIECE_BYTES = 16 * 2**20
"""Largest piece of an upload; larger files come in several."""

HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Content-Security-Policy": "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:; media-src 'self' blob:; "
    "connect-src 'self'; font-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'",
}

_CODES = {400: "bad_request", 404: "not_found", 405: "method_not_allowed", 411: "length_required", 413: "too_large", 415: "not_json"}
_HINTS = {413: "Send large files in pieces to /v1/uploads.", 415: "Send Content-Type: application/json."}
_LOG = logging.getLogger(__name__)


def make_app(services: Services) -> Flask:
    """The application over one bridge's services. Threads may share it."""
    from bridge_server.routes import blueprints

    app = Flask("cutprint", static_folder=None)
    app.config["MAX_CONTENT_LENGTH"] = PIECE_BYTES
    app.json.sort_keys = False  # type: ignore[attr-defined]
    app.extensions["cutprint"] = services
    app.before_request(lambda: _admit(services))
    app.after_request(_seal)
    app.register_error_handler(CutprintError, _cutprint_error)
    app.register_error_handler(HTTPException, _http_error)
    app.register_error_handler(Exception, _bug)
    for one in blueprints():
        app.register_blueprint(one)
    return app


def _admit(services: Services) -> None:
    services.guard.check_host(request.host)
    services.guard.check_origin(request.headers.get("Origin"), request.headers.get("Sec-Fetch-Site") if request.path != "/open" else None)
    if request.path not in OPEN_PATHS:
        from bridge_server.guard import COOKIE

        g.caller = services.guard.who(request.headers.get("Authorization"), request.cookies.get(COOKIE))


def _seal(response: Response) -> Response:
    for name, value in HEADERS.items():
        response.headers.setdefault(name, value)
    response.headers.setdefault("Cache-Control", "no-store")
    return response


def problem(status: int, code: str, message: str, hint: str = "", **details: Any) -> Response:
    """An error in its one shape."""
    response = jsonify({"error": {"code": code, "message": message, "hint": hint, "details": details}})
    response.status_code = status
    return response


def _cutprint_error(error: CutprintError) -> Response:
    _LOG.info("%s %s: %s %s", request.method, request.path, error.code, error.message)
    body = error.as_json()["error"]
    response = problem(error.http_status, body["code"], body["message"], body["hint"], **_plain(body["details"]))
    if error.http_status == 401:
        response.headers["WWW-Authenticate"] = "Bearer"
        if request.accept_mimetypes.best == "text/html":
            return _sign_in()
    if error.http_status == 503:
        response.headers["Retry-After"] = "2"
    return response


def _sign_in() -> Response:
    from bridge_server.status_page import signed_out

    return Response(signed_out(), 401, {"WWW-Authenticate": "Bearer"}, content_type="text/html; charset=utf-8")


def _plain(details: dict[str, Any]) -> dict[str, Any]:
    import json

    plain: dict[str, Any] = json.loads(json.dumps(details, default=str))
    return plain


def _http_error(error: HTTPException) -> Response:
    status = error.code or 500
    response = problem(status, _CODES.get(status, f"http_{status}"), (error.description or error.name)[:300], _HINTS.get(status, ""))
    for name, value in error.get_response().headers:
        if name in ("Allow", "Retry-After", "Content-Range"):
            response.headers[name] = value
    return response


def _bug(_error: Exception) -> Response:
    number = uuid.uuid4().hex[:8]
    _LOG.critical("bug %s in %s %s\n%s", number, request.method, request.path, traceback.format_exc())
    hint = "The log in the workspace's logs folder tells what; please report it with that id."
    return problem(500, "bug", f"Something went wrong inside Cutprint (id {number}).", hint, id=number)
