"""What a viewer sees of a cut list's tracks: upper pictures hide lower ones, and a clip that is merely divided is one shot. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from fractions import Fraction

from engine.model.cutlist import CutEvent, CutTrack
from engine.model.time import FrameRate, FrameSpan

__all__ = ["part", "seen", "undivided"]


def part(event: CutEvent, record: FrameSpan, rate: FrameRate) -> CutEvent:
    """The same event on a part of its record span. rate : of the list."""
    start = event.source_start_s + rate.seconds(record.start - event.record.start) * event.speed
    late = rate.seconds(record.start - event.record.start)
    return replace(
        event,
        record=record,
        source_start_s=start,
        source_end_s=start + rate.seconds(record.duration) * event.speed,
        framing=tuple(replace(one, at_s=one.at_s - late) for one in event.framing),
    )


def seen(tracks: Sequence[CutTrack], rate: FrameRate) -> Iterator[CutEvent]:
    """What is switched on of several tracks (the lowest first), without what upper ones hide; sound hides nothing."""
    above: list[FrameSpan] = []
    for track in reversed([one for one in tracks if one.enabled]):
        events = [event for event in track.events if event.enabled]
        for event in events:
            yield from (part(event, span, rate) for span in _uncovered(event.record, above))
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


def undivided(events: Iterable[CutEvent], rate: FrameRate, kept: Iterable[int] = ()) -> list[CutEvent]:
    """In order, with clips made whole that are divided where nothing changes ("through edits"): nobody sees a cut there.

    kept : record frames at which something does happen (transitions).
    """
    whole: list[CutEvent] = []
    changes = set(kept)
    for event in sorted(events, key=lambda one: one.record.start):
        before = whole[-1] if whole else None
        if before is not None and event.record.start not in changes and _goes_on(before, event, rate):
            span = FrameSpan(before.record.start, event.record.end)
            whole[-1] = replace(before, record=span, source_end_s=event.source_end_s)
        else:
            whole.append(event)
    return whole


def _goes_on(before: CutEvent, event: CutEvent, rate: FrameRate) -> bool:
    half_frame = rate.frame_duration / 2 * max(Fraction(1), abs(event.speed))
    same = (before.media.name, before.media.url) == (event.media.name, event.media.url)
    alike = before.speed == event.speed and _still(before) == _still(event)
    meets = before.record.end == event.record.start and abs(event.source_start_s - before.source_end_s) <= half_frame
    return same and alike and meets


def _still(event: CutEvent) -> tuple[object, ...]:
    """How the picture lies in the frame, when does not matter where it does not move."""
    return tuple((row.zoom, row.x, row.y, row.of) for row in event.framing)
