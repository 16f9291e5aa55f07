"""Sample files and 10,000 damaged ones: each read or refused with a clear error, in bounded time and memory, with nothing else opened.

python tests/benchmarks/bench_damaged_files.py [COUNT] [FOLDER_WITH_NLE_SAMPLES]

Limits for each file: 2 s of CPU per MB (from the first on), 10 s at most, 500 MB. Processes of their own read them, so that a hang or a
crash is counted and not suffered.
"""

from __future__ import annotations

import random
import resource
import signal
import sys
import time
from collections import Counter
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from multiprocessing import get_context
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from damage import damaged, whole_files

from engine.errors import DocumentError
from otio_adapters.readers import READERS

BATCH = 400
SECONDS_PER_MB, MOST_SECONDS, MOST_MB = 2.0, 10.0, 500.0


class Late(Exception):
    """A file took longer than it may."""


def read_batch(seed: int, count: int, folder: str) -> list[tuple[str, str, float, float, float]]:
    """(what, outcome, CPU s, size MB, peak MB of the process so far) of `count` files."""
    opened: list[str] = []
    sys.addaudithook(lambda event, given: opened.append(f"{event} {given[:1]}") if event in ("open", "socket.connect") else None)
    signal.signal(signal.SIGPROF, _too_late)
    chance = random.Random(seed)
    files = whole_files(Path(folder))
    READERS["any"].read(files[0][1])
    rows = []
    for number in range(count):
        name, content = files[(seed * count + number) % len(files)]
        content, how = damaged(content, chance) if seed else (content, "whole")
        opened.clear()
        outcome, spent = _read(content)
        outcome = f"opened {opened[0]}" if opened else outcome
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        rows.append((f"{name} {how} seed {seed} number {number}", outcome, spent, len(content) / 1e6, peak))
    return rows


def _apart(seed: int, count: int, folder: str) -> list[tuple[str, str, float, float, float]]:
    """A process for each batch: its peak of memory is the batch's, and what kills it is counted."""
    with ProcessPoolExecutor(1, get_context("spawn")) as process:
        try:
            return process.submit(read_batch, seed, count, folder).result()
        except BrokenProcessPool:
            return [(f"seed {seed}", "crash", 0.0, 0.0, 0.0)]


def _too_late(*_: object) -> None:
    raise Late


def _read(content: bytes) -> tuple[str, float]:
    begun = time.process_time()
    signal.setitimer(signal.ITIMER_PROF, 2 * MOST_SECONDS)
    try:
        READERS["any"].read(content, "damaged.file")
        outcome = "read"
    except DocumentError as error:
        outcome = error.code if error.hint and error.code.startswith("interchange_") else f"error without help: {error.code}"
    except Late:
        outcome = "hang"
    except BaseException as error:
        outcome = f"{type(error).__name__}: {str(error)[:80]}"
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
    return outcome, time.process_time() - begun


def main(count: int, folder: str) -> int:
    whole = len(whole_files(Path(folder)))
    batches = [(0, whole), *((seed, min(BATCH, count - (seed - 1) * BATCH)) for seed in range(1, -(-count // BATCH) + 1))]
    with ThreadPoolExecutor(2) as pool:
        rows = [row for batch in pool.map(lambda one: _apart(*one, folder), batches) for row in batch]
    print(f"{whole} whole files, {len(rows) - whole} damaged ones")
    for outcome, number in Counter(outcome for _, outcome, *_ in rows).most_common():
        print(f"  {number:6d} {outcome}")
    wrong = [row for row in rows if row[1] != "read" and not row[1].startswith("interchange_")]
    slow = [row for row in rows if row[2] > min(MOST_SECONDS, SECONDS_PER_MB * max(1.0, row[3]))]
    large = [row for row in rows if row[4] > MOST_MB]
    for title, found in (("neither read nor refused", wrong), ("too slow", slow), ("too large", large)):
        print(f"{title}: {len(found)}")
        for what, outcome, spent, size, peak in found[:10]:
            print(f"  {what}: {outcome}, {spent:.2f} s, {size:.2f} MB, peak {peak:.0f} MB")
    slowest = max(rows, key=lambda row: row[2] / max(1.0, row[3]))
    print(f"slowest: {slowest[2]:.2f} s for {slowest[3]:.2f} MB ({slowest[0]}); largest process: {max(row[4] for row in rows):.0f} MB")
    return int(bool(wrong or slow or large))


if __name__ == "__main__":
    samples = sys.argv[2] if len(sys.argv) > 2 else str(Path(__file__).parents[3] / "shared")
    sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else 10_000, samples))
