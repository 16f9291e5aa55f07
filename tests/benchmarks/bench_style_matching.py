"""Finished shots found again in raw clips: `python tests/benchmarks/bench_style_matching.py [MEDIA [SEED [SCRATCH]]]`.

Raw footage as it is, and finished films cut into takes (files of their own, encoded). 25 shots at a time, with handles, are reframed to
9:16, enlarged, graded, mirrored and retimed, encoded as one reel, and looked for among all clips. Prints, per treatment, how many are
found in the right clip and how many of those within two frames of the true in-point, with 95 % Wilson intervals; the same for shots in
which hardly anything moves (there, pictures may not tell) and for the others; what it costs after analysis, in CPU and in wall seconds.
Every shot counts, black ones too. Constants were set with seeds 11, 101 to 103 and 201; judge with others. SCRATCH keeps takes and analyses
for the next run.
"""

from __future__ import annotations

import contextlib
import os
import random
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / "tests"))

import numpy as np  # noqa: E402
from reels import Cut, pictures, write_reel  # noqa: E402

from bridge_server.bootstrap import open_studio  # noqa: E402
from engine.analysis.clip import AnalysisOptions, analyse_clip  # noqa: E402
from engine.media.decode import FrameReader  # noqa: E402
from engine.media.encode import write_video  # noqa: E402
from engine.media.probe import probe  # noqa: E402
from engine.model.time import FrameRate  # noqa: E402
from engine.progress import SILENT  # noqa: E402
from engine.studio.context import Studio  # noqa: E402
from engine.studio.finding import find_uses  # noqa: E402
from engine.studio.footage import Clip, gather  # noqa: E402

MEDIA = ROOT.parent / "shared" / "media"
SHOTS = 25
LEAST_TAKE_S = 1.2
TREATMENTS: dict[str, dict[str, object]] = {
    "reframed": {},
    "enlarged 1.2": {"zoom": 1.2},
    "graded": {"graded": True},
    "mirrored": {"mirrored": True},
    "twice as fast": {"speed": 2.0},
    "half as fast": {"speed": 0.5},
    "enlarged, graded, mirrored": {"zoom": 1.25, "graded": True, "mirrored": True},
}
STILL_LEVELS = 0.7
"""Mean difference in grey levels, between the shot and itself three frames later, under which nothing in it tells the moment."""


