"""Whether an instruction did what it says: one figure per instruction, measured on the section before and after."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from engine.edit.features import clip_table
from engine.edit.footage import ClipInput
from engine.edit.grid import energy_between
from engine.edit.instructions import Instruction
from engine.edit.supply import shown_span
from engine.model.style import Brief
from engine.model.time import FrameSpan
from engine.model.timeline import Placement, Timeline

__all__ = ["Effect", "effect_of", "motion_energy"]


@dataclass(frozen=True)
class Effect:
    """A figure before and after, and whether it moved the way that was asked."""

    figure: str
    before: float
    after: float
    done: bool

    def in_words(self) -> str:
        return f"{self.figure} {self.before:.2f} -> {self.after:.2f}"


def effect_of(one: Instruction, before: Timeline, after: Timeline, span: FrameSpan, clips: Mapping[str, ClipInput], brief: Brief) -> Effect:
    """The figure that proves an instruction on the placements that start inside `span`."""
    old, new = _inside(before, span), _inside(after, span)
    if one.name in ("make_tighter", "slow_down"):
        a, b = _mean_s(before, old), _mean_s(after, new)
        good = b < a - 1e-6 if one.name == "make_tighter" else len(new) < len(old)
        return Effect("mean shot in seconds", a, b, good)
    if one.name == "add_energy":
        a, b = motion_energy(before, old), motion_energy(after, new)
        return Effect("motion in the music's energy", a, b, b > a + 1e-4)
    if one.name == "regenerate_section":
        known = {_key(clip) for clip in old}
        fresh = sum(_key(clip) not in known for clip in new)
        return Effect("placements that are new", 0.0, float(fresh), fresh > 0)
    a, b = (_share(rows, one.kind, clips, brief) for rows in (old, new))
    return Effect(f"share of {one.kind.replace('_', ' ')}", a, b, b > a + 1e-4 if one.name == "more" else b < a - 1e-4)


def _inside(timeline: Timeline, span: FrameSpan) -> list[Placement]:
    return [clip for clip in timeline.clips if span.start <= clip.timeline_start_frame < span.end]


def _key(clip: Placement) -> tuple[object, ...]:
    return clip.media_id, clip.timeline_start_frame, clip.duration_frames, clip.source_start_frame, clip.speed


def _mean_s(timeline: Timeline, clips: Sequence[Placement]) -> float:
    frames = sum(clip.duration_frames for clip in clips)
    return float(timeline.rate.seconds(frames)) / max(1, len(clips))


def motion_energy(timeline: Timeline, clips: Sequence[Placement]) -> float:
    """Mean over time of a shot's motion times the music's energy under it, 0 to 1."""
    total = 0.0
    for clip in clips:
        start, end = (float(timeline.rate.seconds(frame)) for frame in (clip.span.start, clip.span.end))
        energy = energy_between(timeline.song, start, end) if timeline.song else 0.5
        total += clip.duration_frames * clip.facts.motion_intensity * energy
    return total / max(1, sum(clip.duration_frames for clip in clips))


def _share(clips: Sequence[Placement], kind: str, known: Mapping[str, ClipInput], brief: Brief) -> float:
    """Mean over time of a column of the features."""
    rows = [clip for clip in clips if clip.media_id in known]
    if not rows:
        return 0.0
    table = clip_table([known[clip.media_id].analysis for clip in rows], [shown_span(clip, brief) for clip in rows])
    frames = np.array([clip.duration_frames for clip in rows], float)
    return float(np.nan_to_num(table.column(kind)) @ frames / frames.sum())
