"""Profiles as documents in the workspace: one folder per creator with his works, his models by version, and the profile made of them.

Everything is JSON that is checked when opened, and appears atomically; the profile is written last, so that it never names a model
that is not there. A profile can always be made anew from the works.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import re
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from engine.errors import BadOption, DocumentError, InputError
from engine.model import documents
from engine.model.style import StyleModels, StyleProfile
from engine.model.works import FinishedWork
from engine.store.projects import ProjectFolder, atomic_write, remove_quietly

__all__ = ["MOST_PACKAGE_BYTES", "Package", "ProfileStore", "package_bytes", "package_of"]

PROFILE, WORKS, MODELS, BASE, RECIPE = "profile.json", "works", "models", "base.json", "recipe.json"
MOST_BYTES = 32 << 20
"""A document beyond this is refused unread (chosen: the work with the most shots allowed needs about 20 MB)."""
MOST_PACKAGE_BYTES = 256 << 20
KEPT_MODELS = 10
"""Versions of models that are kept, to go back to."""
PACKAGE = "cutprint/style_package"
PACKAGE_VERSION = "1.0"
LONGEST_NAME = 100


@dataclass(frozen=True)
class Package:
    """A profile on its way to another machine. `works` may be empty: they are the creator's own archive."""

    profile: StyleProfile
    models: StyleModels | None
    works: tuple[FinishedWork, ...]


class ProfileStore:
    """The creators of one workspace."""

    def __init__(self, workspace: Path) -> None:
        self._root = workspace / "profiles"

    def names(self) -> list[str]:
        """Creators in alphabetical order; folders without a readable profile are left out."""
        found = []
        for path in sorted(self._root.glob(f"*/{PROFILE}")):
            with contextlib.suppress(DocumentError):
                found.append(str(_read(path, StyleProfile).creator_id))
        return sorted(found, key=str.casefold)

    def has(self, name: str) -> bool:
        return (self._folder(name) / PROFILE).is_file()

    def load(self, name: str) -> StyleProfile:
        """The creator's profile. Raises `InputError` (`creator_unknown`), `DocumentError` for a broken one."""
        path = self._folder(name) / PROFILE
        if not path.is_file():
            known = ", ".join(self.names()) or "nobody yet"
            hint = f"Known: {known}. Leave out --creator to edit in the neutral style."
            raise InputError("creator_unknown", f"Nothing has been learned from {name!r} yet.", hint, creator=name)
        profile: StyleProfile = _read(path, StyleProfile)
        return profile

    def models(self, name: str, number: int | None = None) -> StyleModels | None:
        """The models the profile names, or those of an earlier version; None where there are none."""
        folder = self._folder(name) / MODELS
        if number is None:
            learned = self.load(name).learned_model
            if learned is None:
                return None
            number = learned.version
        path = folder / f"{number}.json"
        return _read(path, StyleModels) if path.is_file() else None

    def versions(self, name: str) -> list[int]:
        """Numbers of the models that are kept, oldest first."""
        return sorted(int(path.stem) for path in (self._folder(name) / MODELS).glob("*.json") if path.stem.isdecimal())

    def works(self, name: str) -> list[FinishedWork]:
        """What the creator was learned from, oldest first."""
        found = [_read(path, FinishedWork) for path in sorted((self._folder(name) / WORKS).glob("*.json"))]
        return sorted(found, key=lambda work: (work.learned_at, work.name))

    def base(self, name: str) -> StyleProfile | None:
        """The profile that this creator's own works are shrunk towards, where it came from elsewhere without its works."""
        path = self._folder(name) / BASE
        return _read(path, StyleProfile) if path.is_file() else None

    def recipe(self, name: str) -> dict[str, Any] | None:
        """What a blend is made of; None for a creator."""
        path = self._folder(name) / RECIPE
        return dict(_json(path)) if path.is_file() else None

    @contextlib.contextmanager
    def locked(self, name: str) -> Iterator[None]:
        """Holds one creator for this process. Raises `RefusedError` when another one is learning him."""
        with ProjectFolder(self._folder(name)).locked():
            yield

    def save(
        self,
        profile: StyleProfile,
        models: StyleModels | None,
        works: Sequence[FinishedWork],
        *,
        base: StyleProfile | None = None,
        recipe: dict[str, Any] | None = None,
    ) -> None:
        """Makes the creator be exactly this; the profile appears last."""
        folder = self._folder(str(profile.creator_id))
        names = set()
        for work in works:
            name = f"{_digest(work.media_id)}.json"
            names.add(name)
            _write(folder / WORKS / name, work)
        for path in (folder / WORKS).glob("*.json"):
            if path.name not in names:
                remove_quietly(path)
        if models is not None:
            _write(folder / MODELS / f"{models.number}.json", models)
        if base is not None:
            _write(folder / BASE, base)
        if recipe is not None:
            atomic_write(folder / RECIPE, documents.dumps(recipe).encode())
        _write(folder / PROFILE, profile)
        for number in self.versions(str(profile.creator_id))[:-KEPT_MODELS]:
            remove_quietly(folder / MODELS / f"{number}.json")

    def forget(self, name: str) -> None:
        """Removes everything known of a creator."""
        self.load(name)
        shutil.rmtree(self._folder(name), ignore_errors=True)

    def _folder(self, name: str) -> Path:
        return self._root / _slug(name)


