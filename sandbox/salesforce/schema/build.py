"""Short ways to write down fields, so that the objects read like the Object Reference."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from sandbox.kernel import Row
from sandbox.salesforce.schema.model import FieldMeta, ObjectMeta, PickValue

_WORDS = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")


def label_of(name: str) -> str:
    """NumberOfEmployees → Number Of Employees."""
    return _WORDS.sub(" ", name)


def make(name: str, kind: str, **more: Any) -> FieldMeta:
    return FieldMeta(name, kind, more.pop("label", label_of(name)), **more)


def text(name: str, length: int = 255, **more: Any) -> FieldMeta:
    return make(name, "string", length=length, **more)


def long_text(name: str, length: int = 32_000, **more: Any) -> FieldMeta:
    return make(name, "textarea", length=length, filterable=False, sortable=False, groupable=False, **more)


def phone(name: str, **more: Any) -> FieldMeta:
    return make(name, "phone", length=40, **more)


def email(name: str, **more: Any) -> FieldMeta:
    return make(name, "email", length=80, **more)


def url(name: str, **more: Any) -> FieldMeta:
    return make(name, "url", length=255, **more)


def flag(name: str, default: bool = False, **more: Any) -> FieldMeta:
    return make(name, "boolean", nillable=False, defaulted_on_create=True, default=default, **more)


def whole(name: str, digits: int = 9, **more: Any) -> FieldMeta:
    return make(name, "int", precision=digits, **more)


def number(name: str, precision: int = 18, scale: int = 2, **more: Any) -> FieldMeta:
    return make(name, "double", precision=precision, scale=scale, groupable=False, **more)


def money(name: str, precision: int = 18, scale: int = 2, **more: Any) -> FieldMeta:
    return make(name, "currency", precision=precision, scale=scale, groupable=False, **more)


def percent(name: str, **more: Any) -> FieldMeta:
    return make(name, "percent", precision=3, scale=0, groupable=False, **more)


def day(name: str, **more: Any) -> FieldMeta:
    return make(name, "date", **more)


def moment(name: str, **more: Any) -> FieldMeta:
    return make(name, "datetime", groupable=False, **more)


def pick(name: str, values: Sequence[str | PickValue], default: str | None = None, **more: Any) -> FieldMeta:
    """A picklist.  With a default, the field is never empty after create."""
    entries = tuple(v if isinstance(v, PickValue) else PickValue(v, v, default=v == default) for v in values)
    more.setdefault("length", 255)
    if default is not None:
        more = {"defaulted_on_create": True, "default": default} | more
    return make(name, "picklist", picklist=entries, **more)


def combo(name: str, values: Sequence[str], **more: Any) -> FieldMeta:
    return make(name, "combobox", length=255, picklist=tuple(PickValue(v, v) for v in values), **more)


def ref(name: str, targets: str, relation: str | None = None, children: str | None = None, **more: Any) -> FieldMeta:
    """A lookup.  `targets` may name several objects, parted by spaces; the relation is the name less `Id`."""
    more.setdefault("label", label_of(name.removesuffix("Id")) + " ID")
    return make(
        name,
        "reference",
        length=18,
        reference_to=tuple(targets.split()),
        relationship_name=relation or name.removesuffix("Id"),
        children_as=children,
        **more,
    )


def fixed(meta: FieldMeta) -> FieldMeta:
    """The same field, written by the platform alone."""
    meta.createable = meta.updateable = False
    return meta


def once(meta: FieldMeta) -> FieldMeta:
    """The same field, written on create only."""
    meta.updateable = False
    return meta


def address(prefix: str, label: str) -> list[FieldMeta]:
    """The eight parts of an address and the compound field that shows them together."""
    compound = f"{prefix}Address"

    def part(name: str, length: int) -> FieldMeta:
        return text(prefix + name, length, label=f"{label}{label_of(name)}".strip(), compound=compound)

    street = make(f"{prefix}Street", "textarea", length=255, label=f"{label}Street", compound=compound)
    degrees: dict[str, Any] = {"precision": 18, "scale": 15, "compound": compound}
    return [
        street,
        part("City", 40),
        part("State", 80),
        part("PostalCode", 20),
        part("Country", 80),
        make(f"{prefix}Latitude", "double", label=f"{label}Latitude", **degrees),
        make(f"{prefix}Longitude", "double", label=f"{label}Longitude", **degrees),
        pick(
            f"{prefix}GeocodeAccuracy",
            ("Address", "NearAddress", "Block", "Street", "ExtendedZip", "Zip", "Neighborhood", "City", "County"),
            label=f"{label}Geocode Accuracy",
            length=40,
            restricted=True,
            compound=compound,
        ),
        fixed(make(compound, "address", label=f"{label}Address", sortable=False, groupable=False)),
    ]


def person_name(row: Row) -> str | None:
    """First and last name in one, as the compound Name shows them."""
    values = row.values
    first, last = values.get("FirstName"), values.get("LastName")
    return f"{first} {last}" if first and last else first or last


def person(salutations: Sequence[str]) -> list[FieldMeta]:
    """LastName, FirstName, Salutation and the compound Name."""
    name = text("Name", 121, label="Full Name", nillable=False, name_field=True, derive=person_name)
    return [
        text("LastName", 80, nillable=False, compound="Name"),
        text("FirstName", 40, compound="Name"),
        pick("Salutation", salutations, length=40, compound="Name"),
        fixed(name),
    ]


def audit(*, deletable: bool = True) -> list[FieldMeta]:
    """The system fields (Object Reference, System Fields), in describe's order after Id."""
    stamps = {"nillable": False, "defaulted_on_create": True}
    fields = [flag("IsDeleted", label="Deleted")] if deletable else []
    fields += [
        moment("CreatedDate", **stamps),
        ref("CreatedById", "User", nillable=False, defaulted_on_create=True),
        moment("LastModifiedDate", **stamps),
        ref("LastModifiedById", "User", nillable=False, defaulted_on_create=True),
        moment("SystemModstamp", label="System Modstamp", **stamps),
    ]
    return [fixed(f) for f in fields]


def record_id(name: str) -> FieldMeta:
    return fixed(
        make(
            "Id", "id", label=f"{name} ID", length=18, nillable=False, defaulted_on_create=True, id_lookup=True,
        )
    )  # fmt: skip


def thing(
    name: str,
    prefix: str | None,
    fields: Sequence[FieldMeta],
    *,
    label: str = "",
    plural: str = "",
    audited: bool = True,
    **more: Any,
) -> ObjectMeta:
    """An object with Id, its own fields, and (unless told otherwise) the system fields."""
    label = label or label_of(name)
    plural = plural or (label[:-1] + "ies" if label.endswith("y") else label + "s")
    meta = ObjectMeta(name, label, plural, prefix, **more)
    tail = audit(deletable=meta.deletable or meta.undeletable) if audited else []
    for each in [record_id(label), *fields, *tail]:
        meta.add(each)
    return meta


def read_only(name: str, prefix: str | None, fields: Sequence[FieldMeta], **more: Any) -> ObjectMeta:
    """An object the API can read and nothing else."""
    shut = {"createable": False, "updateable": False, "deletable": False, "undeletable": False, "searchable": False}
    return thing(name, prefix, [fixed(f) for f in fields], **(shut | more))
