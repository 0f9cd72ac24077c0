"""Our own fields: what the records of an entity should say of how far it is, and of what was worked out.  Pure.

A derived field is a field whose owner is this service: it is planned, written and journaled as any other, wherever the
record says something else.  What somebody else wrote there is put right, with the brake that holds for all fields.
"""

from __future__ import annotations

from collections.abc import Mapping

from insight.fields import field as our_field
from mapping.mapping import Mapping as KindMapping
from mapping.mapping import Unmapped
from mapping.rules import KindRule, Place, Value
from state.rows import DerivedRow, Row
from sync.decide.decision import Why
from sync.decide.staging import Staging

NOTHING: Mapping[str, DerivedRow] = {}
PUT_RIGHT = "restored"
"""The rule of a write that restores what somebody else replaced."""


def learns(rule: KindRule) -> bool:
    """Whether anything is worked out of records of this kind."""
    return any(our_field(rule.kind, field.name) is not None for field in rule.fields)


class Ours:
    """Our own fields of one entity."""

    def __init__(self, mapping: KindMapping, staging: Staging, derived: Mapping[str, DerivedRow] = NOTHING) -> None:
        self._mapping = mapping
        self._staging = staging
        self._derived = derived

    def born(self, place: Place) -> dict[str, Why]:
        """What a new record in this place says of them."""
        stage = {name: Why(None, value, "stage", "where the person stands") for name, value in self._stage(place)}
        learned = {name: Why(None, value, "derived", self._derived[name].why) for name, value in self._learned(place)}
        return {name: why for name, why in (stage | learned).items() if why.new is not None}

    def to_write(self, row: Row, *, alone: bool, along: bool) -> dict[str, Why]:
        """Those that say anything else than they should.

        alone: the entity has no other record, and nobody needs to know how far it is.  along: something else is written
        anyway; else only if a value is worth a call of its own, and then all are told.
        """
        learned = self._others(row)
        loud = any(not self._quiet(name) for name in learned)
        if not (along or loud or self._staging.is_news):
            return {}
        if alone:
            return learned
        stage = self._staging.ours_to_write(row).items()
        return {name: why for name, why in stage if not self._is_learned(name)} | learned

    def worth_a_call(self, row: Row, wanted: Mapping[str, Why]) -> bool:
        """Whether fields of our own are to be written, though nothing else is."""
        return self._staging.is_news or any(name in self._derived and not self._quiet(name) for name in wanted)

    def agreed(self, row: Row, names: Mapping[str, Why]) -> dict[str, Value]:
        """What the record will hold in those that were worked out: whatever else comes to be there, is somebody's."""
        fitted = dict(self._learned(Place(row.system, row.object)))
        return {name: fitted[name] for name in names if name in fitted}

    def _stage(self, place: Place) -> list[tuple[str, Value]]:
        return [(name, value) for name, value in self._staging.ours(place).items() if not self._is_learned(name)]

    def _learned(self, place: Place) -> list[tuple[str, Value]]:
        """Own values of what was worked out, as far as the place can hold them."""
        found = []
        for name, slot in self._mapping.ours(place) if self._derived else ():
            if name in self._derived:
                value = self._derived[name].value
                # In whole seconds, which is how exactly every system keeps a time.
                exact = value // 1000 * 1000 if slot.rule.type == "datetime" and isinstance(value, int) else value
                fitted = slot.fit(exact)
                if not isinstance(fitted, Unmapped):
                    found.append((name, fitted))
        return found

    def _others(self, row: Row) -> dict[str, Why]:
        """Those worked out of which the record says anything else."""
        place, shadow = Place(row.system, row.object), row.shadow or {}
        found: dict[str, Why] = {}
        for name, value in self._learned(place):
            held = row.now.get(name)
            if self._mapping.changed(place, name, value, held):
                replaced = name in shadow and not self._mapping.changed(place, name, value, shadow[name])
                reason = f"{self._derived[name].why}; somebody else had written there" if replaced else ""
                rule = PUT_RIGHT if replaced else "derived"
                found[name] = Why(held, value, rule, reason or self._derived[name].why)
        return found

    def _is_learned(self, name: str) -> bool:
        return our_field(self._mapping.rule.kind, name) is not None

    def _quiet(self, name: str) -> bool:
        known = our_field(self._mapping.rule.kind, name)
        return known is not None and known.quiet
