"""What the music itself says about a way to count it: where its harmony changes, and after how many beats it repeats.

Chords change on bar lines rather than inside bars, and what is played comes back after a bar rather than after half of one: this tells a
bar from half a bar or two of them where the beats alone do not (Goto 2001 for chord changes; Foote and Uchihashi 2001 for repetition).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from engine.analysis.beats_decoding import Decoded
from engine.analysis.beats_network import FRAMES_PER_S, RATE_HZ, with_rises

__all__ = ["FACTS", "HARMONY_HOP", "LOW_BANDS", "Music", "evidence", "harmony", "levelled", "music_of"]

LOW_BANDS, MIDDLE_BANDS, HIGH_BANDS = slice(0, 15), slice(15, 30), slice(30, None)
"""Bands of the network's spectrogram up to 170 Hz (kick and bass), to 960 Hz (snares, voices, chords), and above (hats)."""
EARLY_S = 0.009
"""How much earlier the rise of the bands peaks than the attack (half a window; measured on known onsets); taken out."""
NEAR_FRAMES = 3
"""Frames either side of a place in which an attack may peak."""
HARMONY_HOP, HARMONY_WINDOW, HARMONY_BLOCK = 2200, 8192, 200
"""Samples from one row of the harmony to the next (a tenth of a second), in one, and rows made at once."""
LOWEST_HZ, HIGHEST_HZ, TUNING_HZ = 60.0, 2000.0, 440.0
PLACES = 12
"""Places in a beat at which two stretches are compared: sixteenths and triplets fall on them."""
LEAST_BARS = 5
LEAST_CHANGE = 0.005
"""Mean change of the harmony below which it counts as standing still."""
PLAIN_CHANGE = 0.5
"""Share of the song's large changes (their 95th percentile) from which on one counts as a new chord."""
FACTS = (
    *("harm_bar", "harm_three", "harm_alternate", "harm_rate", "harm_bar_change", "harm_bar_alternate"),
    *("repeat_beat", "repeat_two", "repeat_half_bar", "repeat_bar", "repeat_two_bars"),
)

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Music:
    """attacks : low, middle and high, (frames, 3), FRAMES_PER_S a second. sung : `harmony` summed from the beginning, (rows + 1, 12)."""

    attacks: Array
    sung: Array


