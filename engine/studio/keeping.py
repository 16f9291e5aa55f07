"""What is kept: backups, and the folders that programs may use."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from engine.errors import BadOption
from engine.store import backup as backups

if TYPE_CHECKING:
    from engine.progress import Progress
    from engine.studio.context import Studio
    from engine.studio.requests import (
        BackupRequest,
        FoldersAddRequest,
        FoldersListRequest,
        FoldersRemoveRequest,
        RestoreRequest,
    )

__all__ = ["add_folder", "backup", "list_folders", "remove_folder", "restore"]


def backup(studio: Studio, request: BackupRequest, progress: Progress) -> dict[str, Any]:
    """Handler of `backup`: the file, rows per table, and the files of the workspace that went in."""
    if request.file.is_dir():
        raise BadOption("backup_is_folder", f"{request.file} is a folder.", "Give a file name such as cutprint-backup.zip.")
    progress.stage("Writing the backup")
    return backups.back_up(studio.store.database, studio.workspace, request.file)


def restore(studio: Studio, request: RestoreRequest, progress: Progress) -> dict[str, Any]:
    """Handler of `restore`: what was put in place, and what was set aside."""
    progress.stage("Reading the backup")
    return backups.restore(studio.store.database, studio.workspace, request.file, request.replace)


def list_folders(studio: Studio, request: FoldersListRequest, progress: Progress) -> dict[str, Any]:
    """Handler of `folders.list`."""
    folders = studio.store.folders
    return {"open": [str(path) for path in folders.roots()], "watched": [str(path) for path in folders.watched()]}


def add_folder(studio: Studio, request: FoldersAddRequest, progress: Progress) -> dict[str, Any]:
    """Handler of `folders.add`."""
    studio.store.folders.open_root(_folder(request.folder), studio.now())
    return _listed(studio)


def remove_folder(studio: Studio, request: FoldersRemoveRequest, progress: Progress) -> dict[str, Any]:
    """Handler of `folders.remove`; a watched folder stays open until it is watched no longer."""
    path = request.folder.absolute()
    if not (studio.store.folders.close_root(path) or studio.store.folders.close_root(path.resolve())):
        raise BadOption("no_folder", f"{request.folder} was not open.", "`cutprint folders list` shows what is.")
    return _listed(studio)


def _listed(studio: Studio) -> dict[str, Any]:
    folders = studio.store.folders
    return {"open": [str(path) for path in folders.roots()], "watched": [str(path) for path in folders.watched()]}


def _folder(path: Path) -> Path:
    if not path.is_dir():
        raise BadOption("no_folder", f"{path} is no folder.", "Give a folder that exists.")
    return path.resolve()
