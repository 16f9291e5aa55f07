"""Carries out a render: segments in parallel, cached by content; sound in one pass; joined, checked, then moved into place."""

from __future__ import annotations

import contextlib
import errno
import os
import shutil
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from pathlib import Path

from engine.errors import InputError, MediaError, OutputError
from engine.media import ffmpeg
from engine.media.probe import probe
from engine.model.timeline import Timeline
from engine.progress import SILENT, Progress
from engine.render.graph import Look, SegmentPlan, audio_arguments, concat_list, mux_arguments, plan_segments
from engine.render.presets import preset_named, quality_named

__all__ = ["RenderOptions", "RenderReport", "render"]


@dataclass(frozen=True)
class RenderOptions:
    """preset : a platform's size and limits, None for the timeline's own. audio : None for what the edit was made with."""

    preset: str | None = None
    quality: str = "high"
    audio: str | None = None


@dataclass(frozen=True)
class RenderReport:
    """What was made. `song_start_s`: second of the song at frame 0, for those who add it inside an app."""

    path: str
    frames: int
    duration_s: float
    size_bytes: int
    width: int
    height: int
    segments_rendered: int
    segments_reused: int
    seconds_taken: float
    song_start_s: float | None
    warnings: tuple[str, ...]


def render(
    timeline: Timeline,
    output: Path,
    *,
    paths: Mapping[str, str],
    cache: Path,
    options: RenderOptions = RenderOptions(),
    workers: int = 1,
    progress: Progress = SILENT,
) -> RenderReport:
    """Renders `timeline` to `output`, which then holds exactly its frames; until it is checked the path stays as it was.

    paths : media id -> file, for clips and song. cache : folder of finished segments, reused by content.
    Raises `MediaError` for offline or undecodable media, `OutputError` for the disk, `MissingToolError`, `Cancelled`.
    """
    began = time.monotonic()
    look = _look(timeline, options)
    _require_online(timeline, paths)
    plans = plan_segments(timeline, paths, look)
    mode = options.audio or timeline.audio
    with _folders(output, cache) as work:
        progress.stage("Rendering", timeline.duration_frames)
        files, rendered = _segments(plans, cache, workers, progress)
        progress.stage("Joining")
        sound = _sound(timeline, mode, paths, options, work, progress)
        part = work / f"joined{output.suffix or '.mp4'}"
        listing = work / "segments.ffconcat"
        listing.write_text(concat_list([str(file) for file in files], plans, look.rate), encoding="utf-8")
        ffmpeg.run(mux_arguments(str(listing), sound, look, str(part)), progress=progress)
        _check(timeline, part)
        size = part.stat().st_size
        os.replace(part, output)
    return RenderReport(
        path=str(output),
        frames=timeline.duration_frames,
        duration_s=float(timeline.duration_s),
        size_bytes=size,
        width=look.width,
        height=look.height,
        segments_rendered=rendered,
        segments_reused=len(plans) - rendered,
        seconds_taken=round(time.monotonic() - began, 2),
        song_start_s=timeline.song.source_start_s if timeline.song else None,
        warnings=_warnings(timeline, look),
    )


def _look(timeline: Timeline, options: RenderOptions) -> Look:
    preset = preset_named(options.preset) if options.preset else None
    own_size = preset is None or preset.codec == "prores"
    width, height = (timeline.width, timeline.height) if own_size or preset is None else (preset.width, preset.height)
    can_tonemap = ffmpeg.has_filter("zscale") and ffmpeg.has_filter("tonemap")
    return Look(width, height, timeline.rate, preset, quality_named(options.quality), can_tonemap)


def _warnings(timeline: Timeline, look: Look) -> tuple[str, ...]:
    hdr = [row.name for row in timeline.media if row.video is not None and row.video.colour.is_hdr]
    if hdr and not look.can_tonemap:
        return (f"This ffmpeg cannot tone-map: {', '.join(hdr)} will look pale. Install one with zscale (zimg).",)
    return ()


def _require_online(timeline: Timeline, paths: Mapping[str, str]) -> None:
    wanted = {clip.media_id: clip.file for clip in timeline.clips}
    if timeline.song is not None:
        wanted[timeline.song.media_id] = timeline.song.file
    offline = sorted(name for one, name in wanted.items() if one not in paths or not Path(paths[one]).is_file())
    if offline:
        hint = "Say where they are now with --media FOLDER."
        raise MediaError(
            "media_offline", f"{len(offline)} media files are not where they were: {', '.join(offline[:5])}.", hint, files=offline
        )


