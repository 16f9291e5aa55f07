"""The bridge under load: 200 clients that poll and 20 event streams while an edit runs, then 10,000 calls and what they leave in memory.

Everything happens on the loopback and is bounded. Printed: errors, quantiles of the answer time, the server's CPU time for a call, and
its memory before and after. Beside the answer time stands that of a bare socket echo in the same process and time, so that a busy
machine can be told from a slow server.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import signal
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from dataclasses import dataclass, field
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

import footage

from bridge_server.bootstrap import open_studio
from bridge_server.serving import call_bridge, running_bridge

CLIENTS, STREAMS, SECONDS, CALLS = 200, 20, 30.0, 10_000
POLL_S = 1.0
GOAL_P95_MS = 150.0


@dataclass
class Tally:
    times_s: list[float] = field(default_factory=list)
    echoes_s: list[float] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    events: int = 0


async def ask(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, head: bytes) -> tuple[int, bytes]:
    """One call on a kept connection."""
    writer.write(head)
    await writer.drain()
    lines = (await reader.readuntil(b"\r\n\r\n")).split(b"\r\n")
    length = next(int(line.partition(b":")[2]) for line in lines if line.lower().startswith(b"content-length"))
    return int(lines[0].split()[1]), await reader.readexactly(length)


async def poll(said: dict[str, object], path: str, until: float, offset_s: float, tally: Tally) -> None:
    await asyncio.sleep(offset_s)
    reader, writer = await asyncio.open_connection("127.0.0.1", int(str(said["port"])))
    head = f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{said['port']}\r\nAuthorization: Bearer {said['token']}\r\n\r\n".encode()
    while time.monotonic() < until:
        began = time.monotonic()
        try:
            status, _ = await asyncio.wait_for(ask(reader, writer, head), 30)
        except Exception as cause:
            tally.errors.append(repr(cause))
            break
        tally.times_s.append(time.monotonic() - began)
        if status != 200:
            tally.errors.append(str(status))
        await asyncio.sleep(max(0.0, POLL_S - (time.monotonic() - began)))
    writer.close()


async def follow(said: dict[str, object], path: str, until: float, tally: Tally) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", int(str(said["port"])))
    writer.write(f"GET {path}/events HTTP/1.1\r\nHost: 127.0.0.1:{said['port']}\r\nAuthorization: Bearer {said['token']}\r\n\r\n".encode())
    status = (await reader.readline()).split()[1]
    if status != b"200":
        tally.errors.append(f"stream {status!r}")
    while time.monotonic() < until:
        try:
            line = await asyncio.wait_for(reader.readline(), max(0.1, until - time.monotonic()))
        except asyncio.TimeoutError:
            break
        if not line:
            break
        tally.events += line.startswith(b"event:")
    writer.close()


async def echo(until: float, tally: Tally) -> None:
    """The same question to a server that only echoes: what the machine itself takes."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while line := await reader.readline():
            writer.write(line)
            await writer.drain()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname()[:2])
    while time.monotonic() < until:
        began = time.monotonic()
        writer.write(b"hello\n")
        await reader.readline()
        tally.echoes_s.append(time.monotonic() - began)
        await asyncio.sleep(0.05)
    writer.close()
    server.close()


async def load(said: dict[str, object], path: str, seconds: float, tally: Tally) -> None:
    until = time.monotonic() + seconds
    clients = [poll(said, path, until, number / CLIENTS * POLL_S, tally) for number in range(CLIENTS)]
    await asyncio.gather(*clients, *(follow(said, path, until, tally) for _ in range(STREAMS)), echo(until, tally))


async def many(said: dict[str, object], count: int, tally: Tally) -> None:
    """`count` calls over ten connections, as fast as they go."""

    async def some(number: int) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", int(str(said["port"])))
        paths = ("/v1/jobs?limit=5", "/v1/folders", "/v1/jobs", "/healthz")
        for step in range(count // 10):
            head = f"GET {paths[(step + number) % 4]} HTTP/1.1\r\nHost: 127.0.0.1:{said['port']}\r\n"
            head += f"Authorization: Bearer {said['token']}\r\n\r\n"
            status, _ = await ask(reader, writer, head.encode())
            if status != 200:
                tally.errors.append(str(status))
        writer.close()

    await asyncio.gather(*(some(number) for number in range(10)))


def memory_mb(pid: int) -> float:
    line = next(line for line in Path(f"/proc/{pid}/status").read_text().splitlines() if line.startswith("VmRSS"))
    return int(line.split()[1]) / 1024


def cpu_s(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def quantile_ms(values: list[float], share: float) -> float:
    return 1000 * sorted(values)[min(len(values) - 1, int(share * len(values)))]


def main() -> None:
    options = argparse.ArgumentParser()
    options.add_argument("--seconds", type=float, default=SECONDS)
    options.add_argument("--calls", type=int, default=CALLS)
    asked = options.parse_args()
    home = Path(tempfile.mkdtemp(prefix="cutprint-bench-"))
    footage.shoot(home / "shoot", clips=16)
    footage.click_song(home / "song.wav", seconds=20)
    with open_studio({"workspace": home / "ws"}) as studio:
        studio.store.folders.open_root(home, studio.now())
    command = [sys.executable, "-m", "bridge_server", "serve", "--port", "0", "--quiet", "--workspace", str(home / "ws")]
    server = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        while not (said := running_bridge(home / "ws")):
            time.sleep(0.2)
        body = {"clips": [str(home / "shoot")], "song": str(home / "song.wav"), "output": str(home / "out"), "duration": 12, "render": True}
        path = f"/v1/jobs/{call_bridge(said, '/v1/call/edit', body)['job']['id']}"
        tally, before = Tally(), cpu_s(server.pid)
        asyncio.run(load(said, path, asked.seconds, tally))
        used = cpu_s(server.pid) - before
        request = urllib.request.Request(said["url"] + path, headers={"Authorization": f"Bearer {said['token']}"})
        job = json.load(urllib.request.urlopen(request, timeout=30))["job"]
        p50, p95, p99 = (quantile_ms(tally.times_s, share) for share in (0.5, 0.95, 0.99))
        print(f"{CLIENTS} clients, {STREAMS} streams, {asked.seconds:.0f} s beside an edit (now {job['status']}, {job['stage']}):")
        print(f"  {len(tally.times_s)} answers, {tally.events} events, {len(tally.errors)} errors {tally.errors[:3]}")
        print(f"  answer p50 {p50:.1f} ms, p95 {p95:.1f} ms (goal {GOAL_P95_MS:.0f}), p99 {p99:.1f} ms")
        print(f"  bare echo p50 {quantile_ms(tally.echoes_s, 0.5):.1f} ms, p95 {quantile_ms(tally.echoes_s, 0.95):.1f} ms")
        print(f"  server CPU {1000 * used / len(tally.times_s):.2f} ms an answer, streams included")
        asyncio.run(many(said, 1000, tally))  # pools and caches are warm afterwards
        start, rows = memory_mb(server.pid), []
        for _ in range(4):
            asyncio.run(many(said, asked.calls // 4, tally))
            rows.append(memory_mb(server.pid))
        print(
            f"{asked.calls} calls: memory {start:.1f} MB before, then {', '.join(f'{row:.1f}' for row in rows)}; errors {len(tally.errors)}"
        )
        assert statistics.fmean(rows[2:]) < start * 1.1 + 5, "memory grows"
    finally:
        server.send_signal(signal.SIGINT)
        server.wait(60)


if __name__ == "__main__":
    main()
