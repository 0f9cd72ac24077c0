"""The response clock of each lead, as it stands on its records; whose clock is running is looked at again with time."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from insight.sla.clock import EXEMPT, ON_TRACK, PENDING, WARNED
from insight.sla.handoffs import Owed, owed
from insight.touches import Derived
from mapping.mapping import Mapping as KindMapping
from state.store import Store
from sync.insight.agreement import Agreement
from sync.insight.facts import LeadType, person

if TYPE_CHECKING:
    from sync.insight.learning import Known

MINUTE = 60_000
STATE = "@sla_state"
RUNNING = (PENDING, ON_TRACK, WARNED)
"""States that change by themselves."""
FIELDS = (STATE, "@sla_due_at", "@first_response_minutes", "@attempts_due")


@dataclass(frozen=True)
class Agreed:
    """What both teams promised, and how it is told whom it is about."""

    agreement: Agreement
    start: str
    """The stage at which a lead is handed to sales."""
    lead_type: LeadType


def running(store: Store, agreed: Agreed, mapping: KindMapping, people: Sequence[Known]) -> dict[str, Owed]:
    """Entity → its latest hand-off, of those who were handed over with a promise."""
    stages = [stage.name for stage in mapping.rule.stages]
    beyond = stages[stages.index(agreed.start) :] if agreed.start in stages else []
    ways = store.ways([known.entity for known in people])
    found: dict[str, Owed] = {}
    for known in people:
        way = ways.get(known.entity, ())
        if not way:
            continue
        who = person(mapping, known.entity, known.rows, way, agreed.lead_type)._replace(touches=tuple(known.touches))
        for each in owed(who, beyond, agreed.agreement.promised, agreed.agreement.calendar_of, known.now):
            found[known.entity] = each
    return found


def values(people: Iterable[Known], clocks: Mapping[str, Owed]) -> Iterator[Derived]:
    """What our own fields say of the clocks; blank where nothing is owed."""
    for known in people:
        each = clocks.get(known.entity)
        if each is None or each.verdict.state == EXEMPT:
            told: tuple[object, ...] = (None,) * len(FIELDS)
            why = "nothing was promised"
        else:
            verdict = each.verdict
            answered = verdict.touched is not None and verdict.response is not None
            minutes = round((verdict.response or 0) / MINUTE) if answered else None
            told = (verdict.state, verdict.due, minutes, verdict.owed if answered else None)
            why = f"{each.handoff.lead_type}, handed over on {each.day}"
        for name, value in zip(FIELDS, told, strict=True):
            yield Derived(known.entity, name, value, why)