def _slug(name: str) -> str:
    """A folder name for any creator's name: readable, and one for names that differ only in case."""
    plain = name.strip().casefold()
    if not plain or len(plain) > LONGEST_NAME or any(ord(letter) < 32 for letter in plain):
        raise BadOption("bad_creator", f"{name[:40]!r} cannot be a creator's name.", f"Use 1 to {LONGEST_NAME} letters.")
    return f"{re.sub(r'[^a-z0-9]+', '-', plain).strip('-')[:40] or 'creator'}-{_digest(plain)[:8]}"


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:32]


def _write(path: Path, value: Any) -> None:
    atomic_write(path, documents.dumps(documents.encode(value)).encode())


def _json(path: Path, most: int = MOST_BYTES) -> Any:
    try:
        if os.stat(path).st_size > most:  # noqa: PTH116 - the size before anything is read
            raise DocumentError("document_too_large", f"{path.name} is larger than any document of its kind.", "It is not opened.")
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError as cause:
        raise InputError("package_missing", f"{path} does not exist.", "Check the path.", path=str(path)) from cause
    except (OSError, UnicodeDecodeError) as cause:
        raise DocumentError("profile_unreadable", f"{path} cannot be read.", "Check the file.", path=str(path)) from cause
    return documents.loads(text)


def _read(path: Path, kind: type) -> Any:
    return _checked(_json(path), kind, path.name)


def _checked(document: Any, kind: type, name: str) -> Any:
    documents.validate(document)
    value = documents.decode(document)
    if not isinstance(value, kind):
        raise DocumentError("document_unknown", f"{name} is a document of another kind.", "Give what `style export` wrote.")
    return value


def package_bytes(package: Package) -> bytes:
    """The package as one JSON document."""
    body = {
        "schema": PACKAGE,
        "version": PACKAGE_VERSION,
        "profile": documents.encode(package.profile),
        "models": documents.encode(package.models) if package.models else None,
        "works": [documents.encode(work) for work in package.works],
    }
    return json.dumps(body, ensure_ascii=False, allow_nan=False, indent=1).encode()


def package_of(path: Path) -> Package:
    """A package somebody sent: every part validated, nothing in it run. Raises `DocumentError`."""
    body = _json(path, MOST_PACKAGE_BYTES)
    if not isinstance(body, dict) or body.get("schema") != PACKAGE:
        raise DocumentError("document_unknown", f"{path.name} is no exported style.", "Give what `style export` wrote.", path=str(path))
    if str(body.get("version", "")).partition(".")[0] != PACKAGE_VERSION.partition(".")[0]:
        raise DocumentError("document_newer", f"{path.name} was written by another Cutprint.", "Update Cutprint.", path=str(path))
    works = body.get("works")
    if not isinstance(works, list):
        raise DocumentError("document_invalid", f"{path.name} is not whole.", "Ask for it again.", path=str(path))
    models = None if body.get("models") is None else _checked(body["models"], StyleModels, path.name)
    kept = tuple(_checked(work, FinishedWork, path.name) for work in works)
    return Package(_checked(body.get("profile"), StyleProfile, path.name), models, kept)
