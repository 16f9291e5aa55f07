"""Finished shots found again in raw clips: `python tests/benchmarks/bench_style_matching.py [MEDIA]`.

Real footage and films are split into takes; shots cut from them (with handles) are reframed to 9:16, enlarged, graded, mirrored and
retimed, encoded, and looked for among all takes. Prints, per treatment, how many are found in the right take and how many of those within
two frames of the true in-point, with 95 % Wilson intervals; then what 25 shots among 100 takes cost.
"""

from __future__ import annotations

import dataclasses
import random
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / "tests"))

from reels import Cut, write_reel  # noqa: E402

from engine.analysis.clip import AnalysisOptions, analyse_clip  # noqa: E402
from engine.errors import CutprintError  # noqa: E402
from engine.media.probe import probe  # noqa: E402
from engine.model.analysis import ClipAnalysis, Prints  # noqa: E402
from engine.model.media import Media  # noqa: E402
from engine.style.matching import find_uses  # noqa: E402

MEDIA = ROOT.parent / "shared" / "media"
TAKE_S = 6.0
SHOTS = 25
TREATMENTS: dict[str, dict[str, object]] = {
    "reframed": {},
    "enlarged 1.2": {"zoom": 1.2},
    "graded": {"graded": True},
    "mirrored": {"mirrored": True},
    "twice as fast": {"speed": 2.0},
    "half as fast": {"speed": 0.5},
    "enlarged, graded, mirrored": {"zoom": 1.25, "graded": True, "mirrored": True},
}


@dataclass(frozen=True)
class Take:
    name: str
    media: Media
    first: int
    analysis: ClipAnalysis


def takes_of(media: Media, analysis: ClipAnalysis) -> list[Take]:
    """A clip in takes of about TAKE_S without a cut inside."""
    rows = []
    for shot in analysis.shots:
        count = max(1, round(shot.span.duration / analysis.rate.fps / TAKE_S))
        for k in range(count):
            start = shot.start_frame + shot.span.duration * k // count
            end = shot.start_frame + shot.span.duration * (k + 1) // count
            if (end - start) / analysis.rate.fps >= 1.2:
                step = analysis.prints.step_frames
                prints = Prints(analysis.prints.values[start // step : max(start // step + 1, end // step)], step)
                part = dataclasses.replace(
                    analysis, duration_frames=end - start, prints=prints, signatures=analysis.signatures[:1], shots=()
                )
                rows.append(Take(f"{media.name}#{start}", media, start, part))
    return rows


def wilson(hits: int, n: int) -> str:
    if not n:
        return "none"
    p, z = hits / n, 1.96
    middle = (p + z * z / 2 / n) / (1 + z * z / n)
    reach = z * (p * (1 - p) / n + z * z / 4 / n / n) ** 0.5 / (1 + z * z / n)
    return f"{p:.1%} ({middle - reach:.0%} to {middle + reach:.0%}, n {n})"


def chosen(takes: Sequence[Take], chance: random.Random, treatment: dict[str, object]) -> list[tuple[Take, Cut]]:
    rows = []
    for take in chance.sample(list(takes), min(SHOTS, len(takes))):
        speed = float(treatment.get("speed", 1.0))  # type: ignore[arg-type]
        length = take.analysis.duration_frames / take.analysis.rate.fps
        seconds = min(chance.uniform(0.7, 2.2), length * 0.7 / speed)
        room = length - seconds * speed
        start = take.first + round(chance.uniform(0.15, 0.85) * room * take.analysis.rate.fps)
        rows.append((take, Cut(take.media, start, max(8, round(seconds * 30)), left=chance.random(), **treatment)))  # type: ignore[arg-type]
    return rows


def main() -> None:
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else MEDIA
    chance = random.Random(7)
    takes: list[Take] = []
    for path in sorted([*(folder / "raw").iterdir(), *(folder / "finished").iterdir()]):
        if path.suffix == ".tsv":
            continue
        try:
            media = probe(path)
            takes += takes_of(media, analyse_clip(media, AnalysisOptions(faces=False)))
        except CutprintError as error:
            print(f"{path.name}: {error.message}")
    print(f"{len(takes)} takes")
    pool = {take.name: take.analysis for take in takes}
    totals = [0, 0, 0]
    with tempfile.TemporaryDirectory() as scratch:
        for name, treatment in TREATMENTS.items():
            rows = chosen(takes, chance, treatment)
            reel = Path(scratch) / "reel.mp4"
            spans = write_reel(reel, [cut for _, cut in rows])
            finished = analyse_clip(probe(reel), AnalysisOptions(faces=False))
            few = dict(list(pool.items())[:: max(1, len(pool) // 100)][:100]) | {take.name: take.analysis for take, _ in rows}
            started = time.process_time()
            uses = find_uses(finished, spans, few)
            cost = time.process_time() - started
            found = exact = 0
            for (take, cut), use in zip(rows, uses):
                if use is None or use.media_id != take.name:
                    continue
                found += 1
                exact += abs(use.start_s * take.analysis.rate.fps - (cut.start - take.first)) <= 2.01
            totals = [totals[0] + found, totals[1] + exact, totals[2] + len(rows)]
            said = f"found {wilson(found, len(rows)):34} in-point within 2 frames {wilson(exact, found):34}"
            print(f"{name:28} {said} {cost:.1f} s CPU, {len(few)} takes", flush=True)
    print(f"{'all':28} found {wilson(totals[0], totals[2]):34} in-point within 2 frames {wilson(totals[1], totals[0])}")


if __name__ == "__main__":
    main()
