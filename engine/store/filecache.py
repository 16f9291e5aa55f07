"""Folders of files that can be made again, named by what they were made of: kept within a limit, the longest unused gone first.

Only plain files under such names count as ours; whatever else lies there, a link of the user's among it, is never touched.
"""

from __future__ import annotations

import contextlib
import re
import stat
from pathlib import Path

__all__ = ["clear_files", "sizes_of", "trim_files"]

OURS = re.compile(r"[0-9a-f]{16,128}(-[\w.]+)?\.\w{1,8}")
"""A digest, perhaps with a version, and a suffix."""


def _kept(folder: Path) -> list[tuple[float, int, Path]]:
    """Last use, size and place of every file of ours, the longest unused first."""
    found = []
    with contextlib.suppress(OSError):
        for path in folder.iterdir():
            with contextlib.suppress(OSError):  # gone meanwhile
                about = path.lstat()
                if stat.S_ISREG(about.st_mode) and OURS.fullmatch(path.name):
                    found.append((about.st_mtime, about.st_size, path))
    return sorted(found)


def sizes_of(folder: Path) -> list[int]:
    """Bytes of every file of ours."""
    return [size for _, size, _ in _kept(folder)]


def trim_files(folder: Path, limit_bytes: float) -> int:
    """Removes the longest unused until the limit is kept; returns how many went."""
    files = _kept(folder)
    total, dropped = sum(size for _, size, _ in files), 0
    for _, size, path in files:
        if total <= limit_bytes:
            break
        with contextlib.suppress(OSError):  # in use, on Windows
            path.unlink()
            total, dropped = total - size, dropped + 1
    return dropped


def clear_files(folder: Path) -> int:
    """Removes all of ours; returns how many."""
    return trim_files(folder, -1)
