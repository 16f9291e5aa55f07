"""Styles in the database: each creator's works, the models made of them by version, and the profile by version.

Everything is JSON that is checked when opened. A profile can always be made anew from the works.
"""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from unicodedata import category

from engine.errors import BadOption, DocumentError, InputError, RefusedError
from engine.model import documents
from engine.model.style import StyleModels, StyleProfile
from engine.model.works import FinishedWork
from engine.store.bodies import packed, unpacked

if TYPE_CHECKING:
    from sqlalchemy import Table
    from sqlalchemy.engine import Connection

    from engine.store.database import Database

__all__ = ["MOST_PACKAGE_BYTES", "Package", "ProfileStore", "package_bytes", "package_of"]

MOST_PACKAGE_BYTES = 256 << 20
KEPT_VERSIONS = 10
"""Versions of profile and models that are kept, to go back to; a creator's first profile is always."""
BASE_VERSION = 0
"""The version under which an imported profile is kept as the ground that own works are learned upon."""
MODELS = "style"
PACKAGE = "cutprint/style_package"
PACKAGE_VERSION = "1.0"
LONGEST_NAME = 100
UNSEEN, JOINERS = ("Cc", "Cf", "Cs", "Zl", "Zp"), "\u200c\u200d"
"""Unicode categories of letters that nobody sees: they could make one name look like another. Emoji and Persian need the joiners."""


@dataclass(frozen=True)
class Package:
    """A profile on its way to another machine. `works` may be empty: they are the creator's own archive."""

    profile: StyleProfile
    models: StyleModels | None
    works: tuple[FinishedWork, ...]


