"""Recorded instruments for the training music: single notes of a General MIDI sound font, rendered once by fluidsynth.

`python -m engine.analysis.training.bank FONT.sf2 FOLDER` writes one file per instrument and drum kit. The weights were made with
FluidR3 GM (MIT licence; Debian package fluid-soundfont-gm). Training works without a bank, on synthetic sounds alone.
"""

from __future__ import annotations

import struct
import subprocess
import sys
import tempfile
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.analysis.training.sounds import RATE_HZ, Random, Sound

__all__ = ["Bank", "Players"]

PITCHES = tuple(range(28, 97, 4))
SPACING_S, HELD_S, KEPT_S = 3.0, 2.2, 2.6
PROGRAMS: dict[str, tuple[int, ...]] = {
    "piano": (0, 1, 2, 3), "guitar": (24, 25, 26, 27), "pluck": (45, 46, 104, 105, 106, 107), "muted": (28,), "epiano": (4, 5, 6, 7),
    "bell": (9, 10, 14, 112), "mallet": (8, 11, 12, 13, 108), "bass": (32, 33, 34, 36), "sub": (38, 35), "sawbass": (37, 39),
    "lead": (81, 84, 65, 66), "chip": (80,), "organ": (16, 17, 18, 19, 21), "brass": (56, 57, 60, 61, 62), "flute": (71, 73, 74, 75, 68),
    "strings": (40, 42, 44, 48, 49, 50), "pad": (88, 89, 91, 92, 95), "stab": (55, 63, 61), "distorted": (29, 30), "voice": (52, 53, 54),
}  # fmt: skip
KITS = (0, 8, 16, 24, 25, 32, 40)
KEYS: dict[str, tuple[int, ...]] = {
    "kick": (35, 36), "snare": (38, 40), "clap": (39,), "hat": (42, 44), "open": (46,), "ride": (51, 59), "crash": (49, 57),
    "tom": (41, 45, 48), "conga": (62, 63, 64, 60, 61, 66), "shaker": (70, 82, 54), "rim": (37, 75, 76),
    "bell": (56, 53, 67, 68), "brush": (38, 40),
}  # fmt: skip


RECORDED_SHARE = 0.65
"""How many of a piece's instruments are recorded ones, where there is a bank."""


class Players:
    """Who plays in one piece: each drum and timbre is a recorded one or not, the same throughout. Without a bank nobody is."""

    def __init__(self, bank: Bank | None, seed: int) -> None:
        self._bank, self._rng = bank, np.random.default_rng([seed, 31])
        self._chosen: dict[str, int | None] = {}
        self._kit = int(self._rng.choice(KITS))

    def has_drum(self, kind: str) -> bool:
        return self._bank is not None and self._cast(f"drum {kind}", (self._kit,)) is not None

    def has_note(self, timbre: str) -> bool:
        return self._bank is not None and self._cast(timbre, PROGRAMS[timbre]) is not None

    def _cast(self, role: str, programs: tuple[int, ...]) -> int | None:
        if role not in self._chosen:
            program = int(self._rng.choice(programs))
            self._chosen[role] = program if self._rng.random() < RECORDED_SHARE else None
        return self._chosen[role]

    def drum(self, kind: str) -> Sound:
        assert self._bank is not None
        return self._bank.drum(kind, self._kit, self._rng)

    def note(self, timbre: str, pitch_midi: float, seconds: float) -> Sound:
        program = self._chosen[timbre]
        assert self._bank is not None and program is not None
        return self._bank.note(program, pitch_midi, seconds)


