"""What is known about creators, projects with their frozen revisions, and media: identities, never the files themselves."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from engine.errors import RefusedError
from engine.model import documents
from engine.model.media import Media
from engine.model.session import Project, Revision
from engine.model.timeline import Timeline
from engine.store.bodies import packed, unpacked

if TYPE_CHECKING:
    from sqlalchemy import Table
    from sqlalchemy.engine import Connection

    from engine.store.database import Database

__all__ = ["Creator", "Library"]


@dataclass(frozen=True)
class Creator:
    """Somebody whose style is learned. `usual_minutes`: what one edit by hand takes them; None while not asked."""

    creator_id: str
    name: str
    created_at: str
    usual_minutes: float | None = None


class Library:
    """Tables creators, projects, revisions, media and media_places."""

    def __init__(self, database: Database) -> None:
        self._database = database

    @staticmethod
    def _table(name: str) -> Table:
        from engine.store.tables import METADATA

        return METADATA.tables[name]

    def creators(self) -> list[Creator]:
        """All of them, by id."""
        table = self._table("creators")
        with self._database.read() as connection:
            rows = connection.execute(table.select().order_by(table.c.creator_id)).mappings()
            return [Creator(row["creator_id"], row["name"], row["created_at"], row["usual_minutes"]) for row in rows]

    def creator(self, creator_id: str) -> Creator | None:
        """None where nobody of that id is known."""
        return next((one for one in self.creators() if one.creator_id == creator_id), None)

    def remember_creator(self, creator: Creator) -> None:
        """Adds a creator, or replaces what is known of one."""
        with self._database.write() as connection:
            self._put_creator(connection, creator)

    def _put_creator(self, connection: Connection, creator: Creator) -> None:
        table = self._table("creators")
        values = {"name": creator.name, "usual_minutes": creator.usual_minutes}
        where = table.c.creator_id == creator.creator_id
        if connection.execute(table.update().where(where).values(values)).rowcount == 0:
            row: dict[str, Any] = {"creator_id": creator.creator_id, "created_at": creator.created_at, "settings": {}, **values}
            connection.execute(table.insert(), row)

    def first_profiles(self) -> dict[str, str]:
        """Creator -> when their first profile was made."""
        from sqlalchemy import func, select

        table = self._table("profiles")
        with self._database.read() as connection:
            first = select(table.c.creator_id, func.min(table.c.made_at)).where(table.c.version > 0).group_by(table.c.creator_id)
            rows = connection.execute(first)
            return {str(name): str(made_at) for name, made_at in rows}

    def remember_project(self, project: Project) -> None:
        """Adds a project, or notes where it lies now. Its creator becomes known too."""
        table = self._table("projects")
        values = {"folder": project.folder, "name": project.name, "creator_id": project.creator_id}
        with self._database.write() as connection:
            self._ensure_creator(connection, project.creator_id, project.created_at)
            where = table.c.project_id == project.project_id
            if connection.execute(table.update().where(where).values(values)).rowcount == 0:
                connection.execute(table.insert(), {"project_id": project.project_id, "created_at": project.created_at, **values})

    def _ensure_creator(self, connection: Connection, creator_id: str | None, now: str) -> None:
        table = self._table("creators")
        if creator_id and connection.execute(table.select().where(table.c.creator_id == creator_id)).first() is None:
            self._put_creator(connection, Creator(creator_id, creator_id, now))

    def projects(self, creator_id: str | None = None) -> list[Project]:
        """The newest first."""
        table = self._table("projects")
        statement = table.select().order_by(table.c.created_at.desc(), table.c.project_id)
        if creator_id is not None:
            statement = statement.where(table.c.creator_id == creator_id)
        with self._database.read() as connection:
            rows = connection.execute(statement).mappings()
            return [Project(row["project_id"], row["folder"], row["created_at"], row["creator_id"], row["name"]) for row in rows]

    def project(self, project_id: str) -> Project | None:
        """None where no such project is known."""
        return next((one for one in self.projects() if one.project_id == project_id), None)

    def add_revision(self, project_id: str, revision: Revision) -> None:
        """Keeps a revision for good. The same once more changes nothing; another one under its number raises `RefusedError`."""
        digest, body = packed(revision.timeline)
        table = self._table("revisions")
        with self._database.write() as connection:
            where = (table.c.project_id == project_id, table.c.number == revision.number)
            earlier = connection.execute(table.select().where(*where)).mappings().first()
            if earlier is not None:
                _refuse_other(earlier["digest"] == digest, project_id, revision.number)
                return
            row = {"project_id": project_id, "number": revision.number, "parent": revision.parent, "made_by": revision.made_by}
            row |= {"made_at": revision.made_at, "note": revision.note, "digest": digest, "document": body}
            connection.execute(table.insert(), row)

    def revisions(self, project_id: str) -> list[Revision]:
        """All of a project, by number. Raises `DocumentError` where one is damaged."""
        table = self._table("revisions")
        with self._database.read() as connection:
            rows = connection.execute(table.select().where(table.c.project_id == project_id).order_by(table.c.number)).mappings().all()
        return [_revision(row) for row in rows]

    def forget_project(self, project_id: str) -> bool:
        """A project and its revisions leave the database; its folder stays. Returns whether it was known."""
        table = self._table("projects")
        with self._database.write() as connection:
            return connection.execute(table.delete().where(table.c.project_id == project_id)).rowcount == 1

    def remember_media(self, rows: Sequence[Media], now: str) -> None:
        """Notes which content lies where."""
        with self._database.write() as connection:
            for row in rows:
                self._put_media(connection, row, now)

    def _put_media(self, connection: Connection, row: Media, now: str) -> None:
        table, places = self._table("media"), self._table("media_places")
        if connection.execute(table.select().where(table.c.media_id == row.media_id)).first() is None:
            facts = documents.encode(row)
            values = {"media_id": row.media_id, "name": row.name, "size_bytes": row.size_bytes, "first_seen_at": now, "facts": facts}
            connection.execute(table.insert(), values)
        here = {"media_id": row.media_id, "seen_at": now}
        if connection.execute(places.update().where(places.c.path == row.path).values(here)).rowcount == 0:
            connection.execute(places.insert(), {"path": row.path, **here})

    def media(self, media_id: str) -> Media | None:
        """What is known of that content, at the place where it was seen last."""
        table, places = self._table("media"), self._table("media_places")
        with self._database.read() as connection:
            row = connection.execute(table.select().where(table.c.media_id == media_id)).mappings().first()
            where = places.select().where(places.c.media_id == media_id).order_by(places.c.seen_at.desc(), places.c.path)
            found = [str(one["path"]) for one in connection.execute(where).mappings()]
        if row is None:
            return None
        here = next((path for path in found if Path(path).is_file()), found[0] if found else row["facts"]["path"])
        media = documents.decode({**row["facts"], "path": here})
        assert isinstance(media, Media)
        return media


def _refuse_other(same: bool, project_id: str, number: int) -> None:
    if not same:
        message = f"Revision {number} of project {project_id} is kept already, with other content."
        raise RefusedError("revision_exists", message, "Make a new revision instead.")


def _revision(row: Any) -> Revision:
    timeline = unpacked(Timeline, row["digest"], row["document"], f"Revision {row['number']}")
    return Revision(row["number"], row["parent"], row["made_by"], row["made_at"], timeline, row["note"])
