"""What a studio does to a piece: echoes, stops, lo-fi, levelling, a lead-in of talk or noise. The truth moves along."""

from __future__ import annotations

import dataclasses

import numpy as np

from engine.analysis.training.music import Piece
from engine.analysis.training.sounds import RATE_HZ, Random, Sound, riser, speech, tilted

__all__ = ["produced"]


def produced(piece: Piece, seed: int) -> Piece:
    """`piece` with some of the effects; the same seed gives the same."""
    rng = np.random.default_rng([seed, 13])
    samples = piece.samples.copy()
    if rng.random() < 0.3:
        samples = _stopped(samples, piece, rng)
    if rng.random() < 0.25 and len(piece.beats) > 2:
        samples = _echoed(samples, piece, rng)
    if rng.random() < 0.3:
        samples = tilted(samples, float(rng.uniform(-5, 2)))
    if rng.random() < 0.35:
        samples = _levelled(samples, rng)
    if rng.random() < 0.2:
        samples = samples + _crackle(len(samples), rng)
    piece = dataclasses.replace(piece, samples=samples)
    return _led_in(piece, rng) if rng.random() < 0.2 else piece


def _beat_s(piece: Piece) -> float:
    return float(np.median(np.diff([time for time, _ in piece.beats])))


def _echoed(samples: Sound, piece: Piece, rng: Random) -> Sound:
    """Repeats after a quarter, half, three quarters of a beat or a whole one, each quieter and darker."""
    late = round(_beat_s(piece) * float(rng.choice([0.25, 0.5, 0.75, 0.75, 1.0])) * RATE_HZ)
    out, part, share = samples.copy(), samples, float(rng.uniform(0.15, 0.45))
    for k in range(1, 4):
        part = tilted(part, -1.5)
        out[k * late :] += np.float32(share**k) * part[: max(0, len(samples) - k * late)]
    return out


def _stopped(samples: Sound, piece: Piece, rng: Random) -> Sound:
    """Silence, or nearly, for one to four beats before some sections: the band stops, the beat goes on."""
    times = np.array([time for time, _ in piece.beats])
    for start, _, _, _ in piece.sections[1:]:
        if rng.random() < 0.5 and len(times) > 8:
            index = int(np.argmin(np.abs(times - start)))
            first = times[max(0, index - int(rng.integers(1, 5)))]
            a, b = round(float(first) * RATE_HZ), round((start - 0.01) * RATE_HZ)
            samples[a:b] *= np.float32(rng.choice([0.0, 0.02, 0.1]))
    return samples


def _levelled(samples: Sound, rng: Random) -> Sound:
    """A compressor: louder where it was quiet over the last tenths of a second, so that it pumps."""
    from scipy.ndimage import uniform_filter1d

    around = np.sqrt(uniform_filter1d(samples.astype(float) ** 2, round(float(rng.uniform(0.05, 0.6)) * RATE_HZ)).clip(0) + 1e-6)
    gain = (around / np.percentile(around, 90)) ** -float(rng.uniform(0.2, 0.7))
    return np.asarray(np.tanh(samples * np.minimum(gain, 8)), np.float32)


def _crackle(count: int, rng: Random) -> Sound:
    """An old record: clicks and hiss."""
    out = np.float32(10 ** rng.uniform(-3.5, -2)) * rng.standard_normal(count).astype(np.float32)
    clicks = rng.integers(0, count, int(count / RATE_HZ * rng.uniform(1, 12)))
    out[clicks] += rng.normal(0, 0.15, len(clicks)).astype(np.float32)
    return out


def _led_in(piece: Piece, rng: Random) -> Piece:
    """Seconds of talk, noise or a riser before the music."""
    seconds = float(rng.uniform(1.0, 6.0))
    kind = int(rng.integers(3))
    lead = speech(seconds, rng) * 0.4 if kind == 0 else riser(seconds, rng) * 0.3
    if kind == 2:
        lead = rng.standard_normal(round(seconds * RATE_HZ)).astype(np.float32) * np.float32(rng.uniform(0.001, 0.05))
    late = len(lead) / RATE_HZ
    return dataclasses.replace(
        piece,
        samples=np.concatenate([lead, piece.samples]).astype(np.float32),
        beats=tuple((time + late, position) for time, position in piece.beats),
        sections=tuple((start + late, end + late, label, energy) for start, end, label, energy in piece.sections),
        drops=tuple(drop + late for drop in piece.drops),
    )
