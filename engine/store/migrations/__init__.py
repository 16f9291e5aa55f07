"""How the database came to its present tables (Alembic). `HEAD_REVISION` is the newest step."""

from __future__ import annotations

__all__ = ["HEAD_REVISION", "REVISIONS"]

REVISIONS = ("0001", "0002")
"""Every step, oldest first. A database at another revision was written by a newer Cutprint."""

HEAD_REVISION = REVISIONS[-1]
