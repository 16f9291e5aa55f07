"""Beats of a song: curves of likelihood from the network, one grid through them, its other readings, then refinement to the attack.

The recipe and its measurements are in docs/song_analysis.md.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engine.analysis.beats_decoding import Decoded, decode
from engine.analysis.beats_evidence import LOW_BANDS, Music, levelled, music_of
from engine.analysis.beats_levels import Reading, believed, chosen, readings, sureness
from engine.analysis.beats_network import FRAMES_PER_S, HOP, RATE_HZ, calibrated, forward, with_rises

__all__ = ["FRAMES_PER_S", "HOP", "RATE_HZ", "BeatTrack", "Onsets", "onsets", "readings_of", "refined", "track_beats"]

REFINE_S = 0.045
FLUX_LATE_S = 0.0018
"""How much later the sharp flux peaks than the beat (60 generated pieces with a known grid: what leaves their mean offset at 0)."""
LEAST_SCATTER_S = 0.0007
"""Neither attacks nor the network are taken to be closer than this to their curve: a quarter of the sharp flux's hop."""
BUMP_FRAMES, LEAST_BUMP = 2, 0.05
"""Frames either side of its top that make a bump of the network's curve, and the least sum of it."""
LEAST_REFINED = 8
"""Fewer beats than this say too little about each other."""
REST_GAP = 2.5
"""Median distances of beats from which on a gap is a rest: changes of tempo inside a song are smaller."""
LEAD_FRAMES, EDGE_FRAMES = 50, 3
"""Silence that the network hears before a song, and how much of it may hold the first beat."""
NEAR_FRAMES = 3
"""Frames either side of a beat in which its likelihood may peak."""
STEADY_BEATS, STEADY, STEADY_SHARE, STEADY_RANGE = 8, 0.02, 0.75, 1.03
"""A song is steady where this share of all stretches of so many beats is within STEADY of its tempo; then its range is this factor."""
MOST_LOSS, LEAST_HEARD = 3.0, 3e-3
"""Log-likelihood that may be lost for each beat that steadiness moves (half of what any beat can lose; chosen on generated pieces,
`engine.analysis.training`), and the likelihood below which a beat was not heard."""
LEAST_SHARE = 0.02
"""Belief from which on another level of counting is listed."""
NO_DOUBT, NEAR_OCTAVE = 0.95, 0.06
"""Sureness from which on half and double are not listed for their own sake, and how near to them, in octaves, counts."""
REST_S, SILENT_SHARE = 2.5, 0.02
"""A silence this long parts a song; silent is what has this share of the level of the song's loud frames."""
SAME_PULSE = 0.12
"""Beats by which both sides of a rest may differ and still be one pulse."""

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Onsets:
    """Strength of attacks, all bands and the low ones, FRAMES_PER_S samples per second, against the level around them."""

    all: Array
    low: Array


@dataclass(frozen=True)
class BeatTrack:
    """Beats in seconds and their positions in the bar (1 is the downbeat), how plain the pulse is (0 to 1), how sure it is that these are
    its beats (0 to 1), other tempos with their share of belief, and how likely a beat is in each frame (EDGE_FRAMES before the song on)."""

    beats: Array
    positions: NDArray[np.int64]
    metre: int
    bpm: float
    pulse: float
    confidence: float
    alternatives: tuple[tuple[float, float], ...]
    curve: NDArray[np.float32]


NOTHING = BeatTrack(np.zeros(0), np.zeros(0, np.int64), 4, 0.0, 0.0, 0.0, (), np.zeros(0, np.float32))


def onsets(levels: NDArray[np.float32]) -> Onsets:
    """Attacks from `beats_network.bands`."""
    rises = with_rises(levels)[:, levels.shape[1] :]
    return Onsets(levelled(rises.sum(axis=1)), levelled(rises[:, LOW_BANDS].sum(axis=1)))


