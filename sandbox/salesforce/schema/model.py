"""What the org knows of its objects and fields: the words in which describe, SOQL and DML talk to each other."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from sandbox.kernel import Row


class PickValue(NamedTuple):
    """One value of a picklist."""

    value: str
    label: str
    active: bool = True
    default: bool = False


class RecordType(NamedTuple):
    """A sort of records of one object."""

    id: str
    name: str
    """The developer name."""
    label: str
    default: bool
    values: dict[str, tuple[str, ...]]
    """Picklist field → what it offers; of fields that are not here, everything."""


class ChildLink(NamedTuple):
    """A way from a record to those that point at it."""

    relationship: str | None
    """The name a child subquery uses; None when the children cannot be queried so."""
    child: str
    field: str


@dataclass(slots=True)
class FieldMeta:
    """One field, as describe tells it (SOAP guide, DescribeSObjectResult).

    `type` is a describe type: string, boolean, int, double, currency, percent, date, datetime, id, reference, textarea,
    phone, url, email, picklist, multipicklist, combobox, address, encryptedstring, anyType.
    """

    name: str
    type: str
    label: str = ""
    length: int = 0
    precision: int = 0
    scale: int = 0
    nillable: bool = True
    createable: bool = True
    updateable: bool = True
    defaulted_on_create: bool = False
    default: Any = None
    unique: bool = False
    external_id: bool = False
    id_lookup: bool = False
    calculated: bool = False
    formula: str | None = None
    auto_number: bool = False
    case_sensitive: bool = False
    name_field: bool = False
    picklist: tuple[PickValue, ...] = ()
    restricted: bool = False
    reference_to: tuple[str, ...] = ()
    relationship_name: str | None = None
    children_as: str | None = None
    """The name of the relationship seen from the record this field points at."""
    cascade_delete: bool = False
    compound: str | None = None
    """The compound field this one is a part of (compoundFieldName)."""
    filterable: bool = True
    sortable: bool = True
    groupable: bool = True
    help_text: str | None = None
    derive: Callable[[Row], Any] | None = None
    """Gives the value of rows that do not store it."""

    @property
    def custom(self) -> bool:
        return self.name.endswith("__c")

    @property
    def required(self) -> bool:
        """Must be given on create (SOAP guide: createable, not nillable and not defaulted on create)."""
        return self.createable and not self.nillable and not self.defaulted_on_create

    @property
    def polymorphic(self) -> bool:
        return len(self.reference_to) > 1


@dataclass(slots=True)
class ObjectMeta:
    """One object.  `fields` is keyed by API name in describe's order; `find` and `parent` ignore case."""

    name: str
    label: str
    label_plural: str
    key_prefix: str | None
    fields: dict[str, FieldMeta] = field(default_factory=dict)
    children: list[ChildLink] = field(default_factory=list)
    record_types: list[RecordType] = field(default_factory=list)
    """Besides the master."""
    createable: bool = True
    updateable: bool = True
    deletable: bool = True
    undeletable: bool = True
    mergeable: bool = False
    queryable: bool = True
    searchable: bool = True
    tooling: bool = False
    """Answered by the tooling address only."""
    _folded: dict[str, str] = field(default_factory=dict, repr=False)
    _parents: dict[str, str] = field(default_factory=dict, repr=False)

    @property
    def custom(self) -> bool:
        return self.name.endswith("__c")

    def add(self, meta: FieldMeta) -> None:
        self.fields[meta.name] = meta
        self._folded[meta.name.lower()] = meta.name
        if meta.relationship_name:
            self._parents[meta.relationship_name.lower()] = meta.name

    def remove(self, name: str) -> None:
        meta = self.fields.pop(name)
        del self._folded[name.lower()]
        if meta.relationship_name:
            del self._parents[meta.relationship_name.lower()]

    def find(self, name: str) -> FieldMeta | None:
        """The field with this API name in any case."""
        real = self._folded.get(name.lower())
        return self.fields[real] if real else None

    def parent(self, relationship: str) -> FieldMeta | None:
        """The reference field with this relationship name (Owner, Account, My_Parent__r …)."""
        real = self._parents.get(relationship.lower())
        return self.fields[real] if real else None

    def child(self, relationship: str) -> ChildLink | None:
        folded = relationship.lower()
        return next((c for c in self.children if c.relationship and c.relationship.lower() == folded), None)

    @property
    def name_field(self) -> FieldMeta | None:
        return next((f for f in self.fields.values() if f.name_field), None)
