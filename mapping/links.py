"""Who the parents of records are: what translates a reference of one system into that of another.

A reference is carried as the parent's id in its own system; its shared value is the parent's entity.  A parent that
nobody knows, or that has no record in the other system, leaves the reference waiting: it is neither written nor agreed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Links:
    """The parents of some records."""

    entities: Mapping[tuple[str, str, str], str] = field(default_factory=dict)
    """(kind, system, id) → entity."""
    records: Mapping[tuple[str, str], tuple[str, str]] = field(default_factory=dict)
    """(entity, system) → (object, id) of its live record there."""
    buying: frozenset[str] = frozenset()
    """Entities of companies that are customers or have an open deal, where that is asked for."""


def referred(type_: str) -> str:
    """The kind that a field of this type refers to; empty: it is no reference."""
    name, _, kind = type_.partition(":")
    return kind if name in ("reference", "references") else ""


def parent_key(system: str, kind: str, id: str) -> str:
    """The match key under which the children of a record are found."""
    return f"parent:{system}:{kind}:{id}"


RECORD = "record:"


def record_key(system: str, kind: str, id: str) -> str:
    """What names a record itself where others name the holders of match keys; no record holds it."""
    return f"{RECORD}{system}:{kind}:{id}"
