"""Log footage: which curve a camera says it recorded, and the light that a signal on it means, by its maker's formulas.

What the file says: tags about gamma or colour, XML in tags (Panasonic, Sony), and the XML that Sony cameras write beside a clip.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

__all__ = ["CURVES", "log_curve_of"]

Signal = NDArray[np.float64]

TELLING_KEYS = ("gamma", "transfer", "colorspace", "colourspace", "picture_profile", "log")
"""Words in the names of tags that speak of a curve; titles and comments may say vlog and mean a diary."""
IN_XML = re.compile(r"(?:Gamma|Transfer)[A-Za-z]*\"?(?:\s+value=\"|>)\s*([^\"<]+)", re.IGNORECASE)
MOST_SIDECAR_BYTES = 1 << 20
NAMES = (
    (re.compile(r"s-?log ?3"), "s-log3"),
    (re.compile(r"\bv-?log"), "v-log"),
    (re.compile(r"\blog-?c(?!4)"), "logc3"),
    (re.compile(r"(?:c-?log|canon ?log) ?3"), "c-log3"),
    (re.compile(r"apple[ -]?log"), "apple-log"),
    (re.compile(r"\bd-?log(?![ -]?m)"), "d-log"),
    (re.compile(r"\bf-?log(?! ?2)"), "f-log"),
)


def log_curve_of(tags: Mapping[str, str], path: Path) -> str | None:
    """The curve's name, one of `CURVES`; None for ordinary footage and where nothing is said. tags : lower-case names."""
    for text in (*_said(tags), *_said_beside(path)):
        name = next((name for pattern, name in NAMES if pattern.search(text.casefold())), None)
        if name is not None:
            return name
    return None


def _said(tags: Mapping[str, str]) -> Iterator[str]:
    for key, value in tags.items():
        if "<" in value and ">" in value:
            yield from IN_XML.findall(value)
        elif any(word in key for word in TELLING_KEYS):
            yield value


def _said_beside(path: Path) -> Iterator[str]:
    beside = path.with_name(f"{path.stem}M01.XML")
    try:
        if beside.stat().st_size <= MOST_SIDECAR_BYTES:
            yield from IN_XML.findall(beside.read_text(encoding="utf-8", errors="replace"))
    except OSError:
        return


def _s_log3(x: Signal) -> Signal:
    """Sony, Technical Summary for S-Gamut3.Cine/S-Log3."""
    code, cut = x * 1023, 171.2102946929
    return np.where(code >= cut, 10 ** ((code - 420) / 261.5) * 0.19 - 0.01, (code - 95) * 0.01125 / (cut - 95))


def _v_log(x: Signal) -> Signal:
    """Panasonic, V-Log/V-Gamut Reference Manual."""
    return np.where(x < 0.181, (x - 0.125) / 5.6, 10 ** ((x - 0.598206) / 0.241514) - 0.00873)


def _logc3(x: Signal) -> Signal:
    """ARRI, ALEXA Log C Curve, exposure index 800."""
    cut = 5.367655 * 0.010591 + 0.092809
    return np.where(x > cut, (10 ** ((x - 0.385537) / 0.247190) - 0.052272) / 5.555556, (x - 0.092809) / 5.367655)


def _c_log3(x: Signal) -> Signal:
    """Canon, Canon Log 3 (grey card of 18 % at .343)."""
    high = (10 ** ((x - 0.12240537) / 0.36726845) - 1) / 14.98325
    low = -(10 ** ((0.12783901 - x) / 0.36726845) - 1) / 14.98325
    return np.where(x < 0.097465473, low, np.where(x <= 0.15277891, (x - 0.12512219) / 1.9754798, high)) * 0.9


def _apple_log(x: Signal) -> Signal:
    """Apple, Apple Log Profile White Paper."""
    cut = 47.28711236 * (0.01 + 0.05641088) ** 2
    return np.where(x >= cut, 2 ** ((x - 0.69336945) / 0.08550479) - 0.00964052, np.sqrt(np.maximum(x, 0) / 47.28711236) - 0.05641088)


def _d_log(x: Signal) -> Signal:
    """DJI, White Paper on D-Log and D-Gamut."""
    return np.where(x <= 0.14, (x - 0.0929) / 6.025, (10 ** (3.89616 * x - 2.27752) - 0.0108) / 0.9892)


def _f_log(x: Signal) -> Signal:
    """Fujifilm, F-Log Data Sheet."""
    return np.where(x >= 0.100537775223865, (10 ** ((x - 0.790453) / 0.344676) - 0.009468) / 0.555556, (x - 0.092864) / 8.735631)


CURVES: Mapping[str, Callable[[Signal], Signal]] = MappingProxyType(
    {
        "s-log3": _s_log3,
        "v-log": _v_log,
        "logc3": _logc3,
        "c-log3": _c_log3,
        "apple-log": _apple_log,
        "d-log": _d_log,
        "f-log": _f_log,
    }
)
"""Signal (0 to 1) -> light reflected by the scene (grey card .18, white .9)."""
