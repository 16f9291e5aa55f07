"""Jobs on a running bridge: followed, cancelled, killed, and finished all the same."""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import factories
import footage
import pytest
from client import Client

from bridge_server.bootstrap import open_studio
from bridge_server.jobs import Activity
from bridge_server.serving import Bridge, running_bridge
from engine.progress import SILENT
from engine.store.projects import ProjectFolder
from engine.studio.changing import change
from engine.studio.requests import ChangeRequest
from engine.studio.resuming import AlreadyDone

pytestmark = pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="finds processes through /proc")

CLIPS = 6


@pytest.fixture(scope="session")
def shoot(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Small clips and a song, made once."""
    folder = tmp_path_factory.mktemp("shoot")
    for number in range(CLIPS):
        footage.coded_video(folder / f"clip{number}.mp4", source=number, frames=45, size=(180, 320))
    footage.click_song(folder / "song.wav", bpm=120, seconds=12)
    return folder


def edit_of(shoot: Path, output: Path) -> dict[str, Any]:
    return {"clips": [str(shoot)], "song": str(shoot / "song.wav"), "output": str(output), "duration": 4, "draft": True}


def children(pid: int) -> list[int]:
    """Processes of jobs that a bridge has started."""
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            parent = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
            if parent == pid and b"bridge_server.job_process" in (entry / "cmdline").read_bytes():
                found.append(int(entry.name))
    return found


def until(true: Any, timeout_s: float = 60) -> Any:
    end = time.monotonic() + timeout_s
    while time.monotonic() < end:
        value = true()
        if value:
            return value
        time.sleep(0.05)
    raise AssertionError("it did not happen in time")


@contextlib.contextmanager
def server(workspace: Path) -> Iterator[tuple[subprocess.Popen[bytes], Client]]:
    """A bridge in a process of its own."""
    command = [sys.executable, "-m", "bridge_server", "serve", "--port", "0", "--workspace", str(workspace)]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        said = until(lambda: (found := running_bridge(workspace)) and found["pid"] == process.pid and found, 60)
        yield process, Client(said["port"], said["token"])
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGINT)
        process.wait(40)


def events(client: Client, job_id: str, last: str | None = None) -> list[tuple[str, dict[str, Any]]]:
    """Every event of a job's stream until it ends."""
    connection = http.client.HTTPConnection("127.0.0.1", client.port, timeout=120)
    headers = {"Authorization": f"Bearer {client.token}", **({"Last-Event-ID": last} if last else {})}
    connection.request("GET", f"/v1/jobs/{job_id}/events", headers=headers)
    text = connection.getresponse().read().decode()
    connection.close()
    blocks = [dict(line.split(": ", 1) for line in block.splitlines() if not line.startswith(":")) for block in text.split("\n\n") if block]
    return [(block["event"], json.loads(block["data"])) for block in blocks if "event" in block]


def test_a_job_is_followed_to_its_result(bridge: Bridge, client: Client, shoot: Path, tmp_path: Path) -> None:
    bridge.studio.store.folders.open_root(shoot, bridge.studio.now())
    body = edit_of(shoot, tmp_path / "media" / "out")
    made = client.post("/v1/call/edit", body, Idempotency_Key="one")
    assert made.status == 202 and made.headers["Location"] == f"/v1/jobs/{made.json['job']['id']}"
    job_id = made.json["job"]["id"]
    seen = events(client, job_id)
    assert seen[-1][0] == "done" and seen[-1][1]["result"]["shots"] > 2
    stages = list(dict.fromkeys(job["stage"] for _, job in seen))
    assert len(stages) > 3 and any(job["fraction"] for _, job in seen)
    assert client.post("/v1/call/edit", body, Idempotency_Key="one").json["job"]["id"] == job_id
    assert client.job(job_id) == seen[-1][1]
    last = str(seen[-1][1]["changes"])
    assert events(client, job_id, last) == [], "who has seen the end is told nothing twice"
    assert (tmp_path / "media" / "out" / "timeline.json").exists()
    wrong = client.post("/v1/call/edit", {**body, "duration": 0.2})
    assert client.ended(wrong.json["job"]["id"])["error"]["code"] == "bad_duration"


def test_a_cancelled_job_leaves_nothing_half_written(bridge: Bridge, client: Client, shoot: Path, media: Path) -> None:
    bridge.studio.store.folders.open_root(shoot, bridge.studio.now())
    job_id = client.post("/v1/call/edit", edit_of(shoot, media / "out")).json["job"]["id"]
    until(lambda: client.job(job_id)["status"] == "running")
    (worker,) = until(lambda: children(os.getpid()))
    lower = min(19, os.getpriority(os.PRIO_PROCESS, 0) + 1)
    until(lambda: os.getpriority(os.PRIO_PROCESS, worker) >= lower)  # heavy work stands back, as far as there is room below
    assert client.ask("DELETE", f"/v1/jobs/{job_id}").json["job"]["cancel_asked"]
    ended = client.ended(job_id)
    assert ended["status"] == "cancelled" and ended["error"]["code"] == "cancelled"
    assert not (media / "out" / "timeline.json").exists()
    assert not list((media / "out").rglob("*.part"))
    until(lambda: not children(os.getpid()), 10)


@pytest.mark.parametrize("kills", [1, 2])
def test_a_killed_worker_is_started_once_more_then_reported(bridge: Bridge, client: Client, shoot: Path, media: Path, kills: int) -> None:
    bridge.studio.store.folders.open_root(shoot, bridge.studio.now())
    job_id = client.post("/v1/call/edit", edit_of(shoot, media / "out")).json["job"]["id"]
    killed: set[int] = set()
    for _ in range(kills):
        victim = until(lambda: [pid for pid in children(os.getpid()) if pid not in killed])[0]
        killed.add(victim)
        os.kill(victim, signal.SIGKILL)
    ended = client.ended(job_id)
    assert ended["status"] == ("done" if kills == 1 else "failed")
    assert kills == 1 or ended["error"]["code"] == "worker_died"
    assert client.get("/healthz").status == 200


@pytest.fixture(scope="session")
def large_shoot(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Clips in the number of a real shoot."""
    folder = tmp_path_factory.mktemp("large shoot")
    for number in range(48):
        footage.coded_video(folder / f"clip{number}.mp4", source=number, frames=30, size=(96, 160))
    footage.click_song(folder / "song.wav", bpm=120, seconds=12)
    return folder


def killed_in_the_middle(workspace: Path, begin: Any, middle: Any, wait: bool = True) -> str:
    """A bridge that begins a job and is killed with SIGKILL once `middle` is true of it; returns the job.

    wait : until the job's process has noticed and is gone.
    """
    with server(workspace) as (process, client):
        job_id = str(begin(client))
        worker = until(lambda: children(process.pid))[0]
        until(lambda: middle(now := client.job(job_id)) or now["status"] not in ("queued", "running"), 120)
        process.kill()
        process.wait()
    if wait:
        until(lambda: not Path(f"/proc/{worker}").exists() or "\nState:\tZ" in Path(f"/proc/{worker}/status").read_text(), 15)
    return job_id


def test_after_kill_9_the_next_bridge_finishes_the_same_job(tmp_path: Path, large_shoot: Path) -> None:
    """48 clips; killed while they are measured, then between the edit and its video; then two bridges come at once."""
    workspace, out = tmp_path / "ws", tmp_path / "out"
    body = {**edit_of(large_shoot, out), "render": True, "draft": False}
    with open_studio({"workspace": workspace}) as studio:
        for root in (large_shoot, tmp_path):
            studio.store.folders.open_root(root, studio.now())
    measuring = lambda job: (job["fraction"] or 0) > 0 and "clips" in job["stage"]  # noqa: E731
    job_id = killed_in_the_middle(workspace, lambda client: client.post("/v1/call/edit", body).json["job"]["id"], measuring)
    assert not (out / "timeline.json").exists()
    killed_in_the_middle(workspace, lambda _: job_id, lambda _: (out / "timeline.json").exists(), wait=False)
    assert not (out / "edit.mp4").exists(), "killed before the video was there"
    made = (out / "timeline.json").read_bytes()
    with open_studio({"workspace": workspace, "workers": 2}) as studio:
        assert studio.store.jobs.get(job_id).status == "running", "what it said when it died"
        first, second = Bridge(studio), Bridge(studio)
        for one in (first, second):
            one.start()
        ended = Client(first.port, first.said["token"]).ended(job_id)
        for one in (first, second):
            one.stop()
        (event,) = studio.store.events.read()
        assert event.door == "http" and len(studio.store.library.revisions(event.project_id)) == 1
    assert ended["status"] == "done" and ended["attempts"] == 3, "two bridges, and one of them ran it once"
    assert ended["result"]["clips"]["found"] == 48 and ended["result"]["revision"] == 1 and (out / "edit.mp4").stat().st_size > 1000
    assert (out / "timeline.json").read_bytes() == made and len(list((out / "revisions").iterdir())) == 1, "the edit was made once"


def test_a_change_that_was_made_before_the_crash_is_not_made_again(tmp_path: Path) -> None:
    """A job process dies after its revision is on disk and before anybody heard of it; it runs again."""
    folder = ProjectFolder(tmp_path / "edit")
    folder.commit(factories.timeline(), {})
    first = factories.timeline().clips[0].id
    with open_studio({"workspace": tmp_path / "ws"}, job="j1") as studio:
        request = ChangeRequest(timeline=tmp_path / "edit", action="lock", clip=(first,))
        change(studio, request, SILENT)
        kept = studio.store.events.read()
        studio.store.events.erase()
        with pytest.raises(AlreadyDone) as told:
            change(studio, request, SILENT)
        assert told.value.result["revision"] == folder.revisions()[-1] and studio.store.events.read() == kept, "what was lost is told"
        with pytest.raises(AlreadyDone):
            change(studio, request, SILENT)
        assert studio.store.events.read() == kept, "and once only"
    with open_studio({"workspace": tmp_path / "ws"}, job="j2") as studio:
        change(studio, ChangeRequest(timeline=tmp_path / "edit", action="unlock", clip=(first,)), SILENT)


def test_a_bridge_that_is_stopped_puts_its_job_back(tmp_path: Path, shoot: Path) -> None:
    with open_studio({"workspace": tmp_path / "ws", "workers": 2}) as studio:
        studio.store.folders.open_root(shoot, studio.now())
        bridge = Bridge(studio)
        bridge.start()
        job = studio.store.jobs.submit("edit", edit_of(shoot, tmp_path / "out"), door="http")
        until(lambda: studio.store.jobs.get(job.job_id).status == "running")
        bridge.stop()
        assert studio.store.jobs.get(job.job_id).status == "queued"
        assert running_bridge(tmp_path / "ws") is None


def test_streams_are_capped(bridge: Bridge, client: Client) -> None:
    job = bridge.studio.store.jobs.submit("song", {"file": "/nowhere.wav"}, door="http")
    bridge.studio.store.jobs.claim("somebody else")
    held = []
    for _ in range(bridge.services.streams.most):
        connection = http.client.HTTPConnection("127.0.0.1", bridge.port, timeout=30)
        connection.request("GET", f"/v1/jobs/{job.job_id}/events", headers={"Authorization": f"Bearer {client.token}"})
        held.append((connection, connection.getresponse()))
    assert all(answer.status == 200 for _, answer in held)
    refused = client.get(f"/v1/jobs/{job.job_id}/events")
    assert (refused.status, refused.code) == (503, "streams_busy") and refused.headers["Retry-After"]
    assert client.job(job.job_id)["status"] == "running", "polling goes on"
    bridge.studio.store.jobs.finish(job.job_id, "somebody else", "done", {})
    for connection, answer in held:
        assert b"event: done" in answer.read()
        connection.close()
    until(lambda: client.get(f"/v1/jobs/{job.job_id}/events").status == 200)


def test_remaining_time_follows_the_pace_of_the_stage() -> None:
    activity = Activity()
    assert activity.remaining_s("Measuring", None, 0) is None
    assert activity.remaining_s("Measuring", 0.25, 10) == pytest.approx(30)
    assert activity.remaining_s("Drawing", 0.0, 20) is None
    assert activity.remaining_s("Drawing", 0.5, 24) == pytest.approx(4)
