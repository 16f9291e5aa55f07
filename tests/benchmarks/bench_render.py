"""What rendering costs, against its own parts and against other programs:

    python tests/benchmarks/bench_render.py [--seconds 30] [--segments 20,60,120] [--rounds 1] [--moviepy PYTHON] [--sources DIR]

Within each round everything runs one after the other on the same edit: mixed sources (1080p30 H.264, 2160p60 HEVC, 720p25, 360p VP9),
cropped to 1080x1920 at 30 frames a second. E: finished raw frames into the same x264 settings. D: decoding, cropping and scaling of all
segments, encoding none. CPU is user + system of the whole tree by wait4; ratios are what carries over to other machines. melt is used if it
is installed, moviepy with --moviepy naming the Python of an environment that has it.
"""

from __future__ import annotations

import argparse
import os
import pickle
import random
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path

from engine.media import ffmpeg
from engine.media.probe import probe
from engine.media.proxy import write_proxy
from engine.model.media import Media
from engine.model.time import FrameRate
from engine.model.timeline import CropKey
from engine.render.encoders import choose
from engine.render.film import Film, Shot, Sound
from engine.render.graph import plan_segments
from engine.render.picture import Look
from engine.render.presets import OWN_SIZE, QUALITIES

RATE = FrameRate(30)
SIZE = (1080, 1920)
WORKERS = os.cpu_count() or 1
ROOT = Path(__file__).parents[2]
SOURCES = {
    "hd.mp4": ("1920x1080", "30", 12, ["-c:v", "libx264", "-preset", "veryfast", "-b:v", "17M", "-g", "30"]),
    "uhd.mp4": (
        "3840x2160",
        "60",
        4,
        ["-c:v", "libx265", "-preset", "ultrafast", "-b:v", "48M", "-x265-params", "keyint=60:log-level=none"],
    ),
    "small.mp4": ("1280x720", "25", 12, ["-c:v", "libx264", "-preset", "veryfast", "-b:v", "6M"]),
    "web.webm": ("640x360", "30", 12, ["-c:v", "libvpx-vp9", "-deadline", "realtime", "-cpu-used", "8", "-b:v", "1M"]),
}
OURS = (
    "import pickle, sys\nfrom pathlib import Path\nfrom engine.render.run import render, RenderOptions\n"
    "film, paths = pickle.loads(Path(sys.argv[1]).read_bytes())\n"
    "report = render(film, Path(sys.argv[2]), paths=paths, cache=Path(sys.argv[3]), workers=int(sys.argv[4]))\n"
    "print(report.segments_rendered, report.frames)\n"
)
PREVIEW = (
    "import pickle, sys, time\nfrom pathlib import Path\nfrom engine.render.preview import preview\n"
    "film, paths = pickle.loads(Path(sys.argv[1]).read_bytes())\n"
    "proxies = {k: Path(v) for k, v in pickle.loads(Path(sys.argv[4]).read_bytes()).items()}\n"
    "report = preview(film, Path(sys.argv[2]), kind=sys.argv[5], proxies=proxies, sounds=paths, cache=Path(sys.argv[3]))\n"
    "print(report.seconds_taken, report.frames)\n"
)
MOVIEPY = (
    "import json, sys\nfrom moviepy import VideoFileClip, concatenate_videoclips\n"
    "rows, output = json.load(open(sys.argv[1])), sys.argv[2]\nmade = []\n"
    "for path, start, seconds in rows:\n"
    "    clip = VideoFileClip(path, audio=False).subclipped(start, start + seconds)\n"
    "    width = round(clip.h * 9 / 16)\n"
    "    made.append(clip.cropped(x_center=clip.w / 2, width=width, height=clip.h, y_center=clip.h / 2).resized((1080, 1920)))\n"
    "concatenate_videoclips(made).write_videofile(output, fps=30, codec='libx264', preset='veryfast', audio=False, threads=2, "
    "ffmpeg_params=['-crf', '20', '-g', '60'], logger=None)\n"
)


@dataclass(frozen=True)
class Cost:
    cpu_s: float
    wall_s: float
    peak_mb: float
    said: str = ""


def run(command: Sequence[str]) -> Cost:
    """CPU of a command and everything below it, wall time, largest memory of all together (resident)."""
    began, peak, done = time.monotonic(), 0, threading.Event()
    child = subprocess.Popen(list(command), cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)

    def watch() -> None:
        nonlocal peak
        while not done.wait(0.05):
            peak = max(peak, resident(child.pid))

    watcher = threading.Thread(target=watch)
    watcher.start()
    assert child.stdout is not None
    said = child.stdout.read().decode()
    child.stdout.close()
    _, status, usage = os.wait4(child.pid, 0)
    done.set()
    watcher.join()
    child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode:
        raise SystemExit(f"failed: {' '.join(command)[:400]}")
    return Cost(usage.ru_utime + usage.ru_stime, time.monotonic() - began, peak / 1e6, said.strip())


