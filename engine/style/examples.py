"""Finished works -> examples to learn from: shots with what they show, where their cuts lie to the beat, and the music under them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from engine.edit.features import clip_table
from engine.edit.grid import beat_strengths
from engine.edit.taste import CLIP_FEATURES
from engine.model.analysis import ClipAnalysis, SongAnalysis
from engine.model.media import Media
from engine.model.names import UNKNOWN
from engine.model.time import FrameSpan
from engine.model.timeline import SongUse, Timeline
from engine.model.works import BeatGrid, FinishedShot, FinishedWork, RawClip, RawUse, WorkKind
from engine.style.matching import inner_span

__all__ = [
    "Seen",
    "beat_grid",
    "features_of",
    "from_timeline",
    "from_video",
    "placed",
    "raw_clips",
    "sampled_signature",
    "with_uses",
    "without_cards",
]

NEAR_S = 0.06
"""A beat this little before a shot's edge is under what follows."""
SIGNATURES_PER_S = 2.0
BEGINS = {
    "start": "start",
    "cut": "hard_cut",
    "dissolve": "quick_dissolve",
    "flash": "flash",
    "whip_pan": "whip_pan",
    "fade": "dip_to_black",
}
"""What shot detection calls a beginning -> `names.CUT_KINDS`."""
STILL_CARD_S, STILL_MOTION = 3.0, 0.01
"""A first or last shot up to this long, plain, in which nothing moves and nobody is seen, is a title or end card."""
SMOOTH_LEVELS, SMOOTH_SHARE = 2, 0.6
"""Grey levels between neighbouring cells of the tiny pictures up to which they are one surface, and how much of a card is such."""
CARD_PART, CARD_LEVELS = (0.2, 0.8), 4
"""The part of a card that has to stand still (the ends may fade), and by how many grey levels its tiny pictures may flicker there: encoded
cards stay under 2, filmed ones without movement lie above 7 (light, noise, breath)."""
LEAST_LEFT = 2
"""Shots that have to be left when cards are taken off."""

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Seen:
    """What one shot shows, by whoever looked at it."""

    shot_type: Mapping[str, float]
    angle: Mapping[str, float]
    motion: Mapping[str, float]
    face_height: float = 0.0


def from_video(
    media: Media, analysis: ClipAnalysis, seen: Sequence[Seen], song: SongAnalysis | None, song_offset_s: float = 0.0, learned_at: str = ""
) -> FinishedWork:
    """A finished video as examples.

    analysis : its shots as `engine.analysis.transitions.joined` tells them. seen : one per shot.
    song : of the video's own sound, or of the song that begins `song_offset_s` after it does.
    """
    assert media.video is not None
    rate = media.video.rate.fps
    grid = beat_grid(song, -song_offset_s, media.duration_s) if song else None
    shots = []
    for shot, look in zip(analysis.shots, seen):
        if shot.end_frame <= shot.start_frame:
            continue
        facts = {
            **features_of(analysis, inner_span(analysis, shot.span)),
            "face": float(look.face_height > 0),
            "face_height": look.face_height,
        }
        facts |= _chances(look)
        start, end = shot.start_frame / rate, shot.end_frame / rate
        begins, sizes, angles, motions = BEGINS.get(shot.begins_with, "hard_cut"), dict(look.shot_type), dict(look.angle), dict(look.motion)
        shots.append(FinishedShot(start, end - start, begins, sizes, angles, motions, facts))
    return FinishedWork(
        media.name,
        media.media_id,
        "video",
        media.duration_s,
        media.video.display_width,
        media.video.display_height,
        rate,
        placed(shots, grid),
        grid,
        signature=sampled_signature(analysis),
        speech=analysis.speech,
        learned_at=learned_at,
        notes=analysis.warnings,
    )


def _chances(look: Seen) -> dict[str, float]:
    tables = {"shot_type": look.shot_type, "angle": look.angle, "motion": look.motion}
    return {name: float(tables[kind][value]) for name, kind, value in _COLUMNS if value in tables[kind]}


_COLUMNS = [
    (name, kind, name[len(kind) + 1 :])
    for name in CLIP_FEATURES
    for kind in ("shot_type", "angle", "motion")
    if name.startswith(f"{kind}_") and name not in ("motion_intensity", "motion_early")
]


