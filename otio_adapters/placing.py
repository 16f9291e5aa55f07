"""Events of one track put in order, and nested timelines unrolled into the clips that they show. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from fractions import Fraction

from engine.model.cutlist import CutEvent, CutTrack
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
            placed.append(event if end == event.record.end else _part(event, FrameSpan(event.record.start, end), rate))
    return tuple(placed)


def _part(event: CutEvent, record: FrameSpan, rate: FrameRate) -> CutEvent:
    """The same event on a part of its record span."""
    start = event.source_start_s + rate.seconds(record.start - event.record.start) * event.speed
    late = rate.seconds(record.start - event.record.start)
    return replace(
        event,
        record=record,
        source_start_s=start,
        source_end_s=start + rate.seconds(record.duration) * event.speed,
        framing=tuple(replace(one, at_s=one.at_s - late) for one in event.framing),
    )


def unnested(nest: CutEvent, begin_s: Fraction, inside: Sequence[CutTrack], inner: FrameRate, rate: FrameRate) -> list[CutEvent]:
    """What a nested timeline shows in the place of `nest`, on the outer list's grid.

    begin_s : time of the inner timeline that the nest begins with. inside : its tracks of one kind. inner, rate : rates of the inner and
    the outer list. What was said of the nest (switched off, locked) holds for all that is in it.
    """
    lead = rate.frames(begin_s)
    found = []
    for event in _seen(inside, inner):
        start, end = (rate.frames(inner.seconds(frame)) - lead + nest.record.start for frame in (event.record.start, event.record.end))
        record = FrameSpan(start, end).intersection(nest.record) if end > start else None
        if record is not None:
            moved = _part(replace(event, record=FrameSpan(start, end)), record, rate)
            found.append(replace(moved, enabled=nest.enabled, locked=moved.locked or nest.locked))
    return found


def _seen(tracks: Sequence[CutTrack], rate: FrameRate) -> Iterator[CutEvent]:
    """What is switched on of several tracks, without what upper ones hide; sound hides nothing."""
    above: list[FrameSpan] = []
    for track in reversed([one for one in tracks if one.enabled]):
        events = [event for event in track.events if event.enabled]
        for event in events:
            yield from (_part(event, span, rate) for span in _uncovered(event.record, above))
        above = sorted([*above, *(event.record for event in events)]) if track.kind == "video" else []


def _uncovered(span: FrameSpan, above: Iterable[FrameSpan]) -> Iterator[FrameSpan]:
    at = span.start
    for cover in above:
        if cover.start >= span.end:
            break
        if cover.start > at:
            yield FrameSpan(at, cover.start)
        at = max(at, cover.end)
    if at < span.end:
        yield FrameSpan(at, span.end)
