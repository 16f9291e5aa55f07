"""Shot boundaries inside a clip: hard cuts by a small trained network, dissolves and fades by what a mixture of two pictures looks like.

The network sees, around each frame, how different pairs of frames are that lie on the same and on different sides of it (correlation of
prints, histograms, mean difference). So fast motion, whose frames all differ, is told from a cut, after which they agree again, and a
flash from a cut, because what lies before and after it is the same. `engine.analysis.training.shots` made it.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from engine.model.analysis import Shot

__all__ = ["CHROMA_BINS", "HISTOGRAM_BINS", "Seen", "cut_features", "find_shots", "histogram", "histogram_distance"]

HISTOGRAM_BINS = 16
"""Of luma (chosen: coarse enough to ignore noise, fine enough to tell two rooms apart) ..."""
CHROMA_BINS = 32
"""... and of each colour plane, in steps of 4."""
PAIRS = ((-1, 0), (-2, 0), (-1, 1), (-2, 1), (-3, 2), (-4, 3), (-2, -1), (-3, -2), (-3, -1), (-4, -2), (0, 1), (1, 2), (0, 2), (1, 3))
"""Frames whose difference the network sees, counted from the first of the new shot: across the boundary, before it, after it."""
SURE = 0.5
"""Probability from which a frame begins a shot."""
LEAST_CUT = 0.025
"""Mean difference of prints (share of full scale) under which nothing is a cut: a key frame of another quality, a fade out of black."""
LEAST_SHOT_FRAMES = 3
"""Shorter pieces are flashes or decoding faults, not shots."""
STILL = 0.004
"""Mean difference of prints (share of full scale) under which two frames are the same."""
WEIGHTS = Path(__file__).with_name("shots_network.npz")

REACHES = (6, 11, 17)
"""Half lengths, in frames, of the windows in which a dissolve is looked for: lengths of about 6 to 30 frames."""
MIXED_DIFFERENCE = 0.045
"""Least mean difference (share of full scale) between the two ends of a dissolve."""
MIXED_ALIKE = 0.75
"""Most correlation of them: a slow pan over one scene stays above."""
MIXED_RESIDUAL = 0.20
"""How far, as a share of their difference, the frames between may lie from a straight mixture of the ends (median)."""
AFTERGLOW = 8
"""Frames further out whose picture must not be that of the other side: else it is a flash that fades away."""
MIXED_COVER = 0.6
"""Least share of the picture that changes: a title that fades in over a picture is no new shot."""
MIXED_STEP = 0.45
"""Most of the way that one frame may go: beyond, it is a cut."""
MIXED_BACK = 0.12
"""Most of the way that the mixture may go back."""
FLASH_RISE = 0.2
"""Rise of mean luma against both sides that makes a cut a cut under a flash."""
FLASH_SIDE, FLASH_TO = 7, 13
"""What lies behind a flash is looked at so many frames away from its brightest, and once more so many: before and after differ, each
agrees with itself."""
FLASH_LESS = 0.2
"""How much less alike the two sides must be than each is with itself."""


@dataclass(frozen=True)
class Seen:
    """A clip's frames as the finder needs them, n of them.

    frames : their numbers. prints : float32 (n, cells), 0 to 1. histograms : (n, bins). exposures : mean luma, 0 to 1.
    """

    frames: NDArray[np.int64]
    prints: NDArray[np.float32]
    histograms: NDArray[np.float32]
    exposures: NDArray[np.float32]


def histogram(levels: NDArray[np.float64], cb: NDArray[np.uint8], cr: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Normalised histogram of luma and colour: float32 (HISTOGRAM_BINS + 2 * CHROMA_BINS,), each third summing to 1/3.

    levels : 256-bin histogram of luma that sums to 1. cb, cr : colour planes, whose middle half holds nearly all there is.
    """
    import cv2

    luma = levels.reshape(HISTOGRAM_BINS, -1).sum(axis=1)
    chroma = [np.ravel(cv2.calcHist([plane], [0], None, [CHROMA_BINS], [64, 192])) / plane.size for plane in (cb, cr)]
    return np.asarray(np.concatenate([luma, *chroma]) / 3, np.float32)


def histogram_distance(a: NDArray[np.float32], b: NDArray[np.float32]) -> float:
    """Total variation between two histograms, 0 (same) to 1."""
    return float(np.abs(a - b).sum() / 2)


