"""Where cuts may fall: the frames of the song's beats, each with its strength and the music around it."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from engine.edit.taste import CONTEXT_FEATURES, HOLD_FEATURES, QUICK_BPM, Table
from engine.model.analysis import SongAnalysis
from engine.model.style import StyleProfile
from engine.model.time import FrameRate, FrameSpan
from engine.model.timeline import SongUse

__all__ = ["CutPoint", "Grid", "beat_strengths", "cut_grid", "cuts_between_beats", "energy_between"]

LEAST_SHOT_S = 0.30
"""Shorter shots are not seen (about the time to recognise a picture and move on)."""
LONGEST_SHOT_S = 6.0
"""The 90th percentile of short-form shots; longer ones need a reason of their own."""
DROP, SECTION, PHRASE, DOWNBEAT, BEAT, HALF_BEAT = 1.0, 0.8, 0.65, 0.5, 0.15, 0.05
"""How much the music asks for a cut (chosen: the order is what matters)."""
ACCENT = 0.1
"""What the song's hardest-hit beat has over its softest of the same kind: less than from one kind to the next (chosen)."""
NEAR_S = 0.06
"""A beat this near to a bar or section line is on it."""
EVEN_STEP_S = 0.5
"""Grid where there is neither a beat nor a tempo (120 a minute)."""
SECTION_SHARE = 0.4
"""Share of a section's own energy in that of its beats: one quiet second in a drop is still the drop (chosen)."""

GOLDEN = (5**0.5 - 1) / 2
"""Multiples of the golden section spread evenly over 0 to 1, however many are taken (Weyl 1916)."""


@dataclass(frozen=True)
class CutPoint:
    """A frame at which a clip may begin.

    beat : index into `song.beats`, None for the edit's end (and a start that lies on none). strength : 0 to 1, how much the music
    asks for a cut. energy : 0 to 1 from here on, section and next second together. rise : by how much that is more than the second before.
    """

    frame: int
    beat: int | None
    strength: float
    energy: float
    section: str
    rise: float = 0.0


@dataclass(frozen=True)
class Grid:
    """Cut points from a window's first frame to its end; `least`/`longest` shot in frames; `total` frames of the whole edit."""

    points: tuple[CutPoint, ...]
    least: int
    longest: int
    beat_frames: float
    fps: float = 30.0
    bpm: float = 120.0
    total: int = 0

    def beats_between(self, start: int, end: int) -> float:
        """Length of the stretch between two points in beats."""
        return (self.points[end].frame - self.points[start].frame) / self.beat_frames

    def contexts(self) -> Table:
        """CONTEXT_FEATURES of every point."""
        total = max(1, self.total or self.points[-1].frame)
        rows = [
            (
                *(point.energy, point.rise, point.strength, point.frame / total, point.frame / self.fps, float(point.frame == 0)),
                *(float(point.section == "drop"), float(point.section in ("break", "intro", "outro"))),
            )
            for point in self.points
        ]
        return Table(CONTEXT_FEATURES, np.array(rows, np.float64))

    def holds(self, slots: Sequence[tuple[int, int]]) -> Table:
        """HOLD_FEATURES of stretches between two points."""
        total = max(1, self.total or self.points[-1].frame)
        rows = []
        for start, end in slots:
            a, b = self.points[start], self.points[end]
            frames = b.frame - a.frame
            opening, closing = a.strength if a.frame else DOWNBEAT, b.strength
            rows.append((frames / self.beat_frames, frames / self.fps, a.energy, a.rise, opening, closing, a.frame / total, self.bpm))
        return Table(HOLD_FEATURES, np.array(rows, np.float64).reshape(len(rows), len(HOLD_FEATURES)))


def cuts_between_beats(profile: StyleProfile) -> bool:
    """Whether the profile cuts between beats: more often than its share of beats with a cut explains, or by its rule for loud music."""
    pacing = profile.pacing_patterns
    more = pacing.cuts_per_beat > (1.0 - pacing.beat_skip_rate) + 0.1  # a tenth: what rounding and chance explain
    return more or profile.energy_matching.high_energy_sections.cut_frequency == "every_half_beat"


def cut_grid(
    song: SongUse,
    rate: FrameRate,
    duration_frames: int,
    *,
    window: FrameSpan | None = None,
    offset_s: float = 0.0,
    offsets_s: Sequence[float] = (),
    halves: bool = False,
    held: Sequence[FrameSpan] = (),
    shortest_s: float | None = None,
    longest_s: float | None = None,
) -> Grid:
    """Every beat of the song inside the window, frame-exact and moved by `offset_s`, with the two ends and the borders of `held` spans.

    offsets_s : offsets that the beats take in turns instead, spread evenly over any stretch of them.
    duration_frames : of the whole edit. halves : also half-way between beats. held : placements that stay; no point lies inside one.
    """
    part = window or FrameSpan(0, duration_frames)
    least = max(2, rate.frames(LEAST_SHOT_S if shortest_s is None else shortest_s))
    borders = {frame for span in held for frame in (span.start, span.end)} | {part.start, part.end}
    beats = _beat_frames(song, rate, offset_s, offsets_s, halves)
    inner = [frame for frame in beats if part.start + least <= frame <= part.end - least and not _inside(held, frame)]
    frames = sorted({*inner, *(frame for frame in borders if part.start <= frame <= part.end)})
    felt = felt_beats(song)
    points = [_point(song, rate, frame, beats.get(frame), offset_s, felt) for frame in frames if frame < duration_frames]
    if frames[-1] == duration_frames:
        points.append(_point(song, rate, duration_frames, None, 0.0, felt))
    period = float(rate.fraction) * 60.0 / song.bpm if song.bpm > 0 else float(rate.fraction) / 2
    widest = max((b.frame - a.frame for a, b in zip(points, points[1:])), default=duration_frames)
    longest = rate.frames(LONGEST_SHOT_S if longest_s is None else longest_s)
    return Grid(tuple(points), least, max(longest, widest), period, rate.fps, song.bpm, duration_frames)


