"""Faces against cascade settings, heads in reframed shots, rejects in an edit: `python tests/benchmarks/bench_clip_people.py`.

Faces: frames of raw clips with faces (found: at least one box on a head, where heads were marked by eye; beside: boxes on none) and of
clips without, people from behind among them (false: any box), CPU time per frame, for ours and for settings as they are usually chosen.
Heads: every 1.2 s of clips with faces is reframed to 9:16 and 1:1; a shot counts where in each of its frames a whole head is in the
picture, by another detector (default cascade at 640 px) on frames that the analysis did not look at. Rejects: black, blurred, shaken and
copied versions of clips stand among good ones; none may be in the edit.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

ROOT = Path(__file__).parents[2]
MEDIA = Path(os.environ.get("CUTPRINT_TEST_MEDIA") or ROOT.parent / "shared" / "media")
PEOPLE = (
    "intel_asl_book.mkv",
    "intel_asl_walk.mkv",
    "mediapipe_woman_thumbs_closeup.mp4",
    "simpl_two_men_meeting_A.webm",
    "simpl_two_men_meeting_B.webm",
    "simpl_two_men_meeting_C.webm",
    "simpl_dancer_alpha.webm",
)
NOBODY = (
    "mdn_bug_closeup.mp4",
    "mdn_flower_opens.mp4",
    "mex_geese_phone.mp4",
    "mex_sea_540p.mp4",
    "intel_bottles_table.mp4",
    "intel_people_one_by_one.mp4",  # from behind
)
HEADS = {
    "intel_asl_book.mkv": 8 * (((0.47, 0.27),),),
    "intel_asl_walk.mkv": 8 * (((0.46, 0.30),),),
    "mediapipe_woman_thumbs_closeup.mp4": 8 * (((0.48, 0.46),),),
    "simpl_two_men_meeting_A.webm": (
        ((0.24, 0.13), (0.54, 0.26)),
        ((0.15, 0.52), (0.61, 0.48)),
        ((0.22, 0.49), (0.53, 0.15)),
        ((0.21, 0.47), (0.38, 0.24)),
        ((0.25, 0.49), (0.44, 0.24)),
        ((0.22, 0.48), (0.46, 0.25)),
        ((0.25, 0.46), (0.46, 0.24)),
        ((0.20, 0.16), (0.58, 0.17)),
    ),
    "simpl_two_men_meeting_B.webm": (
        ((0.37, 0.15), (0.63, 0.24)),
        ((0.30, 0.45), (0.67, 0.55)),
        ((0.31, 0.45), (0.55, 0.57)),
        ((0.31, 0.43), (0.60, 0.49)),
        ((0.30, 0.42), (0.71, 0.47)),
        ((0.31, 0.43), (0.65, 0.53)),
        ((0.29, 0.45), (0.65, 0.50)),
        ((0.26, 0.13), (0.60, 0.21)),
    ),
    "simpl_two_men_meeting_C.webm": (
        ((0.44, 0.50), (0.86, 0.46)),
        ((0.30, 0.47), (0.84, 0.52)),
        ((0.43, 0.49), (0.83, 0.48)),
        ((0.41, 0.49), (0.87, 0.48)),
        ((0.45, 0.48), (0.85, 0.49)),
        ((0.44, 0.49),),
        ((0.34, 0.49), (0.91, 0.48)),
        ((0.33, 0.48), (0.80, 0.50)),
    ),
    "simpl_dancer_alpha.webm": (
        ((0.49, 0.09),),
        ((0.48, 0.10),),
        ((0.48, 0.10),),
        ((0.70, 0.38),),
        ((0.53, 0.22),),
        ((0.49, 0.14),),
        ((0.67, 0.33),),
        ((0.48, 0.10),),
    ),
}
"""Where heads are in the eight frames, marked by eye: shares of width and height. Covered and turned ones count when found."""
ON_A_HEAD = (0.06, 0.09)
"""How far a box's centre may lie from a mark, shares of width and height."""
FRAMES = 8
SHOT_S = 1.2
HEADS_S = 14.0
WHOLE = 0.97
"""Share of a head's box that has to be in the picture."""


def luma_frames(name: str, count: int) -> list[np.ndarray]:
    from engine.media.decode import FrameReader
    from engine.media.probe import probe

    media = probe(MEDIA / "raw" / name)
    assert media.video is not None
    wanted = {int(media.video.duration_frames * (k + 0.5) / count) for k in range(count)}
    return [frame.picture for frame in FrameReader(media, max_side_px=640) if frame.index in wanted]


