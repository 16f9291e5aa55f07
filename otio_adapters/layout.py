"""What an edit puts on which track, the same for every format: its shots and joins, tracks above, the song's stretches, own sound. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction

from engine.model.media import Media
from engine.model.time import AUDIO_RATE_HZ, FrameRate, round_half_up
from engine.model.timeline import CropKey, Placement, RunnerUp, Timeline

__all__ = ["Join", "Lane", "Layout", "Shot", "Sound", "alternates", "layout"]

ALTERNATES = "Alternates"
"""Name of the track of runners-up."""
ALTERNATE = "alt"
"""Ids of runners-up: the id of what they could replace, a full stop and this word."""
DISSOLVE = "quick_dissolve"
"""The transition of ours that every editing program knows; others arrive as cuts."""


@dataclass(frozen=True)
class Shot:
    """One clip on a track. `source_s` : of its first frame, from the file's first frame, at `speed` times normal."""

    id: str
    media: Media
    start: int
    duration: int
    source_s: Fraction
    speed: Fraction = Fraction(1)
    enabled: bool = True
    crop: tuple[CropKey, ...] = ()
    locked: bool = False
    confidence: float = 0.0
    reason: str = ""

    @property
    def end(self) -> int:
        return self.start + self.duration

    @property
    def in_s(self) -> Fraction:
        """In point in the media's own timecode time."""
        return self.media_start_s + self.source_s

    @property
    def media_start_s(self) -> Fraction:
        video = self.media.video
        return video.rate.seconds(video.start_frame) if video is not None else Fraction(0)

    @property
    def title(self) -> str:
        """What its marker is called: id and confidence."""
        return f"{self.id} {self.confidence:.2f}"


@dataclass(frozen=True)
class Join:
    """A dissolve between shot `index` of a lane and the one before it: `before` and `after` frames around record frame `at`."""

    index: int
    at: int
    before: int
    after: int


@dataclass(frozen=True)
class Lane:
    """A picture track; shots do not overlap, gaps are allowed."""

    name: str
    shots: tuple[Shot, ...]
    joins: tuple[Join, ...] = ()
    enabled: bool = True

    def join_before(self, index: int) -> Join | None:
        """The join in front of a shot."""
        return next((one for one in self.joins if one.index == index), None)


@dataclass(frozen=True)
class Sound:
    """A stretch of sound. `source_s` : from the file's beginning. `of` : id of the shot that it belongs to, None for the song."""

    media: Media
    start: int
    duration: int
    source_s: Fraction
    fade_in_s: Fraction = Fraction(0)
    fade_out_s: Fraction = Fraction(0)
    of: str | None = None


@dataclass(frozen=True)
class Layout:
    """Tracks from the lowest picture up. `song` : one after another without a gap. `own` : sound of the shots, where the edit has it."""

    lanes: tuple[Lane, ...]
    song: tuple[Sound, ...]
    own: tuple[Sound, ...]


def layout(timeline: Timeline, alternates_too: bool = False) -> Layout:
    """The tracks of an edit. alternates_too : with a track of runners-up on top, switched off."""
    main = tuple(_shot(timeline, clip) for clip in timeline.clips)
    lanes = [Lane("Video 1", main, tuple(_joins(timeline, main)))]
    for track in timeline.tracks:
        if track.kind == "overlay":
            shots = tuple(_shot(timeline, clip) for clip in track.clips)
            lanes.append(Lane(track.name or f"Video {len(lanes) + 1}", shots, enabled=track.enabled))
    others = alternates(timeline) if alternates_too else ()
    lanes += [Lane(ALTERNATES, others, enabled=False)] if others else []
    song = tuple(_song(timeline)) if timeline.audio != "source" else ()
    return Layout(tuple(lanes), song, tuple(_own_sounds(timeline)))


def _shot(timeline: Timeline, clip: Placement) -> Shot:
    return Shot(
        clip.id,
        timeline.media_of(clip),
        clip.timeline_start_frame,
        clip.duration_frames,
        clip.source_start_s,
        clip.speed,
        clip.enabled,
        clip.crop,
        clip.lock is not None,
        clip.facts.ai_confidence,
        clip.facts.ai_reasoning,
    )


# --- joins ------------------------------------------------------------------------------------------------------------


