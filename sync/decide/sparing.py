"""What a system refused of an update by name keeps back nothing else: it is left out, and the rest is written.  Pure.

The refused write stays parked as it is, and what is planned beside it carries what is known of earlier refusals, should
it be refused as well.  A field is tried again like everything that was refused: once another value is to be written,
or what its refusal rested on has changed (`sync.trust.refusal`).  Opt-outs are never left out; they go their own way
(`sync.decide.consent`).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from mapping.mapping import Mapping as KindMapping
from mapping.rules import Place
from state.rows import LIVE, PARKED, SPARES, OperationRow, Row
from sync.decide.consent import is_consent
from sync.decide.decision import Question
from sync.trust.refusal import stands, told


class Refusal(NamedTuple):
    """An update that was refused for the sake of these values."""

    values: Mapping[str, Any]
    """Native field that the system named → value."""
    note: Mapping[str, Any]
    """What it said, and what that rests on."""


class Spared(NamedTuple):
    """What is known of the updates of one record that were refused, and stays so beside what is written."""

    n: int
    """The number of the operation that keeps it."""
    refusals: tuple[Refusal, ...]

    def kept(self) -> dict[str, Any]:
        """As an operation carries it."""
        return {"n": self.n, "refused": [[dict(one.values), dict(one.note)] for one in self.refusals]}


def spared(mapping: KindMapping, open_: OperationRow, rows: Sequence[Row]) -> Spared | None:
    """What of earlier refusals of this record still holds, the one at hand included."""
    if not any(row.state == LIVE and row.ref == (open_.system, open_.object, open_.id) for row in rows):
        return None
    place = Place(open_.system, open_.object)
    found = [Refusal(*one) for one in open_.basis.get(SPARES, {}).get("refused", ())]
    if open_.state == PARKED and open_.verb == "update" and open_.note is not None:
        native = {name.removesuffix("!"): value for name, value in open_.native.items()}
        blamed = {name: native[name] for name in open_.note.get("native", ()) if name in native}
        found = [Refusal(blamed, open_.note), *found]
    standing = tuple(
        one
        for one in found
        if stands(mapping, open_._replace(state=PARKED, note=one.note), rows) and _may_be_left(mapping, place, one)
    )
    return Spared(open_.n, standing) if standing else None


def left_out(
    mapping: KindMapping, row: Row, names: Iterable[str], native: Mapping[str, Any], known: Spared
) -> dict[str, Question]:
    """The fields among these that would be refused again → what there is to say of each."""
    slots = mapping.slots(Place(row.system, row.object))
    asked: dict[str, Question] = {}
    for name in names:
        for values, note in known.refusals:
            same = [n for n in slots[name].natives if n in values and n in native and native[n] == values[n]]
            if same:
                detail = {**told(note), "native": same[0], "value": values[same[0]]}
                asked[name] = Question("rejected", row.system, row.object, row.id, name, detail)
                break
    return asked


def _may_be_left(mapping: KindMapping, place: Place, refusal: Refusal) -> bool:
    """Whether the rest means the same without these fields: an opt-out does not wait, and what belongs to one that
    stands alone names nothing else."""
    blamed = [slot.rule for slot in mapping.slots(place).values() if not refusal.values.keys().isdisjoint(slot.natives)]
    return bool(blamed) and not any(is_consent(rule) or rule.name in mapping.rule.alone for rule in blamed)