def find_shots(seen: Seen, duration_frames: int) -> tuple[Shot, ...]:
    """Shots that cover the clip, each at least LEAST_SHOT_FRAMES long but the last."""
    if len(seen.frames) < 4:
        return (Shot(0, duration_frames),)
    cuts = {at: "cut" for at in _cuts(seen) if not _only_flash(seen, at)}
    cuts.update(dict.fromkeys(_flashed(seen, sorted(cuts)), "flash"))
    cuts = {at: "flash" if _under_flash(seen, at) else kind for at, kind in cuts.items()}
    for at in _dissolves(seen, sorted(cuts)):
        cuts[at] = "dissolve"
    starts, kinds = [0], ["start"]
    for at in sorted(cuts):
        frame = int(seen.frames[at])
        if frame - starts[-1] >= LEAST_SHOT_FRAMES:
            starts.append(frame)
            kinds.append(cuts[at])
    ends = [*starts[1:], duration_frames]
    return tuple(Shot(a, max(a, b), kind) for a, b, kind in zip(starts, ends, kinds))  # type: ignore[arg-type]


def cut_features(seen: Seen) -> NDArray[np.float32]:
    """What the network sees of each frame: float32 (n, 3 * len(PAIRS)), all 0 to about 1."""
    count = len(seen.frames)
    centred = seen.prints - seen.prints.mean(axis=1, keepdims=True)
    spread = np.linalg.norm(centred, axis=1)
    columns = []
    for a, b in PAIRS:
        first, second = (np.clip(np.arange(count) + at, 0, count - 1) for at in (a, b))
        alike = (centred[first] * centred[second]).sum(axis=1) / np.maximum(spread[first] * spread[second], 1e-3)
        difference = np.abs(seen.prints[first] - seen.prints[second]).mean(axis=1)
        columns += [
            np.where(difference < STILL, 0.0, 1 - np.clip(alike, -1, 1)) / 2,
            np.abs(seen.histograms[first] - seen.histograms[second]).sum(axis=1) / 2,
            np.minimum(1.0, difference * 4),
        ]
    return np.stack(columns, axis=1).astype(np.float32)


@functools.lru_cache(maxsize=1)
def _network() -> tuple[NDArray[np.float32], ...]:
    with np.load(WEIGHTS) as file:
        return tuple(np.asarray(file[name], np.float32) for name in ("w1", "b1", "w2", "b2"))


def cut_probabilities(features: NDArray[np.float32]) -> NDArray[np.float32]:
    """Probability of each frame to begin a shot: one hidden layer, tanh."""
    w1, b1, w2, b2 = _network()
    hidden = np.tanh(np.sqrt(features) @ w1 + b1)
    return np.asarray(1 / (1 + np.exp(-(hidden @ w2 + b2).ravel())), np.float32)


def _cuts(seen: Seen) -> list[int]:
    """Frames that begin a shot, surest first where two lie too close together."""
    sure = cut_probabilities(cut_features(seen))
    sure[0] = 0
    sure[1:][np.abs(np.diff(seen.prints, axis=0)).mean(axis=1) < LEAST_CUT] = 0
    found: list[int] = []
    for at in np.argsort(-sure, kind="stable"):
        if sure[at] < SURE:
            break
        if all(abs(int(at) - one) >= LEAST_SHOT_FRAMES for one in found):
            found.append(int(at))
    return sorted(found)


def _flashed(seen: Seen, cuts: list[int]) -> list[int]:
    """Cuts that a flash covers so wholly that no frame beside another shows them: the brightest frame between two pictures."""
    light, prints = seen.exposures, seen.prints
    found: list[int] = []
    for at in range(FLASH_TO, len(light) - FLASH_TO):
        if light[at] < light[at - FLASH_SIDE : at + FLASH_SIDE + 1].max() or any(abs(at - one) <= FLASH_SIDE for one in (*cuts, *found)):
            continue
        if light[at] - max(light[at - FLASH_SIDE], light[at + FLASH_SIDE]) < FLASH_RISE:
            continue
        across = _correlation(prints[at - FLASH_SIDE], prints[at + FLASH_SIDE])
        within = min(_correlation(prints[at + a], prints[at + b]) for a, b in ((-FLASH_TO, -FLASH_SIDE), (FLASH_SIDE, FLASH_TO)))
        if across < min(MIXED_ALIKE, within - FLASH_LESS) and not _only_flash(seen, at):
            found.append(at)
    return found


