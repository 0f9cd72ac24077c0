"""What conditions may ask of a record."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from mapping.domains import company_site
from mapping.rules import OURS, SORT, STAGE, Place, Value
from mapping.values import Unmapped, split_money

if TYPE_CHECKING:
    from mapping.mapping import Mapping as KindMapping

DISQUALIFIED = "disqualified"

_STEPS = frozenset({"won", "lost"})
"""What the stage of a deal tells beside itself."""
_UNKNOWN = object()


class Facts(Mapping[str, Any]):
    """Canonical values by name, unmapped ones left out, and the flags.

    records: those of one person; the first that has something to say speaks.  Worked out when they are asked for:
    most conditions ask little.

    `shared` is false here: whether several people use an address is known only where all records are.
    """

    def __init__(self, mapping: KindMapping, records: Sequence[tuple[Place, Mapping[str, Value]]]) -> None:
        self._mapping = mapping
        self._records = records
        self._known: dict[str, Any] = {}

    def __getitem__(self, name: str) -> Any:
        known = self._known.get(name, _UNKNOWN)
        if known is _UNKNOWN:
            known = self._known[name] = self._ask(name)
        if isinstance(known, Unmapped):
            raise KeyError(name)
        return known

    def __iter__(self) -> Iterator[str]:
        names = {name: None for place, _ in self._records for name in (*self._mapping.slots(place), *_FLAGS, *_STEPS)}
        return (name for name in names if name in self)

    def __len__(self) -> int:
        return sum(1 for _ in self)

    def _ask(self, name: str) -> Any:
        said: Any = Unmapped(None)
        for place, own in self._records:
            value = self._value(place, own, name)
            if not isinstance(value, Unmapped) and (isinstance(said, Unmapped) or said in (None, False)):
                said = value
        return said

    def _value(self, place: Place, own: Mapping[str, Value], name: str) -> Any:
        mapping = self._mapping
        flag = _FLAGS.get(name)
        if flag is not None:
            return flag(mapping, lambda of: self._slot(place, own, of))
        if mapping.rule.sorts and name == "type":
            return own.get(SORT)
        if mapping.rule.sorts and name == "lead":
            parents = ((s.refers, s.canon(own.get(s.rule.name))) for s in mapping.slots(place).values() if s.refers)
            return any(isinstance(entity, str) and mapping.in_waiting(kind, entity) for kind, entity in parents)
        return self._slot(place, own, name)

    def _slot(self, place: Place, own: Mapping[str, Value], name: str) -> Any:
        slots = self._mapping.slots(place)
        slot = slots.get(name) or (slots.get(STAGE) if name in _STEPS else None)
        if slot is None or slot.rule.winner == OURS or (slot.rule.name != name and slot.steps is None):
            return Unmapped(None)
        value = own.get(slot.rule.name)
        if slot.steps is not None:
            return slot.steps.facts(value).get(name, Unmapped(None))
        if slot.rule.type == "money" and value is not None:
            return split_money(value)[0]
        return value if slot.refers else slot.canon(value)


_Value = Callable[[str], Any]


def _has(name: str) -> Callable[[KindMapping, _Value], bool]:
    def has(_: KindMapping, value: _Value) -> bool:
        found = value(name)
        return found is not None and not isinstance(found, Unmapped)

    return has


def _role_address(mapping: KindMapping, value: _Value) -> bool:
    address = value("email")
    return isinstance(address, str) and mapping.shared_mailbox(address)


def _free_mail(_: KindMapping, value: _Value) -> bool:
    site = value("domain")
    return isinstance(site, str) and company_site(site) is None


_FLAGS: dict[str, Callable[[KindMapping, _Value], bool]] = {
    "has_email": _has("email"),
    "role_address": _role_address,
    "has_domain": _has("domain"),
    "free_mail": _free_mail,
    "disqualified": lambda _, value: bool(value("stage") == DISQUALIFIED),
    "shared": lambda *_: False,
}
