"""Songs: measured once, corrected for good, shown and made audible."""

from __future__ import annotations

import functools
import json
import math
from pathlib import Path
from typing import TYPE_CHECKING, Any

from engine.analysis.corrections import Given, correct
from engine.analysis.song import SONG_ANALYSER_VERSION, analyse_song
from engine.errors import BadOption, CutprintError, InputError, MediaError, MissingToolError, SongError
from engine.media.probe import check_there
from engine.model import documents
from engine.model.analysis import SongAnalysis
from engine.model.media import Media
from engine.perception.catalog import beat_listener
from engine.store.cache import CacheKey
from engine.store.projects import atomic_write, check_writable
from engine.studio.footage import full_path, probe_cached
from engine.studio.requests import SongRequest
from engine.studio.workers import run_all

if TYPE_CHECKING:
    from engine.progress import Progress
    from engine.studio.context import Studio

__all__ = ["measured_song", "song"]


def measured_song(studio: Studio, path: Path, progress: Progress) -> tuple[Media, SongAnalysis]:
    """The song and what is known of it, corrections applied. Raises `MediaError` or `SongError`."""
    media = _song_media(studio, path, progress)
    weights = studio.settings.beat_weights
    key = CacheKey(media.media_id, "song", SONG_ANALYSER_VERSION, _options(weights))
    kept = studio.cache.get(key)
    if kept is None:
        body = run_all(studio, functools.partial(measure, weights=weights), [media], "Listening to the song", progress)[0]
        if isinstance(body, CutprintError):
            raise body
        studio.cache.put(key, body)
        kept = body
    analysis = documents.decode(documents.loads(kept.decode()))
    assert isinstance(analysis, SongAnalysis)
    return media, _corrected(studio, media, analysis)


def measure(media: Media, weights: str = "") -> bytes:
    """One song in a worker process."""
    listener = beat_listener(Path(weights)) if weights else None
    return documents.dumps(documents.encode(analyse_song(media, listener=listener))).encode()


def _options(weights: str) -> str:
    """Foreign weights by name, size and age."""
    if not weights:
        return ""
    try:
        facts = Path(weights).stat()
    except OSError as cause:
        hint = "Set beat_weights to a checkpoint of Beat This!, such as final0.ckpt, or leave it empty."
        raise MissingToolError("beat_weights_unusable", f"There are no weights at {weights}.", hint, path=weights) from cause
    return f"{Path(weights).name}-{facts.st_size}-{facts.st_mtime_ns}"


def _song_media(studio: Studio, path: Path, progress: Progress) -> Media:
    try:
        check_there(path)
    except MediaError as cause:
        if cause.code != "media_missing":
            raise
        raise SongError("song_missing", f"{path} does not exist.", "Check --song.", path=str(path)) from cause
    if path.is_dir():
        raise SongError("song_is_folder", f"{path} is a folder, not a song.", "Give the song's file.", path=str(path))
    result = probe_cached(studio, [full_path(path)], progress)[0]
    if isinstance(result, CutprintError):
        raise result
    if result.audio is None:
        hint = "Give an mp3, wav, flac, m4a or ogg file, or a video with sound."
        raise SongError("song_no_audio", f"{path.name} has no sound.", hint, path=str(path))
    return result


def song(studio: Studio, request: SongRequest, progress: Progress) -> dict[str, Any]:
    """Handler of `song`: the analysis as JSON, with `files` for what was drawn or mixed."""
    media = _song_media(studio, request.file, progress)
    _remember_corrections(studio, media, request)
    media, analysis = measured_song(studio, request.file, progress)
    result = documents.encode(analysis)
    result["file"] = media.path
    result["tempo"] = analysis.tempo_bpm
    result["sections"] = [{**row, "start": row["start_s"], "end": row["end_s"]} for row in result["sections"]]
    result["files"] = _written(media, analysis, request, progress)
    return result


