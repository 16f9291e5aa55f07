"""A render that is killed leaves the old file or nothing at its place, and the next one finishes it."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import footage
import pytest
from films import check, timeline_of

from engine.media.probe import probe
from engine.model import documents
from engine.model.time import FrameRate
from engine.model.timeline import Timeline

RUN = """
import sys
from pathlib import Path
from engine.model import documents
from engine.render.film import film_of
from engine.render.run import render
timeline = documents.decode(documents.loads(Path(sys.argv[1]).read_text()))
print("begin", flush=True)
render(film_of(timeline), Path(sys.argv[2]), paths={row.media_id: row.path for row in timeline.media}, cache=Path(sys.argv[3]), workers=2)
"""


def edit(folder: Path) -> Timeline:
    media = [probe(footage.coded_video(folder / f"{k}.mp4", k, 60)) for k in (1, 2)]
    return timeline_of([*media, *media], FrameRate(30), [12, 12, 12, 12], [0, 5, 20, 30])


@pytest.mark.skipif(os.name == "nt", reason="process groups")
def test_killed_at_any_moment(tmp_path: Path) -> None:
    """Killed outright, with all its ffmpegs, at random moments of a run; a seed for every day would not find more."""
    timeline = edit(tmp_path)
    (tmp_path / "t.json").write_text(documents.dumps(documents.encode(timeline)))
    output = tmp_path / "out" / "film.mp4"
    output.parent.mkdir()
    output.write_bytes(b"an older film")
    command = [sys.executable, "-c", RUN, str(tmp_path / "t.json"), str(output)]
    began = time.monotonic()
    subprocess.run([*command, str(tmp_path / "whole")], check=True, stdout=subprocess.DEVNULL)
    length_s = time.monotonic() - began
    output.write_bytes(b"an older film")
    chance = random.Random(4)
    cache = tmp_path / "cache"
    for _ in range(5):
        child = subprocess.Popen([*command, str(cache)], stdout=subprocess.PIPE, start_new_session=True)
        assert child.stdout is not None and child.stdout.readline() == b"begin\n"
        time.sleep(chance.uniform(0.0, 0.6 * length_s))
        os.killpg(child.pid, signal.SIGKILL)
        child.wait()
        child.stdout.close()
        if output.read_bytes() != b"an older film":  # it had finished
            check(timeline, output, (1, 2, 1, 2))
            output.write_bytes(b"an older film")
        for segment in cache.glob("*.mp4"):
            assert probe(segment).video is not None, "what is in the cache is whole"
    subprocess.run([*command, str(cache)], check=True, stdout=subprocess.DEVNULL)
    check(timeline, output, (1, 2, 1, 2))
    assert [one.name for one in output.parent.iterdir()] == ["film.mp4"], "and swept up what the killed ones left"
    assert not list(cache.glob(".cutprint-render-*"))


def test_two_at_once_for_one_place(tmp_path: Path) -> None:
    """Both end well, neither sweeps up the other's work, and what lies there is whole."""
    timeline = edit(tmp_path)
    (tmp_path / "t.json").write_text(documents.dumps(documents.encode(timeline)))
    output = tmp_path / "out" / "film.mp4"
    command = [sys.executable, "-c", RUN, str(tmp_path / "t.json"), str(output), str(tmp_path / "cache")]
    both = [subprocess.Popen(command, stdout=subprocess.DEVNULL) for _ in range(2)]
    assert [child.wait(timeout=120) for child in both] == [0, 0]
    check(timeline, output, (1, 2, 1, 2))
    assert [one.name for one in output.parent.iterdir()] == ["film.mp4"]
