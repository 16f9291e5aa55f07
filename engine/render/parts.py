"""The parts of a film, made side by side: its segments and its sound, each kept in the cache under a name made of its content."""

from __future__ import annotations

import contextlib
import dataclasses
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
from engine.progress import Progress
from engine.render.graph import SegmentPlan
from engine.render.presets import Preset, Quality
from engine.render.queueing import Pending
from engine.render.sound import (
    SILENT_LUFS,
    Level,
    Loudness,
    SoundPlan,
    encode_arguments,
    first_level,
    loudness_of,
    measure_arguments,
    next_level,
)

__all__ = ["MadeSound", "Shared", "make_all", "mark_used"]

LEVEL_TRIES = 4
"""How often a sound is encoded to meet its loudness (two did for all songs that were tried)."""


@dataclass(frozen=True)
class MadeSound:
    """A finished sound: its loudness and true peak (EBU R128) as they came out, and what was added to bring it there.

    limited : whether peaks were held down.
    """

    file: Path
    lufs: float
    peak_dbtp: float
    gain_db: float
    limited: bool


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
        pending = Pending(segments, workers)
        futures: list[Future[Any]] = [pool.submit(_next_segment, pending, cache, parts, progress) for _ in segments]
        try:
            for future in as_completed([*futures, *([heard] if heard else [])]):
                future.result()
        except BaseException:
            progress.stopped = True
            for future in futures:
                future.cancel()
            raise
    for one in segments:
        mark_used(cache / f"{one.key}{one.suffix}")
    return heard.result() if heard else None


def mark_used(file: Path) -> None:
    """Marks a file as recently used: the cache drops the oldest first."""
    with contextlib.suppress(OSError):
        os.utime(file)


def _next_segment(pending: Pending, cache: Path, parts: Path, progress: Progress) -> None:
    with pending.next(progress.check) as plan:
        _segment(plan, cache, parts, progress)


def _segment(plan: SegmentPlan, cache: Path, parts: Path, progress: Progress) -> None:
    part = parts / f"{plan.key}{plan.suffix}"
    nowhere = [*plan.arguments, "-f", "null", "-"]
    got = ffmpeg.encode([*plan.arguments, ffmpeg.file_argument(part)], total_frames=plan.frames, progress=progress, repeat=nowhere)
    if got != plan.frames:
        hint = "Run `cutprint analyze` on the clip: its end may be damaged."
        message = f"{plan.name} came out with {got} frames instead of {plan.frames}."
        raise MediaError("render_short", message, hint, clip=plan.name)
    os.replace(part, cache / f"{plan.key}{plan.suffix}")


def _sound(plan: SoundPlan, encode: tuple[Preset, Quality], cache: Path, parts: Path, progress: Progress) -> MadeSound:
    file = cache / f"{plan.key}{plan.suffix}"
    facts = file.with_name(f"{file.name}.json")
    known = _known(file, facts)
    if known is not None:
        return known
    mixed, part = parts / "mixed.wav", parts / file.name
    printed = ffmpeg.run([*plan.mix, ffmpeg.file_argument(mixed)], progress=progress, capture=True)
    level, heard = _levelled(mixed, part, plan, encode, loudness_of(printed.decode(errors="replace")), progress)
    mixed.unlink()
    made = MadeSound(file, heard.integrated_lufs, heard.true_peak_dbtp, level.gain_db, level.ceiling_dbtp is not None)
    os.replace(part, file)
    rows = {name: value for name, value in dataclasses.asdict(made).items() if name != "file"}
    part.write_text(json.dumps(rows), encoding="utf-8")
    os.replace(part, facts)
    return made


def _levelled(
    mixed: Path, part: Path, plan: SoundPlan, encode: tuple[Preset, Quality], mix: Loudness, progress: Progress
) -> tuple[Level, Loudness]:
    """Encodes, listens to what came out, and again with a better level until it is as loud as asked and nowhere too high."""
    level = first_level(mix, plan.target_lufs)
    for number in range(LEVEL_TRIES):
        ffmpeg.run(encode_arguments(str(mixed), str(part), *encode, level), progress=progress)
        if plan.target_lufs is None:
            return level, mix
        heard = loudness_of(ffmpeg.run(measure_arguments(str(part)), progress=progress, capture=True).decode(errors="replace"))
        if heard.integrated_lufs <= SILENT_LUFS:
            break
        better = next_level(level, mix, heard, plan.target_lufs)
        if better == level or number == LEVEL_TRIES - 1:
            break
        level = better
    return level, heard


def _known(file: Path, facts: Path) -> MadeSound | None:
    """A sound that was finished before."""
    try:
        rows = json.loads(facts.read_text(encoding="utf-8"))
        made = MadeSound(file, rows["lufs"], rows["peak_dbtp"], rows["gain_db"], rows["limited"])
    except (OSError, ValueError, KeyError, TypeError):
        return None
    if not file.is_file():
        return None
    mark_used(file)
    mark_used(facts)
    return made
