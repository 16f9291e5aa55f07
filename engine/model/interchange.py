"""Protocols of what writes timelines for other programs and reads theirs. Start-up code hands tables of them to the engine."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, Protocol

from engine.model.cutlist import CutList
from engine.model.time import FrameRate
from engine.model.timeline import Timeline

__all__ = ["ExportOptions", "MarkerChoice", "Reader", "Readers", "Unmark", "Writer", "Writers", "Written"]

MarkerChoice = Literal["none", "sections", "beats", "reasons", "all"]


@dataclass(frozen=True)
class ExportOptions:
    """name : the timeline's name in the NLE. markers : how many are carried. version : of the format, where it has several."""

    name: str = "Cutprint"
    markers: MarkerChoice = "all"
    version: str | None = None
    alternates: bool = False


@dataclass(frozen=True)
class Written:
    """A finished file's bytes, what the format could not carry, and one line saying how to import it."""

    content: bytes
    dropped: tuple[str, ...] = ()
    import_hint: str = ""
    warnings: tuple[str, ...] = field(default=())


class Writer(Protocol):
    """Turns a timeline into one file. Pure: no file is touched."""

    name: str
    suffix: str
    description: str

    def write(self, timeline: Timeline, options: ExportOptions = ...) -> Written: ...


class Reader(Protocol):
    """Turns a file's bytes into a CutList; raises `DocumentError` for what it cannot read. Opens nothing beside.

    rate : the timeline's, where the caller knows it; only formats that do not say it (EDL) look at it.
    """

    name: str
    suffixes: tuple[str, ...]

    def read(self, content: bytes, source: str = ..., rate: FrameRate | None = ...) -> CutList: ...


class Unmark(Protocol):
    """Takes our markers out of a file of any format, and leaves every other byte that it can; returns the file and how many went."""

    def __call__(self, content: bytes, source: str = ...) -> tuple[bytes, int]: ...


Writers = Mapping[str, Writer]
Readers = Mapping[str, Reader]
