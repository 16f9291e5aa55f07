"""Run by Alembic on the connection that `engine.store.database` hands it, inside that connection's transaction."""

from __future__ import annotations

from alembic import context

from engine.store.tables import METADATA

context.configure(connection=context.config.attributes["connection"], target_metadata=METADATA, transactional_ddl=True)
context.run_migrations()
