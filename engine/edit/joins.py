"""How one shot follows another: a hard cut, unless the style likes something softer and the place and the pictures fit it."""

from __future__ import annotations

from collections.abc import Sequence

from engine.edit.footage import ClipInput
from engine.edit.grid import CutPoint
from engine.edit.job import Job
from engine.model.style import TransitionPreferences
from engine.model.time import FrameRate
from engine.model.timeline import Placement, Transition

__all__ = ["transitions_of"]

DISSOLVE_S, WHIP_S = 0.27, 0.2
"""Lengths of a quick dissolve and a whip pan (8 and 6 frames at 30: quick enough to stay on the beat)."""
LEAST_FITNESS = 0.5
"""Below this a hard cut is better for who hardly ever does otherwise (chosen by eye); the more often he does, the less it has to fit."""
HARD = TransitionPreferences()
"""What a style that was learned from nobody likes."""
WHIP_PAN_PER_S = 0.5
"""Half a picture width a second: a pan that blurs."""


def transitions_of(job: Job, placements: Sequence[Placement]) -> tuple[Transition, ...]:
    """One per cut. Of each soft kind the fittest cuts get it, no more than the profile's share of all; ties go to the earlier one.

    A soft transition is a creator's habit: where none was learned every cut is hard.
    """
    likes = job.taste.profile.transition_preferences if job.taste.profile.trained_on_videos else HARD
    clips = {part.clip.media.media_id: part.clip for part in job.parts}
    points = {point.frame: point for point in job.grid.points}
    kinds = ["hard_cut"] * max(0, len(placements) - 1)
    for kind, share, fitness in (("whip_pan", likes.whip_pan, _whip), ("quick_dissolve", likes.quick_dissolve, _dissolve)):
        most, least = int(share * len(kinds) + 1e-9), LEAST_FITNESS * (1.0 - share)
        rows = []
        for number, (before, after) in enumerate(zip(placements, placements[1:])):
            fit = fitness(points[after.timeline_start_frame], clips[before.media_id], clips[after.media_id])
            if kinds[number] == "hard_cut" and fit > 0 and fit >= least and _has_room(job, before, after, length_of(kind, job.brief.rate)):
                rows.append((-fit, number))
        for _, number in sorted(rows)[:most]:
            kinds[number] = kind
    rows_ = []
    for kind, before, after in zip(kinds, placements, placements[1:]):
        beat = points[after.timeline_start_frame].beat
        length = 0 if kind == "hard_cut" else length_of(kind, job.brief.rate)
        rows_.append(Transition(before.id, after.id, kind, beat is not None, beat, length))
    return tuple(rows_)


def length_of(kind: str, rate: FrameRate) -> int:
    """Frames of a soft transition: even, so that its middle is the cut."""
    return max(2, 2 * round(float(rate.fraction) * (WHIP_S if kind == "whip_pan" else DISSOLVE_S) / 2))


def _dissolve(point: CutPoint, before: ClipInput, after: ClipInput) -> float:
    """Quiet music and the start of a section ask for it; a drop, and pictures that jump, forbid it."""
    if point.strength >= 1.0 or point.rise > 0.1:
        return 0.0
    calm = 1.0 - max(before.analysis.motion_intensity, after.analysis.motion_intensity)
    return (1.0 - point.energy) * 0.7 + 0.2 * calm + (0.15 if point.strength >= 0.8 else 0.0)


def _whip(point: CutPoint, before: ClipInput, after: ClipInput) -> float:
    """Both cameras pan the same way, and quickly; loud music helps."""
    a, b = before.analysis.camera.get("pan", 0.0), after.analysis.camera.get("pan", 0.0)
    if a * b <= 0:
        return 0.0
    return min(1.0, min(abs(a), abs(b)) / WHIP_PAN_PER_S) * (0.6 + 0.4 * point.energy)


def _has_room(job: Job, before: Placement, after: Placement, frames: int) -> bool:
    """Whether both takes go on beyond the cut for half the transition, without an internal cut, and both shots outlast it."""
    if min(before.duration_frames, after.duration_frames) < 2 * frames:
        return False
    sources = {part.clip.media.media_id: part.clip for part in job.parts}
    for placement, at_end in ((before, True), (after, False)):
        clip = sources[placement.media_id]
        assert clip.media.video is not None
        more = float(frames / 2 * placement.speed * placement.source_rate.fraction / job.brief.rate.fraction)
        end = placement.source_start_frame + float(
            placement.duration_frames * placement.speed * placement.source_rate.fraction / job.brief.rate.fraction
        )
        low, high = (end, end + more) if at_end else (placement.source_start_frame - more, float(placement.source_start_frame))
        cuts = [shot.start_frame for shot in clip.analysis.shots[1:]]
        if low < 0 or high > clip.media.video.duration_frames - 1 or any(low <= cut <= high for cut in cuts):
            return False
    return True
