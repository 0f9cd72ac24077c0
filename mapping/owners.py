"""Who owns a record: each system's owner ids, translated by e-mail address."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from connectors.port import Owner
from mapping.rules import Value
from mapping.values import Unmapped


class Owners:
    """Owners of all systems by id and by the name they are known under everywhere: the address, or a queue's name."""

    def __init__(self, owners: Mapping[str, Sequence[Owner]], fallback: Mapping[str, str]) -> None:
        self._names = {system: {owner.id: _name(owner) for owner in found} for system, found in owners.items()}
        self._ids: dict[str, dict[str, str]] = {}
        for system, found in owners.items():
            ids = self._ids.setdefault(system, {})
            for owner in sorted(found, key=lambda owner: (owner.queue, owner.id)):
                if owner.active and _name(owner):
                    ids.setdefault(_name(owner), owner.id)
                    ids.setdefault(owner.name.strip().lower(), owner.id)
        self._fallback = {system: name.strip().lower() for system, name in fallback.items()}

    def canon(self, system: str, own: Value) -> Value:
        """The owner's name everywhere; Unmapped if nobody knows the id."""
        if own is None:
            return None
        return self._names.get(system, {}).get(own) or Unmapped(own)

    def id(self, system: str, name: str) -> str | None:
        """The id of the active owner of that name, or of the fallback."""
        ids = self._ids.get(system, {})
        return ids.get(name.strip().lower()) or ids.get(self._fallback.get(system, ""))


def _name(owner: Owner) -> str:
    return (owner.email or (owner.name if owner.queue else "")).strip().lower()
