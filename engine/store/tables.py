"""The tables of the database, as SQLAlchemy Core. `migrations` makes them; a test compares the two."""

from __future__ import annotations

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    Float,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
)

__all__ = ["METADATA"]

METADATA = MetaData(
    naming_convention={
        "ix": "ix_%(column_0_label)s",
        "uq": "uq_%(table_name)s_%(column_0_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "pk": "pk_%(table_name)s",
    }
)

ID = String(64)
TIME = String(32)
"""ISO 8601 in UTC, as documents write it: sorts by time."""

creators = Table(
    "creators",
    METADATA,
    Column("creator_id", String(200), primary_key=True),
    Column("name", Text, nullable=False),
    Column("created_at", TIME, nullable=False),
    Column("usual_minutes", Float),  # what one manual edit takes this creator; None: not asked yet
    Column("settings", JSON, nullable=False),
)

projects = Table(
    "projects",
    METADATA,
    Column("project_id", ID, primary_key=True),
    Column("folder", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("creator_id", String(200), ForeignKey("creators.creator_id")),
    Column("created_at", TIME, nullable=False),
)

revisions = Table(
    "revisions",
    METADATA,
    Column("project_id", ID, ForeignKey("projects.project_id", ondelete="CASCADE"), primary_key=True),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("parent", Integer),
    Column("made_by", String(64), nullable=False),
    Column("made_at", TIME, nullable=False),
    Column("note", Text, nullable=False),
    Column("digest", String(64), nullable=False),
    Column("document", LargeBinary, nullable=False),  # the timeline's JSON, zlib
)

events = Table(
    "events",
    METADATA,
    Column("number", BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=True),
    Column("timestamp", TIME, nullable=False),
    Column("action", String(64), nullable=False),
    Column("project_id", ID, nullable=False),
    Column("revision", Integer, nullable=False),
    Column("creator_id", String(200)),
    Column("door", String(32), nullable=False),
    Column("body", JSON, nullable=False),
    Index("ix_events_project", "project_id", "number"),
    Index("ix_events_creator", "creator_id", "timestamp"),
)

profiles = Table(
    "profiles",
    METADATA,
    Column("creator_id", String(200), ForeignKey("creators.creator_id", ondelete="CASCADE"), primary_key=True),
    Column("version", Integer, primary_key=True, autoincrement=False),  # 0: an imported one that own works are shrunk towards
    Column("made_at", TIME, nullable=False),
    Column("deployed", Boolean, nullable=False),
    Column("digest", String(64), nullable=False),
    Column("document", LargeBinary, nullable=False),  # the StyleProfile's JSON, zlib
)

model_versions = Table(
    "model_versions",
    METADATA,
    Column("creator_id", String(200), ForeignKey("creators.creator_id", ondelete="CASCADE"), primary_key=True),
    Column("name", String(64), primary_key=True),  # style: all that is learned for one creator together
    Column("version", Integer, primary_key=True, autoincrement=False),
    Column("made_at", TIME, nullable=False),
    Column("deployed", Boolean, nullable=False),
    Column("metrics", JSON, nullable=False),
    Column("digest", String(64), nullable=False),
    Column("body", LargeBinary, nullable=False),  # the StyleModels' JSON, zlib; trees are xgboost's own JSON, never a pickle
)

works = Table(
    "works",
    METADATA,
    Column("creator_id", String(200), ForeignKey("creators.creator_id", ondelete="CASCADE"), primary_key=True),
    Column("media_id", String(200), primary_key=True),
    Column("name", Text, nullable=False),
    Column("learned_at", TIME, nullable=False),
    Column("digest", String(64), nullable=False),
    Column("document", LargeBinary, nullable=False),  # the FinishedWork's JSON, zlib
)

media = Table(
    "media",
    METADATA,
    Column("media_id", ID, primary_key=True),
    Column("name", Text, nullable=False),
    Column("size_bytes", BigInteger, nullable=False),
    Column("first_seen_at", TIME, nullable=False),
    Column("facts", JSON, nullable=False),  # the Media row as documents write it
)

media_places = Table(
    "media_places",
    METADATA,
    Column("path", Text, primary_key=True),
    Column("media_id", ID, ForeignKey("media.media_id", ondelete="CASCADE"), nullable=False, index=True),
    Column("seen_at", TIME, nullable=False),
)

jobs = Table(
    "jobs",
    METADATA,
    Column("job_id", ID, primary_key=True),
    Column("use_case", String(64), nullable=False),
    Column("request", JSON, nullable=False),
    Column("door", String(32), nullable=False),
    Column("status", String(16), nullable=False),  # queued, running, done, failed, cancelled
    Column("priority", Integer, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("stage", Text, nullable=False),
    Column("fraction", Float),
    Column("remaining_s", Float),
    Column("changes", Integer, nullable=False),  # counts every change of the row: what streams wait for
    Column("created_at", TIME, nullable=False),
    Column("started_at", TIME),
    Column("finished_at", TIME),
    Column("result", JSON),
    Column("error", JSON),
    Column("idempotency_key", String(200), unique=True),
    Column("request_digest", String(64), nullable=False),
    Column("cancel_asked", Boolean, nullable=False),
    Column("owner", String(128)),  # the bridge that runs it
    Column("beat", BigInteger, nullable=False),  # raised by its owner while alive: no clock is compared
    Index("ix_jobs_status", "status", "priority", "created_at"),
)

roots = Table(
    "roots",
    METADATA,
    Column("path", Text, primary_key=True),
    Column("added_at", TIME, nullable=False),
)

watched = Table(
    "watched",
    METADATA,
    Column("path", Text, primary_key=True),
    Column("added_at", TIME, nullable=False),
    Column("settings", JSON, nullable=False),
)

watch_marks = Table(
    "watch_marks",
    METADATA,
    Column("path", Text, primary_key=True),  # a shoot's folder, or a returned file
    Column("signature", String(64), nullable=False),  # of what was in it when it was handled
    Column("status", String(16), nullable=False),
    Column("job_id", ID),
    Column("handled_at", TIME, nullable=False),
    Column("details", JSON, nullable=False),
)

outbox = Table(
    "outbox",
    METADATA,
    Column("command_id", ID, primary_key=True),
    Column("number", BigInteger, nullable=False, unique=True),
    Column("agent", String(64), nullable=False),  # resolve, premiere, ...
    Column("kind", String(64), nullable=False),
    Column("payload", JSON, nullable=False),
    Column("status", String(16), nullable=False),  # waiting, claimed, done, failed, expired
    Column("created_at", Float, nullable=False),
    Column("claimed_at", Float),
    Column("claimed_by", String(128)),
    Column("result", JSON),
    Index("ix_outbox_agent", "agent", "status", "number"),
)

uploads = Table(
    "uploads",
    METADATA,
    Column("upload_id", ID, primary_key=True),
    Column("name", Text, nullable=False),
    Column("size_bytes", BigInteger, nullable=False),
    Column("digest", String(64)),  # SHA-256 promised by the sender, checked at the end
    Column("status", String(16), nullable=False),  # open, done
    Column("path", Text, nullable=False),
    Column("created_at", TIME, nullable=False),
)

answers = Table(
    "answers",
    METADATA,
    Column("key", String(200), primary_key=True),
    Column("request_digest", String(64), nullable=False),
    Column("status", Integer, nullable=False),
    Column("body", JSON, nullable=False),
    Column("answered_at", TIME, nullable=False),
)