def without_cards(work: FinishedWork, analysis: ClipAnalysis) -> FinishedWork:
    """The work without a title or end card: a plain first or last shot without people in which nothing moves says nothing about how
    pictures are cut, and the same film with another card is the same work. What was found in a raw clip is no card. analysis : the video's.
    """
    shots, notes = list(work.shots), []
    if len(shots) > LEAST_LEFT and _is_card(shots[0], analysis):
        notes.append(f"An intro card of {shots[0].duration_s:.1f} s was left out.")
        shots = [replace(shots[1], begins_with="start"), *shots[2:]]
    if len(shots) > LEAST_LEFT and _is_card(shots[-1], analysis):
        notes.append(f"An end card of {shots[-1].duration_s:.1f} s was left out.")
        shots = shots[:-1]
    if not notes:
        return work
    signature = sampled_signature(analysis, shots[0].start_s, shots[-1].start_s + shots[-1].duration_s)
    return replace(work, shots=tuple(shots), signature=signature, notes=(*notes, *work.notes))


def _is_card(shot: FinishedShot, analysis: ClipAnalysis) -> bool:
    still = shot.features.get("motion_intensity", 1.0) <= STILL_MOTION
    if not still or shot.used is not None or shot.duration_s > STILL_CARD_S or shot.features.get("face", 0.0) > 0:
        return False
    prints = analysis.prints
    per_s = analysis.rate.fps / prints.step_frames
    start, end = (round((shot.start_s + share * shot.duration_s) * per_s) for share in CARD_PART)
    part = prints.values[start : max(start + 1, end)].astype(np.int16)
    if not len(part):
        return False
    picture = part[len(part) // 2]
    steps = np.concatenate([np.abs(np.diff(picture, axis=axis)).ravel() for axis in (0, 1)])
    return bool(np.abs(part - picture).max() <= CARD_LEVELS and (steps <= SMOOTH_LEVELS).mean() >= SMOOTH_SHARE)


def features_of(analysis: ClipAnalysis, span: FrameSpan | None = None) -> dict[str, float]:
    """CLIP_FEATURES of a clip or a range of it, those that were measured."""
    row = clip_table([analysis], [span]).values[0]
    return {name: round(float(value), 5) for name, value in zip(CLIP_FEATURES, row) if np.isfinite(value)}


def beat_grid(song: SongAnalysis, song_at_s: float, duration_s: float) -> BeatGrid | None:
    """The song's beats under a work whose second 0 is the song's second `song_at_s`; None where there are none to speak of."""
    if song.confidence <= 0 or len(song.beats) < 4:
        return None
    times, strengths, energies = [], [], []
    for beat, strength in zip(song.beats, beat_strengths(song)):
        at = beat - song_at_s
        if not -0.5 <= at <= duration_s + 0.5:
            continue
        times.append(round(at, 5))
        strengths.append(strength)
        energies.append(round(_energy(song.energy, song.energy_rate_hz, beat, beat + 1.0), 4))
    if len(times) < 4:
        return None
    return BeatGrid(song.tempo_bpm, song.confidence, tuple(times), tuple(strengths), tuple(energies))


def _energy(curve: Sequence[float], rate_hz: float, start_s: float, end_s: float) -> float:
    first = max(0, int(start_s * rate_hz))
    part = curve[first : max(first + 1, int(end_s * rate_hz))]
    return float(np.mean(part)) if len(part) else 0.5


def placed(shots: Sequence[FinishedShot], grid: BeatGrid | None) -> tuple[FinishedShot, ...]:
    """The same shots with energy, strength, offset and length in beats, where there is a grid."""
    if grid is None or len(grid.times_s) < 2:
        return tuple(shots)
    times, strengths, energies = (np.array(values) for values in (grid.times_s, grid.strengths, grid.energies))
    return tuple(_on_grid(shot, times, strengths, energies) for shot in shots)


def _on_grid(shot: FinishedShot, times: Array, strengths: Array, energies: Array) -> FinishedShot:
    nearest = int(np.abs(times - shot.start_s).argmin())
    end = shot.start_s + shot.duration_s
    under = (times >= shot.start_s - NEAR_S) & (times < end - NEAR_S)
    energy = float(energies[under].mean()) if under.any() else float(energies[nearest])
    before = (times >= shot.start_s - 1.0 - NEAR_S) & (times < shot.start_s - NEAR_S)
    rise = energy - float(energies[before].mean()) if before.any() else 0.0
    return replace(
        shot,
        energy=round(min(1.0, max(0.0, energy)), 4),
        energy_rise=round(rise, 4),
        strength=float(strengths[nearest]),
        beats=round(float(_beat_of(times, end) - _beat_of(times, shot.start_s)), 4),
        offset_s=round(float(shot.start_s - times[nearest]), 5),
    )


def _beat_of(times: Array, at: float) -> float:
    """A time in beats: its place among the beats, extended at both ends by their mean distance."""
    period = max(1e-3, float(np.median(np.diff(times))))
    if at <= times[0]:
        return (at - float(times[0])) / period
    if at >= times[-1]:
        return len(times) - 1 + (at - float(times[-1])) / period
    return float(np.interp(at, times, np.arange(len(times))))


def sampled_signature(analysis: ClipAnalysis, start_s: float = 0.0, end_s: float | None = None) -> tuple[str, ...]:
    """Two hashes a second of a stretch, as the work keeps them: at equal times whatever the frame rate, so that encodings compare."""
    per_s = analysis.rate.fps / analysis.signature_step_frames
    last = min(len(analysis.signatures) - 1, (len(analysis.signatures) if end_s is None else end_s * per_s) - 1)
    places = (round((start_s + k / SIGNATURES_PER_S) * per_s) for k in range(1 + max(0, int((last / per_s - start_s) * SIGNATURES_PER_S))))
    return tuple(f"{int(analysis.signatures[min(at, len(analysis.signatures) - 1)]):016x}" for at in places) if last >= 0 else ()


def raw_clips(
    analyses: Mapping[str, tuple[str, ClipAnalysis]], used: set[str], groups: Mapping[str, int] | None = None
) -> tuple[RawClip, ...]:
    """What lay on the table: media id -> (file name, analysis). groups : media id -> number of its near-duplicates."""
    rows = []
    for media_id, (file, analysis) in sorted(analyses.items()):
        length = analysis.duration_frames / analysis.rate.fps
        facts = {**features_of(analysis), "lit": round(analysis.light, 5)}
        rows.append(RawClip(media_id, file, length, facts, media_id in used, (groups or {}).get(media_id)))
    return tuple(rows)


def with_uses(work: FinishedWork, uses: Sequence[RawUse | None], raw: tuple[RawClip, ...]) -> FinishedWork:
    """The work with where each shot comes from; it becomes a project where at least one was found."""
    shots = tuple(replace(shot, used=use) for shot, use in zip(work.shots, uses))
    found = any(use is not None for use in uses)
    return replace(work, shots=shots, raw=raw if found else (), kind="project" if found else work.kind)


def from_timeline(
    timeline: Timeline, analyses: Mapping[str, ClipAnalysis] | None = None, kind: WorkKind = "session", learned_at: str = ""
) -> FinishedWork:
    """An edit of ours as a work: to score it against a style, or to learn from what its creator made of it.

    analyses : of its clips, where they are at hand; else the facts that the timeline itself carries.
    """
    grid = _grid_of(timeline.song) if timeline.song else None
    cuts = {row.to_clip: row.type for row in timeline.transitions}
    shots = []
    for number, clip in enumerate(timeline.clips):
        analysis = (analyses or {}).get(clip.media_id)
        seconds = float(timeline.rate.seconds(clip.duration_frames))
        length = max(1, round(seconds * float(clip.speed) * clip.source_rate.fps))
        span = FrameSpan(clip.source_start_frame, clip.source_start_frame + length)
        facts = features_of(analysis, span) if analysis else {"motion_intensity": clip.facts.motion_intensity}
        start = float(clip.source_start_s)
        shots.append(
            FinishedShot(
                float(timeline.rate.seconds(clip.timeline_start_frame)),
                seconds,
                "start" if number == 0 else cuts.get(clip.id, "hard_cut"),
                dict(analysis.shot_type) if analysis else {clip.facts.shot_type: 1.0},
                dict(analysis.angle) if analysis else {clip.facts.angle: 1.0},
                dict(analysis.motion) if analysis else {clip.facts.motion: 1.0},
                {name: value for name, value in facts.items() if np.isfinite(value)},
                used=RawUse(clip.media_id, start, start + seconds * float(clip.speed), float(clip.speed)),
            )
        )
    return FinishedWork(
        timeline.project_id,
        timeline.project_id,
        kind,
        float(timeline.duration_s),
        timeline.width,
        timeline.height,
        timeline.rate.fps,
        placed(shots, grid),
        grid,
        learned_at=learned_at,
    )


def _grid_of(song: SongUse) -> BeatGrid | None:
    if song.confidence <= 0 or len(song.beats) < 4:
        return None
    energies = tuple(round(_energy(song.energy_curve, song.energy_rate_hz, time, time + 1.0), 4) for time in song.beats)
    return BeatGrid(song.bpm, song.confidence, tuple(song.beats), beat_strengths(song), energies)


def known(chances: Mapping[str, float]) -> float:
    """How much of an attribute is known, 0 to 1."""
    return 1.0 - chances.get(UNKNOWN, 0.0) if chances else 0.0
