"""From curves of likelihood to one grid: the bar-pointer model, decoded exactly.

A hidden pointer runs through bars of three or four beats at a tempo that may change a little at each beat (Whiteley 2006; Krebs, Boeck,
Widmer 2015). Because the pointer moves evenly between beats, only beats are decided: the best path that has beat b of its bar on frame t,
reached after i frames, follows from the best path at t - i: the result of decoding frame by frame, for a fraction of the work.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["FASTEST_BPM", "SLOWEST_BPM", "Decoded", "decode"]

SLOWEST_BPM, FASTEST_BPM = 52.0, 215.0
METRES = (4, 3)
STIFFNESS = 200.0
"""Cost of a change of tempo from beat to beat, times the logarithm of the change (measured best of 60, 100, 200, 500)."""
FRAMES_PER_BEAT = 16.0
"""How much likelier a frame between beats is than one on a beat, before listening."""
WIDTH_OF_BEAT = 32
"""Share of the spacing on either side of a beat that belongs to it: one in this many."""
LEAST = 1e-5
"""No frame is likelier than 1 less this, nor less likely than this, to hold a beat: logarithms stay finite."""
FLOOR = np.float32(-1e30)
"""Score of what cannot be."""

Scores = NDArray[np.float32]


@dataclass(frozen=True)
class Decoded:
    """Frames of the beats, their position in the bar (1 is the downbeat), and how many make a bar."""

    frames: NDArray[np.int64]
    positions: NDArray[np.int64]
    metre: int


def decode(curves: Scores, frames_per_s: float, slowest_bpm: float = SLOWEST_BPM, fastest_bpm: float = FASTEST_BPM) -> Decoded | None:
    """The likeliest beats of curves (frames, 2): probability of a beat, of a downbeat. None where no two beats fit."""
    spacings = np.arange(round(60 * frames_per_s / fastest_bpm), round(60 * frames_per_s / slowest_bpm) + 1)
    if len(curves) < 2 * spacings[0]:
        return None
    best, steps = _followed(_summed(curves), spacings)
    return _traced(best, steps, spacings, len(curves))


def _summed(curves: Scores) -> NDArray[np.float64]:
    """Log-likelihood of a beat on all frames so far over none there: shape (kind, frames + 1); kind 0 is a plain beat, 1 a downbeat."""
    beat, down = np.clip(curves[:, 0], LEAST, 1 - LEAST), np.clip(curves[:, 1], LEAST, 1 - LEAST)
    both = np.maximum(beat, down)
    nothing = np.log((1 - both) / (FRAMES_PER_BEAT - 1))
    rows = [np.cumsum(np.log(on) - nothing, dtype=float) for on in (np.maximum(both - down, LEAST), down)]
    return np.pad(np.stack(rows), ((0, 0), (1, 0)))


def _gains(summed: NDArray[np.float64], frames: NDArray[np.int64], spacings: NDArray[np.int64]) -> Scores:
    """Log-likelihood of a beat on each of some frames over none there: shape (kind, frames, spacings)."""
    reach, count = np.maximum(1, spacings // WIDTH_OF_BEAT), summed.shape[1] - 1
    first, last = np.maximum(0, frames[:, None] - reach), np.minimum(count, frames[:, None] + reach + 1)
    return np.asarray(summed[:, last] - summed[:, first], np.float32)


def _followed(summed: NDArray[np.float64], spacings: NDArray[np.int64]) -> tuple[Scores, NDArray[np.int8]]:
    """Best score of a path with a beat on each of the last frames, and the change of spacing that led to each beat.

    best : (frames, states, spacings) of the last `spacings[-1]` frames; states are the beats of METRES in turn. Only as many frames are
    remembered as a beat can reach back, so an hour of music needs no more memory than a minute, but for `steps` (one byte a state).
    """
    count, columns, block = summed.shape[1] - 1, np.arange(len(spacings)), int(spacings[0])
    kept = int(spacings[-1]) + block
    before = np.concatenate([np.roll(np.arange(metre), 1) + sum(METRES[:k]) for k, metre in enumerate(METRES)])
    kinds = np.concatenate([[1] + [0] * (metre - 1) for metre in METRES])
    steps = np.zeros((count, len(kinds), len(spacings)), np.int8)
    best = np.full((kept, len(kinds), len(spacings)), FLOOR, np.float32)
    left = best.copy()
    for start in range(0, count, block):
        frames = np.arange(start, min(count, start + block))
        came = frames[:, None] - spacings[None, :]
        arrived = left[came % kept, :, columns].transpose(0, 2, 1)[:, before]
        arrived = np.where((came >= 0)[:, None, :], arrived, 0.0)  # the song may begin inside a beat: free
        now = arrived + _gains(summed, frames, spacings).transpose(1, 0, 2)[:, kinds]
        best[frames % kept] = now
        left[frames % kept], steps[frames] = _changed(now, spacings)
    last = np.arange(max(0, count - int(spacings[-1])), count)
    return best[last % kept], steps


def _changed(best: Scores, spacings: NDArray[np.int64]) -> tuple[Scores, NDArray[np.int8]]:
    """The best score with which a beat is left at each spacing, and from which spacing (as a difference of index).

    A change from spacing a to b costs STIFFNESS * |log(b / a)|, so the best of all wider and the best of all narrower spacings are running
    maxima.
    """
    price = (STIFFNESS * np.log(spacings)).astype(np.float32)
    narrower, up = _running(best + price)
    wider, down = _running((best - price)[..., ::-1])
    narrower, wider, down = narrower - price, wider[..., ::-1] + price, len(spacings) - 1 - down[..., ::-1]
    grows = narrower >= wider
    step = np.where(grows, up, down) - np.arange(len(spacings))
    return np.where(grows, narrower, wider), step.astype(np.int8)


def _running(values: Scores) -> tuple[Scores, NDArray[np.int64]]:
    """The largest of each row so far, and where it stands."""
    highest = np.maximum.accumulate(values, axis=-1)
    new = np.concatenate([np.ones_like(values[..., :1], bool), values[..., 1:] > highest[..., :-1]], axis=-1)
    return highest, np.maximum.accumulate(np.where(new, np.arange(values.shape[-1]), 0), axis=-1)


def _traced(best: Scores, steps: NDArray[np.int8], spacings: NDArray[np.int64], count: int) -> Decoded | None:
    """The best path read backwards from a last beat whose successor lies beyond the end."""
    ends = np.arange(max(0, count - int(spacings[-1])), count)
    open_ended = ends[:, None] + spacings[None, :] >= count
    final = np.where(open_ended[:, None, :], best, FLOOR)
    frame, state, column = (int(k) for k in np.unravel_index(int(np.argmax(final)), final.shape))
    frame = int(ends[frame])
    metre, first = (METRES[0], 0) if state < METRES[0] else (METRES[1], METRES[0])
    frames, positions = [], []
    while frame >= 0:
        frames.append(frame)
        positions.append((state - first) % metre + 1)
        frame -= int(spacings[column])
        if frame < 0:
            break
        state = first + (state - first - 1) % metre
        column += int(steps[frame, state, column])
    if len(frames) < 2:
        return None
    return Decoded(np.array(frames[::-1]), np.array(positions[::-1]), metre)
