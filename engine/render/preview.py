"""The whole cut in a moment, from the clips' small copies: joined by copying (no crop), or cropped and encoded small in one pass.

Copies are all-intra at 30 frames a second (`engine.media.proxy`): any stretch of one can be taken out without decoding.
"""

from __future__ import annotations

import os
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import ffmpeg as graphs

from engine.errors import MediaError
from engine.media import ffmpeg
from engine.media.proxy import PROXY_FPS
from engine.media.scan import medium_size
from engine.model.media import Colour, Media
from engine.model.time import AUDIO_RATE_HZ, FrameRate, round_half_up
from engine.progress import SILENT, Progress
from engine.render.encoders import timescale
from engine.render.film import Film, Shot
from engine.render.graph import in_one_graph, quoted
from engine.render.parts import mark_used
from engine.render.picture import Look, matrix_of
from engine.render.presets import Preset, Quality
from engine.render.sound import QuickSound, quick_sound
from engine.render.workshop import told_of_disk, workshop

__all__ = ["PREVIEWS", "PreviewReport", "Track", "copy_list", "preview", "preview_arguments"]

PREVIEWS = ("proxy", "crop", "rhythm")
RATE = FrameRate(PROXY_FPS)
SHORT_SIDE_PX = 360
INSIDE_S = Fraction(2, 1000)
"""In and out points lie this much inside a frame: the concat demuxer takes what lies between them."""
COPY_MATRICES = {"bt709": "bt709", "bt601": "smpte170m", "bt2020": "bt2020nc"}
"""A copy keeps its clip's colour matrix, under the names that files use."""
HDR_COPY_MATRIX = "smpte170m"
"""Copies of HDR clips were tone-mapped as RGB and stored in this one."""
COPIED: Mapping[str, object] = {"c:v": "copy"}
CROPPED: Mapping[str, object] = {"c:v": "libx264", "preset": "ultrafast", "crf": 28}
"""No limit on frames, with which ffmpeg would end the sound: the picture ends by itself."""
SOUND_ALONE: Mapping[str, object] = {"select": "a", "movie_timescale": AUDIO_RATE_HZ}
SOUND = Preset("preview", 0, 0, 0, 128), Quality("preview", "ultrafast", 28, 96, 1.0, "fast")


@dataclass(frozen=True)
class PreviewReport:
    """What was made. `kind` is what it became: where copies differ in size, a film cannot be joined by copying."""

    path: str
    kind: str
    frames: int
    rate: str
    size_bytes: int
    seconds_taken: float
    song_start_s: float | None
    warnings: tuple[str, ...]


def preview(
    film: Film, output: Path, *, kind: str, proxies: Mapping[str, Path], sounds: Mapping[str, str], cache: Path, progress: Progress = SILENT
) -> PreviewReport:
    """Makes a preview of `film`. kind : proxy or crop. proxies : media id -> small copy. sounds : media id -> file.

    Raises `MediaError` where a clip has no copy.
    """
    began = time.monotonic()
    notes = list(film.notes)
    if any(shot.under for shot in film.shots):
        film = replace(film, shots=tuple(_lowest(shot) for shot in film.shots))
        notes.append("What is transparent is not in this preview: small copies are not. What lies under it is shown.")
    _require(film, proxies)
    if kind == "proxy":
        why = _why_not_copied(film, proxies)
        if why:
            kind = "crop"
            notes.append(why)
        elif film.joints or any(shot.speed != 1 for shot in film.shots):
            notes.append("Transitions and retimes are not in this preview: hard cuts at normal speed. Use --preview crop.")
    progress.stage("Making a preview", film.frames)
    is_copied = kind == "proxy"
    rate = RATE if is_copied else film.rate
    with told_of_disk(output), workshop(cache) as parts, workshop(output.parent) as work:
        part = work / "preview.mp4"
        picture = _copied(film, proxies, work) if is_copied else _cropped(film, proxies)
        sound = quick_sound(film, sounds, *SOUND)
        track = Track(sound, cache / f"{sound.key}.m4a", parts / "sound.m4a") if sound else None
        arguments = preview_arguments(picture, COPIED if is_copied else CROPPED, rate, track, part)
        frames = ffmpeg.encode(arguments, total_frames=film.frames, progress=progress)
        if not is_copied and frames != film.frames:
            message = f"The preview came out with {frames} frames instead of {film.frames}."
            raise MediaError("render_short", message, "Run `cutprint analyze` on the clips: the end of one may be damaged.")
        if track:
            track.keep()
        size = part.stat().st_size
        os.replace(part, output)
    taken = round(time.monotonic() - began, 2)
    return PreviewReport(str(output), kind, frames, rate.to_json(), size, taken, film.song_start_s, tuple(notes))


@dataclass(frozen=True)
class Track:
    """A preview's sound. kept : where it lies once it is made, for the next preview. part : where it is made."""

    sound: QuickSound
    kept: Path
    part: Path

    @property
    def is_known(self) -> bool:
        return self.kept.is_file()

    def keep(self) -> None:
        """After its film was made: puts a new sound where the next preview finds it."""
        if self.part.is_file():
            os.replace(self.part, self.kept)
        mark_used(self.kept)


