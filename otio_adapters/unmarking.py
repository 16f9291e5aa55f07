"""Our markers taken out of a timeline file; every other byte of XML and EDL stays as it was. LOCK marks are decisions and stay too."""

from __future__ import annotations

import json
import re
import xml.etree.ElementTree as ET
from collections.abc import Iterator, Mapping
from typing import Any

from otio_adapters.marks import is_ours
from otio_adapters.readers import format_of
from otio_adapters.untrusted import damaged, json_object, text_of, unknown, xml_root

__all__ = ["unmarked"]

XML_MARKER = re.compile(r"[ \t]*<marker\b(?:[^>]*/>|[^>]*>.*?</marker>)[ \t]*(?:\r?\n)?", re.DOTALL)
"""Markers hold no markers, so the nearest end is the end."""
LOCATOR = re.compile(r"^\*\s*LOC\s*:\s*\S+\s+\S+\s*(.*?)\s*$", re.IGNORECASE)
ROOTS = {"fcpxml": "fcpxml", "fcp7": "xmeml"}
MOST_LEVELS = 100
"""Depth to which nested timelines are looked through; deeper ones are no editing program's."""


def unmarked(content: bytes, source: str = "the file") -> tuple[bytes, int]:
    """The file without our markers, and how many there were. Raises `DocumentError` for what no reader takes."""
    form = format_of(content)
    if form is None:
        unknown(source, "timeline", "it looks like none of the formats that are read")
    if form == "otio":
        document = json_object(content, source)
        count = sum(_cleaned(node) for node in _objects(document))
        return (json.dumps(document, ensure_ascii=False, indent=4).encode() if count else content), count
    text = text_of(content, source)
    if form == "edl":
        lines = text.splitlines(keepends=True)
        kept = [line for line in lines if not _is_our_locator(line)]
        return _encoded("".join(kept), content), len(lines) - len(kept)
    xml_root(content, source, ROOTS[form])
    found = [match for match in XML_MARKER.finditer(text) if _is_our_element(match[0], source)]
    for match in reversed(found):
        text = text[: match.start()] + text[match.end() :]
    return _encoded(text, content), len(found)


def _encoded(text: str, content: bytes) -> bytes:
    """In the encoding that `text_of` read it in."""
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        return text.encode("utf-16")
    mark = b"\xef\xbb\xbf" if content.startswith(b"\xef\xbb\xbf") else b""
    try:
        content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return text.encode("latin-1")
    return mark + text.encode()


def _objects(document: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Every object of a document that has markers."""
    level: list[Any] = [document]
    for _ in range(MOST_LEVELS):
        yield from (node for node in level if isinstance(node, dict) and isinstance(node.get("markers"), list))
        level = [child for node in level for child in (node.values() if isinstance(node, dict) else node if isinstance(node, list) else ())]
        if not level:
            return


def _cleaned(node: dict[str, Any]) -> int:
    kept = [row for row in node["markers"] if not (isinstance(row, dict) and _is_our_row(row))]
    count = len(node["markers"]) - len(kept)
    node["markers"] = kept
    return count


def _is_our_row(row: Mapping[str, Any]) -> bool:
    metadata = row.get("metadata") if isinstance(row.get("metadata"), dict) else {}
    assert isinstance(metadata, dict)
    resolve = metadata.get("Resolve_OTIO")
    notes = [row.get("comment"), metadata.get("note"), resolve.get("Note") if isinstance(resolve, dict) else None]
    name = row.get("name")
    return any(isinstance(note, str) and is_ours(name if isinstance(name, str) else "", note) for note in notes)


def _is_our_locator(line: str) -> bool:
    found = LOCATOR.match(line.rstrip("\r\n"))
    return found is not None and is_ours(found[1], found[1])


def _is_our_element(piece: str, source: str) -> bool:
    """Of FCPXML by its attributes, of Final Cut 7 XML by the elements in it."""
    try:
        element = ET.fromstring(piece.strip())
    except ET.ParseError:
        damaged(source, "a marker in it ends otherwise than it begins")
    name = element.get("value") or element.findtext("name") or ""
    return is_ours(name, element.get("note") or element.findtext("comment") or "")
