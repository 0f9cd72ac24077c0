"""What properties held before: HubSpot keeps the values of each with time and source, at most 50 records a call."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from connectors.hubspot import rows
from connectors.hubspot.answers import demand
from connectors.hubspot.api import Api
from connectors.hubspot.reading import cut
from connectors.port import Past, Record, Write

BATCH = 50

_KINDS = {
    "FORM": "form",
    "IMPORT": "import",
    "INTEGRATION": "integration",
    "API": "integration",
    "SALESFORCE": "integration",
    **dict.fromkeys(
        (
            "CRM_UI", "CRM_UI_BULK_ACTION", "BATCH_UPDATE", "CONTACTS", "CONTACTS_WEB", "COMPANIES", "DEALS", "SALES",
            "MOBILE_IOS", "MOBILE_ANDROID", "BCC_TO_CRM", "MEETINGS", "TASK", "ENGAGEMENTS", "CONVERSATIONS",
            "MERGE_CONTACTS", "MERGE_COMPANIES", "MERGE_OBJECTS", "PROPERTY_RESTORE",
        ),
        "human",
    ),
    **dict.fromkeys(
        (
            "AUTOMATION_PLATFORM", "WORKFLOWS", "CALCULATED", "ANALYTICS", "EMAIL", "DEFAULT",
            "AUTO_ASSOCIATE_BY_DOMAIN",
        ),
        "automation",
    ),
}  # fmt: skip
"""`sourceType` → kind.  HubSpot documents the field and not its values: what is not here is unknown."""


class History:
    """`history`, `changed_at` and `overwritten` of the port."""

    def __init__(self, api: Api) -> None:
        self._api = api

    def of(self, object: str, ids: Sequence[str], fields: Sequence[str]) -> dict[str, dict[str, list[Past]]]:
        """Newest first.  Pseudo-fields have no history, but for the stage that can be forced."""
        found: dict[str, dict[str, list[Past]]] = {}
        for id, histories in self._ask(object, list(dict.fromkeys(ids)), fields):
            told = {name: [_past(entry) for entry in _newest(histories, name)] for name in fields}
            found[id] = {name: values for name, values in told.items() if values}
        return found

    def changed_at(self, object: str, ids: Sequence[str], fields: Sequence[str]) -> dict[str, dict[str, int]]:
        """When the present value of each property was put there."""
        return {
            id: {
                name: max(rows.ms(entry["timestamp"]) for entry in entries) for name, entries in told.items() if entries
            }
            for id, told in self._ask(object, ids, fields)
        }

    def overwritten(self, writes: Sequence[tuple[Write, Record]]) -> dict[str, dict[str, Any]]:
        """What stood right before our value, where it was put there after the version we decided on."""
        asked = [(write, record) for write, record in writes if write.id and write.unless_changed_since is not None]
        found: dict[str, dict[str, Any]] = {}
        for object in dict.fromkeys(write.object for write, _ in asked):
            mine = [pair for pair in asked if pair[0].object == object]
            names = sorted({name for write, _ in mine for name in write.fields})
            told = dict(self._ask(object, [record.ref.id for _, record in mine], names))
            for write, record in mine:
                for name in write.fields:
                    entries = _newest(told.get(record.ref.id, {}), name)
                    lost = _replaced(entries, rows.native(write.fields[name]), record.fields.get(name), write)
                    if lost is not None:
                        found.setdefault(record.ref.id, {})[name] = lost[0]
        return found

    def _ask(
        self, object: str, ids: Sequence[str], fields: Sequence[str]
    ) -> Iterator[tuple[str, Mapping[str, Sequence[Mapping[str, Any]]]]]:
        """Id, and property → entries."""
        names = sorted({name.removesuffix("!") for name in fields if not name.startswith("@")})

        def ask(part: Sequence[str]) -> list[Mapping[str, Any]]:
            body = {"inputs": [{"id": id} for id in part], "properties": [], "propertiesWithHistory": names}
            return list(demand(self._api.batch_read(object, body), f"the history of {object}").get("results") or [])

        for found in self._api.door.map(ask, cut(ids, BATCH) if names else []):
            yield from ((str(row["id"]), row.get("propertiesWithHistory") or {}) for row in found)


def _newest(histories: Mapping[str, Sequence[Mapping[str, Any]]], name: str) -> list[Mapping[str, Any]]:
    entries = histories.get(name.removesuffix("!")) or []
    return sorted(entries, key=lambda entry: rows.ms(entry["timestamp"]), reverse=True)


def _past(entry: Mapping[str, Any]) -> Past:
    kind = _KINDS.get(str(entry.get("sourceType") or "").upper(), "unknown")
    actor = entry.get("updatedByUserId") or entry.get("sourceId") or ""
    return Past(entry.get("value") or None, rows.ms(entry["timestamp"]), kind, str(actor))


def _replaced(entries: Sequence[Mapping[str, Any]], sent: str, stored: Any, write: Write) -> tuple[Any] | None:
    """The value that our entry replaced, if it was put there after the version the write was decided on."""
    values = [entry.get("value") or "" for entry in entries]
    ours = next((n for n, value in enumerate(values) if value in (sent, stored or "")), None)
    if ours is None:
        return None
    # A forced stage is cleared first: that blank is ours as well.
    before = ours + 1 + (len(values) > ours + 1 and values[ours + 1] == "" and rows.FORCED_STAGE in write.fields)
    if before >= len(entries) or write.unless_changed_since is None:
        return None
    if rows.ms(entries[before]["timestamp"]) <= write.unless_changed_since:
        return None
    return (values[before] or None,)
