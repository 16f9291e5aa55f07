"""What the world does to a bridge: full disks, locked databases, clocks that jump, senders that vanish. Nothing is lost, nothing let in."""

from __future__ import annotations

import contextlib
import logging
import os
import shutil
import socket
import sqlite3
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from absence import absent
from client import Client

from bridge_server.bootstrap import open_studio, start_log
from bridge_server.serving import Bridge
from engine.settings import Settings
from engine.store.database import FILE_NAME
from engine.store.jobs import JobStore

CONTENT = b"x" * 3_000_000


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of six megabytes."""
    place = tmp_path / "disk"
    place.mkdir()
    mounted = shutil.which("mount") and os.name == "posix" and os.geteuid() == 0
    command = ["mount", "-t", "tmpfs", "-o", "size=6m", "tmpfs", str(place)]
    if not mounted or subprocess.run(command, capture_output=True, check=False).returncode:
        absent("a small file system (needs root)")
    try:
        yield place
    finally:
        subprocess.run(["umount", "-l", str(place)], check=False)


def test_a_full_disk(small_disk: Path) -> None:
    with open_studio({"workspace": small_disk / "ws"}, door="http") as studio:
        bridge = Bridge(studio)
        bridge.start()
        client = Client(bridge.port, bridge.said["token"])
        assert client.post("/v1/uploads", {"name": "huge.mp4", "size_bytes": 10**9}).code == "disk_full", "said before the first byte"
        path = client.post("/v1/uploads", {"name": "a.mp4", "size_bytes": len(CONTENT)}).headers["Location"]
        filler = small_disk / "filler"
        with filler.open("wb", buffering=0) as file:
            try:
                while True:
                    file.write(b"\0" * 4096)
            except OSError:
                pass
        piece = client.ask("PATCH", f"{path}?offset=0", raw=CONTENT, Content_Type="application/octet-stream")
        assert (piece.status, piece.code) == (422, "disk_full")
        full = client.post("/v1/outbox", {"agent": "resolve", "kind": "ping", "payload": {"x": "y" * 200_000}})
        assert (full.status, full.code) == (422, "disk_full")
        assert client.get("/healthz").status == 200 and client.get("/v1/jobs").status == 200, "it goes on answering"
        filler.unlink()
        received = client.get(path).json["upload"]["received"]
        rest = client.ask("PATCH", f"{path}?offset={received}", raw=CONTENT[received:], Content_Type="application/octet-stream")
        assert rest.status == 200 and client.ask("POST", f"{path}/finish").status == 200, "room again: it goes on where it was"
        assert client.post("/v1/outbox", {"agent": "resolve", "kind": "ping"}).status == 201
        assert studio.store.database.check()
        bridge.stop()


def test_a_locked_database(tmp_path: Path) -> None:
    with open_studio({"workspace": tmp_path / "ws"}, door="http") as studio:
        studio.store.database._busy_timeout_s = 0.3
        bridge = Bridge(studio)
        bridge.start()
        client = Client(bridge.port, bridge.said["token"])
        other = sqlite3.connect(tmp_path / "ws" / FILE_NAME, isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        refused = client.post("/v1/outbox", {"agent": "resolve", "kind": "ping"})
        assert (refused.status, refused.code) == (409, "database_busy")
        assert client.get("/v1/jobs").status == 200, "looking goes on"
        other.execute("ROLLBACK")
        other.close()
        assert client.post("/v1/outbox", {"agent": "resolve", "kind": "ping"}).status == 201
        bridge.stop()


@pytest.mark.parametrize("jump_s", [10 * 365 * 86400, -10 * 365 * 86400])
def test_a_clock_that_jumps_takes_no_job_from_who_runs_it(tmp_path: Path, jump_s: float, monkeypatch: pytest.MonkeyPatch) -> None:
    with open_studio({"workspace": tmp_path / "ws"}, door="http") as studio:
        bridge, other = Bridge(studio), Bridge(studio)
        bridge.runner._lock.take()
        job = studio.store.jobs.submit("song", {"file": "/x"}, door="http")
        studio.store.jobs.claim(bridge.runner.owner)
        real = time.time
        monkeypatch.setattr(time, "time", lambda: real() + jump_s)
        assert other.runner.take_over() == 0
        assert studio.store.jobs.get(job.job_id).owner == bridge.runner.owner
        later = JobStore(studio.store.database, lambda: "1999-01-01T00:00:00.000000Z").submit("song", {}, door="http")
        assert studio.store.jobs.claim("x") == studio.store.jobs.get(later.job_id)
        bridge.runner._lock.close()
        assert other.runner.take_over() >= 1, "its lock is free: it is dead, whatever the clock says"
        for one in (bridge, other):
            one.server._server.close()


def test_a_sender_that_vanishes_in_the_middle(bridge: Bridge, client: Client) -> None:
    path = client.post("/v1/uploads", {"name": "a.mp4", "size_bytes": len(CONTENT)}).headers["Location"]
    with socket.create_connection(("127.0.0.1", bridge.port)) as wire:
        head = f"PATCH {path}?offset=0 HTTP/1.1\r\nHost: 127.0.0.1:{bridge.port}\r\nAuthorization: Bearer {client.token}\r\n"
        wire.sendall(f"{head}Content-Type: application/octet-stream\r\nContent-Length: {len(CONTENT)}\r\n\r\n".encode() + CONTENT[:500_000])
    assert sent_from_where_it_got_to(client, path) <= 500_000
    done = client.ask("POST", f"{path}/finish").json["upload"]
    assert Path(done["path"]).read_bytes() == CONTENT


def sent_from_where_it_got_to(client: Client, path: str) -> int:
    """The rest of an upload, as a sender sends it: while pieces of the broken one still arrive, it is told so and asks again."""
    until = time.monotonic() + 20
    while time.monotonic() < until:
        received = int(client.get(path).json["upload"]["received"])
        rest = client.ask("PATCH", f"{path}?offset={received}", raw=CONTENT[received:], Content_Type="application/octet-stream")
        if rest.status == 200:
            return received
        assert rest.code == "upload_offset"
    raise AssertionError("the broken upload never came to rest")


def test_a_gigabyte_of_json_is_never_read(bridge: Bridge, client: Client) -> None:
    for length in (f"Content-Length: {2**30}", "Transfer-Encoding: chunked"):
        with socket.create_connection(("127.0.0.1", bridge.port), timeout=20) as wire:
            head = f"POST /v1/call/show HTTP/1.1\r\nHost: 127.0.0.1:{bridge.port}\r\nAuthorization: Bearer {client.token}\r\n"
            wire.sendall(f"{head}Content-Type: application/json\r\n{length}\r\n\r\n".encode())
            sent = 0
            try:
                piece = b"1000\r\n" + b"[" * 4096 + b"\r\n" if "chunked" in length else b"[" * 4096
                while sent < 64 * 2**20:
                    wire.sendall(piece)
                    sent += 4096
            except OSError:
                pass
            assert sent < 64 * 2**20, "it hung up long before the end"
    assert client.get("/healthz").status == 200


@pytest.mark.parametrize(
    "wire_text",
    [
        b"GET / HTTP/1.1\r\n\r\n",
        b"\0\0\0\0\r\n\r\n",
        b"GET /v1/jobs HTTP/1.1\r\nHost: 127.0.0.1\r\nHost: evil\r\n\r\n",
        b"GET http://evil.example/v1/jobs HTTP/1.1\r\nHost: evil.example\r\n\r\n",
        b"POST /v1/call/show HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        b"GET /%2e%2e/%2e%2e/etc/passwd HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n",
    ],
)
def test_raw_nonsense_gets_nothing(bridge: Bridge, wire_text: bytes) -> None:
    with socket.create_connection(("127.0.0.1", bridge.port), timeout=10) as wire:
        answer = b""
        with contextlib.suppress(ConnectionError):  # it may hang up on what it has not read
            wire.sendall(wire_text)
            wire.shutdown(socket.SHUT_WR)
            while block := wire.recv(65536):
                answer += block
    assert b"200" not in answer.partition(b"\r\n")[0] and b"root:" not in answer


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="a device that is always full is Linux's own")
def test_a_log_that_cannot_be_written_says_nothing_on_the_screen(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    start_log(Settings(workspace=tmp_path))
    handler = next(one for one in logging.getLogger().handlers if getattr(one, "_cutprint", False))
    assert isinstance(handler, logging.FileHandler)
    with pytest.raises(OSError, match="No space left"), Path("/dev/full").open("w", encoding="utf-8") as full:
        handler.stream = full  # type: ignore[assignment]
        logging.getLogger("engine").warning("what no disk takes")
        handler.stream = None  # type: ignore[assignment]
        logging.getLogger().removeHandler(handler)
    assert capsys.readouterr().err == ""
