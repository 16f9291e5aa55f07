"""What a person says about a song's beats, applied to what was measured: half, double, moved, listed, tapped."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from engine.errors import BadOption
from engine.model.analysis import SongAnalysis

__all__ = ["Given", "correct", "tapped"]

Times = NDArray[np.float64]
Given = tuple[tuple[float, bool | None], ...]
"""Times in seconds a person gave, and whether a bar begins there (None: not said)."""

LEVELS = (1.0, 2.0, 0.5, 3.0, 1 / 3, 1.5, 2 / 3, 4.0, 0.25)
"""Tempos relative to the measured one at which a person may tap."""
LEAST_TAPS = 4
SAME_TEMPO = 0.04
"""Relative difference below which a tapped tempo is one of LEVELS (people hold a tempo within 3 %: Repp 2005)."""
LATEST_S, EARLIEST_S = 0.20, 0.12
"""How late (keyboard, wireless sound) and how early (people tap ahead of the beat by 20 to 80 ms: Repp 2005) taps may be."""
OFF_GRID = 0.05
"""What speaks against a grid beside the measured beats and their halves, in seconds of misfit (chosen: more than a late tap's)."""
UNSTEADY = 0.15
"""Median distance of taps from whole numbers of periods, in periods, from which on they hold no pulse."""
NEAR_S = 0.05
FOLLOW = 0.35
"""Share of the way a followed beat moves to an onset next to it."""


def correct(
    analysis: SongAnalysis,
    *,
    half: bool = False,
    double: bool = False,
    offset_s: float = 0.0,
    beats: Given | tuple[float, ...] | None = None,
    taps: Given | None = None,
) -> SongAnalysis:
    """The analysis with a person's corrections; `beat_source` becomes user. Raises `BadOption` where nothing would be left."""
    grid, bars = _asked_grid(analysis, _given(beats), taps)
    if half:
        phase = next((index % 2 for index, time in enumerate(grid) if time in set(bars)), 0)
        grid = grid[phase::2]
    if double:
        grid = np.sort(np.concatenate([grid, (grid[:-1] + grid[1:]) / 2]))
    inside = (grid + offset_s >= 0) & (grid + offset_s < analysis.duration_s)
    before, times = grid[inside], grid[inside] + offset_s
    if len(times) < 2:
        raise BadOption("bad_correction", "That correction leaves no beats.", "Use `cutprint song FILE --forget`.")
    downbeats = _nearest(times, bars + offset_s)
    return dataclasses.replace(
        analysis,
        beats=_rounded(times),
        downbeats=_rounded(downbeats),
        accents=_accents(analysis, before),
        phrase_starts=_rounded(_nearest(downbeats, np.array(analysis.phrase_starts) + offset_s)),
        tempo_bpm=round(60.0 / float(np.median(np.diff(times))), 3),
        confidence=1.0,
        beat_source="user",
        notes=("Beats as you corrected them.",),
    )


def _given(beats: Given | tuple[float, ...] | None) -> Given | None:
    if beats is None:
        return None
    return tuple(row if isinstance(row, tuple) else (row, None) for row in beats)


def _asked_grid(analysis: SongAnalysis, beats: Given | None, taps: Given | None) -> tuple[Times, Times]:
    """Beats and bar lines before they are halved, doubled or moved."""
    if beats is not None:
        times = np.array([time for time, _ in beats])
        said = np.array([time for time, bar in beats if bar])
        return times, said if len(said) else times[:: max(1, analysis.beats_per_bar)]
    if taps is not None:
        return tapped(analysis, taps)
    return np.array(analysis.beats), np.array(analysis.downbeats)


def _accents(analysis: SongAnalysis, times: Times) -> tuple[float, ...]:
    """Of each time the accent of the measured beat next to it."""
    if not analysis.beats:
        return (0.5,) * len(times)
    measured = np.array(analysis.beats)
    return tuple(analysis.accents[int(np.argmin(np.abs(measured - time)))] for time in times)


def _rounded(times: Times) -> tuple[float, ...]:
    return tuple(round(float(time), 6) for time in times)


def _nearest(times: Times, wanted: Times) -> Times:
    """Those of `times` that lie nearest to each wanted one, each once."""
    if len(wanted) == 0 or len(times) == 0:
        return times[:0]
    return np.unique(times[np.argmin(np.abs(times[None, :] - wanted[:, None]), axis=1)])


# --- taps ------------------------------------------------------------------------------------------------------------


def tapped(analysis: SongAnalysis, taps: Given) -> tuple[Times, Times]:
    """Beats and bar lines of the whole song from taps along a part of it.

    Taps are shaky and late, some are missing or double; the song is not. So they choose among the grids that the music itself offers
    (the measured one at other levels and phases), and only where none fits do they make one, which follows the onsets.
    Raises `BadOption` where they hold no pulse.
    """
    times = np.array(sorted(time for time, _ in taps))
    period = _tapped_period(times)
    grid = _offered_grid(np.array(analysis.beats), times, period)
    if grid is None:
        grid = _followed_grid(analysis, times, period)
    said = np.array([time for time, bar in taps if bar])
    return grid, _bars(analysis, grid, said, _lag(grid, times))


def _tapped_period(times: Times) -> float:
    """Seconds from tap to tap, by least squares over their numbers: a missed tap counts as two, a double one as none."""
    gaps = np.diff(times)
    if len(gaps) < LEAST_TAPS - 1 or float(np.median(gaps)) <= 0.1:
        raise BadOption("bad_taps", "These taps hold no pulse.", f"Tap at least {LEAST_TAPS} beats, steadily.")
    period = float(np.median(gaps))
    for _ in range(3):
        numbers = np.concatenate([[0], np.cumsum(np.round(gaps / period))])
        if numbers[-1] < LEAST_TAPS - 1:
            break
        period = float(np.polyfit(numbers, times, 1)[0])
    away = np.abs(gaps / period - np.round(gaps / period))
    if float(np.median(away)) > UNSTEADY:
        raise BadOption("bad_taps", "These taps hold no pulse.", "Tap on every beat, steadily.")
    return period


def _offered_grid(beats: Times, taps: Times, period: float) -> Times | None:
    """The measured grid at the level and phase that the taps ask for; None where it has no such level."""
    if len(beats) < 4:
        return None
    inside = beats[(beats >= taps[0] - 1) & (beats <= taps[-1] + 1)]
    local = float(np.median(np.diff(inside if len(inside) >= 3 else beats)))
    level = next((one for one in LEVELS if abs(local / one / period - 1) <= SAME_TEMPO), None)
    if level is None:
        return None
    fine = np.interp(np.arange(0, len(beats) - 1 + 1e-9, 1 / 12), np.arange(len(beats)), beats)  # a twelfth of a beat
    stride = round(12 / level)
    phases = range(0, stride, 6 if stride > 6 else 3)
    best = min(phases, key=lambda phase: _misfit(fine[phase::stride], taps) + (OFF_GRID if phase % 6 else 0.0))
    return np.asarray(fine[best::stride])


def _misfit(grid: Times, taps: Times) -> float:
    """How badly taps lie to a grid: their lag, dear beyond what people and machines are late, and their spread around it."""
    lag = _lag(grid, taps)
    spread = float(np.median(np.abs(_signed(taps - lag, grid))))
    too_far = max(0.0, lag - LATEST_S, -EARLIEST_S - lag)
    return spread + 0.3 * abs(lag) + 10 * too_far


def _lag(grid: Times, taps: Times) -> float:
    return float(np.median(_signed(taps, grid)))


def _signed(times: Times, grid: Times) -> Times:
    """Distance of each time from the grid point next to it; positive: later."""
    return np.asarray(times - grid[np.argmin(np.abs(times[:, None] - grid[None, :]), axis=1)])


def _followed_grid(analysis: SongAnalysis, taps: Times, period: float) -> Times:
    """A pulse from the taps on to both ends of the song, drawn to onsets on its way."""
    onsets, strengths = np.array(analysis.onsets), np.array(analysis.onset_strengths)
    lags = np.arange(-EARLIEST_S, LATEST_S, 0.01)
    support = [_support(taps - lag, onsets, strengths) - 0.3 * abs(lag) for lag in lags]
    numbers = np.concatenate([[0], np.cumsum(np.maximum(1, np.round(np.diff(taps) / period)))])
    start = float(np.median(taps - numbers * period)) - (float(lags[int(np.argmax(support))]) if len(onsets) else 0.0)
    ahead = _walked(start, period, analysis.duration_s, onsets, strengths)
    back = _walked(start, -period, 0.0, onsets, strengths)
    return np.concatenate([back[:0:-1], ahead])


def _support(times: Times, onsets: Times, strengths: Times) -> float:
    """Mean strength of the onsets at `times`, nearer ones counting more."""
    if len(onsets) == 0:
        return 0.0
    near = np.exp(-0.5 * ((times[:, None] - onsets[None, :]) / (NEAR_S / 2)) ** 2) * strengths[None, :]
    return float(near.max(axis=1).mean())


def _walked(start: float, period: float, end: float, onsets: Times, strengths: Times) -> Times:
    found, at, step = [start], start, period
    while (at + step <= end) if step > 0 else (at + step >= end):
        at += step
        weight = np.exp(-0.5 * ((onsets - at) / NEAR_S) ** 2) * strengths if len(onsets) else np.zeros(0)
        if len(weight) and weight.max() > 0.2:
            late = float(onsets[int(np.argmax(weight))]) - at
            at += FOLLOW * late
            step = float(np.clip(step + 0.1 * FOLLOW * late, period - 0.03 * abs(period), period + 0.03 * abs(period)))
        found.append(at)
    return np.array(found)


def _bars(analysis: SongAnalysis, grid: Times, said: Times, lag: float) -> Times:
    """Bar lines on the grid: where taps say so, else where most of the measured ones lie."""
    size = max(1, analysis.beats_per_bar)
    wanted: Sequence[float] | Times = said - lag if len(said) else np.array(analysis.downbeats)
    if len(wanted) == 0:
        return grid[::size]
    numbers = np.argmin(np.abs(grid[None, :] - np.asarray(wanted)[:, None]), axis=1)
    return grid[int(np.bincount(numbers % size, minlength=size).argmax()) :: size]
