"""How shots go over into each other, told apart: `python tests/benchmarks/bench_style_transitions.py [MEDIA [SEED [REELS]]]`.

Reels of our own making, cut from real footage: hard cuts (also between shots in fast motion), dissolves of 8 to 24 frames, white flashes of
2 to 5 frames on each side, whip pans of 3 to 7 frames on each side in any direction. Every reel is encoded and measured as `learn`
measures a finished video. Prints, per kind, how many are told right, with 95 % Wilson intervals, among all that were made and among those
that shot detection found (that is clip analysis' own figure), and what was taken for what. Even seeds use other footage than odd ones:
thresholds were set with odd ones, judge with even ones.
"""

from __future__ import annotations

import random
import sys
import tempfile
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).parents[2]
sys.path[:0] = [str(ROOT / "tests"), str(Path(__file__).parent)]

from bench_style_matching import wilson  # noqa: E402
from reels import Cut, Join, takes_of, write_joined  # noqa: E402

from engine.analysis.clip import AnalysisOptions, analyse_clip  # noqa: E402
from engine.analysis.transitions import joined  # noqa: E402
from engine.media.probe import probe  # noqa: E402
from engine.model.media import Media  # noqa: E402

MEDIA = ROOT.parent / "shared" / "media"
KINDS = ("cut", "dissolve", "flash", "whip_pan")
SHOTS = 21
LEAST_S = 1.3
"""The shortest take: shots last 1.1 s at least."""
NEAR_FRAMES = 3
"""How far from the join a boundary may be found, beyond half the join's length."""


def join(kind: str, chance: random.Random) -> Join:
    if kind == "dissolve":
        return Join(kind, chance.randint(4, 12))
    if kind == "flash":
        return Join(kind, chance.randint(2, 5), strength=chance.uniform(0.7, 1.0))
    if kind == "whip_pan":
        speed = chance.uniform(0.12, 0.35) * chance.choice((-1, 1))
        return Join(kind, chance.randint(3, 7), (speed, 0.0) if chance.random() < 0.75 else (0.0, speed))
    return Join()


def sources(media: Path, seed: int) -> list[Media]:
    """Every second file, so that what thresholds were set on is not what judges."""
    return takes_of([path for path in sorted((media / "raw").iterdir()) if path.suffix != ".tsv"][seed % 2 :: 2], LEAST_S)


def reel(path: Path, footage: Sequence[Media], chance: random.Random) -> list[tuple[int, Join]]:
    cuts: list[Cut] = []
    while len(cuts) < SHOTS:
        one = chance.choice([media for media in footage if not cuts or media is not cuts[-1].media])
        assert one.video is not None
        length = one.video.duration_frames / one.video.rate.fps
        seconds = chance.uniform(1.1, min(2.4, length - 0.1))
        start = round(chance.uniform(0, length - seconds - 0.05) * one.video.rate.fps)
        cuts.append(Cut(one, start, round(seconds * 30), left=chance.random(), zoom=chance.uniform(1, 1.3)))
    joins = [join(kind, chance) for kind in chance.sample(KINDS * (len(cuts) // 4), len(cuts) - 1)]
    return list(zip(write_joined(path, cuts, joins), joins))


def told(path: Path, made: Sequence[tuple[int, Join]]) -> list[tuple[str, str]]:
    """(what was made, what was told), "none" where no boundary was found there."""
    analysis = analyse_clip(probe(path), AnalysisOptions(faces=False))
    rows: list[tuple[str, str]] = []
    for middle, one in made:
        near = [
            (abs(shot.start_frame - middle), shot.begins_with)
            for shot in joined(analysis)
            if shot.begins_with != "start" and abs(shot.start_frame - middle) <= one.frames + NEAR_FRAMES
        ]
        rows.append((one.kind, min(near)[1] if near else "none"))
    return rows


def main() -> None:
    media = Path(sys.argv[1]) if len(sys.argv) > 1 else MEDIA
    seed = int(sys.argv[2]) if len(sys.argv) > 2 else 2
    count = int(sys.argv[3]) if len(sys.argv) > 3 else 6
    chance = random.Random(seed)
    footage = sources(media, seed)
    rows: list[tuple[str, str]] = []
    with tempfile.TemporaryDirectory() as scratch:
        for number in range(count):
            path = Path(scratch) / f"reel{number}.mp4"
            rows += told(path, reel(path, footage, chance))
    print(f"{count} reels of {SHOTS} shots from {len(footage)} files, seed {seed}")
    for kind in KINDS:
        these = [said for made, said in rows if made == kind]
        found = [said for said in these if said != "none"]
        others = ", ".join(f"{name} {n}" for name, n in Counter(said for said in these if said != kind).most_common())
        print(
            f"{kind:10} right {wilson(these.count(kind), len(these)):32} of those found {wilson(found.count(kind), len(found)):32} {others}"
        )
    found_rows = [(made, said) for made, said in rows if said != "none"]
    right = sum(made == said for made, said in rows)
    print(f"{'all':10} right {wilson(right, len(rows)):32} of those found {wilson(right, len(found_rows)):32}")


if __name__ == "__main__":
    main()
