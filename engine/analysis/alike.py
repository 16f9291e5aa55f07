"""Which clips show the same pictures (also turned, mirrored, scaled or encoded anew), and which the same set-up.

Signatures of both are laid over each other at every offset. A few samples of each clip against all of every other choose the pairs for
which that is worth doing: two of a shoot's clips in a hundred.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from engine.model.analysis import ClipAnalysis
from engine.model.time import FrameRate

__all__ = ["moving_as_one", "pairs_of_pictures"]

SAMPLE_S = 0.2
"""Pictures are compared this often."""
SAME_BITS = 3.0
"""Mean differing bits of 64 up to which two aligned clips show the same pictures (re-encodes and scalings stay under 2, other
takes of one set-up lie above 4; docs/clip_analysis.md)."""
CLOSE_BITS = 1.0
"""... and up to which half as much proof is needed that they also move alike."""
MOVES_ALIKE, MOVES_AS_ONE = 0.5, 0.9
"""Correlation of two aligned clips' motion curves that shows one action filmed once. Pictures alone cannot tell takes of one gesture
apart: in the raw set two takes differ by .6 bits at a correlation of .35, others by 1.6 bits at .85; a scene at two scales by .8 at .76."""
SAME_SCENE_BITS = 12.0
"""... and up to which they show the same set-up."""
LEAST_SHARE = 0.8
"""Share of the shorter clip that has to be found in the longer one."""
PROBES = (0.15, 0.35, 0.5, 0.65, 0.85)
"""Where in a clip (shares of its length) samples are taken that choose the pairs."""
WORTH_MORE = 4.0
"""A pair is looked at whose best sample differs by no more than so many bits beyond the limit (the best is no worse than the mean)."""
CELLS = 9
"""Turned copies are compared by signatures of 9 x 8 cells made from prints, which can be turned."""

Bits = NDArray[np.float32]
"""(n, bits): one row a sample, -1 or 1, so that a product counts what differs."""
Pairs = list[tuple[str, str]]


def pairs_of_pictures(analyses: Mapping[str, ClipAnalysis]) -> tuple[Pairs, Pairs]:
    """(pairs of near-duplicates, pairs of one set-up) among clips by media id, ids in order."""
    ids = sorted(analyses)
    tracks = [_signatures(analyses[one]) for one in ids]
    same, scene = [], []
    for a, b in _worth_it(tracks, tracks, SAME_SCENE_BITS):
        bits, offset = _best_alignment(tracks[a], tracks[b])
        if _is_same(analyses[ids[a]], analyses[ids[b]], bits, offset):
            same.append((ids[a], ids[b]))
        if bits <= SAME_SCENE_BITS:
            scene.append((ids[a], ids[b]))
    known = {*same}
    same += [pair for pair in _turned(ids, analyses) if pair not in known]
    return same, scene


def _is_same(a: ClipAnalysis, b: ClipAnalysis, bits: float, offset: int) -> bool:
    return bits <= SAME_BITS and _moves_alike(a, b, offset) >= (MOVES_ALIKE if bits <= CLOSE_BITS else MOVES_AS_ONE)


def moving_as_one(analyses: Mapping[str, ClipAnalysis], pairs: Pairs) -> Pairs:
    """Of `pairs`, those whose motion from the start is one and the same."""
    return [(a, b) for a, b in pairs if _moves_alike(analyses[a], analyses[b], 0) >= MOVES_AS_ONE]


def _turned(ids: Sequence[str], analyses: Mapping[str, ClipAnalysis]) -> Pairs:
    """Near-duplicates of which one is turned or mirrored."""
    cells = [_cells(analyses[one]) for one in ids]
    upright = [_bits_of(one) for one in cells]
    found = []
    for turns in range(4):
        for mirrored in (False, True):
            if not turns and not mirrored:
                continue
            other = [_bits_of(np.rot90(one[..., ::-1] if mirrored else one, turns, (1, 2))) for one in cells]
            for a, b in _worth_it(upright, other, SAME_BITS):
                bits, offset = _best_alignment(upright[a], other[b])
                if _is_same(analyses[ids[a]], analyses[ids[b]], bits, offset):
                    found.append((ids[a], ids[b]))
    return found


def _worth_it(tracks: Sequence[Bits], others: Sequence[Bits], limit: float) -> list[tuple[int, int]]:
    """Pairs of places (first < second) of which one sample agrees well enough."""
    filled = [place for place, (a, b) in enumerate(zip(tracks, others)) if len(a) and len(b)]
    if len(filled) < 2:
        return []
    starts = np.cumsum([0, *(len(others[place]) for place in filled[:-1])])
    everything = np.concatenate([others[place] for place in filled])
    size = everything.shape[1]
    best = np.full((len(filled), len(filled)), 64.0)
    for row, place in enumerate(filled):
        track = tracks[place]
        probes = track[sorted({min(len(track) - 1, int(len(track) * share)) for share in PROBES})]
        apart = ((size - probes @ everything.T) * (32 / size)).min(axis=0)
        best[row] = np.minimum.reduceat(apart, starts)
    best = np.minimum(best, best.T)
    return [(filled[a], filled[b]) for a, b in zip(*np.nonzero(np.triu(best <= limit + WORTH_MORE, 1)))]


def _signatures(analysis: ClipAnalysis) -> Bits:
    """The signature every SAMPLE_S seconds."""
    chosen = analysis.signatures[_sampled(len(analysis.signatures), analysis.rate, analysis.signature_step_frames)]
    return _as_signs(np.unpackbits(chosen.astype(">u8").view(np.uint8).reshape(-1, 8), axis=1))


def _sampled(count: int, rate: FrameRate, step_frames: int) -> NDArray[np.intp]:
    """Which of `count` values lie SAMPLE_S apart, counted by time: five a second at 24 fps as at 30, to the end of a long clip."""
    between = SAMPLE_S * rate.fps / step_frames
    places = np.floor(np.arange(math.ceil(count / between) + 1) * between + 0.5).astype(np.intp)
    return np.asarray(places[places < count], np.intp)


def _cells(analysis: ClipAnalysis) -> NDArray[np.int16]:
    """(n, CELLS, CELLS): the print every SAMPLE_S seconds, as coarse cells; none where there are no prints (first look)."""
    import cv2

    chosen = analysis.prints.values[_sampled(len(analysis.prints.values), analysis.rate, analysis.prints.step_frames)]
    cells = [cv2.resize(one, (CELLS, CELLS), interpolation=cv2.INTER_AREA) for one in chosen]
    return np.array(cells, np.int16).reshape(-1, CELLS, CELLS)


def _bits_of(cells: NDArray[np.int16]) -> Bits:
    return _as_signs((cells[:, :, 1:] > cells[:, :, :-1]).reshape(len(cells), CELLS * (CELLS - 1)))


def _as_signs(bits: NDArray[np.generic]) -> Bits:
    return np.asarray(bits.astype(np.float32) * 2 - 1, np.float32)


def _best_alignment(a: Bits, b: Bits) -> tuple[float, int]:
    """Mean differing bits of 64 where they agree best over most of the shorter one, and that offset (sample of b under a's first)."""
    if len(a) == 0 or len(b) == 0:
        return 64.0, 0
    size = a.shape[1]
    table = (size - a @ b.T) * (32 / size)
    need = max(1, round(min(len(a), len(b)) * LEAST_SHARE))
    best = (64.0, 0)
    for offset in range(need - len(a), len(b) - need + 1):
        diagonal = table.diagonal(offset)
        if len(diagonal) >= need:
            best = min(best, (float(diagonal.mean()), offset))
    return best


def _moves_alike(a: ClipAnalysis, b: ClipAnalysis, offset: int) -> float:
    """Correlation of their motion where they overlap, -1 to 1; 1 where neither moves (still pictures agree by their bits)."""
    first, second = _motion(a), _motion(b)
    first, second = (first, second[offset:]) if offset >= 0 else (first[-offset:], second)
    size = min(len(first), len(second))
    if size < 3:
        return 0.0
    if max(first[:size].std(), second[:size].std()) < 1e-3:
        return 1.0
    if min(first[:size].std(), second[:size].std()) < 1e-4:
        return 0.0
    return float(np.corrcoef(first[:size], second[:size])[0, 1])


def _motion(analysis: ClipAnalysis) -> NDArray[np.float32]:
    """Mean motion in each SAMPLE_S of the clip."""
    curve = analysis.curves.get("motion")
    if curve is None:
        return np.zeros(0, np.float32)
    starts = _sampled(len(curve.values) + 1, analysis.rate, curve.step_frames)
    sums = np.concatenate([[0.0], np.cumsum(np.nan_to_num(curve.values), dtype=np.float64)])[starts]
    return np.asarray(np.diff(sums) / np.maximum(np.diff(starts), 1), np.float32)
