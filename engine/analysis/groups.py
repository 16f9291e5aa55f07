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
            bits = _best_alignment(tracks[a], tracks[b])
            if bits <= SAME_BITS:
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


def _best_alignment(a: NDArray[np.uint8], b: NDArray[np.uint8]) -> float:
    """Mean differing bits at the offset where they agree best, over most of the shorter one."""
    if len(a) == 0 or len(b) == 0:
        return 64.0
    if len(a) > len(b):
        a, b = b, a
    table = _BITS[a[:, None, :] ^ b[None, :, :]].sum(axis=2)
    need = max(1, round(len(a) * LEAST_SHARE))
    best = 64.0
    for offset in range(need - len(a), len(b) - need + 1):
        diagonal = table.diagonal(offset)
        if len(diagonal) >= need:
            best = min(best, float(diagonal.mean()))
    return best


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
        best = min(ids, key=lambda one: (-analyses[one].visual_quality, -float(analyses[one].rate.seconds(analyses[one].duration_frames)), one))
        groups.append(ClipGroup(kind, tuple(ids), best))  # type: ignore[arg-type]
    return groups
