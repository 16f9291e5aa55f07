"""What every object of the fake Resolve shares: edition and version, None instead of exceptions, modal windows, hangs, a dead process.

The behaviours are those that people measured on real installs (19.1 to 21.1); each stands where it is copied. Where measurements
disagree, the profile says which one a test gets.
"""

from __future__ import annotations

import itertools
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

from engine.model.time import FrameRate

CLIP_COLOURS = [
    "Orange",
    "Apricot",
    "Yellow",
    "Lime",
    "Olive",
    "Green",
    "Teal",
    "Navy",
    "Blue",
    "Purple",
    "Violet",
    "Pink",
    "Tan",
    "Beige",
    "Brown",
    "Chocolate",
]  # the clip palette
MARKER_COLOURS = [
    "Blue",
    "Cyan",
    "Green",
    "Yellow",
    "Red",
    "Pink",
    "Purple",
    "Fuchsia",
    "Rose",
    "Lavender",
    "Sky",
    "Mint",
    "Lemon",
    "Sand",
    "Cocoa",
    "Cream",
]
WRITES = ("Set", "Add", "Append", "Create", "Delete", "Duplicate", "Import", "Insert", "Clear", "Copy", "Update", "Relink", "Save")
"""Beginnings of methods that change something: all of them fail while a modal window is open."""

ALWAYS = (0, 0)
SINCE: dict[str, tuple[int, int]] = {
    "MediaPool.GetSelectedClips": (19, 0),
    "MediaPool.SetSelectedClip": (19, 0),
    "MediaPoolItem.GetThirdPartyMetadata": (19, 0),
    "MediaPoolItem.SetThirdPartyMetadata": (19, 0),
    "MediaPoolItem.GetMarkInOut": (19, 1),
    "MediaPoolItem.SetMarkInOut": (19, 1),
    "MediaPoolItem.ClearMarkInOut": (19, 1),
    "MediaPoolItem.SetName": (20, 2),
    "Timeline.GetMediaPoolItem": (19, 1),
    "Timeline.GetMarkInOut": (19, 1),
    "Timeline.SetMarkInOut": (19, 1),
    "Timeline.ClearMarkInOut": (19, 1),
    "Timeline.GetSelectedClips": (21, 1),
    "TimelineItem.GetSourceStartFrame": (19, 0),
    "TimelineItem.GetSourceEndFrame": (19, 0),
    "TimelineItem.GetTrackTypeAndIndex": (19, 0),
    "TimelineItem.GetLinkedItems": (19, 0),
    "TimelineItem.SetName": (20, 2),
    "TimelineItem.GetType": (21, 1),
    "TimelineItem.AddTransition": (21, 1),
    "TimelineItem.SetSpeed": (21, 1),
    "TimelineItem.GetSpeed": (21, 1),
    "TimelineItem.SetFades": (21, 1),
    "TimelineItem.GetFades": (21, 1),
    "Resolve.IsStudio": (21, 1),
}
"""Class.Method -> first version that has it; all others since 18.5."""


@dataclass(frozen=True)
class Profile:
    """One edition at one version.

    end_inclusive : endFrame of AppendToTimeline counts (one text on 19.1.3 says so). foreign_otio : what becomes of OTIO that is not in
    Resolve's own shape. first_delete_false : the first DeleteClips says False although nothing is wrong. rounds_source : GetSourceStartFrame
    is one off now and then.
    """

    name: str
    product: str
    version: tuple[int, int, int]
    end_inclusive: bool = False
    foreign_otio: str = "offline"
    first_delete_false: bool = True
    rounds_source: bool = True
    python_menu: bool = True
    external: bool = True

    @property
    def studio(self) -> bool:
        return self.product.endswith("Studio")


_STUDIO, _FREE = "DaVinci Resolve Studio", "DaVinci Resolve"
PROFILES = {
    row.name: row
    for row in (
        Profile("studio-18.6", _STUDIO, (18, 6, 6)),
        Profile("studio-19.1.3", _STUDIO, (19, 1, 3), end_inclusive=True),
        Profile("studio-20.3", _STUDIO, (20, 3, 2)),
        Profile("studio-21.1", _STUDIO, (21, 1, 1), foreign_otio="none"),
        Profile("free-21.0", _FREE, (21, 0, 3), external=False),
        Profile("free-21.1", _FREE, (21, 1, 1), foreign_otio="none", external=False, python_menu=False),
    )
}


@dataclass
class World:
    """The state that is no object's own, and the switches that tests turn."""

    profile: Profile
    page: str | None = "edit"
    modal: bool = False
    dead: bool = False
    hangs: set[str] = field(default_factory=set)
    """Names of methods that do not return until `release` is set."""
    release: threading.Event = field(default_factory=threading.Event)
    calls: list[str] = field(default_factory=list)
    errored_chunk: bool = False
    """The next append answers as if all were well, and nothing is there afterwards."""
    on_call: Callable[[str], None] | None = None
    deleted_once: bool = False
    slow_s: float = 0.0
    """What every call takes on its way through the wall (a snapshot of 31 items was measured at 268 ms)."""
    latency_s: dict[str, float] = field(default_factory=dict)
    """Method -> what it takes instead: the long ones, such as an import of hundreds of clips."""
    _numbers: Any = field(default_factory=itertools.count)

    def new_id(self) -> str:
        return f"uid-{next(self._numbers):06d}"


class Remote:
    """An object behind the wall between processes: attributes it does not have are None, not errors, and methods never raise."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._uid = world.new_id()

    def __getattribute__(self, name: str) -> Any:
        if not name[:1].isupper():
            return object.__getattribute__(self, name)
        world: World = object.__getattribute__(self, "_world")
        kind = type(self).__name__
        full = f"{kind}.{name}"
        found = type(self).__dict__.get(name) or next((one.__dict__[name] for one in type(self).__mro__ if name in one.__dict__), None)
        if found is None or world.profile.version[:2] < SINCE.get(full, ALWAYS):
            return None
        if not callable(found):
            return found
        return _Method(self, name, full, found)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        return None

    def __dir__(self) -> list[str]:
        """Honest, unlike hasattr; constants are not in it."""
        return [
            name
            for one in type(self).__mro__
            for name, value in one.__dict__.items()
            if name[:1].isupper() and callable(value)
            if self._world.profile.version[:2] >= SINCE.get(f"{type(self).__name__}.{name}", ALWAYS)
        ]


class _Method:
    """One call through the wall."""

    def __init__(self, owner: Remote, name: str, full: str, function: Callable[..., Any]) -> None:
        self._owner, self._name, self._full, self._function = owner, name, full, function

    def __call__(self, *arguments: Any, **named: Any) -> Any:
        world = self._owner._world
        world.calls.append(self._full)
        if world.on_call is not None:
            world.on_call(self._full)
        time.sleep(world.latency_s.get(self._name, world.slow_s))
        if self._name in world.hangs:
            world.release.wait()
            return None
        if world.dead:
            return None
        if world.modal and self._name.startswith(WRITES):
            return None if self._name.startswith(("Append", "Create", "Duplicate", "Import", "Add")) else False
        try:
            return self._function(self._owner, *arguments, **named)
        except (TypeError, KeyError, ValueError, AttributeError):  # the wall swallows them
            return None


def rate_of(text: str) -> FrameRate:
    return FrameRate.parse(text)


def timebase(text: str) -> int:
    """Frames that a second of timecode counts: 30 at 29.97."""
    return int(-(-rate_of(text).fraction // 1))


def ratio(timeline: str, source: str) -> Fraction:
    """Timeline frames per source frame."""
    return rate_of(timeline).fraction / rate_of(source).fraction
