"""Pictures, sound shapes and playable files of known media, by content id; never by path."""

from __future__ import annotations

import mimetypes
import threading

from flask import Blueprint, Response, jsonify, send_file

from bridge_server.routes.asking import number_argument, services
from engine.studio.previewing import known_media, playable_file, thumbnail, waveform

__all__ = ["ROUTES"]

ROUTES = Blueprint("media", __name__)
LONGEST_S = 1e6

_DECODERS = threading.BoundedSemaphore(2)
"""Decoding at once: a panel that asks for a hundred stills must not starve the calls beside it."""


@ROUTES.get("/v1/media/<media_id>/thumbnail", provide_automatic_options=False)
def still(media_id: str) -> Response:
    time_s = number_argument("t", 0, 0, LONGEST_S)
    width = int(number_argument("width", 320, 16, 4096))
    here = services()
    media = known_media(here.studio, media_id)
    with _DECODERS:
        body = thumbnail(here.studio, media, time_s, width)
    return Response(body, content_type="image/jpeg", headers={"Cache-Control": "private, max-age=86400"})


@ROUTES.get("/v1/media/<media_id>/waveform", provide_automatic_options=False)
def shape(media_id: str) -> Response:
    points = int(number_argument("points", 800, 10, 8000))
    here = services()
    media = known_media(here.studio, media_id)
    with _DECODERS:
        return jsonify(waveform(here.studio, media, points))


@ROUTES.get("/v1/media/<media_id>/proxy", provide_automatic_options=False)
def proxy(media_id: str) -> Response:
    """The file with ranges, so that a player can jump."""
    here = services()
    path = playable_file(here.studio, known_media(here.studio, media_id))
    kind = mimetypes.guess_type(path.name)[0] or "application/octet-stream"
    return send_file(path, mimetype=kind, conditional=True, etag=True, max_age=0)
