"""What Alembic runs: all pending migrations in one transaction on the connection it was handed."""

from __future__ import annotations

from alembic import context

from mistserver.store.tables import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    transactional_ddl=True,
    render_as_batch=True,
)
with context.begin_transaction():
    context.run_migrations()
