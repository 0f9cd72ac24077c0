"""A system held in memory: people act on it, and it keeps the whole history of every field.

Deterministic: time comes from `now`, every trouble from `Troubles`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from connectors.port import (
    PARENT_GONE,
    Field,
    Interaction,
    Outcome,
    Owner,
    Record,
    Ref,
    Rejected,
    Schema,
    Traits,
    Write,
)

SYNC = "sync"
"""Who the connector writes as, in `Entry.by`."""


class Entry(NamedTuple):
    """One change of one field, oldest first in `Row.history`."""

    at: int
    field: str
    value: Any
    by: str


@dataclass(slots=True)
class Row:
    """One record and everything that ever happened to it."""

    ref: Ref
    fields: dict[str, Any]
    created: int
    version: int
    deleted: bool = False
    moved_to: Ref | None = None
    converted: tuple[Ref, ...] = ()
    former: tuple[str, ...] = ()
    history: list[Entry] = field(default_factory=list)
    shown: list[tuple[int, Record]] = field(default_factory=list)
    """What `changes` shows of it, and from when."""


class Troubles:
    """What can go wrong, and where the simulator steps in.  As it stands, nothing does: derive and override."""

    def step(self, name: str) -> None:
        """A named boundary: `page`, `write:checked`, `write:done`, `read`."""

    def read(self) -> None:
        """Before a page or a read: may raise `Unavailable` or `Exhausted`."""

    def batch(self, writes: Sequence[Write]) -> str:
        """What befalls a batch: '' nothing, `lost_before` or `lost_after` its effect the answer is lost."""
        return ""

    def one(self, write: Write) -> Outcome | None:
        """Refuse or defer one write."""
        return None

    def delay(self) -> int:
        """How much later `changes` shows the change that is being made, ms; at most `Traits.lag`."""
        return 0


class MemorySystem:
    """A CRM of its own: objects with schemas, people who act on them, and a memory of all they did.

    A field with `references` to objects of this system holds ids.  One that is `silent` changes without a trace in the
    record's version, as associations do.  What points at a record that is in the bin or gone reads as blank.

    `fit` is how the system stores a value of a field (trims, cuts, normalises).  `survivor_is_new`: a merge makes a
    record with a new id, as HubSpot does; else the winner stays, as in Salesforce.
    """

    def __init__(
        self,
        name: str,
        now: Callable[[], int],
        schemas: Sequence[Schema],
        *,
        traits: Traits,
        fit: Callable[[str, str, Any], Any] = lambda object, field, value: value,
        survivor_is_new: bool = False,
        owners: Sequence[Owner] = (),
        troubles: Troubles | None = None,
    ) -> None:
        self.name = name
        self.now = now
        self.schemas = {schema.object: schema for schema in schemas}
        self.traits = traits
        self.fit = fit
        self.survivor_is_new = survivor_is_new
        self.owners = list(owners)
        self.troubles = troubles or Troubles()
        self.rows: dict[str, dict[str, Row]] = {object: {} for object in self.schemas}
        self.links = {
            schema.object: {f.name: f for f in schema.fields.values() if not self.rows.keys().isdisjoint(f.references)}
            for schema in schemas
        }
        self.deeds: list[tuple[int, Interaction]] = []
        """When something that a person did became known, and what."""
        self._next = 1000

    # -- what people do ----------------------------------------------------------------------------------------

    def act(self, deed: Interaction) -> None:
        """Somebody does something that the system tells of apart from their record."""
        self.deeds.append((self.now(), deed))

    def create(self, object: str, fields: Mapping[str, Any], by: str = "human") -> str:
        """Make a record; returns its id.  Raises ValueError where the system would refuse."""
        self._demand(object, None, fields)
        self._next += 1
        now = self.now()
        row = Row(Ref(self.name, object, str(self._next)), {}, created=now, version=0)
        self.rows[object][row.ref.id] = row
        self._set(row, fields, by)
        return row.ref.id

    def edit(self, object: str, id: str, fields: Mapping[str, Any], by: str = "human") -> None:
        """Change a record.  Raises ValueError where the system would refuse."""
        self._demand(object, id, fields)
        self._set(self.rows[object][id], fields, by)

    def delete(self, object: str, id: str) -> None:
        """To the bin."""
        row = self.rows[object][id]
        row.deleted = True
        self._touch(row)

    def restore(self, object: str, id: str) -> None:
        """Out of the bin."""
        row = self.rows[object][id]
        assert row.moved_to is None, "what was merged away cannot be restored"
        self._demand(object, id, row.fields)
        row.deleted = False
        self._touch(row)

    def merge(self, object: str, winner: str, loser: str) -> str:
        """Two records become one: the winner's values, and the loser's where those are blank.  Returns the id."""
        first, second = self.rows[object][winner], self.rows[object][loser]
        fields = {**second.fields, **{name: value for name, value in first.fields.items() if value is not None}}
        for gone in (first, second) if self.survivor_is_new else (second,):
            gone.deleted = True
        id = self.create(object, fields, "merge") if self.survivor_is_new else winner
        survivor = self.rows[object][id]
        for gone in (first, second):
            if gone is survivor:
                continue
            gone.moved_to = survivor.ref
            survivor.former += (*gone.former, gone.ref.id)
            self._touch(gone)
            self._point(gone.ref, survivor.ref)
        self._set(survivor, fields, "merge")
        return id

    def convert(
        self, object: str, id: str, to: str, fields: Mapping[str, Any] | None = None, beside: Sequence[Ref] = ()
    ) -> Ref:
        """A record becomes one of another object, with the values of fields that both have, and `fields`; `beside` are
        the records of other objects that it became at the same time."""
        row = self.rows[object][id]
        kept = {name: value for name, value in row.fields.items() if name in self.schemas[to].fields}
        target = self.rows[to][self.create(to, {**kept, **(fields or {})}, "convert")]
        row.deleted, row.moved_to, row.converted = True, target.ref, (target.ref, *beside)
        self._touch(row)
        self._point(row.ref, target.ref)
        return target.ref

    def erase(self, object: str, id: str) -> bool:
        """Destroy a record: nothing is left of it, not even in the bin.  False: there was none."""
        return self.rows[object].pop(id, None) is not None

    def live(self, object: str) -> list[Row]:
        """All records that are neither deleted nor moved."""
        return [row for row in self.rows[object].values() if not row.deleted]

    def holder(self, object: str, name: str, value: Any) -> Row | None:
        """The live record that holds this value."""
        return next((row for row in self.live(object) if row.fields.get(name) == value), None)

    # -- how it keeps them -------------------------------------------------------------------------------------

    def refusal(self, object: str, id: str | None, fields: Mapping[str, Any]) -> Rejected | None:
        """Why the system would refuse these values."""
        schema = self.schemas[object]
        for name, value in fields.items():
            spec = schema.fields.get(name)
            if spec is None or not spec.writable:
                return Rejected("UNKNOWN_FIELD", f"{name} cannot be set", (name,))
            stored = self._stored(object, name, value)
            if stored is None:
                continue
            if name in self.links[object] and not self._all_there(self.links[object][name], stored):
                return Rejected(PARENT_GONE, f"{name} names a record that is not there", (name,))
            if spec.length is not None and isinstance(stored, str) and len(stored) > spec.length:
                return Rejected("STRING_TOO_LONG", f"{name} is longer than {spec.length}", (name,))
            if spec.restricted and stored not in {option.value for option in spec.options}:
                return Rejected("INVALID_OPTION", f"{name} is none of the options", (name,))
            holder = self.holder(object, name, stored) if spec.unique else None
            if holder is not None and holder.ref.id != id:
                return Rejected("DUPLICATE_VALUE", f"{name} is taken", (name,), holder.ref.id)
        return None

    def put(self, write: Write) -> Record:
        """Carry out a write that nothing speaks against."""
        if write.id is None:
            return self.seen(self.rows[write.object][self.create(write.object, write.fields, SYNC)])
        row = self.rows[write.object][write.id]
        if write.archive:
            self.delete(write.object, write.id)
        else:
            self._set(row, write.fields, SYNC)
        return self.seen(row)

    def seen(self, row: Row) -> Record:
        """The record as it is this moment."""
        return Record(
            row.ref, dict(row.fields), row.version, row.created, row.deleted, row.moved_to, row.converted, row.former
        )

    def there(self, field: Field, id: str) -> bool:
        """Whether a record that this field may point to is live."""
        rows = (self.rows[object].get(id) for object in field.references if object in self.rows)
        return any(row is not None and not row.deleted for row in rows)

    def _all_there(self, field: Field, value: Any) -> bool:
        return all(self.there(field, id) for id in (value if isinstance(value, list) else [value]))

    def _point(self, gone: Ref, heir: Ref) -> None:
        """Whatever points at the one that is gone points at its heir from now on, where it may."""
        for object, links in self.links.items():
            mine = [link for link in links.values() if heir.object in link.references]
            for row in self.rows[object].values() if mine else ():
                for link in mine:
                    held = row.fields.get(link.name)
                    moved = _moved(held, gone.id, heir.id)
                    if moved != held:
                        self._set(row, {link.name: moved}, "merge")

    def _demand(self, object: str, id: str | None, fields: Mapping[str, Any]) -> None:
        refusal = self.refusal(object, id, fields)
        if refusal is not None:
            raise ValueError(f"{self.name} {object}: {refusal.message}")

    def _stored(self, object: str, name: str, value: Any) -> Any:
        stored = self.fit(object, name, value)
        if isinstance(stored, list | tuple):
            stored = sorted(set(stored))
        return None if stored in ("", []) else stored

    def _set(self, row: Row, fields: Mapping[str, Any], by: str) -> None:
        now = self.now()
        links = self.links[row.ref.object]
        for name, value in fields.items():
            stored = self._stored(row.ref.object, name, value)
            if row.fields.get(name) != stored:
                row.history.append(Entry(now, name, stored, by))
            row.fields[name] = stored
        if not row.shown or not fields or not all(name in links and links[name].silent for name in fields):
            self._touch(row)

    def _touch(self, row: Row) -> None:
        now = self.now()
        # A stamp of milliseconds is moved on when two changes fall into one; one of seconds is not.
        row.version = max(row.version + (self.traits.grain == 1), now - now % self.traits.grain)
        row.shown.append((now + min(self.troubles.delay(), self.traits.lag), self.seen(row)))


def _moved(held: Any, gone: str, heir: str) -> Any:
    if isinstance(held, list):
        return sorted({heir if id == gone else id for id in held})
    return heir if held == gone else held
