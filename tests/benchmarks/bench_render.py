"""What rendering costs, against its own parts and against other programs. In steps, each by itself (`--only parts20,melt60`):

    python tests/benchmarks/bench_render.py [--only STEPS] [--rounds 1] [--moviepy PYTHON] [--sources DIR]

parts20, parts60     ours against E (finished raw frames into the same x264 settings) and D (decoding, cropping and scaling all segments);
                     both use all cores, as ours does
melt20, melt60       ours against melt, cropped (where it is installed)
moviepy20, moviepy60 ours against moviepy (--moviepy or CUTPRINT_BENCH_MOVIEPY name the Python of an environment that has it), which gets
                     the same ffmpeg and x264 settings; and (E + D) against it, below which no program can be with these
memory               largest memory at 20 and 120 segments
replace              rendering again after one of 60 segments was replaced
seams                whether a join can be seen: SSIM beside joins, in ours and in one encode of the whole
preview              previews from small copies, 60 segments
proxies              measuring clips with and without leaving small copies behind

The edit: 30 s at 30 frames a second, 1080x1920, cropped from mixed sources (1080p30 H.264, 2160p60 HEVC, 720p25, 360p VP9). What is
compared runs one after the other within a round. CPU is user + system of the whole tree by wait4; ratios are what carries over to other
machines. Wall figures count on an idle machine alone.
"""

from __future__ import annotations

import argparse
import contextlib
import functools
import json
import os
import pickle
import random
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
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
X264 = ["-c:v", "libx264", "-preset", "veryfast", "-crf", "20", "-maxrate", "12M", "-bufsize", "24M", "-g", "60", "-flags", "+cgop"]
"""What a render of quality high uses."""
SEAM_S = 8.0
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
    "import os\nspent = os.times()\n"
    "print(report.seconds_taken, round(spent.children_user + spent.children_system, 2), report.frames)\n"
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


MEASURE = (
    "import sys, time\nfrom pathlib import Path\nfrom engine.media.probe import probe\nfrom engine.media.proxy import write_proxy\n"
    "from engine.analysis.clip import AnalysisOptions, analyse_clip\n"
    "media, path, kind = probe(Path(sys.argv[1])), Path(sys.argv[2]), sys.argv[3]\n"
    "began = time.process_time()\n"
    "write_proxy(media, path) if kind == 'alone' else analyse_clip(media, AnalysisOptions(), proxy=path if kind == 'both' else None)\n"
    "print(time.process_time() - began)\n"
)


@dataclass(frozen=True)
class Bench:
    """What all steps share. moviepy : a Python that has it."""

    media: tuple[Media, ...]
    song: Media
    work: Path
    seconds: float
    moviepy: str | None
    rendered: dict[int, tuple[Job, Cost]] = field(default_factory=dict)
    """Our own render of each number of segments in this round: steps share it."""
    floors: dict[int, tuple[Cost, Cost]] = field(default_factory=dict)
    """E and D of each number of segments in this round."""


@dataclass(frozen=True)
class Job:
    """An edit in a folder of its own."""

    film: Film
    paths: dict[str, str]
    work: Path


@dataclass(frozen=True)
class Cost:
    cpu_s: float
    wall_s: float
    peak_mb: float
    said: str = ""


def run(command: Sequence[str]) -> Cost:
    """CPU of a command and everything below it, wall time, largest memory of all together."""
    began, peak, done = time.monotonic(), 0, threading.Event()
    child = subprocess.Popen(list(command), cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)

    def watch() -> None:
        nonlocal peak
        while not done.wait(0.1):
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
    """Bytes in memory of a process and all below it, pages that they share counted once."""
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
            rows = Path(f"/proc/{one}/smaps_rollup").read_text().splitlines()
            total += sum(1000 * int(row.split()[1]) for row in rows if row.startswith("Pss:"))
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


def decode_lines(film: Film, paths: dict[str, str]) -> list[list[str]]:
    """Each segment's pictures decoded, cropped and scaled as they are for its encode, and thrown away."""
    encoding, _ = choose("x264", OWN_SIZE, QUALITIES["high"], RATE, SIZE)
    lines = []
    for plan in plan_segments(film, paths, Look(*SIZE, RATE), encoding, "bench"):
        at = plan.arguments.index("-map") + 2
        lines.append([ffmpeg.find_ffmpeg().path, "-v", "error", *plan.arguments[:at], "-frames:v", str(plan.frames), "-f", "null", "-"])
    return lines


