"""Analyses as one compressed blob for caches: a JSON head and the arrays behind it. No pickle: opening one runs nothing.

Layout: `CPA1`, then a zlib stream of: length of the head (uint32, little endian), the head (JSON: the document without its
arrays, and their lengths), curves as float32 one after another, signatures as uint64, prints as differences from one to the next (still
pictures shrink to nothing). zlib's checksum guards the whole.
"""

from __future__ import annotations

import dataclasses
import json
import math
import struct
import zlib
from typing import Any

import numpy as np

from engine.errors import CutprintError, DocumentError
from engine.model.analysis import ClipAnalysis, Curve, Prints, no_prints
from engine.model.documents.kinds import decode, encode
from engine.model.documents.text import loads

__all__ = ["pack", "unpack"]

MAGIC = b"CPA1"
MAX_BYTES = 512 << 20
"""Unpacked size beyond which a blob is refused (chosen: two hours of video at 60 fps need about 15 MB)."""


def pack(analysis: ClipAnalysis) -> bytes:
    """A blob that `unpack` turns back into an equal analysis (curves as float32, signatures as 64 bits)."""
    head = encode(dataclasses.replace(analysis, curves={}, signatures=np.zeros(0, np.uint64), prints=no_prints()))
    curves = {name: [curve.step_frames, len(curve.values)] for name, curve in analysis.curves.items()}
    arrays = [curve.values.astype("<f4").tobytes() for curve in analysis.curves.values()]
    arrays.append(analysis.signatures.astype("<u8").tobytes())
    prints = analysis.prints.values
    arrays.append(np.diff(prints, axis=0, prepend=prints[:1] * 0).tobytes())
    table = {"head": head, "curves": curves, "prints": [analysis.prints.step_frames, *prints.shape], "signatures": len(analysis.signatures)}
    text = json.dumps(table, allow_nan=False).encode()
    return MAGIC + zlib.compress(struct.pack("<I", len(text)) + text + b"".join(arrays), level=1)


def unpack(blob: bytes) -> ClipAnalysis:
    """The analysis in a blob. Raises `DocumentError` for anything that `pack` did not write, whole."""
    try:
        body = _inflated(blob)
        size = struct.unpack("<I", body[:4])[0]
        return _filled(loads(body[4 : 4 + size]), body[4 + size :])
    except (CutprintError, ValueError, KeyError, TypeError, AttributeError, ArithmeticError, struct.error, zlib.error) as cause:
        raise DocumentError("blob_damaged", "A cached analysis is damaged.", "Run `cutprint cache clear`.") from cause


def _inflated(blob: bytes) -> bytes:
    if blob[:4] != MAGIC:
        raise ValueError("not a packed analysis")
    stream = zlib.decompressobj()
    body = stream.decompress(blob[4:], MAX_BYTES)
    if not stream.eof or stream.unused_data:  # the checksum is only looked at when the stream has ended
        raise ValueError("cut off, too large, or followed by something else")
    return body


def _filled(table: dict[str, Any], arrays: bytes) -> ClipAnalysis:
    analysis: ClipAnalysis = decode(table["head"])
    curves, position = {}, 0
    for name, (step, count) in table["curves"].items():
        curves[name] = Curve(_array(arrays, "<f4", position, count), step)
        position += 4 * count
    signatures = _array(arrays, "<u8", position, table["signatures"]).astype(np.uint64)
    step, *shape = table["prints"]
    changes = _array(arrays, "u1", position + signatures.nbytes, math.prod(shape)).reshape(shape)
    if position + signatures.nbytes + changes.nbytes != len(arrays):
        raise ValueError("the arrays have another length than the head says")
    prints = Prints(np.cumsum(changes, axis=0, dtype=np.uint8), step)
    return dataclasses.replace(analysis, curves=curves, signatures=signatures, prints=prints)


def _array(arrays: bytes, kind: str, position: int, count: int) -> np.ndarray[Any, np.dtype[Any]]:
    if count < 0:
        raise ValueError("a negative length")
    return np.frombuffer(arrays, kind, count, position) if count else np.zeros(0, kind)
