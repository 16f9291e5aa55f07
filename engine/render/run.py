"""Carries out a render: segments in parallel, cached by content; sound in one pass; joined, checked, then moved into place."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from engine.errors import BadOption, InputError, MediaError
from engine.media import ffmpeg
from engine.media.probe import probe
from engine.progress import SILENT, Progress
from engine.render.encoders import Encoding, choose
from engine.render.estimate import Estimate, estimate, learn_speed, work_s
from engine.render.film import Film
from engine.render.graph import SegmentPlan, concat_list, mux_arguments, plan_segments
from engine.render.lut import read_lut
from engine.render.parts import MadeSound, Shared, make_all
from engine.render.picture import FITS, Look
from engine.render.presets import Preset, Quality, preset_named, quality_named
from engine.render.sound import SoundPlan, plan_sound
from engine.render.workshop import told_of_disk, workshop

__all__ = ["Plan", "RenderOptions", "RenderReport", "listed", "plan", "render", "render_plan"]

MOST_LISTED = 40
"""How many names a message holds (chosen: a screen of them)."""


@dataclass(frozen=True)
class RenderOptions:
    """preset : a platform's size and limits, None for the edit's own. encoder : one of `encoders.CHOICES`.

    fit : crop to fill, or the whole picture over its own blur or a plain colour (`#rrggbb`). lut : a .cube file.
    loudness : `preset`, `off`, or LUFS as a number.
    """

    preset: str | None = None
    quality: str = "high"
    fit: str = "crop"
    background: str = "#000000"
    lut: Path | None = None
    encoder: str = "x264"
    loudness: str = "preset"


@dataclass(frozen=True)
class RenderReport:
    """What was made. `song_start_s`: second of the song at frame 0, for those who add it inside an app.

    loudness_lufs, true_peak_dbtp : of the finished sound, None where it has none. gain_db : what was added to bring it there.
    """

    path: str
    preset: str | None
    frames: int
    duration_s: float
    size_bytes: int
    width: int
    height: int
    rate: str
    encoder: str
    segments_rendered: int
    segments_reused: int
    seconds_taken: float
    estimated_s: float
    estimated_bytes: int
    loudness_lufs: float | None
    true_peak_dbtp: float | None
    gain_db: float
    song_start_s: float | None
    warnings: tuple[str, ...]


@dataclass(frozen=True)
class Plan:
    """Everything that is decided before the first frame: what will be run, how large, how long, and what will not be as asked."""

    film: Film
    preset: Preset
    quality: Quality
    look: Look
    encoding: Encoding
    segments: tuple[SegmentPlan, ...]
    sound: SoundPlan | None
    estimate: Estimate
    warnings: tuple[str, ...] = field(default=())


def plan(film: Film, *, paths: Mapping[str, str], cache: Path, options: RenderOptions = RenderOptions(), workers: int = 1) -> Plan:
    """What `render` would do. Raises `BadOption`, `MediaError` for offline media, `InputError` for a LUT that is none."""
    preset, quality = preset_named(options.preset), quality_named(options.quality)
    size = (preset.width or film.width, preset.height or film.height)
    encoding, word = choose(options.encoder, preset, quality, film.rate, size)
    look = _look(film, options, size, encoding)
    _require_online(film, paths)
    tool = ffmpeg.find_ffmpeg()
    segments = plan_segments(film, paths, look, encoding, f"{tool.version[0]}.{tool.version[1]} {tool.source}")
    sizes = [_size(cache / f"{one.key}{one.suffix}") for one in segments]
    expected = estimate(segments, sizes, size[0] * size[1], film.rate, encoding, workers, cache)
    return Plan(
        film=film,
        preset=preset,
        quality=quality,
        look=look,
        encoding=encoding,
        segments=segments,
        sound=plan_sound(film, paths, preset, quality, _target(options.loudness, preset)),
        estimate=expected,
        warnings=(*film.notes, *([word] if word else []), *_warnings(film, preset, look, expected)),
    )


def _look(film: Film, options: RenderOptions, size: tuple[int, int], encoding: Encoding) -> Look:
    if options.fit not in FITS:
        raise BadOption("bad_fit", f"Pictures cannot be fitted by {options.fit!r}.", f"Use one of {', '.join(FITS)}.")
    return Look(
        width=size[0],
        height=size[1],
        rate=film.rate,
        pixels=encoding.pixels,
        fit=options.fit,
        background=_colour(options.background),
        lut=read_lut(options.lut) if options.lut else None,
        can_tonemap=ffmpeg.has_filter("zscale") and ffmpeg.has_filter("tonemap"),
    )


def _colour(text: str) -> str:
    named = {"black": "#000000", "white": "#ffffff"}.get(text.lower(), text.lower())
    digits = named.removeprefix("#")
    if len(digits) != 6 or not all(digit in "0123456789abcdef" for digit in digits):
        raise BadOption("bad_colour", f"{text!r} is no colour.", "Give black, white, or six digits such as #1a1a2e.")
    return f"#{digits}"


def _target(asked: str, preset: Preset) -> float | None:
    if asked in ("preset", "off"):
        return preset.loudness_lufs if asked == "preset" else None
    try:
        target = float(asked)
    except ValueError:
        target = 0.0
    if not -40 <= target <= -5:
        raise BadOption("bad_loudness", f"{asked!r} is no loudness.", "Give preset, off, or LUFS between -40 and -5, such as -14.")
    return target


def _warnings(film: Film, preset: Preset, look: Look, expected: Estimate) -> Iterator[str]:
    """What somebody should know before the start."""
    hdr = [one.name for one in film.media.values() if one.video is not None and one.video.colour.is_hdr]
    if hdr and not look.can_tonemap:
        yield f"This ffmpeg cannot tone-map: {', '.join(hdr)} will look pale. Install one with zscale (zimg)."
    length_s = float(film.rate.seconds(film.frames))
    if preset.longest_s and length_s > preset.longest_s:
        yield f"{preset.name} takes videos up to {preset.longest_s} s; this one has {length_s:.0f} s."
    if preset.largest_mb and expected.size_bytes > preset.largest_mb * 1e6:
        yield f"{preset.name} takes files up to {preset.largest_mb} MB; this one will have about {expected.size_bytes / 1e6:.0f} MB."
    if preset.rates and not preset.rates[0] <= film.rate.fps <= preset.rates[1]:
        yield f"{preset.name} takes {preset.rates[0]} to {preset.rates[1]} frames a second; this one has {film.rate}."


def _size(file: Path) -> int | None:
    try:
        return file.stat().st_size
    except OSError:
        return None


def _require_online(film: Film, paths: Mapping[str, str]) -> None:
    offline = sorted(one.name for key, one in film.media.items() if key not in paths or not Path(paths[key]).is_file())
    if offline:
        hint = "Say where they are now with --media FOLDER."
        message = f"{len(offline)} media files are not where they were: {listed(offline)}."
        raise MediaError("media_offline", message, hint, files=offline)


def listed(names: Sequence[str]) -> str:
    """Names for a message; a list beyond reading ends with how many more there are (all are in the error's details)."""
    more = len(names) - MOST_LISTED
    return ", ".join(names[:MOST_LISTED]) + (f" and {more} more" if more > 0 else "")


def render(
    film: Film,
    output: Path,
    *,
    paths: Mapping[str, str],
    cache: Path,
    options: RenderOptions = RenderOptions(),
    workers: int = 1,
    progress: Progress = SILENT,
) -> RenderReport:
    """Renders `film` to `output`, which then holds exactly its frames; until it is checked the path stays as it was.

    paths : media id -> file, for clips and sounds. cache : folder of finished segments, reused by content.
    Raises `BadOption`, `MediaError` for offline or undecodable media, `OutputError` for the disk, `MissingToolError`, `Cancelled`.
    """
    return render_plan(plan(film, paths=paths, cache=cache, options=options, workers=workers), output, cache, workers, progress)


def render_plan(made: Plan, output: Path, cache: Path, workers: int = 1, progress: Progress = SILENT) -> RenderReport:
    """Carries out a plan."""
    began = time.monotonic()
    _check_suffix(made.preset, output)
    with told_of_disk(output), workshop(cache) as parts, workshop(output.parent) as work:
        progress.stage("Rendering", made.film.frames)
        missing = {one.key: one for one in made.segments if _size(cache / f"{one.key}{one.suffix}") is None}
        progress.advance(sum(one.frames for one in made.segments if one.key not in missing))
        order = sorted(missing.values(), key=lambda one: -work_s([one], made.look.width * made.look.height, made.encoding))
        encode = (made.preset, made.quality)
        sound = make_all(order, made.sound, encode, cache, parts, workers, Shared(progress))
        taken_s = time.monotonic() - began
        learn_speed(cache, work_s(order, made.look.width * made.look.height, made.encoding), taken_s, min(workers, len(order)))
        progress.stage("Joining")
        part = _joined(made, sound, cache, work, progress)
        size = part.stat().st_size
        shutil.copymode(work / "segments.ffconcat", part)
        os.replace(part, output)
    return _report(made, output, size, len(missing), sound, time.monotonic() - began)


def _check_suffix(preset: Preset, output: Path) -> None:
    allowed = (".mp4", ".mov", ".m4v") if preset.codec == "h264" else (".mov",)
    if output.suffix.lower() not in allowed:
        hint = f"End its name with {' or '.join(allowed)}."
        raise BadOption("bad_output_name", f"{output.name} cannot hold this video.", hint, path=str(output))


def _joined(made: Plan, sound: MadeSound | None, cache: Path, work: Path, progress: Progress) -> Path:
    files = [cache / f"{one.key}{one.suffix}" for one in made.segments]
    part = work / f"joined{made.preset.suffix}"
    listing = work / "segments.ffconcat"
    frames = [one.frames for one in made.segments]
    listing.write_text(concat_list([str(file) for file in files], frames, made.film.rate), encoding="utf-8")
    ffmpeg.run(mux_arguments(str(listing), str(sound.file) if sound else None, made.film.rate, str(part)), progress=progress)
    _check(made.film, part)
    return part


def _report(made: Plan, output: Path, size: int, rendered: int, sound: MadeSound | None, taken_s: float) -> RenderReport:
    target = made.sound.target_lufs if made.sound else None
    heard = sound.lufs if sound else None
    short = target is not None and heard is not None and heard < target - 1
    word = [f"The sound stays at {heard:.1f} LUFS: louder, its peaks would clip."] if short else []
    return RenderReport(
        path=str(output),
        preset=None if made.preset.name == "none" else made.preset.name,
        frames=made.film.frames,
        duration_s=float(made.film.rate.seconds(made.film.frames)),
        size_bytes=size,
        width=made.look.width,
        height=made.look.height,
        rate=made.film.rate.to_json(),
        encoder=made.encoding.encoder,
        segments_rendered=rendered,
        segments_reused=len(made.segments) - rendered,
        seconds_taken=round(taken_s, 2),
        estimated_s=made.estimate.seconds,
        estimated_bytes=made.estimate.size_bytes,
        loudness_lufs=heard,
        true_peak_dbtp=sound.peak_dbtp if sound else None,
        gain_db=sound.gain_db if sound else 0.0,
        song_start_s=made.film.song_start_s,
        warnings=(*made.warnings, *word),
    )


def _check(film: Film, made: Path) -> None:
    """Nothing is handed over that is not what was asked for."""
    video = probe(made).video
    frames = video.duration_frames if video else 0
    if video is None or frames != film.frames or video.variable_rate or (video.rate != film.rate and frames > 1):
        rate = video.rate if video else "none"
        message = f"The result has {frames} frames at {rate} instead of {film.frames} at {film.rate}."
        raise InputError("render_wrong", message, "Report this with the log: it is a bug or a broken ffmpeg.")
