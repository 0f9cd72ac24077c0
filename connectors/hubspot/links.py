"""Associations as fields.

`@company`, `@contact` and `@deal` hold one id: the primary company of a contact or deal, of a deal without a primary
one its only company; where HubSpot knows no primary one, the lowest id.  `@contacts` holds all of them, in order.

The list gives associations with the records; for searches and reads they cost one call a page.  Most of them change
without the record's own time moving, so they are seen when the record is next read (`Field.silent`).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from connectors.errors import SyncError
from connectors.hubspot import rows
from connectors.hubspot.answers import Answer, Fault, fault
from connectors.hubspot.api import Api
from connectors.port import PARENT_GONE, Field, Outcome, Record, Rejected, Stale, Unknown, Write

ENGAGEMENTS = ("calls", "emails", "meetings", "notes", "tasks")
_ONE = {"@company": "companies", "@contact": "contacts", "@deal": "deals"}
_MANY = {"@contacts": "contacts"}
TARGETS = {**_ONE, **_MANY}
_LABELS = {
    "@company": "Associated company",
    "@contact": "Associated contact",
    "@deal": "Associated deal",
    "@contacts": "Associated contacts",
}

_TYPES: Mapping[tuple[str, str], int] = {
    ("contacts", "companies"): 1,
    ("deals", "companies"): 5,
    ("deals", "contacts"): 3,
    ("contacts", "deals"): 4,
    ("calls", "contacts"): 194,
    ("calls", "companies"): 182,
    ("calls", "deals"): 206,
    ("emails", "contacts"): 198,
    ("emails", "companies"): 186,
    ("emails", "deals"): 210,
    ("meetings", "contacts"): 200,
    ("meetings", "companies"): 188,
    ("meetings", "deals"): 212,
    ("notes", "contacts"): 202,
    ("notes", "companies"): 190,
    ("notes", "deals"): 214,
    ("tasks", "contacts"): 204,
    ("tasks", "companies"): 192,
    ("tasks", "deals"): 216,
}
"""Association types HubSpot defines; 1 and 5 are the primary company and bring the default type along
(associations guide, list of type ids)."""
_PRIMARY = frozenset({1, 5})
_ONLY_ONE = ("deals", "companies")
"""Whoever is linked by hand or by an import may have no primary mark: with one company there is no doubt.  Of contacts
HubSpot keeps the mark itself (`associatedcompanyid`)."""
_DATED = frozenset({("contacts", "companies")})
"""Associations that show in a property of the record, too, so that its time moves with them."""
_MOST_READ = 1_000
_MOST_WRITTEN = 2_000
_BATCH = 100


def linkable(object: str, name: str) -> bool:
    """Whether this pseudo-field exists on this object."""
    return (object, TARGETS.get(name)) in _TYPES


def fields(object: str) -> dict[str, Field]:
    """The pseudo-fields of an object.  A contact shows its primary company in a property as well, which moves its time;
    of other associations no guide says so."""
    return {
        name: Field(
            name,
            _LABELS[name],
            "references" if name in _MANY else "reference",
            references=(target,),
            silent=(object, target) not in _DATED,
        )
        for name, target in TARGETS.items()
        if linkable(object, name)
    }


class _Pair(NamedTuple):
    id: str
    to: str


@dataclass(slots=True)
class _Done:
    """What became of the associations that were asked for."""

    made: set[_Pair] = field(default_factory=set)
    faults: dict[_Pair, Fault] = field(default_factory=dict)
    unsure: dict[_Pair, str] = field(default_factory=dict)


class Links:
    """Reads and writes associations for the rest of the connector."""

    def __init__(self, api: Api) -> None:
        self._api = api

    # -- reading -----------------------------------------------------------------------------------------------

    def listed(self, object: str, fields: Sequence[str]) -> list[str]:
        """What to ask the list for."""
        return sorted({TARGETS[name] for name in fields if linkable(object, name)})

    def silent(self, object: str, fields: Sequence[str]) -> bool:
        """Whether any of these may change without the record's own time moving."""
        return any(linkable(object, name) and (object, TARGETS[name]) not in _DATED for name in fields)

    def of_rows(
        self, object: str, fields: Sequence[str], found: Sequence[Mapping[str, Any]], *, listed: bool = False
    ) -> list[Record]:
        """Rows as records, associations included: from the rows if the list was asked for them, else asked for now."""
        named = [name for name in fields if linkable(object, name)]
        records = [rows.record(object, row, fields) for row in found]
        if not named or not found or found[0].get("archived"):
            return records
        by_field: dict[str, Mapping[str, Sequence[str]]] = {}
        for target in self.listed(object, named):
            names = [name for name in named if TARGETS[name] == target]
            told = {str(row["id"]): _listed(object, target, row) for row in found} if listed else {}
            asked = [record.ref.id for record in records if told.get(record.ref.id) is None]
            held = {id: ids for id, ids in told.items() if ids is not None} | self.read(object, target, asked)
            by_field.update(dict.fromkeys(names, held))
        return [
            record._replace(
                fields={**record.fields, **{n: _value(n, by_field[n].get(record.ref.id, ())) for n in named}}
            )
            for record in records
        ]

    def read(self, object: str, target: str, ids: Sequence[str]) -> dict[str, list[str]]:
        """Id → ids of the records it is linked to, of a primary kind only the primary one, in order."""
        found: dict[str, list[tuple[str, bool]]] = {}
        asked: list[dict[str, str]] = [{"id": id} for id in ids]
        while asked:
            body = self._api.associations(object, target, asked[:_MOST_READ])
            asked = asked[_MOST_READ:]
            for entry in body.get("results") or []:
                id = str(entry["from"]["id"])
                links = [(str(link["toObjectId"]), _marked(object, target, link)) for link in entry.get("to") or []]
                found.setdefault(id, []).extend(links)
                after = ((entry.get("paging") or {}).get("next") or {}).get("after")
                if after is not None:
                    asked.append({"id": id, "after": str(after)})
        return {id: _shown(object, target, links) for id, links in found.items()}

    # -- writing -----------------------------------------------------------------------------------------------

    def at_creation(self, object: str, fields: Mapping[str, Any]) -> list[dict[str, Any]]:
        """The `associations` of a create input."""
        wanted = [(TARGETS[name], id) for name, value in fields.items() if linkable(object, name) for id in _ids(value)]
        return [{"to": {"id": id}, "types": [_spec(object, to)]} for to, id in dict.fromkeys(wanted)]

    def missing(self, batch: Mapping[int, Write]) -> dict[int, tuple[str, ...]]:
        """For creations that were refused: the fields that name records that are not there."""
        wanted: dict[str, set[str]] = {}
        for write in batch.values():
            for name, value in write.fields.items():
                if linkable(write.object, name):
                    wanted.setdefault(TARGETS[name], set()).update(_ids(value))
        gone = {target: self._gone(target, sorted(ids)) for target, ids in wanted.items() if ids}
        found = {
            place: tuple(
                name
                for name, value in write.fields.items()
                if linkable(write.object, name) and gone.get(TARGETS[name], set()) & set(_ids(value))
            )
            for place, write in batch.items()
        }
        return {place: names for place, names in found.items() if names}

    def write(
        self, object: str, name: str, wanted: Mapping[str, Any], before: Mapping[str, Record | None]
    ) -> dict[str, Outcome]:
        """Point records at others (None: at nothing).  Returns what went wrong, by id: Rejected where nothing was
        done, Unknown where something was.  `before`: the records as they were just read."""
        try:
            return self._write(object, name, wanted, before)
        except SyncError as error:
            return {id: Unknown(str(error)) for id in wanted}

    def _write(
        self, object: str, name: str, wanted: Mapping[str, Any], before: Mapping[str, Record | None]
    ) -> dict[str, Outcome]:
        target = TARGETS[name]
        held = _held(object, name, before)
        held |= self.read(object, target, [id for id in wanted if id not in held])
        add, remove = _changes(object, name, wanted, held)
        done = self._associate(object, target, add)
        begun = {pair.id for pair in done.made}
        failed = {pair.id for pair in (*done.faults, *done.unsure)}
        # What could not be pointed elsewhere keeps what it has.
        leaving = [pair for pair in remove if pair.id not in failed]
        unsure = {pair.id: why for pair, why in done.unsure.items()}
        for start in range(0, len(leaving), _MOST_WRITTEN):
            part = leaving[start : start + _MOST_WRITTEN]
            try:
                answer = self._api.dissociate(object, target, [_input(pair, many=True) for pair in part])
            except SyncError as error:
                unsure.update({pair.id: str(error) for pair in part})
                continue
            if not answer.good:
                found = fault(answer.body, answer.status)
                done.faults.update(dict.fromkeys(part, found))
        return {
            **self._refused(target, name, done.faults, begun),
            **{id: Unknown(why) for id, why in unsure.items()},
        }

    def _refused(self, target: str, name: str, faults: Mapping[_Pair, Fault], begun: set[str]) -> dict[str, Outcome]:
        gone = self._gone(target, sorted({pair.to for pair in faults}, key=_number)) if faults else set()
        outcomes: dict[str, Outcome] = {}
        for pair, found in faults.items():
            if pair.id in begun:
                outcomes[pair.id] = Unknown("only some of the associations could be made")
            elif pair.to in gone:
                outcomes[pair.id] = Rejected(PARENT_GONE, found.message, (name,))
            elif found.gone and pair.id in found.ids:
                outcomes[pair.id] = Stale(reason="gone")
            else:
                outcomes[pair.id] = Rejected(found.code, found.message, (name,))
        return outcomes

    def _associate(self, object: str, target: str, pairs: Sequence[_Pair]) -> _Done:
        done = _Done()
        for start in range(0, len(pairs), _MOST_WRITTEN):
            self._send(object, target, pairs[start : start + _MOST_WRITTEN], done)
        return done

    def _send(self, object: str, target: str, pairs: Sequence[_Pair], done: _Done) -> None:
        """A 207 says which were made; a refused batch made none, so its halves may be sent again."""
        try:
            answer = self._api.associate(
                object, target, [{**_input(pair), "types": [_spec(object, target)]} for pair in pairs]
            )
        except SyncError as error:
            done.unsure.update(dict.fromkeys(pairs, str(error)))
            return
        if not answer.good:
            if len(pairs) == 1:
                done.faults[pairs[0]] = fault(answer.body, answer.status)
                return
            middle = len(pairs) // 2
            for half in (pairs[:middle], pairs[middle:]):
                self._send(object, target, half, done)
            return
        errors = [fault(entry, 400) for entry in answer.body.get("errors") or [] if isinstance(entry, Mapping)]
        made = set(_made(answer)) if errors else set(pairs)
        for pair in pairs:
            if pair in made:
                done.made.add(pair)
            else:
                mine = [found for found in errors if {pair.id, pair.to} & set(found.ids)]
                done.faults[pair] = (mine or errors)[0]

    def _gone(self, target: str, ids: Sequence[str]) -> set[str]:
        """Those of these records that are not there."""
        there: set[str] = set()
        proper = [id for id in ids if id.isdigit()]
        for start in range(0, len(proper), _BATCH):
            inputs = [{"id": id} for id in proper[start : start + _BATCH]]
            answer = self._api.batch_read(target, {"inputs": inputs, "properties": []})
            if not answer.good and not fault(answer.body, answer.status).gone:
                return set()
            there.update(str(row["id"]) for row in answer.body.get("results") or [])
        return set(ids) - there


