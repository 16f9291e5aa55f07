"""The whole main job on a folder of clips: `python tests/benchmarks/bench_main_job.py [CLIPS SONG]`.

Prints wall time and the largest memory of all processes together for: decoding every clip once in one process (the baseline),
a first edit with rendering, and a second edit from the cache.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

ROOT = Path(__file__).parents[2]
MEDIA = ROOT.parent / "shared" / "media"
DECODE = (
    "import sys\n"
    "from pathlib import Path\n"
    "from engine.errors import CutprintError\n"
    "from engine.media.decode import FrameReader\n"
    "from engine.media.probe import probe\n"
    "from engine.studio.footage import find_clips\n"
    "for path in find_clips([Path(sys.argv[1])]):\n"
    "    try:\n"
    "        for frame in FrameReader(probe(path), max_side_px=320, pixel='luma'): pass\n"
    "    except CutprintError as error: print(error.message)\n"
)


def resident_bytes(root: int) -> int:
    """Proportional memory of a process and everything below it (Linux)."""
    children: dict[int, list[int]] = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        children.setdefault(int(fields[1]), []).append(int(stat.parent.name))
    total, waiting = 0, [root]
    while waiting:
        one = waiting.pop()
        waiting += children.get(one, [])
        try:
            rows = Path(f"/proc/{one}/smaps_rollup").read_text().splitlines()
        except OSError:
            continue
        total += sum(int(row.split()[1]) * 1024 for row in rows if row.startswith("Pss:"))
    return total


def measured(name: str, command: list[str], environment: dict[str, str]) -> float:
    """Runs a command; prints and returns its wall time in seconds."""
    started, peak = time.monotonic(), 0
    child = subprocess.Popen(command, env=environment, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    done = threading.Event()

    def watch() -> None:
        nonlocal peak
        while not done.wait(0.2):
            peak = max(peak, resident_bytes(child.pid))

    watcher = threading.Thread(target=watch)
    watcher.start()
    status = child.wait()
    done.set()
    watcher.join()
    taken = time.monotonic() - started
    print(f"{name:32} {taken:7.1f} s   {peak / 1e6:7.0f} MB{'' if status == 0 else f'   FAILED ({status})'}")
    return taken


def main() -> None:
    clips, song = sys.argv[1:3] if len(sys.argv) > 2 else (str(MEDIA / "raw"), str(MEDIA / "songs" / "cluecards_lobby.mp3"))
    if not Path(clips).exists() or not Path(song).exists():
        print(f"skipped: {clips} or {song} is absent")
        return
    with tempfile.TemporaryDirectory() as work:
        environment = {**os.environ, "CUTPRINT_WORKSPACE": f"{work}/workspace", "PYTHONPATH": str(ROOT)}
        edit = [sys.executable, "-m", "bridge_server", "edit", clips, "--song", song, "--duration", "30", "--quiet", "-o", f"{work}/edit"]
        base = measured("decode every clip, one process", [sys.executable, "-c", DECODE, clips], environment)
        first = measured("first edit with --render", [*edit, "--render"], environment)
        second = measured("second edit from the cache", edit, environment)
    print(f"ratio to the baseline: first {first / base:.2f}, second {second / base:.3f}")


if __name__ == "__main__":
    main()
