"""A small shoot and song made from nothing, and the whole main job on it."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from engine.errors import RefusedError
from engine.media.encode import write_video, write_wav
from engine.model.time import FrameRate
from engine.store.projects import check_writable
from engine.studio.editing import edit
from engine.studio.requests import DemoRequest, EditRequest

if TYPE_CHECKING:
    from engine.progress import Progress
    from engine.studio.context import Studio

__all__ = ["demo", "song_samples"]

RATE = FrameRate(30)
SIZE = (540, 960)
CLIPS = 14
CLIP_S = (2.6, 3.6)
SONG_S = 24.0
BPM = 120.0
EDIT_S = 15.0
LOOKS = ((214, 93, 77), (62, 118, 176), (94, 146, 96), (200, 160, 70), (140, 94, 160))
ROOMS = ((232, 224, 214), (208, 216, 222), (226, 214, 204), (198, 206, 196))


def demo(studio: Studio, request: DemoRequest, progress: Progress) -> dict[str, Any]:
    """Handler of `demo`: what `edit` says, and where the shoot is."""
    check_writable(request.output)
    shoot = request.output / "shoot"
    if shoot.exists() and not (shoot / ".made-by-cutprint").exists():
        raise RefusedError("output_not_ours", f"{shoot} exists and is not the demo's.", "Choose another folder with -o.")
    shoot.mkdir(exist_ok=True)
    (shoot / ".made-by-cutprint").touch()
    progress.stage("Filming the demo", CLIPS + 1)
    for number in range(CLIPS):
        path = shoot / _name(number)
        if not path.exists():
            write_video(path, _frames(number), RATE, SIZE)
        progress.advance()
    song = request.output / "demo_song.wav"
    write_wav(song, song_samples(), 44_100)
    progress.advance()
    job = EditRequest(clips=(shoot,), song=song, output=request.output / "edit", duration=EDIT_S, render=True, name="Cutprint demo")
    return {**edit(studio, job, progress), "shoot": str(shoot), "song_file": str(song)}


def _name(number: int) -> str:
    if number == CLIPS - 1:
        return "front_cam_dark.mp4"
    if number == CLIPS - 2:
        return "side_cam_blurred.mp4"
    return f"{('front_cam', 'side_cam', 'closeup')[number % 3]}_{number + 1:03d}.mp4"


def _frames(number: int) -> Iterator[NDArray[np.uint8]]:
    """One take: a figure in a room, turning and stepping, seen by a camera of one of three kinds."""
    import cv2

    chance = np.random.default_rng(number)
    frames = round(chance.uniform(*CLIP_S) * RATE.fps)
    stage = _Stage(number, chance)
    for index in range(frames):
        picture = stage.draw(index / RATE.fps)
        if number == CLIPS - 2:
            picture = np.asarray(cv2.GaussianBlur(picture, (0, 0), 12), np.uint8)
        if number == CLIPS - 1:
            picture = picture // 14
        noise = chance.integers(-3, 4, picture.shape[:2], dtype=np.int16)[..., None]
        yield np.clip(picture.astype(np.int16) + noise, 0, 255).astype(np.uint8)


class _Stage:
    """What one take shows."""

    def __init__(self, number: int, chance: np.random.Generator) -> None:
        self.kind = number % 3
        self.cloth = LOOKS[number % len(LOOKS)]
        self.room = ROOMS[number // 3 % len(ROOMS)]
        self.step = float(chance.uniform(0.6, 1.6))
        self.phase = float(chance.uniform(0, 6.28))
        self.pan = float(chance.uniform(-12, 12)) if self.kind == 0 else 0.0
        self.seed = number

    def draw(self, time_s: float) -> NDArray[np.uint8]:
        import cv2

        picture = self._room()
        scale = (1.0, 0.9, 2.3)[self.kind]
        sway = math.sin(time_s * self.step * 3 + self.phase)
        x = SIZE[0] / 2 + 60 * sway * (1.6 if self.kind == 1 else 1.0) + self.pan * (time_s - 1.5)
        y = SIZE[1] * (0.30 if self.kind != 2 else 0.34) + 6 * math.sin(time_s * 9)
        self._figure(picture, x, y, 42 * scale, sway, time_s)
        shade = cv2.GaussianBlur(picture, (0, 0), 0.8)
        return np.asarray(shade, np.uint8)

    def _room(self) -> NDArray[np.uint8]:
        import cv2

        chance = np.random.default_rng(self.seed // 3)
        picture = np.empty((SIZE[1], SIZE[0], 3), np.uint8)
        picture[:] = self.room
        floor = int(SIZE[1] * 0.78)
        picture[floor:] = tuple(int(value * 0.72) for value in self.room)
        for _ in range(9):
            x, y = int(chance.integers(0, SIZE[0])), int(chance.integers(0, floor))
            w, h = int(chance.integers(30, 120)), int(chance.integers(40, 160))
            colour = [int(value) for value in chance.integers(60, 235, 3)]
            cv2.rectangle(picture, (x, y), (x + w, y + h), colour, -1)
            cv2.rectangle(picture, (x, y), (x + w, y + h), (50, 46, 44), 2)
        for line in range(floor, SIZE[1], 26):
            cv2.line(picture, (0, line), (SIZE[0], line), (90, 84, 80), 2)
        return picture

    def _figure(self, picture: NDArray[np.uint8], x: float, y: float, head: float, sway: float, time_s: float) -> None:
        import cv2

        skin, hair = (222, 178, 148), (58, 40, 32)
        cx, cy, r = int(x), int(y), int(head)
        turn = int(r * 0.25 * math.sin(time_s * 2 + self.phase)) + (int(r * 0.45) if self.kind == 1 else 0)
        body = np.array([[-1.6, 1.3], [1.6, 1.3], [2.0 + 0.5 * sway, 6.6], [-2.0 + 0.5 * sway, 6.6]]) * r + [cx, cy]
        cv2.fillConvexPoly(picture, body.astype(np.int32), self.cloth)
        for side in (-1, 1):
            hand = (int(cx + side * r * (2.4 + 0.8 * sway * side)), int(cy + r * (3.4 - 1.2 * abs(sway))))
            cv2.line(picture, (cx + side * int(1.4 * r), cy + int(1.7 * r)), hand, skin, max(6, r // 2))
            foot = (int(cx + side * r * 0.9 + r * 0.6 * sway), int(cy + 11 * r))
            cv2.line(picture, (cx + side * int(0.8 * r), cy + int(6.4 * r)), foot, (48, 52, 64), max(8, int(0.8 * r)))
        cv2.ellipse(picture, (cx, cy - r // 4), (int(1.05 * r), int(1.25 * r)), 0, 0, 360, hair, -1)
        cv2.ellipse(picture, (cx + turn // 3, cy + r // 8), (int(0.82 * r), int(1.02 * r)), 0, 0, 360, skin, -1)
        for side in (-1, 1):
            eye = (cx + turn + side * int(0.34 * r), cy)
            cv2.circle(picture, eye, max(2, r // 9), (250, 250, 250), -1)
            cv2.circle(picture, eye, max(2, r // 13), (40, 34, 30), -1)
        cv2.ellipse(picture, (cx + turn, cy + int(0.55 * r)), (int(0.3 * r), max(2, r // 10)), 0, 0, 180, (176, 84, 84), -1)


def song_samples() -> NDArray[np.float32]:
    """Eight quiet bars of hats and pad, then a drop with kick and bass: float32 stereo (2, samples) at 44.1 kHz, 120 beats a minute."""
    rate = 44_100
    at = np.arange(round(SONG_S * rate)) / rate
    chance = np.random.default_rng(7)
    beat_s = 60 / BPM
    drop_s = 8 * beat_s
    mix = np.zeros_like(at)
    for number in range(int(SONG_S / beat_s)):
        start = number * beat_s
        loud = start >= drop_s
        if loud or number % 4 == 0:
            _add(mix, rate, start, _kick(rate), 0.9 if loud else 0.35)
        if loud and number % 2 == 1:
            _add(mix, rate, start, _noise(rate, chance, 0.16), 0.4)
        for half in (0.0, 0.5):
            _add(mix, rate, start + half * beat_s, _noise(rate, chance, 0.03), 0.12)
    chords = ((220.0, 277.2, 329.6), (196.0, 246.9, 293.7), (174.6, 220.0, 261.6), (196.0, 246.9, 293.7))
    bar = np.minimum((at / (4 * beat_s)).astype(int), 10_000) % len(chords)
    pad = sum(np.sin(2 * np.pi * np.array([chord[voice] for chord in chords])[bar] * at) for voice in range(3)) * 0.05
    root = np.array([chord[0] / 4 for chord in chords])[bar]
    bass = np.sign(np.sin(2 * np.pi * root * at)) * 0.10 * (at >= drop_s)
    mix = np.tanh(mix + pad * (0.6 + 0.8 * (at >= drop_s)) + bass)
    return np.stack([mix, mix]).astype(np.float32) * 0.8


def _add(mix: NDArray[np.float64], rate: int, start_s: float, sound: NDArray[np.float64], gain: float) -> None:
    first = round(start_s * rate)
    part = mix[first : first + len(sound)]
    part += gain * sound[: len(part)]


def _kick(rate: int) -> NDArray[np.float64]:
    at = np.arange(round(0.22 * rate)) / rate
    return np.sin(2 * np.pi * (50 * at + 30 * (1 - np.exp(-at * 30)) / 3)) * np.exp(-at * 16)


def _noise(rate: int, chance: np.random.Generator, length_s: float) -> NDArray[np.float64]:
    at = np.arange(round(length_s * rate)) / rate
    return chance.standard_normal(len(at)) * np.exp(-at * 5 / length_s)