def unlinked(object: str, wanted: Mapping[str, Any], record: Record) -> bool:
    """Whether an association that was asked for at creation is not there now: HubSpot may pass over one in silence."""
    for name, value in wanted.items():
        if linkable(object, name) and name in record.fields:
            held = set(_ids(record.fields[name]))
            # Another primary company may have been set by the account itself: that is as stored, and not nothing.
            if not (set(_ids(value)) <= held or (name in _ONE and held)):
                return True
    return False


def _changes(
    object: str, name: str, wanted: Mapping[str, Any], held: Mapping[str, Sequence[str]]
) -> tuple[list[_Pair], list[_Pair]]:
    """Associations to make, and those to take away.

    HubSpot takes the primary mark from one company when it gives it to another.  Where there is no such mark the
    lowest id shows, so what lies before the wanted one must go.
    """
    add: list[_Pair] = []
    remove: list[_Pair] = []
    primary = _TYPES[object, TARGETS[name]] in _PRIMARY
    for id, value in wanted.items():
        ids, now = _ids(value), held.get(id, ())
        add += [_Pair(id, to) for to in ids if to not in now]
        if name in _MANY or not ids:
            remove += [_Pair(id, to) for to in now if to not in ids]
        elif not primary:
            remove += [_Pair(id, to) for to in now if _number(to) < _number(ids[0])]
    return add, remove


