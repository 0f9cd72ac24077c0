"""A creation met a unique value that is taken: was it our own key (Stale), or another record's value (Rejected)?

HubSpot says "Contact already exists" for an e-mail and "conflicting unique value" for a property, names the other
record or does not, and a creation repeated after a lost answer meets both at once.  So we look.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from connectors.errors import SyncError
from connectors.hubspot.answers import Fault
from connectors.hubspot.reading import Reader
from connectors.hubspot.sending import deferred
from connectors.port import Key, Outcome, Record, Rejected, Stale, Write


class Conflicts:
    """Judges refused creations with at most two reads a batch."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader

    def judge(self, object: str, batch: Mapping[int, Write], faults: Mapping[int, Fault]) -> dict[int, Outcome]:
        """The outcome of each refused creation."""
        taken = {place: batch[place] for place, found in faults.items() if found.conflict}
        try:
            holders = self._by_key(object, taken)
            emails = self._by_email(object, {p: w for p, w in taken.items() if p not in holders}, faults)
        except SyncError as error:
            holders, emails = {}, {}
            unclear: dict[int, Outcome] = {place: deferred(error) for place in taken}
        else:
            unclear = {}
        outcomes: dict[int, Outcome] = {}
        for place, found in faults.items():
            if place in holders:
                outcomes[place] = Stale(holders[place], "a record with this key exists")
            else:
                existing = found.existing or emails.get(place)
                code = "CONTACT_EXISTS" if found.conflict and object == "contacts" else found.code
                outcomes[place] = Rejected(code, found.message, found.fields, existing)
        return {**outcomes, **unclear}

    def _by_key(self, object: str, taken: Mapping[int, Write]) -> dict[int, str]:
        """Place → id of the record that holds our key."""
        keys = {place: write.key for place, write in taken.items() if write.key is not None}
        if not keys:
            return {}
        fields = sorted({key.field for key in keys.values()})
        held = _held(self._reader.by_keys(object, fields, list(keys.values())), fields)
        return {place: held[key] for place, key in keys.items() if key in held}

    def _by_email(self, object: str, taken: Mapping[int, Write], faults: Mapping[int, Fault]) -> dict[int, str]:
        """Place → id of the contact with our e-mail, where HubSpot did not name it."""
        keys = {
            place: Key("email", str(write.fields["email"]).lower())
            for place, write in taken.items()
            if object == "contacts" and write.fields.get("email") and faults[place].existing is None
        }
        if not keys:
            return {}
        held = _held(self._reader.by_keys(object, ["email"], list(keys.values())), ["email"])
        return {place: held[key] for place, key in keys.items() if key in held}


def _held(records: Iterable[Record], fields: Sequence[str]) -> dict[Key, str]:
    return {
        Key(name, str(record.fields[name])): record.ref.id
        for record in records
        for name in fields
        if record.fields.get(name) is not None
    }