class Bank:
    """Notes from `folder`, read when first asked for. Sounds are float32 at RATE_HZ, peak 1, and begin with their attack."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def note(self, program: int, pitch_midi: float, seconds: float) -> Sound:
        """The nearest recorded pitch, turned to `pitch_midi`, let go after `seconds`."""
        recorded = _stored(self._folder / f"program_{program}.npz")
        nearest = min(map(int, recorded), key=lambda pitch: abs(pitch - pitch_midi))
        ratio = 2 ** ((pitch_midi - nearest) / 12)
        source = recorded[str(nearest)]
        count = min(max(1, round((seconds + 0.08) * RATE_HZ)), int(len(source) / ratio))
        sound = np.interp(np.arange(count) * ratio, np.arange(len(source)), source).astype(np.float32)
        release = min(round(0.08 * RATE_HZ), count)
        sound[count - release :] *= np.linspace(1, 0, release, dtype=np.float32)
        return np.asarray(sound)

    def drum(self, kind: str, kit: int, rng: Random) -> Sound:
        recorded = _stored(self._folder / f"kit_{40 if kind == 'brush' else kit}.npz")
        keys = [key for key in KEYS[kind] if str(key) in recorded]
        return recorded[str(int(rng.choice(keys)))]


@lru_cache(maxsize=96)
def _stored(path: Path) -> dict[str, Sound]:
    with np.load(path) as kept:
        return {name: kept[name].astype(np.float32) / 32767 for name in kept.files}


def _midi(events: list[tuple[float, bytes]]) -> bytes:
    """A MIDI file of one track at 1000 ticks a second."""
    track, before = b"\x00\xff\x51\x03\x0f\x42\x40", 0
    for at, message in sorted(events, key=lambda event: event[0]):
        ticks = round(at * 1000)
        track += _variable(ticks - before) + message
        before = ticks
    track += b"\x00\xff\x2f\x00"
    return b"MThd" + struct.pack(">IHHH", 6, 0, 1, 1000) + b"MTrk" + struct.pack(">I", len(track)) + track


def _variable(number: int) -> bytes:
    parts = [number & 0x7F]
    while number := number >> 7:
        parts.append(number & 0x7F | 0x80)
    return bytes(parts[::-1])


def _rendered(font: Path, program: int, keys: tuple[int, ...], channel: int) -> dict[str, Any]:
    """Each key struck alone, cut out from its attack on, at full level; keys that the instrument lacks are left out."""
    from scipy.io import wavfile

    events = [(0.0, bytes([0xC0 | channel, program]))]
    for index, key in enumerate(keys):
        events += [(index * SPACING_S + 0.2, bytes([0x90 | channel, key, 100]))]
        events += [(index * SPACING_S + 0.2 + HELD_S, bytes([0x80 | channel, key, 0]))]
    with tempfile.TemporaryDirectory() as folder:
        midi, wav = Path(folder) / "notes.mid", Path(folder) / "notes.wav"
        midi.write_bytes(_midi(events))
        command = ["fluidsynth", "-ni", "-q", "-F", str(wav), "-r", str(RATE_HZ), "-R", "0", "-C", "0", "-g", "0.5", str(font), str(midi)]
        subprocess.run(command, check=True, capture_output=True)
        sound = wavfile.read(wav)[1].astype(np.float32).mean(axis=1)
    cut = {str(key): _cut(sound, 0.2 + index * SPACING_S) for index, key in enumerate(keys)}
    return {key: part for key, part in cut.items() if len(part)}


def _cut(sound: Sound, start_s: float) -> NDArray[np.int16]:
    part = sound[round((start_s - 0.02) * RATE_HZ) : round((start_s + KEPT_S) * RATE_HZ)]
    peak = float(np.abs(part).max())
    if peak < 8:
        return np.zeros(0, np.int16)
    attack = int(np.argmax(np.abs(part) > 0.02 * peak))
    loud = np.nonzero(np.abs(part) > 0.002 * peak)[0]
    return np.asarray(part[attack : int(loud[-1]) + 1] / peak * 32767, np.int16)


def main(font: Path, folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for program in sorted({one for row in PROGRAMS.values() for one in row}):
        np.savez(folder / f"program_{program}.npz", **_rendered(font, program, PITCHES, 0))
    keys = tuple(sorted({one for row in KEYS.values() for one in row}))
    for kit in KITS:
        np.savez(folder / f"kit_{kit}.npz", **_rendered(font, kit, keys, 9))


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
