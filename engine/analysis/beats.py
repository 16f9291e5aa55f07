"""Beats of a song: propose several levels of tempo, follow each by dynamic programming, choose, then refine to the attack.

The recipe and its measurements are in docs/song_analysis.md. Envelopes after Boeck's SuperFlux; following after Ellis (2007).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["HOP", "RATE_HZ", "BeatTrack", "Envelopes", "envelopes", "refined", "track_beats"]

RATE_HZ = 22_050
HOP = 220
FRAMES_PER_S = RATE_HZ / HOP
BANDS = {"low": (25.0, 170.0), "mid": (150.0, 2200.0), "high": (3500.0, 11_025.0), "all": (25.0, 11_025.0)}
WEIGHTS = {"low": 1.0, "mid": 0.7, "high": 0.35, "all": 0.8}
EARLY_S = {"low": 0.018, "mid": 0.006, "high": 0.006, "all": 0.009}
"""How much earlier each envelope peaks than the attack (measured on known onsets); taken out."""
SLOWEST_BPM, FASTEST_BPM = 50.0, 215.0
PRIOR_BPM, PRIOR_OCTAVES = 112.0, 0.6
"""Centre and width of the log-normal belief in a tempo (912 pop songs: median 120, p10-p90 81-140)."""
TIGHTNESS = 400.0
"""Cost of leaving the local tempo, times log squared of the ratio."""
RATIOS = (1.0, 2.0, 0.5, 1.5, 2 / 3)
REFINE_S = 0.045

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Envelopes:
    """Onset strength per band and as a weighted sum `act`, FRAMES_PER_S samples per second; `loudness` in dB."""

    bands: dict[str, Array]
    act: Array
    loudness: Array
    chroma_change: Array


@dataclass(frozen=True)
class BeatTrack:
    """Beats in seconds, their tempo, how much stands behind them (0 to 1), and other tempos with their share of belief."""

    beats: Array
    bpm: float
    confidence: float
    alternatives: tuple[tuple[float, float], ...]


def envelopes(samples: NDArray[np.float32]) -> Envelopes:
    """Onset envelopes of mono samples at RATE_HZ."""
    import librosa

    spectrum = np.abs(librosa.stft(samples, n_fft=2048, hop_length=HOP)).astype(np.float32)
    frequencies = librosa.fft_frequencies(sr=RATE_HZ, n_fft=2048)
    power = (spectrum**2).sum(axis=0)
    loudness = 10 * np.log10(power + 1e-10)
    compressed = np.log1p(300 * spectrum / (np.percentile(spectrum, 99.5) + 1e-9))
    bands = {}
    for name, (low, high) in BANDS.items():
        rows = compressed[(frequencies >= low) & (frequencies <= high)]
        bands[name] = _levelled(_flux(rows, widened=name != "low"), EARLY_S[name])
    act = sum(WEIGHTS[name] * band for name, band in bands.items())
    return Envelopes(bands, np.asarray(act), loudness.astype(float), _chroma_change(spectrum, frequencies))


def _flux(rows: NDArray[np.float32], widened: bool) -> Array:
    """Rise of each bin over two frames, against the neighbourhood's maximum so that vibrato is no onset."""
    lag = 2 if widened else 3
    earlier = rows[:, :-lag]
    if widened:
        padded = np.pad(earlier, ((1, 1), (0, 0)), mode="edge")
        earlier = np.maximum(np.maximum(padded[:-2], padded[1:-1]), padded[2:])
    rise = np.zeros(rows.shape[1])
    rise[lag:] = np.maximum(0, rows[:, lag:] - earlier).sum(axis=0)
    return rise


