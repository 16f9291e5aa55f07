"""Events of one track put in order, and nested timelines unrolled into the clips that they show. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from fractions import Fraction

from engine.model.cutlist import CutEvent, CutTrack
from engine.model.showing import part, seen
from engine.model.time import FrameRate, FrameSpan

__all__ = ["MOST_NESTS", "in_order", "unnested"]

MOST_NESTS = 2_000
"""Nested timelines that are unrolled in one file: they may refer to each other, so that few words mean millions of clips (chosen)."""


def in_order(events: Iterable[CutEvent], rate: FrameRate) -> tuple[CutEvent, ...]:
    """By record position. An event that reaches into the next one ends where that begins, as editing programs show it.

    Empty ones, which only say where a transition starts, are left out.
    """
    rows = sorted((one for one in events if one.record.duration), key=lambda one: one.record)
    placed: list[CutEvent] = []
    for event, following in zip(rows, [*rows[1:], None]):
        end = event.record.end if following is None else min(event.record.end, following.record.start)
        if end > event.record.start:
            placed.append(event if end == event.record.end else part(event, FrameSpan(event.record.start, end), rate))
    return tuple(placed)


def unnested(nest: CutEvent, begin_s: Fraction, inside: Sequence[CutTrack], inner: FrameRate, rate: FrameRate) -> list[CutEvent]:
    """What a nested timeline shows in the place of `nest`, on the outer list's grid.

    begin_s : time of the inner timeline that the nest begins with. inside : its tracks of one kind. inner, rate : rates of the inner and
    the outer list. What was said of the nest (switched off, locked) holds for all that is in it.
    """
    lead = rate.frames(begin_s)
    found = []
    for event in seen(inside, inner):
        start, end = (rate.frames(inner.seconds(frame)) - lead + nest.record.start for frame in (event.record.start, event.record.end))
        record = FrameSpan(start, end).intersection(nest.record) if end > start else None
        if record is not None:
            moved = part(replace(event, record=FrameSpan(start, end)), record, rate)
            found.append(replace(moved, enabled=nest.enabled, locked=moved.locked or nest.locked))
    return found