@contextlib.contextmanager
def _folders(output: Path, cache: Path) -> Iterator[Path]:
    """A working folder beside the output (the same disk, so that the last step is one rename), gone afterwards."""
    try:
        output.parent.mkdir(parents=True, exist_ok=True)
        cache.mkdir(parents=True, exist_ok=True)
        work = Path(tempfile.mkdtemp(prefix=".cutprint-render-", dir=output.parent))
    except OSError as cause:
        hint = "Choose a folder you may write to with -o."
        raise OutputError("output_read_only", f"{output.parent} cannot be written: {cause.strerror}.", hint, path=str(output)) from cause
    try:
        yield work
    except OSError as cause:
        full = cause.errno in (errno.ENOSPC, errno.EDQUOT)
        code, why = ("disk_full", "there is no space left") if full else ("output_failed", str(cause.strerror or cause))
        raise OutputError(
            code, f"{output} cannot be written: {why}.", "Free some space or choose another disk.", path=str(output)
        ) from cause
    finally:
        shutil.rmtree(work, ignore_errors=True)


class _Shared:
    """A Progress used by several threads at once."""

    def __init__(self, inner: Progress) -> None:
        self._inner, self._lock = inner, threading.Lock()
        self.stopped = False

    def stage(self, name: str, total: float = 0.0) -> None:
        pass

    def advance(self, amount: float = 1.0) -> None:
        self._do(lambda: self._inner.advance(amount))

    def check(self) -> None:
        self._do(self._inner.check)

    def _do(self, action: Callable[[], None]) -> None:
        from engine.errors import Cancelled

        if self.stopped:
            raise Cancelled()
        with self._lock:
            action()


def _segments(plans: tuple[SegmentPlan, ...], cache: Path, workers: int, progress: Progress) -> tuple[list[Path], int]:
    """Files of all segments in order, and how many had to be made. Longest first, so that no core idles at the end."""
    files = {plan.key: cache / f"{plan.key}{plan.suffix}" for plan in plans}
    missing = {plan.key: plan for plan in plans if not files[plan.key].is_file()}
    progress.advance(sum(plan.frames for plan in plans if plan.key not in missing))
    shared = _Shared(progress)
    order = sorted(missing.values(), key=lambda plan: -plan.frames)
    with ThreadPoolExecutor(max_workers=max(1, workers)) as pool:
        futures = [pool.submit(_one, plan, files[plan.key], shared) for plan in order]
        try:
            for future in as_completed(futures):
                future.result()
        except BaseException:
            shared.stopped = True
            for future in futures:
                future.cancel()
            raise
    for file in files.values():
        with contextlib.suppress(OSError):
            os.utime(file)  # recently used: the cache drops the oldest first
    return [files[plan.key] for plan in plans], len(missing)


def _one(plan: SegmentPlan, file: Path, progress: Progress) -> None:
    handle, name = tempfile.mkstemp(prefix=".", suffix=f".part{plan.suffix}", dir=file.parent)
    os.close(handle)
    part = Path(name)
    try:
        ffmpeg.run([*plan.arguments, f"file:{part}"], progress=progress, total_frames=plan.frames)
        got = _frames_in(part)
        if got != plan.frames:
            hint = "Run `cutprint analyze` on the clip: its end may be damaged."
            message = f"{plan.clip_id} came out with {got} frames instead of {plan.frames}."
            raise MediaError("render_short", message, hint, clip=plan.clip_id)
        os.replace(part, file)
    finally:
        with contextlib.suppress(OSError):
            part.unlink()


def _frames_in(made: Path) -> int:
    try:
        video = probe(made).video
    except MediaError:  # nothing was encoded: the file is empty or has no streams
        return 0
    return video.duration_frames if video else 0


def _sound(timeline: Timeline, mode: str, paths: Mapping[str, str], options: RenderOptions, work: Path, progress: Progress) -> str | None:
    target = work / "sound.m4a"
    arguments = audio_arguments(timeline, mode, paths, quality_named(options.quality), str(target))
    if arguments is None:
        return None
    ffmpeg.run(arguments, progress=progress)
    return str(target)


def _check(timeline: Timeline, made: Path) -> None:
    """Nothing is handed over that is not what was asked for."""
    video = probe(made).video
    frames = video.duration_frames if video else 0
    if video is None or frames != timeline.duration_frames or video.variable_rate or video.rate != timeline.rate:
        rate = video.rate if video else "none"
        message = f"The result has {frames} frames at {rate} instead of {timeline.duration_frames} at {timeline.rate}."
        raise InputError("render_wrong", message, "Report this with the log: it is a bug or a broken ffmpeg.")
