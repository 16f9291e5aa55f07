"""Files sent in pieces: created with their size, appended at an offset, finished whole. An upload outlives the bridge.

The file's own length says how much arrived, so nothing can disagree with it after a crash.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from engine.errors import InputError, NotFoundError, OutputError, RefusedError
from engine.store.projects import disk_error

if TYPE_CHECKING:
    from sqlalchemy import Table

    from engine.store.database import Database

__all__ = ["Upload", "Uploads", "safe_name"]

MOST_BYTES = 200 * 10**9
"""Largest file taken (chosen: hours of camera originals)."""

MOST_OPEN = 500
"""Unfinished uploads at once (chosen: a whole shoot, twice)."""

UNFINISHED_S = 7 * 86400.0
"""How long an unfinished upload without a further byte is kept (chosen: a laptop that was closed over a holiday week)."""


@dataclass(frozen=True)
class Upload:
    """status : open or done. received : bytes that lie on the disk."""

    upload_id: str
    name: str
    size_bytes: int
    digest: str | None
    status: str
    path: str
    created_at: str
    received: int


def safe_name(name: str) -> str:
    """The name's last part without anything a file system or a shell could take amiss. Raises `InputError` for none."""
    last = name.replace("\\", "/").rpartition("/")[2]
    kept = "".join(char for char in last if char.isprintable() and char not in '<>:"|?*').strip(" .")
    if not kept or len(kept.encode()) > 200:
        raise InputError("upload_bad_name", f"{name[:80]!r} is no name for a file.", "Use letters, digits and a suffix.")
    return kept


class Uploads:
    """The table of uploads and the folder their files lie in (`folder/<id>/<name>`)."""

    def __init__(self, database: Database, folder: Path) -> None:
        self._database = database
        self.folder = folder

    @property
    def _table(self) -> Table:
        from engine.store.tables import METADATA

        return METADATA.tables["uploads"]

    def create(self, name: str, size_bytes: int, now: str, digest: str | None = None) -> Upload:
        """An empty upload of that size. Raises `OutputError` where the disk has no room for it beside the other unfinished ones."""
        if not 0 < size_bytes <= MOST_BYTES:
            raise InputError("upload_bad_size", f"A file of {size_bytes} bytes is not taken.", f"1 to {MOST_BYTES} bytes.")
        upload_id = uuid.uuid4().hex[:16]
        path = self.folder / upload_id / safe_name(name)
        waiting = self._unfinished()
        if len(waiting) >= MOST_OPEN:
            raise RefusedError("uploads_too_many", f"{MOST_OPEN} uploads are unfinished.", "Finish them, or DELETE those you gave up.")
        try:
            path.parent.mkdir(parents=True)
            _check_room(path.parent, size_bytes, sum(one.size_bytes - one.received for one in waiting))
            _part(path).touch()
        except OSError as cause:
            raise disk_error(path, cause) from cause
        except OutputError:
            path.parent.rmdir()
            raise
        row = {"upload_id": upload_id, "name": path.name, "size_bytes": size_bytes, "digest": digest, "status": "open"}
        row |= {"path": str(path), "created_at": now}
        with self._database.write() as connection:
            connection.execute(self._table.insert(), row)
        return self.get(upload_id)

    def get(self, upload_id: str) -> Upload:
        """Raises `NotFoundError` (`upload_unknown`)."""
        with self._database.read() as connection:
            row = connection.execute(self._table.select().where(self._table.c.upload_id == upload_id)).mappings().first()
        if row is None:
            raise NotFoundError("upload_unknown", f"There is no upload {upload_id!r}.", "Create one first.")
        return _upload(row)

    def _unfinished(self) -> list[Upload]:
        with self._database.read() as connection:
            rows = connection.execute(self._table.select().where(self._table.c.status == "open")).mappings().all()
        return [_upload(row) for row in rows]

    def remove(self, upload_id: str) -> Upload:
        """Forgets an upload and deletes what was received of it; returns what it was. Raises `NotFoundError`."""
        upload = self.get(upload_id)
        path = Path(upload.path)
        try:
            for one in (path, _part(path)):
                one.unlink(missing_ok=True)
        except OSError as cause:
            raise disk_error(path, cause) from cause
        with self._database.write() as connection:
            connection.execute(self._table.delete().where(self._table.c.upload_id == upload_id))
        with contextlib.suppress(OSError):  # something else lies there
            path.parent.rmdir()
        return upload

    def prune(self, now_s: float) -> int:
        """Removes unfinished uploads that got no byte for `UNFINISHED_S`; returns how many. Finished ones are the user's and stay."""
        old = [one for one in self._unfinished() if now_s - _changed_s(Path(one.path)) > UNFINISHED_S]
        for one in old:
            self.remove(one.upload_id)
        return len(old)

    def append(self, upload_id: str, offset: int, pieces: Iterable[bytes]) -> Upload:
        """Writes at `offset`, which has to be what was received. What arrived before a break stays."""
        upload = self._open(upload_id)
        if offset != upload.received:
            message = f"{upload.received} bytes have been received, not {offset}."
            raise RefusedError("upload_offset", message, "Go on at `received`.", received=upload.received)
        path = Path(upload.path)
        try:
            with _part(path).open("r+b") as file:
                file.seek(offset)
                for piece in pieces:
                    if file.tell() + len(piece) > upload.size_bytes:
                        file.truncate(offset)
                        raise InputError("upload_too_long", f"More than the {upload.size_bytes} bytes promised.", "Send it anew.")
                    file.write(piece)
        except OSError as cause:
            raise disk_error(path, cause) from cause
        return self.get(upload_id)

    def finish(self, upload_id: str) -> Upload:
        """The file under its name, complete and with the promised digest; finishing twice is the same as once."""
        upload = self.get(upload_id)
        if upload.status == "done":
            return upload
        if upload.received != upload.size_bytes:
            message = f"{upload.received} of {upload.size_bytes} bytes have been received."
            raise RefusedError("upload_incomplete", message, "Go on at `received`.", received=upload.received)
        path = Path(upload.path)
        part = _part(path)
        if part.exists():
            _check_digest(part, upload.digest)
            os.replace(part, path)
        with self._database.write() as connection:
            connection.execute(self._table.update().where(self._table.c.upload_id == upload_id).values(status="done"))
        return self.get(upload_id)

    def _open(self, upload_id: str) -> Upload:
        upload = self.get(upload_id)
        if upload.status == "done":
            raise RefusedError("upload_done", f"{upload.name} is complete.", "Create another upload.")
        return upload


def _part(path: Path) -> Path:
    """Where a file lies until it is whole."""
    return path.with_name(f"{path.name}.part")


def _upload(row: Any) -> Upload:
    path = Path(row["path"])
    size = next((one.stat().st_size for one in (path, _part(path)) if one.exists()), 0)
    return Upload(**row, received=size)


def _changed_s(path: Path) -> float:
    try:
        return _part(path).stat().st_mtime
    except OSError:
        return 0.0


def _check_room(folder: Path, size_bytes: int, promised: int) -> None:
    import shutil

    free = shutil.disk_usage(folder).free - promised
    if size_bytes > free:
        message = f"{folder} has {max(0, free) / 1e9:.1f} GB free for it, the file needs {size_bytes / 1e9:.1f}."
        raise OutputError("disk_full", message, "Free some space or choose another workspace.")


def _check_digest(path: Path, promised: str | None) -> None:
    if promised is None:
        return
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(1 << 20):
            digest.update(block)
    if digest.hexdigest() != promised:
        raise InputError("upload_damaged", "The file differs from what was promised (SHA-256).", "Send it anew.")
