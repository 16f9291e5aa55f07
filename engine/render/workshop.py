"""Folders for what is in the making: on the disk where it will stay, locked while somebody works in them, swept up by the next one if not.

A killed render leaves such a folder and nothing else; its lock died with it.
"""

from __future__ import annotations

import contextlib
import errno
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import IO

from engine.errors import OutputError

__all__ = ["told_of_disk", "workshop"]

PREFIX = ".cutprint-render-"
LOCK = "lock"


@contextlib.contextmanager
def workshop(parent: Path) -> Iterator[Path]:
    """A fresh folder in `parent`, gone afterwards; those that dead processes left behind go first. Raises `OSError`."""
    parent.mkdir(parents=True, exist_ok=True)
    for old in parent.glob(f"{PREFIX}*"):
        _sweep(old)
    folder = Path(tempfile.mkdtemp(prefix=PREFIX, dir=parent))
    try:
        with (folder / LOCK).open("a+b") as file:
            _lock(file)
            yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _sweep(folder: Path) -> None:
    """Removes a folder whose owner is gone."""
    try:
        with (folder / LOCK).open("r+b") as file:
            _lock(file)
    except OSError:  # somebody works there, or has only just made it
        return
    shutil.rmtree(folder, ignore_errors=True)


def _lock(file: IO[bytes]) -> None:
    """Raises `OSError` where another process holds it. The system lets go when the process ends, however it ends."""
    if os.name == "nt":
        import msvcrt

        msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)  # type: ignore[attr-defined,unused-ignore]
    else:
        import fcntl

        fcntl.flock(file.fileno(), fcntl.LOCK_EX | fcntl.LOCK_NB)


@contextlib.contextmanager
def told_of_disk(output: Path) -> Iterator[None]:
    """Failures of the disk as the user sees them."""
    try:
        yield
    except OSError as cause:
        path = str(output)
        if cause.errno in (errno.ENOSPC, errno.EDQUOT):
            hint = "Free some space or choose another disk."
            raise OutputError("disk_full", f"{output} cannot be written: there is no space left.", hint, path=path) from cause
        if cause.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
            hint = "Choose a folder you may write to with -o."
            raise OutputError("output_read_only", f"{output.parent} cannot be written: {cause.strerror}.", hint, path=path) from cause
        message = f"{output} cannot be written: {cause.strerror or cause}."
        raise OutputError("output_failed", message, "Choose another place with -o.", path=path) from cause
