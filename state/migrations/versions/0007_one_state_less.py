"""Operations are never held: what is stopped stays planned, and what keeps it is a question to a person."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

STATES = "state IN ('planned', 'sent', 'done', 'parked')"
IN_HAND = sa.text("state IN ('planned', 'sent')")
NEW = "operation_0007"


def upgrade() -> None:
    op.execute("UPDATE operation SET state = 'planned' WHERE state = 'held'")
    if op.get_bind().dialect.name == "sqlite":
        _made_anew()
    else:
        op.drop_constraint("operation_state", "operation")
        op.create_check_constraint("operation_state", "operation", STATES)
        op.drop_index("operation_slot", "operation")
    op.create_index(
        "operation_slot",
        "operation",
        ["entity", "system"],
        unique=True,
        sqlite_where=IN_HAND,
        postgresql_where=IN_HAND,
    )


def _made_anew() -> None:
    """SQLite changes no constraint of a table that is there.  No number is given twice."""
    columns = [
        sa.Column("n", sa.Integer, primary_key=True),
        *_texts("entity", "kind", "system", "object", "id?", "verb", "state"),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("not_before_ms", sa.BigInteger, nullable=False),
        *_texts("run", "key?", "note?", "fields", "native", "agreed", "basis"),
        sa.Column("urgent", sa.Boolean, nullable=False, server_default=sa.false()),
    ]
    names = ", ".join(column.name for column in columns)
    op.create_table(
        NEW,
        *columns,
        sa.CheckConstraint(STATES, name="operation_state"),
        sa.CheckConstraint("verb IN ('create', 'update', 'archive')", name="operation_verb"),
        sqlite_autoincrement=True,
    )
    op.execute(f"INSERT INTO {NEW} ({names}) SELECT {names} FROM operation")  # noqa: S608
    op.execute(f"DELETE FROM sqlite_sequence WHERE name = '{NEW}'")  # noqa: S608
    op.execute(f"INSERT INTO sqlite_sequence SELECT '{NEW}', seq FROM sqlite_sequence WHERE name = 'operation'")  # noqa: S608
    op.drop_table("operation")
    op.rename_table(NEW, "operation")
    for name, wanted, where in (
        ("operation_open", ["state", "system", "n"], "state <> 'done'"),
        ("operation_urgent", ["system", "n"], "urgent AND state = 'planned'"),
        ("operation_entity", ["entity", "system"], ""),
        ("operation_run", ["run"], ""),
    ):
        op.create_index(name, "operation", wanted, sqlite_where=sa.text(where) if where else None)


def _texts(*names: str) -> list[sa.Column[Any]]:
    """Columns of text; a name that ends in `?` may be null."""
    return [sa.Column(name.rstrip("?"), sa.Text, nullable=name.endswith("?")) for name in names]
