"""Clips as the engine sees them, and which of them may be used at all."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from engine.model.analysis import ClipAnalysis, ClipGroup
from engine.model.media import Media
from engine.model.style import QualityThresholds

__all__ = ["ClipInput", "Verdict", "duplicates_of", "judge"]

SHORTEST_S = 0.4
"""A clip that cannot fill half a beat at 75 beats a minute."""
SMALLEST_PX = 64
"""Shorter side of the smallest film: half of what the least cameras wrote (QCIF). Sharpness is judged in 8 by 8 tiles."""
BLACKEST = 0.03
"""Mean luma under which there is nothing to see (8-bit limited-range black is .06 before, .0 after expansion)."""
MOST_SHAKE = 0.012
"""Mean shake per frame, as a share of the height (13 px at 1080), that no one wants: a camera carried while running."""


@dataclass(frozen=True)
class ClipInput:
    """A readable clip and what was measured."""

    media: Media
    analysis: ClipAnalysis


@dataclass(frozen=True)
class Verdict:
    """Whether a clip may be used; if not, which threshold it breaks, with its value and the limit, in words too."""

    usable: bool
    reason: str = ""
    threshold: str | None = None
    value: float | None = None
    limit: float | None = None


def judge(clip: ClipInput, thresholds: QualityThresholds) -> Verdict:
    """The gates, in the order an editor would name them."""
    facts = clip.analysis
    if facts.said_usable is not None:
        return Verdict(facts.said_usable, "" if facts.said_usable else "you said it is not usable", None if facts.said_usable else "label")
    video = clip.media.video
    shorter = min(video.display_width, video.display_height) if video else 0
    gates = (
        (clip.media.duration_s < SHORTEST_S, "too short", "min_duration_s", clip.media.duration_s, SHORTEST_S),
        (shorter < SMALLEST_PX, "too small", "min_size_px", shorter, SMALLEST_PX),
        (facts.exposure < BLACKEST, "black", "min_exposure", facts.exposure, BLACKEST),
        (facts.light < thresholds.min_exposure, "too dark", "min_exposure", facts.light, thresholds.min_exposure),
        (facts.exposure > thresholds.max_exposure, "overexposed", "max_exposure", facts.exposure, thresholds.max_exposure),
        (facts.shake_per_height > MOST_SHAKE, "too shaky", "max_shake_per_height", facts.shake_per_height, MOST_SHAKE),
        (facts.blur > thresholds.max_motion_blur, "too blurred", "max_motion_blur", facts.blur, thresholds.max_motion_blur),
        (
            facts.visual_quality < thresholds.min_visual_quality,
            f"quality too low ({_weakest(facts)})",
            "min_visual_quality",
            facts.visual_quality,
            thresholds.min_visual_quality,
        ),
    )
    for broken, reason, threshold, value, limit in gates:
        if broken:
            return Verdict(False, reason, threshold, round(float(value), 4), limit)
    return Verdict(True)


def _weakest(facts: ClipAnalysis) -> str:
    parts = facts.quality_parts
    return min(parts, key=lambda name: parts[name]) if parts else "unknown"


def duplicates_of(groups: Sequence[ClipGroup], there: Mapping[str, float] | None = None, wanted: Collection[str] = ()) -> Mapping[str, str]:
    """media id of every near-duplicate that is not the one to use of its group -> that one's.

    there : quality of the clips that can be used at all (all by default): where the group's best is not among them, the best of those
    stands for it; one that is `wanted` stands for it anyway.
    """
    rows: dict[str, str] = {}
    for group in groups:
        if group.kind == "near_duplicate":
            best = _stands_for(group, there, wanted)
            rows.update({member: best for member in group.members if member != best})
    return rows


def _stands_for(group: ClipGroup, there: Mapping[str, float] | None, wanted: Collection[str]) -> str:
    asked = sorted(one for one in group.members if one in wanted)
    if asked:
        return asked[0]
    if there is None or group.best in there:
        return group.best
    left = sorted((one for one in group.members if one in there), key=lambda one: (-there[one], one))
    return left[0] if left else group.best
