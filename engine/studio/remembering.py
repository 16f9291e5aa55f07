"""What the database is told about an edit: its project, the frozen revision, and where its media lie."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import TYPE_CHECKING

from engine.errors import CutprintError
from engine.model.session import Project, Revision

if TYPE_CHECKING:
    from engine.model.timeline import Timeline
    from engine.studio.context import Studio

__all__ = ["remember_revision"]

_LOG = logging.getLogger(__name__)


def remember_revision(studio: Studio, folder: Path, timeline: Timeline, note: str = "") -> bool:
    """Keeps a project and its new revision, and where its media lie; a database that cannot be used stops nobody."""
    name = str(timeline.extra.get("name", folder.name))
    project = Project(timeline.project_id, str(folder.absolute()), timeline.created_at, timeline.creator_id, name)
    revision = Revision(timeline.revision, timeline.parent, studio.door, studio.now(), timeline, note)
    try:
        studio.store.library.remember_project(project)
        studio.store.library.add_revision(timeline.project_id, revision)
        studio.store.library.remember_media(timeline.media, studio.now())
    except CutprintError as error:
        _LOG.warning("revision %d of %s is not in the database: %s", timeline.revision, folder, error.message)
        return False
    return True
