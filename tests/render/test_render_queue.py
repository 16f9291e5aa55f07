"""Which segments are made at the same time: what memory allows, large ones beside small ones."""

from __future__ import annotations

import os
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

import pytest

from engine.errors import Cancelled, OutputError
from engine.media import ffmpeg
from engine.render.graph import SegmentPlan
from engine.render.queueing import Pending, memory_bytes

MB = 1_000_000


def plan(name: str, megabytes: int) -> SegmentPlan:
    return SegmentPlan(name, 10, (), name, ".mp4", 0, megabytes * MB)


def never() -> None:
    raise Cancelled()


def test_large_ones_run_beside_small_ones_while_there_are_any() -> None:
    pending = Pending([plan("4k a", 350), plan("4k b", 350), plan("hd", 240), plan("4k c", 350)], 2, 16_000 * MB)
    with pending.next(never) as first:
        with pending.next(never) as second:
            assert (first.name, second.name) == ("4k a", "hd")
        with pending.next(never) as third:
            assert third.name == "4k b", "a core does not stand idle while memory lasts"


def test_memory_is_never_exceeded_but_one_always_runs() -> None:
    plans = [plan(f"8k {k}", 900) for k in range(2)] + [plan(f"hd {k}", 250) for k in range(20)]
    pending, lock = Pending(plans, 8, 1000 * MB), threading.Lock()
    running: list[int] = []
    worst = [0, 0]

    def work() -> str:
        with pending.next(lambda: None) as one:
            with lock:
                running.append(one.memory_bytes)
                worst[0] = max(worst[0], len(running))
                worst[1] = max(worst[1], sum(running) if len(running) > 1 else 0)
            threading.Event().wait(0.005)
            with lock:
                running.remove(one.memory_bytes)
            return one.name

    with ThreadPoolExecutor(8) as pool:
        done = list(pool.map(lambda _: work(), plans))
    assert sorted(done) == sorted(one.name for one in plans)
    assert worst[0] == 2 and worst[1] <= 500 * MB, "half of a thousand: two of 250 and never an 8K beside anything"


def test_who_waits_for_memory_can_be_stopped() -> None:
    pending = Pending([plan("a", 900), plan("b", 900)], 2, 1000 * MB)
    with ExitStack() as stack:
        stack.enter_context(pending.next(never))
        with pytest.raises(Cancelled):
            stack.enter_context(pending.next(never))
    assert 100 * MB < memory_bytes() < 100_000_000 * MB


@pytest.mark.skipif(os.name == "nt", reason="a shell script stands in for ffmpeg")
def test_a_full_disk_is_told_even_where_ffmpeg_ends_well(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """ffmpeg 5.1 says so when it closes a file, and ends with 0."""
    tool = tmp_path / "ffmpeg"
    words = "echo 'Error writing trailer of x.m4a: No space left on device' >&2"
    tool.write_text(f"#!/bin/sh\ncase \"$*\" in *-version*) echo 'ffmpeg version 5.1' ;; *) {words} ;; esac\n")
    tool.chmod(0o755)
    monkeypatch.setenv("CUTPRINT_FFMPEG", str(tool))
    with pytest.raises(OutputError) as full:
        ffmpeg.run(["-i", "a.wav", "x.m4a"])
    assert full.value.code == "disk_full"
