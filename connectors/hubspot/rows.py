"""HubSpot's JSON as records: times, versions, merges."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from connectors.port import Record, Ref

SYSTEM = "hubspot"
OPT_OUT = "hs_email_optout"
SUBSCRIPTIONS = "@subscriptions"
"""Pseudo-field of contacts: True when opted out of all marketing e-mail.  Only True can be written."""
FORCED_STAGE = "lifecyclestage!"
"""Pseudo-field: `lifecyclestage` set even backwards, which HubSpot allows only after clearing it."""
MERGED = "hs_merged_object_ids"
MERGED_VIDS = "hs_calculated_merged_vids"


def stamp(object: str) -> str:
    """The property that holds the time of the last change: contacts spell it their own way."""
    return "lastmodifieddate" if object == "contacts" else "hs_lastmodifieddate"


def asked_properties(object: str, fields: Sequence[str]) -> list[str]:
    """The properties to ask for so that these fields, the version and the merges can be told."""
    wanted = {OPT_OUT if name == SUBSCRIPTIONS else name.removesuffix("!") for name in fields}
    wanted = {name for name in wanted if not name.startswith("@")}
    wanted.update((stamp(object), MERGED, *((MERGED_VIDS,) if object == "contacts" else ())))
    return sorted(wanted)


def last_words(fields: Sequence[str]) -> list[str]:
    """Those of these fields that matter of a record in the bin: whether the person opted out, and of which address."""
    return [name for name in fields if name in ("email", SUBSCRIPTIONS) or name.startswith(OPT_OUT)]


def ms(value: Any) -> int:
    """A time as HubSpot writes it, ISO 8601 or epoch milliseconds, in ms."""
    text = str(value)
    if text.lstrip("-").isdigit():
        return int(text)
    moment = datetime.fromisoformat(text)
    return round((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp() * 1000)


def record(object: str, row: Mapping[str, Any], fields: Sequence[str]) -> Record:
    """A row of a list, search, batch or single answer."""
    properties: Mapping[str, Any] = row.get("properties") or {}
    id = str(row["id"])
    deleted = bool(row.get("archived"))
    changed = properties.get(stamp(object)) or row.get("updatedAt") or row.get("createdAt") or 0
    version = ms(changed)
    if deleted and row.get("archivedAt"):
        version = max(version, ms(row["archivedAt"]))
    created = row.get("createdAt")
    return Record(
        Ref(SYSTEM, object, id),
        values(properties, fields),
        version,
        created=ms(created) if created else None,
        deleted=deleted,
        former=former(properties, id),
    )


def values(properties: Mapping[str, Any], names: Sequence[str]) -> dict[str, Any]:
    """Fields of a record: HubSpot says "" for what was cleared and null for what was never set; both are None."""
    found: dict[str, Any] = {name: properties.get(name) or None for name in names}
    if SUBSCRIPTIONS in found:
        found[SUBSCRIPTIONS] = properties.get(OPT_OUT) == "true"
    if FORCED_STAGE in found:
        found[FORCED_STAGE] = properties.get("lifecyclestage") or None
    return found


def former(properties: Mapping[str, Any], id: str) -> tuple[str, ...]:
    """The ids a record absorbed in merges: `a;b` in one property, `a:time;b:time` in another."""
    merged, vids = properties.get(MERGED), properties.get(MERGED_VIDS)
    if not merged and not vids:
        return ()
    listed = [part.partition(":")[0].strip() for part in f"{merged or ''};{vids or ''}".split(";")]
    return tuple(dict.fromkeys(part for part in listed if part and part != id))


def native(value: Any) -> str:
    """A value as HubSpot takes it: text, and "" to clear."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)
