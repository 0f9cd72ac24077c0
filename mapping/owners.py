"""Who owns a record: each system's owner ids, translated by e-mail address."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from connectors.port import Owner
from mapping.rules import Value
from mapping.values import Unmapped


class Owners:
    """Owners of all systems by id and by the name they are known under everywhere: the address, or a queue's name."""

    def __init__(
        self,
        owners: Mapping[str, Sequence[Owner]],
        fallback: Mapping[str, str],
        same: Mapping[str, Mapping[str, str]] | None = None,
    ) -> None:
        """same: system → what somebody is called there → what everywhere, for those who are not called alike."""
        self._same = {
            system: {_plain(own): _plain(name) for own, name in names.items()} for system, names in (same or {}).items()
        }
        self._names = {
            system: {owner.id: self._called(system, owner) for owner in found} for system, found in owners.items()
        }
        self._ids: dict[str, dict[str, str]] = {}
        for system, found in owners.items():
            ids = self._ids.setdefault(system, {})
            for owner in sorted(found, key=lambda owner: (owner.queue, owner.id)):
                if owner.active and (name := self._called(system, owner)):
                    ids.setdefault(name, owner.id)
                    ids.setdefault(_name(owner), owner.id)
                    ids.setdefault(_plain(owner.name), owner.id)
        self._active = {
            system: {owner.id for owner in found if owner.active and not owner.queue}
            for system, found in owners.items()
        }
        self._queues = {system: {owner.id for owner in found if owner.queue} for system, found in owners.items()}
        self._fallback = {system: _plain(name) for system, name in fallback.items()}

    def _called(self, system: str, owner: Owner) -> str:
        """The name under which an owner is known everywhere."""
        return self._same.get(system, {}).get(_name(owner), _name(owner))

    def canon(self, system: str, own: Value) -> Value:
        """The owner's name everywhere; Unmapped if nobody knows the id."""
        if own is None:
            return None
        return self._names.get(system, {}).get(own) or Unmapped(own)

    def active(self, system: str, own: Value) -> bool:
        """Whether somebody who works here has this id; a queue is nobody."""
        return own in self._active.get(system, ())

    def queue(self, system: str, own: Value) -> bool:
        """Whether this is the id of a queue."""
        return own in self._queues.get(system, ())

    def id(self, system: str, name: str) -> str | None:
        """The id of the active owner of that name, or of the fallback."""
        ids = self._ids.get(system, {})
        return ids.get(_plain(name)) or ids.get(self._fallback.get(system, ""))


def _name(owner: Owner) -> str:
    return _plain(owner.email or (owner.name if owner.queue else ""))


def _plain(name: str) -> str:
    return name.strip().lower()
