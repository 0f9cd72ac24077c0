"""What is learned: touches, the values derived from them, and whose are to be worked out again."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("record", sa.Column("unlearned", sa.Boolean, nullable=False, server_default=sa.true()))
    waiting = sa.text("unlearned")
    op.create_index("record_unlearned", "record", ["kind", "n"], sqlite_where=waiting, postgresql_where=waiting)
    op.create_table(
        "touch",
        sa.Column("who", sa.Text, primary_key=True),
        sa.Column("key", sa.Text, primary_key=True),
        sa.Column("at_ms", sa.BigInteger, nullable=False),
        *(
            sa.Column(name, sa.Text, nullable=False)
            for name in ("sort", "actor", "title", "url", "source", "campaign", "outcome")
        ),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "derived",
        sa.Column("entity", sa.Text, primary_key=True),
        sa.Column("field", sa.Text, primary_key=True),
        sa.Column("at_ms", sa.BigInteger, nullable=False),
        sa.Column("value", sa.Text, nullable=False),
        sa.Column("why", sa.Text, nullable=False),
        sqlite_with_rowid=False,
    )
