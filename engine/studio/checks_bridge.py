"""Doctor's look at the bridge: database, token, port, jobs that wait, watched folders."""

from __future__ import annotations

import json
import os
import socket
import stat
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from engine.studio.context import Studio

__all__ = ["BRIDGE_CHECKS", "DISCOVERY"]

DISCOVERY = "bridge.json"
"""In the workspace: where the bridge listens and the token, for agents of the same user."""

Row = dict[str, str]


def _row(name: str, status: str, found: str, fix: str = "") -> Row:
    return {"name": name, "status": status, "found": found, "fix": fix}


def database(studio: Studio) -> Row:
    from engine.store.database import shown_url

    store = studio.store.database
    revision = store.check()
    kind = f"SQLite at {store.path}" if store.is_sqlite else shown_url(store.url)
    events = studio.store.events.count()
    return _row("database", "ok", f"{kind}, step {revision}, {events} events")


def token(studio: Studio) -> Row:
    path = studio.workspace / DISCOVERY
    if not path.exists():
        return _row("token", "ok", "none yet (the bridge makes it when it first starts)")
    if os.name == "posix" and stat.S_IMODE(path.stat().st_mode) & 0o077:
        return _row("token", "problem", f"others can read {path}", f"chmod 600 {path}, and restart the bridge.")
    return _row("token", "ok", "readable by you alone")


def port(studio: Studio) -> Row:
    said = _said(studio)
    wanted = int(said.get("port") or studio.settings.port)
    if not _answers(wanted):
        return _row("port", "ok", f"{wanted} is free; no bridge runs")
    if said.get("port"):
        return _row("port", "ok", f"a bridge answers on {wanted}")
    fix = "The bridge will take another; or set CUTPRINT_PORT."
    return _row("port", "warning", f"another program has port {wanted}", fix)


def _said(studio: Studio) -> dict[str, Any]:
    try:
        said = json.loads((studio.workspace / DISCOVERY).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return said if isinstance(said, dict) else {}


def _answers(number: int) -> bool:
    with socket.socket() as probe:
        probe.settimeout(0.5)
        return probe.connect_ex(("127.0.0.1", number)) == 0


def jobs(studio: Studio) -> Row:
    active = studio.store.jobs.recent(active=True)
    failed = [job for job in studio.store.jobs.recent(active=False, limit=20) if job.status == "failed"]
    found = f"{len(active)} waiting or running, {len(failed)} of the last 20 failed"
    if active and not _said(studio).get("port"):
        return _row("jobs", "warning", found, "`cutprint serve` runs them.")
    return _row("jobs", "ok", found)


def watched(studio: Studio) -> Row:
    folders = studio.store.folders.watched()
    gone = [path for path in folders if not path.is_dir()]
    if gone:
        fix = "Mount the disk, or `cutprint watch --forget DIR`."
        return _row("watched folders", "warning", f"not there: {', '.join(map(str, gone))}", fix)
    return _row("watched folders", "ok", f"{len(folders)}")


def styles(studio: Studio) -> Row:
    """Every profile with the models that it names, read as an edit would."""
    store = studio.store.profiles
    names = store.names()
    bare = [name for name in names if store.load(name).learned_model is not None and store.models(name) is None]
    if bare:
        return _row("styles", "warning", f"without their models: {', '.join(bare)}", "Learn them again with `cutprint learn --creator`.")
    return _row("styles", "ok", f"{len(names)} learned" if names else "none learned yet: edits follow the neutral one")


BRIDGE_CHECKS = {"database": database, "token": token, "port": port, "jobs": jobs, "watched folders": watched, "styles": styles}
