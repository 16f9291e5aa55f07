"""What is to be rendered, whoever made the edit: shots without gaps, joints between them, and sounds. Pure values.

Our own timelines and cut lists of other programs both become a Film here; nothing behind this module knows the difference.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction

from engine.model.media import Media
from engine.model.time import AUDIO_RATE_HZ, FrameRate, FrameSpan, audio_samples, round_half_up
from engine.model.timeline import CropKey, Placement, SongUse, Timeline

__all__ = ["Film", "Joint", "Layer", "Shot", "Sound", "film_of", "flattened", "joined"]

FADE_SAMPLES = 240
"""5 ms: a join of sounds that long does not click and cannot be heard as a fade (chosen)."""
SONG_JOIN_SAMPLES = 480
"""10 ms: how long a repeated song's two bars cross each other, before the bar line, so that its first note stays whole (chosen)."""
SOURCE_GAIN = 0.7
"""How loud the clips' own sound is under a song (chosen: -3 dB; the song makes room for it)."""
CROSSING = ("quick_dissolve", "whip_pan")
"""Transitions that show both shots at once and so need more of the sources than the shots themselves show."""
KNOWN_JOINTS = (*CROSSING, "dip_to_black")


@dataclass(frozen=True)
class Shot:
    """`frames` of picture. Frame k shows what is on screen in `media` at source_start_s + k * speed / rate; no media is black."""

    id: str
    frames: int
    media: Media | None = None
    source_start_s: Fraction = Fraction(0)
    speed: Fraction = Fraction(1)
    crop: tuple[CropKey, ...] = ()
    under: Shot | None = None
    """What shows through where `media` is transparent."""

    @property
    def all_media(self) -> tuple[Media, ...]:
        """Its own, then what lies under it."""
        below = self.under.all_media if self.under else ()
        return (self.media, *below) if self.media else below

    def part(self, first: int, frames: int, rate: FrameRate) -> Shot:
        """The same picture from frame `first` on, which may lie before it or behind its end (its handles)."""
        crop = tuple(dataclasses.replace(key, frame=key.frame - first) for key in self.crop)
        start = self.source_start_s + rate.seconds(first) * self.speed
        under = self.under.part(first, frames, rate) if self.under else None
        return dataclasses.replace(self, frames=frames, source_start_s=start, crop=crop, under=under)


@dataclass(frozen=True)
class Joint:
    """A transition over the cut in front of a shot: `before` of its frames lie before the cut, `after` behind it."""

    kind: str
    before: int
    after: int

    @property
    def frames(self) -> int:
        return self.before + self.after


@dataclass(frozen=True)
class Sound:
    """`samples` of sound at 48 kHz from sample `start` of the film on.

    counted : source_start_s counts decoded samples, as a song's analysis does; else it is the time after the file's first picture.
    fade_in, fade_out : samples. role : song or source.
    """

    media: Media
    start: int
    samples: int
    source_start_s: Fraction
    role: str = "song"
    counted: bool = True
    fade_in: int = 0
    fade_out: int = 0


@dataclass(frozen=True)
class Film:
    """Shots follow each other without gaps. joints : index of a shot -> how it follows the one before. notes : what is not carried out."""

    rate: FrameRate
    width: int
    height: int
    shots: tuple[Shot, ...]
    joints: Mapping[int, Joint] = field(default_factory=dict)
    sounds: tuple[Sound, ...] = ()
    ducking: bool = False
    source_gain: float = 1.0
    song_start_s: float | None = None
    """Second of the song at frame 0, for those who add it inside an app."""
    notes: tuple[str, ...] = ()

    @property
    def frames(self) -> int:
        return sum(shot.frames for shot in self.shots)

    @property
    def samples(self) -> int:
        return audio_samples(self.frames, self.rate)

    @property
    def media(self) -> dict[str, Media]:
        """Everything the film needs, by media id."""
        used = [*(one for shot in self.shots for one in shot.all_media), *(sound.media for sound in self.sounds)]
        return {one.media_id: one for one in used}


@dataclass(frozen=True)
class Layer:
    """A shot somewhere on one of several tracks."""

    start: int
    shot: Shot

    @property
    def span(self) -> FrameSpan:
        return FrameSpan(self.start, self.start + self.shot.frames)


