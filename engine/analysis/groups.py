"""Clips that belong together, found by their per-frame signatures."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from engine.analysis.cameras import pairs_of_moments
from engine.model.analysis import ClipAnalysis, ClipGroup
from engine.model.media import Media

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


ALIKE_COLOURS = 0.6
"""Likeness of palettes (0 to 1) from which two clips show one look; every pair of a look has to reach it."""
COLOUR_REACH = 60.0
"""Distance of two colours (RGB, 0 to 255) at which they are alike by 1/e."""
NO_MEDIA: Mapping[str, Media] = MappingProxyType({})


def group_clips(analyses: Mapping[str, ClipAnalysis], media: Mapping[str, Media] = NO_MEDIA) -> tuple[ClipGroup, ...]:
    """Groups among clips (by media id): near-duplicates (the same pictures again), takes (the same set-up), moments (several cameras at
    one time, by sound, or by the clocks in `media`) and looks (the same colours, or what a person called them).

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
    moments = pairs_of_moments(analyses, media)
    return (*duplicates, *_joined(scene, analyses, "take"), *_moments(moments, analyses), *_looks(analyses))


def _moments(pairs: Mapping[tuple[str, str], float], analyses: Mapping[str, ClipAnalysis]) -> list[ClipGroup]:
    groups = _joined(pairs, analyses, "moment")
    sure = [[confidence for (a, _), confidence in pairs.items() if a in group.members] for group in groups]
    return [ClipGroup("moment", group.members, group.best, min(rows)) for group, rows in zip(groups, sure)]


def _looks(analyses: Mapping[str, ClipAnalysis]) -> list[ClipGroup]:
    """What a person named, and the rest by colour: the two most alike groups joined until no pair of groups is alike throughout."""
    named: dict[str, list[str]] = {}
    for one in sorted(analyses):
        look = analyses[one].said_look
        if look is not None:
            named.setdefault(look, []).append(one)
    rest = [one for one in sorted(analyses) if analyses[one].said_look is None and analyses[one].palette]
    alike = {(a, b): _likeness(analyses[a].palette, analyses[b].palette) for k, a in enumerate(rest) for b in rest[k + 1 :]}
    found = [ClipGroup("look", tuple(ids), _best_of(ids, analyses), 1.0) for ids in named.values()]
    for ids in _clustered(rest, alike):
        if len(ids) > 1:
            inside = [alike[a, b] for k, a in enumerate(ids) for b in ids[k + 1 :]]
            across = [alike[min(a, b), max(a, b)] for a in ids for b in rest if b not in ids]
            sure = float(np.mean(inside)) - max(0.0, max(across, default=0.0) - ALIKE_COLOURS)
            found.append(ClipGroup("look", tuple(ids), _best_of(ids, analyses), max(0.0, min(1.0, sure))))
    return found


def _clustered(ids: list[str], alike: Mapping[tuple[str, str], float]) -> list[list[str]]:
    """Complete linkage: two groups are as alike as their least alike pair."""
    count = len(ids)
    table = np.full((count, count), -1.0)
    for (a, b), value in alike.items():
        table[ids.index(a), ids.index(b)] = table[ids.index(b), ids.index(a)] = value
    groups = [[one] for one in ids]
    while count > 1:
        place = np.unravel_index(int(table.argmax()), table.shape)
        into, gone = int(min(place)), int(max(place))
        if table[into, gone] < ALIKE_COLOURS:
            break
        groups[into] = sorted(groups[into] + groups[gone])
        groups[gone] = []
        table[into] = table[:, into] = np.minimum(table[into], table[gone])
        table[into, into] = -1.0
        table[gone] = table[:, gone] = -1.0
    return [group for group in groups if group]


Palette = tuple[tuple[int, int, int, float], ...]


def _likeness(a: Palette, b: Palette) -> float:
    """0 to 1: each colour against the nearest of the other palette, weighted by its share; both ways, the worse counts."""
    one_way = [
        sum(share * min(math.dist(colour, other[:3]) for other in theirs) for *colour, share in ours)
        / max(sum(row[3] for row in ours), 1e-9)
        for ours, theirs in ((a, b), (b, a))
    ]
    return math.exp(-max(one_way) / COLOUR_REACH)


def _best_of(ids: Iterable[str], analyses: Mapping[str, ClipAnalysis]) -> str:
    """Of the highest quality, then the longest, then the smaller id."""
    return min(ids, key=lambda one: (-analyses[one].visual_quality, -float(analyses[one].rate.seconds(analyses[one].duration_frames)), one))


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


def _joined(
    pairs: Iterable[tuple[str, str]], analyses: Mapping[str, ClipAnalysis], kind: Literal["near_duplicate", "take", "moment"]
) -> list[ClipGroup]:
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
    return [ClipGroup(kind, tuple(ids), _best_of(ids, analyses)) for ids in members.values()]
