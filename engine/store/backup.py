"""Backup and restore: one zip with every row as JSON, and the small files that a workspace holds beside the database.

Rows, not database files: a backup of SQLite can be restored into PostgreSQL and the other way round. Media, caches and projects'
own folders are not in it: media stay where they are, caches can be measured again, projects are documents of the user.
"""

from __future__ import annotations

import base64
import json
import os
import tempfile
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from engine import __version__
from engine.errors import DocumentError, RefusedError
from engine.store.database import Database
from engine.store.migrations import HEAD_REVISION, REVISIONS
from engine.store.projects import disk_error

if TYPE_CHECKING:
    from sqlalchemy.engine import Connection

__all__ = ["back_up", "restore"]

MANIFEST = "backup.json"
FOLDERS = ("songs", "labels")
"""Folders of the workspace that hold what the user said or taught."""

FILES = ("settings.toml",)
BATCH = 500
MOST_BYTES = 50 * 10**9
"""Unpacked size at which a file is no backup of ours (chosen: far above any)."""


def back_up(database: Database, workspace: Path, output: Path) -> dict[str, Any]:
    """Writes the zip, whole or not at all; returns rows per table and files. One moment of the database: a single transaction."""
    output = output.absolute()
    try:
        output.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(prefix=f".{output.name[:40]}-", suffix=".part", dir=output.parent)
    except OSError as cause:
        raise disk_error(output, cause) from cause
    try:
        with os.fdopen(handle, "wb") as file, zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as bag:
            counts = _write_rows(database, bag)
            files = _write_files(workspace, bag)
            manifest = {"program": "cutprint", "version": __version__, "database": HEAD_REVISION, "rows": counts, "files": files}
            bag.writestr(MANIFEST, json.dumps(manifest, indent=2))
        os.replace(name, output)
    except OSError as cause:
        raise disk_error(output, cause) from cause
    finally:
        Path(name).unlink(missing_ok=True)
    return {"file": str(output), "rows": counts, "files": files, "size_bytes": output.stat().st_size}


def _write_rows(database: Database, bag: zipfile.ZipFile) -> dict[str, int]:
    from engine.store.tables import METADATA

    counts = {}
    with database.read() as connection:
        for table in METADATA.sorted_tables:
            with bag.open(f"tables/{table.name}.jsonl", "w", force_zip64=True) as lines:
                counts[table.name] = 0
                for row in connection.execute(table.select()).mappings():
                    lines.write(json.dumps({name: _out(value) for name, value in row.items()}).encode() + b"\n")
                    counts[table.name] += 1
    return counts


def _out(value: Any) -> Any:
    return {"base64": base64.b64encode(value).decode()} if isinstance(value, bytes) else value


def _in(value: Any) -> Any:
    is_bytes = isinstance(value, dict) and set(value) == {"base64"}
    return base64.b64decode(value["base64"]) if is_bytes else value


def _write_files(workspace: Path, bag: zipfile.ZipFile) -> list[str]:
    found = [path for name in FOLDERS for path in sorted((workspace / name).rglob("*")) if path.is_file() and not path.is_symlink()]
    found += [workspace / name for name in FILES if (workspace / name).is_file()]
    names = [path.relative_to(workspace).as_posix() for path in found]
    for path, name in zip(found, names):
        bag.write(path, f"workspace/{name}")
    return names


def restore(database: Database, workspace: Path, source: Path, replace: bool = False) -> dict[str, Any]:
    """Puts a backup's rows and files in place. All of the rows, or none.

    Raises `DocumentError` for what is no backup or a newer one, `RefusedError` where there is something already and `replace`
    was not said. With `replace`, a damaged SQLite file is set aside under another name, never deleted.
    """
    with _opened(source) as bag:
        manifest = _manifest(bag, source)
        aside = _set_aside(database) if replace else None
        with database.write() as connection:
            _refuse_full(connection, replace)
            counts = _read_rows(connection, bag, source)
        files = _read_files(workspace, bag)
    return {"file": str(source), "made_by": manifest["version"], "rows": counts, "files": files, "set_aside": aside}


def _opened(source: Path) -> zipfile.ZipFile:
    hint = "Give a file that `cutprint backup` wrote."
    try:
        return zipfile.ZipFile(source)
    except FileNotFoundError as cause:
        raise DocumentError("backup_missing", f"There is no file {source}.", hint) from cause
    except (zipfile.BadZipFile, OSError) as cause:
        raise DocumentError("backup_unreadable", f"{source} is no backup of Cutprint, or damaged.", hint) from cause