def _levelled(flux: Array, early_s: float) -> Array:
    """Smoothed, without its local mean, divided by its local strength (with a floor): quiet intros keep their beats."""
    from scipy.ndimage import gaussian_filter1d, uniform_filter1d

    smooth = gaussian_filter1d(flux, 1.2)
    smooth = np.maximum(0.0, smooth - uniform_filter1d(smooth, round(0.4 * FRAMES_PER_S)))
    around = np.sqrt(np.maximum(0.0, uniform_filter1d(smooth**2, round(6 * FRAMES_PER_S))))
    floor = 0.25 * np.sqrt((smooth**2).mean())
    level = smooth / np.maximum(around, floor + 1e-9) if floor > 0 else smooth
    shift = early_s * FRAMES_PER_S
    at = np.arange(len(level))
    return np.asarray(np.interp(at - shift, at, level))


def _chroma_change(spectrum: NDArray[np.float32], frequencies: Array) -> Array:
    """How much the harmony after a moment differs from the one before it (a quarter second each), 0 to 1."""
    from scipy.ndimage import uniform_filter1d

    rows = (frequencies >= 80) & (frequencies <= 2000)
    pitch = np.round(12 * np.log2(frequencies[rows] / 440.0)).astype(int) % 12
    chroma = np.stack([np.log1p(spectrum[rows][pitch == one]).sum(axis=0) for one in range(12)])
    width = round(0.25 * FRAMES_PER_S)
    mean = uniform_filter1d(chroma, width, axis=1)
    after, before = np.roll(mean, -width // 2, axis=1), np.roll(mean, width // 2, axis=1)
    norm = np.linalg.norm(after, axis=0) * np.linalg.norm(before, axis=0) + 1e-9
    return np.asarray(1 - (after * before).sum(axis=0) / norm)


def track_beats(env: Envelopes) -> BeatTrack:
    """The likeliest beats; an empty track where nothing repeats."""
    act = env.act
    if len(act) < 2 * FRAMES_PER_S or act.std() < 1e-6:
        return BeatTrack(np.zeros(0), 0.0, 0.0, ())
    found = []
    for bpm in _tempo_candidates(act):
        frames = _followed(act, bpm)
        if len(frames) >= 4:
            found.append((_belief(env, frames, bpm), bpm, frames))
    if not found:
        return BeatTrack(np.zeros(0), 0.0, 0.0, ())
    found.sort(key=lambda row: -row[0])
    weights = np.exp(4 * (np.array([row[0] for row in found]) - found[0][0]))
    shares = weights / weights.sum()
    best = found[0][2]
    bpm = 60 * FRAMES_PER_S / float(np.median(np.diff(best)))
    others = tuple((round(row[1], 2), round(float(share), 4)) for row, share in zip(found[1:], shares[1:]))
    return BeatTrack(best / FRAMES_PER_S, bpm, _confidence(env, best), others)


def _tempo_candidates(act: Array) -> list[float]:
    lags, strength = _periodicity(act)
    bpms = 60 * FRAMES_PER_S / lags
    score = strength * np.exp(-0.5 * (np.log2(bpms / PRIOR_BPM) / PRIOR_OCTAVES) ** 2)
    peaks = [k for k in range(1, len(score) - 1) if score[k] >= score[k - 1] and score[k] > score[k + 1]]
    peaks = sorted(peaks, key=lambda k: -score[k])[:4]
    chosen: list[float] = []
    for peak in peaks:
        for ratio in RATIOS:
            bpm = float(bpms[peak] * ratio)
            if SLOWEST_BPM <= bpm <= FASTEST_BPM and all(abs(bpm / other - 1) > 0.04 for other in chosen):
                chosen.append(bpm)
    return chosen[:10]


def _periodicity(act: Array) -> tuple[Array, Array]:
    """How well the song repeats after each lag (in frames, fractional), with a comb over its multiples."""
    size = 1 << int(np.ceil(np.log2(2 * len(act))))
    centred = act - act.mean()
    spectrum = np.fft.rfft(centred, size)
    correlation = np.fft.irfft(np.abs(spectrum) ** 2)[: len(act)]
    correlation = correlation / (correlation[0] + 1e-12) * (len(act) / np.maximum(1, len(act) - np.arange(len(act))))
    lags = np.arange(60 * FRAMES_PER_S / FASTEST_BPM, 60 * FRAMES_PER_S / SLOWEST_BPM, 0.25)
    at = np.arange(len(correlation))
    comb = sum(w * np.interp(lags * k, at, correlation, right=0.0) for k, w in ((1, 1.0), (2, 0.7), (3, 0.4), (4, 0.4)))
    return lags, np.maximum(0.0, np.asarray(comb))


def _local_period(act: Array, period: float) -> Array:
    """The period around each frame: the best repetition of the eight seconds around it, within 12 % of the global one, smoothed."""
    from scipy.ndimage import median_filter

    window, step = round(8 * FRAMES_PER_S), round(1 * FRAMES_PER_S)
    lags = np.arange(period * 0.88, period * 1.12, 0.25)
    centres, periods = [], []
    for centre in range(0, len(act), step):
        part = act[max(0, centre - window // 2) : centre + window // 2]
        if len(part) < 4.5 * period or part.std() < 1e-6:
            continue
        part = part - part.mean()
        size = 1 << int(np.ceil(np.log2(2 * len(part))))
        correlation = np.fft.irfft(np.abs(np.fft.rfft(part, size)) ** 2)
        at = np.arange(len(correlation))
        score = sum(np.interp(lags * k, at, correlation) for k in (1, 2, 3, 4)) * (1 - 2 * np.log(lags / period) ** 2)
        centres.append(centre)
        periods.append(float(lags[int(np.argmax(score))]))
    if not centres:
        return np.full(len(act), period)
    smooth = median_filter(np.array(periods), size=7, mode="nearest")
    return np.asarray(np.interp(np.arange(len(act)), centres, smooth))


def _followed(act: Array, bpm: float) -> NDArray[np.int64]:
    """Ellis' dynamic programme with a local tempo and free beats before the start; frames of the beats."""
    periods = _local_period(act, 60 * FRAMES_PER_S / bpm)
    score, back = act.copy(), np.full(len(act), -1)
    for now in range(len(act)):
        period = periods[now]
        low, high = now - round(2 * period), now - round(period / 2)
        if high < 0:
            continue
        before = np.arange(max(0, low), high + 1)
        gain = score[before] - TIGHTNESS * np.log((now - before) / period) ** 2
        best = int(np.argmax(gain))
        if gain[best] > 0 or low > 0:
            score[now] += gain[best]
            back[now] = before[best]
    last = len(act) - 1 - int(np.argmax(score[::-1][: max(1, round(periods[-1] * 1.5))]))
    beats = [last]
    while back[beats[-1]] >= 0:
        beats.append(int(back[beats[-1]]))
    return _to_the_start(np.array(beats[::-1]), periods)


def _to_the_start(beats: NDArray[np.int64], periods: Array) -> NDArray[np.int64]:
    """The grid continued to frame 0, so that a quiet intro is not without beats."""
    early = []
    at = float(beats[0])
    while at - periods[0] >= 0:
        at -= periods[0]
        early.append(round(at))
    return np.array([*early[::-1], *beats], np.int64)


def _belief(env: Envelopes, frames: NDArray[np.int64], bpm: float) -> float:
    """How well a sequence explains the song: onsets on it against between it, in all bands and the low one, and the prior."""
    on, off = _on_and_off(env.act, frames)
    low_on, low_off = _on_and_off(env.bands["low"], frames)
    scale = env.act.std() + 1e-9
    low_scale = env.bands["low"].std() + 1e-9
    prior = -0.5 * (np.log2(bpm / PRIOR_BPM) / PRIOR_OCTAVES) ** 2
    lags, strength = _periodicity(env.act)
    repeats = float(np.interp(60 * FRAMES_PER_S / bpm, lags, strength) / (strength.max() + 1e-9))
    return float(0.5 * on / scale + 0.5 * (on - off) / scale + 0.35 * (low_on - low_off) / low_scale + 2.0 * prior + 2.0 * repeats)


def _on_and_off(curve: Array, frames: NDArray[np.int64]) -> tuple[float, float]:
    from scipy.ndimage import maximum_filter1d

    near = maximum_filter1d(curve, 5)
    half = (frames[:-1] + frames[1:]) // 2
    return float(near[frames].mean()), float(near[half].mean())


def _confidence(env: Envelopes, frames: NDArray[np.int64]) -> float:
    """Share of beats that carry an onset, times how much the song repeats at their spacing, stretched to 0 to 1."""
    from scipy.ndimage import maximum_filter1d

    near = maximum_filter1d(env.act, 7)
    supported = float((near[frames] > np.percentile(env.act, 75)).mean())
    period = float(np.median(np.diff(frames)))
    lags, strength = _periodicity(env.act)
    repeats = float(np.interp(period, lags, strength)) / 2.5
    steady = float(np.exp(-3 * np.std(np.diff(frames)) / period))
    return float(np.clip(supported * np.clip(repeats * 2.2, 0, 1) ** 0.5 * (0.5 + 0.5 * steady), 0, 1))


def refined(samples: NDArray[np.float32], beats: Array) -> Array:
    """Beats moved to the attack next to them, then to a smooth curve through their neighbours.

    The envelopes' windows are long; a short-window flux (hop 64, 256 samples) has under 5 ms of lag of its own.
    """
    import librosa

    if len(beats) < 8:
        return beats
    hop = 64
    spectrum = np.log1p(100 * np.abs(librosa.stft(samples, n_fft=256, hop_length=hop)))
    flux = np.zeros(spectrum.shape[1])
    flux[3:] = np.maximum(0, spectrum[:, 3:] - spectrum[:, :-3]).sum(axis=0)
    per_s = RATE_HZ / hop
    for reach in (REFINE_S, 0.03):
        beats = _straightened(_to_peaks(flux, beats, reach, per_s), beats)
    return np.maximum(beats, 0.0)


def _to_peaks(flux: Array, beats: Array, reach_s: float, per_s: float) -> Array:
    width = round(reach_s * per_s)
    weight = np.exp(-0.5 * (np.arange(-width, width + 1) / (width / 1.5)) ** 2)
    moved = beats.copy()
    typical = np.percentile(flux, 80)
    for index, beat in enumerate(beats):
        centre = round(beat * per_s)
        if centre - width < 0 or centre + width + 1 > len(flux):
            continue
        part = flux[centre - width : centre + width + 1] * weight
        best = int(np.argmax(part))
        moved[index] = (centre - width + best - 1.5) / per_s if part[best] > typical else np.nan
    return moved


def _straightened(moved: Array, beats: Array) -> Array:
    """A line where the song is steady (80 % of attacks within 20 ms of it), else local parabolas over six beats either way."""
    index = np.arange(len(beats))
    known = np.isfinite(moved)
    if known.sum() < 6:
        return beats
    line = _robust(index[known], moved[known], 1)
    if (np.abs(moved[known] - line(index[known])) < 0.020).mean() > 0.8:
        return np.asarray(line(index))
    result = beats.copy()
    for k in index:
        near = known & (np.abs(index - k) <= 6)
        if near.sum() >= 5:
            result[k] = _robust(index[near], moved[near], 2 if near.sum() >= 7 else 1)(k)
    return result if np.all(np.diff(result) > 0) else beats


def _robust(x: Array | NDArray[np.int64], y: Array, degree: int) -> np.polynomial.Polynomial:
    """Least squares with points further than twice the median residual left out once."""
    fit = np.polynomial.Polynomial.fit(x, y, degree)
    away = np.abs(y - fit(x))
    keep = away <= max(2 * float(np.median(away)), 0.004)
    return np.polynomial.Polynomial.fit(x[keep], y[keep], degree) if keep.sum() > degree + 2 else fit
