"""A cut list of another program as a Film. What it says beyond that is told before the start, never silently left out."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from fractions import Fraction

from engine.errors import DocumentError
from engine.model.cutlist import CutEvent, CutList
from engine.model.media import Media
from engine.model.time import AUDIO_RATE_HZ, FrameRate, audio_samples
from engine.render.film import FADE_SAMPLES, Film, Joint, Layer, Shot, Sound, flattened, joined

__all__ = ["film_of_cuts"]

DEFAULT_SIZE = (1080, 1920)
"""Where a list does not say (EDL): upright, as everything here is made for."""
KINDS = {"dissolve": "quick_dissolve", "cross_dissolve": "quick_dissolve", "dip": "dip_to_black", "fade": "dip_to_black"}
"""What lists call transitions -> ours; anything else is shown as a dissolve."""

MediaOf = Callable[[CutEvent], Media | None]


def film_of_cuts(cuts: CutList, media_of: MediaOf, audio: str | None = None) -> Film:
    """The film that a cut list means: the uppermost picture wins, gaps are black, all sounds together.

    audio : song (files without a picture), source (others), both or none; None for all. Raises `DocumentError` where there is no picture.
    """
    notes: list[str] = [f"Not carried out: {line}" for line in cuts.dropped]
    tracks = [track for track in cuts.tracks if track.kind == "video" and track.enabled]
    frames = max((event.record.end for track in tracks for event in track.events), default=0)
    if frames <= 0:
        raise DocumentError("interchange_empty", f"{cuts.name or 'The timeline'} shows nothing.", "Export the timeline with its clips.")
    layers = [[layer for event in track.events for layer in _layers(event, cuts.rate, media_of, notes)] for track in tracks]
    shots = flattened(layers, frames, cuts.rate)
    joints, words = joined(shots, dict(_joints(cuts, shots)), cuts.rate)
    gaps = sum(shot.frames for shot in shots if shot.media is None)
    if gaps == frames:
        message = f"{cuts.name or 'The timeline'} shows no clip, only titles, generators or gaps."
        raise DocumentError("interchange_empty", message, "Export the timeline with its clips switched on.")
    if gaps:
        notes.append(f"{gaps} frames without a picture are black.")
    sounds = _sounds(cuts, media_of, audio)
    songs = [sound for sound in sounds if sound.role == "song" and sound.start <= 0]
    return Film(
        rate=cuts.rate,
        width=_even(cuts.width) if cuts.width and cuts.height else DEFAULT_SIZE[0],
        height=_even(cuts.height) if cuts.width and cuts.height else DEFAULT_SIZE[1],
        shots=shots,
        joints=joints,
        sounds=tuple(sounds),
        song_start_s=float(songs[0].source_start_s) if songs else None,
        notes=tuple(dict.fromkeys([*notes, *words])),
    )


def _even(length: int | None) -> int:
    return max(2, 2 * ((length or 0) // 2))


def _layers(event: CutEvent, rate: FrameRate, media_of: MediaOf, notes: list[str]) -> Iterator[Layer]:
    """An event as a shot; nothing for disabled ones and for titles and generators, which are told."""
    frames = event.record.duration
    if not event.enabled or frames <= 0:
        return
    media = media_of(event)
    if media is None or media.video is None:
        notes.append(f"{event.name or event.media.name} is no clip: it is not shown.")
        return
    speed = abs(event.speed)
    if event.speed < 0:
        notes.append(f"{event.name} is shown forwards: pictures are not played in reverse.")
    if speed == 0:
        notes.append(f"{event.name} moves: freeze frames are not held.")
        speed = Fraction(1)
    start = max(Fraction(0), _start_s(event, media))
    shot = Shot(event.name or media.name, frames, media, start, speed)
    held = _held(shot, rate)
    if held < frames:
        notes.append(f"{shot.id} is {frames - held} frames shorter than its place: black follows.")
        shot = replace(shot, frames=held)
    if held > 0:
        yield Layer(event.record.start, shot)


def _start_s(event: CutEvent, media: Media) -> Fraction:
    """Where the used part begins, from the file's first frame."""
    first, last = sorted((event.source_start_s, event.source_end_s))
    if event.media.media_start_s is not None:
        return first - event.media.media_start_s
    video = media.video
    recorded = video.rate.seconds(video.start_frame) if video else Fraction(0)
    return first - recorded if last > recorded and first >= recorded else first


def _held(shot: Shot, rate: FrameRate) -> int:
    """How many of a shot's frames its source holds, programs' rounding to a frame of either rate allowed."""
    video = shot.media.video if shot.media else None
    if video is None or (shot.media and shot.media.kind == "image"):
        return shot.frames
    left = video.rate.seconds(video.duration_frames) - shot.source_start_s
    return min(shot.frames, max(0, int(left / shot.speed * rate.fraction)) + 1) if left > 0 else 0


def _joints(cuts: CutList, shots: tuple[Shot, ...]) -> Iterator[tuple[int, Joint]]:
    """Transitions of the lowest tracks, where the film has a cut under them."""
    position, cut_at = 0, {}
    for index, shot in enumerate(shots):
        cut_at[position] = index
        position += shot.frames
    for track in cuts.tracks:
        for one in track.transitions if track.kind == "video" and track.enabled else ():
            index = cut_at.get(one.at, 0)
            if index:
                yield index, Joint(KINDS.get(one.kind.lower().replace(" ", "_"), "quick_dissolve"), one.before, one.after)


def _sounds(cuts: CutList, media_of: MediaOf, audio: str | None) -> list[Sound]:
    """Every audible event once: programs write the two channels of one clip as two tracks."""
    found: dict[Sound, None] = {}
    for track in cuts.tracks:
        for event in track.events if track.kind == "audio" and track.enabled else ():
            media = media_of(event)
            if media is None or media.audio is None or not event.enabled or event.speed != 1:
                continue
            role = "song" if media.video is None else "source"
            if audio in (None, "both", role):
                begin = audio_samples(event.record.start, cuts.rate)
                count = audio_samples(event.record.end, cuts.rate) - begin
                start = max(Fraction(0), _start_s(event, media))
                fade = min(FADE_SAMPLES, count // 4)
                found[Sound(media, begin, count, start, role, role == "song", fade if begin else 0, fade)] = None
    return sorted(found, key=lambda one: (one.start, one.source_start_s * AUDIO_RATE_HZ))
