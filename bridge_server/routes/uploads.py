"""Files of any size in pieces: create, append at an offset, finish; after a break, ask how much arrived and go on."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from typing import Any

from flask import Blueprint, Response, jsonify, request
from werkzeug.exceptions import LengthRequired, UnsupportedMediaType

from bridge_server.routes.asking import body_object, number_argument, services
from engine.store.uploads import MOST_BYTES, Upload

__all__ = ["CREATE_SCHEMA", "ROUTES"]

ROUTES = Blueprint("uploads", __name__)
READ_BYTES = 1 << 20

CREATE_SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {
        "name": {"type": "string", "minLength": 1, "maxLength": 1000, "description": "The file's name."},
        "size_bytes": {"type": "integer", "minimum": 1, "maximum": MOST_BYTES, "description": "Its whole size."},
        "sha256": {"type": "string", "pattern": "^[0-9a-f]{64}$", "description": "Checked at the end when given."},
    },
    "required": ["name", "size_bytes"],
    "additionalProperties": False,
}


def _as_json(upload: Upload) -> dict[str, Any]:
    plain = dataclasses.asdict(upload)
    plain["id"] = plain.pop("upload_id")
    plain["sha256"] = plain.pop("digest")
    plain["path"] = plain["path"] if upload.status == "done" else None
    return plain


@ROUTES.post("/v1/uploads", provide_automatic_options=False)
def create() -> Response:
    body = body_object(CREATE_SCHEMA)
    here = services()
    made = here.studio.store.uploads.create(body["name"], body["size_bytes"], here.studio.now(), body.get("sha256"))
    response = jsonify({"upload": _as_json(made)})
    response.status_code = 201
    response.headers["Location"] = f"/v1/uploads/{made.upload_id}"
    return response


@ROUTES.get("/v1/uploads/<upload_id>", provide_automatic_options=False)
def look(upload_id: str) -> Response:
    return jsonify({"upload": _as_json(services().studio.store.uploads.get(upload_id))})


@ROUTES.delete("/v1/uploads/<upload_id>", provide_automatic_options=False)
def remove(upload_id: str) -> Response:
    """Given up, or no longer needed: the file is deleted."""
    with services().keys.holding(f"upload {upload_id}"):
        return jsonify({"upload": {**_as_json(services().studio.store.uploads.remove(upload_id)), "path": None}})


@ROUTES.patch("/v1/uploads/<upload_id>", provide_automatic_options=False)
def append(upload_id: str) -> Response:
    if request.mimetype != "application/octet-stream":
        raise UnsupportedMediaType("A piece has to be application/octet-stream.")
    if request.content_length is None:
        raise LengthRequired("A piece needs a Content-Length.")
    offset = int(number_argument("offset", 0, 0, MOST_BYTES))
    uploads = services().studio.store.uploads
    with services().keys.holding(f"upload {upload_id}"):
        return jsonify({"upload": _as_json(uploads.append(upload_id, offset, _pieces()))})


def _pieces() -> Iterator[bytes]:
    while piece := request.stream.read(READ_BYTES):
        yield piece


@ROUTES.post("/v1/uploads/<upload_id>/finish", provide_automatic_options=False)
def finish(upload_id: str) -> Response:
    with services().keys.holding(f"upload {upload_id}"):
        return jsonify({"upload": _as_json(services().studio.store.uploads.finish(upload_id))})
