"""Writing in batches, with an outcome for each record whatever HubSpot does to the batch.

An update is preceded by one read of the whole batch: it tells who has moved on since (Stale), and what a record
holds beside what we write, so that the answer to the write is enough to know how it is stored now.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from connectors.errors import SyncError
from connectors.hubspot import rows
from connectors.hubspot.answers import Answer, Fault
from connectors.hubspot.api import Api
from connectors.hubspot.conflicts import Conflicts
from connectors.hubspot.consent import Consent
from connectors.hubspot.links import TARGETS, Links, linkable, unlinked
from connectors.hubspot.reading import BATCH, Reader
from connectors.hubspot.sending import Sender, deferred
from connectors.port import PARENT_GONE, Applied, Outcome, Record, Rejected, Stale, Unknown, Write


@dataclass(slots=True)
class _Job:
    """At most 100 writes of one object that go in one call, all by one verb, of different records."""

    object: str
    verb: str
    """create, update, archive."""
    places: list[int] = field(default_factory=list)


class Writer:
    """`write` of the port."""

    def __init__(self, api: Api, reader: Reader, links: Links) -> None:
        self._api = api
        self._door = api.door
        self._reader = reader
        self._links = links
        self._consent = Consent(api)
        self._conflicts = Conflicts(reader)

    def write(self, writes: Sequence[Write], fields: Sequence[str]) -> Iterator[Outcome]:
        """In order.  Raises what befalls the system only if that befell the first call; later it defers."""
        outcomes: dict[int, Outcome] = {}
        told = 0
        for done in self._rounds(writes, fields):
            outcomes.update(done)
            while told in outcomes:
                yield outcomes.pop(told)
                told += 1

    def _rounds(self, writes: Sequence[Write], fields: Sequence[str]) -> Iterator[dict[int, Outcome]]:
        """The first job goes alone, so that an exception leaves no outcome behind; the others go side by side.

        Two writes to one record go in different rounds, so that they keep their order.
        """
        jobs = _jobs(writes)
        first = jobs[0].pop(0) if jobs else None
        if first is not None:
            yield self._carry_out(writes, fields, first)
        for round in jobs:
            yield from self._door.map(partial(self._carefully, writes, fields), round)

    def _carefully(self, writes: Sequence[Write], fields: Sequence[str], job: _Job) -> dict[int, Outcome]:
        try:
            return self._carry_out(writes, fields, job)
        except SyncError as error:
            return {place: deferred(error) for place in job.places}

    def _carry_out(self, writes: Sequence[Write], fields: Sequence[str], job: _Job) -> dict[int, Outcome]:
        batch = {place: writes[place] for place in job.places}
        work = {"create": self._create, "update": self._update, "archive": self._archive}
        done = work[job.verb](job.object, batch, fields)
        return {place: self._consent.as_said(batch[place], outcome) for place, outcome in done.items()}

    # -- creations ---------------------------------------------------------------------------------------------

    def _create(self, object: str, batch: Mapping[int, Write], fields: Sequence[str]) -> dict[int, Outcome]:
        inputs = {place: self._create_input(place, write) for place, write in batch.items()}
        sender = Sender(partial(self._api.batch_create, object), f"a creation of {object}", self._match_created(batch))
        sent = sender.send(inputs)
        outcomes = dict(sent.settled)
        outcomes.update(self._judge(object, batch, sent.faults))
        made = {place: str(row["id"]) for place, row in sent.rows.items()}
        outcomes.update(self._consent.after_creation(batch, made))
        wanting = [place for place in made if place not in outcomes]
        records = self._complete(object, fields, {place: sent.rows[place] for place in wanting}, {})
        return {**outcomes, **{place: _linked(batch[place], outcome) for place, outcome in records.items()}}

    def _judge(self, object: str, batch: Mapping[int, Write], faults: Mapping[int, Fault]) -> dict[int, Outcome]:
        """HubSpot refuses an association with a record that is not there in words that no guide fixes: so look."""
        odd = {place: batch[place] for place, found in faults.items() if not (found.conflict or found.fields)}
        try:
            missing = self._links.missing(odd)
        except SyncError:
            missing = {}
        gone: dict[int, Outcome] = {
            place: Rejected(PARENT_GONE, faults[place].message, names) for place, names in missing.items()
        }
        rest = {place: found for place, found in faults.items() if place not in gone}
        return {**gone, **self._conflicts.judge(object, batch, rest)}

    def _create_input(self, place: int, write: Write) -> dict[str, Any]:
        links = self._links.at_creation(write.object, write.fields)
        return {
            "objectWriteTraceId": str(place),
            "properties": {name: text for name, text in _properties(write).items() if text != ""},
            **({"associations": links} if links else {}),
        }

    def _match_created(self, batch: Mapping[int, Write]) -> Callable[[Mapping[str, Any]], int | None]:
        """Which input a result belongs to: by its trace, else by the sync key it holds."""
        by_key = {rows.native(write.key.value): place for place, write in batch.items() if write.key}
        names = {write.key.field for write in batch.values() if write.key}

        def place_of(row: Mapping[str, Any]) -> int | None:
            trace = str(row.get("objectWriteTraceId") or "")
            if trace.isdigit() and int(trace) in batch:
                return int(trace)
            properties = row.get("properties") or {}
            return next((by_key[v] for name in names if (v := properties.get(name)) in by_key), None)

        return place_of

    # -- updates -----------------------------------------------------------------------------------------------

    def _update(self, object: str, batch: Mapping[int, Write], fields: Sequence[str]) -> dict[int, Outcome]:
        before = self._look(object, batch, fields)
        outcomes = _stale(batch, before)
        going = {place: write for place, write in batch.items() if place not in outcomes}
        outcomes.update(self._consent.withdraw(going, before))
        going = _without(going, outcomes)
        outcomes.update(self._clear_stages(object, going, begun=bool(outcomes)))
        going = _without(going, outcomes)
        inputs = {place: _update_input(place, write) for place, write in going.items() if _properties(write)}
        forced = any(rows.FORCED_STAGE in write.fields for write in going.values())
        sent = self._sender(object, going).send(inputs, begun=bool(outcomes) or forced)
        outcomes.update(sent.settled)
        outcomes.update({place: _refused(going[place], fault) for place, fault in sent.faults.items()})
        going = _without(going, outcomes)
        outcomes.update(self._link(object, going, before))
        answered = {place: _answered(write, sent.rows.get(place)) for place, write in _without(going, outcomes).items()}
        return {**outcomes, **self._complete(object, fields, answered, before)}

    def _look(self, object: str, batch: Mapping[int, Write], fields: Sequence[str]) -> dict[str, Record | None]:
        consent = any(rows.SUBSCRIPTIONS in write.fields for write in batch.values())
        names = {*fields, "email", rows.SUBSCRIPTIONS} if consent else fields
        return self._reader.batch(object, sorted(names), [write.id for write in batch.values() if write.id])

    def _sender(
        self,
        object: str,
        batch: Mapping[int, Write],
        call: Callable[[Sequence[Mapping[str, Any]]], Answer] | None = None,
    ) -> Sender:
        by_id = {write.id: place for place, write in batch.items()}
        call = call or partial(self._api.batch_update, object)
        return Sender(call, f"an update of {object}", lambda row: by_id.get(str(row.get("id"))))

    def _clear_stages(self, object: str, batch: Mapping[int, Write], begun: bool) -> dict[int, Outcome]:
        """The lifecycle goes back only from blank, and a batch promises no order: so clear first, in a call of its
        own (contacts guide)."""
        forced = {place: write for place, write in batch.items() if rows.FORCED_STAGE in write.fields}
        inputs = {place: {"id": write.id, "properties": {"lifecyclestage": ""}} for place, write in forced.items()}
        sent = self._sender(object, forced).send(inputs, begun=begun)
        return {**sent.settled, **{place: _refused(forced[place], fault) for place, fault in sent.faults.items()}}

    def _link(self, object: str, batch: Mapping[int, Write], before: Mapping[str, Record | None]) -> dict[int, Outcome]:
        """After the properties: an association that fails then leaves a write half done, unless it was all of it."""
        outcomes: dict[int, Outcome] = {}
        begun = {place for place, write in batch.items() if _properties(write)}
        for name in filter(partial(linkable, object), TARGETS):
            mine = {place: write for place, write in _without(batch, outcomes).items() if name in write.fields}
            wanted = {write.id: write.fields[name] for write in mine.values() if write.id}
            wrong = self._links.write(object, name, wanted, before) if wanted else {}
            for place, write in mine.items():
                outcome = wrong.get(write.id or "")
                if outcome is not None:
                    outcomes[place] = Unknown("written, but not linked") if place in begun else outcome
            begun |= mine.keys()
        return outcomes

    # -- archiving ---------------------------------------------------------------------------------------------

    def _archive(self, object: str, batch: Mapping[int, Write], fields: Sequence[str]) -> dict[int, Outcome]:
        """HubSpot says nothing of single records, so what it did not refuse is done."""
        before = self._look(object, batch, fields)
        outcomes = _stale(batch, before)
        going = _without(batch, outcomes)
        sender = self._sender(object, going, call=partial(self._to_bin, object))
        sent = sender.send({place: {"id": write.id} for place, write in going.items()}, begun=bool(outcomes))
        outcomes.update(sent.settled)
        outcomes.update({place: _refused(going[place], fault) for place, fault in sent.faults.items()})
        at = self._door.server_now()
        for place in sent.rows:
            record = before[going[place].id or ""]
            assert record is not None, "what was not there is stale"
            outcomes[place] = Applied(record._replace(deleted=True, version=max(record.version, at)))
        return outcomes

    def _to_bin(self, object: str, inputs: Sequence[Mapping[str, Any]]) -> Answer:
        answer = self._api.batch_archive(object, [str(input["id"]) for input in inputs])
        return Answer(200, {"results": list(inputs)}) if answer.good else answer

    # -- answers -----------------------------------------------------------------------------------------------

    def _complete(
        self,
        object: str,
        fields: Sequence[str],
        answered: Mapping[int, Mapping[str, Any]],
        before: Mapping[str, Record | None],
    ) -> dict[int, Outcome]:
        """Records as now stored: the answer laid over what was read just before; else read once more."""
        outcomes: dict[int, Outcome] = {}
        open_: dict[int, str] = {}
        for place, row in answered.items():
            record = _laid_over(object, row, fields, before.get(str(row["id"])))
            if record is None:
                open_[place] = str(row["id"])
            else:
                outcomes[place] = Applied(record)
        if open_:
            outcomes.update(self._read_again(object, fields, open_, answered))
        return outcomes

    def _read_again(
        self, object: str, fields: Sequence[str], open_: Mapping[int, str], answered: Mapping[int, Mapping[str, Any]]
    ) -> dict[int, Outcome]:
        """The write happened; if this read fails, Unknown makes the engine look for itself."""
        try:
            found = self._reader.batch(object, fields, list(open_.values()))
        except SyncError as error:
            return {place: Unknown(f"written, but could not be read: {error}") for place in open_}
        outcomes: dict[int, Outcome] = {}
        for place, id in open_.items():
            record = found[id]
            outcomes[place] = Applied(record) if record else Unknown("written, but gone when it was read")
        return outcomes


def _jobs(writes: Sequence[Write]) -> list[list[_Job]]:
    """Rounds of jobs."""
    rounds: list[dict[tuple[str, str], list[_Job]]] = []
    turns: dict[tuple[str, str], int] = {}
    for place, write in enumerate(writes):
        turn = 0
        if write.id is not None:
            turn = turns.get((write.object, write.id), 0)
            turns[write.object, write.id] = turn + 1
        if turn == len(rounds):
            rounds.append({})
        verb = "create" if write.id is None else "archive" if write.archive else "update"
        open_ = rounds[turn].setdefault((write.object, verb), [])
        if not open_ or len(open_[-1].places) == BATCH:
            open_.append(_Job(write.object, verb))
        open_[-1].places.append(place)
    return [[job for jobs in kinds.values() for job in jobs] for kinds in rounds]


def _properties(write: Write) -> dict[str, str]:
    """Native properties; pseudo-fields go other ways."""
    plain = {name: value for name, value in write.fields.items() if not name.startswith("@")}
    return {name.removesuffix("!"): rows.native(value) for name, value in plain.items()}


def _update_input(place: int, write: Write) -> dict[str, Any]:
    return {"id": write.id, "properties": _properties(write), "objectWriteTraceId": str(place)}


def _linked(write: Write, outcome: Outcome) -> Outcome:
    if isinstance(outcome, Applied) and unlinked(write.object, write.fields, outcome.record):
        return Unknown("created, but not linked")
    return outcome


def _without(batch: Mapping[int, Write], outcomes: Mapping[int, Outcome]) -> dict[int, Write]:
    return {place: write for place, write in batch.items() if place not in outcomes}


def _answered(write: Write, row: Mapping[str, Any] | None) -> Mapping[str, Any]:
    """The row to complete: without properties it will be read again, as it must be where pseudo-fields were set."""
    if row is None or any(name.startswith("@") for name in write.fields):
        return {"id": write.id}
    return row


def _stale(batch: Mapping[int, Write], before: Mapping[str, Record | None]) -> dict[int, Outcome]:
    outcomes: dict[int, Outcome] = {}
    for place, write in batch.items():
        record = before[write.id] if write.id else None
        if record is None:
            outcomes[place] = Stale(reason="gone")
        elif write.unless_changed_since is not None and record.version > write.unless_changed_since:
            outcomes[place] = Stale(reason="changed since")
    return outcomes


def _refused(write: Write, fault: Fault) -> Outcome:
    if fault.gone:
        return Stale(reason="gone")
    taken = fault.existing if fault.existing != write.id else None
    # Of a contact only the address is told to be taken, and not by its name.
    address = tuple({"email"} & write.fields.keys()) if taken and write.object == "contacts" else ()
    return Rejected("CONTACT_EXISTS" if taken else fault.code, fault.message, fault.fields or address, taken)


def _laid_over(object: str, row: Mapping[str, Any], fields: Sequence[str], before: Record | None) -> Record | None:
    """None: the answer and the earlier read together do not tell every field and the version."""
    properties = row.get("properties") or {}
    if not properties or not (rows.stamp(object) in properties or row.get("updatedAt")):
        return None
    told = [name for name in fields if name.removesuffix("!") in properties]
    after = rows.record(object, row, told)
    if before is None:
        return after if len(told) == len(fields) else None
    held = {name: before.fields.get(name) for name in fields}
    return before._replace(fields={**held, **after.fields}, version=after.version)
