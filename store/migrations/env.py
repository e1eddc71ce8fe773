"""Alembic's entry point: migrations run on the connection that `store.migrate` opened."""

from typing import Any

from alembic import context

from store.migrate import METADATA


def _is_ours(name: str | None, kind: str, _parents: Any) -> bool:
    """Leave the parts of a partitioned table out of comparisons: they come and go."""
    return kind != "table" or not (name or "").startswith("attempts_")


context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=METADATA,
    include_name=_is_ours,
    render_as_batch=True,
    transactional_ddl=False,
)
context.run_migrations()