def _held(object: str, name: str, before: Mapping[str, Record | None]) -> dict[str, list[str]]:
    """What was read just before, where that tells all there is: one id of several that show as one does not."""
    if name not in _MANY and _TYPES[object, TARGETS[name]] not in _PRIMARY:
        return {}
    return {
        id: _ids(record.fields[name]) for id, record in before.items() if record is not None and name in record.fields
    }


def _ids(value: Any) -> list[str]:
    if value is None or value == "":
        return []
    return [str(id) for id in value] if isinstance(value, list | tuple) else [str(value)]


def _number(id: str) -> int:
    return int(id) if id.isdigit() else 0


def _value(name: str, ids: Sequence[str]) -> Any:
    if not ids:
        return None
    return sorted(ids) if name in _MANY else ids[0]


def _marked(object: str, target: str, link: Mapping[str, Any]) -> bool:
    return _TYPES[object, target] in {kind.get("typeId") for kind in link.get("associationTypes") or []}


def _shown(object: str, target: str, links: Sequence[tuple[str, bool]]) -> list[str]:
    """Which of the linked records a field shows; with each, whether it is marked as primary."""
    every = {id for id, _ in links}
    if _TYPES[object, target] not in _PRIMARY:
        return sorted(every, key=int)
    primary = {id for id, marked in links if marked}
    only = every if (object, target) == _ONLY_ONE and len(every) == 1 else set()
    return sorted(primary or only, key=int)