def decode_only(film: Film, paths: dict[str, str], work: Path) -> list[str]:
    (work / "decode.pickle").write_bytes(pickle.dumps(decode_lines(film, paths)))
    script = (
        "import functools, pickle, subprocess, sys\nfrom concurrent.futures import ThreadPoolExecutor\n"
        "lines = pickle.load(open(sys.argv[1], 'rb'))\nwith ThreadPoolExecutor(int(sys.argv[2])) as pool:\n"
        "    list(pool.map(functools.partial(subprocess.run, check=True), lines))\n"
    )
    return [sys.executable, "-c", script, str(work / "decode.pickle"), str(WORKERS)]


def encode_only(finished: Path, work: Path) -> list[str]:
    raw = work / "frames.yuv"
    ffmpeg.run(["-i", str(finished), "-an", "-f", "rawvideo", "-pix_fmt", "yuv420p", str(raw)])
    read = ["-f", "rawvideo", "-pix_fmt", "yuv420p", "-s", "1080x1920", "-r", "30", "-i", str(raw)]
    return [ffmpeg.find_ffmpeg().path, "-v", "error", "-y", *read, *X264, "-threads", str(WORKERS), str(work / "e.mp4")]


def melt(job: Job) -> list[str] | None:
    """The same edit, cropped: without the filter melt letterboxes, and its half-sized film would be no comparison."""
    if not shutil.which("melt"):
        return None
    film, paths, work = job.film, job.paths, job.work
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


def moviepy(job: Job, python: str | None) -> list[str] | None:
    if not python:
        return None
    film, paths, work = job.film, job.paths, job.work
    rows = [[paths[s.media.media_id], float(s.source_start_s), float(RATE.seconds(s.frames))] for s in film.shots if s.media]
    (work / "moviepy.json").write_text(json.dumps(rows))
    return [python, "-c", MOVIEPY, str(work / "moviepy.json"), str(work / "moviepy.mp4")]


def prepared(count: int, bench: Bench) -> Job:
    """An edit of that many segments in a folder of its own."""
    work = Path(tempfile.mkdtemp(dir=bench.work))
    film = film_of(bench.media, bench.song, count, bench.seconds)
    return Job(film, {one.media_id: one.path for one in [*bench.media, bench.song]}, work)


def ours(count: int, bench: Bench) -> tuple[Job, Cost]:
    """The edit rendered with an empty cache, once a round."""
    if count not in bench.rendered:
        job = prepared(count, bench)
        cost = rendered(job)
        size = (job.work / "film.mp4").stat().st_size / 1e6
        print(f"  {cost.said} (segments rendered, frames), {size:.1f} MB", flush=True)
        bench.rendered[count] = job, cost
    return bench.rendered[count]


def rendered(job: Job) -> Cost:
    (job.work / "film.pickle").write_bytes(pickle.dumps((job.film, job.paths)))
    words = [str(job.work / "film.pickle"), str(job.work / "film.mp4"), str(job.work / "cache"), str(WORKERS)]
    return run([sys.executable, "-c", OURS, *words])


def floor_of(count: int, bench: Bench) -> tuple[Cost, Cost]:
    """E and D: what any program pays that encodes with these settings what it decodes with this ffmpeg."""
    if count not in bench.floors:
        job, _ = ours(count, bench)
        encode = run(encode_only(job.work / "film.mp4", job.work))
        (job.work / "frames.yuv").unlink()
        bench.floors[count] = encode, run(decode_only(job.film, job.paths, job.work))
    return bench.floors[count]


def parts(count: int, bench: Bench) -> None:
    _, full = ours(count, bench)
    encode, decode = floor_of(count, bench)
    floor = encode.cpu_s + decode.cpu_s
    show("E, encode only", encode, floor)
    show("D, decode and scale only", decode, floor)
    show("ours", full, floor)
    verdict(f"ours / (E + D), {count} segments", full.cpu_s / floor, 1.10)
    load = os.getloadavg()[0]
    verdict(f"wall / ((E + D) / {WORKERS} cores), idle cores only (load now {load:.1f})", full.wall_s / (floor / WORKERS), 1.20)
    verdict(f"peak memory, MB, {WORKERS} workers", full.peak_mb, 700)