def resident(root: int) -> int:
    parents: dict[int, list[int]] = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            parents.setdefault(int(stat.read_text().rpartition(")")[2].split()[1]), []).append(int(stat.parent.name))
        except (OSError, IndexError):
            continue
    total, waiting = 0, [root]
    while waiting:
        one = waiting.pop()
        waiting += parents.get(one, [])
        try:
            total += int(Path(f"/proc/{one}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
        except (OSError, IndexError):
            continue
    return total


def sources(folder: Path) -> list[Media]:
    """Moving, noisy pictures; made once."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, (size, rate, seconds, codec) in SOURCES.items():
        if not (folder / name).exists():
            pictures = f"mandelbrot=s=640x360:r={rate}:start_scale=0.3,scale={size.replace('x', ':')},noise=alls=6:allf=t,format=yuv420p"
            part = folder / f"part-{name}"
            ffmpeg.run(["-f", "lavfi", "-i", pictures, "-t", str(seconds), *codec, str(part)])
            part.rename(folder / name)
    if not (folder / "song.wav").exists():
        ffmpeg.run(["-f", "lavfi", "-i", "anoisesrc=r=48000:c=pink:a=0.3:d=60", "-ac", "2", str(folder / "song.wav")])
    return [probe(folder / name) for name in SOURCES]


def film_of(media: Sequence[Media], song: Media, count: int, seconds: float) -> Film:
    """`count` segments in turn from all sources, at places of their own."""
    chance, shots = random.Random(count), []
    frames = round(seconds * 30)
    bounds = [round(k * frames / count) for k in range(count + 1)]
    for k, (a, b) in enumerate(zip(bounds, bounds[1:])):
        one = media[k % len(media)]
        assert one.video is not None
        room = one.video.duration_frames - one.video.rate.frames(RATE.seconds(b - a)) - 2
        share = 9 / 16 * one.video.display_height / one.video.display_width
        crop = (CropKey(0, (1 - share) / 2, 0.0, share, 1.0),)
        shots.append(Shot(f"s{k}", b - a, one, one.video.rate.seconds(chance.randrange(max(1, room))), Fraction(1), crop))
    sound = Sound(song, 0, round(seconds * 48_000), Fraction(3))
    return Film(RATE, *SIZE, tuple(shots), sounds=(sound,))


def decode_only(film: Film, paths: dict[str, str], work: Path) -> list[str]:
    encoding, _ = choose("x264", OWN_SIZE, QUALITIES["high"], RATE, SIZE)
    plans = plan_segments(film, paths, Look(*SIZE, RATE), encoding, "bench")
    lines = []
    for plan in plans:
        at = plan.arguments.index("-map") + 2
        lines.append([ffmpeg.find_ffmpeg().path, "-v", "error", *plan.arguments[:at], "-frames:v", str(plan.frames), "-f", "null", "-"])
    (work / "decode.pickle").write_bytes(pickle.dumps(lines))
    script = "import pickle, subprocess, sys\nfor line in pickle.load(open(sys.argv[1], 'rb')): subprocess.run(line, check=True)\n"
    return [sys.executable, "-c", script, str(work / "decode.pickle")]


def encode_only(finished: Path, work: Path) -> list[str]:
    raw = work / "frames.yuv"
    ffmpeg.run(["-i", str(finished), "-an", "-f", "rawvideo", "-pix_fmt", "yuv420p", str(raw)])
    x264 = ["-c:v", "libx264", "-preset", "veryfast", "-crf", "20", "-maxrate", "12M", "-bufsize", "24M", "-g", "60", "-flags", "+cgop"]
    read = ["-f", "rawvideo", "-pix_fmt", "yuv420p", "-s", "1080x1920", "-r", "30", "-i", str(raw)]
    return [ffmpeg.find_ffmpeg().path, "-v", "error", "-y", *read, *x264, "-threads", "2", str(work / "e.mp4")]


def melt(film: Film, paths: dict[str, str], work: Path) -> list[str] | None:
    """The same edit, cropped: without the filter melt letterboxes, and its half-sized film would be no comparison."""
    if not shutil.which("melt"):
        return None
    profile = work / "profile"
    rows = {"width": 1080, "height": 1920, "progressive": 1, "sample_aspect_num": 1, "sample_aspect_den": 1, "colorspace": 709}
    rows |= {"frame_rate_num": 30, "frame_rate_den": 1, "display_aspect_num": 9, "display_aspect_den": 16, "description": "bench"}
    profile.write_text("".join(f"{name}={value}\n" for name, value in rows.items()))
    words = ["melt", "-silent", "-profile", str(profile)]
    for shot in film.shots:
        assert shot.media is not None
        start = RATE.frames(shot.source_start_s)
        words += [paths[shot.media.media_id], f"in={start}", f"out={start + shot.frames - 1}", "-attach-clip", "crop", "center=1"]
    x264 = ["vcodec=libx264", "preset=veryfast", "crf=20", "g=60", "threads=2", "an=1", "real_time=-2"]
    return [*words, "-consumer", f"avformat:{work / 'melt.mp4'}", *x264]


def moviepy(film: Film, paths: dict[str, str], work: Path, python: str) -> list[str]:
    import json

    rows = [[paths[s.media.media_id], float(s.source_start_s), float(RATE.seconds(s.frames))] for s in film.shots if s.media]
    (work / "moviepy.json").write_text(json.dumps(rows))
    return [python, "-c", MOVIEPY, str(work / "moviepy.json"), str(work / "moviepy.mp4")]


def one_round(media: Sequence[Media], song: Media, count: int, options: argparse.Namespace, work: Path) -> float:
    """All measurements of one edit; returns our peak memory in MB."""
    film = film_of(media, song, count, options.seconds)
    paths = {one.media_id: one.path for one in [*media, song]}
    (work / "film.pickle").write_bytes(pickle.dumps((film, paths)))
    cache, output = work / "cache", work / "film.mp4"
    ours = [sys.executable, "-c", OURS, str(work / "film.pickle"), str(output), str(cache), str(WORKERS)]
    full = run(ours)
    print(f"{count} segments, {options.seconds:g} s: {full.said} (rendered, frames), {output.stat().st_size / 1e6:.1f} MB")
    encode = run(encode_only(output, work))
    (work / "frames.yuv").unlink()
    decode = run(decode_only(film, paths, work))
    floor = encode.cpu_s + decode.cpu_s
    show("E, encode only", encode, floor)
    show("D, decode and scale only", decode, floor)
    show("ours", full, floor)
    print(f"    wall / ((E + D) / cores): {full.wall_s / (floor / WORKERS):.2f} (load {os.getloadavg()[0]:.1f})")
    others(film, paths, work, options.moviepy, full, floor)
    changed = film.shots[count // 2]
    shots = (
        *film.shots[: count // 2],
        replace(changed, source_start_s=changed.source_start_s + Fraction(1, 5)),
        *film.shots[count // 2 + 1 :],
    )
    (work / "film.pickle").write_bytes(pickle.dumps((replace(film, shots=shots), paths)))
    again = run(ours)
    print(f"    one of {count} replaced: {again.cpu_s:.2f} CPU s, {again.cpu_s / full.cpu_s:.1%} of the full render ({again.said})")
    previews(media, work, cache, output)
    return full.peak_mb


def others(film: Film, paths: dict[str, str], work: Path, python: str | None, full: Cost, floor: float) -> None:
    command = melt(film, paths, work)
    rows = {"melt": command, "moviepy": moviepy(film, paths, work, python) if python and len(film.shots) <= 20 else None}
    for name, words in rows.items():
        if words is None:
            print(f"  {name}: not measured here")
            continue
        cost = run(words)
        show(name, cost, floor)
        video = probe(work / f"{name}.mp4").video
        frames = video.duration_frames if video else 0
        print(f"    ours / {name}: {full.cpu_s / cost.cpu_s:.2f} ({frames} frames, {(work / f'{name}.mp4').stat().st_size / 1e6:.1f} MB)")


def previews(media: Sequence[Media], work: Path, cache: Path, output: Path) -> None:
    copies = {one.media_id: work / f"{one.media_id}.mp4" for one in media}
    for one in media:
        if not copies[one.media_id].exists():
            write_proxy(one, copies[one.media_id])
    (work / "proxies.pickle").write_bytes(pickle.dumps({key: str(path) for key, path in copies.items()}))
    words = [str(work / "film.pickle"), str(output), str(cache), str(work / "proxies.pickle")]
    for kind, name in (("proxy", "by copy, sound new"), ("proxy", "by copy, sound known"), ("crop", "cropped")):
        if name.endswith("new"):
            for file in cache.glob("*.m4a*"):
                file.unlink()
        cost = run([sys.executable, "-c", PREVIEW, *words, kind])
        print(f"    preview {name}: {cost.said.split()[0]} s wall, {cost.cpu_s:.2f} CPU s with Python's start, {cost.peak_mb:.0f} MB")


def show(name: str, cost: Cost, floor: float) -> None:
    print(
        f"  {name:26} {cost.cpu_s:7.1f} CPU s  {cost.cpu_s / floor:5.2f} x (E + D)  {cost.wall_s:6.1f} s wall  {cost.peak_mb:5.0f} MB",
        flush=True,
    )


def main() -> None:
    parser = argparse.ArgumentParser(description="What rendering costs.")
    parser.add_argument("--seconds", type=float, default=30.0)
    parser.add_argument("--segments", default="20,60,120")
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--moviepy")
    parser.add_argument("--sources", type=Path)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        media = sources(options.sources or Path(folder) / "sources")
        song = probe((options.sources or Path(folder) / "sources") / "song.wav")
        for number in range(options.rounds):
            peaks = {}
            for count in (int(one) for one in options.segments.split(",")):
                work = Path(folder) / f"{number}-{count}"
                work.mkdir()
                peaks[count] = one_round(media, song, count, options, work)
                shutil.rmtree(work)
            print("peak memory, MB:", {count: round(peak) for count, peak in peaks.items()})


if __name__ == "__main__":
    main()
