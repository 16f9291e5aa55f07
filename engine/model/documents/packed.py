"""Analyses as one compressed blob for caches: a JSON head and the arrays behind it. No pickle: opening one runs nothing."""

from __future__ import annotations

import json
import struct
import zlib
from typing import Any

import numpy as np

from engine.errors import DocumentError
from engine.model.analysis import ClipAnalysis
from engine.model.documents.kinds import decode, encode

__all__ = ["pack", "unpack"]

MAGIC = b"CPA1"
MAX_BYTES = 512 << 20


def pack(analysis: ClipAnalysis) -> bytes:
    """A blob that `unpack` turns back into an equal analysis (curves as float32, signatures as 64 bits)."""
    head = encode(analysis)
    arrays = []
    curves = {}
    for name, curve in analysis.curves.items():
        curves[name] = [curve.step_frames, len(curve.values)]
        arrays.append(curve.values.astype("<f4").tobytes())
    arrays.append(analysis.signatures.astype("<u8").tobytes())
    head["curves"], head["signatures"] = {}, []
    text = json.dumps({"head": head, "curves": curves, "signatures": len(analysis.signatures)}, allow_nan=False).encode()
    return MAGIC + zlib.compress(struct.pack("<I", len(text)) + text + b"".join(arrays), level=1)


def unpack(blob: bytes) -> ClipAnalysis:
    """The analysis in a blob. Raises `DocumentError` for anything that `pack` did not write."""
    try:
        if blob[:4] != MAGIC:
            raise ValueError("not a packed analysis")
        body = zlib.decompressobj().decompress(blob[4:], MAX_BYTES)
        size = struct.unpack("<I", body[:4])[0]
        table = json.loads(body[4 : 4 + size])
        return _filled(table, memoryview(body)[4 + size :])
    except (ValueError, KeyError, TypeError, struct.error, zlib.error, UnicodeDecodeError) as cause:
        raise DocumentError("blob_damaged", "A cached analysis is damaged.", "Run `cutprint cache clear`.") from cause


def _filled(table: dict[str, Any], arrays: memoryview) -> ClipAnalysis:
    import dataclasses

    from engine.model.analysis import Curve

    analysis: ClipAnalysis = decode(table["head"])
    curves, position = {}, 0
    for name, (step, count) in table["curves"].items():
        curves[name] = Curve(np.frombuffer(arrays, "<f4", count, position), step)
        position += 4 * count
    signatures = np.frombuffer(arrays, "<u8", table["signatures"], position).astype(np.uint64)
    return dataclasses.replace(analysis, curves=curves, signatures=signatures)