def _listed(object: str, target: str, row: Mapping[str, Any]) -> list[str] | None:
    """From `associations.companies.results[{id, type}]`, where only a primary one is listed without `_unlabeled`; None
    where the row does not hold them all."""
    listed = (row.get("associations") or {}).get(target) or {}
    if listed.get("paging"):
        return None
    entries = listed.get("results") or []
    links = [(str(entry["id"]), not str(entry.get("type", "")).endswith("_unlabeled")) for entry in entries]
    return _shown(object, target, links)


def _spec(object: str, to: str) -> dict[str, Any]:
    return {"associationCategory": "HUBSPOT_DEFINED", "associationTypeId": _TYPES[object, to]}


def _input(pair: _Pair, many: bool = False) -> dict[str, Any]:
    return {"from": {"id": pair.id}, "to": [{"id": pair.to}] if many else {"id": pair.to}}


def _made(answer: Answer) -> Iterator[_Pair]:
    results: Iterable[Any] = answer.body.get("results") or []
    for entry in results:
        if isinstance(entry, Mapping):
            yield _Pair(_end(entry, "from"), _end(entry, "to"))


def _end(entry: Mapping[str, Any], side: str) -> str:
    """Live answers name the ends in one of two ways."""
    named = entry.get(side)
    return str(named.get("id")) if isinstance(named, Mapping) else str(entry.get(f"{side}ObjectId"))
