"""The port in its shortest form: a system held in memory, and the connector to it.

It states the contract without any vendor's quirks, and it is the world that the simulator practises in.
`MemorySystem` is the world: people act on it, and it keeps the whole history of every field.  `Memory` is the
connector.  Deterministic: time comes from `now`, every trouble from `Troubles`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

from connectors.port import (
    Applied,
    Cursor,
    Field,
    FieldSpec,
    Key,
    Outcome,
    Owner,
    Page,
    Problem,
    Record,
    Ref,
    Rejected,
    Schema,
    Stale,
    Traits,
    Unknown,
    Usage,
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
        self._next = 1000

    # -- what people do ----------------------------------------------------------------------------------------

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
        self._set(survivor, fields, "merge")
        return id

    def convert(self, object: str, id: str, to: str, fields: Mapping[str, Any] | None = None) -> Ref:
        """A record becomes one of another object, with the values of fields that both have, and `fields`."""
        row = self.rows[object][id]
        kept = {name: value for name, value in row.fields.items() if name in self.schemas[to].fields}
        target = self.rows[to][self.create(to, {**kept, **(fields or {})}, "convert")]
        row.deleted, row.moved_to = True, target.ref
        self._touch(row)
        return target.ref

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
        self._set(row, write.fields, SYNC)
        return self.seen(row)

    def seen(self, row: Row) -> Record:
        """The record as it is this moment."""
        return Record(row.ref, dict(row.fields), row.version, row.created, row.deleted, row.moved_to, row.former)

    def _demand(self, object: str, id: str | None, fields: Mapping[str, Any]) -> None:
        refusal = self.refusal(object, id, fields)
        if refusal is not None:
            raise ValueError(f"{self.name} {object}: {refusal.message}")

    def _stored(self, object: str, name: str, value: Any) -> Any:
        stored = self.fit(object, name, value)
        return None if stored == "" else stored

    def _set(self, row: Row, fields: Mapping[str, Any], by: str) -> None:
        now = self.now()
        for name, value in fields.items():
            stored = self._stored(row.ref.object, name, value)
            if row.fields.get(name) != stored:
                row.history.append(Entry(now, name, stored, by))
            row.fields[name] = stored
        self._touch(row)

    def _touch(self, row: Row) -> None:
        now = self.now()
        # A stamp of milliseconds is moved on when two changes fall into one; one of seconds is not.
        row.version = max(row.version + (self.traits.grain == 1), now - now % self.traits.grain)
        row.shown.append((now + min(self.troubles.delay(), self.traits.lag), self.seen(row)))


class Memory:
    """The connector to a `MemorySystem`: the reference implementation of the port."""

    def __init__(self, system: MemorySystem, *, page: int = 100) -> None:
        self.system = system
        self.name = system.name
        self.traits = system.traits
        self.page = page
        self._usage = Usage()

    def describe(self, object: str) -> Schema:
        """The schema the system was made with, and what was provisioned since."""
        return self.system.schemas[object]

    def owners(self) -> Sequence[Owner]:
        """Everyone who may own a record."""
        return tuple(self.system.owners)

    def provision(self, specs: Sequence[FieldSpec]) -> Sequence[str]:
        """Add the fields that are missing."""
        made = []
        for spec in specs:
            schema = self.system.schemas[spec.object]
            if spec.name in schema.fields:
                continue
            new = Field(spec.name, spec.label, spec.type, length=spec.length, options=spec.options, unique=spec.unique)
            self.system.schemas[spec.object] = replace(schema, fields={**schema.fields, spec.name: new})
            made.append(f"{spec.object}.{spec.name}")
        return made

    def check(self, objects: Sequence[str]) -> Sequence[Problem]:
        """Whether the objects exist."""
        return [
            Problem("error", f"{self.name}.{object}", "does not exist", "name another object")
            for object in objects
            if object not in self.system.schemas
        ]

    def usage(self) -> Usage:
        """One call per page, batch and read."""
        return replace(self._usage)

    # -- reading -----------------------------------------------------------------------------------------------

    def changes(self, object: str, fields: Sequence[str], since: Cursor | None) -> Iterator[Page]:
        """A listing goes by id and may resume; what changed goes by (version, id) from the watermark on.

        The final watermark lies `lag` before the question, cut to the grain: whatever is older was visible then.
        """
        if since is not None and since.watermark is not None:
            return self._changed(object, fields, since.watermark)
        return self._listed(object, fields, since.resume if since else None)

    def _listed(self, object: str, fields: Sequence[str], resume: str | None) -> Iterator[Page]:
        asked = self.system.now()
        after = 0
        if resume is not None:
            asked, after = (int(part) for part in resume.split(":"))
        while True:
            everything = self._visible(object)
            records = [record for record in everything if int(record.ref.id) > after]
            records.sort(key=lambda record: int(record.ref.id))
            page = records[: self.page]
            if len(records) <= self.page:
                yield Page(self._pick(page, fields), Cursor(self._settled(asked)), asked)
                return
            after = int(page[-1].ref.id)
            yield Page(self._pick(page, fields), Cursor(None, f"{asked}:{after}"), asked, len(everything))

    def _changed(self, object: str, fields: Sequence[str], watermark: int) -> Iterator[Page]:
        asked = self.system.now()
        after = (watermark, 0)
        while True:
            records = [record for record in self._visible(object) if (record.version, int(record.ref.id)) > after]
            records.sort(key=lambda record: (record.version, int(record.ref.id)))
            page = records[: self.page]
            settled = max(watermark, self._settled(asked))
            if len(records) <= self.page:
                yield Page(self._pick(page, fields), Cursor(settled), asked)
                return
            after = (page[-1].version, int(page[-1].ref.id))
            yield Page(self._pick(page, fields), Cursor(max(watermark, min(after[0], settled))), asked)

    def _settled(self, asked: int) -> int:
        until = asked - self.traits.lag
        return until - until % self.traits.grain

    def _visible(self, object: str) -> list[Record]:
        """What an index that lags shows of the object."""
        self._usage.calls += 1
        self.system.troubles.step("page")
        self.system.troubles.read()
        now = self.system.now()
        latest = []
        for row in self.system.rows[object].values():
            while len(row.shown) > 1 and row.shown[1][0] <= now:
                del row.shown[0]
            due = [record for at, record in row.shown if at <= now]
            latest.extend(due[-1:])
        hidden = self.system.survivor_is_new
        return [r for r in latest if not (r.deleted and (not self.traits.bin_visible or (hidden and r.moved_to)))]

    def _pick(self, records: Sequence[Record], fields: Sequence[str]) -> list[Record]:
        return [replace(record, fields={name: record.fields.get(name) for name in fields}) for record in records]

    def read(
        self, object: str, fields: Sequence[str], *, ids: Sequence[str] = (), keys: Sequence[Key] = ()
    ) -> Iterator[Record]:
        """The rows themselves, never what `changes` shows."""
        self._usage.calls += bool(ids) + bool(keys)
        self.system.troubles.step("read")
        self.system.troubles.read()
        for id in ids:
            yield from self._pick([self._by_id(object, id)], fields)
        for key in keys:
            row = self.system.holder(object, key.field, self.system.fit(object, key.field, key.value))
            if row is not None:
                yield from self._pick([self.system.seen(row)], fields)

    def _by_id(self, object: str, id: str) -> Record:
        row = self.system.rows[object].get(id)
        if row is None:
            return Record(Ref(self.name, object, id), {}, 0, deleted=True)
        target = row.moved_to
        while target is not None and (further := self.system.rows[target.object][target.id].moved_to) is not None:
            target = further
        return replace(self.system.seen(row), moved_to=target)

    # -- writing -----------------------------------------------------------------------------------------------

    def write(self, writes: Sequence[Write], fields: Sequence[str]) -> Iterator[Outcome]:
        """Batch after batch; each write gets its own outcome."""
        for start in range(0, len(writes), self.traits.batch):
            batch = writes[start : start + self.traits.batch]
            self._usage.calls += 1
            fate = self.system.troubles.batch(batch)
            if fate == "lost_before":
                outcomes: list[Outcome] = [Unknown("the answer was lost") for _ in batch]
            else:
                outcomes = self._carry_out(batch, fields)
            if fate == "lost_after":
                outcomes = [Unknown("the answer was lost") for _ in batch]
            self.system.troubles.step("write:done")
            yield from outcomes

    def _carry_out(self, batch: Sequence[Write], fields: Sequence[str]) -> list[Outcome]:
        """Without compare-and-set the versions are looked at once, before the whole batch, as a connector would."""
        early = {} if self.traits.compare_and_set else {n: self._stale(write) for n, write in enumerate(batch)}
        self.system.troubles.step("write:checked")
        return [self._one(write, early.get(n), fields) for n, write in enumerate(batch)]

    def _one(self, write: Write, stale: Stale | None, fields: Sequence[str]) -> Outcome:
        system = self.system
        if self.traits.compare_and_set:
            stale = self._stale(write)
        if stale is not None:
            return stale
        if (trouble := system.troubles.one(write)) is not None:
            return trouble
        if write.id is None:
            key = write.key
            holder = system.holder(write.object, key.field, key.value) if key else None
            if holder is not None:
                return Stale(holder.ref.id, "a record with this key exists")
        elif system.rows[write.object][write.id].deleted:
            return Stale(reason="gone")
        refusal = system.refusal(write.object, write.id, write.fields)
        if refusal is not None:
            return refusal
        return Applied(self._pick([system.put(write)], fields)[0])

    def _stale(self, write: Write) -> Stale | None:
        if write.id is None:
            return None
        row = self.system.rows[write.object].get(write.id)
        if row is None or row.deleted:
            return Stale(reason="gone")
        if write.unless_changed_since is not None and row.version > write.unless_changed_since:
            return Stale(reason="changed since")
        return None

    def changed_at(self, object: str, ids: Sequence[str], fields: Sequence[str]) -> Mapping[str, Mapping[str, int]]:
        """From the history."""
        if not self.traits.history:
            return {}
        self._usage.calls += 1
        return {
            id: {entry.field: entry.at for entry in self.system.rows[object][id].history if entry.field in fields}
            for id in ids
        }

    def overwritten(self, writes: Sequence[tuple[Write, Record]]) -> Mapping[str, Mapping[str, Any]]:
        """From the history: what someone else had put there after the version we decided on."""
        if not self.traits.history:
            return {}
        found: dict[str, dict[str, Any]] = {}
        for write, record in writes:
            if write.id is None or write.unless_changed_since is None:
                continue
            since = write.unless_changed_since + self.traits.grain
            history = self.system.rows[write.object][record.ref.id].history
            for name in write.fields:
                entries = [entry for entry in history if entry.field == name]
                ours = max((n for n, entry in enumerate(entries) if entry.by == SYNC), default=0)
                if ours and entries[ours - 1].by != SYNC and entries[ours - 1].at >= since:
                    found.setdefault(record.ref.id, {})[name] = entries[ours - 1].value
        return found
