"""The optimiser against its own upper bound and a greedy baseline: `python tests/benchmarks/bench_arrange.py`.

Random jobs of the size of real ones (as many cut points as a 15 to 60 s edit has beats, 20 to 150 clips), all in one run.
Greedy takes, from left to right, the slot and clip worth most per cut point. `gap`: how far the value may lie below the optimum.
"""

from __future__ import annotations

import time

import numpy as np

from engine.edit.arrange import Problem, solve

SIZES = ((32, 20), (48, 48), (64, 80), (120, 150))


def job(points: int, clips: int, seed: int) -> Problem:
    chance = np.random.default_rng(seed)
    slots = tuple((a, b) for a in range(points - 1) for b in range(a + 1, min(points, a + 9)))
    rhythm = np.array([-0.45 * (np.log2((b - a) / 2.5) / 0.7) ** 2 for a, b in slots])[:, None]
    quality = chance.normal(0.2, 0.15, clips)[None, :] * np.array([b - a for a, b in slots])[:, None]
    pairs = chance.normal(-0.2, 0.3, (clips, clips))
    return Problem(points, slots, rhythm + quality + chance.normal(0, 0.2, (len(slots), clips)), pairs)


def greedy(problem: Problem) -> float:
    at, before, used, total = 0, -1, set[int](), 0.0
    while at < problem.points - 1:
        best: tuple[float, float, int, int] | None = None
        for row, (start, end) in enumerate(problem.slots):
            if start != at:
                continue
            worth = problem.values[row] + (problem.pairs[before] if before >= 0 else 0.0)
            for clip in np.argsort(-worth):
                if int(clip) not in used:
                    rate = float(worth[clip]) / (end - start)
                    if best is None or rate > best[0]:
                        best = (rate, float(worth[clip]), int(clip), end)
                    break
        if best is None:
            return float("-inf")
        _, worth_, before, at = best
        used.add(before)
        total += worth_
    return total


def main() -> None:
    print(f"{'cut points':>10} {'clips':>6} {'value':>8} {'bound':>8} {'gap':>7} {'greedy':>8} {'seconds':>8}")
    for points, clips in SIZES:
        for seed in (1, 2, 3):
            problem = job(points, clips, seed)
            started = time.perf_counter()
            found = solve(problem)
            taken = time.perf_counter() - started
            if found is None:
                print(f"{points:10} {clips:6}   no edit")
                continue
            gap = (found.bound - found.value) / abs(found.bound)
            print(f"{points:10} {clips:6} {found.value:8.2f} {found.bound:8.2f} {gap:7.2%} {greedy(problem):8.2f} {taken:8.2f}")


if __name__ == "__main__":
    main()
