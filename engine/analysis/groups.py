"""Clips that belong together, found by their per-frame signatures."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from engine.model.analysis import ClipAnalysis, ClipGroup

__all__ = ["group_clips"]

SAMPLE_S = 0.2
"""Signatures are compared this often."""
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


def group_clips(analyses: Mapping[str, ClipAnalysis]) -> tuple[ClipGroup, ...]:
    """Groups among clips (by media id): near-duplicates (the same pictures again) and takes (the same set-up).

    The best of a group has the highest visual quality, then the longest duration, then the smaller id. A clip without motion of
    its own cannot be told from another take by pictures alone, so near-duplicates also need equal signatures over time.
    """
    ids = sorted(analyses)
    tracks = {one: _track(analyses[one]) for one in ids}
    same: list[tuple[str, str]] = []
    scene: list[tuple[str, str]] = []
    for index, a in enumerate(ids):
        for b in ids[index + 1 :]:
            bits, offset = _best_alignment(tracks[a], tracks[b])
            if bits <= SAME_BITS and _moves_alike(analyses[a], analyses[b], offset) >= (
                MOVES_ALIKE if bits <= CLOSE_BITS else MOVES_AS_ONE
            ):
                same.append((a, b))
            if bits <= SAME_SCENE_BITS:
                scene.append((a, b))
    duplicates = _joined(same, analyses, "near_duplicate")
    return (*duplicates, *_joined(scene, analyses, "take"))


def _track(analysis: ClipAnalysis) -> NDArray[np.uint8]:
    """(n, 8) bytes: the signature every SAMPLE_S seconds."""
    step = max(1, round(SAMPLE_S * analysis.rate.fps / analysis.signature_step_frames))
    chosen = analysis.signatures[::step]
    return chosen.astype(">u8").view(np.uint8).reshape(-1, 8)


_BITS = np.array([bin(value).count("1") for value in range(256)], np.uint8)


def _best_alignment(a: NDArray[np.uint8], b: NDArray[np.uint8]) -> tuple[float, int]:
    """Mean differing bits where they agree best over most of the shorter one, and that offset (sample of b under a's first)."""
    if len(a) == 0 or len(b) == 0:
        return 64.0, 0
    table = _BITS[a[:, None, :] ^ b[None, :, :]].sum(axis=2)
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
    step = max(1, round(SAMPLE_S * analysis.rate.fps / curve.step_frames))
    whole = len(curve.values) // step * step
    return np.asarray(np.nan_to_num(curve.values[:whole]).reshape(-1, step).mean(axis=1), np.float32)


def _joined(pairs: list[tuple[str, str]], analyses: Mapping[str, ClipAnalysis], kind: str) -> list[ClipGroup]:
    parent: dict[str, str] = {}

    def root(one: str) -> str:
        while parent.setdefault(one, one) != one:
            one = parent[one]
        return one

    for a, b in pairs:
        parent[root(b)] = root(a)
    members: dict[str, list[str]] = {}
    for one in sorted(parent):
        members.setdefault(root(one), []).append(one)
    groups = []
    for ids in members.values():
        best = min(
            ids, key=lambda one: (-analyses[one].visual_quality, -float(analyses[one].rate.seconds(analyses[one].duration_frames)), one)
        )
        groups.append(ClipGroup(kind, tuple(ids), best))  # type: ignore[arg-type]
    return groups
