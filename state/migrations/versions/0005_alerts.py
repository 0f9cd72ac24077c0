"""What colleagues were told about whom, and what they are still to be told."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "alert",
        sa.Column("key", sa.Text, primary_key=True),
        *(sa.Column(name, sa.Text, nullable=False) for name in ("type", "person", "owner", "state")),
        sa.Column("at_ms", sa.BigInteger, nullable=False),
        sa.Column("told_ms", sa.BigInteger, nullable=True),
        sa.Column("rank", sa.Integer, nullable=False),
        sa.Column("hand_raise", sa.Boolean, nullable=False),
        *(sa.Column(name, sa.Text, nullable=False) for name in ("note", "title", "body")),
    )
    open_ = sa.text("state <> 'told'")
    op.create_index("alert_person", "alert", ["person"])
    op.create_index("alert_open", "alert", ["state"], sqlite_where=open_, postgresql_where=open_)
    op.create_index("alert_told", "alert", ["told_ms"])
