"""Rows as records: which fields to ask for, and how to read what comes back.

Besides what the engine asks, each object has a few fields that tell what became of a record: binned, merged into
another (MasterRecordId names the winner) or, for a lead, converted into a contact.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from typing import Any

from connectors.port import Record, Ref
from connectors.salesforce import soql
from connectors.salesforce.values import to_ms

SYSTEM = "salesforce"
STAMP = "SystemModstamp"
_ALWAYS = ("Id", STAMP, "CreatedDate")
_MERGEABLE = frozenset(("Account", "Contact", "Lead"))
_CONVERTED = {
    "Contact": "ConvertedContactId",
    "Account": "ConvertedAccountId",
    "Opportunity": "ConvertedOpportunityId",
}
_WITHOUT_BIN = frozenset(("User", "Group", "Organization", "OpportunityStage", "LeadStatus", "TaskStatus"))

CONTACTS = "@contacts"
"""Pseudo-field of opportunities: the contact ids of their contact roles, sorted."""


def _contacts(row: Mapping[str, Any]) -> list[str] | None:
    inner = row.get("OpportunityContactRoles") or {}
    return sorted({each["ContactId"] for each in inner.get("records") or () if each["ContactId"]}) or None


SUBQUERIES: Mapping[str, Mapping[str, tuple[str, Callable[[Mapping[str, Any]], Any]]]] = {
    # queryAll shows deleted rows as well.
    "Opportunity": {CONTACTS: ("(SELECT ContactId FROM OpportunityContactRoles WHERE IsDeleted = false)", _contacts)}
}
"""Object → pseudo-field → its subquery, and its value in a row."""

stamp_ms = lru_cache(maxsize=4096)(to_ms)
"""Cached: a page holds few distinct seconds."""


class Shape:
    """How one object is asked for and read, for one set of native fields (parents by dot: `Account.Name`).

    `readers` are those fields that a subquery brings: field → the subquery, and how its value is read from a row.
    `flat`: rows hold a parent's field under its dotted name (CSV) instead of nested.
    """

    def __init__(self, object: str, fields: Sequence[str], *, flat: bool = False) -> None:
        self.object = object
        mine = SUBQUERIES.get(object, {})
        self.readers = tuple((name, mine[name][1]) for name in dict.fromkeys(fields) if name in mine)
        self.children = tuple(mine[name][0] for name, _ in self.readers)
        names = dict.fromkeys(name for name in fields if name not in mine)
        self.plain = tuple(name for name in names if flat or "." not in name)
        self.dotted = tuple((name, tuple(name.split("."))) for name in names if "." in name and not flat)
        self.binned = object not in _WITHOUT_BIN
        self.merges = object in _MERGEABLE
        self.converts = object == "Lead"
        fate = [*_ALWAYS]
        fate += ["IsDeleted"] if self.binned else []
        fate += ["MasterRecordId"] if self.merges else []
        fate += ["IsConverted", *_CONVERTED.values()] if self.converts else []
        self.select = tuple(dict.fromkeys((*fate, *self.plain, *(name for name, _ in self.dotted))))

    def record(self, row: dict[str, Any]) -> Record:
        """One row of a query or retrieve."""
        get = row.get
        try:
            fields = {name: row[name] for name in self.plain}
        except KeyError:
            fields = _folded(row, self.plain)
        for name, path in self.dotted:
            fields[name] = _dig(row, path)
        for name, read in self.readers:
            fields[name] = read(row)
        created = get("CreatedDate")
        return Record(
            Ref(SYSTEM, self.object, row["Id"]),
            fields,
            stamp_ms(row[STAMP]),
            stamp_ms(created) if created else None,
            get("IsDeleted") is True,
            self._moved(row) if self.merges else None,
            self._converted(row) if self.converts else (),
        )

    @property
    def queried(self) -> bool:
        """Only a query can bring it all, neither a retrieve by id nor a bulk job."""
        return bool(self.dotted or self.children)

    def ask(self, where: str = "", order: str = "") -> str:
        """The query."""
        return soql.select(self.select, self.object, where, order, self.children)

    def gone(self, id: str, at: int) -> Record:
        """A record that is nowhere any more: beyond the bin, or never there."""
        return Record(Ref(SYSTEM, self.object, id), {}, at, deleted=True)

    def _moved(self, row: dict[str, Any]) -> Ref | None:
        winner = row.get("MasterRecordId")
        if winner:
            return Ref(SYSTEM, self.object, winner)
        contact = row.get("ConvertedContactId") if self.converts else None
        return Ref(SYSTEM, "Contact", contact) if contact else None

    def _converted(self, row: dict[str, Any]) -> tuple[Ref, ...]:
        return tuple(Ref(SYSTEM, object, id) for object, name in _CONVERTED.items() if (id := row.get(name)))


def _folded(row: dict[str, Any], names: Sequence[str]) -> dict[str, Any]:
    """Salesforce answers in its own spelling of a name, whatever the case it was asked in: no value may get lost."""
    folded = {name.casefold(): value for name, value in row.items()}
    return {name: folded.get(name.casefold()) for name in names}


def _dig(row: dict[str, Any], path: tuple[str, ...]) -> Any:
    value: Any = row
    for step in path:
        if value is None:
            return None
        value = value[step] if step in value else _folded(value, (step,))[step]
    return value
