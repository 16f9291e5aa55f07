"""Look-up tables for colour (.cube), checked before anything is rendered with them."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from pathlib import Path

from engine.media.tone import lut_table

__all__ = ["Lut", "read_lut"]


@dataclass(frozen=True)
class Lut:
    """path : the file. digest : of its content. filter : ffmpeg's, lut3d or lut1d."""

    path: str
    digest: str
    filter: str


def read_lut(path: Path) -> Lut:
    """The LUT in a .cube file (Adobe Cube LUT 1.0). Raises `InputError` where it is none or not whole."""
    lut_table(path)
    content = path.read_bytes()
    flat = re.search(rb"^\s*LUT_1D_SIZE", content, re.M) is not None
    return Lut(str(path.absolute()), hashlib.blake2b(content, digest_size=16).hexdigest(), "lut1d" if flat else "lut3d")
