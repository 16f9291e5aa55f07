"""A clip's own sound: how loud, whether somebody speaks, and a curve by which two recordings of one moment are laid over each other."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from engine.errors import CutprintError
from engine.media.decode import audio
from engine.model.media import Media

__all__ = ["BANDS_HZ", "RATE_HZ", "Sound", "loudness_of", "measured", "speech_features", "speech_of"]

RATE_HZ = 16_000
"""Enough for speech and for what two microphones both hear."""
BANDS_HZ = ((60, 400), (400, 1500), (1500, 6000))
"""Bands of the onset curves `sound_low`, `sound_mid`, `sound_high`: voice and drums, consonants and claps."""
BLOCK_S, HOP_S = 0.4, 0.1
ABSOLUTE_GATE_LUFS, RELATIVE_GATE_LU = -70.0, -10.0
"""ITU-R BS.1770-4: blocks of 400 ms every 100 ms, gated."""
LONGEST_S = 1800.0
"""Beyond half an hour only the beginning is heard: enough to know whether there is speech."""
FRAME_S = 0.032


@dataclass(frozen=True)
class Sound:
    """loudness_lufs : integrated; None in silence. speech : probability. curves : onset strength per picture frame, 0 to 1, by name."""

    loudness_lufs: float | None = None
    speech: float | None = None
    curves: dict[str, NDArray[np.float32]] | None = None


def measured(media: Media, frames: int) -> Sound:
    """What a clip's sound holds, its curves over `frames` frames; nothing where there is no sound or it cannot be decoded."""
    if media.audio is None or media.video is None:
        return Sound()
    try:
        begin_s = media.video.stream_offset_s
        both = audio(Path(media.path), RATE_HZ, mono=False, start_s=begin_s, end_s=LONGEST_S)
    except CutprintError:
        return Sound()
    fps = media.video.rate.fps
    samples = both.mean(axis=0)
    if len(samples) < RATE_HZ * BLOCK_S:
        return Sound()
    return Sound(loudness_of(both[: min(2, media.audio.channels)], RATE_HZ), speech_of(samples), _onsets(samples, fps, frames))


def loudness_of(samples: NDArray[np.float32], rate_hz: int) -> float | None:
    """Integrated loudness (ITU-R BS.1770-4) of (samples,) or (channels, samples), whose powers add up; None where all is below the gate.

    Weighted in the frequency domain.
    """
    channels = np.atleast_2d(samples)
    size, hop = round(BLOCK_S * rate_hz), round(HOP_S * rate_hz)
    weight = _k_weight(np.asarray(np.fft.rfftfreq(size, 1 / rate_hz), np.float64))
    starts = range(0, channels.shape[1] - size + 1, hop)
    power = np.array([sum(_weighted_power(one[start : start + size], weight) for one in channels) for start in starts])
    level = -0.691 + 10 * np.log10(np.maximum(power, 1e-12))
    heard = level > ABSOLUTE_GATE_LUFS
    if not heard.any():
        return None
    threshold = -0.691 + 10 * np.log10(power[heard].mean()) + RELATIVE_GATE_LU
    return float(-0.691 + 10 * np.log10(power[heard & (level > threshold)].mean()))


def _weighted_power(block: NDArray[np.float32], weight: NDArray[np.float64]) -> float:
    spectrum = np.abs(np.fft.rfft(block)) ** 2 * weight
    return float((2 * spectrum.sum() - spectrum[0]) / len(block) ** 2)


def _k_weight(hz: NDArray[np.float64]) -> NDArray[np.float64]:
    """Power response of BS.1770's two filters, from their coefficients at 48 kHz."""
    z = np.exp(-2j * np.pi * np.minimum(hz, 24_000) / 48_000)
    shelf = (1.53512485958697 - 2.69169618940638 * z + 1.19839281085285 * z**2) / (1 - 1.69065929318241 * z + 0.73248077421585 * z**2)
    high_pass = (1 - 2 * z + z**2) / (1 - 1.99004745483398 * z + 0.99007225036621 * z**2)
    return np.asarray(np.abs(shelf * high_pass) ** 2)


