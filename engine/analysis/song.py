"""One song measured whole: beats, downbeats, accents, onsets, sections, drops, energy. `corrections` applies what a person says."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engine.analysis.beats import FRAMES_PER_S, RATE_HZ, BeatTrack, Onsets, onsets, refined, track_beats
from engine.analysis.beats_evidence import harmony
from engine.analysis.beats_network import bands
from engine.analysis.sections import Structure, find_structure
from engine.errors import SongError
from engine.media.decode import audio
from engine.model.analysis import BeatSource, SongAnalysis, TempoAlternative
from engine.model.media import Media
from engine.perception.contracts import BeatListener
from engine.progress import SILENT, Progress

__all__ = ["SONG_ANALYSER_VERSION", "analyse_samples", "analyse_song", "click_mix"]

SONG_ANALYSER_VERSION = "13"
"""Raise when any measured figure changes, so that cached analyses are made anew."""

ENERGY_RATE_HZ = 10.0
SILENCE_DB = -55.0
"""RMS below which a song counts as silent (quiet classical recordings lie above -45)."""
LEAST_PULSE = 0.28
"""Below this the song is said to have no steady beat (24 generated beatless pieces: .01 to .23; 60 with a beat: .37 to .91; the
benchmark has others)."""
JUST_BEFORE_S = 0.03
"""A beat refined to this little before the first sample is the one that the song begins with."""
EVEN_BPM = 120.0
"""Tempo of the even grid laid over what has no beat (chosen: the median of pop songs)."""
LONGEST_S = 3 * 3600.0
LEAST_ONSET, ONSET_GAP_S = 0.12, 0.05
"""Weakest onset that is listed, as a share of the song's strong ones, and the least time between two (chosen: a 32nd note at 190)."""
LEVEL_BARS = 4
TEMPO_BEATS, MOVING = 8, 0.06
"""Beats over which a tempo is taken, and the change from which on it is told (chosen: twice what a live band drifts)."""


@dataclass(frozen=True)
class _Grid:
    beats: NDArray[np.float64]
    positions: NDArray[np.int64]
    metre: int
    bpm: float
    confidence: float
    source: BeatSource
    alternatives: tuple[tuple[float, float], ...]
    notes: tuple[str, ...]


def analyse_song(media: Media, progress: Progress = SILENT, *, listener: BeatListener | None = None) -> SongAnalysis:
    """Everything about the song in `media`. Raises `SongError` where its sound cannot be decoded.

    listener : another network to find beats with; default: our own.
    """
    if media.duration_s > LONGEST_S:
        raise SongError("song_too_long", f"{media.name} is over three hours long.", "Cut out the part you need.")
    progress.stage("Listening to the song", 3)
    samples = audio(media.path, RATE_HZ)
    progress.advance()
    return analyse_samples(samples, media.media_id, progress, listener=listener)


def analyse_samples(
    samples: NDArray[np.float32], media_id: str = "", progress: Progress = SILENT, *, listener: BeatListener | None = None
) -> SongAnalysis:
    """The same of decoded sound: mono, RATE_HZ, [-1, 1]."""
    duration_s = len(samples) / RATE_HZ
    levels = bands(samples)
    attacks, energy = onsets(levels), _energy(samples)
    grid = _grid(samples, levels, attacks, duration_s, listener)
    progress.advance()
    downbeats = grid.beats[grid.positions == 1]
    structure = find_structure(levels, energy, ENERGY_RATE_HZ, downbeats, duration_s)
    progress.advance()
    onset_times, strengths = _onset_list(attacks)
    return SongAnalysis(
        media_id=media_id,
        analyser_version=SONG_ANALYSER_VERSION,
        options=listener.name if listener else "",
        duration_s=duration_s,
        tempo_bpm=round(grid.bpm, 3),
        tempo_alternatives=tuple(TempoAlternative(bpm, share) for bpm, share in grid.alternatives),
        confidence=round(grid.confidence, 4),
        beats=_rounded(grid.beats),
        downbeats=_rounded(downbeats),
        accents=_accents(attacks, grid.beats),
        beats_per_bar=grid.metre,
        beat_source=grid.source,
        sections=structure.sections,
        drops=structure.drops,
        phrase_starts=_phrases(downbeats, structure),
        energy=tuple(round(float(value), 4) for value in energy),
        energy_rate_hz=ENERGY_RATE_HZ,
        notes=grid.notes,
        onsets=onset_times,
        onset_strengths=strengths,
        energy_level=_level(energy, grid),
    )


