"""Shot boundaries: F1 on reels cut here from raw clips and on finished films.

`python tests/benchmarks/bench_clip_shots.py [--tune|--films]`. Reels are made of the raw clips whose number is odd (`--tune`: even ones,
the set that the network and thresholds were made on): hard cuts of 5 to 60 frames, cuts every 12 frames, dissolves of 8 to 24 frames,
and photo flashes that are no cuts. A boundary counts as found within one frame (a dissolve: anywhere inside it). With PySceneDetect in
an environment of its own (`CUTPRINT_SCENEDETECT`: its python) three of its detectors run on the same files.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np

SIZE = (320, 180)
MEDIA = Path(os.environ.get("CUTPRINT_TEST_MEDIA") or Path(__file__).parents[3] / "shared" / "media")
LEAST_FRAMES = 70
OTHERS = """
import json, sys
from scenedetect import AdaptiveDetector, ContentDetector, HashDetector, detect
kinds = {"content": ContentDetector(min_scene_len=1), "adaptive": AdaptiveDetector(min_scene_len=1), "hash": HashDetector(min_scene_len=1)}
print(json.dumps({k: [s[0].get_frames() for s in detect(sys.argv[1], d)][1:] for k, d in kinds.items()}))
"""


def footage(even: bool) -> list[np.ndarray]:
    from engine.media.decode import FrameReader
    from engine.media.probe import probe
    from engine.model.time import FrameSpan

    made = []
    for number, path in enumerate(sorted((MEDIA / "raw").iterdir())):
        if (number % 2 == 0) != even or path.suffix not in (".mp4", ".mkv", ".webm", ".mov", ".avi"):
            continue
        media = probe(path)
        if media.video is None or media.video.duration_frames < LEAST_FRAMES or media.video.rate.fps < 20:
            continue
        frames = [one.picture for one in FrameReader(media, max_side_px=480, pixel="rgb", span=FrameSpan(0, 150))]
        made.append(np.stack([fitted(one) for one in frames]))
    return made


def fitted(picture: np.ndarray) -> np.ndarray:
    import cv2

    height, width = picture.shape[:2]
    scale = max(SIZE[0] / width, SIZE[1] / height)
    picture = cv2.resize(picture, (max(SIZE[0], round(width * scale)), max(SIZE[1], round(height * scale))), interpolation=cv2.INTER_AREA)
    y, x = (picture.shape[0] - SIZE[1]) // 2, (picture.shape[1] - SIZE[0]) // 2
    return np.ascontiguousarray(picture[y : y + SIZE[1], x : x + SIZE[0]])


def pieces(clips: list[np.ndarray], lengths: list[int], chance: np.random.Generator) -> list[np.ndarray]:
    found, last = [], -1
    for length in lengths:
        number = int(chance.choice([k for k in range(len(clips)) if k != last and len(clips[k]) >= length]))
        start = int(chance.integers(0, len(clips[number]) - length + 1))
        found.append(clips[number][start : start + length])
        last = number
    return found


def reel(clips: list[np.ndarray], kind: str, seed: int) -> tuple[list[np.ndarray], list[tuple[int, int]]]:
    """Frames, and each boundary as (first, last) frame where it may be reported."""
    chance = np.random.default_rng(seed)
    lengths = [12] * 30 if kind == "twelve" else [int(chance.choice([5, 6, 8, 12, 20, 35, 60])) for _ in range(16)]
    overlap = 0
    if kind == "dissolve":
        lengths = [int(chance.integers(45, 65)) for _ in range(8)]
        overlap = int(chance.integers(8, 25))
    parts = pieces(clips, lengths, chance)
    frames, cuts = list(parts[0]), []
    for part in parts[1:]:
        if overlap:
            at = len(frames) - overlap
            for k in range(overlap):
                share = (k + 1) / (overlap + 1)
                mixed = frames[at + k].astype(np.float32) * (1 - share) + part[k].astype(np.float32) * share
                frames[at + k] = mixed.round().astype(np.uint8)
            cuts.append((at - 1, at + overlap + 1))
        else:
            cuts.append((len(frames) - 1, len(frames) + 1))
        frames += list(part[overlap:])
    if kind == "flash":
        for at in chance.choice(len(frames) - 4, 6, replace=False) + 2:
            if all(abs(at - low) > 4 for low, _ in cuts):
                for k, share in enumerate((0.85, 0.5, 0.2)[: int(chance.integers(1, 4))]):
                    frames[at + k] = (frames[at + k] * (1 - share) + 255 * share).astype(np.uint8)
    return frames, cuts


def score(found: list[int], true: list[tuple[int, int]]) -> tuple[int, int, int]:
    """Hits, false finds, misses."""
    left, hits = list(found), 0
    for low, high in true:
        inside = [one for one in left if low <= one <= high]
        if inside:
            hits += 1
            left = [one for one in left if one not in inside]
    return hits, len(left), len(true) - hits


def f1(hits: int, false: int, missed: int) -> float:
    return 2 * hits / max(1, 2 * hits + false + missed)


def ours(path: Path) -> list[int]:
    from engine.analysis.clip import AnalysisOptions, analyse_clip
    from engine.media.probe import probe

    return [shot.start_frame for shot in analyse_clip(probe(path), AnalysisOptions(faces=False)).shots[1:]]


def theirs(path: Path) -> dict[str, list[int]]:
    python = os.environ.get("CUTPRINT_SCENEDETECT")
    if not python:
        return {}
    done = subprocess.run([python, "-c", OTHERS, str(path)], capture_output=True, check=True, text=True)
    return dict(json.loads(done.stdout))


def reels(even: bool) -> None:
    from engine.media.encode import write_video
    from engine.model.time import FrameRate

    clips = footage(even)
    print(f"{len(clips)} raw clips, those with {'even' if even else 'odd'} numbers")
    with tempfile.TemporaryDirectory() as folder:
        for kind in ("hard", "twelve", "dissolve", "flash"):
            total: dict[str, np.ndarray] = {}
            for seed in range(4):
                frames, cuts = reel(clips, kind, seed + (100 if even else 0))
                path = Path(folder) / f"{kind}{seed}.mp4"
                write_video(path, frames, FrameRate(30), SIZE, arguments=("-crf", "23"))
                for name, found in {"cutprint": ours(path), **theirs(path)}.items():
                    total[name] = total.get(name, np.zeros(3, int)) + score(found, cuts)
            for name, counts in total.items():
                hits, false, missed = (int(one) for one in counts)
                print(f"{kind:9} {name:9} F1 {f1(hits, false, missed):.3f}  found {hits}, false {false}, missed {missed}")


def films() -> None:
    sums = np.zeros(3, int)
    for table in sorted((MEDIA / "finished").glob("*.cuts.tsv")):
        path = next(one for one in table.parent.glob(table.name.split(".")[0] + ".*") if one.suffix != ".tsv")
        rows = [line.split("\t") for line in table.read_text(encoding="utf-8").splitlines() if line and line[0].isdigit()]
        hard = [(int(row[0]) - 1, int(row[0]) + 1) for row in rows if row[2] == "hard"]
        soft = [(int(row[0]) - 1, int(row[3].split("frame ")[1].split()[0]) + 1) for row in rows if row[2] != "hard"]
        found = ours(path)
        extra = [one for one in found if not any(low <= one <= high for low, high in [*hard, *soft])]
        hits, _, missed = score(found, hard)
        sums += (hits, len(extra), missed)
        lost = [low + 1 for low, high in hard if not any(low <= one <= high for one in found)]
        print(f"{path.name:36} found {hits} of {len(hard)}; missed {lost}; extra {extra}")
    hits, false, missed = (int(one) for one in sums)
    print(f"finished films: F1 {f1(hits, false, missed):.3f} (gradual and trap rows count for nothing)")


def main() -> None:
    if not MEDIA.is_dir():
        print(f"skipped: {MEDIA} is absent")
        return
    if "--films" not in sys.argv:
        reels("--tune" in sys.argv)
    films()


if __name__ == "__main__":
    main()
