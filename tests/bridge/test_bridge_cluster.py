"""Heavy work on a Dask cluster: the same result as on this machine, and a clear word where it cannot be had."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import footage
import pytest

from bridge_server.bootstrap import open_studio
from engine.errors import BadOption, InputError, MissingToolError
from engine.progress import SILENT
from engine.settings import Settings
from engine.studio.analysing import analyze
from engine.studio.requests import AnalyzeRequest
from engine.studio.workers import run_all


@pytest.fixture(scope="module")
def scheduler() -> Iterator[Any]:
    from distributed import LocalCluster

    with LocalCluster(n_workers=1, threads_per_worker=1, host="127.0.0.1", dashboard_address=None, processes=True) as made:
        yield made


def once_only(path: str) -> int:
    """Dies the first time, like a worker that the system kills."""
    if not Path(path).exists():
        Path(path).write_text("tried", encoding="utf-8")
        os.kill(os.getpid(), signal.SIGKILL)
    return 7


def wrong(_: str) -> int:
    raise InputError("made_up", "No good.", "")


def test_a_cluster_measures_what_this_machine_measures(scheduler: Any, tmp_path: Path) -> None:
    (tmp_path / "shoot").mkdir()
    for number in range(3):
        footage.coded_video(tmp_path / "shoot" / f"c{number}.mp4", source=number, frames=30, size=(96, 160))
    address = scheduler.scheduler_address.replace("tcp://", "dask://")
    found = []
    for name, executor in (("here", ""), ("there", address)):
        with open_studio({"workspace": tmp_path / name, "workers": 1, "executor": executor}) as studio:
            found.append(analyze(studio, AnalyzeRequest(clips=(tmp_path / "shoot",)), SILENT)["clips"])
    assert found[0] == found[1] and len(found[0]) == 3
    with open_studio({"workspace": tmp_path / "there", "executor": address}) as studio:
        refused = run_all(studio, wrong, ["x"], "Trying", SILENT)[0]
        done = run_all(studio, once_only, [str(tmp_path / "mark")], "Trying", SILENT)
    assert isinstance(refused, InputError) and done == [7], "a worker that dies is replaced, and its work tried once more"


def test_a_cluster_that_is_not_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bridge_server.cluster.CONNECT_S", 0.5)
    with open_studio({"workspace": tmp_path, "executor": "dask://127.0.0.1:9"}) as studio, pytest.raises(MissingToolError) as told:
        run_all(studio, wrong, ["x"], "Trying", SILENT)
    assert told.value.code == "cluster_unreachable" and "CUTPRINT_EXECUTOR" in told.value.hint
    for bad in ("spark://x:1", "dask://", "dask://x", "tcp://x:1"):
        with pytest.raises(BadOption):
            Settings(executor=bad)