def _written(media: Media, analysis: SongAnalysis, request: SongRequest, progress: Progress) -> dict[str, str]:
    files = {}
    if request.click:
        from engine.analysis.song import click_mix
        from engine.media.encode import write_wav

        progress.stage("Mixing clicks")
        check_writable(request.click.parent)
        samples, rate_hz = click_mix(media, analysis)
        write_wav(request.click, samples, rate_hz)
        files["click"] = str(request.click)
    if request.plot:
        from engine.analysis.song_plot import plot_song

        progress.stage("Drawing")
        check_writable(request.plot.parent)
        plot_song(media, analysis, request.plot)
        files["plot"] = str(request.plot)
    return files


# Corrections are the user's, so they live in the workspace and not in the cache.


def _corrections_path(studio: Studio, media: Media) -> Path:
    return studio.workspace / "songs" / f"{media.media_id}.json"


def _corrections(studio: Studio, media: Media) -> dict[str, Any]:
    try:
        kept = json.loads(_corrections_path(studio, media).read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as cause:
        hint = "Run `cutprint song FILE --forget` to drop them."
        raise InputError("corrections_unreadable", f"The corrections of {media.name} cannot be read.", hint) from cause
    return dict(kept)


def _corrected(studio: Studio, media: Media, analysis: SongAnalysis) -> SongAnalysis:
    kept = _corrections(studio, media)
    if not kept:
        return analysis
    return correct(
        analysis,
        half=bool(kept.get("half")),
        double=bool(kept.get("double")),
        offset_s=float(kept.get("offset_s", 0.0)),
        beats=_kept_times(kept.get("beats")),
        taps=_kept_times(kept.get("taps")),
    )


def _kept_times(rows: list[Any] | None) -> Given | None:
    """Times as they were kept: plain seconds, or seconds and whether a bar begins there."""
    if not rows:
        return None
    return tuple((float(row[0]), row[1]) if isinstance(row, list) else (float(row), None) for row in rows)


def _remember_corrections(studio: Studio, media: Media, request: SongRequest) -> None:
    if request.beats is not None and request.tap is not None:
        raise BadOption("bad_correction", "--beats and --tap are two answers to one question.", "Give one of them.")
    if request.half and request.double:
        raise BadOption("bad_correction", "--half and --double together leave nothing changed.", "Give one of them.")
    path = _corrections_path(studio, media)
    if request.forget:
        path.unlink(missing_ok=True)
    asked = _asked(request)
    if asked:
        body = json.dumps({"song": media.name, **({} if request.forget else _corrections(studio, media)), **asked})
        atomic_write(path, body.encode())


def _asked(request: SongRequest) -> dict[str, Any]:
    asked: dict[str, Any] = {}
    if request.half or request.double:
        asked |= {"half": request.half, "double": request.double}
    if request.offset is not None:
        asked["offset_s"] = request.offset
    if request.beats is not None:
        asked |= {"beats": _times_of_file(request.beats, "beats"), "taps": None}
    if request.tap is not None:
        asked |= {"taps": _times_of_file(request.tap, "taps"), "beats": None}
    return asked


def _times_of_file(path: Path, what: str) -> list[tuple[float, bool | None]]:
    """One time in seconds a line, and, if the line goes on, the beat's number in its bar (1 begins a bar)."""
    try:
        lines = [line.split() for line in path.read_text(encoding="utf-8-sig").splitlines()]
        rows = [row for row in lines if row and not row[0].startswith("#")]
        rows = rows[1:] if rows and rows[0][0][0].isalpha() else rows  # a heading
        found = [(float(row[0]), float(row[1]) == 1 if len(row) > 1 else None) for row in rows]
    except (OSError, UnicodeDecodeError, ValueError) as cause:
        hint = "Write one time in seconds a line, and after it, if you like, 1 where a bar begins."
        raise InputError("beats_unreadable", f"{path} is no list of {what}.", hint, path=str(path)) from cause
    times = [time for time, _ in found]
    if len(times) < 2 or any(b <= a for a, b in zip(times, times[1:])) or times[0] < 0 or not all(map(math.isfinite, times)):
        raise InputError("beats_unreadable", f"The {what} in {path} do not ascend from 0.", "Sort them.", path=str(path))
    return found
