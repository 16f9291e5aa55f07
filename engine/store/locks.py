"""Locks between processes: held on an open file, let go by the system when the process ends, however it ends."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path
from typing import IO

__all__ = ["FileLock", "release", "try_lock"]


def try_lock(handle: int) -> bool:
    """Locks an open file for this process; False where another one holds it."""
    try:
        if os.name == "nt":
            import msvcrt

            msvcrt.locking(handle, msvcrt.LK_NBLCK, 1)  # type: ignore[attr-defined,unused-ignore]
        else:
            import fcntl

            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


def release(handle: int) -> None:
    """Lets go of a lock."""
    with contextlib.suppress(OSError):
        if os.name == "nt":
            import msvcrt

            os.lseek(handle, 0, os.SEEK_SET)
            msvcrt.locking(handle, msvcrt.LK_UNLCK, 1)  # type: ignore[attr-defined,unused-ignore]
        else:
            import fcntl

            fcntl.flock(handle, fcntl.LOCK_UN)


class FileLock:
    """A lock on `path` (made when absent) that lasts until `close` or the end of the process."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._file: IO[bytes] | None = None

    def take(self) -> bool:
        """False where another process holds it. Raises `OSError` where the file cannot be made."""
        if self._file is not None:
            return True
        self.path.parent.mkdir(parents=True, exist_ok=True)
        file = self.path.open("a+b")
        if not try_lock(file.fileno()):
            file.close()
            return False
        self._file = file
        return True

    def close(self) -> None:
        """Lets go; the file stays, because another process may be opening it."""
        if self._file is not None:
            release(self._file.fileno())
            self._file.close()
            self._file = None
