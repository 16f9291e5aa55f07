"""Clips that belong together, found by their per-frame signatures."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from engine.analysis.alike import moving_as_one, pairs_of_pictures
from engine.analysis.cameras import pairs_of_moments
from engine.model.analysis import ClipAnalysis, ClipGroup
from engine.model.media import Media

__all__ = ["group_clips"]

Vector = NDArray[np.float32]
LEAST_VECTORS = 4
"""Clips from which on it can be told how alike a shoot's clips are on the whole."""
ALIKE_COLOURS = 0.6
"""Likeness of palettes (0 to 1) from which two clips show one look; every pair of a look has to reach it."""
COLOUR_REACH = 60.0
"""Distance of two colours (RGB, 0 to 255) at which they are alike by 1/e."""
CLIP_SHARE = 0.5
"""Weight of what CLIP sees against colours in the likeness of two clips (chosen: clothes and places against light and grading)."""
CLIP_SAME, CLIP_OTHER = 0.97, 0.2
"""Likeness by CLIP (0: as the mean of all pairs, 1: the same) from which clips that move as one are near-duplicates though their pixels
are not (cropped, with a title), and under which they are none though their signatures agree."""
NO_MEDIA: Mapping[str, Media] = MappingProxyType({})
NO_VECTORS: Mapping[str, Vector] = MappingProxyType({})
SHORTEST_S = 0.4
"""Length below which a clip cannot be the best of its group: half a beat at 75 beats a minute."""
COPIES_DIFFER = 0.1
"""Visual quality by which copies of one recording differ without one being worse: sizes, cuts and turns of one ride measure .89 to .95."""
AS_MUCH = 0.95
"""Share of the most picture from which on a copy holds as much: a frame more or less, or borders cut to even sizes."""


def group_clips(
    analyses: Mapping[str, ClipAnalysis], media: Mapping[str, Media] = NO_MEDIA, vectors: Mapping[str, Vector] = NO_VECTORS
) -> tuple[ClipGroup, ...]:
    """Groups among clips (by media id): near-duplicates (the same pictures again), takes (the same set-up), moments (several cameras at
    one time, by sound, or by the clocks in `media`) and looks (the same colours, or what a person called them).

    vectors : what CLIP sees in each clip, of length 1; with them looks and near-duplicates go by that, too.

    The best of a group has the highest visual quality, then the longest duration, then the smaller id; the best of near-duplicates is
    the one that holds most of the recording (its pixels times its seconds) and is not clearly worse. A clip without motion of
    its own cannot be told from another take by pictures alone, so near-duplicates also need equal signatures over time.
    """
    same, scene = pairs_of_pictures(analyses)
    seen = _seen_alike(vectors)
    same = [pair for pair in same if seen.get(pair, 1.0) >= CLIP_OTHER]
    same += [pair for pair in moving_as_one(analyses, [pair for pair, alike in seen.items() if alike >= CLIP_SAME]) if pair not in same]
    duplicates = [replace(one, best=_fullest_of(one.members, analyses, media)) for one in _joined(same, analyses, "near_duplicate")]
    moments = pairs_of_moments(analyses, media)
    return (*duplicates, *_joined(scene, analyses, "take"), *_moments(moments, analyses), *_looks(analyses, seen))


def _moments(pairs: Mapping[tuple[str, str], float], analyses: Mapping[str, ClipAnalysis]) -> list[ClipGroup]:
    groups = _joined(pairs, analyses, "moment")
    sure = [[confidence for (a, _), confidence in pairs.items() if a in group.members] for group in groups]
    return [ClipGroup("moment", group.members, group.best, min(rows)) for group, rows in zip(groups, sure)]


def _seen_alike(vectors: Mapping[str, Vector]) -> dict[tuple[str, str], float]:
    """Likeness of all pairs by CLIP: 0 as alike as clips of this shoot are on the whole, 1 the same."""
    ids = sorted(vectors)
    if len(ids) < LEAST_VECTORS:
        return {}
    table = np.stack([vectors[one] for one in ids])
    cosines = table @ table.T
    usual = float(np.median(cosines[np.triu_indices(len(ids), 1)]))
    alike = (cosines - usual) / max(1e-6, 1 - usual)
    return {(a, b): float(alike[k, k + 1 + n]) for k, a in enumerate(ids) for n, b in enumerate(ids[k + 1 :])}


def _looks(analyses: Mapping[str, ClipAnalysis], seen: Mapping[tuple[str, str], float]) -> list[ClipGroup]:
    """What a person named, and the rest by colour: the two most alike groups joined until no pair of groups is alike throughout."""
    named: dict[str, list[str]] = {}
    for one in sorted(analyses):
        look = analyses[one].said_look
        if look is not None:
            named.setdefault(look, []).append(one)
    rest = [one for one in sorted(analyses) if analyses[one].said_look is None and analyses[one].palette]
    alike = {(a, b): _likeness(analyses[a].palette, analyses[b].palette) for k, a in enumerate(rest) for b in rest[k + 1 :]}
    for pair in alike.keys() & seen.keys():
        alike[pair] = (1 - CLIP_SHARE) * alike[pair] + CLIP_SHARE * max(0.0, seen[pair])
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
    """Of those that a shot can be made of: of the highest quality, then the longest, then the smaller id."""

    def rank(one: str) -> tuple[bool, float, float, str]:
        facts = analyses[one]
        return not _makes_a_shot(facts), -facts.visual_quality, -_seconds(facts), one

    return min(ids, key=rank)


def _fullest_of(ids: Iterable[str], analyses: Mapping[str, ClipAnalysis], media: Mapping[str, Media]) -> str:
    """Of copies of one recording the one that holds most of it: a cut or a small copy has nothing that the whole has not, even where
    the part it shows is the better one. Of those that hold as much, the one in which faces stand upright, then the one of the highest
    quality."""
    fit = [one for one in ids if _makes_a_shot(analyses[one])] or list(ids)
    least = max(analyses[one].visual_quality for one in fit) - COPIES_DIFFER
    held = {one: _held(analyses[one], media.get(one)) for one in fit if analyses[one].visual_quality >= least}
    most = max(held.values())
    full = [one for one in held if held[one] >= AS_MUCH * most]
    return min(full, key=lambda one: (-len(analyses[one].faces), -analyses[one].visual_quality, one))


def _held(facts: ClipAnalysis, media: Media | None) -> float:
    """Pixels times seconds; of files that are not known, seconds."""
    video = media.video if media else None
    return _seconds(facts) * (video.stored_width * video.stored_height if video else 1)


def _makes_a_shot(facts: ClipAnalysis) -> bool:
    return _seconds(facts) >= SHORTEST_S and facts.said_usable is not False


def _seconds(facts: ClipAnalysis) -> float:
    return float(facts.rate.seconds(facts.duration_frames))


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
