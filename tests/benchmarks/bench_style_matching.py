"""Finished shots found again in raw clips: `python tests/benchmarks/bench_style_matching.py [MEDIA [SEED [SCRATCH]]]`.

Raw footage as it is, and finished films cut into takes (files of their own, encoded). 25 shots at a time, with handles, are reframed to
9:16, enlarged, graded, mirrored and retimed, encoded as one reel, and looked for among all clips. Prints, per treatment, how many are
found in the right clip and how many of those within two frames of the true in-point, with 95 % Wilson intervals; how many of the misplaced
ones show nothing that moves (there, no picture tells); what it costs after analysis. SCRATCH keeps takes and analyses for the next run.
"""

from __future__ import annotations

import contextlib
import os
import random
import sys
import tempfile
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


def trial(studio: Studio, pool: Sequence[Clip], rows: Sequence[Asked], reel: Path) -> tuple[list[str], float]:
    """Per shot what became of it, and the CPU seconds."""
    spans = write_reel(reel, [one.cut for one in rows])
    work = gather(studio, [reel], AnalysisOptions(faces=False), None, SILENT).clips[0]
    before = spent()
    uses = find_uses(studio, work, spans, {clip.media.media_id: clip for clip in pool}, SILENT)
    cost = spent() - before
    said = []
    for one, use in zip(rows, uses):
        fps = one.clip.analysis.rate.fps
        if use is None or use.media_id != one.clip.media.media_id:
            said.append("missed" if use is None else "wrong clip")
        else:
            off = use.start_s * fps - one.cut.start
            said.append("exact" if abs(off) <= 2.01 else "still" if one.still else "moved")
        if os.environ.get("SHOW") and said[-1] != "exact":
            print(f"    {said[-1]}: {one.clip.path.name} from {one.cut.start}, {one.cut.frames} frames: {use}")
    return said, cost


def main() -> None:
    media = Path(sys.argv[1]) if len(sys.argv) > 1 else MEDIA
    seed = int(sys.argv[2]) if len(sys.argv) > 2 else 11
    with tempfile.TemporaryDirectory() as temporary, contextlib.ExitStack() as opened:
        scratch = Path(sys.argv[3]) if len(sys.argv) > 3 else Path(temporary)
        studio = opened.enter_context(open_studio({"workspace": scratch / "workspace"}))
        pool = gather(studio, takes(media, scratch), AnalysisOptions(faces=False), None, SILENT).clips
        print(f"{len(pool)} clips, seed {seed}")
        chance = random.Random(seed)
        every: list[str] = []
        for name, treatment in TREATMENTS.items():
            rows = list(asked(pool, chance, treatment))
            said, cost = trial(studio, pool, rows, scratch / f"reel_{seed}_{list(TREATMENTS).index(name)}.mp4")
            print(f"{name:28} {told(said)} {cost:.1f} s CPU", flush=True)
            every += said
        print(f"{'all':28} {told(every)}")


def told(said: Sequence[str]) -> str:
    found = sum(one in ("exact", "still", "moved") for one in said)
    exact, still, wrong = (said.count(one) for one in ("exact", "still", "wrong clip"))
    rest = f"of the others {still} still; {wrong} in a wrong clip;"
    return f"found {wilson(found, len(said)):32} within 2 frames {wilson(exact, found):32} {rest}"


if __name__ == "__main__":
    main()
