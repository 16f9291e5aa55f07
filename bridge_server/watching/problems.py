"""`NAME.problem.txt` beside what could not be used: written by us, taken away by us, and nobody else's file touched."""

from __future__ import annotations

import logging
from pathlib import Path

from bridge_server.watching.shoot import PROBLEM_SUFFIX
from engine.errors import CutprintError
from engine.store.projects import atomic_write

__all__ = ["clear_problem", "problem_path", "write_problem"]

SIGNED = "Written by Cutprint; it goes away by itself once this is solved."
_LOG = logging.getLogger(__name__)


def problem_path(beside: Path) -> Path:
    """Where a file's or folder's problem is told."""
    return beside.with_name(f"{beside.name}{PROBLEM_SUFFIX}")


def write_problem(beside: Path, message: str, hint: str = "") -> bool:
    """Tells a problem; False where a file of somebody else's is in the way or nothing can be written there."""
    path = problem_path(beside)
    if path.exists() and not _is_ours(path):
        return False
    text = "\n".join([part for part in (message, hint) if part] + ["", SIGNED, ""])
    try:
        if not (path.exists() and path.read_text(encoding="utf-8", errors="replace") == text):
            atomic_write(path, text.encode())
    except (CutprintError, OSError) as cause:
        _LOG.warning("the problem of %s could not be written beside it: %s", beside, cause)
        return False
    return True


def clear_problem(beside: Path) -> None:
    """The problem is solved."""
    path = problem_path(beside)
    try:
        if path.exists() and _is_ours(path):
            path.unlink()
    except OSError as cause:
        _LOG.warning("%s could not be removed: %s", path, cause)


def _is_ours(path: Path) -> bool:
    try:
        return SIGNED in path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return False
