"""What a query answers: a total known at once, and records made only when a page asks for them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from sandbox.salesforce.schema import FieldMeta


class Column(NamedTuple):
    """A selected column, for the `columns=true` that the sf CLI sends."""

    name: str
    display: str
    aggregate: bool
    custom: bool = False
    boolean: bool = False
    number: bool = False
    text: bool = False
    updatable: bool = False
    foreign_key: str | None = None
    joins: tuple[Column, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """An entry of columnMetadata."""
        return {
            "aggregate": self.aggregate,
            "booleanType": self.boolean,
            "columnName": self.name,
            "custom": self.custom,
            "displayName": self.display,
            "foreignKeyName": self.foreign_key,
            "insertable": self.updatable,
            "joinColumns": [c.to_json() for c in self.joins],
            "numberType": self.number,
            "textType": self.text,
            "updatable": self.updatable,
        }


def column_of(name: str, meta: FieldMeta, *, aggregate: bool = False) -> Column:
    """The column of a field, or of a function of it."""
    return Column(
        name,
        name,
        aggregate,
        custom=meta.custom,
        boolean=meta.type == "boolean",
        number=meta.type in ("int", "double", "currency", "percent"),
        text=meta.type in ("string", "textarea", "email", "phone", "url", "picklist", "multipicklist", "combobox"),
        updatable=meta.updateable and not aggregate,
    )


@dataclass(slots=True)
class Result:
    """The rows of a query in their final order.

    `page` makes JSON-ready dicts of a slice and may be asked again for the same slice; rows it has not been asked for
    cost one reference each.
    """

    total: int
    """totalSize; for COUNT() the count, with no records."""
    columns: tuple[Column, ...]
    rows: Sequence[Any]
    render: Callable[[Any], dict[str, Any]]
    object: str

    def page(self, start: int = 0, size: int = 2000) -> list[dict[str, Any]]:
        render = self.render
        return [render(row) for row in self.rows[start : start + size]]

    def __len__(self) -> int:
        """How many records there are to page through."""
        return len(self.rows)

    @property
    def records(self) -> Iterator[dict[str, Any]]:
        return map(self.render, self.rows)
