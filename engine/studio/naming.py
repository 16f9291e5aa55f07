"""What files are called where people read it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

__all__ = ["distinct_names"]


def distinct_names(paths: Sequence[Path]) -> list[str]:
    """File names; of those that are alike as much of the path as tells them apart (cameras give the same names in many folders)."""
    return [_short(path, [other for other in paths if other.name == path.name and other != path]) for path in paths]


def _short(path: Path, rivals: Sequence[Path]) -> str:
    for depth in range(1, len(path.parts)):
        if all(other.parts[-depth:] != path.parts[-depth:] for other in rivals):
            return str(Path(*path.parts[-depth:]))
    return str(path)
