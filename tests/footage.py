"""Synthetic media with known truth: pictures that carry their own number, songs with known beats.

    footage.coded_video(path, source=3, frames=60, rate="30000/1001")    every frame says which it is
    footage.read_code(picture)                                           -> (source, frame) or None
    footage.click_song(path, bpm=120, seconds=20)                        a click on every beat, low ones on bars

The code is a grid of 5 x 6 black or white blocks in the middle of the picture, where every crop keeps it: 5 bits of source, 14 of frame, a
fixed pattern of 8 and 3 of parity. It survives scaling, cropping to 9:16 and compression.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from engine.media import ffmpeg
from engine.media.encode import write_video, write_wav
from engine.model.time import FrameRate

COLUMNS, ROWS = 5, 6
SYNC = (1, 0, 1, 1, 0, 0, 1, 0)
SHARE = 0.5
"""Height of the grid as a share of the picture's height; its blocks are square."""


def _bits(source: int, frame: int) -> list[int]:
    number = [(source >> k) & 1 for k in range(5)] + [(frame >> k) & 1 for k in range(14)]
    parity = [sum(number[k::3]) % 2 for k in range(3)]
    return [*SYNC, *number, *parity]


def coded_picture(source: int, frame: int, width: int, height: int) -> NDArray[np.uint8]:
    """An RGB picture that says which it is."""
    picture = np.full((height, width, 3), 90 + 8 * (source % 8), np.uint8)
    block = round(height * SHARE / ROWS)
    top, left = (height - block * ROWS) // 2, (width - block * COLUMNS) // 2
    for index, bit in enumerate(_bits(source, frame)):
        y, x = top + index // COLUMNS * block, left + index % COLUMNS * block
        picture[y : y + block, x : x + block] = 235 if bit else 16
    return picture