def _rounded(times: NDArray[np.float64]) -> tuple[float, ...]:
    return tuple(round(float(time), 6) for time in times)


def _grid(
    samples: NDArray[np.float32], levels: NDArray[np.float32], attacks: Onsets, duration_s: float, listener: BeatListener | None
) -> _Grid:
    level_db = 10 * np.log10(float(np.vdot(samples, samples)) / len(samples) + 1e-24) if len(samples) else -240.0
    if level_db < SILENCE_DB:
        return _even(duration_s, f"The song is silent: cuts follow an even grid of {EVEN_BPM:.0f} beats a minute.")
    heard = (listener.curves(samples), listener.frames_per_s) if listener is not None else ()
    track = track_beats(levels, harmony(samples), *heard)
    if len(track.beats) < 2:
        return _even(duration_s, "The song is too short to have a beat: cuts follow an even grid.")
    if track.pulse < LEAST_PULSE:
        note = "No steady beat was found: cuts follow an even grid laid where most attacks are."
        return _even(duration_s, note, track, _best_phase(attacks, 60.0 / track.bpm))
    beats = refined(samples, track)
    inside = (beats > -JUST_BEFORE_S) & (beats < duration_s)
    beats = np.maximum(beats, 0.0)
    bpm = 60.0 / float(np.median(np.diff(beats)))
    return _Grid(
        beats[inside],
        track.positions[inside],
        track.metre,
        bpm,
        track.confidence,
        "tracked",
        track.alternatives,
        _tempo_notes(beats[inside]),
    )


def _tempo_notes(beats: NDArray[np.float64]) -> tuple[str, ...]:
    """Says so where the tempo, over TEMPO_BEATS beats, moves by more than MOVING of itself."""
    gaps = np.diff(beats)
    if len(gaps) < 2 * TEMPO_BEATS:
        return ()
    local = 60.0 / np.median(np.lib.stride_tricks.sliding_window_view(gaps, TEMPO_BEATS), axis=1)
    slow, fast = float(np.percentile(local, 2)), float(np.percentile(local, 98))
    return (f"The tempo moves between {slow:.0f} and {fast:.0f} beats a minute.",) if fast / slow > 1 + MOVING else ()


def _even(duration_s: float, note: str, track: BeatTrack | None = None, first_s: float = 0.0) -> _Grid:
    bpm = track.bpm if track is not None and track.bpm > 0 else EVEN_BPM
    beats = np.arange(first_s, duration_s, 60.0 / bpm)
    positions = np.arange(len(beats)) % 4 + 1
    return _Grid(beats, positions, 4, bpm, 0.0, "even", track.alternatives if track else (), (note,))


def _best_phase(attacks: Onsets, period_s: float) -> float:
    """Seconds of the first grid point, less than a period, for which the points together lie on the strongest attacks."""
    firsts = np.arange(0.0, period_s, 1.0 / FRAMES_PER_S)
    count = len(attacks.all)
    worth = [float(attacks.all[_at(np.arange(first, count / FRAMES_PER_S, period_s), count)].mean()) for first in firsts]
    return float(firsts[int(np.argmax(worth))])


def _at(times: NDArray[np.float64], size: int) -> NDArray[np.int64]:
    return np.asarray(np.clip(np.round(times * FRAMES_PER_S), 0, size - 1), np.int64)


