"""The parts of a film, made side by side: its segments and its sound, each kept in the cache under a name made of its content."""

from __future__ import annotations

import contextlib
import json
import os
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from engine.errors import Cancelled, MediaError
from engine.media import ffmpeg
from engine.media.probe import probe
from engine.progress import Progress
from engine.render.graph import SegmentPlan
from engine.render.presets import Preset, Quality
from engine.render.sound import SoundPlan, encode_arguments, gain_db, loudness_of

__all__ = ["MadeSound", "Shared", "make_all"]


@dataclass(frozen=True)
class MadeSound:
    """A finished sound: its loudness (EBU R128) as it came out, and what was added to bring it there."""

    file: Path
    lufs: float
    gain_db: float


class Shared:
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
        if self.stopped:
            raise Cancelled()
        with self._lock:
            action()


def make_all(
    segments: Sequence[SegmentPlan],
    sound: SoundPlan | None,
    encode: tuple[Preset, Quality],
    cache: Path,
    parts: Path,
    workers: int,
    progress: Shared,
) -> MadeSound | None:
    """Makes what is not there yet, in the given order, the sound first; returns the sound. parts : a folder on the cache's disk."""
    with ThreadPoolExecutor(max_workers=max(1, workers)) as pool:
        heard = pool.submit(_sound, sound, encode, cache, parts, progress) if sound else None
        futures: list[Future[Any]] = [pool.submit(_segment, one, cache, parts, progress) for one in segments]
        try:
            for future in as_completed([*futures, *([heard] if heard else [])]):
                future.result()
        except BaseException:
            progress.stopped = True
            for future in futures:
                future.cancel()
            raise
    for one in segments:
        _used(cache / f"{one.key}{one.suffix}")
    return heard.result() if heard else None


def _used(file: Path) -> None:
    """Marks a file as recently used: the cache drops the oldest first."""
    with contextlib.suppress(OSError):
        os.utime(file)


def _segment(plan: SegmentPlan, cache: Path, parts: Path, progress: Progress) -> None:
    part = parts / f"{plan.key}{plan.suffix}"
    ffmpeg.run([*plan.arguments, ffmpeg.file_argument(part)], progress=progress, total_frames=plan.frames)
    got = _frames_in(part)
    if got != plan.frames:
        hint = "Run `cutprint analyze` on the clip: its end may be damaged."
        message = f"{plan.name} came out with {got} frames instead of {plan.frames}."
        raise MediaError("render_short", message, hint, clip=plan.name)
    os.replace(part, cache / f"{plan.key}{plan.suffix}")


def _frames_in(made: Path) -> int:
    try:
        video = probe(made).video
    except MediaError:  # nothing was encoded: the file is empty or has no streams
        return 0
    return video.duration_frames if video else 0


def _sound(plan: SoundPlan, encode: tuple[Preset, Quality], cache: Path, parts: Path, progress: Progress) -> MadeSound:
    file = cache / f"{plan.key}{plan.suffix}"
    facts = file.with_name(f"{file.name}.json")
    known = _known(file, facts)
    if known is not None:
        return known
    mixed, part = parts / "mixed.wav", parts / file.name
    printed = ffmpeg.run([*plan.mix, ffmpeg.file_argument(mixed)], progress=progress, capture=True)
    measured = loudness_of(printed.decode(errors="replace"))
    gain = gain_db(measured, plan.target_lufs)
    ffmpeg.run(encode_arguments(str(mixed), str(part), *encode, gain), progress=progress)
    made = MadeSound(file, round(measured.integrated_lufs + gain, 2), gain)
    mixed.unlink()
    os.replace(part, file)
    part.write_text(json.dumps({"lufs": made.lufs, "gain_db": gain}), encoding="utf-8")
    os.replace(part, facts)
    return made


def _known(file: Path, facts: Path) -> MadeSound | None:
    """A sound that was finished before."""
    try:
        rows = json.loads(facts.read_text(encoding="utf-8"))
        made = MadeSound(file, float(rows["lufs"]), float(rows["gain_db"]))
    except (OSError, ValueError, KeyError, TypeError):
        return None
    if not file.is_file():
        return None
    _used(file)
    _used(facts)
    return made
