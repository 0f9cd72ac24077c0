"""Hand-offs that nobody carries on: without an owner, owned by a queue or by somebody who left, or never tried."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from insight.reports.document import Cell, Document, Period, Row, text
from insight.reports.facts import Person
from insight.sla.clock import BREACHED
from insight.sla.handoffs import CUSTOMER, Owed

DAY = 86_400_000
ACTIVE = "active"
NO_OWNER, QUEUE, LEFT, UNTOUCHED = "no owner", "owned by a queue", "owner has left", "no touch in the agreed time"
KINDS = (NO_OWNER, QUEUE, LEFT, UNTOUCHED)
COLUMNS = ("dropped", "owner", "lead_type", "handed_over", "days", "person")


def dropped(period: Period, owed: Sequence[Owed], now: int) -> Document:
    """The hand-offs of the period that were dropped, the oldest first, each with how.  now: ms."""
    latest = {each.person.entity: each for each in owed}
    found = [(kind, each) for each in latest.values() if period.holds(each.day) and (kind := how(each))]
    found.sort(key=lambda one: (KINDS.index(one[0]), one[1].day, one[1].person.entity))
    rows = tuple(_row(kind, each, now) for kind, each in found)
    notes = (
        "Of each person the latest hand-off, as long as they are active and no customer.",
        "An owner who left or is a queue is nobody's, whoever called before; the agreed time is that of [sla].",
    )
    return Document("dropped", period, COLUMNS, rows, notes)


def how(each: Owed) -> str:
    """How a hand-off was dropped; empty: it was not."""
    person = each.person
    if person.status != ACTIVE or any(step.stage == CUSTOMER for step in person.way):
        return ""
    return next(_kinds(person, each), "")


def _kinds(person: Person, each: Owed) -> Iterator[str]:
    if not person.owner and not person.owner_is:
        yield NO_OWNER
    if person.owner_is in (QUEUE, LEFT):
        yield person.owner_is
    if each.verdict.state == BREACHED:
        yield UNTOUCHED


def _row(kind: str, each: Owed, now: int) -> Row:
    records = (each.person.entity,)
    since = max(0, now - each.handoff.seen) // DAY
    cells = (
        Cell(kind, records),
        text(each.person.owner),
        text(each.handoff.lead_type),
        Cell(each.day.isoformat()),
        Cell(since),
        Cell(each.person.entity),
    )
    return dict(zip(COLUMNS, cells, strict=True))
