"""A thousand random edits, changed by a simulated person, through every writer and reader: how many come back the same.

python tests/benchmarks/bench_round_trips.py [COUNT]
"""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from round_trips import changed_edit, differences

from otio_adapters.writers import WRITERS


def main(count: int) -> int:
    wrong: dict[str, list[str]] = {form: [] for form in WRITERS}
    for seed in range(count):
        timeline = changed_edit(seed)
        for form in WRITERS:
            lines = list(differences(timeline, form, seed))
            wrong[form] += [f"edit {seed}: {lines[0]}"] if lines else []
    for form, found in wrong.items():
        print(f"{form}: {count - len(found)} of {count} the same")
        for line in found[:3]:
            print(f"  {line}")
    return int(any(wrong.values()))


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else 1000))
