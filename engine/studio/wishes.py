"""Wishes about clips that lie beside them: `must_use`, `avoid`, `first` and `last` in a shoot's cutprint.toml."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

from engine.errors import InputError
from engine.studio.requests import EditRequest
from engine.studio.shoot_settings import FOLDER_FILE, read_table

__all__ = ["with_folder_wishes"]


def with_folder_wishes(request: EditRequest) -> EditRequest:
    """The request with the wishes of the folders it names; what was asked as an option wins. Raises `InputError` (`wishes_unreadable`)."""
    for folder in request.clips:
        table = _table(folder / FOLDER_FILE) if folder.is_dir() else {}
        request = replace(
            request,
            must_use=tuple(dict.fromkeys((*request.must_use, *_texts(table, "must_use", folder)))),
            avoid=tuple(dict.fromkeys((*request.avoid, *_texts(table, "avoid", folder)))),
            first=request.first or next(iter(_texts(table, "first", folder)), None),
            last=request.last or next(iter(_texts(table, "last", folder)), None),
        )
    return request


def _table(path: Path) -> dict[str, Any]:
    try:
        return read_table(path)
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as cause:
        raise InputError("wishes_unreadable", f"{path} cannot be read: {cause}.", "Correct that line.", path=str(path)) from cause


def _texts(table: dict[str, Any], name: str, folder: Path) -> tuple[str, ...]:
    value = table.get(name, table.get(name.replace("_", "-"), ()))
    rows = (value,) if isinstance(value, str) else value
    if not isinstance(rows, (list, tuple)) or not all(isinstance(one, str) for one in rows):
        hint = f'Write {name} = ["clip.mp4", "other.mp4@1.0-3.5"].'
        raise InputError("wishes_unreadable", f"{name} in {folder / FOLDER_FILE} is no list of clips.", hint)
    return tuple(rows)
