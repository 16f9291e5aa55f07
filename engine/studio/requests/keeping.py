"""Requests about what is kept: backups, and the folders that programs may use."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from engine.studio.requests.fields import said

__all__ = ["BackupRequest", "FoldersAddRequest", "FoldersListRequest", "FoldersRemoveRequest", "RestoreRequest"]


@dataclass(frozen=True)
class BackupRequest:
    """Everything that cannot be measured again (projects, revisions, events, profiles, models, corrections) in one file."""

    file: Path = said("The zip file to write.", argument=True)


@dataclass(frozen=True)
class RestoreRequest:
    """Puts a backup in place, whole or not at all."""

    file: Path = said("A file that `cutprint backup` wrote.", argument=True)
    replace: bool = said("Replace what the database holds now; a damaged one is set aside, not deleted.", False)


@dataclass(frozen=True)
class FoldersListRequest:
    """Folders whose files programs may name to the bridge, and those that are watched."""


@dataclass(frozen=True)
class FoldersAddRequest:
    """Lets programs that talk to the bridge name files below a folder."""

    folder: Path = said("The folder.", argument=True)


@dataclass(frozen=True)
class FoldersRemoveRequest:
    """Takes that back."""

    folder: Path = said("The folder.", argument=True)
