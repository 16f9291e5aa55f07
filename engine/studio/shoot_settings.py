"""`cutprint.toml` beside the clips: options of `edit`, labels of clips, and which song (in watched folders)."""

from __future__ import annotations

import dataclasses
import difflib
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from engine.errors import BadOption
from engine.studio.requests import EditRequest

__all__ = ["FOLDER_FILE", "OWN_KEYS", "check_keys", "read_table"]

FOLDER_FILE = "cutprint.toml"

OWN_KEYS = ("song", "labels")
"""Keys that are no options of `edit`."""


def read_table(path: Path) -> dict[str, Any]:
    """What the file says, keys as they are written. Raises `OSError`, `ValueError` where it is no TOML, `BadOption` as `check_keys`."""
    if sys.version_info >= (3, 11):
        import tomllib
    else:
        import tomli as tomllib
    table: dict[str, Any] = tomllib.loads(path.read_text(encoding="utf-8"))
    check_keys(table, path)
    return table


def check_keys(keys: Iterable[str], path: Path) -> None:
    """Raises `BadOption` (`shoot_settings`) for a key that means nothing: most likely it is mistyped."""
    barred = {"clips", "output", "song"}
    names = [one.name for one in dataclasses.fields(EditRequest) if one.name not in barred] + list(OWN_KEYS)
    for key in keys:
        name = key.replace("-", "_")
        if name not in names:
            near = difflib.get_close_matches(name, names, n=1)
            hint = f"Did you mean {near[0]}?" if near else f"Known keys: {', '.join(sorted(names))}."
            raise BadOption("shoot_settings", f"{path} sets {key!r}, which is no option.", hint, path=str(path))
