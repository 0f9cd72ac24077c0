"""The eight tables as they were first shipped.  Frozen: later shapes are later migrations."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def _number() -> sa.Column[int]:
    return sa.Column("n", sa.BigInteger().with_variant(sa.Integer, "sqlite"), sa.Identity(), primary_key=True)


def _columns(kind: type[sa.types.TypeEngine[Any]], names: str) -> list[sa.Column[Any]]:
    """Columns in order; a name that ends in `?` may be null."""
    return [sa.Column(name.rstrip("?"), kind, nullable=name.endswith("?")) for name in names.split()]


def _partial(name: str, table: str, columns: list[str], where: str, *, unique: bool = False) -> None:
    condition = sa.text(where)
    op.create_index(name, table, columns, unique=unique, sqlite_where=condition, postgresql_where=condition)


def upgrade() -> None:
    _records()
    _operations()
    _notes()


def _records() -> None:
    op.create_table(
        "record",
        _number(),
        *_columns(sa.Text, "system object id kind entity? state"),
        *_columns(sa.BigInteger, "version_ms seen_ms created_ms?"),
        *_columns(sa.Boolean, "dirty"),
        *_columns(sa.Text, "run? fate moved_to? spans why? now shadow?"),
        sa.UniqueConstraint("id", "object", "system", name="record_ref"),
        sa.CheckConstraint(
            "state IN ('live', 'deleted', 'moved', 'duplicate', 'ignored', 'shared', 'erased')", name="record_state"
        ),
    )
    _partial("record_slot", "record", ["entity", "system"], "state = 'live' AND entity IS NOT NULL", unique=True)
    _partial("record_dirty", "record", ["kind", "n"], "dirty")
    _partial("record_entity", "record", ["entity"], "entity IS NOT NULL")
    op.create_index("record_run", "record", ["run"])
    op.create_table(
        "match_key",
        sa.Column("key", sa.Text, primary_key=True),
        sa.Column("kind", sa.Text, primary_key=True),
        sa.Column(
            "record",
            sa.BigInteger,
            sa.ForeignKey("record.n", ondelete="CASCADE"),
            primary_key=True,
            autoincrement=False,
        ),
        sqlite_with_rowid=False,
    )
    op.create_index("match_key_record", "match_key", ["record"])


def _operations() -> None:
    op.create_table(
        "operation",
        _number(),
        *_columns(sa.Text, "entity kind system object id? verb state"),
        *_columns(sa.Integer, "attempts"),
        *_columns(sa.BigInteger, "not_before_ms"),
        *_columns(sa.Text, "run key? note? fields native agreed basis"),
        sa.CheckConstraint("state IN ('planned', 'held', 'sent', 'done', 'parked')", name="operation_state"),
        sa.CheckConstraint("verb IN ('create', 'update', 'archive')", name="operation_verb"),
        sqlite_autoincrement=True,
    )
    in_hand = "state IN ('planned', 'held', 'sent')"
    _partial("operation_slot", "operation", ["entity", "system"], in_hand, unique=True)
    _partial("operation_open", "operation", ["state", "system", "n"], "state <> 'done'")
    op.create_index("operation_entity", "operation", ["entity", "system"])
    op.create_index("operation_run", "operation", ["run"])


def _notes() -> None:
    op.create_table(
        "cursor",
        sa.Column("system", sa.Text, primary_key=True),
        sa.Column("object", sa.Text, primary_key=True),
        *_columns(sa.BigInteger, "watermark_ms?"),
        *_columns(sa.Text, "resume? mapping"),
    )
    op.create_table(
        "journal",
        _number(),
        *_columns(sa.BigInteger, "at_ms"),
        *_columns(sa.Text, "run entity system field was became reason"),
        *_columns(sa.BigInteger, "operation?"),
    )
    op.create_index("journal_field", "journal", ["entity", "field"])
    op.create_index("journal_run", "journal", ["run"])
    op.create_table(
        "review",
        _number(),
        *_columns(sa.Text, "question fingerprint"),
        *_columns(sa.BigInteger, "opened_ms"),
        *_columns(sa.Text, "entity? system? object? id? field?"),
        *_columns(sa.BigInteger, "closed_ms?"),
        *_columns(sa.Text, "answer? detail"),
    )
    _partial("review_open", "review", ["fingerprint"], "closed_ms IS NULL", unique=True)
    op.create_index("review_entity", "review", ["entity"])
    op.create_table(
        "run",
        sa.Column("id", sa.Text, primary_key=True),
        *_columns(sa.Text, "job"),
        *_columns(sa.BigInteger, "started_ms ended_ms?"),
        *_columns(sa.Text, "outcome?"),
        *_columns(sa.Boolean, "muted"),
        *_columns(sa.Text, "counts"),
    )
    op.create_table(
        "lease",
        sa.Column("name", sa.Text, primary_key=True),
        *_columns(sa.BigInteger, "token"),
        *_columns(sa.Text, "owner"),
        *_columns(sa.BigInteger, "until_ms"),
    )
