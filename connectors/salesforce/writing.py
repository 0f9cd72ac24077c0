"""Writing: choose the road by size, look before and after, and give each write its one outcome.

look before   stamps of what we update (2,000 a call): moved on or gone is Stale.  Creations rest on a unique key;
              where a key field is not unique (activities), look for the key.
write         at most 25 updates: one composite with compare-and-set; up to `bulk_above_writes`: collections of
              200; more: Bulk 2.0 jobs.
look after    what was written, as it is stored now (2,000 a call).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from connectors.errors import SyncError
from connectors.port import Applied, Key, Outcome, Rejected, Stale, Unknown, Write
from connectors.salesforce import composite
from connectors.salesforce.api import Api
from connectors.salesforce.batch import Batch
from connectors.salesforce.collection import Collection, plain
from connectors.salesforce.describing import Describer
from connectors.salesforce.ingest import Ingest
from connectors.salesforce.parents import Parents
from connectors.salesforce.reading import Reader
from connectors.salesforce.roles import Roles
from connectors.salesforce.rows import CONTACTS, STAMP, Shape, stamp_ms
from connectors.salesforce.values import long_id
from connectors.salesforce.verdicts import Contested, Done, Halted, Orphaned, deferred

GRAIN = 1000
_EXISTS = "a record with this key exists"


class Writer:
    """`Connector.write` for one org."""

    def __init__(self, api: Api, reader: Reader, describer: Describer) -> None:
        self._settings = api.settings
        self._reader = reader
        self._describer = describer
        self._composite = composite.Composite(api)
        self._collection = Collection(api)
        self._ingest = Ingest(api)
        self._parents = Parents(api)
        self._roles = Roles(api, self._collection)

    def run(self, writes: Sequence[Write], fields: Sequence[str]) -> Iterator[Outcome]:
        """One outcome each, in order.  Raises only while nothing has been written."""
        batch = Batch(writes, fields)
        self._check_stamps(batch)
        self._check_keys(batch)
        self._pass_over_empty(batch)
        self._write(batch)
        self._resume(batch)
        self._settle_contests(batch)
        self._settle_orphans(batch)
        self._write_roles(batch)
        self._read_back(batch)
        for verdict in batch.verdicts:
            assert not isinstance(verdict, Done | Contested | Orphaned | Halted | None), "every write has its outcome"
            yield verdict

    # -- before ------------------------------------------------------------------------------------------------

    def _check_stamps(self, batch: Batch) -> None:
        for group, numbers in batch.groups():
            object = group.object
            if group.creating:
                continue
            guarded = [n for n in numbers if batch.writes[n].unless_changed_since is not None]
            rows = self._reader.retrieve(object, ("Id", STAMP), [str(batch.writes[n].id) for n in guarded])
            for n in guarded:
                write = batch.writes[n]
                row = rows.get(long_id(str(write.id)))
                if row is None:
                    batch.verdicts[n] = Stale(reason="gone")
                elif stamp_ms(row[STAMP]) // GRAIN > (write.unless_changed_since or 0) // GRAIN:
                    batch.verdicts[n] = Stale(reason="changed since")

    def _check_keys(self, batch: Batch) -> None:
        for group, numbers in batch.groups():
            object = group.object
            if not group.creating:
                continue
            plain = [n for n in numbers if not self._describer.unique(object, batch.key(n).field)]
            if not plain:
                continue
            keys = [batch.key(n) for n in plain]
            shape = Shape(object, [key.field for key in keys])
            taken = {
                Key(field, str(value).casefold()): record.ref.id
                for record in self._reader.by_keys(shape, keys)
                for field, value in record.fields.items()
            }
            for n, key in zip(plain, keys, strict=True):
                existing = taken.get(Key(key.field, key.value.casefold()))
                if existing is not None:
                    batch.verdicts[n] = Stale(existing, _EXISTS)

    def _pass_over_empty(self, batch: Batch) -> None:
        """An update of nothing but contact roles has nothing to send to its own row."""
        for n in batch.open():
            write = batch.writes[n]
            if write.id is not None and not write.archive and write.fields and not plain(write):
                batch.verdicts[n] = Done(long_id(write.id))

    # -- the roads ---------------------------------------------------------------------------------------------

    def _write(self, batch: Batch) -> None:
        for group, numbers in batch.groups():
            if group.verb == "archive":
                batch.put(numbers, self._collection.bin(batch.take(numbers)))
        updates = [n for n in batch.open() if batch.writes[n].id is not None]
        if 0 < len(updates) <= composite.MOST:
            batch.put(updates, self._composite.run(batch.take(updates), batch.shapes))
        most = self._settings.bulk_above_writes
        for (object, _), numbers in batch.groups():
            if len(numbers) > most:
                heavy = [n for n in numbers if self._ingest.takes(batch.writes[n])]
                if len(heavy) > most:
                    batch.put(heavy, self._ingest.run(object, batch.take(heavy)))
        for (object, _), numbers in batch.groups():
            batch.put(numbers, self._collection.run(batch.take(numbers), batch.shapes[object]))

    # -- after -------------------------------------------------------------------------------------------------

    def _resume(self, batch: Batch) -> None:
        """Trouble of the system is raised if nothing was written, else it puts off what it has hit."""
        halted = batch.halted()
        if halted and not any(isinstance(verdict, Done | Unknown) for verdict in batch.verdicts):
            raise halted[0][1].error
        for n, halt in halted:
            batch.verdicts[n] = deferred(halt.error)

    def _settle_contests(self, batch: Batch) -> None:
        """A unique value is taken and Salesforce does not say which: look whether it was our key."""
        for n, verdict in enumerate(batch.verdicts):
            if not isinstance(verdict, Contested):
                continue
            no, key = verdict.complaint, batch.key(n)
            try:
                holders = list(self._reader.by_keys(Shape(batch.writes[n].object, ()), [key]))
            except SyncError as error:
                batch.verdicts[n] = deferred(error)
                continue
            if holders:
                batch.verdicts[n] = Stale(holders[0].ref.id, _EXISTS)
            else:
                batch.verdicts[n] = Rejected(no.code, no.message, no.fields, no.existing)

    def _settle_orphans(self, batch: Batch) -> None:
        """Look whether a parent is missing; else it is the record itself that is not there."""
        found = [(n, verdict) for n, verdict in enumerate(batch.verdicts) if isinstance(verdict, Orphaned)]
        if not found:
            return
        try:
            missing = self._parents.missing([batch.writes[n] for n, _ in found])
        except SyncError as error:
            batch.put([n for n, _ in found], [deferred(error)] * len(found))
            return
        for (n, verdict), fields in zip(found, missing, strict=True):
            no = verdict.complaint
            if fields:
                batch.verdicts[n] = verdict.rejected(fields)
            elif batch.writes[n].id is not None and not no.fields:
                batch.verdicts[n] = Stale(reason="gone")
            else:
                batch.verdicts[n] = Rejected(no.code, no.message, no.fields, no.existing)

    def _write_roles(self, batch: Batch) -> None:
        """After the rows themselves: what fails then leaves a write half done, unless it was all of it."""
        mine = {v.id: n for n, v in batch.done() if CONTACTS in batch.writes[n].fields}
        wrong = self._roles.write({id: batch.writes[n].fields[CONTACTS] for id, n in mine.items()})
        for id, n in mine.items():
            write = batch.writes[n]
            outcome = wrong.get(id)
            if outcome is None:
                batch.verdicts[n] = Done(id)
            elif write.id is None or plain(write):
                batch.verdicts[n] = Unknown("written, but not its contact roles")
            else:
                batch.verdicts[n] = outcome

    def _read_back(self, batch: Batch) -> None:
        done = batch.done()
        for object, shape in batch.shapes.items():
            mine = [(n, verdict) for n, verdict in done if batch.writes[n].object == object]
            for n, verdict in mine:
                if verdict.row is not None:
                    batch.verdicts[n] = Applied(shape.record(verdict.row))
            unread = [(n, verdict.id) for n, verdict in mine if verdict.row is None]
            if not unread:
                continue
            try:
                records = {r.ref.id: r for r in self._reader.by_ids(shape, [id for _, id in unread])}
            except SyncError:
                batch.put([n for n, _ in unread], [Unknown("written, but it could not be read back")] * len(unread))
                continue
            for n, id in unread:
                batch.verdicts[n] = Applied(records[id])
