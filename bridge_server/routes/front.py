"""The front: a sign of life, the one-time link that signs a browser in, and the status page."""

from __future__ import annotations

import time

from flask import Blueprint, Response, jsonify, redirect, request

from bridge_server.guard import COOKIE, SESSION_S
from bridge_server.routes.asking import services, token_only
from engine import __version__

__all__ = ["ROUTES"]

ROUTES = Blueprint("front", __name__)


@ROUTES.get("/healthz", provide_automatic_options=False)
def healthz() -> Response:
    return jsonify({"status": "ok", "program": "cutprint", "version": __version__})


@ROUTES.post("/v1/links", provide_automatic_options=False)
def link() -> Response:
    """A link that opens the panel in a browser, once, within two minutes."""
    token_only()
    here = services()
    response = jsonify({"url": f"http://127.0.0.1:{here.guard.port}/open?code={here.guard.new_link()}"})
    response.status_code = 201
    return response


@ROUTES.get("/open", provide_automatic_options=False)
def open_panel() -> Response:
    session = services().guard.open_session(request.args.get("code", ""))
    answer = redirect("/resolve" if request.args.get("to") == "resolve" else "/", 303)
    answer.set_cookie(COOKIE, session, max_age=SESSION_S, httponly=True, samesite="Strict", path="/")
    assert isinstance(answer, Response)
    return answer


@ROUTES.get("/", provide_automatic_options=False)
def status() -> Response:
    from bridge_server.status_page import status_page

    here = services()
    store = here.studio.store
    page = status_page(
        jobs=store.jobs.recent(limit=20),
        watched=store.folders.watched(),
        opened=store.folders.roots(),
        up_s=time.monotonic() - here.started_at,
        url=f"http://127.0.0.1:{here.guard.port}",
    )
    return Response(page, content_type="text/html; charset=utf-8")


@ROUTES.get("/style.css", provide_automatic_options=False)
def style() -> Response:
    from bridge_server.status_page import STYLE

    return Response(STYLE, content_type="text/css; charset=utf-8")
