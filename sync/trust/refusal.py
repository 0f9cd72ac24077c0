"""What a refusal rested on, and whether that is still so: only if not is the same write worth another try.  Pure.

It always rests on the values that were written and on what the platform says of their fields (type, length, options,
rights).  By its kind (`sync.trust.catalogue`) it may also rest on what else the record holds there, and on what no
platform shows, such as rules, sharing and other records.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from connectors.port import Owner
from mapping.fingerprint import fingerprint
from mapping.mapping import Mapping as KindMapping
from mapping.rules import Place
from state.rows import PARKED, OperationRow, Row
from sync.trust.catalogue import entry

BASIS = "basis"
"""The key of a parked operation's note under which this is kept."""
SEEN = "seen"
"""The key of a question's detail: what the systems looked like when it was asked."""


def told(detail: Mapping[str, Any]) -> dict[str, Any]:
    """What people need to know of a question or refusal."""
    return {name: value for name, value in detail.items() if name not in (BASIS, SEEN)}


def basis(
    mapping: KindMapping, operation: OperationRow, row: Row | None, code: str, message: str, fields: Sequence[str]
) -> dict[str, Any]:
    """What this refusal rests on.  row: the record as we know it; fields: the native ones at fault, where told."""
    return {
        "rests": entry(operation.system, code, message).rests,
        "fields": list(fields),
        "of": _of(mapping, operation, fields),
        "held": _held(row) if row is not None else None,
    }


def stands(mapping: KindMapping, operation: OperationRow, rows: Iterable[Row]) -> bool:
    """Whether a write that was refused would be refused again, as far as anybody can see.  rows: of its entity."""
    known = (operation.note or {}).get(BASIS)
    if operation.state != PARKED or known is None:
        return True
    if known["of"] != _of(mapping, operation, known["fields"]):
        return False
    here = (operation.system, operation.object, operation.id)
    held = next((_held(row) for row in rows if row.ref == here), known["held"])
    return bool(known["rests"] == "value" or held == known["held"])


def _held(row: Row) -> str:
    """What the record holds, as far as it is mapped and not ours."""
    return fingerprint({name: value for name, value in row.now.items() if name[0] != "@"})


def _of(mapping: KindMapping, operation: OperationRow, fields: Sequence[str]) -> str:
    """What the platform says of the fields, and what the configuration does."""
    place = Place(operation.system, operation.object)
    names = {native.removesuffix("!") for native in (fields or operation.native)}
    rules = [slot.rule for slot in mapping.slots(place).values() if not names.isdisjoint(slot.natives)]
    schema = mapping.schema(place)
    metas = [schema.fields.get(name) for name in sorted(names)] if schema is not None else []
    return fingerprint(rules, metas)


def seen(mapping: KindMapping, owners: Mapping[str, Sequence[Owner]]) -> str:
    """What the systems look like as far as a decision on this kind may rest on it: another fingerprint means that what
    is held should be decided again."""
    shown = []
    for place in mapping.places:
        if (schema := mapping.schema(place)) is not None:
            named = {*mapping.natives(place), *(meta.name for meta in schema.fields.values() if meta.required)}
            shown.append((*place, [schema.fields.get(name) for name in sorted(named)], schema.record_types))
    return fingerprint(shown, owners)
