"""JSON text: strict on the way in, stable on the way out."""

from __future__ import annotations

import json
import math
import re
from collections import Counter
from typing import Any, NoReturn

from engine.errors import DocumentError

__all__ = ["dumps", "loads"]

MAX_BYTES = 256 << 20
"""Refused above this (chosen: a 200-clip analysis with all curves is under 20 MB)."""
MAX_DEPTH = 64
"""Levels of nesting (chosen: our deepest document has 8; beyond this a walk over it could exhaust the stack)."""
MAX_DIGITS = 40
"""Digits of a whole number (chosen: 64-bit numbers have 20; reading takes time that grows with their square)."""

SURROGATE = re.compile("[\ud800-\udfff]")


def dumps(document: Any) -> str:
    """JSON, two spaces deep, keys in the order given, a newline at the end. Raises `ValueError` for NaN (a bug).

    The text can always be written as UTF-8: stray bytes of a file name (lone surrogates in Python) stay as \\u escapes.
    """
    text = json.dumps(document, ensure_ascii=False, allow_nan=False, indent=2) + "\n"
    return SURROGATE.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


def loads(text: str | bytes) -> Any:
    """The JSON value in `text` (UTF-8 where it is bytes; a byte order mark is allowed).

    Raises `DocumentError` (`document_malformed`) for broken JSON, repeated keys, numbers that are not finite, and
    unreasonable size or depth.
    """
    if len(text) > MAX_BYTES:
        raise _malformed("it is too large")
    try:
        plain = text.decode("utf-8") if isinstance(text, bytes) else text
        value = json.loads(
            plain.removeprefix("\ufeff"),
            object_pairs_hook=_unique,
            parse_constant=_no_constant,
            parse_int=_whole,
            parse_float=_real,
        )
        _check_depth(value)
    except (ValueError, RecursionError) as cause:
        why = "it is nested too deeply" if isinstance(cause, RecursionError) else str(cause)
        raise _malformed(why) from cause
    return value


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        name, _ = Counter(name for name, _ in pairs).most_common(1)[0]
        raise ValueError(f"the key {name[:60]!r} is there twice")
    return found


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not a number in JSON")


def _whole(digits: str) -> int:
    if len(digits) > MAX_DIGITS:
        raise ValueError("a number is unreasonably long")
    return int(digits)


def _real(digits: str) -> float:
    value = float(digits)
    if not math.isfinite(value):
        raise ValueError(f"{digits[:40]} is too large a number")
    return value


def _check_depth(value: Any) -> None:
    """Level by level, so that the check itself needs no stack."""
    level = [value]
    for _ in range(MAX_DEPTH + 1):
        inner = [list(one.values()) if isinstance(one, dict) else one for one in level if isinstance(one, (dict, list))]
        level = [item for one in inner for item in one if isinstance(item, (dict, list))]
        if not level:
            return
    raise ValueError(f"it is nested more than {MAX_DEPTH} levels deep")


def _malformed(why: str) -> DocumentError:
    return DocumentError("document_malformed", f"This is not a valid JSON document: {why}.", "Restore it from a copy.")
