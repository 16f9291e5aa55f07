"""Identity by content: the same bytes have the same id wherever they lie and whatever they are called."""

from __future__ import annotations

import hashlib
from pathlib import Path

from engine.errors import MediaError

__all__ = ["WHOLE_LIMIT_BYTES", "fingerprint"]

WHOLE_LIMIT_BYTES = 64 << 20
"""Files up to this size are hashed whole; larger ones by sampled blocks (chosen: 64 MiB read in well under a second)."""

BLOCK_BYTES = 1 << 20
SAMPLED_BLOCKS = 32


def fingerprint(path: Path) -> str:
    """32 hex digits (BLAKE2b, RFC 7693) of the file's size and content.

    Above `WHOLE_LIMIT_BYTES` the first, the last and 30 evenly spaced MiB stand for the whole: two takes of a camera differ in
    nearly every one of them. Raises `MediaError` where the file cannot be read.
    """
    digest = hashlib.blake2b(digest_size=16)
    try:
        size = path.stat().st_size
        digest.update(str(size).encode())
        with path.open("rb") as file:
            for start in _block_starts(size):
                file.seek(start)
                digest.update(file.read(BLOCK_BYTES))
    except OSError as cause:
        hint = "Check that the file exists and that you may read it."
        raise MediaError("media_unreadable", f"{path.name} cannot be read: {cause.strerror}.", hint, path=str(path)) from cause
    return digest.hexdigest()


def _block_starts(size: int) -> list[int]:
    if size <= WHOLE_LIMIT_BYTES:
        return list(range(0, size, BLOCK_BYTES))
    last = size - BLOCK_BYTES
    return [last * index // (SAMPLED_BLOCKS - 1) for index in range(SAMPLED_BLOCKS)]
