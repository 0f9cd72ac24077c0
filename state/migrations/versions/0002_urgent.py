"""Operations that go before all others."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("operation", sa.Column("urgent", sa.Boolean, nullable=False, server_default=sa.false()))
    waiting = sa.text("urgent AND state = 'planned'")
    op.create_index("operation_urgent", "operation", ["system", "n"], sqlite_where=waiting, postgresql_where=waiting)
