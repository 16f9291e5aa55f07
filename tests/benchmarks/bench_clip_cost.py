"""What measuring clips costs, as a ratio to decoding them with ffmpeg (one thread, to null) in the same interleaved rounds.

`python tests/benchmarks/bench_clip_cost.py [--rounds 3] [--only hd,4k,naive,pair] [--keep FOLDER]`.
CPU time of the whole process tree, user and system. hd: four clips of 10 s of 1080p30 H.264, 17 Mb/s, as one worker measures them one
after the other (start of Python included); 4k: 4 s of 4K60 HEVC, 48 Mb/s. Both are made from raw clips with sensor-like noise.
naive: `cv2.VideoCapture`, Farneback and the variance of a Laplacian in doubles at full size on every frame, three cascades every half
second. pair: how much quicker two processes are than one after the other, beside two plain decoders (wall time: only means something
on an idle machine).
"""

from __future__ import annotations

import argparse
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).parents[2]
MEDIA = Path(os.environ.get("CUTPRINT_TEST_MEDIA") or ROOT.parent / "shared" / "media")
NAIVE_FRAMES = 12
WORKER = """
import sys
from pathlib import Path
from engine.studio.workers import share_cores
share_cores()
from engine.analysis.clip import AnalysisOptions
from engine.media.probe import probe
from engine.studio.measuring import measure
kind, folder, *clips = sys.argv[1:]
for number, clip in enumerate(clips):
    proxy = Path(folder) / f"proxy{number}.mp4" if kind == "proxies" else None
    measure((probe(Path(clip)), AnalysisOptions(draft=kind == "first_look"), proxy))
"""
NAIVE = """
import sys, time
import cv2, numpy as np
cv2.setNumThreads(1)
path, frames = sys.argv[1], int(sys.argv[2])
folder = cv2.data.haarcascades
cascades = [cv2.CascadeClassifier(folder + f"haarcascade_{n}.xml") for n in ("frontalface_default", "profileface", "upperbody")]
film, before = cv2.VideoCapture(path), None
rate = film.get(cv2.CAP_PROP_FPS)
started = time.process_time()
for number in range(frames):
    there, picture = film.read()
    gray = cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY)
    if before is not None:
        flow = cv2.calcOpticalFlowFarneback(before, gray, None, 0.5, 3, 15, 3, 5, 1.2, 0)
        np.linalg.norm(flow, axis=2).mean()
    cv2.Laplacian(gray, cv2.CV_64F).var()
    if number % max(1, round(rate / 2)) == 0:
        [one.detectMultiScale(gray, 1.1, 3) for one in cascades]
    before = gray
print((time.process_time() - started) / frames)
"""


def cpu_of(command: list[str]) -> tuple[float, float]:
    """(CPU seconds of a command and all its children, its largest resident memory in MB)."""
    child = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    _, status, used = os.wait4(child.pid, 0)
    child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode:
        raise SystemExit(f"failed: {' '.join(command[:4])} ...")
    return used.ru_utime + used.ru_stime, used.ru_maxrss / 1024


def made(folder: Path, name: str, source: str, seconds: float, start_s: float = 0.0) -> Path:
    """A clip from raw footage, enlarged, with noise that no encoder can guess."""
    from engine.media import ffmpeg

    path = folder / name
    if path.exists():
        return path
    if name.startswith("hd"):
        size, rate = "1920:1080", 30
        codec = ["libx264", "-preset", "veryfast", "-b:v", "17M", "-maxrate", "20M", "-bufsize", "34M", "-g", "30", "-bf", "2"]
    else:
        size, rate = "3840:2160", 60
        codec = ["libx265", "-preset", "ultrafast", "-b:v", "48M", "-g", "60", "-x265-params", "log-level=none"]
    fill = f"fps={rate},scale={size}:force_original_aspect_ratio=increase,crop={size},noise=alls=6:allf=t,format=yuv420p"
    source_options = ["-stream_loop", "-1", "-ss", str(start_s), "-i", f"file:{MEDIA / 'raw' / source}"]
    sound = ["-f", "lavfi", "-i", "anoisesrc=a=0.05:r=48000:c=pink", "-map", "0:v:0", "-map", "1:a", "-c:a", "aac"]
    ffmpeg.run([*source_options, *sound, "-t", str(seconds), "-vf", fill, "-c:v", *codec, f"file:{path}"])
    return path


