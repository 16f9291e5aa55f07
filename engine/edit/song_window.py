"""Which part of the song lies under the edit: one stretch, or, where joins are allowed, two that meet at bar lines."""

from __future__ import annotations

from bisect import bisect_left, bisect_right

from engine.edit.song_pieces import Piece, SongWindow, pieces_of, song_use
from engine.edit.song_worth import FADE_OUT_S, drops_in, fade_out, near, phrase_end, worth
from engine.errors import SongError
from engine.model.analysis import SongAnalysis
from engine.model.style import Brief

__all__ = ["SongWindow", "choose_song_window", "song_use"]

FADE_IN_S = 0.02
"""Just enough that a start in the middle of a sound does not click."""
STEP_S = 0.5
"""Raster of start points in music without beats."""
JOIN_LEAD_S = 0.01
"""A join lies this much before the bar lines that meet there, so that the attack on the bar is whole."""
LEAST_PIECE_S = 4.0
"""A joined stretch lasts at least this: a shorter one is heard as a mistake (chosen: two bars at 120 beats a minute)."""
JOIN_PRICE = 0.1
"""What a join has to gain in worth over a song that runs on (chosen: less than a phrase's end is worth, for joins were asked for)."""
ENERGY_JUMP_PRICE = 1.0
"""Price of a join per step of energy (0 to 1) down across it; a step up onto a section's start is what a drop is."""
RING_S = 2.5
"""What may follow the last phrase, under the fade."""


def choose_song_window(song: SongAnalysis, brief: Brief) -> SongWindow:
    """The window for an edit, or the one the brief asks for.

    Raises `SongError` (`song_too_short`, with the longest possible duration) where the song ends before the edit.
    """
    wanted = float(brief.rate.seconds(brief.duration_frames))
    start = _asked_start(song, brief)
    if (start or 0.0) + wanted > song.duration_s + 1e-3:
        return _looped(song, brief, start or 0.0, wanted)
    starts = [start] if start is not None else [one for one in _starts(song) if one + wanted <= song.duration_s + 1e-3] or [0.0]
    plain = max((worth(song, [(0.0, one, one + wanted)]), -one) for one in starts)
    window = _window(song, [(0.0, -plain[1], wanted - plain[1])], start is not None)
    if not brief.song_join:
        return window
    joined = _best_join(song, wanted, start)
    if joined is None or joined[0] - JOIN_PRICE <= plain[0]:
        return _with_reason(window, "needs no join: no two stretches joined at bar lines were better")
    return _window(song, joined[1], start is not None)


def _asked_start(song: SongAnalysis, brief: Brief) -> float | None:
    if brief.song_start_s is None:
        return None
    start = float(brief.song_start_s)
    if not 0 <= start < song.duration_s:
        hint = f"Use a second between 0 and {song.duration_s:.1f}."
        raise SongError("song_start_outside", f"The song has no second {start:g}.", hint, duration_s=song.duration_s)
    return start


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
    return SongWindow(first, wanted, FADE_IN_S, FADE_OUT_S, reasons, tuple(joins), (first,) * len(joins))


def _starts(song: SongAnalysis) -> list[float]:
    phrases = list(song.phrase_starts or song.downbeats or song.beats)
    if song.beat_source == "even" or not phrases:
        return [k * STEP_S for k in range(int(song.duration_s / STEP_S) + 1)]
    return sorted({*phrases, *song.downbeats})


def _best_join(song: SongAnalysis, wanted: float, start: float | None) -> tuple[float, list[Piece]] | None:
    """The worthiest two stretches that meet at phrase starts and end where a phrase does, with their worth."""
    phrases = list(song.phrase_starts)
    if song.beat_source == "even" or len(phrases) < 3:
        return None
    ends = sorted({*phrases, song.duration_s})
    best: tuple[float, list[Piece]] | None = None
    for first in [start] if start is not None else phrases:
        for leave in phrases[bisect_left(phrases, first + LEAST_PIECE_S) : bisect_right(phrases, first + wanted - LEAST_PIECE_S)]:
            for enter in phrases[bisect_right(phrases, leave) :]:
                pieces = _joined(song, first, leave, enter, wanted, ends)
                value = worth(song, pieces) - _jump(song, leave, enter) if pieces else 0.0
                if pieces and (best is None or value > best[0] + 1e-9):
                    best = (value, pieces)
    return best


def _joined(song: SongAnalysis, first: float, leave: float, enter: float, wanted: float, ends: list[float]) -> list[Piece]:
    """The two stretches, if the second comes to a phrase's end just before the edit's, else none."""
    at, enter = leave - first - JOIN_LEAD_S, enter - JOIN_LEAD_S
    end = enter + wanted - at
    index = bisect_left(ends, end - RING_S)
    if end > song.duration_s + 1e-3 or index >= len(ends) or ends[index] > end + 1e-3:
        return []
    return [(0.0, first, first + at), (at, enter, end)]


def _jump(song: SongAnalysis, leave: float, enter: float) -> float:
    """What the join itself costs: loudness that falls across it, or that rises elsewhere than at a section's start."""
    before = sum(song.energy_at(leave - 0.1 * k) for k in range(1, 11)) / 10
    after = sum(song.energy_at(enter + 0.1 * k) for k in range(10)) / 10
    rises = after > before and near([section.start_s for section in song.sections], enter)
    return 0.0 if rises else ENERGY_JUMP_PRICE * abs(after - before)


def _window(song: SongAnalysis, pieces: list[Piece], asked: bool) -> SongWindow:
    at, begin, end = pieces[-1]
    wanted = at + end - begin
    joins = tuple(piece[0] for piece in pieces[1:])
    goes_on = tuple(piece[1] for piece in pieces[1:])
    reasons = _reasons(song, pieces, asked)
    return SongWindow(pieces[0][1], wanted, FADE_IN_S, fade_out(song, end, wanted), reasons, joins, goes_on)


def _with_reason(window: SongWindow, reason: str) -> SongWindow:
    begin = pieces_of(window)[0][1]
    return SongWindow(begin, window.duration_s, window.fade_in_s, window.fade_out_s, (*window.reasons, reason))


def _reasons(song: SongAnalysis, pieces: list[Piece], asked: bool) -> tuple[str, ...]:
    start, end = pieces[0][1], pieces[-1][2]
    reasons = [f"starts at {start:.2f} s as you asked" if asked else _why_start(song, start)]
    for (_, _, left), (at, entered, _) in zip(pieces, pieces[1:]):
        reasons.append(f"goes from {left:.1f} s to {entered:.1f} s at a bar line, {at:.1f} s into the edit")
    drops = drops_in(song, pieces)
    if drops:
        reasons.append("the edit opens on the drop" if drops[0] < 0.1 else f"the drop hits {drops[0]:.1f} s into the edit")
    if near(song.phrase_starts, end) or abs(end - song.duration_s) < 0.2:
        reasons.append("ends where a phrase ends")
    elif phrase_end(song, end) is not None:
        reasons.append("ends on a phrase's end and fades over what rings after it")
    return tuple(reasons)


def _why_start(song: SongAnalysis, start: float) -> str:
    if start <= 0.01:
        return "starts at the song's beginning"
    return f"starts on a phrase at {start:.1f} s" if near(song.phrase_starts, start) else f"starts at {start:.1f} s"
