"""What learning a creator costs: `python tests/benchmarks/bench_style_learning.py [MEDIA [WORKS [SECONDS [SCRATCH]]]]`.

Makes finished works of 1080x1920 at 30 frames a second out of raw clips and songs (shots of one to two seconds, a song under each), and
times one `learn` over all of them with nothing in the cache, in a process of its own. Prints CPU seconds (user and system, of the command
and its workers), wall seconds, and the wall time that two idle cores would need if every process were kept busy (CPU / 2). Asked for: 20
works of 30 s in under four minutes on two cores. SCRATCH keeps the works for the next run.
"""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / "tests"))

from reels import Cut, pictures, takes_of  # noqa: E402

from engine.media import ffmpeg  # noqa: E402
from engine.media.encode import write_video  # noqa: E402
from engine.model.media import Media  # noqa: E402
from engine.model.time import FrameRate  # noqa: E402

MEDIA = ROOT.parent / "shared" / "media"
SIZE, RATE = (1080, 1920), FrameRate(30)
ASKED_S, CORES = 240.0, 2
LONGEST_S = 2.0
"""The longest shot of a work."""


def work(path: Path, footage: list[Media], song: Path, seconds: float, chance: random.Random) -> None:
    """One finished work; silent first, then with the song under it."""
    cuts: list[Cut] = []
    left = round(seconds * 30)
    while left > 0:
        one = chance.choice(footage)
        assert one.video is not None
        length = one.video.duration_frames / one.video.rate.fps
        frames = min(left, chance.randint(20, round(LONGEST_S * 30)))
        start = round(chance.uniform(0, length - LONGEST_S) * one.video.rate.fps)
        cuts.append(Cut(one, start, frames, left=chance.random(), zoom=chance.uniform(1, 1.3)))
        left -= frames
    silent = path.with_name(f"silent-{path.name}")
    every = (picture for cut in cuts for picture in pictures(cut, RATE, SIZE))
    write_video(silent, every, RATE, SIZE, arguments=("-preset", "veryfast"))
    sound = ["-i", f"file:{silent}", "-ss", str(chance.randint(0, 20)), "-i", f"file:{song}"]
    ffmpeg.run([*sound, "-map", "0:v", "-map", "1:a", "-t", str(seconds), "-c:v", "copy", "-c:a", "aac", f"file:{path}"])
    silent.unlink()


def made(media: Path, folder: Path, count: int, seconds: float) -> list[Path]:
    footage = takes_of(sorted((media / "raw").iterdir()), LONGEST_S + 0.1)
    songs = [path for path in sorted((media / "songs").iterdir()) if path.suffix in (".mp3", ".wav", ".ogg", ".flac", ".m4a")]
    paths = [folder / f"work_{number:02d}.mp4" for number in range(count)]
    for number, path in enumerate(paths):
        if not path.exists():
            work(path, footage, songs[number % len(songs)], seconds, random.Random(number))
    return paths


def learned(paths: list[Path], workspace: Path) -> tuple[float, float, dict[str, object]]:
    """(wall, CPU seconds, what `learn` said)."""
    command = [sys.executable, "-m", "bridge_server", "learn", "--creator", "bench", *map(str, paths), "--json", "--quiet"]
    environment = {**os.environ, "CUTPRINT_WORKSPACE": str(workspace)}
    before, started = os.times(), time.monotonic()
    result = subprocess.run(command, capture_output=True, text=True, env=environment, check=True, cwd=ROOT)
    after = os.times()
    cpu = after.children_user - before.children_user + after.children_system - before.children_system
    return time.monotonic() - started, cpu, json.loads(result.stdout)


def main() -> None:
    media = Path(sys.argv[1]) if len(sys.argv) > 1 else MEDIA
    count = int(sys.argv[2]) if len(sys.argv) > 2 else 20
    seconds = float(sys.argv[3]) if len(sys.argv) > 3 else 30.0
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(sys.argv[4]) if len(sys.argv) > 4 else Path(temporary)
        folder.mkdir(parents=True, exist_ok=True)
        paths = made(media, folder, count, seconds)
        with tempfile.TemporaryDirectory() as workspace:
            wall, cpu, said = learned(paths, Path(workspace))
    print(f"{count} works of {seconds:g} s, {SIZE[0]}x{SIZE[1]} at 30: {said['works']} learned, {len(said['problems'])} problems")  # type: ignore[arg-type]
    print(f"CPU {cpu:.0f} s ({cpu / count:.1f} a work); wall {wall:.0f} s; {cpu / CORES:.0f} s on {CORES} idle cores, asked {ASKED_S:.0f}")


if __name__ == "__main__":
    main()
