"""How media are named in interchange files: URLs per host, where timelines begin, XML as a file. Pure."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from urllib.parse import quote

from engine.model.time import FrameRate

__all__ = [
    "START_HOUR",
    "bare_path",
    "file_url",
    "is_windows",
    "plain",
    "record_start",
    "xml_document",
]

START_HOUR = 3600
"""Seconds: timelines begin at 01:00:00:00, as NLEs have it."""

NOT_IN_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""Characters outside XML 1.0's `Char`."""
WINDOWS_DRIVE = re.compile(r"^[A-Za-z]:[\\/]")


def is_windows(path: str) -> bool:
    """True for paths with a drive letter or a server name (UNC), whatever system this runs on."""
    return bool(WINDOWS_DRIVE.match(path)) or path.startswith("\\\\")


def plain(value: float) -> str:
    """A number as plain decimals, six at most: exponents are not read everywhere."""
    text = f"{value:.6f}".rstrip("0").rstrip(".")
    return "0" if text == "-0" else text


def bare_path(path: str) -> str:
    """An absolute path with forward slashes, not encoded: what Resolve writes into its own OTIO files."""
    return path.replace("\\", "/") if is_windows(path) else path


def file_url(path: str, host: str = "") -> str:
    """A file URL, percent-encoded but for RFC 3986's unreserved characters and `/`.

    host : "localhost" for Final Cut 7 XML, else empty. Server names (UNC) become the URL's host.
    """
    plain = bare_path(path)
    if path.startswith("\\\\"):
        server, _, rest = plain[2:].partition("/")
        return f"file://{_quoted(server)}/{_quoted(rest)}"
    if is_windows(path):
        return f"file://{host}/{plain[0]}:{_quoted(plain[2:])}"
    return f"file://{host}{_quoted(plain)}"


def _quoted(path: str) -> str:
    # File names may hold bytes that are no text; Python keeps them as lone surrogates.
    return quote(path, safe="/", errors="surrogateescape")


def xml_document(root: ET.Element, doctype: str) -> bytes:
    """The tree as a file. What XML 1.0 cannot hold (control characters in names and notes) becomes a space."""
    for element in root.iter():
        element.text = _printable(element.text) if element.text else element.text
        for name, value in element.attrib.items():
            element.set(name, _printable(value))
    ET.indent(root)
    body = ET.tostring(root, encoding="unicode")
    return f'<?xml version="1.0" encoding="UTF-8"?>\n<!DOCTYPE {doctype}>\n\n{body}\n'.encode()


def _printable(text: str) -> str:
    return NOT_IN_XML.sub(" ", text)


def record_start(rate: FrameRate) -> int:
    """Frame number of 01:00:00:00 (non-drop) at a rate."""
    return START_HOUR * rate.timebase
