"""The thirteen tables.

Values are JSON in text columns, on both engines: no query looks inside them, and text is what both are fastest at.
Times are integer milliseconds.  Small columns come first and documents last, so that a scan of the former does not
read the latter.  A link is not a table: it is `record.entity`.

A change here needs a migration (`state/migrations`); a test compares the two.
"""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    ForeignKey,
    Identity,
    Index,
    Integer,
    MetaData,
    Table,
    Text,
    UniqueConstraint,
    false,
    text,
    true,
)
from sqlalchemy.types import TypeEngine

from state.rows import OPERATION_STATES, RECORD_STATES

REVISION = "0007"
"""The newest migration."""

VERSION_TABLE = "smarketing_version"
"""Where the migrations note how far they came; its presence says that a database is ours."""

metadata = MetaData()


def _ms(name: str, *, optional: bool = False) -> Column[int]:
    return Column(name, BigInteger, nullable=optional)


def _number() -> Column[int]:
    number: TypeEngine[int] = BigInteger().with_variant(Integer, "sqlite")
    return Column("n", number, Identity(), primary_key=True)


def _text(name: str, *, optional: bool = False) -> Column[str]:
    return Column(name, Text, nullable=optional)


record = Table(
    "record",
    metadata,
    _number(),
    _text("system"),
    _text("object"),
    _text("id"),
    _text("kind"),
    _text("entity", optional=True),
    _text("state"),
    _ms("version_ms"),
    _ms("seen_ms"),
    _ms("created_ms", optional=True),
    Column("dirty", Boolean, nullable=False),
    _text("run", optional=True),
    _text("fate"),
    _text("moved_to", optional=True),
    _text("spans"),
    _text("why", optional=True),
    _text("now"),
    _text("shadow", optional=True),
    Column("unlearned", Boolean, nullable=False, server_default=true()),
    # The id comes first: the other two choose little, and a database without statistics would start with them.
    UniqueConstraint("id", "object", "system", name="record_ref"),
    CheckConstraint(f"state IN ({', '.join(repr(state) for state in RECORD_STATES)})", name="record_state"),
)
_SLOT = text("state = 'live' AND entity IS NOT NULL")
Index("record_slot", record.c.entity, record.c.system, unique=True, sqlite_where=_SLOT, postgresql_where=_SLOT)
Index("record_dirty", record.c.kind, record.c.n, sqlite_where=text("dirty"), postgresql_where=text("dirty"))
_LINKED = text("entity IS NOT NULL")
Index("record_entity", record.c.entity, sqlite_where=_LINKED, postgresql_where=_LINKED)
Index("record_run", record.c.run)
_UNLEARNED = text("unlearned")
Index("record_unlearned", record.c.kind, record.c.n, sqlite_where=_UNLEARNED, postgresql_where=_UNLEARNED)

match_key = Table(
    "match_key",
    metadata,
    Column("key", Text, primary_key=True),
    Column("kind", Text, primary_key=True),
    Column("record", BigInteger, ForeignKey("record.n", ondelete="CASCADE"), primary_key=True, autoincrement=False),
    sqlite_with_rowid=False,
)
Index("match_key_record", match_key.c.record)

operation = Table(
    "operation",
    metadata,
    _number(),
    _text("entity"),
    _text("kind"),
    _text("system"),
    _text("object"),
    _text("id", optional=True),
    _text("verb"),
    _text("state"),
    Column("attempts", Integer, nullable=False),
    _ms("not_before_ms"),
    _text("run"),
    _text("key", optional=True),
    _text("note", optional=True),
    _text("fields"),
    _text("native"),
    _text("agreed"),
    _text("basis"),
    Column("urgent", Boolean, nullable=False, server_default=false()),
    CheckConstraint(f"state IN ({', '.join(repr(state) for state in OPERATION_STATES)})", name="operation_state"),
    CheckConstraint("verb IN ('create', 'update', 'archive')", name="operation_verb"),
    sqlite_autoincrement=True,
)
_IN_HAND = text("state IN ('planned', 'sent')")
Index(
    "operation_slot",
    operation.c.entity,
    operation.c.system,
    unique=True,
    sqlite_where=_IN_HAND,
    postgresql_where=_IN_HAND,
)
_OPEN = text("state <> 'done'")
Index(
    "operation_open",
    operation.c.state,
    operation.c.system,
    operation.c.n,
    sqlite_where=_OPEN,
    postgresql_where=_OPEN,
)
_URGENT = text("urgent AND state = 'planned'")
Index("operation_urgent", operation.c.system, operation.c.n, sqlite_where=_URGENT, postgresql_where=_URGENT)
Index("operation_entity", operation.c.entity, operation.c.system)
Index("operation_run", operation.c.run)