class ProfileStore:
    """The creators' styles. Names are one whatever their case."""

    def __init__(self, database: Database) -> None:
        self._database = database

    @staticmethod
    def _table(name: str) -> Table:
        from engine.store.tables import METADATA

        return METADATA.tables[name]

    def names(self) -> list[str]:
        """Creators with a profile, in alphabetical order."""
        profiles = self._table("profiles")
        with self._database.read() as connection:
            rows = connection.execute(profiles.select().where(profiles.c.deployed)).mappings()
            return sorted((str(row["creator_id"]) for row in rows), key=str.casefold)

    def has(self, name: str) -> bool:
        return _plain(name) in map(_plain, self.names())

    def load(self, name: str) -> StyleProfile:
        """The creator's profile. Raises `InputError` (`creator_unknown`), `DocumentError` for a broken one."""
        found = self._profile(name)
        if found is None:
            known = ", ".join(self.names()) or "nobody yet"
            hint = f"Known: {known}. Leave out --creator to edit in the neutral style."
            raise InputError("creator_unknown", f"Nothing has been learned from {name!r} yet.", hint, creator=name)
        return found

    def _profile(self, name: str, version: int | None = None) -> StyleProfile | None:
        table = self._table("profiles")
        which = table.c.deployed if version is None else table.c.version == version
        with self._database.read() as connection:
            where = (table.c.creator_id == self._id(connection, name), which)
            row = connection.execute(table.select().where(*where)).mappings().first()
        return None if row is None else unpacked(StyleProfile, row["digest"], row["document"], f"The profile of {name}")

    def _id(self, connection: Connection, name: str) -> str | None:
        """How the creator is called in the tables."""
        table, wanted = self._table("creators"), _plain(name)
        ids = (str(row.creator_id) for row in connection.execute(table.select().order_by(table.c.created_at)))
        return next((one for one in ids if one.strip().casefold() == wanted), None)

    def models(self, name: str, number: int | None = None) -> StyleModels | None:
        """The models the profile names, or those of an earlier version; None where there are none."""
        if number is None:
            learned = self.load(name).learned_model
            if learned is None:
                return None
            number = learned.version
        table = self._table("model_versions")
        with self._database.read() as connection:
            where = (table.c.creator_id == self._id(connection, name), table.c.name == MODELS, table.c.version == number)
            row = connection.execute(table.select().where(*where)).mappings().first()
        return None if row is None else unpacked(StyleModels, row["digest"], row["body"], f"Models {number} of {name}")

    def versions(self, name: str) -> list[int]:
        """Numbers of the models that are kept, oldest first."""
        table = self._table("model_versions")
        with self._database.read() as connection:
            where = (table.c.creator_id == self._id(connection, name), table.c.name == MODELS)
            return sorted(int(row.version) for row in connection.execute(table.select().where(*where)))

    def works(self, name: str) -> list[FinishedWork]:
        """What the creator was learned from, oldest first."""
        table = self._table("works")
        with self._database.read() as connection:
            rows = connection.execute(table.select().where(table.c.creator_id == self._id(connection, name))).mappings().all()
        found = [unpacked(FinishedWork, row["digest"], row["document"], f"The work {row['name']}") for row in rows]
        return sorted(found, key=lambda work: (work.learned_at, work.name))

    def base(self, name: str) -> StyleProfile | None:
        """The profile that this creator's own works are shrunk towards, where it came from elsewhere without its works."""
        return self._profile(name, BASE_VERSION)

    def recipe(self, name: str) -> dict[str, Any] | None:
        """What a blend is made of; None for a creator."""
        table = self._table("creators")
        with self._database.read() as connection:
            row = connection.execute(table.select().where(table.c.creator_id == self._id(connection, name))).mappings().first()
        found = (row["settings"] or {}).get("recipe") if row is not None else None
        return None if found is None else dict(found)

    @contextlib.contextmanager
    def locked(self, name: str) -> Iterator[None]:
        """Holds one creator for this process. Raises `RefusedError` when another one is learning him."""
        with self._database.turn(f"creator {_plain(name)}") as mine:
            if not mine:
                raise RefusedError("creator_busy", f"Another Cutprint is learning {name}.", "Wait until it is done.", creator=name)
            yield

    def begin(self, name: str, now: str) -> str:
        """Notes that this creator exists, and returns what he is called: from here on his onboarding counts (`report`)."""
        _plain(name)
        with self._database.write() as connection:
            return self._ensure(connection, name, now)

    def _ensure(self, connection: Connection, name: str, now: str) -> str:
        known = self._id(connection, name)
        if known is not None:
            return known
        row = {"creator_id": name.strip(), "name": name.strip(), "created_at": now, "settings": {}}
        connection.execute(self._table("creators").insert(), row)
        return name.strip()

    def save(
        self,
        profile: StyleProfile,
        models: StyleModels | None,
        works: Sequence[FinishedWork],
        *,
        base: StyleProfile | None = None,
        recipe: dict[str, Any] | None = None,
    ) -> None:
        """Makes the creator be exactly this, with a new version of the profile: all of it, or nothing."""
        made_at = profile.last_updated
        with self._database.write() as connection:
            creator = self._ensure(connection, str(profile.creator_id), made_at)
            self._put_works(connection, creator, works)
            if models is not None:
                self._put_models(connection, creator, models, made_at)
            if base is not None:
                self._put_profile(connection, creator, BASE_VERSION, base, made_at)
            if recipe is not None:
                table = self._table("creators")
                connection.execute(table.update().where(table.c.creator_id == creator).values(settings={"recipe": recipe}))
            self._put_profile(connection, creator, None, profile, made_at)
            self._prune(connection, creator)

    def _put_works(self, connection: Connection, creator: str, works: Sequence[FinishedWork]) -> None:
        table = self._table("works")
        connection.execute(table.delete().where(table.c.creator_id == creator))
        rows = []
        for work in works:
            digest, body = packed(work)
            row = {"creator_id": creator, "media_id": work.media_id, "name": work.name, "learned_at": work.learned_at}
            rows.append({**row, "digest": digest, "document": body})
        if rows:
            connection.execute(table.insert(), rows)

    def _put_models(self, connection: Connection, creator: str, models: StyleModels, made_at: str) -> None:
        table = self._table("model_versions")
        mine = (table.c.creator_id == creator, table.c.name == MODELS)
        connection.execute(table.update().where(*mine).values(deployed=False))
        connection.execute(table.delete().where(*mine, table.c.version == models.number))
        digest, body = packed(models)
        row = {"creator_id": creator, "name": MODELS, "version": models.number, "made_at": made_at, "deployed": True}
        metrics = {"projects": models.projects, "shots": models.shots}
        connection.execute(table.insert(), {**row, "metrics": metrics, "digest": digest, "body": body})

    def _put_profile(self, connection: Connection, creator: str, version: int | None, profile: StyleProfile, made_at: str) -> None:
        """version : None for the next one, which is the one that counts from now on."""
        table = self._table("profiles")
        mine = table.c.creator_id == creator
        if version is None:
            connection.execute(table.update().where(mine).values(deployed=False))
            kept = [int(row.version) for row in connection.execute(table.select().where(mine))]
            number = max([BASE_VERSION, *kept]) + 1
        else:
            number = version
            connection.execute(table.delete().where(mine, table.c.version == number))
        digest, body = packed(profile)
        row = {"creator_id": creator, "version": number, "made_at": made_at, "deployed": version is None}
        connection.execute(table.insert(), {**row, "digest": digest, "document": body})

    def _prune(self, connection: Connection, creator: str) -> None:
        for name in ("profiles", "model_versions"):
            table = self._table(name)
            mine = table.c.creator_id == creator
            kept = sorted(int(row.version) for row in connection.execute(table.select().where(mine)) if row.version != BASE_VERSION)
            gone = [number for number in kept[:-KEPT_VERSIONS] if name != "profiles" or number != kept[0]]
            connection.execute(table.delete().where(mine, table.c.version.in_(gone), ~table.c.deployed))

    def forget(self, name: str) -> None:
        """Removes everything learned from a creator; that there are edits for them stays known."""
        self.load(name)
        with self._database.write() as connection:
            creator = self._id(connection, name)
            for table in (self._table(one) for one in ("works", "model_versions", "profiles")):
                connection.execute(table.delete().where(table.c.creator_id == creator))
            creators = self._table("creators")
            connection.execute(creators.update().where(creators.c.creator_id == creator).values(settings={}))


