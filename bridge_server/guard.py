"""Who may ask the bridge for what: decided here without a socket.

Threats and answers: another user of the machine (token in a file only its owner reads); a web page in the user's browser (Host and
Origin checked, no CORS, cookie SameSite=Strict, JSON bodies only); DNS rebinding (Host must be a loopback name with our port);
a caller with the token that is led astray (paths must lie in folders the user opened, after every link is followed).
"""

from __future__ import annotations

import hashlib
import hmac
import json
import os
import secrets
import stat
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from engine.errors import BadOption, ForbiddenError, OutputError, UnauthorizedError
from engine.store.projects import disk_error
from engine.studio.checks_bridge import DISCOVERY

__all__ = ["COOKIE", "DISCOVERY", "Guard", "PathRules", "read_discovery", "write_discovery"]

COOKIE = "cutprint_session"
TOKEN_BYTES = 32
LINK_S = 120.0
"""How long a one-time link is good (chosen: a browser opens within seconds)."""

SESSION_S = 12 * 3600
"""How long a panel's session lasts (chosen: a working day)."""

MOST_LINKS = 100
LOOPBACK_NAMES = ("127.0.0.1", "localhost", "[::1]")


@dataclass
class Guard:
    """Token, sessions and one-time links of one running bridge. `hosts`: what a Host header may say, without its port."""

    token: str
    port: int
    hosts: Sequence[str] = LOOPBACK_NAMES
    clock: Callable[[], float] = time.monotonic
    wall: Callable[[], float] = time.time
    _links: dict[str, float] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def check_host(self, host: str) -> None:
        """Raises `ForbiddenError` unless the Host header names this bridge: a rebound DNS name does not."""
        if host not in {f"{name}:{self.port}" for name in self.hosts}:
            raise ForbiddenError("forbidden_host", "The Host header does not name this bridge.", f"Use http://127.0.0.1:{self.port}.")

    def check_origin(self, origin: str | None, fetch_site: str | None) -> None:
        """Raises `ForbiddenError` for calls that another site's page makes."""
        ours = {f"http://{name}:{self.port}" for name in self.hosts}
        if (origin is not None and origin not in ours) or (fetch_site not in (None, "same-origin", "none")):
            raise ForbiddenError(
                "forbidden_origin", "Pages of other sites may not call the bridge.", "Open the panel with `cutprint open`."
            )

    def who(self, authorization: str | None, cookie: str | None) -> str:
        """`token` or `session`. Raises `UnauthorizedError`."""
        kind, _, given = (authorization or "").partition(" ")
        if kind.lower() == "bearer" and hmac.compare_digest(given.strip().encode(), self.token.encode()):
            return "token"
        if authorization is None and cookie and self._session_holds(cookie):
            return "session"
        hint = "Send `Authorization: Bearer TOKEN` with the token from bridge.json in the workspace, or run `cutprint open`."
        raise UnauthorizedError("unauthorized", "This call needs the bridge's token or the panel's session.", hint)

    def new_link(self) -> str:
        """A code that opens one session, once, soon."""
        with self._lock:
            now = self.clock()
            self._links = {code: until for code, until in self._links.items() if until > now}
            while len(self._links) >= MOST_LINKS:
                self._links.pop(next(iter(self._links)))
            code = secrets.token_urlsafe(24)
            self._links[code] = now + LINK_S
            return code

    def open_session(self, code: str) -> str:
        """The cookie for a one-time code. Raises `UnauthorizedError` for a code that is unknown, used or old."""
        with self._lock:
            until = self._links.pop(code, 0.0)
        if until <= self.clock():
            raise UnauthorizedError("link_used", "This link was used already or is too old.", "Run `cutprint open` again.")
        body = f"{int(self.wall()) + SESSION_S}.{secrets.token_urlsafe(12)}"
        return f"{body}.{self._signature(body)}"

    def _session_holds(self, cookie: str) -> bool:
        body, _, signature = cookie.rpartition(".")
        if not hmac.compare_digest(signature.encode(), self._signature(body).encode()):
            return False
        until = body.partition(".")[0]
        return until.isdigit() and self.wall() < int(until) <= self.wall() + SESSION_S + 60

    def _signature(self, body: str) -> str:
        return hmac.new(f"panel session {self.token}".encode(), body.encode(), hashlib.sha256).hexdigest()


@dataclass(frozen=True)
class PathRules:
    """Which files may be named from outside: those below folders the user opened, wherever links lead."""

    roots: Callable[[], Sequence[Path]]

    def check(self, field_name: str, path: Path) -> None:
        """Raises `ForbiddenError`."""
        if not path.is_absolute():
            raise BadOption("path_not_absolute", f"{field_name} has to be a full path.", "Send the whole path.", field=field_name)
        real = real_path(path)
        if real is None or not any(real == root or root in real.parents for root in map(real_path, self.roots()) if root):
            hint = "Open the folder first: `cutprint folders add DIR`, or watch it."
            raise ForbiddenError("path_outside", f"{field_name} lies in no folder that was opened.", hint, field=field_name)


def real_path(path: Path) -> Path | None:
    """Where a path leads once every link is followed; None where it cannot be told (a loop of links, a name that is none)."""
    try:
        return path.resolve()
    except (OSError, RuntimeError, ValueError):
        return None


def write_discovery(workspace: Path, port: int, host: str, token: str | None = None) -> dict[str, Any]:
    """Writes `bridge.json` for agents, readable by its owner only, and returns what it says. The token stays the same between starts.

    Raises `OutputError`.
    """
    before = read_discovery(workspace) or {}
    known = before.get("token")
    token = token or (known if isinstance(known, str) and len(known) >= TOKEN_BYTES else secrets.token_urlsafe(TOKEN_BYTES))
    shown = "127.0.0.1" if host in ("0.0.0.0", "::") else host
    said = {"url": f"http://{shown}:{port}", "host": host, "port": port, "token": token, "pid": os.getpid()}
    path = workspace / DISCOVERY
    try:
        workspace.mkdir(parents=True, exist_ok=True)
        temporary = path.with_name(f".{DISCOVERY}-{os.getpid()}-{secrets.token_hex(4)}")
        handle = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            json.dump(said, file, indent=2)
        os.replace(temporary, path)
    except OSError as cause:
        raise disk_error(path, cause) from cause
    if os.name == "posix" and stat.S_IMODE(path.stat().st_mode) & 0o077:
        raise OutputError("token_readable", f"{path} can be read by others.", "Use a workspace on a file system with permissions.")
    return said


def read_discovery(workspace: Path) -> dict[str, Any] | None:
    """What `bridge.json` says; None where there is none that can be understood."""
    try:
        said = json.loads((workspace / DISCOVERY).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return said if isinstance(said, dict) else None
