"""Lists that people work with in the systems themselves: whom to call next, and what the sync holds.  Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from connectors.furniture import ViewSpec
from insight.score.priority import HOT
from mapping.rules import KindRule, Place
from sync.decide import telling

_ID = "00"
"""How the id of every person begins in Salesforce."""
_LISTS: tuple[tuple[str, str, str, Sequence[str], Sequence[str]], ...] = (
    ("SMK_Call_Next", "Call next", "@priority", HOT,
     ("@fit_score", "@engagement_score", "@sla_due_at", "phone", "email")),
    ("SMK_Held", "Held by Smarketing Sync", telling.STATE, tuple(s for s in telling.STATES if s != telling.OK),
     (telling.MESSAGE, telling.SYNCED)),
    ("SMK_Duplicates", "Duplicates", telling.DUPLICATE_OF, (_ID,), ("email", "phone")),
)  # fmt: skip
"""(name, label, our field, the values that it lists, further columns), each made where the field is in use."""


def view_specs(rule: KindRule) -> Iterator[tuple[str, ViewSpec]]:
    """(system, list) for every object of this kind that holds the field a list is about."""
    fields = {field.name: field for field in rule.fields}
    for name, label, about, values, more in _LISTS:
        for place, native in fields[about].places.items() if about in fields else ():
            columns = [_column(rule, place, other) for other in more]
            told = ("Name", native, *(column for column in columns if column))
            yield place.system, ViewSpec(place.object, name, label, told, native, tuple(values), begins=_ID in values)


def _column(rule: KindRule, place: Place, name: str) -> str:
    """The native field that holds this one there; empty: none that a list could show."""
    found = next((field.places.get(place, "") for field in rule.fields if field.name == name), "")
    return "" if found.startswith("@") or "+" in found or "." in found else found