def felt_beats(song: SongUse | SongAnalysis) -> frozenset[int]:
    """Indices of the beats that people nod to: all; in quick music every other one of a bar, or its first where it has an odd number."""
    everything = frozenset(range(len(song.beats)))
    bars = [index for index in range(len(song.beats)) if _near(song.downbeats, song.beats[index])]
    bpm = song.tempo_bpm if isinstance(song, SongAnalysis) else song.bpm
    if bpm <= QUICK_BPM or len(bars) < 2:
        return everything
    sizes = [after - first for first, after in zip(bars, bars[1:])]
    odd = sorted(sizes)[len(sizes) // 2] % 2 == 1
    behind = [bars[max(0, bisect_right(bars, index) - 1)] for index in range(len(song.beats))]
    return frozenset(index for index, first in enumerate(behind) if index == first or (not odd and (index - first) % 2 == 0))


def beat_strengths(song: SongUse | SongAnalysis) -> tuple[float, ...]:
    """How much the music asks for a cut on each beat, 0 to 1: what an edit of it goes by."""
    felt = felt_beats(song)
    return tuple(round(_strength(song, time, index if index in felt else None), 4) for index, time in enumerate(song.beats))


def _inside(held: Sequence[FrameSpan], frame: int) -> bool:
    return any(span.start < frame < span.end for span in held)


def _beat_frames(song: SongUse, rate: FrameRate, offset_s: float, offsets_s: Sequence[float], halves: bool) -> dict[int, int | None]:
    """Frame of each place to cut -> its beat; None half-way between two, and on the even grid of music without beats."""
    frames: dict[int, int | None] = {}
    if not song.beats:
        step = 60.0 / song.bpm if song.bpm > 0 else EVEN_STEP_S
        return {rate.frames(number * step): None for number in range(int(song.source_duration_s / step) + 1)}
    if halves:
        for a, b in zip(song.beats, song.beats[1:]):
            frames[rate.frames(max(0.0, (a + b) / 2 + offset_s))] = None
    for index, beat in reversed(list(enumerate(song.beats))):
        own = offsets_s[int(index * GOLDEN % 1.0 * len(offsets_s))] if offsets_s else offset_s
        frames[rate.frames(max(0.0, beat + own))] = index
    return frames


def _point(song: SongUse, rate: FrameRate, frame: int, beat: int | None, offset_s: float, felt: frozenset[int]) -> CutPoint:
    """A point; `offset_s` is taken off again to see what the music does on its beat."""
    time = song.beats[beat] if beat is not None else max(0.0, float(rate.seconds(frame)) - offset_s)
    section = next((one for one in song.sections if one.start_s - 0.05 <= time < one.end_s - 0.05), None)
    label = section.label if section else "unknown"
    energy = energy_between(song, time, time + 1.0)
    rise = energy - energy_between(song, max(0.0, time - 1.0), time) if time > 0 else 0.0
    if section is not None:
        energy = (1 - SECTION_SHARE) * energy + SECTION_SHARE * section.energy
    return CutPoint(frame, beat, _strength(song, time, beat if beat in felt else None), energy, label, rise)


def _strength(song: SongUse | SongAnalysis, time: float, beat: int | None) -> float:
    """A drop asks loudest for a cut, then a section's start, a phrase's, a bar's; among their like, the beats that are hit hardest.

    beat : None between beats, and on beats that are not felt in quick music.
    """
    if _near(song.drops, time):
        return DROP
    if _near([section.start_s for section in song.sections], time):
        return SECTION
    accent = song.accents[beat] if beat is not None and len(song.accents) == len(song.beats) else 0.5
    for times, strength in ((song.phrase_starts, PHRASE), (song.downbeats, DOWNBEAT)):
        if _near(times, time):
            return strength + ACCENT * accent
    return HALF_BEAT if beat is None else BEAT + ACCENT * accent


def _near(times: Sequence[float], time: float) -> bool:
    return any(abs(one - time) < NEAR_S for one in times)


def energy_between(song: SongUse, start_s: float, end_s: float) -> float:
    """Mean energy of the song between two edit times, 0 to 1."""
    rate = song.energy_rate_hz
    part = song.energy_curve[int(start_s * rate) : max(int(start_s * rate) + 1, int(end_s * rate))]
    return sum(part) / len(part) if part else 0.5