def _joins(timeline: Timeline, shots: tuple[Shot, ...]) -> Iterator[Join]:
    """Transitions that both files have picture for; each leaves room for the next one in the same shot."""
    wanted = {(one.from_clip, one.to_clip): one for one in timeline.transitions if one.duration_frames > 1 and one.type == DISSOLVE}
    taken = 0
    for index, (first, second) in enumerate(zip(shots, shots[1:]), 1):
        asked = wanted.get((first.id, second.id))
        if asked is None or not (first.enabled and second.enabled):
            taken = 0
            continue
        half = asked.duration_frames // 2
        before = min(half, first.duration - taken - 1, _room_before(second, timeline.rate))
        after = min(asked.duration_frames - half, second.duration // 2, _room_behind(first, timeline.rate))
        # Centred on the cut, as every format has it; an odd frame comes after.
        after, taken = min(after, before + 1), 0
        before = min(before, after)
        if before > 0:
            taken = after
            yield Join(index, second.start, before, after)


def _room_before(shot: Shot, rate: FrameRate) -> int:
    return int(shot.source_s / shot.speed * rate.fraction)


def _room_behind(shot: Shot, rate: FrameRate) -> int:
    video = shot.media.video
    if video is None or shot.media.kind == "image":
        return shot.duration
    end = video.rate.seconds(video.duration_frames)
    return max(0, int((end - shot.source_s) / shot.speed * rate.fraction) - shot.duration)


# --- runners-up -------------------------------------------------------------------------------------------------------


def alternates(timeline: Timeline) -> tuple[Shot, ...]:
    """For every clip the best runner-up that can fill its place, switched off."""
    media = {row.media_id: row for row in timeline.media}
    found = []
    for clip in timeline.clips:
        runners = clip.decision.runners_up if clip.decision else ()
        shots = (_alternate(timeline, clip, one, media.get(one.media_id)) for one in runners)
        found += [one for one in [next((shot for shot in shots if shot is not None), None)] if one is not None]
    return tuple(found)


def _alternate(timeline: Timeline, clip: Placement, runner: RunnerUp, media: Media | None) -> Shot | None:
    """The runner-up in the clip's place, begun earlier where its file ends too soon; None where the file is too short."""
    video = media.video if media is not None else None
    if media is None or video is None or media.kind != "video":
        return None
    used = timeline.rate.seconds(clip.duration_frames - 1)
    last = video.duration_frames - 1 - int(used * video.rate.fraction)
    if last < 0:
        return None
    start = video.rate.seconds(max(0, min(runner.source_start_frame, last)))
    return Shot(
        f"{clip.id}.{ALTERNATE}",
        media,
        clip.timeline_start_frame,
        clip.duration_frames,
        start,
        enabled=False,
        confidence=max(0.0, runner.score),
        reason=f"Instead of {clip.file}: {runner.reason}",
    )


# --- sound ------------------------------------------------------------------------------------------------------------


def _song(timeline: Timeline) -> Iterator[Sound]:
    """The song's stretches, cut at whole frames of the edit; what a cut is early or late, its in point is too."""
    song = timeline.song
    if song is None or timeline.audio == "none":
        return
    media = next(row for row in timeline.media if row.media_id == song.media_id)
    pieces = song.pieces(float(timeline.duration_s))
    bounds = [0, *(timeline.rate.frames(Fraction(begin)) for begin, _, _ in pieces[1:]), timeline.duration_frames]
    for number, ((begin_s, _, second), start, end) in enumerate(zip(pieces, bounds, bounds[1:])):
        if end <= start:
            continue
        exact = Fraction(second) + timeline.rate.seconds(start) - Fraction(begin_s)
        yield Sound(
            media,
            start,
            end - start,
            max(Fraction(0), Fraction(round_half_up(exact * AUDIO_RATE_HZ), AUDIO_RATE_HZ)),
            Fraction(song.fade_in_s).limit_denominator(1000) if number == 0 else Fraction(0),
            Fraction(song.fade_out_s).limit_denominator(1000) if number == len(pieces) - 1 else Fraction(0),
        )


def _own_sounds(timeline: Timeline) -> Iterator[Sound]:
    """The clips' own sound where the edit has it; retimed clips are silent, as in our render."""
    if timeline.audio not in ("source", "both"):
        return
    tracks = [track.clips for track in timeline.tracks if track.kind == "source_sound" and track.enabled]
    for clips in tracks or [timeline.clips]:
        for clip in clips:
            media = timeline.media_of(clip)
            if media.audio is not None and clip.speed == 1 and clip.enabled:
                yield Sound(media, clip.timeline_start_frame, clip.duration_frames, clip.source_start_s, of=clip.id)