cursor = Table(
    "cursor",
    metadata,
    Column("system", Text, primary_key=True),
    Column("object", Text, primary_key=True),
    _ms("watermark_ms", optional=True),
    _text("resume", optional=True),
    _text("mapping"),
)

journal = Table(
    "journal",
    metadata,
    _number(),
    _ms("at_ms"),
    _text("run"),
    _text("entity"),
    _text("system"),
    _text("field"),
    _text("was"),
    _text("became"),
    _text("reason"),
    Column("operation", BigInteger, nullable=True),
)
Index("journal_field", journal.c.entity, journal.c.field)
Index("journal_run", journal.c.run)

review = Table(
    "review",
    metadata,
    _number(),
    _text("question"),
    _text("fingerprint"),
    _ms("opened_ms"),
    _text("entity", optional=True),
    _text("system", optional=True),
    _text("object", optional=True),
    _text("id", optional=True),
    _text("field", optional=True),
    _ms("closed_ms", optional=True),
    _text("answer", optional=True),
    _text("detail"),
)
_ASKED = text("closed_ms IS NULL")
Index("review_open", review.c.fingerprint, unique=True, sqlite_where=_ASKED, postgresql_where=_ASKED)
Index("review_entity", review.c.entity)

touch = Table(
    "touch",
    metadata,
    Column("who", Text, primary_key=True),
    Column("key", Text, primary_key=True),
    _ms("at_ms"),
    *(_text(name) for name in ("sort", "actor", "title", "url", "source", "campaign", "outcome")),
    sqlite_with_rowid=False,
)

derived = Table(
    "derived",
    metadata,
    Column("entity", Text, primary_key=True),
    Column("field", Text, primary_key=True),
    _ms("at_ms"),
    _text("value"),
    _text("why"),
    sqlite_with_rowid=False,
)

model = Table(
    "model",
    metadata,
    Column("name", Text, primary_key=True),
    _ms("made_ms"),
    _text("document"),
)

alert = Table(
    "alert",
    metadata,
    Column("key", Text, primary_key=True),
    _text("type"),
    _text("person"),
    _text("owner"),
    _text("state"),
    _ms("at_ms"),
    _ms("told_ms", optional=True),
    Column("rank", Integer, nullable=False),
    Column("hand_raise", Boolean, nullable=False),
    _text("note"),
    _text("title"),
    _text("body"),
)
Index("alert_person", alert.c.person)
_TO_BE_TOLD = text("state <> 'told'")
Index("alert_open", alert.c.state, sqlite_where=_TO_BE_TOLD, postgresql_where=_TO_BE_TOLD)
Index("alert_told", alert.c.told_ms)

telling = Table(
    "telling",
    metadata,
    Column("alert", Text, primary_key=True),
    Column("way", Text, primary_key=True),
    _text("message"),
    _ms("due_ms"),
    Column("digest", Boolean, nullable=False),
    _text("state"),
    Column("attempts", Integer, nullable=False),
    _ms("not_before_ms"),
    _ms("at_ms", optional=True),
    _text("note"),
    sqlite_with_rowid=False,
)
_OPEN_WAY = text("state IN ('waiting', 'telling')")
Index("telling_open", telling.c.state, sqlite_where=_OPEN_WAY, postgresql_where=_OPEN_WAY)
Index("telling_message", telling.c.message)

run = Table(
    "run",
    metadata,
    Column("id", Text, primary_key=True),
    _text("job"),
    _ms("started_ms"),
    _ms("ended_ms", optional=True),
    _text("outcome", optional=True),
    Column("muted", Boolean, nullable=False),
    _text("counts"),
)

lease = Table(
    "lease",
    metadata,
    Column("name", Text, primary_key=True),
    Column("token", BigInteger, nullable=False),
    _text("owner"),
    _ms("until_ms"),
)
