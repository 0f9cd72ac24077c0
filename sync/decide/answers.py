"""What a person decided of a field whose sides differ: it is written by the next sync, through the normal plan.

An answer counts for the values that the person saw.  If somebody has changed one of them since, it is taken back, and
the rules decide as ever.  Opt-outs cannot be decided like this.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from mapping.mapping import Mapping as KindMapping
from mapping.mapping import Unmapped
from mapping.rules import Place, Value
from state.rows import LIVE, ReviewRow, Row
from sync.decide.consent import is_consent
from sync.merge import STAYS, Side, Verdict

if TYPE_CHECKING:
    from state.store import Store

ANSWERED = "answered"
"""The question that was answered and waits for the next sync."""
CONFLICT = "conflict"


class Answer(NamedTuple):
    """What a field of an entity should hold, and who said so."""

    entity: str
    field: str
    value: Value
    """Canonical."""
    saw: Mapping[str, Value]
    """System → own value that the person saw."""
    why: str

    @property
    def fingerprint(self) -> str:
        return "|".join((ANSWERED, self.entity, self.field))

    def stands(self, mapping: KindMapping, live: Mapping[str, Row]) -> bool:
        """Whether each side holds what the person saw, or already what they chose."""
        for system, row in live.items():
            own = row.now.get(self.field)
            chosen = mapping.canon(Place(system, row.object), self.field, own)
            if own != self.saw.get(system) and (
                isinstance(chosen, Unmapped) or not mapping.same(self.field, chosen, self.value)
            ):
                return False
        return True

    def verdict(self, sides: Mapping[str, Side], same: Any) -> Verdict:
        """Every side that holds something else gets it."""
        writes = {system: self.value for system, side in sides.items() if not same(self.field, side.now, self.value)}
        lost = tuple((system, sides[system].now) for system in writes)
        return Verdict(writes, lost, self.why, "by hand", agreed=True, conflict=False)

    def question(self, now: int) -> ReviewRow:
        """How it is kept until it was written."""
        return ReviewRow(ANSWERED, self.fingerprint, now, self.entity, field=self.field, detail=self._asdict())


def answers(store: Store, entities: Collection[str]) -> dict[tuple[str, str], Answer]:
    """(entity, field) → what somebody decided."""
    found = (Answer(**review.detail) for review in store.questions_of(entities, (ANSWERED,)))
    return {(answer.entity, answer.field): answer for answer in found}


class Conflict(NamedTuple):
    """A field whose sides differ, and wait for a person or were left so."""

    rows: Mapping[str, Row]
    field: str
    why: str
    since: int
    waits: bool
    """Nothing is written until somebody decides; else the two have stayed different since they met."""

    @property
    def id(self) -> str:
        return f"{next(iter(self.rows.values())).entity}:{self.field}"

    @property
    def kind(self) -> str:
        return next(iter(self.rows.values())).kind

    def as_json(self) -> dict[str, Any]:
        """The values with their times, and how surely these are known."""
        times = {side: row.spans.get(self.field, ()) for side, row in self.rows.items()}
        return {
            "id": self.id,
            "object": self.kind,
            "records": {side: f"{row.object}:{row.id}" for side, row in self.rows.items()},
            "field": self.field,
            "values": {side: row.now.get(self.field) for side, row in self.rows.items()},
            "changed": {side: list(span[:2]) or None for side, span in times.items()},
            "evidence": {
                side: "none" if not span else "certain" if span[0] >= span[1] else "possible"
                for side, span in times.items()
            },
            "waits": self.waits,
            "why": self.why,
            "since": self.since,
        }


def conflicts(store: Store) -> Iterator[Conflict]:
    """Every field that waits for a person, then those that were left different when the records met; oldest first."""
    asked = {(str(review.entity), str(review.field)): review for review in store.reviews(question=CONFLICT, limit=None)}
    left = {pair: at for pair, at in store.noted(f"{STAYS}%").items() if pair not in asked}
    entities = sorted({entity for entity, _ in (*asked, *left)})
    members: dict[str, list[Row]] = {}
    for start in range(0, len(entities), 500):
        members |= store.entity_rows(entities[start : start + 500])
    for (entity, name), review in asked.items():
        yield Conflict(_live(members.get(entity, ())), name, str(review.detail.get("why", "")), review.opened_ms, True)
    for (entity, name), at in left.items():
        rows = _live(members.get(entity, ()))
        # Each still holds what it held then: nothing has been written, nobody has changed it.
        stays = all(row.shadow is not None and row.now.get(name) == row.shadow.get(name) for row in rows.values())
        if len(rows) > 1 and stays and len({str(row.now.get(name)) for row in rows.values()}) > 1:
            yield Conflict(rows, name, STAYS, at, False)


def _live(rows: Iterable[Row]) -> dict[str, Row]:
    return {row.system: row for row in rows if row.state == LIVE}


def answer(mapping: KindMapping, conflict: Conflict, take: str, who: str) -> Answer | str:
    """What is to be written if somebody takes the value of a side, or another one; or a sentence why it cannot be."""
    name, rule = conflict.field, mapping.rule_of(conflict.field)
    if is_consent(rule) or mapping.rule.judges(name):
        return f"{name} is worked out from evidence: change it in {' or '.join(conflict.rows)}"
    source = conflict.rows.get(take)
    if source is not None:
        value = mapping.canon(Place(source.system, source.object), name, source.now.get(name))
        said = f"took the value of {take}"
    else:
        row = next(iter(conflict.rows.values()))
        value = mapping.canon(Place(row.system, row.object), name, take)
        said = "gave the value"
    if isinstance(value, Unmapped):
        return f"{take!r} has no translation for {name}"
    closed = [
        system
        for system, row in conflict.rows.items()
        if system not in rule.to
        and not mapping.same(name, mapping.canon(Place(system, row.object), name, row.now.get(name)), value)
    ]
    if closed:
        return f"the rule of {name} lets nothing be written to {closed[0]}: change `to`, or the value there"
    saw = {system: row.now.get(name) for system, row in conflict.rows.items()}
    return Answer(conflict.id.rpartition(":")[0], name, value, saw, f"{who} {said}")
