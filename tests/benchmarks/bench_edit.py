"""The edit engine at full size against what can be proven: `python tests/benchmarks/bench_edit.py [--seeds N] [--only PART]`.

Jobs, seeds and the oracle are in tests/instances.py and tests/oracle.py. Gaps are shares of (optimum less the mean of 50 random legal
edits).

* `optimum`: 200 clips on 120 beats, worths of placements and the rule of streaks, no pairs and no sets, 3 locked, a tenth deleted.
  CP-SAT proves the optimum of what our bound leaves open; where it does not finish, the gap is to its bound (marked >).
* `bound`: all terms, near-duplicates among the clips: gap to the bound that the optimiser certifies itself.
* `scarce`: 1,000 small seeded jobs with scarce footage, locks, deletions, near-duplicates: broken constraints, and jobs given up that
  CP-SAT can fill.
* `whole`: `make_edit` on 200 analysed clips and 60 s of song at 120 beats a minute, and a section of it made again.
* `again`: the same job in new processes with other hash seeds.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import resource
import subprocess
import sys
import time
from pathlib import Path

import numpy as np

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE.parent), str(HERE.parent / "edit"), str(HERE.parents[1])]

from instances import Recipe, instance, random_edits  # noqa: E402
from oracle import exact, reduced  # noqa: E402

from engine.edit.arrange import certified, solve  # noqa: E402
from engine.edit.problem import Problem, breaches, worth_of  # noqa: E402

FULL = Recipe(clips=200, points=121)
TERMS = Recipe(clips=200, points=121, pair_terms=True, duplicates=0.15)


def _random(problem: Problem) -> float:
    rows = random_edits(problem, 50, np.random.default_rng(1))
    return float(np.mean([worth_of(problem, one) for one in rows]))


def optimum(seeds: int, limit_s: float) -> None:
    """Gap to the proven optimum without pairs and sets."""
    gaps, costs, proven = [], [], 0
    for seed in range(seeds):
        problem = instance(seed, FULL)
        started = time.process_time()
        pair = certified(problem)
        costs.append(time.process_time() - started)
        assert pair is not None
        found, prices = pair
        assert not breaches(problem, found.segments)
        proof = reduced(problem, found, prices, limit_s)
        best = proof.value if proof.proven else proof.bound
        gaps.append((best - found.value) / (best - _random(problem)))
        proven += proof.proven
        mark = " " if proof.proven else ">"
        print(f"optimum seed {seed}: {found.value:.3f} of {mark}{best:.3f}, gap {gaps[-1]:.3%}, {costs[-1]:.2f} s CPU", flush=True)
    print(f"optimum: mean {np.mean(gaps):.3%} (asked .2 %), most {max(gaps):.3%} (asked 1 %), {proven} of {seeds} proven")
    print(f"optimum: CPU p95 {np.percentile(costs, 95):.2f} s (asked 5)")


def bound(seeds: int) -> None:
    """Gap to the certified bound with all terms."""
    gaps, costs = [], []
    for seed in range(100, 100 + seeds):
        problem = instance(seed, TERMS)
        started = time.process_time()
        found = solve(problem)
        costs.append(time.process_time() - started)
        assert found is not None and not breaches(problem, found.segments)
        gaps.append((found.bound - found.value) / (found.bound - _random(problem)))
        print(f"bound seed {seed}: {found.value:.3f} of at most {found.bound:.3f}, gap {gaps[-1]:.3%}, {costs[-1]:.2f} s CPU", flush=True)
    print(f"bound: mean {np.mean(gaps):.3%} (asked 1 %), most {max(gaps):.3%}; CPU p95 {np.percentile(costs, 95):.2f} s (asked 5)")


def scarce(count: int) -> None:
    """Broken constraints in many small jobs, and edits missed."""
    broken = none = missed = 0
    for seed in range(count):
        chance = np.random.default_rng(seed)
        recipe = Recipe(
            clips=int(chance.integers(6, 22)),
            points=int(chance.integers(9, 30)),
            pair_terms=bool(chance.random() < 0.5),
            duplicates=float(chance.choice([0.0, 0.2, 0.4])),
            deleted=float(chance.choice([0.0, 0.1, 0.3])),
            locked=int(chance.integers(0, 4)),
            streak=int(chance.integers(1, 4)),
        )
        problem = instance(seed, recipe)
        found = solve(problem)
        if found is None:
            none += 1
            missed += exact(problem, 20.0) is not None
            continue
        wrong = breaches(problem, found.segments)
        broken += bool(wrong) or found.value > found.bound + 1e-6 or abs(found.value - worth_of(problem, found.segments)) > 1e-6
        if wrong:
            print(f"scarce seed {seed}: {wrong}")
    print(f"scarce: {broken} of {count} jobs with a broken constraint (asked 0); {none} without an edit, {missed} of them have one")


def _shoot(count: int) -> list:
    import test_edit_laws as laws

    return laws.shoot(count, seconds=9.0)


def whole(seeds: int) -> None:
    """The whole decision, from analyses to a timeline, and a section of it again."""
    import factories
    import test_edit_laws as laws
    import test_edit_revisions as revisions

    from engine.edit.instructions import parse
    from engine.edit.remake import remake

    clips, song = _shoot(200), factories.song_analysis(bpm=120, duration_s=90)
    costs, sections = [], []
    for seed in range(seeds):
        brief = factories.brief(duration_frames=1800, seed=seed)
        started = time.process_time()
        made = laws.edit(clips, brief, song)
        costs.append(time.process_time() - started)
        wishes = parse("regenerate", made.song, 60.0)
        started = time.process_time()
        remake(made, clips, (), revisions.TASTE, wishes, revisions.AT, section=(20.0, 30.0))
        sections.append(time.process_time() - started)
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024 * (1 if sys.platform != "darwin" else 1 / 1024)
    print(f"whole: {len(made.clips)} shots from 200 clips on 120 beats, CPU p95 {np.percentile(costs, 95):.2f} s (asked 5), {seeds} seeds")
    print(f"whole: ten seconds of it again, CPU p95 {np.percentile(sections, 95):.2f} s (asked 1)")
    print(f"whole: most memory of this process {memory:.0f} MB (asked 1024)")


def _digest() -> str:
    found = solve(instance(7, Recipe(clips=60, points=61, pair_terms=True, duplicates=0.2)))
    assert found is not None
    return hashlib.blake2b(repr((found.segments, found.rivals)).encode(), digest_size=8).hexdigest()


def again() -> None:
    """Whether processes agree."""
    digests = set()
    for seed in ("0", "1", "2"):
        command = [sys.executable, __file__, "--only", "digest"]
        environment = {**os.environ, "PYTHONHASHSEED": seed}
        digests.add(subprocess.run(command, env=environment, capture_output=True, text=True, check=True).stdout.strip())
    print(f"again: three processes, {len(digests)} answer(s) (asked 1)")


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--seeds", type=int, default=6, help="jobs of full size in each part")
    options.add_argument("--scarce", type=int, default=1000, help="small jobs")
    options.add_argument("--limit", type=float, default=60.0, help="seconds for each proof")
    options.add_argument("--only", default="", help="optimum, bound, scarce, whole or again")
    asked = options.parse_args()
    if asked.only == "digest":
        print(_digest())
        return
    parts = {
        "whole": lambda: whole(asked.seeds),
        "bound": lambda: bound(asked.seeds),
        "scarce": lambda: scarce(asked.scarce),
        "again": again,
        "optimum": lambda: optimum(asked.seeds, asked.limit),
    }
    for name, part in parts.items():
        if asked.only in ("", name):
            part()


if __name__ == "__main__":
    main()
