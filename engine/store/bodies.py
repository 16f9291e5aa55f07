"""Documents as columns: compressed JSON with the digest of what it was, checked when it is read."""

from __future__ import annotations

import hashlib
import zlib
from typing import Any, TypeVar

from engine.errors import DocumentError
from engine.model import documents

__all__ = ["MOST_BYTES", "packed", "unpacked"]

MOST_BYTES = 64 << 20
"""A document that unpacks to more is refused (chosen: the work with the most shots allowed needs about 20 MB)."""

Kind = TypeVar("Kind")


def packed(value: Any) -> tuple[str, bytes]:
    """Digest and body of a value of the model."""
    text = documents.dumps(documents.encode(value)).encode()
    return hashlib.sha256(text).hexdigest(), zlib.compress(text, 6)


def unpacked(kind: type[Kind], digest: str, body: bytes, what: str) -> Kind:
    """The value again. Raises `DocumentError` where it is not what was put in."""
    harmed = DocumentError("row_damaged", f"{what} in the database is damaged.", "`cutprint restore FILE` puts a backup in its place.")
    try:
        reader = zlib.decompressobj()
        text = reader.decompress(body, MOST_BYTES)
    except zlib.error as cause:
        raise harmed from cause
    if reader.unconsumed_tail or hashlib.sha256(text).hexdigest() != digest:
        raise harmed
    value = documents.decode(documents.loads(text.decode()))
    if not isinstance(value, kind):
        raise harmed
    return value
