"""Alembic's entry point: migrations run on the connection that `store.migrate` opened."""

from alembic import context

from store.migrate import METADATA

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=METADATA,
    render_as_batch=True,
    transactional_ddl=False,
)
context.run_migrations()
