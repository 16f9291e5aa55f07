"""Which part of the song lies under the edit, and the song as the timeline holds it (edit time from frame 0)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from engine.errors import SongError
from engine.model.analysis import SongAnalysis
from engine.model.media import Media
from engine.model.song import SectionSpan
from engine.model.style import Brief
from engine.model.timeline import SongUse

__all__ = ["SongWindow", "choose_song_window", "song_use"]

FADE_IN_S = 0.02
"""Just enough that a start in the middle of a sound does not click."""
FADE_OUT_S = 1.0
"""The usual end of a cut-off song under a short video (chosen)."""
GOOD_DROP = (0.15, 0.6)
"""Shares of the edit between which a drop is placed well: after a set-up, with room to show."""
QUIET_START_S, QUIET_ENERGY = 1.5, 0.15
"""A window whose first seconds lie on average below this energy (25 dB under the song's loud level) opens on a silence: nobody waits
for it."""
STEP_S = 0.5
"""Raster of start points in music without beats."""


@dataclass(frozen=True)
class SongWindow:
    """Seconds of the song under the edit. `joins`: edit times at which the song starts again from `start_s`."""

    start_s: float
    duration_s: float
    fade_in_s: float
    fade_out_s: float
    reasons: tuple[str, ...]
    joins: tuple[float, ...] = ()


def choose_song_window(song: SongAnalysis, brief: Brief) -> SongWindow:
    """The window for an edit, or the one the brief asks for.

    Raises `SongError` (`song_too_short`, with the longest possible duration) where the song ends before the edit.
    """
    wanted = float(brief.rate.seconds(brief.duration_frames))
    if brief.song_start_s is not None:
        return _asked_for(song, brief, wanted)
    if song.duration_s + 1e-3 < wanted:
        return _looped(song, brief, 0.0, wanted)
    candidates = [start for start in _starts(song) if start + wanted <= song.duration_s + 1e-3] or [0.0]
    scored = [(_worth(song, start, wanted), -start, start) for start in candidates]
    start = max(scored)[2]
    return SongWindow(start, wanted, FADE_IN_S, _fade_out(song, start, wanted), _reasons(song, start, wanted))


def _asked_for(song: SongAnalysis, brief: Brief, wanted: float) -> SongWindow:
    start = float(brief.song_start_s or 0.0)
    if not 0 <= start < song.duration_s:
        hint = f"Use a second between 0 and {song.duration_s:.1f}."
        raise SongError("song_start_outside", f"The song has no second {start:g}.", hint, duration_s=song.duration_s)
    if start + wanted > song.duration_s + 1e-3:
        return _looped(song, brief, start, wanted)
    reasons = (f"starts at {start:.2f} s as you asked",)
    return SongWindow(start, wanted, FADE_IN_S, _fade_out(song, start, wanted), reasons)


def _looped(song: SongAnalysis, brief: Brief, start: float, wanted: float) -> SongWindow:
    left = song.duration_s - start
    if not brief.song_loop:
        longest = int(left * 10) / 10
        hint = f"Use --duration {longest:g} or less, a longer song, or --song-loop."
        message = f"The song lasts {left:.1f} s from its start point, the edit {wanted:.1f} s."
        raise SongError("song_too_short", message, hint, longest_s=longest, duration_s=song.duration_s)
    bars = [time for time in song.downbeats if time >= start]
    if len(bars) < 2:
        raise SongError("song_too_short", "The song has no whole bar to repeat.", "Use a longer song.", longest_s=left)
    first, last = bars[0], bars[-1]
    joins, at = [], last - first
    while at < wanted:
        joins.append(at)
        at += last - first
    reasons = (f"repeated {len(joins)} times at bar lines, because it is shorter than the edit",)
    return SongWindow(first, wanted, FADE_IN_S, FADE_OUT_S, reasons, tuple(joins))


def _starts(song: SongAnalysis) -> list[float]:
    phrases = list(song.phrase_starts or song.downbeats or song.beats)
    if song.beat_source == "even" or not phrases:
        return [k * STEP_S for k in range(int(song.duration_s / STEP_S) + 1)]
    return sorted({*phrases, *song.downbeats})


def _worth(song: SongAnalysis, start: float, wanted: float) -> float:
    """How good a window is: a phrase at both ends, a drop well placed, energy, and some change of it."""
    end = start + wanted
    worth = 1.0 if _near(song.phrase_starts, start) else 0.0
    worth += 0.5 if _near(song.phrase_starts, end) or abs(end - song.duration_s) < 1.0 else 0.0
    worth += 0.3 if _near([section.start_s for section in song.sections], start) else 0.0
    drops = [(drop - start) / wanted for drop in song.drops if start <= drop < end]
    worth += 2.0 if any(GOOD_DROP[0] <= share <= GOOD_DROP[1] for share in drops) else (0.5 if drops else 0.0)
    window = [song.energy_at(start + wanted * k / 40) for k in range(41)]
    opening = [song.energy_at(start + QUIET_START_S * k / 10) for k in range(11)]
    worth -= 4.0 if sum(opening) / len(opening) < QUIET_ENERGY else 0.0  # more than all the rest together can make up for
    worth += 2.0 * sum(window) / len(window) + 0.5 * (max(window) - min(window))
    return round(worth, 9)


def _near(times: Sequence[float], time: float, within_s: float = 0.15) -> bool:
    return any(abs(one - time) <= within_s for one in times)


def _fade_out(song: SongAnalysis, start: float, wanted: float) -> float:
    ends_itself = start + wanted > song.duration_s - 0.2
    return min(0.05 if ends_itself else FADE_OUT_S, wanted / 4)


def _reasons(song: SongAnalysis, start: float, wanted: float) -> tuple[str, ...]:
    reasons = []
    if start <= 0.01:
        reasons.append("starts at the song's beginning")
    elif _near(song.phrase_starts, start):
        reasons.append(f"starts on a phrase at {start:.1f} s")
    else:
        reasons.append(f"starts at {start:.1f} s")
    inside = [drop - start for drop in song.drops if start <= drop < start + wanted]
    if inside:
        reasons.append("the edit opens on the drop" if inside[0] < 0.1 else f"the drop hits {inside[0]:.1f} s into the edit")
    if _near(song.phrase_starts, start + wanted):
        reasons.append("ends where a phrase ends")
    return tuple(reasons)


def song_use(media: Media, song: SongAnalysis, window: SongWindow, brief: Brief) -> SongUse:
    """The song as a timeline holds it: everything in edit time, from frame 0 to the edit's end."""
    pieces = _pieces(window)
    duration = window.duration_s

    def moved(times: Sequence[float]) -> tuple[float, ...]:
        found = []
        for at, begin, end in pieces:
            found += [round(at + time - begin, 6) for time in times if begin - 1e-6 <= time < end - 1e-6]
        return tuple(sorted({max(0.0, time) for time in found if time < duration - 1e-6}))

    rate = song.energy_rate_hz
    energy = tuple(song.energy_at(_song_time(pieces, k / rate)) for k in range(int(duration * rate) + 1))
    return SongUse(
        media_id=media.media_id,
        file=media.name,
        bpm=song.tempo_bpm,
        duration_s=song.duration_s,
        source_start_s=round(window.start_s, 6),
        source_duration_s=round(min(duration, pieces[0][2] - pieces[0][1]), 6),
        fade_in_s=window.fade_in_s,
        fade_out_s=window.fade_out_s,
        beats=moved(song.beats),
        downbeats=moved(song.downbeats),
        sections=_moved_sections(song, pieces, duration),
        energy_curve=energy,
        energy_rate_hz=rate,
        confidence=song.confidence,
        beat_source=song.beat_source,
        drops=moved(song.drops),
        loop_at_s=window.joins,
        notes=(*window.reasons, *song.notes),
    )


def _pieces(window: SongWindow) -> list[tuple[float, float, float]]:
    """(edit time, song from, song to) of each stretch of the song."""
    bounds = [0.0, *window.joins, window.duration_s]
    return [(a, window.start_s, window.start_s + b - a) for a, b in zip(bounds, bounds[1:]) if b > a]


def _song_time(pieces: list[tuple[float, float, float]], time: float) -> float:
    at, begin, _ = next((piece for piece in reversed(pieces) if piece[0] <= time), pieces[0])
    return begin + time - at


def _moved_sections(song: SongAnalysis, pieces: list[tuple[float, float, float]], duration: float) -> tuple[SectionSpan, ...]:
    found = []
    for at, begin, end in pieces:
        for section in song.sections:
            start, stop = max(section.start_s, begin), min(section.end_s, end)
            if stop - start > 1e-3:
                found.append(
                    SectionSpan(round(at + start - begin, 6), round(min(duration, at + stop - begin), 6), section.label, section.energy)
                )
    return tuple(found)
