"""A bundle for support: what went wrong and where in our code, and nothing of what was worked on.

Of each log line only time, level, origin and the error's code are kept, of a traceback only our files, lines and the kind of error:
messages can hold names of people, files and folders, so none is copied.
"""

from __future__ import annotations

import io
import json
import platform
import re
import zipfile
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any

from engine import __version__
from engine.store.projects import atomic_write, refuse_overwrite

if TYPE_CHECKING:
    from engine.studio.context import Studio

__all__ = ["bare_log", "write_bundle"]

_LINE = re.compile(r"^(\d{4}-\d\d-\d\d [\d:,]+) (DEBUG|INFO|WARNING|ERROR|CRITICAL) ([\w.]+): (.*)$")
_CODE = re.compile(r"^(?:[A-Z]+ \S+: )?([a-z]+(?:_[a-z]+)+)\b|^(bug [0-9a-f]{8})\b")
_FRAME = re.compile(
    r'^ +File ".*?((?:engine|bridge_server|otio_adapters|site-packages|lib/python3\.\d+)[\\/][^"]+)", line (\d+), in ([\w<>]+)'
)
_ERROR = re.compile(r"^((?:\w+\.)*\w*(?:Error|Exception|Interrupt|Exit|Warning|Broken\w*))\b")


def bare_log(text: str) -> Iterator[str]:
    """The log without anything that people or files are called."""
    for line in text.splitlines():
        head = _LINE.match(line)
        frame = _FRAME.match(line)
        error = _ERROR.match(line)
        if head:
            code = _CODE.match(head[4])
            yield f"{head[1]} {head[2]} {head[3]}: {(code[1] or code[2]) if code else '...'}"
        elif frame:
            yield f"  {frame[1]}:{frame[2]} in {frame[3]}"
        elif error:
            yield f"  {error[1]}"


def write_bundle(studio: Studio, checks: list[dict[str, str]], output: Path) -> list[str]:
    """Writes the zip; returns the names of what is in it."""
    refuse_overwrite(output, output.parent)
    parts = {"checks.json": _checks(checks), "versions.json": _versions(), "settings.json": _settings(studio)}
    for path in sorted((studio.workspace / "logs").glob("cutprint.log*")):
        parts[f"logs/{path.name}"] = "\n".join(bare_log(path.read_text(encoding="utf-8", errors="replace")))
    bag = io.BytesIO()
    with zipfile.ZipFile(bag, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in parts.items():
            archive.writestr(name, text)
    atomic_write(output, bag.getvalue())
    return sorted(parts)


def _checks(checks: list[dict[str, str]]) -> str:
    return json.dumps([{"name": row["name"], "status": row["status"]} for row in checks], indent=2)


def _versions() -> str:
    found: dict[str, Any] = {"cutprint": __version__, "python": platform.python_version(), "system": platform.platform()}
    found["packages"] = {one.metadata["Name"]: one.version for one in metadata.distributions()}
    return json.dumps(found, indent=2, sort_keys=True)


def _settings(studio: Studio) -> str:
    """Settings that name no place."""
    given = studio.settings
    kind = "postgresql" if given.database_url else "sqlite"
    figures = {name: getattr(given, name) for name in ("workers", "cache_limit_gb", "proxy_limit_gb", "log_level", "port")}
    return json.dumps({**figures, "database": kind}, indent=2)
