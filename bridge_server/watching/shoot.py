"""One shoot's folder as it looks now: its clips, its song, its settings, and whether it is the same as before. No clock, no database."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from engine.errors import BadOption
from engine.studio.footage import VIDEO_SUFFIXES
from engine.studio.shoot_settings import FOLDER_FILE, OWN_KEYS, read_table

__all__ = [
    "FOLDER_FILE",
    "OUTPUT",
    "PROBLEM_SUFFIX",
    "RETURNS",
    "Found",
    "Shoot",
    "edit_body",
    "job_key",
    "look",
    "returned_files",
    "settings_of",
]

OUTPUT = "cutprint"
"""Sub-folder of a shoot for what is made from it."""

RETURNS = "returns"
"""Sub-folder of a watched folder for timelines that come back from editing programs."""

PROBLEM_SUFFIX = ".problem.txt"

SONG_SUFFIXES = frozenset([".mp3", ".wav", ".flac", ".m4a", ".aac", ".ogg", ".opus", ".aif", ".aiff", ".wma"])
TIMELINE_SUFFIXES = frozenset([".otio", ".otioz", ".fcpxml", ".xml", ".edl"])
ON_THE_WAY = (".part", ".partial", ".crdownload", ".download", ".tmp", ".temp", ".filepart", ".!ut", "~")
"""Names that programs give to files they are still writing."""

DEEPEST = 6
"""Folders below a shoot that are looked into (chosen: camera cards have four)."""


@dataclass(frozen=True)
class Found:
    """One file: where, how large, when changed."""

    path: Path
    size_bytes: int
    modified_ns: int


@dataclass(frozen=True)
class Shoot:
    """What lies in a shoot's folder. `on_the_way`: files that are visibly still being written."""

    folder: Path
    clips: tuple[Found, ...]
    songs: tuple[Found, ...]
    settings: Found | None
    on_the_way: tuple[Path, ...]

    @property
    def signature(self) -> str:
        """The same for the same contents, whatever the files are called: renaming is no reason to edit again."""
        rows = sorted((one.size_bytes, one.modified_ns) for one in (*self.clips, *self.songs))
        rows += [(self.settings.size_bytes, self.settings.modified_ns)] if self.settings else []
        return hashlib.sha256(repr(rows).encode()).hexdigest()[:32]

    @property
    def state(self) -> tuple[Any, ...]:
        """Everything that must stand still before the shoot is taken to be complete."""
        return (self.clips, self.songs, self.settings, self.on_the_way)


def job_key(what: str, signature: str, tries: int, path: Path) -> str:
    """The idempotency key of a job that a watched folder asks for: the same for the same contents at the same place, tried as often."""
    return f"{what} {hashlib.sha256(f'{signature} {tries} {path}'.encode()).hexdigest()[:32]}"


def look(folder: Path) -> Shoot:
    """The shoot's folder now. Raises `OSError` where it cannot be listed."""
    clips, songs, coming = [], [], []
    settings = None
    for entry in _files(folder, 0):
        name = entry.name.lower()
        suffix = Path(name).suffix
        if name.endswith(ON_THE_WAY):
            coming.append(Path(entry.path))
        elif suffix in VIDEO_SUFFIXES:
            clips += _found(entry)
        elif suffix in SONG_SUFFIXES:
            songs += _found(entry)
        elif name == FOLDER_FILE and Path(entry.path).parent == folder:
            settings = next(iter(_found(entry)), None)
    return Shoot(folder, tuple(sorted(clips, key=_place)), tuple(sorted(songs, key=_place)), settings, tuple(sorted(coming)))


def _place(one: Found) -> str:
    return str(one.path)


def _files(folder: Path, depth: int) -> Iterator[os.DirEntry[str]]:
    with os.scandir(folder) as entries:
        for entry in entries:
            if entry.name.startswith("."):
                continue
            if entry.is_dir(follow_symlinks=False):
                ours = depth == 0 and (entry.name == OUTPUT or entry.name.startswith(f"{OUTPUT}-"))
                if not ours and depth < DEEPEST:
                    yield from _files(Path(entry.path), depth + 1)
            elif entry.is_file():
                yield entry


def _found(entry: os.DirEntry[str]) -> list[Found]:
    try:
        stat = entry.stat()
    except OSError:
        return []  # gone between listing and looking
    return [Found(Path(entry.path), stat.st_size, stat.st_mtime_ns)]


def returned_files(folder: Path) -> list[Found]:
    """Timelines lying directly in a folder."""
    found: list[Found] = []
    try:
        with os.scandir(folder) as entries:
            for entry in entries:
                if not entry.name.startswith(".") and entry.is_file() and Path(entry.name).suffix.lower() in TIMELINE_SUFFIXES:
                    found += _found(entry)
    except OSError:
        return []
    return sorted(found, key=_place)


def settings_of(shoot: Shoot) -> dict[str, Any]:
    """What `cutprint.toml` says, keys with underscores; empty without one. Raises `BadOption` naming what is wrong."""
    if shoot.settings is None:
        return {}
    try:
        values = read_table(shoot.settings.path)
    except (OSError, ValueError) as cause:
        raise BadOption("shoot_settings", f"{FOLDER_FILE} cannot be read: {cause}", "Correct that line.") from cause
    return {key.replace("-", "_"): value for key, value in values.items()}


def edit_body(shoot: Shoot, settings: Mapping[str, Any], output: Path) -> dict[str, Any]:
    """The request for `edit`; rendering is on unless the settings say otherwise. Raises `BadOption` where the song is unclear."""
    options = {key: value for key, value in settings.items() if key not in OWN_KEYS}
    return {
        "render": True,
        "name": shoot.folder.name,
        **options,
        "clips": [str(shoot.folder)],
        "song": str(_song(shoot, settings)),
        "output": str(output),
    }


def _song(shoot: Shoot, settings: Mapping[str, Any]) -> Path:
    named = settings.get("song")
    songs = [one.path for one in shoot.songs if named is None or one.path.name == named]
    if len(songs) == 1:
        return songs[0]
    shown = ", ".join(one.path.name for one in shoot.songs)
    if named is not None:
        raise BadOption("shoot_song", f"{FOLDER_FILE} names the song {named!r}, which is not there ({shown or 'no songs'}).", "Correct it.")
    raise BadOption("shoot_song", f"There are {len(songs)} songs: {shown}.", f'Keep one, or write song = "NAME" into {FOLDER_FILE}.')