def decoders(clips: list[Path]) -> list[list[str]]:
    from engine.media import ffmpeg

    tool = str(ffmpeg.find_ffmpeg().path)
    return [[tool, "-v", "error", "-threads", "1", "-i", str(clip), "-map", "0:v:0", "-an", "-f", "null", "-"] for clip in clips]


def worker(kind: str, folder: Path, clips: list[Path]) -> list[str]:
    return [sys.executable, "-c", WORKER, kind, str(folder), *map(str, clips)]


def costs(name: str, folder: Path, clips: list[Path], rounds: int) -> float:
    """Prints the table of one kind of clip; returns CPU seconds of decoding."""
    kinds = ("full", "proxies", "first_look")
    ratios: dict[str, list[float]] = {kind: [] for kind in kinds}
    peaks: dict[str, float] = {}
    bases = []
    for _ in range(rounds):
        base = sum(cpu_of(command)[0] for command in decoders(clips))
        bases.append(base)
        for kind in kinds:
            used, peaks[kind] = cpu_of(worker(kind, folder, clips))
            ratios[kind].append(used / base)
    print(f"{name}: decoding {statistics.median(bases):.2f} CPU s")
    for kind in kinds:
        values = sorted(ratios[kind])
        print(f"  {kind:11} {statistics.median(values):5.2f} ({values[0]:.2f} to {values[-1]:.2f}) of decoding, {peaks[kind]:4.0f} MB")
    return statistics.median(bases)


def naive(folder: Path, clip: Path, seconds: float, rate: float) -> None:
    """The naive way's cost per frame against everything measured here, on the same clip."""
    words = [sys.executable, "-c", NAIVE, str(clip), str(NAIVE_FRAMES)]
    per_frame = float(subprocess.run(words, capture_output=True, text=True, check=True).stdout)
    ours = cpu_of(worker("full", folder, [clip]))[0]
    print(f"naive: {per_frame * seconds * rate:.0f} CPU s, measured here {ours:.1f}: {per_frame * seconds * rate / ours:.0f} times less")


def wall(commands: list[list[str]], together: bool) -> float:
    started = time.perf_counter()
    running = []
    for command in commands:
        child = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        running.append(child)
        if not together:
            child.wait()
    for child in running:
        child.wait()
    return time.perf_counter() - started


def pair(folder: Path, clips: list[Path], rounds: int) -> None:
    shares = []
    for _ in range(rounds):
        plain, ours = decoders(clips[:2]), [worker("full", folder, [clip]) for clip in clips[:2]]
        gains = [wall(commands, together=False) / wall(commands, together=True) for commands in (ours, plain)]
        shares.append(gains)
    shares.sort(key=lambda gains: gains[0] / gains[1])
    ours, plain = shares[len(shares) // 2]
    print(f"pair: two processes {ours:.2f} times as fast as one, two plain decoders {plain:.2f}: {ours / plain:.2f} of theirs")


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--only", default="hd,4k,naive,pair")
    parser.add_argument("--keep", type=Path, help="where the clips are kept, and taken from the next time")
    asked = parser.parse_args()
    wanted = asked.only.split(",")
    if not (MEDIA / "raw").is_dir():
        print(f"skipped: {MEDIA / 'raw'} is absent")
        return
    with tempfile.TemporaryDirectory() as place:
        folder = asked.keep or Path(place)
        folder.mkdir(exist_ok=True)
        sources = [("two_men_meeting_A", 3), ("two_men_meeting_C", 9), ("gbike_ride", 2), ("two_men_meeting_B", 20)]
        hd = []
        if {"hd", "naive", "pair"} & {*wanted}:
            hd = [made(folder, f"hd{k}.mp4", f"simpl_{name}.webm", 10, start) for k, (name, start) in enumerate(sources)]
        if "hd" in wanted:
            costs("hd", folder, hd, asked.rounds)
        if "4k" in wanted:
            costs("4k", folder, [made(folder, "4k.mp4", "mediapipe_laptop_shopping.mp4", 4)], asked.rounds)
        if "naive" in wanted:
            naive(folder, hd[0], 10, 30)
        if "pair" in wanted:
            pair(folder, hd, 5)
    print(f"(largest memory of this bench's children {resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024:.0f} MB)")


if __name__ == "__main__":
    main()