def preview_arguments(picture: Any, options: Mapping[str, object], rate: FrameRate, track: Track | None, film: Path) -> tuple[str, ...]:
    """Picture and sound in one run of ffmpeg. A new sound is encoded once and written twice, into the film and by itself."""
    words = {"movflags": "+faststart", "video_track_timescale": timescale(rate), "movie_timescale": AUDIO_RATE_HZ}
    common = {**options, "map_metadata": -1}
    place = ffmpeg.file_argument(film)
    if track is None:
        return tuple(graphs.output(picture, place, **common, **words).get_args())
    if track.is_known:
        known = graphs.input(ffmpeg.file_argument(track.kept)).audio
        return tuple(graphs.output(picture, known, place, **common, **words, **{"c:a": "copy"}).get_args())
    sound = {name: value for name, value in track.sound.options.items() if name != "movie_timescale"}
    both = f"{_slave('mp4', words, place)}|{_slave('ipod', SOUND_ALONE, ffmpeg.file_argument(track.part))}"
    return tuple(graphs.output(picture, track.sound.stream, both, f="tee", flags="+global_header", **{**common, **sound}).get_args())


def _slave(muxer: str, options: Mapping[str, object], place: str) -> str:
    """One of the files that the `tee` muxer writes."""
    words = ":".join(f"{name}={value}" for name, value in {"f": muxer, "onfail": "abort", **options}.items())
    return f"[{words}]" + "".join(f"\\{sign}" if sign in "\\'|" else sign for sign in place)


def _require(film: Film, proxies: Mapping[str, Path]) -> None:
    missing = sorted({shot.media.name for shot in film.shots if shot.media and shot.media.media_id not in proxies})
    if missing:
        hint = "Run `cutprint analyze` on the clips, or say where they are with --media FOLDER."
        message = f"{len(missing)} clips have no small copy: {', '.join(missing[:5])}."
        raise MediaError("proxy_missing", message, hint, files=missing)


def _why_not_copied(film: Film, proxies: Mapping[str, Path]) -> str:
    if any(shot.media is None for shot in film.shots):
        return "Black between clips cannot be joined by copying: the preview is cropped and encoded."
    sizes = {medium_size(shot.media.video) for shot in film.shots if shot.media and shot.media.video}
    return "The clips differ in shape: the preview is cropped and encoded." if len(sizes) > 1 else ""


def _copy_frames(film: Film) -> list[int]:
    """Where each shot ends, in frames of the copies: rounded by themselves, so that nothing adds up."""
    ends, position = [], 0
    for shot in film.shots:
        position += shot.frames
        ends.append(round_half_up(film.rate.seconds(position) * RATE.fraction))
    return ends


def copy_list(film: Film, proxies: Mapping[str, Path]) -> str:
    """The concat demuxer's list of stretches of copies, exact to the frame."""
    lines, before = ["ffconcat version 1.0"], 0
    for shot, end in zip(film.shots, _copy_frames(film)):
        frames, before = end - before, end
        if frames <= 0 or shot.media is None:
            continue
        begin = RATE.seconds(RATE.frame_at(shot.source_start_s + Fraction(1, 1000)))
        stop = begin + RATE.seconds(frames)
        lines += [
            f"file '{quoted(str(proxies[shot.media.media_id]))}'",
            f"inpoint {float(begin + INSIDE_S):.6f}",
            f"outpoint {float(stop - INSIDE_S):.6f}",
            f"duration {float(RATE.seconds(frames)):.6f}",
        ]
    return "\n".join(lines) + "\n"


def _copied(film: Film, proxies: Mapping[str, Path], work: Path) -> Any:
    listing = work / "preview.ffconcat"
    listing.write_text(copy_list(film, proxies), encoding="utf-8")
    return graphs.input(ffmpeg.file_argument(listing), f="concat", safe=0)["v:0"]


def _cropped(film: Film, proxies: Mapping[str, Path]) -> Any:
    scale = SHORT_SIDE_PX / min(film.width, film.height)
    look = Look(2 * round(film.width * scale / 2), 2 * round(film.height * scale / 2), film.rate)
    small = replace(film, shots=tuple(_from_copy(shot) for shot in film.shots))
    return in_one_graph(small, {key: str(path) for key, path in proxies.items()}, look)


def _from_copy(shot: Shot) -> Shot:
    """The same shot out of its clip's small copy: upright, square, 30 frames a second, from its first frame on."""
    return replace(shot, media=_as_copy(shot.media)) if shot.media else shot


def _lowest(shot: Shot) -> Shot:
    return _lowest(shot.under) if shot.under else shot


def _as_copy(media: Media) -> Media:
    assert media.video is not None
    video = replace(
        media.video,
        rate=RATE,
        duration_frames=RATE.frames(media.video.rate.seconds(media.video.duration_frames)),
        stored_width=media.video.display_width,
        stored_height=media.video.display_height,
        rotation=0,
        mirrored=False,
        sample_aspect=Fraction(1),
        has_alpha=False,
        interlaced=False,
        variable_rate=True,  # its last frame is held: a copy may end a frame early
        colour=Colour(matrix=COPY_MATRICES[matrix_of(media.video)] if not media.video.colour.is_hdr else HDR_COPY_MATRIX),
        stream_offset_s=0.0,
    )
    return replace(media, kind="video", container="mov,mp4,m4a,3gp,3g2,mj2", video=video)