def _spectrogram(samples: NDArray[np.float32], hop: int) -> NDArray[np.float32]:
    """Power per frame and bin: float32 (frames, bins), Hann windows of FRAME_S."""
    size = round(FRAME_S * RATE_HZ)
    padded = np.pad(samples, (size // 2, size))
    count = max(1, len(samples) // hop)
    frames = np.lib.stride_tricks.sliding_window_view(padded, size)[: count * hop : hop]
    return np.asarray(np.abs(np.fft.rfft(frames * np.hanning(size).astype(np.float32), axis=1)) ** 2, np.float32)


def _onsets(samples: NDArray[np.float32], fps: float, frames: int) -> dict[str, NDArray[np.float32]]:
    """Rise of log energy in each band, per picture frame, 0 to 1 (`1 - exp(-rise)`, rise in nepers)."""
    hop = RATE_HZ // 100
    power = _spectrogram(samples, hop)
    hz = np.fft.rfftfreq(round(FRAME_S * RATE_HZ), 1 / RATE_HZ)
    at = np.clip((np.arange(frames + 1) / fps * 100).astype(int), 0, len(power))
    curves = {}
    for name, (low, high) in zip(("low", "mid", "high"), BANDS_HZ):
        energy = np.log(power[:, (hz >= low) & (hz < high)].sum(axis=1) + 1e-6)
        rise = np.maximum(np.diff(energy, prepend=energy[:1]), 0)
        sums = np.concatenate([[0.0], np.cumsum(rise)])
        curves[f"sound_{name}"] = (1 - np.exp(-(sums[at[1:]] - sums[at[:-1]]))).astype(np.float32)
    return curves


SYLLABLES_HZ = (2.5, 7.0)
"""Syllables a second: where the envelope of speech swings (Houtgast and Steeneken 1985)."""
SPEECH_EDGES_HZ = np.geomspace(100, 7000, 15)
"""Borders of the 14 bands whose energies speech is told by."""
WINDOW_S, FEATURE_HOP = 2.0, 160
WEIGHTS = Path(__file__).with_name("speech_weights.npz")
"""Mean and spread of the features, and a logistic regression on them (`engine.analysis.training.speech`)."""
OFTEN = 80
"""Percentile of the windows that counts: somebody who speaks for a fifth of a clip speaks in it."""


def speech_features(samples: NDArray[np.float32]) -> NDArray[np.float64]:
    """Per window of WINDOW_S (half overlapping) of a sound at RATE_HZ: float64 (n, 48).

    Of the log energies of 14 bands: spread over time, spread of their changes, mean against the overall mean; and how they swing together.
    """
    power = _spectrogram(samples, FEATURE_HOP)
    hz = np.fft.rfftfreq(round(FRAME_S * RATE_HZ), 1 / RATE_HZ)
    bands = np.array([(hz >= low) & (hz < high) for low, high in zip(SPEECH_EDGES_HZ, SPEECH_EDGES_HZ[1:])], np.float32)
    energies = np.log(power @ bands.T + 1e-5)
    size = round(WINDOW_S * RATE_HZ / FEATURE_HOP)
    starts = range(0, max(1, len(energies) - size + 1), size // 2)
    return np.array([_window(energies[at : at + size]) for at in starts])


def _window(energies: NDArray[np.float32]) -> NDArray[np.float64]:
    overall = energies.mean(axis=1)
    swing = np.abs(np.fft.rfft((overall - overall.mean()) * np.hanning(len(overall)))) ** 2
    hz = np.fft.rfftfreq(len(overall), FEATURE_HOP / RATE_HZ)
    paced = swing[(hz >= SYLLABLES_HZ[0]) & (hz < SYLLABLES_HZ[1])].sum() / (swing[(hz > 0.4) & (hz < 25)].sum() + 1e-9)
    low, middle, high = np.percentile(overall, (10, 50, 90))
    steps = np.diff(overall)
    skew = float((steps**3).mean() / ((steps**2).mean() ** 1.5 + 1e-9))
    with np.errstate(invalid="ignore", divide="ignore"):
        together = np.asarray(np.nan_to_num(np.corrcoef(energies.T)))
    whole = [paced * 3, (high - low) / 3, (middle - low) / 3, skew, together[0:4, 9:13].mean(), together[2:5, 5:8].mean()]
    shape = (energies.mean(axis=0) - energies.mean()) / 2
    return np.concatenate([energies.std(axis=0), np.diff(energies[::2], axis=0).std(axis=0), whole, shape]).astype(float)


@functools.lru_cache(maxsize=1)
def _speech_weights() -> tuple[NDArray[np.float64], ...]:
    with np.load(WEIGHTS) as file:
        return tuple(np.asarray(file[name], float) for name in ("mean", "spread", "weights"))


def speech_of(samples: NDArray[np.float32]) -> float:
    """Probability that somebody speaks in a sound at RATE_HZ; single instruments and wind are harder to tell (docs/clip_analysis.md)."""
    mean, spread, weights = _speech_weights()
    rows = (speech_features(samples) - mean) / spread
    return float(np.percentile(1 / (1 + np.exp(-(rows @ weights[:-1] + weights[-1]))), OFTEN))
