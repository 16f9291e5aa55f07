"""What a reader got out of an NLE's file, before anybody knows which media is meant.

Only our own edits are Timelines; a CutList may hold anything an editor made. Times are exact: record positions in frames of
the list's rate, source positions in seconds from the media's start timecode zero (`media_start_s` says where the file begins).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any, Literal
from urllib.parse import unquote

from engine.model.time import FrameRate, FrameSpan

__all__ = ["CutEvent", "CutFraming", "CutList", "CutMarker", "CutTrack", "CutTransition", "MediaLink"]


@dataclass(frozen=True)
class MediaLink:
    """Media as the file names it. Any of these may be missing, that is what resolving is for."""

    name: str
    url: str | None = None
    media_start_s: Fraction | None = None
    media_duration_s: Fraction | None = None
    rate: FrameRate | None = None
    metadata: Mapping[str, Any] = field(default_factory=dict)

    @property
    def path(self) -> str | None:
        """`url` as a path: bare ones as they are, file URLs decoded (`C:/a b.mp4`, `//server/share/a.mp4`); None for other URLs."""
        return None if self.url is None else _path_of(self.url)


def _path_of(url: str) -> str | None:
    # Not by urlsplit: programs that forget to encode leave `#` and `?` in file names, which it would cut off.
    scheme, colon, rest = url.partition(":")
    if not colon or len(scheme) < 2 or not scheme.isalpha() or not rest.startswith("/"):
        return url
    if scheme.lower() != "file":
        return None
    if not rest.startswith("//"):
        return unquote(rest)
    host, slash, plain = rest[2:].partition("/")
    path = unquote(slash + plain)
    if host[1:] == ":":
        return f"{host}{path}"
    if path[2:3] == ":" and path[1:2].isalpha():
        path = path[1:]
    return path if host.lower() in ("", "localhost") else f"//{unquote(host)}{path}"


@dataclass(frozen=True)
class CutMarker:
    """A marker: `position_s` from the start of the list (timeline markers) or of the used source (clip markers)."""

    position_s: Fraction
    name: str
    note: str = ""
    colour: str | None = None


@dataclass(frozen=True)
class CutFraming:
    """How the picture lies in the frame from `at_s` of the event on; between several of an event it moves in a straight line.

    zoom : times the size at which the whole picture fits the frame (`fit`), at which it fills it (`fill`), or of its own pixels (`pixels`).
    x, y : of the picture's middle away from the frame's, to the right and down, in shares of the frame's width and height.
    sure : the program itself said which of these it counts in; files often do not.
    """

    at_s: Fraction
    zoom: float
    x: float
    y: float
    of: Literal["fit", "fill", "pixels"]
    sure: bool = False


@dataclass(frozen=True)
class CutEvent:
    """One clip of a track. `source_start_s`, `source_end_s` are in the media's own timecode time; `framing` is empty where none is told."""

    name: str
    record: FrameSpan
    media: MediaLink
    source_start_s: Fraction
    source_end_s: Fraction
    speed: Fraction = Fraction(1)
    enabled: bool = True
    locked: bool = False
    label: str | None = None
    notes: tuple[str, ...] = ()
    markers: tuple[CutMarker, ...] = ()
    framing: tuple[CutFraming, ...] = ()
    metadata: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class CutTransition:
    """A transition centred around record frame `at`, reaching `before` and `after` frames."""

    at: int
    before: int
    after: int
    kind: str = "dissolve"


@dataclass(frozen=True)
class CutTrack:
    """A track; what lies between its events is gap."""

    kind: Literal["video", "audio"]
    name: str
    events: tuple[CutEvent, ...]
    transitions: tuple[CutTransition, ...] = ()
    enabled: bool = True
    locked: bool = False


@dataclass(frozen=True)
class CutList:
    """Everything a file said that Cutprint understands; `dropped` names what it said beside that."""

    name: str
    rate: FrameRate
    tracks: tuple[CutTrack, ...]
    start_frame: int = 0
    drop_frame: bool = False
    width: int | None = None
    height: int | None = None
    markers: tuple[CutMarker, ...] = ()
    dropped: tuple[str, ...] = ()
    metadata: Mapping[str, Any] = field(default_factory=dict)