def _plain(name: str) -> str:
    """One for names that differ only in case. Raises `BadOption` for what cannot be a name."""
    plain = name.strip().casefold()
    if not plain or len(plain) > LONGEST_NAME or any(category(letter) in UNSEEN and letter not in JOINERS for letter in plain):
        raise BadOption("bad_creator", f"{name[:40]!r} cannot be a creator's name.", f"Use 1 to {LONGEST_NAME} letters.")
    return plain


def _json(path: Path) -> Any:
    try:
        if os.stat(path).st_size > MOST_PACKAGE_BYTES:  # noqa: PTH116 - the size before anything is read
            raise DocumentError("document_too_large", f"{path.name} is larger than any document of its kind.", "It is not opened.")
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError as cause:
        raise InputError("package_missing", f"{path} does not exist.", "Check the path.", path=str(path)) from cause
    except (OSError, UnicodeDecodeError) as cause:
        raise DocumentError("profile_unreadable", f"{path} cannot be read.", "Check the file.", path=str(path)) from cause
    return documents.loads(text)


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
    body = _json(path)
    if not isinstance(body, dict) or body.get("schema") != PACKAGE:
        raise DocumentError("document_unknown", f"{path.name} is no exported style.", "Give what `style export` wrote.", path=str(path))
    if str(body.get("version", "")).partition(".")[0] != PACKAGE_VERSION.partition(".")[0]:
        raise DocumentError("document_newer", f"{path.name} was written by another Cutprint.", "Update Cutprint.", path=str(path))
    works = body.get("works")
    if not isinstance(works, list):
        raise DocumentError("document_invalid", f"{path.name} is not whole.", "Ask for it again.", path=str(path))
    models = None if body.get("models") is None else _checked(body["models"], StyleModels, path.name)
    kept = tuple(_checked(work, FinishedWork, path.name) for work in works)
    if len({work.media_id for work in kept}) < len(kept):
        raise DocumentError("document_invalid", f"{path.name} holds one work twice.", "Ask for it again.", path=str(path))
    return Package(_checked(body.get("profile"), StyleProfile, path.name), models, kept)
