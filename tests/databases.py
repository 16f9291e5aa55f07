"""Databases to test the store on: SQLite always, PostgreSQL 15 where its server program is installed."""

from __future__ import annotations

import contextlib
import os
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

USER = "cutprint"


def server_programs() -> Path | None:
    """The folder of PostgreSQL's own programs, which Debian keeps off the path."""
    folders = [*sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)]
    on_path = shutil.which("pg_ctl")
    folders += [Path(on_path).parent] if on_path else []
    return next((folder for folder in folders if (folder / "initdb").exists()), None)


@contextlib.contextmanager
def postgres_server(programs: Path) -> Iterator[str]:
    """A server of our own on a free port of the loopback; yields its URL without a database's name."""
    home = Path(tempfile.mkdtemp(prefix="cutprint-pg-"))
    as_user: list[str] = []
    if hasattr(os, "geteuid") and os.geteuid() == 0:  # PostgreSQL refuses to run as root
        shutil.chown(home, "postgres", "postgres")
        as_user = ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups"]
    data = home / "data"
    try:
        _run(as_user, programs / "initdb", "-D", data, "-U", USER, "-A", "trust", "-E", "UTF8", "--no-sync", "--locale=C")
        port = _free_port()  # just before it is taken: others ask for ports too
        options = f"-p {port} -c listen_addresses=127.0.0.1 -c unix_socket_directories={home} -c fsync=off"
        _run(as_user, programs / "pg_ctl", "-D", data, "-o", options, "-l", home / "log", "-w", "-t", "60", "start")
        try:
            yield f"postgresql://{USER}@127.0.0.1:{port}"
        finally:
            _run(as_user, programs / "pg_ctl", "-D", data, "-m", "immediate", "-w", "stop")
    finally:
        shutil.rmtree(home, ignore_errors=True)


def _run(as_user: list[str], *words: object) -> None:
    command = [*as_user, *(str(word) for word in words)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, cwd="/", check=False, stdin=subprocess.DEVNULL)
    assert done.returncode == 0, f"{command[-5:]}: {done.stdout[-800:]}{done.stderr[-800:]}"


def _free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])
