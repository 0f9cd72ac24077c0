"""Each way by which a colleague is told something has a mark of its own."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "telling",
        sa.Column("alert", sa.Text, primary_key=True),
        sa.Column("way", sa.Text, primary_key=True),
        sa.Column("message", sa.Text, nullable=False),
        sa.Column("due_ms", sa.BigInteger, nullable=False),
        sa.Column("digest", sa.Boolean, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("not_before_ms", sa.BigInteger, nullable=False),
        sa.Column("at_ms", sa.BigInteger, nullable=True),
        sa.Column("note", sa.Text, nullable=False),
        sqlite_with_rowid=False,
    )
    open_ = sa.text("state IN ('waiting', 'telling')")
    op.create_index("telling_open", "telling", ["state"], sqlite_where=open_, postgresql_where=open_)
    op.create_index("telling_message", "telling", ["message"])
    # Of what an older version was telling when it ended nobody knows whether it arrived.
    op.execute("UPDATE alert SET state = 'unsure' WHERE state = 'telling'")
