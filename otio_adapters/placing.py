"""Events of one track put in order. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from engine.model.cutlist import CutEvent
from engine.model.time import FrameRate, FrameSpan

__all__ = ["in_order"]


def in_order(events: Iterable[CutEvent], rate: FrameRate) -> tuple[CutEvent, ...]:
    """By record position. An event that reaches into the next one ends where that begins, as editing programs show it.

    Empty ones, which only say where a transition starts, are left out.
    """
    rows = sorted((one for one in events if one.record.duration), key=lambda one: one.record)
    placed: list[CutEvent] = []
    for event, following in zip(rows, [*rows[1:], None]):
        end = event.record.end if following is None else min(event.record.end, following.record.start)
        if end > event.record.start:
            placed.append(event if end == event.record.end else _shortened(event, end, rate))
    return tuple(placed)


def _shortened(event: CutEvent, end: int, rate: FrameRate) -> CutEvent:
    record = FrameSpan(event.record.start, end)
    return replace(event, record=record, source_end_s=event.source_start_s + rate.seconds(record.duration) * event.speed)