def track_beats(
    levels: NDArray[np.float32],
    sung: NDArray[np.float32],
    heard: NDArray[np.float32] | None = None,
    heard_per_s: float = FRAMES_PER_S,
) -> BeatTrack:
    """The likeliest beats of `beats_network.bands` and `beats_evidence.harmony`; an empty track where the music is too short for two.

    heard : curves of another network, `heard_per_s` frames a second, to be used instead of our own.
    """
    curves = _our_curves(levels) if heard is None else _at_our_rate(heard, heard_per_s, len(levels))
    found = _readings(curves, music_of(levels, sung), _rests(levels))
    if not found:
        return NOTHING
    shares = believed(found)
    best = chosen(shares)
    grid = found[best].found
    beats = (grid.frames - EDGE_FRAMES) / FRAMES_PER_S
    sure = sureness(found[best], float(shares[best]))
    others = _alternatives(found, shares, best, sure)
    return BeatTrack(beats, grid.positions, grid.metre, found[best].bpm, _pulse(curves, grid), sure, others, curves[:, 0])


def readings_of(levels: NDArray[np.float32], sung: NDArray[np.float32]) -> list[Reading]:
    """The beats that our own network hears, at each level that they could be counted at; the likeliest path first."""
    return _readings(_our_curves(levels), music_of(levels, sung), _rests(levels))


def _readings(curves: NDArray[np.float32], music: Music, rests: list[tuple[int, int]]) -> list[Reading]:
    return readings(
        curves,
        music,
        lambda slowest, fastest: _steadied(curves, rests, _decoded_in_parts(curves, rests, slowest, fastest)),
        FRAMES_PER_S,
        EDGE_FRAMES,
    )


def _rests(levels: NDArray[np.float32]) -> list[tuple[int, int]]:
    """Silences of REST_S or more with music on both sides, as frames [first, last)."""
    quiet = levels.mean(axis=1) < SILENT_SHARE * float(np.percentile(levels.mean(axis=1), 90))
    edges = np.flatnonzero(np.diff(np.concatenate([[0], quiet.astype(np.int8), [0]])))
    runs = zip(edges[::2], edges[1::2])
    return [(int(a), int(b)) for a, b in runs if b - a >= REST_S * FRAMES_PER_S and a > 0 and b < len(quiet)]


def _decoded_in_parts(curves: NDArray[np.float32], rests: list[tuple[int, int]], slowest_bpm: float, fastest_bpm: float) -> Decoded | None:
    """Each stretch between rests decoded alone, so that a pause of any length bends neither tempo nor bars of what follows."""
    bounds = [0, *(frame + EDGE_FRAMES for rest in rests for frame in rest), len(curves)]
    parts = []
    for begin, end in zip(bounds[::2], bounds[1::2]):
        first = max(0, begin - EDGE_FRAMES)
        found = decode(curves[first:end], FRAMES_PER_S, slowest_bpm, fastest_bpm)
        if found is not None:
            parts.append(Decoded(found.frames + first, found.positions, found.metre))
    if not parts:
        return None
    whole = parts[0]
    for part in parts[1:]:
        whole = _joined(whole, part)
    return whole


def _steadied(curves: NDArray[np.float32], rests: list[tuple[int, int]], found: Decoded | None) -> Decoded | None:
    """Where nearly all of a song keeps one tempo, the best grid that keeps it throughout, unless the curves speak plainly against it.

    Off-beat chords draw the path half a beat aside for the rest of a song; a hesitation on purpose is heard on every beat after it.
    """
    if found is None or len(found.frames) <= 2 * STEADY_BEATS:
        return found
    local = np.convolve(np.diff(found.frames), np.full(STEADY_BEATS, 1 / STEADY_BEATS), "valid")
    usual = float(np.median(local))
    if (np.abs(local / usual - 1) < STEADY).mean() < STEADY_SHARE:
        return found
    bpm = 60 * FRAMES_PER_S / usual
    steady = _decoded_in_parts(curves, rests, bpm / STEADY_RANGE, bpm * STEADY_RANGE)
    if steady is None:
        return found
    after = np.clip(np.searchsorted(steady.frames, found.frames), 1, len(steady.frames) - 1)
    away = np.minimum(np.abs(found.frames - steady.frames[after - 1]), np.abs(found.frames - steady.frames[after]))
    moved = int((away > 2 * NEAR_FRAMES).sum())
    return steady if _heard_on(curves, found) - _heard_on(curves, steady) < MOST_LOSS * moved else found


