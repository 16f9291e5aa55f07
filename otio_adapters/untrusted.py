"""Files from elsewhere, opened without trust: size, depth, entities and numbers are checked before anybody looks at what they say."""

from __future__ import annotations

import functools
import json
import math
import re
import xml.etree.ElementTree as ET
from fractions import Fraction
from typing import Any, NoReturn

import defusedxml
import defusedxml.ElementTree

from engine.errors import BadOption, DocumentError
from engine.model.time import FrameRate

__all__ = [
    "MOST_BYTES",
    "MOST_NESTED",
    "damaged",
    "empty",
    "json_object",
    "measure",
    "rate_of",
    "rational",
    "text_of",
    "unknown",
    "whole",
    "xml_root",
]

MOST_BYTES = 24 * 2**20
"""Chosen: an hour of densely cut material is under 20 MB in the wordiest format, and this much is read within 10 s and 500 MB."""
MOST_NESTED = 100
"""Levels; the deepest real file seen has 30."""
MOST_NUMBER = 10**18
"""Of a number as it stands in a file, and of its denominator: Premiere's ticks reach 10**17, and sums of such numbers stay cheap."""
MOST_MEASURE = 1e6
"""Of a setting: scales in per cent and positions in pixels stay far below."""
AGAIN = "Export the timeline again from the editing program."


def damaged(source: str, what: str) -> NoReturn:
    """Raises for a file that breaks its own format's rules."""
    raise DocumentError("interchange_damaged", f"{source} cannot be read: {what}.", AGAIN, file=source)


def unknown(source: str, wanted: str, found: str) -> NoReturn:
    """Raises for a file that is not of the format it was taken for."""
    hint = "Choose a timeline exported as .otio, .fcpxml, Final Cut 7 .xml or .edl."
    raise DocumentError("interchange_unknown", f"{source} is no {wanted}: {found}.", hint, file=source)


def empty(source: str, what: str) -> NoReturn:
    """Raises for a file that holds no timeline."""
    hint = "Select the timeline in the editing program and export that."
    raise DocumentError("interchange_empty", f"There is no timeline in {source}: {what}.", hint, file=source)


def _unsafe(source: str, what: str) -> NoReturn:
    raise DocumentError("interchange_unsafe", f"{source} was not opened: {what}.", AGAIN, file=source)


def _sized(content: bytes, source: str, most: int = MOST_BYTES) -> bytes:
    if len(content) > most:
        _unsafe(source, f"it has {len(content) // 2**20} MB, more than any timeline ({most // 2**20})")
    if not content.strip():
        empty(source, "the file is empty")
    return content


def text_of(content: bytes, source: str, most: int = MOST_BYTES) -> str:
    """Up to `most` bytes of text in UTF-8 or UTF-16 with a mark, else in Latin-1, which EDLs of old programs use."""
    _sized(content, source, most)
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        return content.decode("utf-16", "replace")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return content.decode("latin-1")


def xml_root(content: bytes, source: str, wanted: str) -> ET.Element:
    """The root element of an XML file, which must be `wanted`. No entities, no external parts, bounded depth."""
    _sized(content, source)
    try:
        root: ET.Element = defusedxml.ElementTree.fromstring(content, forbid_dtd=False, forbid_entities=True, forbid_external=True)
    except defusedxml.DefusedXmlException as cause:
        raise DocumentError("interchange_unsafe", f"{source} was not opened: it declares entities.", AGAIN, file=source) from cause
    except (ET.ParseError, ValueError, LookupError, UnicodeError) as cause:
        raise DocumentError("interchange_damaged", f"{source} is no well-formed XML ({cause}).", AGAIN, file=source) from cause
    if root.tag != wanted:
        unknown(source, wanted, f"it is XML of another kind ({root.tag[:40]})")
    _bounded(root, source)
    return root


def _bounded(root: ET.Element, source: str) -> None:
    level, depth = [root], 0
    while level:
        depth += 1
        if depth > MOST_NESTED:
            _unsafe(source, f"it is nested more than {MOST_NESTED} levels deep")
        level = [child for element in level for child in element]


def json_object(content: bytes, source: str) -> dict[str, Any]:
    """The JSON object that a file holds. Numbers are finite, depth is bounded."""
    text = text_of(content, source)
    try:
        found = json.loads(text, parse_constant=_no_number)
    except RecursionError as cause:
        raise DocumentError("interchange_unsafe", f"{source} is nested too deep.", AGAIN, file=source) from cause
    except ValueError as cause:
        raise DocumentError("interchange_damaged", f"{source} is no JSON ({cause}).", AGAIN, file=source) from cause
    if not isinstance(found, dict):
        unknown(source, "timeline", "it is JSON, but no object")
    return found


def _no_number(word: str) -> float:
    raise ValueError(f"{word} is no number")


def rational(value: object, source: str, what: str = "a time") -> Fraction:
    """An exact number from JSON or text: `30`, `1.5`, `1001/30000`, `1001/30000s`."""
    try:
        if isinstance(value, str):
            found = _written(value)
        elif isinstance(value, Fraction):
            found = value
        elif isinstance(value, int) and not isinstance(value, bool):
            found = Fraction(value)
        elif isinstance(value, float) and math.isfinite(value):
            found = _near(Fraction(value))
        else:
            damaged(source, f"{what} is missing or no number")
    except (ValueError, ZeroDivisionError) as cause:
        raise DocumentError("interchange_damaged", f"{source} cannot be read: {what} is {str(value)[:40]!r}.", AGAIN) from cause
    if abs(found) > MOST_NUMBER or found.denominator > MOST_NUMBER:
        damaged(source, f"{what} is beyond measure")
    return found


def _near(exact: Fraction) -> Fraction:
    """Floats next to zero have denominators of three hundred digits; what they mean does not."""
    return exact if exact.denominator <= MOST_NUMBER else exact.limit_denominator(MOST_NUMBER)


@functools.lru_cache(maxsize=16_384)
def _written(text: str) -> Fraction:
    found = re.fullmatch(r"\s*([+-]?\d{1,30}(?:\.\d{0,30})?)(?:/(\d{1,30}))?\s*s?\s*", text)
    if not found:
        raise ValueError(text)
    return Fraction(found[1]) / int(found[2] or 1)


def whole(text: str | None, source: str, what: str) -> int:
    """A whole number from text; numbers such as `12.0` are taken too."""
    return round(rational(text if text is not None else None, source, what))


def measure(value: object, usual: float) -> float:
    """A setting such as a scale, which no cut depends on: `usual` where it is missing, no number, or beyond measure."""
    try:
        found = float(value) if isinstance(value, (str, int, float)) else usual
    except (ValueError, OverflowError):
        return usual
    return found if abs(found) <= MOST_MEASURE else usual


def rate_of(value: object, source: str) -> FrameRate:
    """A frame rate, snapped to a standard one (`FrameRate.parse`)."""
    exact = rational(value, source, "a frame rate")
    try:
        return FrameRate.parse(exact)
    except BadOption as cause:
        raise DocumentError("interchange_damaged", f"{source} has a frame rate of {float(exact):g}.", AGAIN, file=source) from cause