def _under_flash(seen: Seen, at: int) -> bool:
    return bool(_bright(seen, at).any())


def _bright(seen: Seen, at: int) -> NDArray[np.bool_]:
    """Which of the frames from `at` - 3 to `at` + 3 are in the light of a flash: brighter than what lies before and after by FLASH_RISE."""
    light = seen.exposures
    near, before, after = light[max(0, at - 3) : at + 4], light[max(0, at - 8) : max(1, at - 4)], light[at + 4 : at + 9]
    usual = max(float(before.mean()), float(after.mean()) if len(after) else float(near.max()))
    return np.asarray(near - usual > FLASH_RISE, np.bool_)


def _only_flash(seen: Seen, at: int) -> bool:
    """Whether a cut is but the end or the beginning of a flash of some frames: the pictures on both sides of it are one scene."""
    bright = max(0, at - 3) + np.flatnonzero(_bright(seen, at))
    if not len(bright):
        return False
    light, prints = seen.exposures, seen.prints
    first, last = int(bright[0]), int(bright[-1])
    least = float(light[bright].min()) - FLASH_RISE
    while first > 0 and light[first] > least:
        first -= 1
    while last < len(light) - 1 and light[last] > least:
        last += 1
    gap = last - first
    if first - gap < 0 or last + gap >= len(prints):
        return False
    across = _correlation(prints[first], prints[last])
    within = min(_correlation(prints[first - gap], prints[first]), _correlation(prints[last], prints[last + gap]))
    return across >= max(MIXED_ALIKE - FLASH_LESS, min(MIXED_ALIKE, within - FLASH_LESS))


def _dissolves(seen: Seen, cuts: list[int]) -> list[int]:
    """Frames in the middle of dissolves and fades, the best of overlapping ones."""
    found: list[tuple[float, int, int]] = []
    for reach in REACHES:
        found += [(rest, at, reach) for at in _changing(seen, reach) if (rest := _mixture(seen, at, reach, cuts)) < 1]
    chosen: list[tuple[int, int]] = []
    for _, at, reach in sorted(found):
        if all(abs(at - other) > max(reach, taken) for other, taken in chosen):
            chosen.append((at, reach))
    return sorted(at for at, _ in chosen)


def _changing(seen: Seen, reach: int) -> list[int]:
    """Frames around which the two ends of a window differ, and over most of the picture: the few that are worth a closer look."""
    way = np.abs(seen.prints[2 * reach :] - seen.prints[: -2 * reach])
    changing = (way.mean(axis=1) >= MIXED_DIFFERENCE) & ((way > MIXED_DIFFERENCE / 3).mean(axis=1) >= MIXED_COVER)
    return [int(at) for at in reach + np.flatnonzero(changing)]


def _mixture(seen: Seen, at: int, reach: int, cuts: list[int]) -> float:
    """How far the frames around `at` are from a mixture that goes straight from the window's first to its last picture; 1: it is none."""
    first, last = seen.prints[at - reach], seen.prints[at + reach]
    way = last - first
    if any(at - reach < one <= at + reach for one in cuts):
        return 1.0
    wider = seen.prints[max(0, at - reach - AFTERGLOW)], seen.prints[min(len(seen.prints) - 1, at + reach + AFTERGLOW)]
    if max(_correlation(first, last), _correlation(wider[0], last), _correlation(first, wider[1])) > MIXED_ALIKE:
        return 1.0
    part = seen.prints[at - reach : at + reach + 1] - first
    length = float(way @ way)
    shares = part @ way / length
    steps = np.diff(shares)
    if steps.max() > MIXED_STEP or -steps.min() > MIXED_BACK or not shares[reach - 1] < 0.5 <= shares[reach + 1]:
        return 1.0
    rest = np.linalg.norm(part - shares[:, None] * way, axis=1) / np.sqrt(length)
    residual = float(np.median(rest[(shares > 0.15) & (shares < 0.85)])) if ((shares > 0.15) & (shares < 0.85)).any() else 1.0
    return residual if residual < MIXED_RESIDUAL else 1.0


def _correlation(a: NDArray[np.float32], b: NDArray[np.float32]) -> float:
    a, b = a - a.mean(), b - b.mean()
    return float(a @ b / max(float(np.linalg.norm(a) * np.linalg.norm(b)), 1e-3))
