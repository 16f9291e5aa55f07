"""How much of what a person does in an editing program read-back recovers: thousands of random edits, by kind and by program.

python tests/benchmarks/bench_readback.py [SINGLES] [SEQUENCES]
"""

from __future__ import annotations

import sys
import time
from collections import Counter
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from readback_trials import trial


def measured(what: str, seeds: range, steps: int) -> None:
    begun = time.process_time()
    results = [trial(seed, steps) for seed in seeds]
    right = sum(score.right for _, score, _ in results)
    wrong = sum(len(score.wrong_locks) for _, score, _ in results)
    spent = time.process_time() - begun
    each_ms = spent / len(results) * 1000
    print(f"{what}: {right} of {len(results)} recovered ({right / len(results):.2%}), {wrong} wrong locks, {each_ms:.0f} ms each")
    by_flavour = Counter(flavour for _, score, flavour in results if not score.right)
    print(f"  missed by program: {dict(by_flavour)}")


if __name__ == "__main__":
    singles, sequences = (int(one) for one in [*sys.argv[1:], 5000, 2000][:2])
    measured("single edits", range(100_000, 100_000 + singles), 1)
    measured("sequences of ten", range(200_000, 200_000 + sequences), 10)
