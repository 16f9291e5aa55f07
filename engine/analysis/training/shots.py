"""Makes the weights of `engine.analysis.shots`: `python -m engine.analysis.training.shots FOLDER [OUT.npz]`.

FOLDER holds raw clips; those with even numbers (in order of name) are used, the odd ones are kept for measuring
(`tests/benchmarks/bench_clip_shots.py`). Reels are rendered in memory: cuts between pieces of 3 to 60 frames, and things that are no cuts:
flashes, dissolves, shaking, whip pans,
fast forward, zooms, passing objects, pumping exposure. One hidden layer, trained by Adam (Kingma and Ba 2015) on log loss.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.analysis import prints, shots
from engine.media.decode import FrameReader
from engine.media.probe import probe
from engine.model.time import FrameSpan

HIDDEN = 16
REELS = 260
STEPS = 6000
BATCH = 512
SIZE = (320, 180)
FRAMES = 200
SEED = 7

Pictures = NDArray[np.uint8]


def footage(folder: Path) -> list[Pictures]:
    """RGB frames (n, 180, 320, 3) of the clips with even numbers."""
    import cv2

    made = []
    for number, path in enumerate(sorted(folder.iterdir())):
        if number % 2 or path.suffix not in (".mp4", ".mkv", ".webm", ".mov", ".avi"):
            continue
        media = probe(path)
        if media.video is None or media.video.duration_frames < 40:
            continue
        reader = FrameReader(media, max_side_px=400, pixel="rgb", span=FrameSpan(0, FRAMES))
        made.append(np.stack([cv2.resize(one.picture, SIZE, interpolation=cv2.INTER_AREA) for one in reader]))
    return [np.asarray(one, np.uint8) for one in made]


def piece(clips: list[Pictures], number: int, length: int, chance: np.random.Generator) -> Pictures:
    """A stretch of a clip, now and then fast, moved or zoomed by a camera of ours."""
    speed = int(chance.choice([1, 1, 1, 2, 3, 5]))
    clip = clips[number][:: min(speed, max(1, len(clips[number]) // (length + 1)))]
    length = min(length, len(clip))
    start = int(chance.integers(0, len(clip) - length + 1))
    part = clip[start : start + length]
    if chance.random() < 0.5:
        part = moved(part, chance)
    gain, lift = chance.uniform(0.6, 1.3), chance.uniform(-20, 20)
    return np.asarray(np.clip(part * gain + lift, 0, 255), np.uint8)


def moved(part: Pictures, chance: np.random.Generator) -> Pictures:
    import cv2

    count, (width, height) = len(part), SIZE
    kind = chance.choice(["shake", "whip", "zoom"])
    at = np.arange(count)
    zoom = np.full(count, 1.5)
    x, y = np.zeros(count), np.zeros(count)
    if kind == "shake":
        x, y = (np.cumsum(chance.normal(0, chance.uniform(1, 9), count)) for _ in range(2))
    elif kind == "whip":
        x = chance.choice([-1, 1]) * chance.uniform(3, 45) * (at - count / 2)
    else:
        zoom = 1.5 * np.exp((at - count / 2) * chance.uniform(-0.02, 0.02))
    frames = []
    for k in range(count):
        size = width / zoom[k], height / zoom[k]
        left = np.clip(width / 2 - size[0] / 2 + x[k], 0, width - size[0])
        top = np.clip(height / 2 - size[1] / 2 + y[k], 0, height - size[1])
        matrix = np.array([[zoom[k], 0, -left * zoom[k]], [0, zoom[k], -top * zoom[k]]])
        frames.append(cv2.warpAffine(part[k], matrix, SIZE, borderMode=cv2.BORDER_REPLICATE))
    return np.asarray(np.stack(frames), np.uint8)


def reel(clips: list[Pictures], chance: np.random.Generator) -> tuple[Pictures, NDArray[np.bool_]]:
    """Frames, and whether each begins a shot by a cut."""
    frames: list[Pictures] = []
    cuts: list[int] = []
    number = -1
    for index in range(8):
        number = int(chance.choice([one for one in range(len(clips)) if one != number]))
        part = piece(clips, number, int(chance.choice([3, 4, 5, 7, 10, 12, 20, 35, 60])), chance)
        overlap = int(chance.integers(6, 25)) if chance.random() < 0.15 else 0
        if index and overlap and len(part) > overlap and len(frames) > overlap:
            for k in range(overlap):
                share = (k + 1) / (overlap + 1)
                frames[k - overlap] = (frames[k - overlap] * (1 - share) + part[k] * share).astype(np.uint8)
            part = part[overlap:]
        elif index:
            cuts.append(len(frames))
        frames += list(part)
    marks = np.zeros(len(frames), bool)
    marks[cuts] = True
    disturbed(frames, cuts, chance)
    return np.stack(frames), marks


def disturbed(frames: list[Pictures], cuts: list[int], chance: np.random.Generator) -> None:
    """Flashes, passing objects, noise."""
    for _ in range(int(chance.integers(0, 5))):
        at = int(chance.integers(1, max(2, len(frames) - 4)))
        if any(abs(at - cut) < 5 for cut in cuts):
            continue
        colour = np.array([255, 255, 255]) if chance.random() < 0.7 else chance.integers(0, 256, 3)
        left, right = sorted(int(one) for one in chance.integers(0, SIZE[0], 2))
        whole = chance.random() < 0.6
        for k, share in enumerate((0.9, 0.6, 0.3)[: int(chance.integers(1, 4))]):
            place = (slice(None), slice(None) if whole else slice(left, right))
            frame = frames[at + k].copy()
            frame[place] = (frame[place] * (1 - share) + colour * share).astype(np.uint8)
            frames[at + k] = frame
    sigma = chance.uniform(0, 6)
    for k, frame in enumerate(frames):
        frames[k] = np.clip(frame + chance.normal(0, sigma, (SIZE[1], SIZE[0], 1)), 0, 255).astype(np.uint8)


def seen(pictures: Pictures) -> shots.Seen:
    """The frames as analysis would have noted them."""
    import cv2

    rows: list[Any] = []
    for picture in pictures:
        flat = cv2.cvtColor(picture, cv2.COLOR_RGB2YUV_I420)
        luma = np.asarray(cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY), np.uint8)
        quarter = SIZE[0] * SIZE[1] // 4
        chroma = flat.reshape(-1)[SIZE[0] * SIZE[1] :].reshape(2, SIZE[1] // 2, SIZE[0] // 2)
        assert chroma[0].size == quarter
        levels = np.bincount(luma.ravel(), minlength=256) / luma.size
        rows.append((prints.print_of(luma).ravel(), shots.histogram(levels, chroma[0], chroma[1]), luma.mean() / 255))
    small, histograms, light = zip(*rows)
    return shots.Seen(
        np.arange(len(rows)), np.asarray(np.array(small) / 255, np.float32), np.array(histograms), np.array(light, np.float32)
    )


def examples(clips: list[Pictures]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    chance = np.random.default_rng(SEED)
    features, marks = [], []
    for _ in range(REELS):
        pictures, cuts = reel(clips, chance)
        features.append(shots.cut_features(seen(pictures)))
        marks.append(cuts)
    return np.sqrt(np.concatenate(features)), np.concatenate(marks).astype(np.float32)


def batches(count: int, chance: np.random.Generator) -> Iterator[NDArray[np.int64]]:
    for _ in range(STEPS):
        yield chance.integers(0, count, BATCH)


def trained(inputs: NDArray[np.float32], marks: NDArray[np.float32]) -> dict[str, NDArray[np.float32]]:
    chance = np.random.default_rng(SEED)
    size = inputs.shape[1]
    weights = {
        "w1": chance.normal(0, size**-0.5, (size, HIDDEN)),
        "b1": np.zeros(HIDDEN),
        "w2": chance.normal(0, HIDDEN**-0.5, (HIDDEN, 1)),
        "b2": np.array([-3.0]),
    }
    first = {name: np.zeros_like(value) for name, value in weights.items()}
    second = {name: np.zeros_like(value) for name, value in weights.items()}
    for step, batch in enumerate(batches(len(inputs), chance), 1):
        x, y = inputs[batch], marks[batch][:, None]
        hidden = np.tanh(x @ weights["w1"] + weights["b1"])
        error = (1 / (1 + np.exp(-(hidden @ weights["w2"] + weights["b2"]))) - y) / BATCH
        back = error @ weights["w2"].T * (1 - hidden**2)
        slopes = {"w1": x.T @ back, "b1": back.sum(axis=0), "w2": hidden.T @ error, "b2": error.sum(axis=0)}
        rate = 0.01 * (1 - step / (STEPS + 1))
        for name, value in weights.items():
            slope = slopes[name] + 1e-5 * value
            first[name] = 0.9 * first[name] + 0.1 * slope
            second[name] = 0.999 * second[name] + 0.001 * slope**2
            weights[name] = value - rate * (first[name] / (1 - 0.9**step)) / (np.sqrt(second[name] / (1 - 0.999**step)) + 1e-8)
    return {name: value.astype(np.float32) for name, value in weights.items()}


def main() -> None:
    """Trains and writes the weights."""
    if len(sys.argv) < 2:
        raise SystemExit(__doc__)
    clips = footage(Path(sys.argv[1]))
    inputs, marks = examples(clips)
    print(f"{len(clips)} clips, {len(inputs)} frames, {int(marks.sum())} cuts")
    weights: dict[str, Any] = dict(trained(inputs, marks))
    np.savez_compressed(Path(sys.argv[2]) if len(sys.argv) > 2 else shots.WEIGHTS, **weights)


if __name__ == "__main__":
    main()