def _heard_on(curves: NDArray[np.float32], found: Decoded) -> float:
    """Log-likelihood of a beat on all of a grid's, within NEAR_FRAMES."""
    from scipy.ndimage import maximum_filter1d

    return float(np.log(np.maximum(maximum_filter1d(curves[:, 0], 2 * NEAR_FRAMES + 1)[found.frames], LEAST_HEARD)).sum())


def _joined(left: Decoded, right: Decoded) -> Decoded:
    """Two parts and, where the pulse goes on through the rest between them, the beats of that; else none there."""
    spacing = float(np.median(np.diff(left.frames[-9:])))
    gap = (right.frames[0] - left.frames[-1]) / spacing
    count = round(gap)
    between, positions = np.zeros(0, np.int64), np.zeros(0, np.int64)
    if count >= 1 and abs(gap - count) <= SAME_PULSE and abs(np.median(np.diff(right.frames)) / spacing - 1) < SAME_PULSE / 2:
        steps = np.arange(1, count)
        between = np.round(left.frames[-1] + steps * (right.frames[0] - left.frames[-1]) / count).astype(np.int64)
        positions = (left.positions[-1] - 1 + steps) % left.metre + 1
    metre = left.metre if len(left.frames) >= len(right.frames) else right.metre
    return Decoded(
        np.concatenate([left.frames, between, right.frames]), np.concatenate([left.positions, positions, right.positions]), metre
    )


def _our_curves(levels: NDArray[np.float32]) -> NDArray[np.float32]:
    """Curves of our own network, with a lead of EDGE_FRAMES."""
    # With silence in front of it, an attack on the very first sample is a rise like any other.
    led = np.concatenate([np.zeros((LEAD_FRAMES, levels.shape[1]), levels.dtype), levels])
    return calibrated(forward(with_rises(led)))[LEAD_FRAMES - EDGE_FRAMES :]


def _at_our_rate(heard: NDArray[np.float32], per_s: float, count: int) -> NDArray[np.float32]:
    """Curves at FRAMES_PER_S, with the lead of EDGE_FRAMES. Slower curves keep the height of their peaks."""
    at = np.maximum(0, np.arange(-EDGE_FRAMES, count)) / FRAMES_PER_S * per_s
    return np.stack([np.interp(at, np.arange(len(heard)), heard[:, k], right=0.0) for k in (0, 1)], axis=1).astype(np.float32)


def _pulse(curves: NDArray[np.float32], found: Decoded) -> float:
    """How much the network's curves agree with the grid: the geometric mean of their height on it and the share of their weight there."""
    from scipy.ndimage import maximum_filter1d

    beat = curves[:, 0]
    height = float(maximum_filter1d(beat, 2 * NEAR_FRAMES + 1)[found.frames].mean())
    on = np.zeros(len(beat), bool)
    for shift in range(-NEAR_FRAMES, NEAR_FRAMES + 1):
        on[np.clip(found.frames + shift, 0, len(beat) - 1)] = True
    share = float(beat[on].sum() / (beat.sum() + 1e-6))
    return float(np.clip(np.sqrt(height * share), 0, 1))