def against(name: str, most: float, count: int, bench: Bench) -> None:
    """Another program's render of the same edit; its result must have the same frames."""
    job, full = ours(count, bench)
    words = melt(job) if name == "melt" else moviepy(job, bench.moviepy)
    if words is None:
        print(f"  {name}: not measured here")
        return
    with same_ffmpeg():
        theirs = run(words)
    made = job.work / f"{name}.mp4"
    video = probe(made).video
    show("ours", full, theirs.cpu_s, name)
    show(f"{name} ({video.duration_frames if video else 0} frames, {made.stat().st_size / 1e6:.1f} MB)", theirs, theirs.cpu_s, name)
    verdict(f"ours / {name}, {count} segments", full.cpu_s / theirs.cpu_s, most)
    if name == "moviepy":
        encode, decode = floor_of(count, bench)
        bound, alone = (encode.cpu_s + decode.cpu_s) / theirs.cpu_s, encode.cpu_s / theirs.cpu_s
        print(f"  the least with these settings: E / moviepy {alone:.2f}, (E + D) / moviepy {bound:.2f}", flush=True)


@contextlib.contextmanager
def same_ffmpeg() -> Iterator[None]:
    """moviepy takes the ffmpeg that we take, not the one of its wheel."""
    before = os.environ.get("IMAGEIO_FFMPEG_EXE")
    os.environ["IMAGEIO_FFMPEG_EXE"] = ffmpeg.find_ffmpeg().path
    try:
        yield
    finally:
        os.environ.pop("IMAGEIO_FFMPEG_EXE")
        if before is not None:
            os.environ["IMAGEIO_FFMPEG_EXE"] = before


def memory(bench: Bench) -> None:
    peaks = {count: ours(count, bench)[1].peak_mb for count in (20, 120)}
    print("  peak memory, MB:", {count: round(peak) for count, peak in peaks.items()})
    verdict("120 segments / 20 segments", peaks[120] / peaks[20], 1.10)
    verdict(f"peak memory, MB, {WORKERS} workers", max(peaks.values()), 700)


def replaced(bench: Bench) -> None:
    """Each of the four sources' segments in the middle once; the median and the worst."""
    job, full = ours(60, bench)
    shares = []
    for index in range(28, 28 + len(SOURCES)):
        shot = job.film.shots[index]
        other = replace(shot, source_start_s=shot.source_start_s + Fraction(1, 5))
        changed = replace(job.film, shots=(*job.film.shots[:index], other, *job.film.shots[index + 1 :]))
        again = rendered(Job(changed, job.paths, job.work))
        shares.append(again.cpu_s / full.cpu_s)
        name = shot.media.name if shot.media else ""
        print(f"  one of 60 ({name}): {again.cpu_s:.2f} of {full.cpu_s:.1f} CPU s ({again.said})", flush=True)
    verdict("re-render after replacing one of 60, median of the sources", statistics.median(shares), 0.06)
    verdict("the same, worst", max(shares), 0.06)


def previews(bench: Bench) -> None:
    job = prepared(60, bench)
    copies = {one.media_id: bench.work / f"{one.media_id}.mp4" for one in bench.media}
    for one in bench.media:
        if not copies[one.media_id].exists():
            write_proxy(one, copies[one.media_id])
    (job.work / "film.pickle").write_bytes(pickle.dumps((job.film, job.paths)))
    (job.work / "proxies.pickle").write_bytes(pickle.dumps({key: str(path) for key, path in copies.items()}))
    words = [str(job.work / name) for name in ("film.pickle", "preview.mp4", "cache", "proxies.pickle")]
    for kind, name, most in (("proxy", "by copy, sound new", 0.5), ("proxy", "by copy, sound known", 0.5), ("crop", "cropped", 4.0)):
        cost = run([sys.executable, "-c", PREVIEW, *words, kind])
        wall_s, cpu_s, frames = cost.said.split()
        print(f"  preview {name}: {cpu_s} CPU s, {wall_s} s wall, {frames} frames, {cost.peak_mb:.0f} MB", flush=True)
        verdict(f"preview {name}, s wall (idle cores only)", float(wall_s), most)


def proxies(bench: Bench) -> None:
    """What leaving a small copy costs inside the pass that measures a clip, and what a pass of its own would."""
    rows = []
    for one in bench.media:
        costs = [run([sys.executable, "-c", MEASURE, one.path, str(bench.work / "p.mp4"), kind]) for kind in ("plain", "both", "alone")]
        plain, both, alone = (float(cost.said.split()[-1]) for cost in costs)
        rows.append((both - plain) / alone)
        print(f"  {one.name}: measured in {plain:.1f} CPU s, with a copy {both:.1f}; a copy alone {alone:.1f}", flush=True)
    verdict("a copy inside the pass / a pass of its own", statistics.mean(rows), 1.0)


