"""Many clips, wall time: `python tests/benchmarks/bench_clip_many.py [--clips 100] [--draft-clips 200] [--keep FOLDER]`.

Clips of 8 s of 1080p30 H.264 (17 Mb/s), made from raw footage: as many different ones as `--distinct` says, the rest are copies whose
files differ. Timed on all cores: the first look (`analyze --fast`), the full look (`analyze`), the same again from the cache, a draft edit
of `--draft-clips`, and beside it what decoding takes with one plain ffmpeg per core. Means something on an idle machine only.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

from bench_clip_cost import MEDIA, ROOT, decoders, made

LENGTH_S = 8.0
SOURCES = (
    ("two_men_meeting_A", 0.0),
    ("two_men_meeting_B", 0.0),
    ("two_men_meeting_C", 0.0),
    ("gbike_ride", 0.0),
    ("dancer_alpha", 0.0),
)


def shoot(folder: Path, count: int, distinct: int) -> list[Path]:
    """Clips in `folder`, made once and kept: every one a file of its own."""
    from engine.media import ffmpeg

    folder.mkdir(parents=True, exist_ok=True)
    originals = folder.parent / "originals"
    originals.mkdir(exist_ok=True)
    found = []
    for number in range(count):
        path = folder / f"cam_{number:03d}.mp4"
        found.append(path)
        if path.exists():
            continue
        kind = number % distinct
        name, start = SOURCES[kind % len(SOURCES)]
        base = made(originals, f"hd_{kind:03d}.mp4", f"simpl_{name}.webm", LENGTH_S, start + 4.0 * (kind // len(SOURCES)))
        ffmpeg.run(["-i", f"file:{base}", "-c", "copy", "-metadata", f"title=take {number}", f"file:{path}"])
    return found


def seconds(*words: str) -> float:
    started = time.perf_counter()
    subprocess.run([sys.executable, "-m", "bridge_server", *words, "-q"], check=True, cwd=ROOT, stdout=subprocess.DEVNULL)
    return time.perf_counter() - started


def decoding_s(clips: list[Path]) -> float:
    """One plain decoder per core until all clips are through."""
    started = time.perf_counter()
    with ThreadPoolExecutor(os.cpu_count() or 1) as pool:
        for done in pool.map(lambda command: subprocess.run(command, check=True), decoders(clips)):
            assert done.returncode == 0
    return time.perf_counter() - started


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--clips", type=int, default=100)
    parser.add_argument("--draft-clips", type=int, default=200)
    parser.add_argument("--distinct", type=int, default=20)
    parser.add_argument("--keep", type=Path)
    asked = parser.parse_args()
    if not (MEDIA / "raw").is_dir():
        print(f"skipped: {MEDIA / 'raw'} is absent")
        return
    with tempfile.TemporaryDirectory() as place:
        root = asked.keep or Path(place)
        clips = shoot(root / f"{asked.clips}", asked.clips, asked.distinct)
        more = root / f"{asked.draft_clips}"
        shoot(more, asked.draft_clips, asked.distinct)
        folder, song = str(clips[0].parent), str(MEDIA / "songs" / "cluecards_lobby.mp3")
        workspace = [f"{place}/ws{number}" for number in range(3)]
        rows = {
            "decoding, one ffmpeg per core": decoding_s(clips),
            "first look": seconds("analyze", folder, "--fast", "--workspace", workspace[0]),
            "full look": seconds("analyze", folder, "--workspace", workspace[1]),
            "again, from the cache": seconds("analyze", folder, "--workspace", workspace[1]),
            f"draft edit of {asked.draft_clips} clips": seconds(
                *("edit", str(more), "--song", song, "--draft", "-o", f"{place}/draft", "--workspace", workspace[2])
            ),
        }
    print(f"{asked.clips} clips of {LENGTH_S:g} s of 1080p30 on {os.cpu_count()} cores")
    for name, taken in rows.items():
        print(f"{name:32} {taken:7.1f} s")


if __name__ == "__main__":
    main()
