"""The one place that starts ffmpeg.

`find_ffmpeg` takes CUTPRINT_FFMPEG, else the system's, else the one in the imageio-ffmpeg wheel. ffprobe is never needed.
"""

from __future__ import annotations

import collections
import contextlib
import functools
import os
import re
import shlex
import shutil
import subprocess
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from engine.errors import MediaError, MissingToolError, OutputError
from engine.progress import SILENT, Progress

__all__ = ["FFmpegTool", "check_ffmpeg", "encode", "find_ffmpeg", "has_encoder", "has_filter", "open_input_pipe", "run"]

STDERR_LINES = 40
"""How many of ffmpeg's last lines an error carries (chosen: enough to see the cause)."""


@dataclass(frozen=True)
class FFmpegTool:
    """A working ffmpeg. `version` is (major, minor); (0, 0) for builds without a number (git snapshots)."""

    path: str
    version: tuple[int, int]
    source: str


def find_ffmpeg() -> FFmpegTool:
    """The ffmpeg to use. Raises `MissingToolError` where there is none or CUTPRINT_FFMPEG is wrong."""
    return _find(os.environ.get("CUTPRINT_FFMPEG", ""), os.environ.get("PATH", ""))


def check_ffmpeg(needed: bool) -> None:
    """Says before long work what would stop it: no ffmpeg where one is `needed`, or a wrong CUTPRINT_FFMPEG in any case.

    Raises `MissingToolError`.
    """
    if needed or os.environ.get("CUTPRINT_FFMPEG"):
        find_ffmpeg()


@functools.lru_cache(maxsize=8)
def _find(named: str, _path: str) -> FFmpegTool:
    if named:
        return _tried(named, "CUTPRINT_FFMPEG", f"CUTPRINT_FFMPEG names {named}, which is no working ffmpeg.")
    system = shutil.which("ffmpeg")
    if system:
        with contextlib.suppress(MissingToolError):
            return _tried(system, "system", "")
    return _tried(_bundled(), "imageio-ffmpeg", "No ffmpeg was found.")


def _bundled() -> str:
    try:
        import imageio_ffmpeg

        return str(imageio_ffmpeg.get_ffmpeg_exe())
    except (ImportError, RuntimeError) as cause:
        hint = "Install ffmpeg, or `pip install imageio-ffmpeg`."
        raise MissingToolError("ffmpeg_not_found", "No ffmpeg was found.", hint) from cause


def _tried(path: str, source: str, message: str) -> FFmpegTool:
    try:
        shown = subprocess.run([path, "-version"], capture_output=True, timeout=30, check=True, **_quiet())
    except (OSError, subprocess.SubprocessError) as cause:
        hint = "Correct or unset CUTPRINT_FFMPEG." if source == "CUTPRINT_FFMPEG" else "Install ffmpeg."
        raise MissingToolError("ffmpeg_not_found", message or "ffmpeg does not work.", hint, path=path) from cause
    first = shown.stdout.decode(errors="replace").splitlines()[0] if shown.stdout else ""
    if not first.startswith("ffmpeg version"):
        raise MissingToolError("ffmpeg_not_found", message or f"{path} is not ffmpeg.", "Correct CUTPRINT_FFMPEG.", path=path)
    number = re.match(r"ffmpeg version n?(\d+)\.(\d+)", first)
    return FFmpegTool(path, (int(number[1]), int(number[2])) if number else (0, 0), source)


@functools.lru_cache(maxsize=64)
def _listing(path: str, what: str) -> str:
    shown = subprocess.run([path, "-hide_banner", what], capture_output=True, timeout=30, check=False, **_quiet())
    return bytes(shown.stdout).decode(errors="replace")


def has_filter(name: str) -> bool:
    """Whether this ffmpeg was built with the filter."""
    return re.search(rf"^\s*[A-Z.|]+\s+{re.escape(name)}\s", _listing(find_ffmpeg().path, "-filters"), re.M) is not None


def has_encoder(name: str) -> bool:
    """Whether this ffmpeg was built with the encoder (hardware ones may still fail when tried)."""
    return re.search(rf"^\s*[A-Z.]+\s+{re.escape(name)}\s", _listing(find_ffmpeg().path, "-encoders"), re.M) is not None


def run(arguments: Sequence[str], *, progress: Progress = SILENT, stdin: bytes | None = None, capture: bool = False) -> bytes:
    """Runs ffmpeg with `arguments` (without the program's name) to its end.

    capture : returns what ffmpeg wrote to standard output (`-` or `pipe:1` as output), else b"".

    Raises `Cancelled` when progress says so (the child is killed), `OutputError` for a full or read-only disk, `MediaError`
    (code `ffmpeg_failed`) otherwise, with the last lines and a command to repeat it in its details.
    """
    with _started(arguments, stdin=stdin is not None, stdout=capture) as (child, tail):
        if stdin is not None:
            _feed(child, stdin)
        out = _read(child, progress, capture)
    _judge(child.returncode, list(arguments), tail)
    return out


