"""Sees that somebody clicked in the Lua menu of a Resolve without Python, and starts the process that does what was asked.

The click stands in Fusion's preferences; while nothing changes there, a look costs one stat.
"""

from __future__ import annotations

import contextlib
import json
import logging
import re
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

from engine.studio.checks_resolve import LIBRARY

__all__ = ["Mailbox"]

LOOK_EVERY_S = 0.5
"""How often the folder is looked into for letters."""
FRESH_S = 120.0
"""Age from which a wish counts as old (CONTRACTS: commands expire after 120 s)."""
WISH = re.compile(r'\bMailWish\s*=\s*"([\w.-]+):(\d+):([^"]{1,200})"')

_LOG = logging.getLogger(__name__)


class Mailbox:
    """One thread; at most one click at a time."""

    def __init__(self, workspace: Path) -> None:
        self._library = workspace / LIBRARY
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="mailbox", daemon=True)
        self._seen: str | None = None
        self._looked = 0
        self._child: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join(5)
        self._end_child()

    def _end_child(self) -> None:
        if self._child is not None and self._child.poll() is None:
            self._child.terminate()
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._child.wait(5)

    def _run(self) -> None:
        while not self._stop.wait(LOOK_EVERY_S):
            try:
                self.look()
            except OSError as cause:
                _LOG.warning("the mailbox for Resolve: %s", cause)

    def look(self) -> None:
        """Starts what was asked since the last look, once."""
        path = self._newest()
        if path is None or path.stat().st_mtime_ns == self._looked:
            return
        self._looked = path.stat().st_mtime_ns
        found = WISH.search(path.read_text(encoding="utf-8", errors="replace"))
        if found is None or found[1] == self._seen or abs(time.time() - int(found[2])) > FRESH_S:
            return
        self._seen = found[1]
        self._end_child()  # a later click takes over, inside Resolve as well
        command = [sys.executable, str(self._library / "letters.py"), found[3]]
        quiet = subprocess.DEVNULL
        self._child = subprocess.Popen(command, stdin=quiet, stdout=quiet, stderr=quiet)

    def _newest(self) -> Path | None:
        try:
            config: dict[str, Any] = json.loads((self._library / "cutprint.json").read_text(encoding="utf-8"))
            found = list(Path(config["profiles"]).glob("*/Fusion.prefs"))
        except (OSError, ValueError, KeyError, TypeError):
            return None
        return max(found, key=lambda path: path.stat().st_mtime_ns, default=None)
