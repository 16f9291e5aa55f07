"""Synthetic instruments: every sound a few numpy lines, so that training music has no licence but ours.

All functions return float32 mono at RATE_HZ, peak about 1. Randomness comes from the generator handed in.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["RATE_HZ", "Random", "Sound", "drum", "note", "riser", "room", "speech", "tilted"]

RATE_HZ = 22_050
Sound = NDArray[np.float32]
Random = np.random.Generator


def _time(seconds: float) -> NDArray[np.float64]:
    return np.arange(max(1, round(seconds * RATE_HZ))) / RATE_HZ


def _noise(rng: Random, count: int, low_hz: float, high_hz: float) -> NDArray[np.float64]:
    """White noise between two frequencies, by masking its spectrum."""
    size = 1 << max(4, int(np.ceil(np.log2(count))))
    spectrum = np.fft.rfft(rng.standard_normal(size))
    frequencies = np.fft.rfftfreq(size, 1 / RATE_HZ)
    mask = 1 / (1 + (low_hz / np.maximum(frequencies, 1)) ** 6) / (1 + (frequencies / high_hz) ** 6)
    return np.asarray(np.fft.irfft(spectrum * mask)[:count])


def _normal(sound: NDArray[np.float64]) -> Sound:
    return np.asarray(sound / (np.abs(sound).max() + 1e-9), np.float32)


def drum(kind: str, rng: Random) -> Sound:
    """One hit of a drum; its tuning and decay are drawn anew on each call."""
    return _normal(_DRUMS[kind](rng))


def _swept(rng: Random, low: float, high: float, decay: float, click: float) -> NDArray[np.float64]:
    t = _time(decay * 2.2)
    pitch = low + (high - low) * np.exp(-t * rng.uniform(25, 70))
    body = np.sin(2 * np.pi * np.cumsum(pitch) / RATE_HZ) * np.exp(-t / decay * 2.2)
    attack = np.minimum(1, t / rng.uniform(0.0005, 0.004))
    return np.asarray(body * attack + click * _noise(rng, len(t), 1500, 9000) * np.exp(-t * 300))


def _kick(rng: Random) -> NDArray[np.float64]:
    return _swept(rng, rng.uniform(38, 65), rng.uniform(90, 320), rng.uniform(0.08, 0.5), rng.choice([0.0, 0.1, 0.4]))


def _tom(rng: Random) -> NDArray[np.float64]:
    low = rng.uniform(70, 190)
    return _swept(rng, low, low * 1.6, rng.uniform(0.1, 0.4), 0.1)


def _conga(rng: Random) -> NDArray[np.float64]:
    low = rng.uniform(160, 420)
    return _swept(rng, low, low * 1.15, rng.uniform(0.06, 0.2), 0.15)


def _snare(rng: Random) -> NDArray[np.float64]:
    t = _time(rng.uniform(0.12, 0.35))
    decay = np.exp(-t / t[-1] * rng.uniform(3, 6))
    tone = np.sin(2 * np.pi * rng.uniform(150, 260) * t) * np.exp(-t * 25)
    rattle = _normal(_noise(rng, len(t), rng.uniform(300, 1500), rng.uniform(5000, 10_000)))
    return np.asarray(rattle * decay + rng.uniform(0.2, 0.9) * tone)


def _brush(rng: Random) -> NDArray[np.float64]:
    t = _time(rng.uniform(0.12, 0.3))
    return np.asarray(_noise(rng, len(t), 1200, 8000) * np.abs(np.sin(np.pi * t / t[-1])) ** rng.uniform(0.5, 1.5) * np.exp(-t * 8))


def _clap(rng: Random) -> NDArray[np.float64]:
    t = _time(0.3)
    envelope = np.zeros_like(t)
    for k in range(rng.integers(2, 5)):
        late = k * rng.uniform(0.007, 0.013)
        envelope += np.where(t >= late, np.exp(-(t - late) * rng.uniform(40, 120)), 0)
    return np.asarray(_noise(rng, len(t), 700, 5000) * envelope)


def _metal(rng: Random, low: float, seconds: float, sharp: float) -> NDArray[np.float64]:
    t = _time(seconds)
    tones = sum(np.sign(np.sin(2 * np.pi * rng.uniform(2500, 8500) * t + rng.uniform(0, 6))) for _ in range(4))
    mix = _noise(rng, len(t), low, 10_500) * 3 + 0.15 * np.asarray(tones)
    return np.asarray(mix * np.exp(-t / seconds * sharp) * np.minimum(1, t / 0.001))


def _hat(rng: Random) -> NDArray[np.float64]:
    return _metal(rng, rng.uniform(5000, 8000), rng.uniform(0.03, 0.1), 5)


def _open_hat(rng: Random) -> NDArray[np.float64]:
    return _metal(rng, rng.uniform(4500, 7000), rng.uniform(0.2, 0.45), 4)


def _ride(rng: Random) -> NDArray[np.float64]:
    return _metal(rng, rng.uniform(3000, 6000), rng.uniform(0.3, 0.7), 4)


def _crash(rng: Random) -> NDArray[np.float64]:
    return _metal(rng, 2500, rng.uniform(1.0, 2.2), 4)


def _shaker(rng: Random) -> NDArray[np.float64]:
    t = _time(rng.uniform(0.05, 0.11))
    return np.asarray(_noise(rng, len(t), 3500, 10_500) * np.sin(np.pi * t / t[-1]) ** 2)


def _rim(rng: Random) -> NDArray[np.float64]:
    t = _time(0.06)
    tone = np.sin(2 * np.pi * rng.uniform(700, 2200) * t) * np.exp(-t * 90)
    return np.asarray(tone + 0.3 * _noise(rng, len(t), 1500, 8000) * np.exp(-t * 200))


def _bell(rng: Random) -> NDArray[np.float64]:
    t = _time(rng.uniform(0.1, 0.25))
    base = rng.uniform(500, 900)
    tone = np.sign(np.sin(2 * np.pi * base * t)) + np.sign(np.sin(2 * np.pi * base * 1.49 * t))
    return np.asarray(tone * np.exp(-t * 22))


_DRUMS = {
    "kick": _kick, "snare": _snare, "clap": _clap, "hat": _hat, "open": _open_hat, "ride": _ride, "crash": _crash, "tom": _tom,
    "conga": _conga, "shaker": _shaker, "rim": _rim, "bell": _bell, "brush": _brush,
}  # fmt: skip


# Timbres: partial strengths, attack and decay in seconds, whether the tone is held.
_TIMBRES: dict[str, tuple[str, float, float, bool]] = {
    "piano": ("string", 0.003, 0.9, False),
    "guitar": ("string", 0.004, 0.5, False),
    "pluck": ("saw", 0.002, 0.18, False),
    "muted": ("string", 0.002, 0.08, False),
    "epiano": ("soft", 0.004, 0.8, False),
    "bell": ("bell", 0.002, 1.0, False),
    "mallet": ("soft", 0.002, 0.25, False),
    "bass": ("soft", 0.006, 0.5, True),
    "sub": ("sine", 0.012, 1.0, True),
    "sawbass": ("saw", 0.004, 0.6, True),
    "lead": ("saw", 0.008, 2.0, True),
    "chip": ("square", 0.001, 1.0, True),
    "organ": ("organ", 0.008, 5.0, True),
    "brass": ("saw", 0.035, 3.0, True),
    "flute": ("sine", 0.05, 4.0, True),
    "strings": ("saw", 0.12, 5.0, True),
    "pad": ("dark", 0.35, 8.0, True),
    "stab": ("saw", 0.003, 0.25, False),
    "distorted": ("square", 0.004, 1.2, True),
    "voice": ("voice", 0.05, 4.0, True),
}


def _partials(shape: str, pitch_hz: float, rng: Random) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    count = int(np.clip(8000 / pitch_hz, 1, 14))
    k = np.arange(1, count + 1, dtype=float)
    strength = {
        "sine": np.where(k == 1, 1.0, 0.08 / k),
        "soft": k**-2.2,
        "dark": k**-1.8,
        "saw": 1 / k,
        "square": (k % 2) / k,
        "string": k**-1.3 * (0.4 + 0.6 * rng.random(count)),
        "organ": np.isin(k, [1, 2, 3, 4, 6, 8]) * 0.8 ** (k - 1),
        "bell": k**-0.7 * rng.random(count),
    }
    if shape == "voice":
        formants = np.array([[700, 1200], [300, 2300], [400, 900], [500, 1800]])[rng.integers(4)] * rng.uniform(0.9, 1.2)
        peaks = sum(np.exp(-(((k * pitch_hz - f) / 160) ** 2)) for f in formants)
        return k, np.asarray(1 / k * (0.15 + 2 * peaks))
    stretch = rng.uniform(1.5, 2.6) ** (np.arange(count) * 0.25) if shape == "bell" else np.ones(count)
    return k * stretch, strength[shape]


def note(timbre: str, pitch_midi: float, seconds: float, rng: Random) -> Sound:
    """One tone of an instrument of `_TIMBRES`."""
    shape, attack, decay, held = _TIMBRES[timbre]
    pitch_hz = 440 * 2 ** ((pitch_midi - 69) / 12)
    seconds = max(0.04, seconds if held else min(seconds * 1.6, decay * 3))
    t = _time(seconds)
    ratios, strengths = _partials(shape, pitch_hz, rng)
    wobble = 1 + 0.006 * np.sin(2 * np.pi * 5.2 * t + rng.uniform(0, 6)) * (t > 0.12) if shape == "voice" or timbre == "strings" else 1.0
    phase = 2 * np.pi * np.cumsum(np.broadcast_to(pitch_hz * np.asarray(wobble), t.shape)) / RATE_HZ
    tone = np.zeros(len(t))
    for ratio, strength in zip(ratios, strengths):
        if ratio * pitch_hz < 10_500:
            tone += strength * np.sin(ratio * phase + rng.uniform(0, 6.28)) * (1.0 if held else np.exp(-t * ratio**0.6 / decay))
    attack *= rng.uniform(0.7, 1.5)
    envelope = np.minimum(1, t / attack) * np.exp(-t / decay)
    release = min(0.05 if attack < 0.1 else 0.25, seconds / 3)
    envelope *= np.minimum(1, (seconds - t) / release)
    if timbre == "distorted":
        tone = np.tanh(3 * tone)
    return _normal(tone * envelope)


def riser(seconds: float, rng: Random) -> Sound:
    """Noise that opens and grows, as before a drop."""
    t = _time(seconds)
    low, high = _noise(rng, len(t), 200, 1200), _noise(rng, len(t), 1500, 10_000)
    share = t / t[-1]
    return _normal((low * (1 - share) + high * share) * share**2)


def room(sound: Sound, seconds: float, wet: float, rng: Random) -> Sound:
    """Reverberation: exponentially decaying noise, darker than white."""
    t = _time(seconds)
    echo = _noise(rng, len(t), 150, 5000) * np.exp(-6.9 * t / seconds)
    echo /= np.sqrt((echo**2).sum()) + 1e-9
    size = 1 << int(np.ceil(np.log2(len(sound) + len(echo))))
    tail = np.fft.irfft(np.fft.rfft(sound, size) * np.fft.rfft(echo, size))[: len(sound)]
    return np.asarray(sound + wet * tail, np.float32)


def speech(seconds: float, rng: Random) -> Sound:
    """Babble with the rhythm of talk: voiced syllables of moving pitch, fricatives, pauses. On no beat."""
    out = np.zeros(round(seconds * RATE_HZ), np.float32)
    at, pitch = rng.uniform(0, 1), rng.uniform(42, 60)
    while at < seconds - 0.5:
        length = rng.uniform(0.08, 0.28)
        part = note("voice", pitch + rng.normal(0, 2), length, rng) * rng.uniform(0.5, 1)
        if rng.random() < 0.4:
            t = _time(0.07)
            hiss = _normal(_noise(rng, len(t), 2500, 9000) * np.sin(np.pi * t / t[-1])) * 0.3
            _add(out, hiss, at - 0.05)
        _add(out, part, at)
        at += length * rng.uniform(0.9, 1.3) + (rng.uniform(0.2, 1.2) if rng.random() < 0.15 else 0)
    return out


def _add(out: Sound, part: Sound, at_s: float) -> None:
    start = round(at_s * RATE_HZ)
    if start < 0:
        part, start = part[-start:], 0
    part = part[: max(0, len(out) - start)]
    out[start : start + len(part)] += part


def tilted(sound: Sound, db_per_octave: float) -> Sound:
    """The spectrum tilted around 800 Hz."""
    spectrum = np.fft.rfft(sound)
    frequencies = np.maximum(np.fft.rfftfreq(len(sound), 1 / RATE_HZ), 30)
    return np.asarray(np.fft.irfft(spectrum * (frequencies / 800) ** (db_per_octave / 6.02), len(sound)), np.float32)