def read_code(picture: NDArray[np.uint8], grid_height: float = SHARE) -> tuple[int, int] | None:
    """(source, frame) in a picture whose grid is `grid_height` of its height, or None where it cannot be read."""
    gray = picture.mean(axis=2) if picture.ndim == 3 else picture.astype(float)
    height, width = gray.shape
    block = height * grid_height / ROWS
    top, left = (height - block * ROWS) / 2, (width - block * COLUMNS) / 2
    bits = []
    for index in range(ROWS * COLUMNS):
        y, x = top + (index // COLUMNS + 0.5) * block, left + (index % COLUMNS + 0.5) * block
        reach = max(1, int(block * 0.2))
        bits.append(int(gray[int(y) - reach : int(y) + reach, int(x) - reach : int(x) + reach].mean() > 125))
    number = bits[8:27]
    if tuple(bits[:8]) != SYNC or [sum(number[k::3]) % 2 for k in range(3)] != bits[27:30]:
        return None
    return sum(bit << k for k, bit in enumerate(number[:5])), sum(bit << k for k, bit in enumerate(number[5:]))


def coded_video(
    path: Path,
    source: int = 1,
    frames: int = 60,
    rate: str = "30",
    size: tuple[int, int] = (320, 180),
    arguments: Sequence[str] = (),
) -> Path:
    """A video whose frame k says k."""
    pictures = (coded_picture(source, frame, *size) for frame in range(frames))
    write_video(path, pictures, FrameRate.parse(rate), size, arguments=("-g", "12", "-bf", "2", *arguments))
    return path


def variable_rate_video(path: Path, source: int = 1, frames: int = 60) -> Path:
    """A video in which every third frame of a 30 fps recording is missing: the others keep their times and numbers."""
    whole = path.with_name(f"whole-{path.name}")
    coded_video(whole, source, frames)
    rate_option = "-vsync" if ffmpeg.find_ffmpeg().version < (5, 1) else "-fps_mode"
    picks = ["-i", f"file:{whole}", "-vf", "select='mod(n,3)-1'", rate_option, "vfr"]
    ffmpeg.run([*picks, "-c:v", "libx264", "-crf", "16", "-video_track_timescale", "30000", f"file:{path}"])
    return path


def rotated(path: Path, degrees: int) -> Path:
    """Writes a clockwise quarter turn into the display matrix of an MP4 (what phones do)."""
    import struct

    body = bytearray(path.read_bytes())
    at = body.index(b"tkhd") + 4
    version = body[at]
    matrix = at + (40 if version == 0 else 52)
    one = 1 << 16
    turns = {90: (0, one, -one, 0), 180: (-one, 0, 0, -one), 270: (0, -one, one, 0)}
    a, b, c, d = turns[degrees]
    struct.pack_into(">9i", body, matrix, a, b, 0, c, d, 0, 0, 0, 1 << 30)
    path.write_bytes(body)
    return path


def lively_video(path: Path, seed: int, seconds: float = 2.0, rate: str = "30", size: tuple[int, int] = (320, 180)) -> Path:
    """A sharp, well-lit scene of its own with something moving in it: a usable clip."""
    chance = np.random.default_rng(seed)
    frame_rate = FrameRate.parse(rate)
    room = chance.integers(60, 200, (size[1] // 10, size[0] // 10, 3)).repeat(10, axis=0).repeat(10, axis=1)
    room = np.pad(room, ((0, size[1] - room.shape[0]), (0, size[0] - room.shape[1]), (0, 0)), mode="edge").astype(np.uint8)
    pace = chance.uniform(1.0, 4.0)

    def pictures() -> Sequence[NDArray[np.uint8]]:
        made = []
        for index in range(round(seconds * frame_rate.fps)):
            picture = room.copy()
            x = int((0.5 + 0.4 * np.sin(index / frame_rate.fps * pace + seed)) * (size[0] - 50))
            picture[50:130, x : x + 50] = (220, 70, 60)
            picture[70:110, x + 10 : x + 40] = (240, 230, 200)
            made.append(picture)
        return made

    write_video(path, pictures(), frame_rate, size)
    return path


def lit_video(path: Path, seed: int, seconds: float = 2.0) -> Path:
    """A place with light of its own (eight kinds), and something that crosses it: unlike the others at a glance."""
    chance = np.random.default_rng(seed + 40)
    lights = (
        (1.0, 0.8, 0.6),
        (0.5, 0.7, 1.0),
        (0.7, 1.0, 0.5),
        (1.1, 0.5, 0.9),
        (0.4, 0.4, 0.6),
        (1.1, 1.1, 0.9),
        (0.3, 0.8, 0.8),
        (0.9, 0.4, 0.2),
    )
    light = np.array(lights[seed % 8]) * (0.6 + 0.2 * (seed % 2))
    room = np.clip(chance.integers(60, 220, (18, 32, 3)).repeat(10, axis=0).repeat(10, axis=1) * light, 0, 255).astype(np.uint8)
    every = []
    for index in range(round(seconds * 30)):
        picture = room.copy()
        x = int((0.5 + 0.4 * np.sin(index / 30 * (2 + seed % 4) + seed)) * 270)
        picture[50:130, x : x + 50] = (220, 70 + 20 * (seed % 8), 60)
        picture[70:110, x + 10 : x + 40] = (240, 230, 200)
        every.append(picture)
    write_video(path, every, FrameRate.parse("30"), (320, 180))
    return path


def click_song(path: Path, bpm: float = 120.0, seconds: float = 20.0, first_s: float = 0.0, rate_hz: int = 44_100) -> list[float]:
    """A song with a click on every beat and a low thump on every fourth; returns the beats in seconds."""
    samples = np.zeros(round(seconds * rate_hz))
    beats = list(np.arange(first_s, seconds - 0.05, 60.0 / bpm))
    at = np.arange(round(0.08 * rate_hz)) / rate_hz
    click = np.sin(2 * np.pi * 1800 * at) * np.exp(-at * 90)
    thump = np.sin(2 * np.pi * 60 * at) * np.exp(-at * 25)
    for number, beat in enumerate(beats):
        start = round(beat * rate_hz)
        sound = 0.4 * click + (0.9 * thump if number % 4 == 0 else 0.3 * thump)
        part = samples[start : start + len(sound)]
        part += sound[: len(part)]
    pad = 0.05 * np.sin(2 * np.pi * 220 * np.arange(len(samples)) / rate_hz)
    write_wav(path, np.clip(samples + pad, -1, 1).astype(np.float32), rate_hz)
    return [float(beat) for beat in beats]


def silent_song(path: Path, seconds: float = 20.0) -> Path:
    """Digital silence."""
    write_wav(path, np.zeros(round(seconds * 44_100), np.float32), 44_100)
    return path


def shoot(folder: Path, clips: int = 8, seconds: float = 2.0) -> Path:
    """A folder of usable clips."""
    folder.mkdir(parents=True, exist_ok=True)
    for seed in range(clips):
        lively_video(folder / f"front_cam_{seed + 1:03d}.mp4", seed, seconds)
    return folder