def encode(arguments: Sequence[str], *, total_frames: int, progress: Progress = SILENT, repeat: Sequence[str] = ()) -> int:
    """Runs ffmpeg, reports frames to `progress` as they are done, up to `total_frames`, and returns how many were written.

    repeat : arguments of the command that an error shows, where the ones that ran name files that will be gone. Raises what `run` raises.
    """
    with _started(["-progress", "pipe:1", "-nostats", *arguments], stdin=False, stdout=True) as (child, tail):
        written = _followed(child, progress, total_frames)
    _judge(child.returncode, list(repeat or arguments), tail)
    return written


@contextlib.contextmanager
def open_input_pipe(arguments: Sequence[str]) -> Iterator[IO[bytes]]:
    """ffmpeg reading from a pipe (`-i -` or `pipe:0`): yields its writable end; waits and judges on leaving."""
    with _started(arguments, stdin=True, stdout=False) as (child, tail):
        assert child.stdin is not None
        with contextlib.suppress(BrokenPipeError):  # it ended early; its own words say why
            yield child.stdin
            child.stdin.close()
        child.wait()
    _judge(child.returncode, list(arguments), tail)


@contextlib.contextmanager
def _started(arguments: Sequence[str], stdin: bool, stdout: bool) -> Iterator[tuple[subprocess.Popen[bytes], collections.deque[str]]]:
    command = [find_ffmpeg().path, "-hide_banner", "-loglevel", "error", "-y", *([] if stdin else ["-nostdin"]), *arguments]
    try:
        child = subprocess.Popen(
            command,
            stdin=subprocess.PIPE if stdin else subprocess.DEVNULL,
            stdout=subprocess.PIPE if stdout else subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            **_quiet(),
        )
    except OSError as cause:
        raise MissingToolError("ffmpeg_not_found", f"ffmpeg could not be started: {cause}.", "Run `cutprint doctor`.") from cause
    tail: collections.deque[str] = collections.deque(maxlen=STDERR_LINES)
    reader = threading.Thread(target=_drain, args=(child.stderr, tail), daemon=True)
    reader.start()
    try:
        yield child, tail
    finally:
        if child.poll() is None:
            child.kill()
        child.wait()
        reader.join(timeout=5)
        for pipe in (child.stdin, child.stdout, child.stderr):
            if pipe is not None:
                with contextlib.suppress(OSError):
                    pipe.close()


def _drain(pipe: IO[bytes] | None, tail: collections.deque[str]) -> None:
    if pipe is not None:
        with contextlib.suppress(ValueError, OSError):
            for line in pipe:
                tail.append(line.decode(errors="replace").rstrip())


def _feed(child: subprocess.Popen[bytes], content: bytes) -> None:
    def write() -> None:
        assert child.stdin is not None
        with contextlib.suppress(OSError):
            child.stdin.write(content)
            child.stdin.close()

    threading.Thread(target=write, daemon=True).start()


def _followed(child: subprocess.Popen[bytes], progress: Progress, total_frames: int) -> int:
    assert child.stdout is not None
    told = written = 0
    for line in child.stdout:
        progress.check()
        if line.startswith(b"frame="):
            written = int(line[6:].strip() or b"0")
            now = min(total_frames, written)
            if now > told:
                progress.advance(now - told)
                told = now
    child.wait()
    if child.returncode == 0 and told < total_frames:
        progress.advance(total_frames - told)
    return written


def _read(child: subprocess.Popen[bytes], progress: Progress, capture: bool) -> bytes:
    if capture:
        assert child.stdout is not None
        blocks = []
        while block := child.stdout.read(1 << 20):
            blocks.append(block)
            progress.check()
        child.wait()
        return b"".join(blocks)
    while True:
        try:
            child.wait(timeout=0.2)
            return b""
        except subprocess.TimeoutExpired:
            progress.check()


def _judge(returncode: int | None, arguments: list[str], tail: collections.deque[str]) -> None:
    words = "\n".join(tail)
    # Some versions end well although the end of the file could not be written.
    if returncode == 0 and "No space left on device" not in words:
        return
    if "No space left on device" in words:
        raise OutputError("disk_full", "There is no space left on the disk.", "Free some space or choose another disk.", stderr=list(tail))
    details: dict[str, Any] = {"stderr": list(tail), "command": shlex.join([find_ffmpeg().path, *arguments]), "status": returncode}
    if "Read-only file system" in words or "Permission denied" in words:
        raise OutputError("output_read_only", "A file could not be written or read: permission denied.", "Check the folder.", **details)
    last = next((line for line in reversed(tail) if line.strip()), "no message")
    raise MediaError("ffmpeg_failed", f"ffmpeg failed: {last}", "What it said last and the command are in the details.", **details)


def file_argument(path: Path | str) -> str:
    """A path as ffmpeg takes it: never mistaken for an option or a protocol."""
    return f"file:{path}"


def _quiet() -> dict[str, Any]:
    """No console window pops up on Windows."""
    flags = getattr(subprocess, "CREATE_NO_WINDOW", 0)
    return {"creationflags": flags} if flags else {}
