"""JSON text: strict on the way in, stable on the way out."""

from __future__ import annotations

import json
from typing import Any, NoReturn

from engine.errors import DocumentError

__all__ = ["dumps", "loads"]

MAX_BYTES = 256 << 20
"""Refused above this (chosen: a 200-clip analysis with all curves is under 20 MB)."""


def dumps(document: Any) -> str:
    """UTF-8 JSON, two spaces deep, keys in the order given, a newline at the end. Raises `ValueError` for NaN (a bug)."""
    return json.dumps(document, ensure_ascii=False, allow_nan=False, indent=2) + "\n"


def loads(text: str) -> Any:
    """The JSON value in `text`. Raises `DocumentError` for broken JSON, repeated keys, NaN or unreasonable size or depth."""
    if len(text) > MAX_BYTES:
        raise _malformed("it is too large")
    try:
        return json.loads(text, object_pairs_hook=_unique, parse_constant=_no_constant, parse_int=_whole)
    except (ValueError, RecursionError) as cause:
        raise _malformed(str(cause) or "it is nested too deeply") from cause


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        names = [name for name, _ in pairs]
        raise ValueError(f"the key {next(name for name in names if names.count(name) > 1)!r} is there twice")
    return found


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not a number in JSON")


def _whole(digits: str) -> int:
    if len(digits) > 40:
        raise ValueError("a number is unreasonably long")
    return int(digits)


def _malformed(why: str) -> DocumentError:
    return DocumentError("document_malformed", f"This is not a valid JSON document: {why}.", "Restore it from a copy.")
