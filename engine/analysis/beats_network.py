"""Where beats and downbeats are likely, by our own temporal convolutional network, run in plain numpy.

After Davies and Boeck (2019) and Boeck and Davies (2020): a spectrogram in fine bands, dilated gated convolutions that see the whole
song, two curves out. Weights come from `training/` and lie beside this file; no deep-learning library is needed to use them.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

__all__ = ["FRAMES_PER_S", "HOP", "RATE_HZ", "bands", "calibrated", "forward", "with_rises"]

RATE_HZ = 22_050
HOP = 220
FRAMES_PER_S = RATE_HZ / HOP
WINDOW = 2048
BANDS_PER_OCTAVE, LOWEST_HZ, BANDS = 6, 30.0, 50
LOUD = 0.2
"""Level (RMS) that a song's loud parts are brought to, so that a quiet master looks like a loud one."""
RISE_FRAMES = 2
WEIGHTS = Path(__file__).with_name("beats_network.npz")
STFT_BLOCK = 1500
"""Frames transformed at once: 15 s, which keeps memory flat for long songs."""

POSITIVE_WEIGHT = 3.0
"""Weight of a beat against no beat in training: beats are one frame in fifty; with it the curves are neither timid nor shrill."""
PIECE, SIGHT = 24_000, 4_100
"""Frames that go through the network at once (4 minutes), and how far it sees either way: 2 * (2**11 - 1) and the front's two."""

Curves = NDArray[np.float32]


def bands(samples: NDArray[np.float32]) -> Curves:
    """Log magnitude in BANDS triangular bands, shape (frames, BANDS), FRAMES_PER_S frames a second, frame k centred on sample k * HOP."""
    import scipy.fft

    gain = np.float32(LOUD / _loud_level(samples))
    count = len(samples) // HOP + 1
    padded = np.pad(samples, (WINDOW // 2, WINDOW // 2 + HOP))
    frames = np.lib.stride_tricks.sliding_window_view(padded, WINDOW)[::HOP][:count]
    window, filters = gain * np.hanning(WINDOW + 1)[:-1].astype(np.float32), _filters()
    parts = []
    for start in range(0, count, STFT_BLOCK):
        spectrum = np.abs(scipy.fft.rfft(frames[start : start + STFT_BLOCK] * window, axis=1))
        parts.append(np.log1p(0.5 * (spectrum @ filters)))
    return np.concatenate(parts).astype(np.float32, copy=False)


def _loud_level(samples: NDArray[np.float32]) -> float:
    size = RATE_HZ // 10
    blocks = samples[: len(samples) // size * size].reshape(-1, size)
    if not len(blocks):
        return LOUD
    return max(float(np.percentile(np.sqrt(np.einsum("ij,ij->i", blocks, blocks) / size), 95)), 1e-4)


@lru_cache(maxsize=1)
def _filters() -> Curves:
    """Triangles, BANDS_PER_OCTAVE an octave from LOWEST_HZ; the lowest are widened to hold at least one bin. Shape (bins, BANDS)."""
    bins = np.arange(WINDOW // 2 + 1) * RATE_HZ / WINDOW
    centres = LOWEST_HZ * 2.0 ** (np.arange(-1, BANDS + 1) / BANDS_PER_OCTAVE)
    width = RATE_HZ / WINDOW
    filters = np.zeros((len(bins), BANDS), np.float32)
    for k in range(BANDS):
        low, centre, high = centres[k : k + 3]
        low, high = min(low, centre - width), max(high, centre + width)
        filters[:, k] = np.clip(np.minimum((bins - low) / (centre - low), (high - bins) / (high - centre)), 0, 1)
    return np.asarray(filters / filters.sum(axis=0), np.float32)


def with_rises(levels: Curves) -> Curves:
    """The bands and how much each rose over RISE_FRAMES: shape (frames, 2 * BANDS)."""
    rises = np.zeros_like(levels)
    rises[RISE_FRAMES:] = np.maximum(0, levels[RISE_FRAMES:] - levels[:-RISE_FRAMES])
    return np.concatenate([levels, rises], axis=1)


@lru_cache(maxsize=1)
def _weights() -> Mapping[str, Curves]:
    with np.load(WEIGHTS) as stored:
        return {name: stored[name].astype(np.float32) for name in stored.files}


def calibrated(curves: Curves) -> Curves:
    """The network's outputs as probabilities: training weighed beats POSITIVE_WEIGHT-fold, which this takes back."""
    return np.asarray(curves / (curves + POSITIVE_WEIGHT * (1 - curves)), np.float32)


def forward(features: Curves, weights: Mapping[str, Curves] | None = None) -> Curves:
    """A beat and a downbeat in each frame, 0 to 1, from features of shape (frames, 2 * BANDS): shape (frames, 2).

    Long songs go through in pieces that overlap by what the network can see, so the result is the same.
    """
    weights = weights or _weights()
    parts = []
    for start in range(0, len(features), PIECE):
        first = max(0, start - SIGHT)
        out = _through(features[first : start + PIECE + SIGHT], weights)
        parts.append(out[start - first : start - first + PIECE])
    return np.concatenate(parts) if parts else np.zeros((0, 2), np.float32)


def _through(features: Curves, weights: Mapping[str, Curves]) -> Curves:
    x = (features - weights["mean"]) * weights["scale"]
    x = _elu(_convolved(x, weights["front0.weight"], 1) + weights["front0.bias"])
    x = _elu(_convolved(x, weights["front1.weight"], 1) + weights["front1.bias"])
    total = np.zeros_like(x)
    for k in range(sum(name.startswith("gate") and name.endswith("weight") for name in weights)):
        gated = _convolved(x, weights[f"gate{k}.weight"], 2**k) + weights[f"gate{k}.bias"]
        half = gated.shape[1] // 2
        part = np.tanh(gated[:, :half]) * _sigmoid(gated[:, half:])
        part = part @ weights[f"mix{k}.weight"][:, :, 0].T + weights[f"mix{k}.bias"]
        x, total = x + part, total + part
    return _sigmoid(_elu(total) @ weights["out.weight"][:, :, 0].T + weights["out.bias"])


def _convolved(x: Curves, kernel: Curves, dilation: int) -> Curves:
    """Convolution along time with zeros beyond the ends. kernel : (out, in, taps)."""
    taps = kernel.shape[2]
    out = np.zeros((len(x), kernel.shape[0]), np.float32)
    for tap in range(taps):
        shift = (tap - taps // 2) * dilation
        if abs(shift) >= len(x):
            continue
        part = x[max(0, shift) : len(x) + min(0, shift)] @ kernel[:, :, tap].T
        out[max(0, -shift) : len(x) - max(0, shift)] += part
    return out


def _elu(x: Curves) -> Curves:
    return np.where(x > 0, x, np.expm1(np.minimum(x, 0)))


def _sigmoid(x: Curves) -> Curves:
    return np.asarray(1 / (1 + np.exp(-np.clip(x, -40, 40))), np.float32)
