"""Makes the weights of `engine.analysis.sound.speech_of`: `python -m engine.analysis.training.speech MEDIA [OUT.npz]`.

MEDIA holds folders speech, songs and beats. Each half of the files is reported on by weights made of the other half; what is written
is made of all. Logistic regression by Newton's method with a ridge; speech is also mixed with noise and music, because cameras hear both.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.analysis.sound import OFTEN, RATE_HZ, WEIGHTS, speech_features
from engine.errors import CutprintError
from engine.media.decode import audio

SOUNDS = (".wav", ".ogg", ".flac", ".mp3", ".m4a", ".mp4", ".mov", ".webm")
LENGTH_S = 40.0
RIDGE = 10.0


def sounds(folder: Path) -> list[tuple[str, NDArray[np.float32]]]:
    found = []
    for path in sorted(folder.iterdir()):
        if path.suffix in SOUNDS:
            try:
                samples = audio(path, RATE_HZ, end_s=LENGTH_S)
            except CutprintError:
                continue
            if len(samples) > 2 * RATE_HZ and np.abs(samples).max() > 0.01:
                found.append((path.name, samples))
    return found


def mixed(speech: NDArray[np.float32], other: NDArray[np.float32], db: float) -> NDArray[np.float32]:
    part = np.resize(other, len(speech))
    gain = np.sqrt((speech**2).mean() / max(float((part**2).mean()), 1e-9)) * 10 ** (-db / 20)
    return np.asarray(speech + gain * part, np.float32)


def noises() -> list[NDArray[np.float32]]:
    chance = np.random.default_rng(5)
    white = chance.normal(0, 0.1, RATE_HZ * 40)
    brown = np.cumsum(white)
    brown = brown - np.convolve(brown, np.ones(400) / 400, "same")
    gusts = brown * (1 + np.sin(np.arange(len(brown)) / RATE_HZ * 2 * np.pi * 0.7))
    return [
        np.asarray(one / np.abs(one).max() * 0.3, np.float32)
        for one in (white, brown, gusts, np.diff(white), white + 4 * brown, white * (1 + np.sin(np.arange(len(white)) / 9e3)))
    ]


def regression(rows: NDArray[np.float64], marks: NDArray[np.float64]) -> NDArray[np.float64]:
    table = np.c_[rows, np.ones(len(rows))]
    balance = np.where(marks > 0, 0.5 / marks.mean(), 0.5 / (1 - marks.mean()))
    weights = np.zeros(table.shape[1])
    for _ in range(50):
        sure = 1 / (1 + np.exp(-table @ weights))
        slope = table.T @ (balance * (sure - marks)) + RIDGE * weights
        curve = (table * (balance * sure * (1 - sure))[:, None]).T @ table + RIDGE * np.eye(len(weights))
        weights = weights - np.linalg.solve(curve, slope)
    return np.asarray(weights)


Heard = list[tuple[str, NDArray[np.float32], float]]


def trained(heard: Heard, music: NDArray[np.float32]) -> dict[str, NDArray[np.float64]]:
    rows, marks = [], []
    for _, samples, mark in heard:
        versions = [samples]
        if mark:
            versions += [mixed(samples, music, 10.0), mixed(samples, noises()[1], 10.0), mixed(samples, noises()[0], 15.0)]
        for version in versions:
            rows.append(speech_features(version))
            marks.append(np.full(len(rows[-1]), mark))
    table = np.concatenate(rows)
    mean, spread = table.mean(axis=0), table.std(axis=0) + 1e-6
    return {"mean": mean, "spread": spread, "weights": regression((table - mean) / spread, np.concatenate(marks))}


def report(made: dict[str, NDArray[np.float64]], heard: Heard) -> None:
    for name, samples, mark in heard:
        rows = (speech_features(samples) - made["mean"]) / made["spread"]
        sure = 1 / (1 + np.exp(-(rows @ made["weights"][:-1] + made["weights"][-1])))
        print(f"{'speech' if mark else 'other '} {np.percentile(sure, OFTEN):.2f} {name}")


def main() -> None:
    """Reports on each half by the other, then writes the weights made of all."""
    if len(sys.argv) < 2:
        raise SystemExit(__doc__)
    media = Path(sys.argv[1])
    speech, music = sounds(media / "speech"), sounds(media / "songs") + sounds(media / "beats")
    heard: Heard = [(name, one, 1.0) for name, one in speech] + [(name, one, 0.0) for name, one in music]
    heard += [(f"noise {k}", one, 0.0) for k, one in enumerate(noises())]
    for half in (0, 1):
        report(trained(heard[half::2], music[0][1]), heard[1 - half :: 2])
    final: dict[str, Any] = dict(trained(heard, music[0][1]))
    np.savez_compressed(Path(sys.argv[2]) if len(sys.argv) > 2 else WEIGHTS, **final)


if __name__ == "__main__":
    main()
