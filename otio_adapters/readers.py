"""The one table of readers, and one that finds out by itself what a file is."""

from __future__ import annotations

from types import MappingProxyType

from engine.model.cutlist import CutList
from engine.model.interchange import Reader, Readers
from engine.model.time import FrameRate
from otio_adapters.read_edl import EdlReader
from otio_adapters.read_fcp7 import Fcp7Reader
from otio_adapters.read_fcpxml import FcpxmlReader
from otio_adapters.read_otio import OtioReader
from otio_adapters.read_snapshot import SnapshotReader, is_snapshot
from otio_adapters.untrusted import empty, unknown

__all__ = ["READERS", "AnyReader", "format_of"]

HEAD_BYTES = 4096


class AnyReader:
    """Reads every format that is read here, by what the file holds; its name does not matter."""

    name = "any"
    suffixes: tuple[str, ...] = (".otio", ".fcpxml", ".xml", ".edl")

    def read(self, content: bytes, source: str = "the file", rate: FrameRate | None = None) -> CutList:
        """Raises `DocumentError` for what no reader takes."""
        form = format_of(content)
        if form is None and not content.strip():
            empty(source, "the file is empty")
        if form is None:
            unknown(source, "timeline", "it looks like none of the formats that are read")
        return READERS[form].read(content, source, rate)


_ROWS: tuple[Reader, ...] = (OtioReader(), FcpxmlReader(), Fcp7Reader(), EdlReader(), SnapshotReader(), AnyReader())

READERS: Readers = MappingProxyType({reader.name: reader for reader in _ROWS})


def format_of(content: bytes) -> str | None:
    """`otio`, `resolve-snapshot`, `fcpxml`, `fcp7` or `edl` by the first bytes of a file; None where they are like none of these."""
    head = content[:HEAD_BYTES].replace(b"\x00", b"").lstrip(b"\xef\xbb\xbf\xff\xfe \t\r\n")
    if head.startswith(b"{"):
        return "resolve-snapshot" if is_snapshot(head) else "otio"
    if head.startswith(b"<"):
        return "fcpxml" if b"<fcpxml" in head else "fcp7" if b"<xmeml" in head else None
    if head.startswith((b"TITLE:", b"FCM:")) or b"\nFCM:" in head or head[:3].isdigit():
        return "edl"
    return None
