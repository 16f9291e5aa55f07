"""What every field of every document means: one row each, `field | unit or range | meaning`.

The rows become `description`, `unit`, `minimum` and `maximum` in the JSON Schemas, and the tables of docs/documents.md. A test
fails where a field has no row or a row has no field. A range (`0..1`, `>= 0`, `> 0`) stands first, a unit may follow it. Rows
of a base class count for what is derived from it.
"""

from __future__ import annotations

import functools
import re
from types import MappingProxyType
from typing import Any

from engine.model.documents.meanings_edit import CUT_LIST, EVENTS, MEDIA, TIMELINE
from engine.model.documents.meanings_facts import ANALYSIS, STYLE

__all__ = ["TABLE", "meanings_of"]

TABLE = MappingProxyType({**TIMELINE, **MEDIA, **CUT_LIST, **EVENTS, **ANALYSIS, **STYLE})
"""Class name -> rows."""


def meanings_of(kind: type) -> dict[str, dict[str, Any]]:
    """JSON name of a field -> `description`, and `unit`, `minimum`, `maximum`, `exclusiveMinimum` where they apply."""
    found: dict[str, dict[str, Any]] = {}
    for one in reversed(kind.__mro__):
        found.update(_rows(one.__name__))
    return found


@functools.lru_cache(maxsize=256)
def _rows(name: str) -> dict[str, dict[str, Any]]:
    rows = [line.split("|", 2) for line in TABLE.get(name, "").strip().splitlines()]
    return {field.strip(): {"description": _sentence(text), **_measure(unit.strip())} for field, unit, text in rows}


def _sentence(text: str) -> str:
    text = text.strip()
    return f"{text[0].upper()}{text[1:]}."


def _measure(unit: str) -> dict[str, Any]:
    """`0..1 of width` -> limits and unit; `>= 0 s`; `ISO 8601`."""
    found = re.match(r"(?:(-?\d+)\.\.(\d+)|>= (\d+)|> (\d+))\s*", unit)
    if not found:
        return {"unit": unit} if unit else {}
    low, high, least, above = (int(part) if part else None for part in found.groups())
    limits = {"minimum": low if low is not None else least, "maximum": high, "exclusiveMinimum": above}
    rest = unit[found.end() :]
    return {**({"unit": rest} if rest else {}), **{name: limit for name, limit in limits.items() if limit is not None}}