def cascade(name: str, side: int, scale: float, least: int):  # type: ignore[no-untyped-def]
    import cv2

    finder = cv2.CascadeClassifier(cv2.data.haarcascades + f"haarcascade_frontalface_{name}.xml")

    def found(picture: np.ndarray) -> list[tuple[float, float, float, float]]:
        factor = min(1.0, side / max(picture.shape))
        small = cv2.resize(picture, None, fx=factor, fy=factor, interpolation=cv2.INTER_AREA) if factor < 1 else picture
        height, width = small.shape
        boxes = finder.detectMultiScale(small, scale, 3, minSize=(least, least))
        return [(x / width, y / height, w / width, h / height) for x, y, w, h in boxes]

    return found


def faces() -> None:
    from engine.perception.opencv_faces import CascadeFaceFinder

    ours = CascadeFaceFinder()
    ways = {
        "cutprint (with profiles)": lambda picture: ours.faces(picture) or ours.faces(picture, True),
        "alt2 320 px, 1.2, 20 px": cascade("alt2", 320, 1.2, 20),
        "alt2 320 px, 1.1, 20 px": cascade("alt2", 320, 1.1, 20),
        "default 640 px, 1.1, 40 px": cascade("default", 640, 1.1, 40),
    }
    people = [pair for name in PEOPLE for pair in zip(luma_frames(name, FRAMES), HEADS[name])]
    nobody = [frame for name in NOBODY for frame in luma_frames(name, FRAMES)]
    for name, way in ways.items():
        started = time.process_time()
        boxes = [[_centre(box) for box in way(frame)] for frame, _ in people]
        each = (time.process_time() - started) / len(people)
        on = [[any(_on(centre, mark) for mark in marks) for centre in centres] for centres, (_, marks) in zip(boxes, people)]
        found, beside = sum(any(one) for one in on), sum(not hit for one in on for hit in one)
        false = sum(bool(way(frame)) for frame in nobody)
        print(
            f"faces: {name:28} found in {found} of {len(people)} frames, {beside} boxes beside, false in {false} of {len(nobody)}, "
            f"{each * 1000:.0f} CPU ms a frame"
        )


def _centre(box) -> tuple[float, float]:  # type: ignore[no-untyped-def]
    x, y, width, height = box if isinstance(box, tuple) else (box.box.x, box.box.y, box.box.width, box.box.height)
    return x + width / 2, y + height / 2


def _on(centre: tuple[float, float], mark: tuple[float, float]) -> bool:
    return all(abs(a - b) < reach for a, b, reach in zip(centre, mark, ON_A_HEAD))


def heads() -> None:
    from engine.model.time import FrameRate

    judge = cascade("default", 640, 1.1, 40)
    rate = FrameRate(30)
    counts = {"9:16": [0, 0], "1:1": [0, 0]}
    with tempfile.TemporaryDirectory() as place:
        films = [beginning(name, Path(place)) for name in PEOPLE]
        for film in films:
            _count_heads(film, judge, rate, counts)
    for shape, (kept, shots) in counts.items():
        print(f"heads: {shape} keeps a whole head in {kept} of {shots} face shots ({kept / max(1, shots):.1%})")


def beginning(name: str, folder: Path) -> Path:
    """The first seconds of a raw clip, without encoding it again."""
    from engine.media import ffmpeg

    path = folder / name
    ffmpeg.run(["-i", f"file:{MEDIA / 'raw' / name}", "-t", str(HEADS_S), "-map", "0:v:0", "-c", "copy", f"file:{path}"])
    return path


