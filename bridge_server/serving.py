"""`serve` and `open`: a bridge put together, kept running until Ctrl-C, and found again by other commands."""

from __future__ import annotations

import json
import logging
import os
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bridge_server.guard import LOOPBACK_NAMES, Guard, PathRules, read_discovery, real_path, write_discovery
from engine.errors import BadOption, Cancelled, CutprintError, OutputError, RefusedError
from engine.studio.caching import trim as trim_caches

if TYPE_CHECKING:
    from bridge_server.door_requests import OpenRequest, ServeRequest
    from bridge_server.jobs import JobRunner
    from bridge_server.mailbox import Mailbox
    from bridge_server.server import BridgeServer
    from bridge_server.watching.watcher import Watcher
    from engine.progress import Progress
    from engine.studio.context import Studio

__all__ = ["Bridge", "open_panel", "running_bridge", "serve"]

LOOPBACK = "127.0.0.1"
ANSWER_S = 2.0
"""How long a bridge that lives may take to say so."""

START_S = 30.0
"""How long a bridge may take to start (chosen: a slow disk with a virus scanner)."""

TEND_EVERY_S = 600.0
"""Between two looks at what has grown: caches, finished jobs, kept answers."""

_LOG = logging.getLogger(__name__)


class Bridge:
    """One running bridge: server, jobs and watched folders over one studio."""

    def __init__(self, studio: Studio, host: str = LOOPBACK, port: int = 0) -> None:
        from bridge_server.jobs import JobRunner
        from bridge_server.mailbox import Mailbox
        from bridge_server.server import BridgeServer, listening_socket
        from bridge_server.services import Board, Services
        from bridge_server.watching.watcher import Watcher

        self.studio = studio
        self.runner: JobRunner = JobRunner(studio.store, studio.settings)
        studio.store.folders.roots()  # a database that cannot be used is said before anything listens
        listening = listening_socket(host, port)
        self.port = int(listening.getsockname()[1])
        self.said = write_discovery(studio.workspace, self.port, host)
        names = (*LOOPBACK_NAMES, *_names_of(host))
        guard = Guard(self.said["token"], self.port, names)
        uploads = studio.store.uploads.folder
        paths = PathRules(lambda: [*studio.store.folders.roots(), uploads])
        self.services = Services(studio, self.runner, guard, paths, Board(studio.store.jobs))
        self.server: BridgeServer = BridgeServer(self.services, listening)
        self.watcher: Watcher = Watcher(studio, self.runner)
        self.mailbox: Mailbox = Mailbox(studio.workspace)
        self._tended = time.monotonic()

    def start(self) -> None:
        self.runner.start()
        self.watcher.start()
        self.server.start()
        self.mailbox.start()
        _LOG.info("the bridge answers at %s", self.said["url"])

    def tend(self) -> None:
        """Keeps what grows within its limits, now and then; what goes wrong there stops nobody."""
        if time.monotonic() - self._tended < TEND_EVERY_S:
            return
        self._tended = time.monotonic()
        try:
            self._tidy()
        except CutprintError as error:
            _LOG.warning("tidying up: %s", error.message)

    def _tidy(self) -> None:
        self.studio.store.jobs.prune()
        self.studio.store.answers.prune()
        self.studio.store.outbox.prune()
        self.studio.store.uploads.prune(time.time())
        trim_caches(self.studio)

    def stop(self) -> None:
        """Jobs in the middle wait for the next start."""
        self.mailbox.stop()
        self.server.stop()
        self.watcher.stop()
        self.runner.stop()
        said = read_discovery(self.studio.workspace)
        if said is not None and said.get("pid") == os.getpid() and said.get("port") == self.port:
            write_discovery(self.studio.workspace, 0, LOOPBACK)  # the token stays for the next start


def _names_of(host: str) -> tuple[str, ...]:
    if host in (LOOPBACK, "::1", "localhost"):
        return ()
    names = {host, socket.gethostname(), socket.getfqdn()} - {"0.0.0.0", "::"}
    return tuple(f"[{name}]" if ":" in name else name for name in sorted(names))


