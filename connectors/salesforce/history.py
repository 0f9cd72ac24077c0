"""What fields held before, where Salesforce kept it: the rows of field history of what an administrator chose to track,
and for opportunities the snapshots of stage, amount, close date and probability, which are always kept."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from connectors.errors import Stop
from connectors.port import Past
from connectors.salesforce import paths, soql
from connectors.salesforce.api import Api
from connectors.salesforce.rows import stamp_ms
from connectors.salesforce.values import is_id

_TRACKED = {
    "Lead": ("LeadHistory", "LeadId"),
    "Contact": ("ContactHistory", "ContactId"),
    "Account": ("AccountHistory", "AccountId"),
    "Opportunity": ("OpportunityFieldHistory", "OpportunityId"),
}
_SNAPSHOT = ("StageName", "Amount", "CloseDate", "Probability")
_LABELS = {"OwnerId": "Owner", "AccountId": "Account"}
"""Field → what its history rows call it.  A change of a reference makes two rows, one with names and one with ids."""
_ROOM = 500
TOLD = (paths.LONGEST_URL - _ROOM) // 30
"""Ids that go into one query."""

Found = dict[str, dict[str, list[Past]]]


class History:
    """`Connector.history` for one org."""

    def __init__(self, api: Api) -> None:
        self._api = api
        self._us = ""

    def of(self, object: str, ids: Sequence[str], fields: Sequence[str]) -> Found:
        """Newest first; empty for what is not tracked.  Of who changed it Salesforce says only which user: ours is an
        integration, everybody else a human."""
        snapped = [name for name in fields if object == "Opportunity" and name in _SNAPSHOT]
        tracked = [name for name in fields if name not in snapped]
        found: Found = {}
        if snapped:
            self._collect(found, self._snapshots(ids, snapped))
        if tracked and object in _TRACKED:
            self._collect(found, self._rows(object, ids, tracked))
        return found

    def _collect(self, found: Found, told: Iterator[tuple[str, str, Past]]) -> None:
        try:
            for id, name, past in told:
                values = found.setdefault(id, {}).setdefault(name, [])
                # A snapshot repeats what did not change; the older of two equal values is when it was put there.
                if values and values[-1].value == past.value:
                    values.pop()
                values.append(past)
        except Stop:
            return  # no tracking, not for us, or not to be asked so: then nothing is known, and nothing else suffers

    def _snapshots(self, ids: Sequence[str], names: Sequence[str]) -> Iterator[tuple[str, str, Past]]:
        head = ("OpportunityId", "CreatedDate", "CreatedById")
        for row in self._ask("OpportunityHistory", "OpportunityId", (*head, *names), ids):
            for name in names:
                yield row["OpportunityId"], name, self._past(row[name], row)

    def _rows(self, object: str, ids: Sequence[str], names: Sequence[str]) -> Iterator[tuple[str, str, Past]]:
        history, parent = _TRACKED[object]
        shown = {_LABELS.get(name, name): name for name in names}
        select = (parent, "Field", "OldValue", "NewValue", "CreatedDate", "CreatedById")
        first: dict[tuple[str, str], Any] = {}
        for row in self._ask(history, parent, select, ids, soql.is_in("Field", list(shown))):
            name = shown.get(row["Field"])
            old, value = row["OldValue"], row["NewValue"]
            if name is not None and not (name in _LABELS and not all(is_id(str(v)) for v in (old, value) if v)):
                first[row[parent], name] = old
                yield row[parent], name, self._past(value, row)
        for (id, name), old in first.items():
            if old is not None:
                yield id, name, Past(old, 0, "unknown")

    def _ask(
        self, object: str, parent: str, select: Sequence[str], ids: Sequence[str], where: str = ""
    ) -> Iterator[dict[str, Any]]:
        for part in soql.chunks(list(dict.fromkeys(ids)), paths.LONGEST_URL - _ROOM - len(where) * 3):
            condition = soql.is_in(parent, part) + (f" AND {where}" if where else "")
            query = soql.select(select, object, condition, "CreatedDate DESC, Id DESC")
            yield from self._api.rows(query, f"read {object}")

    def _past(self, value: Any, row: dict[str, Any]) -> Past:
        self._us = self._us or self._api.user_id()
        actor = str(row["CreatedById"] or "")
        kind = "integration" if actor == self._us else "human"
        return Past(value, stamp_ms(row["CreatedDate"]), kind, actor)
