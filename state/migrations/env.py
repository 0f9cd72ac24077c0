"""Runs the migrations inside the transaction that `state.opening` began: all of them happen, or none."""

from __future__ import annotations

from alembic import context

from state.schema import VERSION_TABLE, metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    version_table=VERSION_TABLE,
    transactional_ddl=False,
)
context.run_migrations()
