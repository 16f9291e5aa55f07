"""Finished works that styles were learned from, beside the profiles and models made of them."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "works",
        sa.Column("creator_id", sa.String(length=200), nullable=False),
        sa.Column("media_id", sa.String(length=200), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("learned_at", sa.String(length=32), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("document", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["creator_id"], ["creators.creator_id"], name=op.f("fk_works_creator_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("creator_id", "media_id", name=op.f("pk_works")),
    )
