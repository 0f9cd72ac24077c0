"""What people find in a system beside fields: lists of records, and the rights of the user we act as."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ViewSpec:
    """A list of records for everybody, of those that hold one of these values in a field of ours."""

    object: str
    name: str
    label: str
    """At most 40 characters."""
    columns: tuple[str, ...]
    """Native fields, in order."""
    field: str
    values: tuple[str, ...]
    begins: bool = False
    """The field begins with a value, instead of being one."""


@dataclass(frozen=True, slots=True)
class Furnishing:
    """Something beside fields that people want to find in a system, and that is not there as it should be."""

    what: str
    """Its name in plain words."""
    made: bool
    """It is there now."""
    fix: str
    """How a person makes it, and what hinders us where we tried."""