def _accents(attacks: Onsets, beats: NDArray[np.float64]) -> tuple[float, ...]:
    """Strength of the attack on each beat, as its rank among the song's beats: 0 weakest to 1 strongest."""
    from scipy.ndimage import maximum_filter1d

    if len(beats) == 0:
        return ()
    values = maximum_filter1d(attacks.all + attacks.low, 5)[_at(beats, len(attacks.all))]
    ranks = values.argsort(kind="stable").argsort(kind="stable") / max(1, len(values) - 1)
    return tuple(round(float(rank), 4) for rank in ranks)


def _onset_list(attacks: Onsets) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Peaks of the attacks, at most one in ONSET_GAP_S, from LEAST_ONSET of the song's strongest (its 99th percentile) on."""
    from scipy.signal import find_peaks

    strongest = float(np.percentile(attacks.all, 99)) if len(attacks.all) else 0.0
    if strongest <= 0:
        return (), ()
    at, found = find_peaks(attacks.all, height=LEAST_ONSET * strongest, distance=round(ONSET_GAP_S * FRAMES_PER_S))
    strengths = np.minimum(1.0, found["peak_heights"] / strongest)
    return _rounded(at / FRAMES_PER_S), tuple(round(float(value), 3) for value in strengths)


def _level(energy: NDArray[np.float64], grid: _Grid) -> tuple[float, ...]:
    """Energy over LEVEL_BARS bars around each sample, 8 s at most: what a stretch is like, whatever its single beats do."""
    from scipy.ndimage import uniform_filter1d

    width_s = min(8.0, LEVEL_BARS * grid.metre * 60.0 / grid.bpm)
    level = uniform_filter1d(energy, max(1, round(width_s * ENERGY_RATE_HZ)))
    return tuple(round(float(value), 4) for value in level)


def _energy(samples: NDArray[np.float32]) -> NDArray[np.float64]:
    """Loudness over time, ENERGY_RATE_HZ samples a second, 0 to 1: RMS in dB between 30 dB under the song's loud level (its 95th
    percentile) and that level."""
    from scipy.ndimage import uniform_filter1d

    step = round(RATE_HZ / ENERGY_RATE_HZ)
    blocks = samples[: len(samples) // step * step].reshape(-1, step)
    if len(blocks) == 0:
        return np.zeros(1)
    power = uniform_filter1d(np.einsum("ij,ij->i", blocks, blocks).astype(float) / step, 3)
    level = 10 * np.log10(power + 1e-12)
    loud = float(np.percentile(level, 95))
    if loud < SILENCE_DB:
        return np.zeros(len(level))
    return np.asarray(np.clip((level - (loud - 30)) / 30, 0, 1))


def _phrases(downbeats: NDArray[np.float64], structure: Structure) -> tuple[float, ...]:
    """Starts of four-bar phrases, counted anew at each section."""
    if len(downbeats) == 0:
        return ()
    starts = {0, *(int(np.argmin(np.abs(downbeats - section.start_s))) for section in structure.sections)}
    phrases = set(starts)
    bounds = [*sorted(starts), len(downbeats)]
    for first, last in zip(bounds, bounds[1:]):
        phrases.update(range(first, last, 4))
    return tuple(round(float(downbeats[index]), 6) for index in sorted(phrases) if index < len(downbeats))


def click_mix(media: Media, analysis: SongAnalysis) -> tuple[NDArray[np.float32], int]:
    """The song with a click on each beat (higher on downbeats): float32 (2, samples) and its rate in Hz."""
    rate_hz = 44_100
    samples = audio(media.path, rate_hz, mono=False) * 0.6
    downbeats = set(analysis.downbeats)
    for beat in analysis.beats:
        tone = _click(1760.0 if beat in downbeats else 1175.0, rate_hz)
        start = round(beat * rate_hz)
        part = samples[:, start : start + len(tone)]
        part += tone[: part.shape[1]]
    return np.clip(samples, -1, 1), rate_hz


def _click(pitch_hz: float, rate_hz: int) -> NDArray[np.float32]:
    at = np.arange(round(0.03 * rate_hz)) / rate_hz
    return (0.5 * np.sin(2 * np.pi * pitch_hz * at) * np.exp(-at * 150)).astype(np.float32)