def _manifest(bag: zipfile.ZipFile, source: Path) -> dict[str, Any]:
    hint = "Give a file that `cutprint backup` wrote."
    try:
        manifest = json.loads(bag.read(MANIFEST))
        ours = manifest["program"] == "cutprint" and isinstance(manifest["version"], str)
    except (KeyError, ValueError, TypeError, zipfile.BadZipFile) as cause:
        raise DocumentError("backup_unreadable", f"{source} is no backup of Cutprint, or damaged.", hint) from cause
    if not ours or sum(one.file_size for one in bag.infolist()) > MOST_BYTES:
        raise DocumentError("backup_unreadable", f"{source} is no backup of Cutprint.", hint)
    if manifest.get("database") not in REVISIONS:
        raise DocumentError("backup_newer", f"{source} was made by Cutprint {manifest['version']}, which is newer.", "Update Cutprint.")
    bad = bag.testzip()
    if bad is not None:
        raise DocumentError("backup_unreadable", f"{source} is damaged at {bad}.", "Use another backup.")
    return dict(manifest)


def _set_aside(database: Database) -> str | None:
    """A SQLite file that cannot be opened gets another name, so that a new one can be made."""
    if database.path is None or not database.path.exists():
        return None
    try:
        database.check()
    except DocumentError:
        database.close()
        for number in range(1, 1000):
            target = database.path.with_name(f"{database.path.stem}.damaged-{number}{database.path.suffix}")
            if not target.exists():
                break
        for suffix in ("-wal", "-shm"):
            beside = database.path.with_name(database.path.name + suffix)
            if beside.exists():
                os.replace(beside, target.with_name(target.name + suffix))
        os.replace(database.path, target)
        return str(target)
    return None


def _refuse_full(connection: Connection, replace: bool) -> None:
    from engine.store.tables import METADATA

    for table in reversed(METADATA.sorted_tables):
        if replace:
            connection.execute(table.delete())
        elif connection.execute(table.select().limit(1)).first() is not None:
            message = "There is something in the database already."
            raise RefusedError("restore_not_empty", message, "Back it up first, then restore with --replace.", table=table.name)


def _read_rows(connection: Connection, bag: zipfile.ZipFile, source: Path) -> dict[str, int]:
    from sqlalchemy.exc import SQLAlchemyError

    from engine.store.tables import METADATA

    counts = {}
    for table in METADATA.sorted_tables:
        counts[table.name] = 0
        if f"tables/{table.name}.jsonl" not in bag.namelist():
            continue  # a table that came later
        try:
            for rows in _batches(bag, table.name):
                connection.execute(table.insert(), rows)
                counts[table.name] += len(rows)
        except (ValueError, AttributeError, SQLAlchemyError) as cause:
            message = f"{source} holds rows of {table.name} that do not fit."
            raise DocumentError("backup_unreadable", message, "Use another backup. Nothing was changed.") from cause
    _restart_counters(connection)
    return counts


def _restart_counters(connection: Connection) -> None:
    """PostgreSQL hands out numbers on its own: the next one has to lie beyond those restored."""
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql(
            "SELECT setval(pg_get_serial_sequence('events', 'number'), (SELECT COALESCE(MAX(number), 0) + 1 FROM events), false)"
        )


def _batches(bag: zipfile.ZipFile, name: str) -> Iterator[list[dict[str, Any]]]:
    rows: list[dict[str, Any]] = []
    with bag.open(f"tables/{name}.jsonl") as lines:
        for line in lines:
            rows.append({key: _in(value) for key, value in json.loads(line).items()})
            if len(rows) == BATCH:
                yield rows
                rows = []
    if rows:
        yield rows


def _read_files(workspace: Path, bag: zipfile.ZipFile) -> list[str]:
    """Files that are not there yet; what the user has is never overwritten."""
    from engine.store.projects import atomic_write

    written = []
    for one in bag.infolist():
        parts = Path(one.filename).parts
        inside = (
            len(parts) > 1 and parts[0] == "workspace" and ".." not in parts and (parts[1] in FOLDERS or parts[1:] in [(f,) for f in FILES])
        )
        target = workspace.joinpath(*parts[1:]) if inside else None
        if target is not None and not one.is_dir() and not target.exists():
            atomic_write(target, bag.read(one))
            written.append("/".join(parts[1:]))
    return written
