"""JSON bodies are read into typed things before anything else happens: what does not fit is refused here.

A field has the same shape wherever it occurs, so one table by name is enough.  A null field counts as absent, except
among the values of a record.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sandbox.hubspot import errors

_DIGITS = 15
_Scalar = str | int | float | bool | None


def _scalar(value: Any) -> bool:
    return isinstance(value, _Scalar)


def _whole(value: Any) -> bool:
    if isinstance(value, str):
        return len(value) <= _DIGITS and value.removeprefix("-").isdecimal()
    return isinstance(value, int) and not isinstance(value, bool)


def _list_of(*kinds: type) -> Callable[[Any], bool]:
    return lambda value: isinstance(value, list) and all(isinstance(entry, kinds) for entry in value)


def _values(value: Any) -> bool:
    """Of a record to write; or names of properties to read."""
    if isinstance(value, dict):
        return all(map(_scalar, value.values()))
    return _list_of(str)(value)


def _ends(value: Any) -> bool:
    return isinstance(value, dict) or _list_of(dict)(value)


_objects, _texts, _ids = _list_of(dict), _list_of(str), _list_of(str, int)
_SHAPES: dict[str, Callable[[Any], bool]] = {
    "properties": _values,
    "metadata": lambda value: isinstance(value, dict) and _values(value),
    "inputs": _list_of(dict, str),
    "to": _ends,
    "from": lambda value: isinstance(value, dict),
    "sorts": _list_of(dict, str),
    "filterBranch": lambda value: isinstance(value, dict),
    **dict.fromkeys(("filterGroups", "filters", "associations", "types", "stages", "options"), _objects),
    **dict.fromkeys(("propertiesWithHistory", "processingTypes", "additionalProperties", "ruleArguments"), _texts),
    **dict.fromkeys(("values", "listIds", "recordIdsToAdd", "recordIdsToRemove"), _list_of(str, int, float, bool)),
    **dict.fromkeys(("displayOrder", "limit", "after", "offset", "count", "associationTypeId"), _whole),
}
_VALUES = frozenset(("properties", "metadata"))


def checked(body: Any) -> Any:
    """The body without null fields.  Raises the 400."""
    if isinstance(body, list):
        return [checked(entry) for entry in body]
    if not isinstance(body, dict):
        return body
    out = {}
    for name, value in body.items():
        if value is None:
            continue
        if not _SHAPES.get(name, _scalar)(value):
            raise errors.bad_json(f"Cannot deserialize value of field {name}")
        out[name] = value if name in _VALUES else checked(value)
    return out
