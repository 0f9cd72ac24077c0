"""Associations as fields: `@company` is the primary company of a contact or deal; where HubSpot knows no primary one,
as for the `@contact` of a deal, it is the first.

The list gives associations with the records; for searches and reads they cost one call a page.  A field of this kind
changes without the record's own time moving, so it is seen when the record is next read.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from connectors.errors import SyncError
from connectors.hubspot import rows
from connectors.hubspot.answers import fault
from connectors.hubspot.api import Api
from connectors.port import Outcome, Record, Rejected, Unknown

TARGETS = {"@company": "companies", "@contact": "contacts", "@deal": "deals"}

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
_MOST = 1_000


def linkable(object: str, name: str) -> bool:
    """Whether this pseudo-field exists on this object."""
    return (object, TARGETS.get(name)) in _TYPES


class Links:
    """Reads and writes associations for the rest of the connector."""

    def __init__(self, api: Api) -> None:
        self._api = api

    def listed(self, object: str, fields: Sequence[str]) -> list[str]:
        """What to ask the list for."""
        return [TARGETS[name] for name in fields if linkable(object, name)]

    def of_rows(
        self, object: str, fields: Sequence[str], found: Sequence[Mapping[str, Any]], *, listed: bool = False
    ) -> list[Record]:
        """Rows as records, associations included: from the rows if the list was asked for them, else asked for now."""
        named = [name for name in fields if linkable(object, name)]
        records = [rows.record(object, row, fields) for row in found]
        if not named or not found or found[0].get("archived"):
            return records
        if listed:
            return [
                self._with(record, named, {name: _listed(object, name, row) for name in named})
                for record, row in zip(records, found, strict=True)
            ]
        ids = [record.ref.id for record in records]
        by_field = {name: self.read(object, name, ids) for name in named}
        return [
            self._with(record, named, {name: by_field[name].get(record.ref.id) for name in named}) for record in records
        ]

    def read(self, object: str, name: str, ids: Sequence[str]) -> dict[str, str]:
        """Id → id of the record it is linked to."""
        found: dict[str, str] = {}
        for start in range(0, len(ids), _MOST):
            body = self._api.associations(object, TARGETS[name], ids[start : start + _MOST])
            for entry in body.get("results") or []:
                if to := [link for link in entry.get("to") or [] if self._counts(object, name, link)]:
                    first = min(to, key=lambda link: int(link["toObjectId"]))
                    found[str(entry["from"]["id"])] = str(first["toObjectId"])
        return found

    def _counts(self, object: str, name: str, link: Mapping[str, Any]) -> bool:
        types = {kind.get("typeId") for kind in link.get("associationTypes") or []}
        wanted = _TYPES[object, TARGETS[name]]
        return wanted not in _PRIMARY or wanted in types

    def at_creation(self, object: str, fields: Mapping[str, Any]) -> list[dict[str, Any]]:
        """The `associations` of a create input."""
        wanted = [(TARGETS[name], id) for name, id in fields.items() if linkable(object, name) and id]
        return [{"to": {"id": str(id)}, "types": [_spec(object, to)]} for to, id in wanted]

    def write(self, object: str, name: str, wanted: Mapping[str, str | None]) -> dict[str, Outcome]:
        """Point records at others (None: at nothing).  Returns what went wrong, by id."""
        try:
            return self._write(object, name, wanted)
        except SyncError as error:  # the record's own fields may be written by now, so nothing short of Unknown is true
            return {id: Unknown(str(error)) for id in wanted}

    def _write(self, object: str, name: str, wanted: Mapping[str, str | None]) -> dict[str, Outcome]:
        to = TARGETS[name]
        wrong: dict[str, Outcome] = {}
        set_, cleared = {i: t for i, t in wanted.items() if t}, [i for i, t in wanted.items() if not t]
        if cleared:
            inputs = [_pair(id, target, many=True) for id, target in self.read(object, name, cleared).items()]
            if inputs:
                answer = self._api.dissociate(object, to, inputs)
                wrong.update({} if answer.good else _all_wrong(cleared, answer.body, answer.status))
        if set_:
            inputs = [{**_pair(id, target), "types": [_spec(object, to)]} for id, target in set_.items()]
            answer = self._api.associate(object, to, inputs)
            wrong.update({} if answer.status in (200, 201) else self._unlinked(set_, answer.body, answer.status))
        return wrong

    def _unlinked(self, wanted: Mapping[str, str], body: Mapping[str, Any], status: int) -> dict[str, Outcome]:
        """A refused batch wrote nothing; a 207 says whom it linked."""
        made = {str((entry.get("from") or {}).get("id") or entry.get("fromObjectId")) for entry in _results(body)}
        return _all_wrong([id for id in wanted if id not in made], _first_error(body), status)

    def _with(self, record: Record, named: Iterable[str], links: Mapping[str, str | None]) -> Record:
        fields = {**record.fields, **{name: links.get(name) for name in named}}
        return replace(record, fields=fields)


def _listed(object: str, name: str, row: Mapping[str, Any]) -> str | None:
    """From `associations.companies.results[{id, type}]`, where only a primary one is listed without `_unlabeled`."""
    listed = ((row.get("associations") or {}).get(TARGETS[name]) or {}).get("results") or []
    if _TYPES[object, TARGETS[name]] in _PRIMARY:
        listed = [entry for entry in listed if not str(entry.get("type", "")).endswith("_unlabeled")]
    return min((str(entry["id"]) for entry in listed), key=int, default=None)


def _spec(object: str, to: str) -> dict[str, Any]:
    return {"associationCategory": "HUBSPOT_DEFINED", "associationTypeId": _TYPES[object, to]}


def _pair(id: str, target: str, many: bool = False) -> dict[str, Any]:
    return {"from": {"id": id}, "to": [{"id": target}] if many else {"id": target}}


def _results(body: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    return [entry for entry in body.get("results") or [] if isinstance(entry, Mapping)]


def _first_error(body: Mapping[str, Any]) -> Mapping[str, Any]:
    errors = body.get("errors")
    return errors[0] if isinstance(errors, list) and errors and "status" in errors[0] else body


def _all_wrong(ids: Iterable[str], body: Mapping[str, Any], status: int) -> dict[str, Outcome]:
    found = fault(body, status)
    return {id: Rejected(found.code, found.message, found.fields) for id in ids}
