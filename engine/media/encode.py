"""Arrays to files, through ffmpeg, atomically. For the demo's footage, click mixes and tests."""

from __future__ import annotations

import contextlib
import os
import wave
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from engine.errors import OutputError
from engine.media import ffmpeg
from engine.model.time import FrameRate

__all__ = ["write_video", "write_wav"]


def write_wav(path: Path, samples: NDArray[np.float32], rate_hz: int) -> None:
    """16-bit WAV of float samples in [-1, 1], shape (n,) or (channels, n). Appears whole or not at all."""
    table = np.atleast_2d(samples)
    body = (np.clip(table, -1.0, 1.0) * 32767).round().astype("<i2").T.tobytes()
    part = path.with_name(f".{path.name}.part")
    try:
        # Opened here: where that fails, wave leaves an object behind that complains about itself.
        with part.open("wb") as opened, wave.open(opened, "wb") as file:
            file.setnchannels(table.shape[0])
            file.setsampwidth(2)
            file.setframerate(rate_hz)
            file.writeframes(body)
        os.replace(part, path)
    except OSError as cause:
        raise OutputError(
            "output_failed", f"{path} cannot be written: {cause.strerror}.", "Choose another place.", path=str(path)
        ) from cause
    finally:
        with contextlib.suppress(OSError):
            part.unlink()


def write_video(
    path: Path,
    frames: Iterable[NDArray[np.uint8]],
    rate: FrameRate,
    size: tuple[int, int],
    *,
    audio: Path | None = None,
    arguments: Sequence[str] = (),
) -> None:
    """H.264 (or what `arguments` say) of RGB frames, each uint8 (height, width, 3); `size` is (width, height), even.

    audio : a file whose sound comes along. arguments : further output options, last word theirs. Appears whole or not at all.
    """
    part = path.with_name(f".{path.stem}.part{path.suffix}")
    sound = ["-i", ffmpeg.file_argument(audio), "-shortest"] if audio else []
    command = [
        *("-f", "rawvideo", "-pix_fmt", "rgb24", "-s", f"{size[0]}x{size[1]}", "-r", rate.to_json(), "-i", "pipe:0"),
        *sound,
        *("-c:v", "libx264", "-preset", "veryfast", "-crf", "18", "-pix_fmt", "yuv420p", "-bf", "0"),
        # The scaler's own matrix is BT.601 whatever the tags say.
        *("-vf", "scale=out_color_matrix=bt709:out_range=tv", "-colorspace", "bt709", "-color_primaries", "bt709", "-color_trc", "bt709"),
        *arguments,
        ffmpeg.file_argument(part),
    ]
    try:
        with ffmpeg.open_input_pipe(command) as pipe:
            for frame in frames:
                pipe.write(np.ascontiguousarray(frame).tobytes())
        os.replace(part, path)
    finally:
        with contextlib.suppress(OSError):
            part.unlink()
