"""The one table of writers."""

from __future__ import annotations

from types import MappingProxyType

from engine.model.interchange import Writers
from otio_adapters.edl import EdlWriter
from otio_adapters.fcp7 import Fcp7Writer
from otio_adapters.fcpxml import FcpxmlWriter
from otio_adapters.otio_files import PlainOtioWriter
from otio_adapters.premiere_otio import PremiereOtioWriter
from otio_adapters.resolve_otio import ResolveOtioWriter

__all__ = ["WRITERS"]

_ROWS = (PlainOtioWriter(), ResolveOtioWriter(), PremiereOtioWriter(), FcpxmlWriter(), Fcp7Writer(), EdlWriter())

WRITERS: Writers = MappingProxyType({writer.name: writer for writer in _ROWS})
