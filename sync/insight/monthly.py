"""The month that is over: its review, kept as it was first asked for and told on the first working day of the next; and
the rates that drift."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import TYPE_CHECKING

from insight.alerts import RATES, REVIEW, Alert, notice
from insight.reports.cycles import alarms
from insight.reports.document import Document, Period, shown
from insight.reports.facts import day_of
from state.rows import LIVE, Lease
from state.store import Store
from sync.insight.known import Known
from sync.insight.reports import TWO_MODELS, documents

if TYPE_CHECKING:
    from sync.engine import Engine

NAME = "review"
"""The report that is kept as it was."""
MARK = "monthly"
"""The document that holds the month that was told last."""


def monthly(engine: Engine) -> list[Alert]:
    """On the first working day of a month, or the first run after it: what the month before brought, and which rates
    have been outside for two quarters running.  Nothing in the first month that is seen."""
    telling, now = engine.telling, engine.now()
    if telling is None or {RATES, REVIEW}.isdisjoint(telling.settings.types):
        return []
    today = day_of(now)
    this, last = f"{today:%Y-%m}", (engine.store.model(MARK) or {}).get("month")
    calendar = telling.agreed.agreement.calendar_of("")
    begun = any(calendar.works_on(today.replace(day=day)) for day in range(1, today.day + 1))
    if this == last or (last is not None and not begun):
        return []
    engine.store.keep_model(engine.lease, MARK, now, {"month": this})
    return _told(engine, telling.known(engine.mappings(), engine.store, now)) if last is not None else []


def _told(engine: Engine, known: Known) -> list[Alert]:
    month = last_month(known.now)
    review, *_ = frozen(engine.store, known, month, engine.lease, lambda _: "`smarketing report review` shows all.")
    title = f"The review of {month.first:%B %Y} is ready"
    found = [notice(REVIEW, str(month.first), "", engine.now(), title, _text(review))]
    for alarm in alarms(known.facts, known.today):
        told = f"{alarm}: talk about what a lead is. `smarketing report drift` shows the quarters."
        found.append(notice(RATES, alarm, "", engine.now(), f"A rate drifts: {alarm}", told))
    return found


def last_month(now: int) -> Period:
    """The last whole month, UTC.  now: ms."""
    last = day_of(now).replace(day=1) - timedelta(days=1)
    return Period(last.replace(day=1), last)


def frozen(store: Store, known: Known, period: Period, lease: Lease, note: Callable[[int], str]) -> list[Document]:
    """The page of the review of a period that is over, as it was when it was first asked for.  note: what to say of
    that time, ms."""
    key = f"{NAME} {period.first} {period.last}"
    held = store.model(key)
    if held is None:
        # The names that both systems know outlive a rebuild; those of the state do not.
        made = [named(store, document) for document in documents(NAME, known, period, "", TWO_MODELS)]
        held = {"at": known.now, "documents": [document.frozen() for document in made]}
        store.keep_model(lease, key, known.now, held)
    return [Document.thawed(told, note(held["at"])) for told in held["documents"]]


def named(store: Store, document: Document) -> Document:
    """With SIDE:ID of the records, as every command takes them."""
    entities = list({record for row in document.rows for cell in row.values() for record in cell.records})
    names = {
        entity: f"{row.system}:{row.id}"
        for entity, rows in store.entity_rows(entities).items()
        for row in sorted(rows, key=lambda row: (row.state != LIVE, row.n))[:1]
    }
    return document.named(names)


def _text(review: Document) -> str:
    lines = []
    for row in review.rows:
        value, before = (shown(row[name].value, review.currency) for name in ("value", "before"))
        lines.append(f"- {row['number'].value}: {value}, before {before}")
    return "\n".join([*lines, *review.notes])