def film_of(timeline: Timeline, audio: str | None = None) -> Film:
    """The film that a timeline means. audio : song, source, both or none; None for what the edit was made with."""
    mode = audio or timeline.audio
    primary = [Layer(clip.timeline_start_frame, _shot(timeline, clip)) for clip in timeline.clips]
    above = [
        [Layer(clip.timeline_start_frame, _shot(timeline, clip)) for clip in track.clips if clip.enabled]
        for track in timeline.tracks
        if track.kind == "overlay" and track.enabled
    ]
    shots = flattened([primary, *above], timeline.duration_frames, timeline.rate)
    wanted = {(one.from_clip, one.to_clip): (one.type, one.duration_frames) for one in timeline.transitions}
    asked = {
        index: Joint(kind, frames // 2, frames - frames // 2)
        for index, (a, b) in enumerate(zip(shots, shots[1:]), 1)
        for kind, frames in [wanted.get((a.id, b.id), ("hard_cut", 0))]
        if frames > 0 and kind != "hard_cut"
    }
    joints, notes = joined(shots, asked, timeline.rate)
    both = mode == "both"
    return Film(
        rate=timeline.rate,
        width=timeline.width,
        height=timeline.height,
        shots=shots,
        joints=joints,
        sounds=tuple(_sounds(timeline, mode)),
        ducking=both,
        source_gain=SOURCE_GAIN if both else 1.0,
        song_start_s=timeline.song.source_start_s if timeline.song else None,
        notes=(*notes, *_disabled(timeline), *_covered(wanted, shots), *_silent(timeline, mode)),
    )


def _disabled(timeline: Timeline) -> Iterator[str]:
    off = [clip.id for clip in timeline.clips if not clip.enabled]
    if off:
        yield f"{len(off)} disabled clips are black: {', '.join(off[:5])}."


def _covered(wanted: Mapping[tuple[str, str], tuple[str, int]], shots: Sequence[Shot]) -> Iterator[str]:
    """Transitions under an overlay, where there is no cut between the two shots themselves."""
    pairs = {(a.id, b.id) for a, b in zip(shots, shots[1:])}
    for (a, b), (kind, frames) in wanted.items():
        if frames > 0 and kind != "hard_cut" and (a, b) not in pairs:
            yield f"The {kind.replace('_', ' ')} from {a} to {b} lies under an overlay: it is a hard cut there."


def _silent(timeline: Timeline, mode: str) -> Iterator[str]:
    """Clips that would be heard if they ran at their own speed."""
    if mode in ("source", "both"):
        names = [clip.id for clip in timeline.clips if clip.enabled and clip.speed != 1 and timeline.media_of(clip).audio is not None]
        if names:
            yield f"{len(names)} clips in slow or quick motion are heard without their own sound: {', '.join(names[:5])}."


def _shot(timeline: Timeline, clip: Placement) -> Shot:
    if not clip.enabled:
        return Shot(clip.id, clip.duration_frames)
    return Shot(clip.id, clip.duration_frames, timeline.media_of(clip), clip.source_start_s, clip.speed, clip.crop)


def flattened(tracks: Sequence[Sequence[Layer]], frames: int, rate: FrameRate) -> tuple[Shot, ...]:
    """What is to be seen of several tracks, the last one on top; black where there is nothing."""
    shown: list[Layer] = []
    for layers in tracks:
        for layer in layers:
            above = _over(layer, shown, rate) if _is_transparent(layer.shot) else [layer]
            shown = [piece for old in shown for piece in _uncovered(old, layer.span, rate)]
            shown += above
    shots: list[Shot] = []
    position = 0
    for layer in sorted(shown, key=lambda one: one.start):
        end = min(layer.span.end, frames)
        if layer.start > position:
            shots.append(Shot(f"gap-{position}", min(layer.start, frames) - position))
            position = min(layer.start, frames)
        if end > position:
            shots.append(layer.shot.part(position - layer.start, end - position, rate))
            position = end
    if position < frames:
        shots.append(Shot(f"gap-{position}", frames - position))
    return tuple(shots)


def _is_transparent(shot: Shot) -> bool:
    return shot.media is not None and shot.media.video is not None and shot.media.video.has_alpha


def _over(layer: Layer, shown: Sequence[Layer], rate: FrameRate) -> list[Layer]:
    """A transparent layer with what it lies on, cut where that changes; black where there is nothing."""
    below = sorted((one for one in shown if one.span.overlaps(layer.span)), key=lambda one: one.start)
    edges = {layer.span.start, layer.span.end}
    edges |= {at for one in below for at in (one.span.start, one.span.end) if layer.span.start < at < layer.span.end}
    made = []
    for start, end in zip(sorted(edges), sorted(edges)[1:]):
        base = next((one for one in below if one.start <= start < one.span.end), None)
        under = base.shot.part(start - base.start, end - start, rate) if base else Shot("black", end - start)
        top = layer.shot.part(start - layer.start, end - start, rate)
        made.append(Layer(start, dataclasses.replace(top, under=under)))
    return made


def _uncovered(layer: Layer, cover: FrameSpan, rate: FrameRate) -> Iterator[Layer]:
    """What is left of a layer around a span that something else covers."""
    if not layer.span.overlaps(cover):
        yield layer
        return
    if layer.start < cover.start:
        yield Layer(layer.start, layer.shot.part(0, cover.start - layer.start, rate))
    if layer.span.end > cover.end:
        yield Layer(cover.end, layer.shot.part(cover.end - layer.start, layer.span.end - cover.end, rate))


def joined(shots: Sequence[Shot], asked: Mapping[int, Joint], rate: FrameRate) -> tuple[dict[int, Joint], list[str]]:
    """The joints that can be made, and a word for each that was shortened or left out.

    A crossing one is as long as both sources have picture beside what is shown. All leave room for the next one in the same shot.
    """
    made: dict[int, Joint] = {}
    notes = []
    for index, joint in sorted(asked.items()):
        first, second = shots[index - 1], shots[index]
        name = f"The {joint.kind.replace('_', ' ')} from {first.id} to {second.id}"
        if joint.kind not in KNOWN_JOINTS:
            notes.append(f"{name} is no transition that can be rendered: it is a hard cut.")
            continue
        taken = made[index - 1].after if index - 1 in made else 0
        before = min(joint.before, first.frames - taken)
        after = min(joint.after, second.frames - (second.frames // 2 if index + 1 in asked else 0))
        if joint.kind in CROSSING:
            before, after = min(before, _frames_before(second, rate)), min(after, _frames_behind(first, rate))
        fitted = Joint(joint.kind, max(0, before), max(0, after))
        if fitted.frames < 2 or (joint.kind not in CROSSING and not (fitted.before and fitted.after)):
            notes.append(f"{name} is a hard cut: there is no room for it, or no more picture in the clips.")
            continue
        if fitted != joint:
            notes.append(f"{name} has {fitted.frames} frames instead of {joint.frames}: there is no more picture in the clips.")
        made[index] = fitted
    return made, notes


def _frames_before(shot: Shot, rate: FrameRate) -> int:
    """Frames of the film that the source holds before a shot begins."""
    if shot.media is None or shot.media.kind == "image":
        return 1 << 30
    return int(shot.source_start_s / shot.speed * rate.fraction)


def _frames_behind(shot: Shot, rate: FrameRate) -> int:
    """The same behind its end."""
    if shot.media is None or shot.media.video is None or shot.media.kind == "image":
        return 1 << 30
    end = shot.media.video.rate.seconds(shot.media.video.duration_frames)
    last = shot.source_start_s + rate.seconds(shot.frames - 1) * shot.speed
    # The last instant of the source is no longer on screen: frame n needs its own time to lie inside.
    return max(0, -int(-((end - last) / shot.speed * rate.fraction) // 1) - 1)


def _sounds(timeline: Timeline, mode: str) -> Iterator[Sound]:
    if mode in ("song", "both") and timeline.song is not None:
        media = next(row for row in timeline.media if row.media_id == timeline.song.media_id)
        yield from _song(timeline.song, media, audio_samples(timeline.duration_frames, timeline.rate))
    if mode in ("source", "both"):
        tracks = [track.clips for track in timeline.tracks if track.kind == "source_sound" and track.enabled]
        for clips in tracks or [timeline.clips]:
            yield from _own_sounds(timeline, clips)


def _song(song: SongUse, media: Media, samples: int) -> Iterator[Sound]:
    """The song's stretches. Where one follows another, they cross each other in front of the join."""
    for number, (begin_s, end_s, second) in enumerate(song.pieces(samples / AUDIO_RATE_HZ)):
        begin, end = (round_half_up(Fraction(time) * AUDIO_RATE_HZ) for time in (begin_s, end_s))
        start = Fraction(second)
        early = min(SONG_JOIN_SAMPLES, int(start * AUDIO_RATE_HZ), begin) if number else 0
        is_last = end >= samples
        yield Sound(
            media,
            begin - early,
            end - begin + early,
            start - Fraction(early, AUDIO_RATE_HZ),
            fade_in=early if number else round_half_up(Fraction(song.fade_in_s) * AUDIO_RATE_HZ),
            fade_out=max(FADE_SAMPLES, round_half_up(Fraction(song.fade_out_s) * AUDIO_RATE_HZ)) if is_last else SONG_JOIN_SAMPLES,
        )


def _own_sounds(timeline: Timeline, clips: Sequence[Placement]) -> Iterator[Sound]:
    """The clips' own sound, each as long as its picture to the sample. Retimed clips are silent."""
    for clip in clips:
        media = timeline.media_of(clip)
        if media.audio is None or clip.speed != 1 or not clip.enabled:
            continue
        begin = audio_samples(clip.span.start, timeline.rate)
        count = audio_samples(clip.span.end, timeline.rate) - begin
        fade = min(FADE_SAMPLES, count // 4)
        yield Sound(media, begin, count, clip.source_start_s, "source", counted=False, fade_in=fade, fade_out=fade)