def _alternatives(found: list[Reading], shares: Array, best: int, sure: float) -> tuple[tuple[float, float], ...]:
    """Tempo and share of belief of the readings that were not chosen, the likelier first. Unlikely ones are left out; half and double
    only where there is no doubt."""
    rows = []
    for k, (one, share) in enumerate(zip(found, shares)):
        octaves = abs(np.log2(one.bpm / found[best].bpm))
        if k != best and (share >= LEAST_SHARE or (sure < NO_DOUBT and abs(octaves - 1) < NEAR_OCTAVE)):
            rows.append((round(one.bpm, 2), round(float(share), 4)))
    return tuple(sorted(rows, key=lambda row: -row[1]))


def refined(samples: NDArray[np.float32], track: BeatTrack) -> Array:
    """The track's beats between frames: a smooth curve through the middles of the network's bumps, and one through the attacks next to
    them, weighed by how closely each follows its own curve. Each stretch between rests for itself.

    Drums lie on their curve within a millisecond, and attacks decide; where players are loose, or notes swell, the network does.
    """
    beats = track.beats
    if len(beats) < LEAST_REFINED:
        return beats
    flux, per_s = _sharp_flux(samples)
    middles = _bump_middles(track.curve, beats)
    cuts = np.flatnonzero(np.diff(beats) > REST_GAP * np.median(np.diff(beats))) + 1
    parts = zip(np.split(beats, cuts), np.split(middles, cuts))
    return np.concatenate([_refined_part(flux, per_s, part, heard) for part, heard in parts])


def _refined_part(flux: Array, per_s: float, beats: Array, heard: Array) -> Array:
    if len(beats) < LEAST_REFINED:
        return beats
    smooth = hit = _straightened(heard, beats)
    for reach in (REFINE_S, 0.03):
        attacks = _to_peaks(flux, hit, reach, per_s)
        hit = _straightened(attacks, hit)
    away, off = _scatter(heard, smooth), _scatter(attacks, hit)
    mixed = (away**2 * hit + off**2 * smooth) / (away**2 + off**2)
    return mixed if np.all(np.diff(mixed) > 0) else smooth


def _scatter(places: Array, line: Array) -> float:
    """Median distance of places from a curve through them, seconds."""
    known = np.isfinite(places)
    return max(float(np.median(np.abs(places[known] - line[known]))), LEAST_SCATTER_S) if known.any() else 1.0


def _bump_middles(curve: NDArray[np.float32], beats: Array) -> Array:
    """Centre of gravity of the network's bump at each beat, finer than a frame; NaN where it heard nothing."""
    middles = np.full(len(beats), np.nan)
    for index, frame in enumerate(np.round(beats * FRAMES_PER_S).astype(int) + EDGE_FRAMES):
        first = max(0, frame - NEAR_FRAMES)
        near = curve[first : frame + NEAR_FRAMES + 1]
        top = first + int(np.argmax(near)) if len(near) else 0
        bump = curve[max(0, top - BUMP_FRAMES) : top + BUMP_FRAMES + 1].astype(float)
        if bump.sum() > LEAST_BUMP:
            centre = max(0, top - BUMP_FRAMES) + float(np.arange(len(bump)) @ bump) / float(bump.sum())
            middles[index] = (centre - EDGE_FRAMES) / FRAMES_PER_S
    return middles


def _sharp_flux(samples: NDArray[np.float32]) -> tuple[Array, float]:
    """Rise of the compressed spectrum over three hops of 64 samples, minute by minute so that long songs need no memory."""
    import librosa

    hop, minute = 64, 64 * 20_000
    parts = []
    for start in range(0, len(samples), minute):
        block = samples[max(0, start - 4 * hop) : start + minute]
        spectrum = np.log1p(100 * np.abs(librosa.stft(block, n_fft=256, hop_length=hop)))
        rise = np.zeros(spectrum.shape[1])
        rise[3:] = np.maximum(0, spectrum[:, 3:] - spectrum[:, :-3]).sum(axis=0)
        before = min(start, 4 * hop) // hop
        parts.append(rise[before : before + minute // hop])
    return np.concatenate(parts), RATE_HZ / hop


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
        moved[index] = (centre - width + best) / per_s - FLUX_LATE_S if part[best] > typical else np.nan
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
