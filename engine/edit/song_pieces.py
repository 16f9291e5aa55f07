"""The song as the timeline holds it: the stretches that were chosen, in edit time from frame 0."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from engine.model.analysis import SongAnalysis
from engine.model.media import Media
from engine.model.song import SectionSpan
from engine.model.style import Brief
from engine.model.timeline import SongUse

__all__ = ["Piece", "SongWindow", "pieces_of", "song_use"]

Piece = tuple[float, float, float]
"""Edit time, song from, song to, in seconds."""


@dataclass(frozen=True)
class SongWindow:
    """Seconds of the song under the edit. joins : edit times at which the song goes on elsewhere. goes_on : from which second of it."""

    start_s: float
    duration_s: float
    fade_in_s: float
    fade_out_s: float
    reasons: tuple[str, ...]
    joins: tuple[float, ...] = ()
    goes_on: tuple[float, ...] = ()


def pieces_of(window: SongWindow) -> list[Piece]:
    """Each stretch of the song under the edit, in order."""
    bounds = [0.0, *window.joins, window.duration_s]
    starts = [window.start_s, *window.goes_on]
    return [(a, start, start + b - a) for a, b, start in zip(bounds, bounds[1:], starts) if b > a]


def song_use(media: Media, song: SongAnalysis, window: SongWindow, brief: Brief) -> SongUse:
    """The song under the edit, for the timeline."""
    pieces, duration, rate = pieces_of(window), window.duration_s, song.energy_rate_hz
    energy = tuple(song.energy_at(song_time(pieces, k / rate)) for k in range(int(duration * rate) + 1))
    beats = _beats(song, pieces, duration)
    return SongUse(
        media_id=media.media_id,
        file=media.name,
        bpm=song.tempo_bpm,
        duration_s=song.duration_s,
        source_start_s=round(window.start_s, 6),
        source_duration_s=round(min(duration, pieces[0][2] - pieces[0][1]), 6),
        fade_in_s=window.fade_in_s,
        fade_out_s=window.fade_out_s,
        beats=tuple(beats),
        downbeats=_moved(song.downbeats, pieces, duration),
        sections=_moved_sections(song, pieces, duration),
        energy_curve=energy,
        energy_rate_hz=rate,
        confidence=song.confidence,
        beat_source=song.beat_source,
        drops=_moved(song.drops, pieces, duration),
        loop_at_s=tuple(round(at, 6) for at in window.joins),
        loop_to_s=tuple(round(second, 6) for second in window.goes_on),
        accents=tuple(beats.values()),
        phrase_starts=_moved(song.phrase_starts, pieces, duration),
        notes=(*window.reasons, *song.notes),
    )


def song_time(pieces: Sequence[Piece], time: float) -> float:
    """The second of the song that is heard at `time` of the edit."""
    at, begin, _ = next((piece for piece in reversed(pieces) if piece[0] <= time), pieces[0])
    return begin + time - at


def _moved(times: Sequence[float], pieces: Sequence[Piece], duration: float) -> tuple[float, ...]:
    """Those of the song's `times` that are heard, in edit time."""
    found = {max(0.0, round(at + time - a, 6)) for at, a, b in pieces for time in times if a - 1e-6 <= time < b - 1e-6}
    return tuple(sorted(time for time in found if time < duration - 1e-6))


def _beats(song: SongAnalysis, pieces: Sequence[Piece], duration: float) -> dict[float, float]:
    """Edit times of the beats that are heard, ascending, each with its accent."""
    accents = song.accents if len(song.accents) == len(song.beats) else (0.5,) * len(song.beats)
    found: dict[float, float] = {}
    for at, a, b in pieces:
        for beat, accent in zip(song.beats, accents):
            if a - 1e-6 <= beat < b - 1e-6:
                found.setdefault(max(0.0, round(at + beat - a, 6)), accent)
    return {time: found[time] for time in sorted(found) if time < duration - 1e-6}


def _moved_sections(song: SongAnalysis, pieces: Sequence[Piece], duration: float) -> tuple[SectionSpan, ...]:
    found = []
    for at, begin, end in pieces:
        for section in song.sections:
            start, stop = max(section.start_s, begin), min(section.end_s, end)
            if stop - start > 1e-3:
                first, last = round(at + start - begin, 6), round(min(duration, at + stop - begin), 6)
                found.append(SectionSpan(first, last, section.label, section.energy))
    return tuple(found)
