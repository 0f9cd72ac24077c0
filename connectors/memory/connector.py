"""The connector to a system in memory: the reference implementation of the port."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from connectors.furniture import Furnishing, ViewSpec
from connectors.memory.system import SYNC, MemorySystem
from connectors.port import (
    Applied,
    Cursor,
    Erasure,
    Field,
    FieldSpec,
    Interactions,
    Key,
    Outcome,
    Owner,
    Page,
    Past,
    Problem,
    Record,
    Ref,
    Schema,
    Stale,
    Unknown,
    Usage,
    Write,
)

_KINDS = {
    SYNC: "integration",
    "merge": "human",
    "convert": "human",
    **{kind: kind for kind in ("human", "form", "import", "automation", "integration")},
}


class Memory:
    """The connector to a `MemorySystem`: the reference implementation of the port."""

    def __init__(self, system: MemorySystem, *, page: int = 100) -> None:
        self.system = system
        self.name = system.name
        self.traits = system.traits
        self.page = page
        self._usage = Usage()

    def account(self) -> str:
        """The name of the system: there is one of each."""
        return self.name

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
            there = schema.fields.get(spec.name)
            lacking = spec.lacks(there)
            if there is not None and not lacking:
                continue
            new = (
                Field(spec.name, spec.label, spec.type, length=spec.length, options=spec.options, unique=spec.unique)
                if there is None
                else replace(there, options=(*there.options, *lacking))
            )
            self.system.schemas[spec.object] = replace(schema, fields={**schema.fields, spec.name: new})
            made.append(f"{spec.object}.{spec.name}")
        return made

    def furnish(
        self, objects: Sequence[str], views: Sequence[ViewSpec], sources: Collection[str], *, apply: bool
    ) -> Sequence[Furnishing]:
        """There are neither rights nor lists."""
        return ()

    def check(self, objects: Sequence[str], sources: Collection[str] = ()) -> Sequence[Problem]:
        """Whether the objects exist."""
        return [
            Problem("error", f"{self.name}.{object}", "does not exist", "name another object")
            for object in objects
            if object not in self.system.schemas
        ]

    def leave(self, share: float) -> None:
        """There is no end to calls here."""

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

    def sources(self) -> Mapping[str, frozenset[str]]:
        """One, of everything that people did."""
        return {"deeds": frozenset(deed.sort for _, deed in self.system.deeds)}

    def interactions(self, source: str, since: Cursor | None, ids: Sequence[str] = ()) -> Iterator[Interactions]:
        """In the order in which they became known."""
        self._usage.calls += 1
        asked = self.system.now()
        after = since.watermark if since is not None and since.watermark is not None else 0
        told = [deed for at, deed in self.system.deeds if after <= at <= asked]
        yield Interactions(told, Cursor(self._settled(asked)))

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
        picked = [record._replace(fields={name: record.fields.get(name) for name in fields}) for record in records]
        if not records or not self.system.links[records[0].ref.object].keys() & fields:
            return picked
        return [record._replace(fields={**record.fields, **self._linked(record)}) for record in picked]

    def _linked(self, record: Record) -> dict[str, Any]:
        """The references among the fields, as far as they lead somewhere; silent ones as they are this moment."""
        row = self.system.rows[record.ref.object].get(record.ref.id)
        found: dict[str, Any] = {}
        for name, link in self.system.links[record.ref.object].items():
            if name in record.fields:
                held = row.fields.get(name) if link.silent and row is not None else record.fields[name]
                ids = [id for id in (held if isinstance(held, list) else [held]) if id and self.system.there(link, id)]
                found[name] = (ids if isinstance(held, list) else ids[0]) if ids else None
        return found

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
        while target is not None and (heir := self.system.rows[target.object].get(target.id)) and heir.moved_to:
            target = heir.moved_to
        return self.system.seen(row)._replace(moved_to=target)

    # -- writing -----------------------------------------------------------------------------------------------

    def write(self, writes: Sequence[Write], fields: Sequence[str]) -> Iterator[Outcome]:
        """Batch after batch; each write gets its own outcome.  `name!` (set even backwards) is no other than `name`."""
        writes = [w._replace(fields={name.removesuffix("!"): v for name, v in w.fields.items()}) for w in writes]
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
        elif (row := system.rows[write.object].get(write.id)) is None or row.deleted:
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

    def rehearse(self, writes: Sequence[Write]) -> Iterator[Outcome | None]:
        """Nothing: there are no rules to be met."""
        return iter(())

    def erase(self, object: str, id: str) -> Erasure:
        """Nothing is left of the record."""
        self._usage.calls += 1
        gone = self.system.erase(object, id)
        done = (f"destroyed the record in {self.name}",) if gone else ("there was no such record",)
        return Erasure(Ref(self.name, object, id), self.system.now(), gone=True, done=done)

    # -- history -----------------------------------------------------------------------------------------------

    def history(
        self, object: str, ids: Sequence[str], fields: Sequence[str]
    ) -> Mapping[str, Mapping[str, Sequence[Past]]]:
        """Every value of every field that is not silent."""
        if not self.traits.history:
            return {}
        self._usage.calls += 1
        wanted = {name for name in fields if not self._silent(object, name)}
        found: dict[str, dict[str, list[Past]]] = {}
        for id in ids:
            row = self.system.rows[object].get(id)
            for at, name, value, by in reversed(row.history if row is not None else ()):
                if name in wanted:
                    past = Past(value, at, _KINDS.get(by, "unknown"), by)
                    found.setdefault(id, {}).setdefault(name, []).append(past)
        return found

    def _silent(self, object: str, name: str) -> bool:
        link = self.system.links[object].get(name)
        return link is not None and link.silent

    def changed_at(self, object: str, ids: Sequence[str], fields: Sequence[str]) -> Mapping[str, Mapping[str, int]]:
        """From the history."""
        if not self.traits.history:
            return {}
        self._usage.calls += 1
        wanted = {name for name in fields if not self._silent(object, name)}
        return {
            id: {entry.field: entry.at for entry in row.history if entry.field in wanted}
            for id in ids
            if (row := self.system.rows[object].get(id)) is not None
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
            row = self.system.rows[write.object].get(record.ref.id)
            history = row.history if row is not None else []
            for name in {name.removesuffix("!") for name in write.fields}:
                if self._silent(write.object, name):
                    continue
                entries = [entry for entry in history if entry.field == name]
                ours = max((n for n, entry in enumerate(entries) if entry.by == SYNC), default=0)
                if ours and entries[ours - 1].by != SYNC and entries[ours - 1].at >= since:
                    found.setdefault(record.ref.id, {})[name] = entries[ours - 1].value
        return found
