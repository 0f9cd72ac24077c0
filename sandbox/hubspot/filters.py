"""Filters of a search: what each operator means for each type of property.

Texts compare without regard to case, but enumerations do not, and the values of IN and NOT_IN must be lower case to
find texts (guide "Search the CRM").  Times are epoch milliseconds or ISO.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any

from sandbox.hubspot import errors
from sandbox.hubspot.codec import moment, number
from sandbox.hubspot.schema import ALIASES, ObjectType, Property
from sandbox.hubspot.shape import computed
from sandbox.hubspot.store import Record, Records

if TYPE_CHECKING:
    from sandbox.hubspot.portal import Portal

_MOST_GROUPS, _MOST_FILTERS, _MOST_ALL = 5, 6, 18
_EVER = 1 << 62
_QUERY_LENGTH = 3_000
_TOKEN = re.compile(r"[^\W_]+")
_SEARCHED = {
    "contacts": ("firstname", "lastname", "email", "hs_additional_emails", "phone", "mobilephone", "company"),
    "companies": ("name", "domain", "website", "phone"),
    "deals": ("dealname", "pipeline", "dealstage", "description"),
    "calls": ("hs_call_title", "hs_body_preview"),
    "emails": ("hs_email_subject",),
    "meetings": ("hs_meeting_title", "hs_meeting_body"),
    "notes": ("hs_note_body",),
    "tasks": ("hs_task_body", "hs_task_subject"),
    "leads": ("hs_lead_name",),
}
_RANGES: dict[str, Callable[[Any, Any], bool]] = {
    "LT": lambda a, b: a < b,
    "LTE": lambda a, b: a <= b,
    "GT": lambda a, b: a > b,
    "GTE": lambda a, b: a >= b,
}
_OPERATORS = frozenset(
    [
        "EQ",
        "NEQ",
        "LT",
        "LTE",
        "GT",
        "GTE",
        "BETWEEN",
        "IN",
        "NOT_IN",
        "HAS_PROPERTY",
        "NOT_HAS_PROPERTY",
        "CONTAINS_TOKEN",
        "NOT_CONTAINS_TOKEN",
    ]
)

Test = Callable[[Record], bool]


class Filter:
    """One condition, ready to be asked of a row."""

    def __init__(self, name: str, operator: str, value: str, high: str, values: list[str], test: Test) -> None:
        self.name = name
        self.operator = operator
        self.value = value
        self.high = high
        self.values = values
        self.test = test


class Group:
    """Conditions that must all hold."""

    def __init__(self, filters: list[Filter]) -> None:
        self.filters = filters

    def matches(self, row: Record) -> bool:
        return all(f.test(row) for f in self.filters)

    def through_index(self, records: Records) -> list[Record] | None:
        """The rows that one unique value of this group leads to; None where there is no such filter."""
        for f in self.filters:
            if f.operator not in ("EQ", "IN"):
                continue
            wanted = [f.value] if f.operator == "EQ" else f.values
            if f.name == "hs_object_id":
                ids = wanted
            elif f.name in records.unique:
                index = records.unique[f.name]
                ids = [index.get(value.lower(), "") for value in wanted]
            else:
                continue
            found = (records.live(id) for id in dict.fromkeys(ids))
            return [row for row in found if row is not None]
        return None


def bounds(group: Group | None, name: str, alone: bool = True) -> tuple[int, int] | None:
    """The window that the filters on one property leave, from the first to before the second.

    With `alone`, None unless the group is about nothing else.
    """
    low, high = 0, _EVER
    for f in group.filters if group else ():
        if f.name != name or f.operator not in ("GT", "GTE", "LT", "LTE", "BETWEEN"):
            if alone:
                return None
            continue
        value = moment(f.value)
        if value is None:
            return None
        if f.operator in ("GTE", "BETWEEN"):
            low = max(low, value)
        elif f.operator == "GT":
            low = max(low, value + 1)
        elif f.operator == "LT":
            high = min(high, value)
        else:
            high = min(high, value + 1)
        if f.operator == "BETWEEN":
            high = min(high, (moment(f.high) or 0) + 1)
    return low, max(low, high)


def compile_groups(portal: Portal, type: ObjectType, body: dict[str, Any]) -> list[Group]:
    """Raises the 400 for too many, unknown or incomplete filters."""
    entries = body.get("filterGroups") or []
    if not entries and body.get("filters"):
        entries = [{"filters": body["filters"]}]
    if len(entries) > _MOST_GROUPS:
        raise errors.invalid(f"Too many filter groups: at most {_MOST_GROUPS} are allowed")
    groups = [Group([_filter(portal, type, f) for f in entry.get("filters") or ()]) for entry in entries]
    if any(len(g.filters) > _MOST_FILTERS for g in groups):
        raise errors.invalid(f"Too many filters in a group: at most {_MOST_FILTERS} are allowed")
    if sum(len(g.filters) for g in groups) > _MOST_ALL:
        raise errors.invalid(f"Too many filters: at most {_MOST_ALL} are allowed in all groups")
    return groups


def _filter(portal: Portal, type: ObjectType, entry: dict[str, Any]) -> Filter:
    name, operator = str(entry.get("propertyName") or ""), str(entry.get("operator") or "")
    if operator not in _OPERATORS:
        raise errors.bad_json(f"Cannot deserialize value of operator from String {operator!r}")
    value, high = _text(entry.get("value")), _text(entry.get("highValue"))
    values = [_text(v) for v in entry.get("values") or ()]
    if operator in ("IN", "NOT_IN") and not values:
        raise errors.invalid(f"operator {operator} requires values")
    if operator == "BETWEEN" and not high:
        raise errors.invalid("operator BETWEEN requires value and highValue")
    if name.startswith("associations."):
        test = _linked(portal, type, name.removeprefix("associations."), operator, value, values)
    else:
        prop = portal.schemas[type.name].get(name)
        if prop is None:
            raise errors.invalid(
                "There was a problem with the request.",
                errors=[{"message": f"Property {name} does not exist", "context": {"propertyName": [name]}}],
            )
        test = _test(type, prop, operator, value, high, values)
    return Filter(name, operator, value, high, values, test)


def _text(value: Any) -> str:
    if value is True or value is False:
        return str(value).lower()
    return "" if value is None else str(value)


def _linked(portal: Portal, type: ObjectType, other: str, operator: str, value: str, values: list[str]) -> Test:
    target = ALIASES.get(other)
    if target is None or operator not in ("EQ", "IN", "NEQ", "HAS_PROPERTY", "NOT_HAS_PROPERTY"):
        raise errors.invalid(f"associations.{other} cannot be searched with {operator}")
    links, mine, theirs = portal.links, type.name, target.name
    if operator == "HAS_PROPERTY":
        return lambda row: bool(links.of(mine, row.id, theirs))
    if operator == "NOT_HAS_PROPERTY":
        return lambda row: not links.of(mine, row.id, theirs)
    if operator == "NEQ":
        return lambda row: value not in links.of(mine, row.id, theirs)
    wanted = [value] if operator == "EQ" else values
    return lambda row: any(id in links.of(mine, row.id, theirs) for id in wanted)


def _reader(prop: Property) -> Callable[[str], Any]:
    """From a text to what is compared."""
    if prop.type in ("date", "datetime"):
        return moment
    if prop.type == "number":
        return number
    if prop.type in ("enumeration", "bool"):
        return str
    return str.lower


def _test(type: ObjectType, prop: Property, operator: str, value: str, high: str, values: list[str]) -> Test:
    get = computed(type, prop.name) or _stored(prop.name)
    if operator == "HAS_PROPERTY":
        return lambda row: bool(get(row))
    if operator == "NOT_HAS_PROPERTY":
        return lambda row: not get(row)
    if operator in ("CONTAINS_TOKEN", "NOT_CONTAINS_TOKEN"):
        wanted, negate = value.lower(), operator.startswith("NOT")
        return lambda row: _has_token(get(row) or "", wanted) is not negate
    read = _reader(prop)
    if operator in ("IN", "NOT_IN"):
        chosen, negate = _chosen(prop, read, values), operator == "NOT_IN"
        return lambda row: (
            bool(held := get(row) or "") and (not chosen.isdisjoint(_parts(prop, read, held))) is not negate
        )
    return _comparison(prop, operator, read, get, value, high)


def _comparison(
    prop: Property,
    operator: str,
    read: Callable[[str], Any],
    get: Callable[[Record], str | None],
    value: str,
    high: str,
) -> Test:
    wanted = read(value)
    if wanted is None:
        raise errors.invalid(f"{value} is not a valid value of {prop.name}")
    if operator in ("EQ", "NEQ"):
        same = operator == "EQ"
        return lambda row: bool(held := get(row) or "") and (wanted in _parts(prop, read, held)) is same
    if operator == "BETWEEN":
        top = read(high)
        if top is None:
            raise errors.invalid(f"{high} is not a valid value of {prop.name}")
        return lambda row: bool(held := get(row) or "") and wanted <= read(held) <= top
    compare = _RANGES[operator]
    return lambda row: bool(held := get(row) or "") and compare(read(held), wanted)


def _stored(name: str) -> Callable[[Record], str | None]:
    return lambda row: row.values.get(name)


def _chosen(prop: Property, read: Callable[[str], Any], values: list[str]) -> frozenset[Any]:
    """Texts are kept as they were given: only lower-case ones ever match."""
    if read is str.lower:
        return frozenset(values)
    return frozenset(read(v) for v in values)


def _parts(prop: Property, read: Callable[[str], Any], held: str) -> list[Any]:
    if prop.many:
        return [part for part in held.split(";") if part]
    return [read(held)]


def _has_token(held: str, wanted: str) -> bool:
    folded = held.lower()
    if fnmatchcase(folded, wanted):
        return True
    tokens = _TOKEN.findall(folded)
    if "*" in wanted:
        return any(fnmatchcase(token, wanted) for token in tokens)
    asked = _TOKEN.findall(wanted)
    size = len(asked)
    return bool(asked) and any(tokens[i : i + size] == asked for i in range(len(tokens) - size + 1))


def text_query(type: ObjectType, query: str) -> Test | None:
    """The free-text question: every word begins a word of some searched property."""
    if len(query) > _QUERY_LENGTH:
        raise errors.invalid(f"query is too long: at most {_QUERY_LENGTH} characters")
    words = query.lower().split()
    if not words:
        return None
    names = _SEARCHED[type.name]

    def test(row: Record) -> bool:
        texts = [(row.values.get(name) or "").lower() for name in names]
        tokens = [t for text in texts for t in (*text.split(), *_TOKEN.findall(text))]
        return all(any(token.startswith(word) for token in tokens) for word in words)

    return test