def _count_heads(film: Path, judge, rate, counts: dict[str, list[int]]) -> None:  # type: ignore[no-untyped-def]
    from engine.analysis.clip import AnalysisOptions, analyse_clip
    from engine.edit.reframe import crop_for
    from engine.media.decode import FrameReader
    from engine.media.probe import probe
    from engine.model.time import FrameSpan

    media = probe(film)
    video = media.video
    assert video is not None
    facts = analyse_clip(media, AnalysisOptions())
    length = round(SHOT_S * video.rate.fps)
    starts = range(0, video.duration_frames - length, 2 * length)
    reader = FrameReader(media, max_side_px=640)
    step = max(1, length // 4)
    seen = {frame.index: judge(frame.picture) for frame in reader if frame.index % step == 0}
    for start in starts:
        span = FrameSpan(start, start + length)
        there = {at: boxes for at, boxes in seen.items() if start <= at < start + length and boxes}
        if not there or not any(start <= face.frame < start + length for face in facts.faces):
            continue
        for shape, (width, height) in (("9:16", (1080, 1920)), ("1:1", (1080, 1080))):
            frames = round(SHOT_S * rate.fps)
            keys = crop_for(media, facts, span, width, height, rate, frames)
            kept = all(_holds_a_head(keys, (at - start) / length * frames, boxes) for at, boxes in there.items())
            counts[shape][0] += kept
            counts[shape][1] += 1


def _holds_a_head(keys, frame: float, boxes: list[tuple[float, float, float, float]]) -> bool:  # type: ignore[no-untyped-def]
    at = [key.frame for key in keys]
    x, y = (float(np.interp(frame, at, [getattr(key, name) for key in keys])) for name in ("x", "y"))
    width, height = keys[0].width, keys[0].height

    def inside(box: tuple[float, float, float, float]) -> float:
        left, top, wide, tall = box
        across = max(0.0, min(left + wide, x + width) - max(left, x)) / wide
        down = max(0.0, min(top + tall, y + height) - max(top, y)) / tall
        return across * down

    return max(inside(box) for box in boxes) >= WHOLE


def rejects() -> None:
    """Good clips and spoilt versions of them, through the whole main job."""
    import json

    from engine.media import ffmpeg

    good = ["intel_asl_book.mkv", "simpl_two_men_meeting_C.webm", "mex_geese_phone.mp4", "mdn_bug_closeup.mp4", "simpl_gbike_ride.webm"]
    spoilt = {
        "black": "lutyuv=y=16",
        "blurred": "gblur=sigma=12",
        "shaky": "crop=iw*0.8:ih*0.8:iw*0.1+iw*0.08*sin(n*2.1):ih*0.1+ih*0.09*cos(n*1.7)",
        "copy": "scale=iw/2:-2",
        "turned": "transpose=1",
        "mirrored": "hflip",
    }
    with tempfile.TemporaryDirectory() as place:
        clips = Path(place) / "clips"
        clips.mkdir()
        for name in good:
            base = clips / f"good_{Path(name).stem}.mp4"
            encode = ["-t", "3", "-an", "-c:v", "libx264", "-preset", "veryfast", "-crf", "20", "-pix_fmt", "yuv420p"]
            ffmpeg.run(["-i", f"file:{MEDIA / 'raw' / name}", "-vf", "scale=640:-2", *encode, f"file:{base}"])
            for kind, change in spoilt.items():
                encode_again = ["-c:v", "libx264", "-preset", "veryfast", "-crf", "26", "-pix_fmt", "yuv420p"]
                ffmpeg.run(["-i", f"file:{base}", "-vf", change, *encode_again, f"file:{clips / f'{kind}_{base.name}'}"])
        out = Path(place) / "out"
        song = next((MEDIA / "songs").glob("cluecards_lobby.mp3"))
        command = [sys.executable, "-m", "bridge_server", "edit", str(clips), "--song", str(song), "-o", str(out), "--duration", "12"]
        subprocess.run([*command, "--workspace", f"{place}/ws", "--json", "-q"], check=True, cwd=ROOT, stdout=subprocess.DEVNULL)
        timeline = json.loads((out / "timeline.json").read_text())
    names = {row["media_id"]: Path(row["path"]).name for row in timeline["media"]}
    used = {names[clip["media_id"]] for clip in timeline["clips"]}
    bad = sorted(one for one in used if one.split("_")[0] in ("black", "blurred", "shaky"))
    stems = [one.split("good_")[1] for one in used]
    twice = sorted({one for one in stems if stems.count(one) > 1})
    print(
        f"rejects: {len(used)} clips in the edit; black, blurred or shaky among them: {bad or 'none'}; two copies of one: {twice or 'none'}"
    )


def main() -> None:
    if not (MEDIA / "raw").is_dir():
        print(f"skipped: {MEDIA / 'raw'} is absent")
        return
    parts = {"faces": faces, "heads": heads, "rejects": rejects}
    for name in sys.argv[1:] or parts:
        parts[name]()


if __name__ == "__main__":
    main()
