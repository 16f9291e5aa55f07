"""Whether every frame and every click comes out where it belongs, over the whole matrix; and what killing a render leaves behind:

    python tests/benchmarks/bench_render_exact.py [--only frames,clicks,kills] [--kills 40] [--seed 1]

frames  sources at 23.976, 25, 29.97, 30, 50, 59.94 and 60 frames a second and at a variable rate, each into 24, 25, 29.97, 30 and 60, by
        every ffmpeg at hand, at six places drawn by chance: the number in each picture against what was on screen then, and each time stamp
clicks  songs as WAV, FLAC, M4A, MP3, OGG and Opus at 44.1 and 48 kHz into films of every rate: where the clicks lie, in samples
kills   a render killed outright at moments drawn by chance: what lies at its place, whether the next one finishes it
"""

from __future__ import annotations

import argparse
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from fractions import Fraction
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))
sys.path.insert(0, str(Path(__file__).parents[1] / "render"))

import footage
import numpy as np
from films import rendered, shown, timeline_of
from test_render_killed import RUN, edit
from test_render_sound import HZ, middles, pulses

from engine.media import ffmpeg
from engine.media.decode import audio as heard_in
from engine.media.probe import opened, probe
from engine.model import documents
from engine.model.media import Media
from engine.model.time import FrameRate

OUTPUTS = ("24", "25", "29.97", "30", "60")
SOURCES = ("23.976", "25", "29.97", "30", "50", "59.94", "60")
PLACES, LENGTH_FRAMES = 6, (7, 20)
FRAMES = 160


def tools() -> dict[str, str]:
    """Every ffmpeg at hand: the system's (an empty name leaves the choice to Cutprint) and the wheel's."""
    import imageio_ffmpeg

    found = {"system": ""} if ffmpeg.find_ffmpeg().source == "system" else {}
    return {**found, "wheel": imageio_ffmpeg.get_ffmpeg_exe()}


def sources(folder: Path) -> list[tuple[Media, dict[int, Fraction]]]:
    """Each clip, and when each of its pictures begins."""
    made = []
    for number, name in enumerate(SOURCES, 1):
        rate = FrameRate.parse(name)
        media = probe(footage.coded_video(folder / f"{name}.mp4", number, FRAMES, rate.to_json()))
        made.append((media, {k: rate.seconds(k) for k in range(FRAMES)}))
    loose = probe(footage.variable_rate_video(folder / "variable.mp4", len(SOURCES) + 1, FRAMES))
    made.append((loose, {k: Fraction(k, 30) for k in range(FRAMES) if k % 3 != 1}))
    return made


def frames(folder: Path, options: argparse.Namespace) -> int:
    wrong = total = 0
    for tool, path in tools().items():
        os.environ["CUTPRINT_FFMPEG"] = path
        chance = random.Random(options.seed)
        for media, times in sources(folder):
            counts = [one_film(media, times, FrameRate.parse(output), folder, chance) for output in OUTPUTS]
            wrong, total = wrong + sum(bad for bad, _ in counts), total + sum(count for _, count in counts)
            print(
                f"  {tool:7} {media.name:14}", ", ".join(f"{bad} of {count}" for bad, count in counts), "wrong into", *OUTPUTS, flush=True
            )
    os.environ["CUTPRINT_FFMPEG"] = ""
    print(f"  {wrong} of {total} frames wrong")
    return wrong


def one_film(media: Media, times: Mapping[int, Fraction], rate: FrameRate, folder: Path, chance: random.Random) -> tuple[int, int]:
    """(wrong frames and time stamps, frames) of one film."""
    assert media.video is not None
    lengths = [chance.randint(*LENGTH_FRAMES) for _ in range(PLACES)]
    starts = []
    for length in lengths:
        room = media.video.duration_frames - media.video.rate.frame_at(rate.seconds(length)) - 3
        starts.append(chance.randrange(room))
    timeline = timeline_of([media] * PLACES, rate, lengths, starts)
    path, _ = rendered(timeline, folder)
    wanted = []
    for clip in timeline.clips:
        for k in range(clip.duration_frames):
            time_s = clip.source_start_s + rate.seconds(k) + Fraction(1, 1000)
            wanted.append(max(number for number, begins in times.items() if begins <= time_s))
    seen = [number for _, number in shown(path)]
    with opened(path) as container:
        stream = container.streams.video[0]
        stamps = sorted(packet.pts * stream.time_base for packet in container.demux(stream) if packet.pts is not None)
    uneven = sum(stamp != rate.seconds(k) for k, stamp in enumerate(stamps)) + abs(len(stamps) - len(wanted))
    return sum(a != b for a, b in zip(seen, wanted)) + abs(len(seen) - len(wanted)) + uneven, len(wanted)