def takes(media: Path, scratch: Path) -> list[Path]:
    """Raw clips as they are, and one file per shot of the finished films."""
    found = [path for path in sorted((media / "raw").iterdir()) if path.suffix != ".tsv"]
    for path in sorted((media / "finished").iterdir()):
        if path.suffix == ".tsv":
            continue
        film = probe(path)
        assert film.video is not None
        for shot in analyse_clip(film, AnalysisOptions(faces=False)).shots:
            take = scratch / "takes" / f"{path.stem}_{shot.start_frame:05d}.mp4"
            if shot.span.duration / film.video.rate.fps < LEAST_TAKE_S:
                continue
            if not take.exists():
                take.parent.mkdir(parents=True, exist_ok=True)
                size = (film.video.display_width // 2 * 2, film.video.display_height // 2 * 2)
                frames = FrameReader(film, span=shot.span, max_side_px=max(size), pixel="rgb")
                write_video(take, (frame.picture for frame in frames), film.video.rate, size)
            found.append(take)
    return found


@dataclass(frozen=True)
class Asked:
    """A shot of a reel and where it is really from."""

    clip: Clip
    cut: Cut
    still: bool


def asked(clips: Sequence[Clip], chance: random.Random, treatment: dict[str, object]) -> Iterator[Asked]:
    speed = float(treatment.get("speed", 1.0))  # type: ignore[arg-type]
    long = [clip for clip in clips if clip.analysis.duration_frames / clip.analysis.rate.fps >= LEAST_TAKE_S]
    for clip in chance.sample(long, min(SHOTS, len(long))):
        fps = clip.analysis.rate.fps
        length = clip.analysis.duration_frames / fps
        seconds = min(chance.uniform(0.7, 2.2), length * 0.7 / speed)
        start = round(chance.uniform(0.15, 0.85) * (length - seconds * speed) * fps)
        cut = Cut(clip.media, start, max(8, round(seconds * 30)), left=chance.random(), **treatment)  # type: ignore[arg-type]
        yield Asked(clip, cut, _still(cut))


def _still(cut: Cut) -> bool:
    shown = np.stack([picture[::4, ::4].mean(axis=2) for picture in pictures(cut, FrameRate.parse("30"), (180, 320))])
    return float(np.abs(shown[3:] - shown[:-3]).mean()) < STILL_LEVELS


def wilson(hits: int, n: int) -> str:
    if not n:
        return "none"
    p, z = hits / n, 1.96
    middle = (p + z * z / 2 / n) / (1 + z * z / n)
    reach = z * (p * (1 - p) / n + z * z / 4 / n / n) ** 0.5 / (1 + z * z / n)
    return f"{p:.1%} ({middle - reach:.0%} to {middle + reach:.0%}, n {n})"


def spent() -> float:
    """CPU seconds of this process and its ended children."""
    return sum(os.times()[:4])


@dataclass(frozen=True)
class Told:
    """What became of a shot: `exact` (within two frames), `off`, `wrong clip` or `missed`."""

    what: str
    still: bool


def trial(studio: Studio, pool: Sequence[Clip], rows: Sequence[Asked], reel: Path) -> tuple[list[Told], float, float]:
    """Per shot what became of it, and the CPU and wall seconds."""
    spans = write_reel(reel, [one.cut for one in rows])
    work = gather(studio, [reel], AnalysisOptions(faces=False), None, SILENT).clips[0]
    before, began = spent(), time.monotonic()
    uses = find_uses(studio, work, spans, {clip.media.media_id: clip for clip in pool}, SILENT)
    cost, wall = spent() - before, time.monotonic() - began
    said: list[Told] = []
    for one, use in zip(rows, uses):
        fps = one.clip.analysis.rate.fps
        what = "missed" if use is None else "wrong clip"
        if use is not None and use.media_id == one.clip.media.media_id:
            what = "exact" if abs(use.start_s * fps - one.cut.start) <= 2.01 else "off"
        said.append(Told(what, one.still))
        if os.environ.get("SHOW") and what != "exact":
            print(f"    {what}{' (still)' * one.still}: {one.clip.path.name} from {one.cut.start}, {one.cut.frames} frames: {use}")
    return said, cost, wall


def main() -> None:
    media = Path(sys.argv[1]) if len(sys.argv) > 1 else MEDIA
    seed = int(sys.argv[2]) if len(sys.argv) > 2 else 11
    with tempfile.TemporaryDirectory() as temporary, contextlib.ExitStack() as opened:
        scratch = Path(sys.argv[3]) if len(sys.argv) > 3 else Path(temporary)
        studio = opened.enter_context(open_studio({"workspace": scratch / "workspace"}))
        pool = gather(studio, takes(media, scratch), AnalysisOptions(faces=False), None, SILENT).clips
        print(f"{len(pool)} clips, seed {seed}")
        chance = random.Random(seed)
        every: list[Told] = []
        for name, treatment in TREATMENTS.items():
            rows = list(asked(pool, chance, treatment))
            said, cost, wall = trial(studio, pool, rows, scratch / f"reel_{seed}_{list(TREATMENTS).index(name)}.mp4")
            print(f"{name:28} {told(said)} {cost:.1f} s CPU, {wall:.1f} s wall", flush=True)
            every += said
        print(f"{'all':28} {told(every)}")
        print(f"{'hardly anything moves':28} {told([one for one in every if one.still])}")
        print(f"{'the others':28} {told([one for one in every if not one.still])}")


def told(said: Sequence[Told]) -> str:
    kinds = [one.what for one in said]
    found, wrong = kinds.count("exact") + kinds.count("off"), kinds.count("wrong clip")
    return f"found {wilson(found, len(kinds)):32} within 2 frames {wilson(kinds.count('exact'), found):32} wrong clip {wrong};"


if __name__ == "__main__":
    main()