def harmony(samples: NDArray[np.float32]) -> NDArray[np.float32]:
    """How loud each of the twelve pitch classes is, (rows, 12), one row every HARMONY_HOP samples; roots, so that loud notes do not drown
    the rest."""
    import scipy.fft

    count = len(samples) // HARMONY_HOP + 1
    padded = np.pad(samples, (HARMONY_WINDOW // 2, HARMONY_WINDOW))
    rows = np.lib.stride_tricks.sliding_window_view(padded, HARMONY_WINDOW)[::HARMONY_HOP][:count]
    window, parts = np.hanning(HARMONY_WINDOW).astype(np.float32), []
    for start in range(0, count, HARMONY_BLOCK):
        spectrum = np.abs(scipy.fft.rfft(rows[start : start + HARMONY_BLOCK] * window, axis=1))
        parts.append(np.sqrt(spectrum) @ _pitches())
    return np.concatenate(parts).astype(np.float32, copy=False)


@lru_cache(maxsize=1)
def _pitches() -> NDArray[np.float32]:
    """Which pitch class each bin belongs to: (bins, 12), ones and zeros."""
    hz = np.arange(HARMONY_WINDOW // 2 + 1) * RATE_HZ / HARMONY_WINDOW
    heard = np.flatnonzero((hz > LOWEST_HZ) & (hz < HIGHEST_HZ))
    found = np.zeros((len(hz), 12), np.float32)
    found[heard, np.round(12 * np.log2(hz[heard] / TUNING_HZ)).astype(int) % 12] = 1
    return found


def levelled(flux: NDArray[np.float32]) -> Array:
    """Smoothed, without its local mean, divided by its local strength (with a floor): quiet parts keep their attacks."""
    from scipy.ndimage import gaussian_filter1d, uniform_filter1d

    smooth = gaussian_filter1d(flux.astype(float), 1.2)
    smooth = np.maximum(0.0, smooth - uniform_filter1d(smooth, round(0.4 * FRAMES_PER_S)))
    around = np.sqrt(np.maximum(0.0, uniform_filter1d(smooth**2, round(6 * FRAMES_PER_S))))
    floor = 0.25 * np.sqrt((smooth**2).mean())
    level = smooth / np.maximum(around, floor + 1e-9) if floor > 0 else smooth
    at = np.arange(len(level))
    return np.asarray(np.interp(at - EARLY_S * FRAMES_PER_S, at, level))


def music_of(levels: NDArray[np.float32], sung: NDArray[np.float32]) -> Music:
    """levels : `beats_network.bands` of the song; sung : its `harmony`."""
    from scipy.ndimage import maximum_filter1d

    rises = with_rises(levels)[:, levels.shape[1] :]
    kinds = [levelled(rises[:, part].sum(axis=1)) for part in (LOW_BANDS, MIDDLE_BANDS, HIGH_BANDS)]
    attacks = np.stack([maximum_filter1d(one, 2 * NEAR_FRAMES + 1) for one in kinds], axis=1)
    return Music(attacks, np.pad(np.cumsum(sung, axis=0, dtype=float), ((1, 0), (0, 0))))


def evidence(music: Music, found: Decoded, lead: int) -> dict[str, float]:
    """FACTS of one way to count. lead : frames that the grid's first frame lies before the music's."""
    frames = np.clip(found.frames - lead, 0, len(music.attacks) - 1)
    return {**_changes(music.sung, frames, found), **_repeats(music.attacks, frames, np.diff(found.frames), found.metre)}


def _changes(sung: Array, frames: NDArray[np.int64], found: Decoded) -> dict[str, float]:
    """How much more the harmony changes on bar lines and in the middle of bars than from beat to beat, how often it does, how much whole
    bars differ, and whether only every other bar line brings a change."""
    rows = np.clip(np.round(frames / FRAMES_PER_S * RATE_HZ / HARMONY_HOP).astype(int), 0, len(sung) - 1)
    beats = _normed((sung[rows[1:]] - sung[rows[:-1]]) / np.maximum(1, np.diff(rows))[:, None])
    change = 1 - (beats[1:] * beats[:-1]).sum(axis=1)
    if not len(change):
        return dict.fromkeys(FACTS[:6], 0.0)
    mean, places = float(change.mean()) + LEAST_CHANGE, found.positions[1:-1]
    lines = change[places == 1]
    starts = [int(k) for k in np.flatnonzero(found.positions[:-1] == 1) if k + found.metre <= len(beats)]
    bars = _normed(np.array([beats[k : k + found.metre].mean(axis=0) for k in starts]).reshape(-1, 12))
    between = 1 - (bars[1:] * bars[:-1]).sum(axis=1) if len(bars) >= LEAST_BARS else np.zeros(0)
    return {
        "harm_bar": (_mean(lines) - mean) / mean,
        "harm_three": (_mean(change[places == 3]) - mean) / mean if found.metre == 4 else 0.0,
        "harm_alternate": abs(_mean(lines[::2]) - _mean(lines[1::2])) / mean,
        "harm_rate": float((change > PLAIN_CHANGE * np.percentile(change, 95)).mean()),
        "harm_bar_change": _mean(between),
        "harm_bar_alternate": abs(_mean(between[::2]) - _mean(between[1::2])) / (_mean(between) + LEAST_CHANGE),
    }


def _normed(rows: Array) -> Array:
    return np.asarray(rows / (np.linalg.norm(rows, axis=1, keepdims=True) + 1e-6))


def _mean(values: Array) -> float:
    return float(values.mean()) if len(values) else 0.0


def _repeats(attacks: Array, frames: NDArray[np.int64], gaps: NDArray[np.int64], metre: int) -> dict[str, float]:
    """How alike the attacks are to those some beats earlier: correlation, -1 to 1, of all places that have such."""
    at = (frames[:-1, None] + gaps[:, None] * np.arange(PLACES) / PLACES).ravel()
    placed = attacks[np.clip(np.round(at).astype(int), 0, len(attacks) - 1)]
    placed = (placed - placed.mean(axis=0)) / (placed.std(axis=0) + 1e-3)
    found = {}
    for name, beats in zip(FACTS[6:], (1.0, 2.0, metre / 2, float(metre), 2.0 * metre)):
        lag = round(beats * PLACES)
        found[name] = float((placed[lag:] * placed[:-lag]).mean()) if len(placed) > 2 * lag else 0.0
    return found