def serve(studio: Studio, request: ServeRequest, progress: Progress) -> dict[str, Any]:
    """Handler of `serve`: runs until it is stopped; returns how long it ran."""
    running = running_bridge(studio.workspace)
    if running is not None and request.port is None:
        raise RefusedError("bridge_running", f"A bridge for this workspace runs at {running['url']}.", "`cutprint open` shows it.")
    for root in request.root:
        _open_root(studio, root)
    bridge = _made(studio, request)
    bridge.watcher.say = _said_by(progress)
    began = time.monotonic()
    bridge.start()
    try:
        progress.stage(f"The bridge answers at {bridge.said['url']}; Ctrl-C ends it")
        if request.open:
            _browse(_new_link(bridge.said))
        while True:
            progress.check()
            bridge.tend()
            time.sleep(0.2)
    except Cancelled:
        return {"url": bridge.said["url"], "ran_s": time.monotonic() - began}
    finally:
        bridge.stop()


def _said_by(progress: Progress) -> Callable[[str], None]:
    """What happens in watched folders, for the log and for whoever looks at this terminal."""
    note = getattr(progress, "note", None)

    def say(words: str) -> None:
        _LOG.info("%s", words)
        if note is not None:
            note(words)

    return say


def _open_root(studio: Studio, root: Path) -> None:
    real = real_path(root.absolute())
    if real is None or not real.is_dir():
        raise BadOption("no_folder", f"{root} is no folder.", "Give folders that exist.")
    studio.store.folders.open_root(real, studio.now())


def _made(studio: Studio, request: ServeRequest) -> Bridge:
    host = request.host or LOOPBACK
    if request.port is not None and not 0 <= request.port <= 65535:
        raise BadOption("bad_port", f"There is no port {request.port}.", "Use 1 to 65535, or 0 for a free one.")
    if request.port is not None:
        return Bridge(studio, host, request.port)
    try:
        return Bridge(studio, host, studio.settings.port)
    except RefusedError as taken:
        if taken.code != "port_taken":
            raise
        return Bridge(studio, host, 0)


def running_bridge(workspace: Path) -> dict[str, Any] | None:
    """What `bridge.json` says, if a bridge answers there."""
    said = read_discovery(workspace)
    if said is None or not said.get("port"):
        return None
    try:
        with urllib.request.urlopen(f"{said['url']}/healthz", timeout=ANSWER_S) as answer:
            return said if json.load(answer).get("program") == "cutprint" else None
    except (OSError, ValueError, KeyError):
        return None


def call_bridge(said: dict[str, Any], path: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
    """One call to a running bridge with its token. Raises `OSError`."""
    headers = {"Authorization": f"Bearer {said['token']}", "Content-Type": "application/json"}
    data = json.dumps(body or {}).encode()
    with urllib.request.urlopen(urllib.request.Request(said["url"] + path, data, headers, method="POST"), timeout=10) as answer:
        return dict(json.load(answer))


def _new_link(said: dict[str, Any]) -> str:
    return str(call_bridge(said, "/v1/links")["url"])


def open_panel(studio: Studio, request: OpenRequest, progress: Progress) -> dict[str, Any]:
    """Handler of `open`: finds the bridge, or starts one that stays, and signs the browser in."""
    said = running_bridge(studio.workspace)
    started = said is None
    if said is None:
        progress.stage("Starting the bridge")
        said = _started(studio, progress)
    link = _new_link(said)
    if not request.print:
        _browse(link)
    return {"url": link if request.print else said["url"], "started": started, "opened": not request.print}


def _started(studio: Studio, progress: Progress) -> dict[str, Any]:
    flags: dict[str, Any] = {"start_new_session": True}
    if os.name == "nt":
        flags = {"creationflags": subprocess.CREATE_NEW_PROCESS_GROUP | subprocess.DETACHED_PROCESS}  # type: ignore[attr-defined,unused-ignore]
    command = [sys.executable, "-m", "bridge_server", "serve", "--quiet", "--workspace", str(studio.workspace)]
    quiet = subprocess.DEVNULL
    subprocess.Popen(command, stdin=quiet, stdout=quiet, stderr=quiet, **flags)
    deadline = time.monotonic() + START_S
    while time.monotonic() < deadline:
        progress.check()
        said = running_bridge(studio.workspace)
        if said is not None:
            return said
        time.sleep(0.2)
    raise OutputError("bridge_silent", "The bridge did not start.", "Run `cutprint serve` to see why.")


def _browse(link: str) -> None:
    import webbrowser

    webbrowser.open(link)
