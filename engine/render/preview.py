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

from engine.errors import MediaError
from engine.media import ffmpeg
from engine.media.probe import probe
from engine.media.proxy import PROXY_FPS
from engine.model.media import Colour, Media
from engine.model.time import FrameRate, round_half_up
from engine.progress import SILENT, Progress
from engine.render.encoders import timescale
from engine.render.film import Film, Shot
from engine.render.graph import mux_arguments, quoted, single_pass
from engine.render.parts import MadeSound, Shared, make_all
from engine.render.picture import Look, matrix_of
from engine.render.presets import Preset, Quality
from engine.render.sound import plan_quick_sound
from engine.render.workshop import workshop

__all__ = ["PREVIEWS", "PreviewReport", "copy_list", "preview"]

PREVIEWS = ("proxy", "crop", "rhythm")
RATE = FrameRate(PROXY_FPS)
SHORT_SIDE_PX = 360
INSIDE_S = Fraction(2, 1000)
"""In and out points lie this much inside a frame: the concat demuxer takes what lies between them."""
COPY_MATRICES = {"bt709": "bt709", "bt601": "smpte170m", "bt2020": "bt2020nc"}
"""A copy keeps its clip's colour matrix, under the names that files use."""
HDR_COPY_MATRIX = "smpte170m"
"""Copies of HDR clips were tone-mapped as RGB and stored in this one."""
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
    with workshop(cache) as parts, workshop(output.parent) as work:
        sound = make_all([], plan_quick_sound(film, sounds, *SOUND), SOUND, cache, parts, 1, Shared(progress))
        part = work / "preview.mp4"
        if kind == "proxy":
            _copied(film, proxies, sound, work, part, progress)
        else:
            _cropped(film, proxies, sound, part, progress)
        size = part.stat().st_size
        os.replace(part, output)
    frames = _copy_frames(film)[-1] if kind == "proxy" else film.frames
    rate = RATE if kind == "proxy" else film.rate
    taken = round(time.monotonic() - began, 2)
    return PreviewReport(str(output), kind, frames, rate.to_json(), size, taken, film.song_start_s, tuple(notes))


def _require(film: Film, proxies: Mapping[str, Path]) -> None:
    missing = sorted({shot.media.name for shot in film.shots if shot.media and shot.media.media_id not in proxies})
    if missing:
        hint = "Run `cutprint analyze` on the clips, or say where they are with --media FOLDER."
        message = f"{len(missing)} clips have no small copy: {', '.join(missing[:5])}."
        raise MediaError("proxy_missing", message, hint, files=missing)


def _why_not_copied(film: Film, proxies: Mapping[str, Path]) -> str:
    if any(shot.media is None for shot in film.shots):
        return "Black between clips cannot be joined by copying: the preview is cropped and encoded."
    used = {shot.media.media_id for shot in film.shots if shot.media}
    sizes = {(video.stored_width, video.stored_height) for one in used if (video := probe(proxies[one]).video) is not None}
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


def _copied(film: Film, proxies: Mapping[str, Path], sound: MadeSound | None, work: Path, part: Path, progress: Progress) -> None:
    listing = work / "preview.ffconcat"
    listing.write_text(copy_list(film, proxies), encoding="utf-8")
    ffmpeg.run(mux_arguments(str(listing), str(sound.file) if sound else None, RATE, str(part)), progress=progress)


def _cropped(film: Film, proxies: Mapping[str, Path], sound: MadeSound | None, part: Path, progress: Progress) -> None:
    scale = SHORT_SIDE_PX / min(film.width, film.height)
    look = Look(2 * round(film.width * scale / 2), 2 * round(film.height * scale / 2), film.rate)
    small = replace(film, shots=tuple(_from_copy(shot) for shot in film.shots))
    # No limit on frames: ffmpeg would end the sound with it. The graph ends by itself.
    options: dict[str, object] = {"c:v": "libx264", "preset": "ultrafast", "crf": 28}
    options |= {"video_track_timescale": timescale(film.rate), "movflags": "+faststart"}
    paths = {key: str(path) for key, path in proxies.items()}
    picture = list(single_pass(small, paths, look, options))
    if sound:
        at = picture.index("-filter_complex")
        inputs = picture[:at].count("-i")
        picture = [*picture[:at], "-i", f"file:{sound.file}", *picture[at:], "-map", f"{inputs}:a:0", "-c:a", "copy"]
    got = ffmpeg.encode([*picture, f"file:{part}"], total_frames=film.frames, progress=progress)
    if got != film.frames:
        message = f"The preview came out with {got} frames instead of {film.frames}."
        raise MediaError("render_short", message, "Run `cutprint analyze` on the clips: the end of one may be damaged.")


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