def seams(bench: Bench) -> None:
    """SSIM of each frame against what went into the encoder: beside joins, elsewhere, and in one encode of the whole."""
    work = Path(tempfile.mkdtemp(dir=bench.work))
    film = film_of(bench.media, bench.song, 20, min(bench.seconds, SEAM_S))
    job = Job(film, {one.media_id: one.path for one in [*bench.media, bench.song]}, work)
    rendered(job)
    raw = work / "raw.yuv"
    with raw.open("wb") as file:
        for line in decode_lines(film, job.paths):
            file.write(subprocess.run([*line[:-3], "-f", "rawvideo", "-"], check=True, stdout=subprocess.PIPE).stdout)
    size = ["-f", "rawvideo", "-pix_fmt", "yuv420p", "-s", f"{SIZE[0]}x{SIZE[1]}", "-r", "30", "-i", str(raw)]
    ffmpeg.run([*size, *X264, str(work / "e.mp4")])
    firsts = {0}
    for shot in film.shots:
        firsts.add(max(firsts) + shot.frames)
    near = {at + k for at in firsts for k in (-1, 0)}
    for name in ("film.mp4", "e.mp4"):
        printed = ffmpeg.run([*size, "-i", str(work / name), "-lavfi", "ssim=stats_file=-", "-f", "null", os.devnull], capture=True)
        rows = [float(line.split("Y:")[1].split()[0]) for line in printed.decode().splitlines() if "Y:" in line]
        beside = [value for k, value in enumerate(rows) if k in near]
        print(
            f"  {name}: SSIM-Y {statistics.mean(rows):.4f}, beside joins {statistics.mean(beside):.4f}, worst {min(rows):.4f}", flush=True
        )
        if name == "film.mp4":
            mine = statistics.mean(beside)
    verdict("what joins cost: SSIM of one encode beside them less ours", statistics.mean(beside) - mine, 0.002)


def verdict(what: str, value: float, most: float) -> None:
    print(f"  {'met   ' if value <= most else 'MISSED'} {what}: {value:.3g} (at most {most:g})", flush=True)


def show(name: str, cost: Cost, floor: float, unit: str = "(E + D)") -> None:
    share = cost.cpu_s / floor
    print(f"  {name:34} {cost.cpu_s:7.1f} CPU s  {share:5.2f} x {unit}  {cost.wall_s:6.1f} s wall  {cost.peak_mb:5.0f} MB", flush=True)


STEPS: Mapping[str, Callable[[Bench], None]] = {
    "parts20": functools.partial(parts, 20),
    "parts60": functools.partial(parts, 60),
    "melt20": functools.partial(against, "melt", 1.0, 20),
    "melt60": functools.partial(against, "melt", 1.0, 60),
    "moviepy20": functools.partial(against, "moviepy", 1 / 3, 20),
    "moviepy60": functools.partial(against, "moviepy", 1 / 3, 60),
    "memory": memory,
    "replace": replaced,
    "preview": previews,
    "seams": seams,
    "proxies": proxies,
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=30.0)
    parser.add_argument("--only", default=",".join(STEPS), help="steps, separated by commas")
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--moviepy", default=os.environ.get("CUTPRINT_BENCH_MOVIEPY"), help="a Python that has moviepy")
    parser.add_argument("--sources", type=Path, help="where the sources are kept from run to run")
    options = parser.parse_args()
    names = options.only.split(",")
    unknown = [name for name in names if name not in STEPS]
    if unknown:
        parser.error(f"no step {', '.join(unknown)}; steps are {', '.join(STEPS)}")
    with tempfile.TemporaryDirectory() as folder:
        kept = options.sources or Path(folder) / "sources"
        bench = Bench(tuple(sources(kept)), probe(kept / "song.wav"), Path(folder), options.seconds, options.moviepy)
        for number in range(options.rounds):
            for name in names:
                print(f"{name}, round {number + 1}", flush=True)
                STEPS[name](bench)
            bench.rendered.clear()
            bench.floors.clear()
            for job in Path(folder).glob("tmp*"):
                shutil.rmtree(job)


if __name__ == "__main__":
    main()