def clicks(folder: Path, options: argparse.Namespace) -> int:
    wrong = 0
    times = [0.4, 1.1, 1.75, 2.3, 3.21, 3.6]
    clip = probe(footage.coded_video(folder / "clip.mp4", 1, 120))
    for tool, tool_path in tools().items():
        os.environ["CUTPRINT_FFMPEG"] = tool_path
        for suffix in ("wav", "flac", "m4a", "mp3", "ogg", "opus"):
            for hz in (44_100, 48_000):
                song = pulses(folder / f"song-{hz}.wav", times, 5.0, hz)
                if suffix != "wav":
                    ffmpeg.run(["-i", str(song), "-b:a", "128k", str(folder / f"song-{hz}.{suffix}")])
                    song = folder / f"song-{hz}.{suffix}"
                late = []
                for output in OUTPUTS:
                    rate = FrameRate.parse(output)
                    film = timeline_of([clip], rate, [round(3 * rate.fps)], [0], song, song_fields={"source_start_s": 1.0})
                    wanted = [time_s - 1.0 for time_s in times if 1.05 < time_s < 3.9]
                    got = middles(heard_in(rendered(film, folder)[0], HZ), wanted)
                    late += [abs(a - b * HZ) for a, b in zip(got, wanted)]
                wrong += sum(value >= 1 for value in late)
                print(f"  {tool:7} {suffix:5} {hz} Hz: {max(late):.2f} samples off at most, mean {np.mean(late):.2f}", flush=True)
    os.environ["CUTPRINT_FFMPEG"] = ""
    print(f"  {wrong} clicks a sample or more off")
    return wrong


def kills(folder: Path, options: argparse.Namespace) -> int:
    """Kills a render with all its ffmpegs at random moments; counts what should not be there."""
    timeline = edit(folder)
    (folder / "t.json").write_text(documents.dumps(documents.encode(timeline)))
    output, cache = folder / "out" / "film.mp4", folder / "cache-killed"
    output.parent.mkdir()
    command = [sys.executable, "-c", RUN, str(folder / "t.json"), str(output)]
    began = time.monotonic()
    subprocess.run([*command, str(folder / "whole")], check=True, stdout=subprocess.DEVNULL)
    length_s, whole = time.monotonic() - began, shown(output)
    output.write_bytes(b"an older film")
    chance, bad, finished = random.Random(options.seed), 0, 0
    for number in range(options.kills):
        if number % 4 == 0:
            for one in cache.glob("*.mp4") if cache.exists() else ():
                one.unlink()
        child = subprocess.Popen([*command, str(cache)], stdout=subprocess.PIPE, start_new_session=True)
        assert child.stdout is not None
        child.stdout.readline()
        time.sleep(chance.uniform(0.0, length_s))
        os.killpg(child.pid, signal.SIGKILL)
        child.wait()
        child.stdout.close()
        if output.read_bytes() != b"an older film":
            finished += 1
            bad += shown(output) != whole
            output.write_bytes(b"an older film")
        bad += sum(not probe(one).video for one in cache.glob("*.mp4"))
    subprocess.run([*command, str(cache)], check=True, stdout=subprocess.DEVNULL)
    bad += shown(output) != whole
    bad += [one.name for one in output.parent.iterdir()] != ["film.mp4"]
    print(f"  {options.kills} kills ({finished} came too late): {bad} files that should not be as they are")
    return bad


STEPS: Mapping[str, Callable[[Path, argparse.Namespace], int]] = {"frames": frames, "clicks": clicks, "kills": kills}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", default=",".join(STEPS))
    parser.add_argument("--kills", type=int, default=40)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    wrong = 0
    for name in options.only.split(","):
        print(name, flush=True)
        with tempfile.TemporaryDirectory() as folder:
            wrong += STEPS[name](Path(folder), options)
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
