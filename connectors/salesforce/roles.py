"""The contacts of an opportunity as a field: `@contacts` lists the contact ids of its OpportunityContactRole rows.

They are read with the opportunity, by a subquery.  Writing the list adds and removes rows; a row that stays keeps its
role and its primary mark.  A new or removed row does not move the opportunity's stamp, so a poll asks for the rows that
changed as well, in the same call.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from connectors.errors import SyncError
from connectors.port import Outcome, Rejected, Unknown, Write
from connectors.salesforce import paths, soql
from connectors.salesforce.api import Api
from connectors.salesforce.collection import Collection
from connectors.salesforce.rows import CONTACTS
from connectors.salesforce.values import long_id
from connectors.salesforce.verdicts import Contested, Done, Halted, Orphaned, Verdict, deferred

OBJECT = "Opportunity"
ROLE = "OpportunityContactRole"
_ROOM = 400


def changed_since(stamp_ms: int) -> str:
    """The query for rows that were made, changed or removed from then on."""
    return soql.select(("OpportunityId",), ROLE, f"SystemModstamp >= {soql.moment(stamp_ms)}", "SystemModstamp, Id")


class Roles:
    """Writes the lists."""

    def __init__(self, api: Api, collection: Collection) -> None:
        self._api = api
        self._collection = collection

    def write(self, wanted: Mapping[str, Any]) -> dict[str, Outcome]:
        """Opportunity → what went wrong: Rejected or deferred where nothing was done, Unknown where something was."""
        if not wanted:
            return {}
        try:
            present = self._present(list(wanted))
        except SyncError as error:
            return dict.fromkeys(wanted, deferred(error))
        add, remove = _changes(wanted, present)
        wrong: dict[str, Outcome] = {}
        begun: set[str] = set()
        for writes in (add, remove):
            going = [(id, write) for id, write in writes if id not in wrong]
            for (id, _), verdict in zip(going, self._send([write for _, write in going]), strict=True):
                if isinstance(verdict, Done):
                    begun.add(id)
                elif id not in wrong or isinstance(verdict, Unknown):
                    wrong[id] = _outcome(verdict)
        return {id: Unknown("only some of the contact roles could be changed") if id in begun else outcome
                for id, outcome in wrong.items()}  # fmt: skip

    def _send(self, writes: Sequence[Write]) -> list[Verdict]:
        if not writes:
            return []
        return self._collection.bin(writes) if writes[0].archive else self._collection.blind(writes)

    def _present(self, ids: Sequence[str]) -> dict[str, list[tuple[str, str]]]:
        """Opportunity → (row, contact)."""
        found: dict[str, list[tuple[str, str]]] = {}
        for part in soql.chunks(ids, paths.LONGEST_URL - _ROOM):
            query = soql.select(("Id", "OpportunityId", "ContactId"), ROLE, soql.is_in("OpportunityId", part))
            for row in self._api.rows(query, f"read {ROLE}"):
                found.setdefault(row["OpportunityId"], []).append((row["Id"], row["ContactId"]))
        return found


def _changes(
    wanted: Mapping[str, Any], present: Mapping[str, Sequence[tuple[str, str]]]
) -> tuple[list[tuple[str, Write]], list[tuple[str, Write]]]:
    add: list[tuple[str, Write]] = []
    remove: list[tuple[str, Write]] = []
    for id, value in wanted.items():
        contacts = list(dict.fromkeys(long_id(str(contact)) for contact in value or ()))
        rows = present.get(long_id(id), ())
        there = {contact for _, contact in rows}
        add += [
            (id, Write(ROLE, None, {"OpportunityId": id, "ContactId": contact}))
            for contact in contacts
            if contact not in there
        ]
        remove += [(id, Write(ROLE, row, {}, archive=True)) for row, contact in rows if contact not in contacts]
    return add, remove


def _outcome(verdict: Verdict) -> Outcome:
    if isinstance(verdict, Orphaned):
        return verdict.rejected((CONTACTS,))
    if isinstance(verdict, Halted):
        return deferred(verdict.error)
    if isinstance(verdict, Rejected):
        return Rejected(verdict.code, verdict.message, (CONTACTS,))
    assert not isinstance(verdict, Done | Contested), "it went wrong, and for no unique value"
    return verdict
