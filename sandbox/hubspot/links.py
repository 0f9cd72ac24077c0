"""Associations: typed links between two records, always kept in both directions (guide "Associate records")."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import NamedTuple

from sandbox.hubspot.schema import TYPES, ObjectType

DEFINED = "HUBSPOT_DEFINED"
USER = "USER_DEFINED"


class Spec(NamedTuple):
    """What identifies a type of association within a pair of objects."""

    category: str
    id: int


@dataclass(slots=True)
class Definition:
    """One type of association from one object to another."""

    spec: Spec
    label: str | None
    inverse: Spec
    name: str = ""


_DEFAULTS = {
    ("contacts", "companies"): (279, 280),
    ("contacts", "deals"): (4, 3),
    ("companies", "deals"): (342, 341),
    ("contacts", "contacts"): (449, 449),
    ("companies", "companies"): (450, 450),
    ("deals", "deals"): (451, 451),
    ("calls", "contacts"): (194, 193),
    ("calls", "companies"): (182, 181),
    ("calls", "deals"): (206, 205),
    ("emails", "contacts"): (198, 197),
    ("emails", "companies"): (186, 185),
    ("emails", "deals"): (210, 209),
    ("meetings", "contacts"): (200, 199),
    ("meetings", "companies"): (188, 187),
    ("meetings", "deals"): (212, 211),
    ("notes", "contacts"): (202, 201),
    ("notes", "companies"): (190, 189),
    ("notes", "deals"): (214, 213),
    ("tasks", "contacts"): (204, 203),
    ("tasks", "companies"): (192, 191),
    ("tasks", "deals"): (216, 215),
    ("leads", "contacts"): (608, 609),
    ("leads", "companies"): (610, 611),
}
_LABELLED = {
    ("contacts", "companies"): ((1, 2, "Primary", "Primary"),),
    ("deals", "companies"): ((5, 6, "Primary", "Primary"),),
    ("companies", "companies"): ((13, 14, "Parent Company", "Child Company"),),
    ("leads", "contacts"): ((578, 579, "Primary", "Primary"),),
}
_INVENTED = 1_000
"""Type ids of the pairs that no guide names start here."""

Pair = tuple[str, str]


class Links:
    """Every association of the portal."""

    def __init__(self) -> None:
        self._of: dict[Pair, dict[str, dict[str, tuple[Spec, ...]]]] = {}
        self._known: dict[Pair, dict[Spec, Definition]] = {}
        self._default: dict[Pair, Spec] = {}
        self._next_label = 1
        for pair, (there, back) in _DEFAULTS.items():
            self._define(pair, Spec(DEFINED, there), Spec(DEFINED, back), None, None)
        self._invent()
        for pair, entries in _LABELLED.items():
            for there, back, label, inverse in entries:
                self._define(pair, Spec(DEFINED, there), Spec(DEFINED, back), label, inverse)

    def _invent(self) -> None:
        names = list(TYPES)
        for i, a in enumerate(names):
            for b in names[i:]:
                if (a, b) not in self._default:
                    number = _INVENTED + 2 * (i * len(names) + names.index(b))
                    self._define((a, b), Spec(DEFINED, number), Spec(DEFINED, number + (a != b)), None, None)

    def _define(self, pair: Pair, there: Spec, back: Spec, label: str | None, inverse: str | None) -> None:
        other = (pair[1], pair[0])
        self._known.setdefault(pair, {})[there] = Definition(there, label, back)
        self._known.setdefault(other, {})[back] = Definition(back, inverse, there)
        if label is None and there.category == DEFINED:
            self._default[pair], self._default[other] = there, back

    def definitions(self, a: str, b: str) -> list[Definition]:
        return list(self._known.get((a, b), {}).values())

    def definition(self, a: str, b: str, spec: Spec) -> Definition | None:
        return self._known.get((a, b), {}).get(spec)

    def default(self, a: str, b: str) -> Spec:
        return self._default[a, b]

    def primary(self, a: str, b: str) -> Spec | None:
        return next((d.spec for d in self.definitions(a, b) if d.label == "Primary"), None)

    def add_label(self, a: str, b: str, name: str, label: str, inverse: str | None) -> list[Definition]:
        """A label of the user's own: one entry, or two when the other direction reads otherwise."""
        there = Spec(USER, self._next_label)
        back = Spec(USER, self._next_label + 1)
        self._next_label += 2
        self._define((a, b), there, back, label, inverse or label)
        made = [self._known[a, b][there], self._known[b, a][back]]
        for entry in made:
            entry.name = name
        return made

    def remove_label(self, a: str, b: str, spec: Spec) -> bool:
        found = self._known.get((a, b), {}).pop(spec, None)
        if found is None:
            return False
        self._known[b, a].pop(found.inverse, None)
        for id, others in list(self._of.get((a, b), {}).items()):
            for other in [o for o, specs in others.items() if spec in specs]:
                self.unlink(a, id, b, other, [spec])
        return True

    def link(self, a: str, id: str, b: str, other: str, specs: Iterable[Spec]) -> tuple[Spec, ...]:
        """Adds types; any type implies the default one.  A primary takes the place of the former primary."""
        default = self._default[a, b]
        primary = self.primary(a, b)
        wanted = tuple(specs)
        if primary and primary in wanted:
            for rival, held in list(self.of(a, id, b).items()):
                if rival != other and primary in held:
                    self.unlink(a, id, b, rival, [primary])
        now = self.of(a, id, b).get(other, ())
        merged = tuple(dict.fromkeys((default, *now, *wanted)))
        if merged != now:
            self._set(a, id, b, other, merged)
        return merged

    def replace(self, a: str, id: str, b: str, other: str, specs: Iterable[Spec]) -> tuple[Spec, ...]:
        """These labels and no others."""
        self.unlink(a, id, b, other)
        return self.link(a, id, b, other, specs)

    def unlink(self, a: str, id: str, b: str, other: str, specs: Iterable[Spec] | None = None) -> bool:
        """Takes away types; without the default one nothing is left."""
        now = self.of(a, id, b).get(other)
        if now is None:
            return False
        gone = set(specs) if specs is not None else set(now)
        kept = () if self._default[a, b] in gone else tuple(s for s in now if s not in gone)
        self._set(a, id, b, other, kept)
        return True

    def _set(self, a: str, id: str, b: str, other: str, specs: tuple[Spec, ...]) -> None:
        known = self._known[a, b]
        self._put((a, b), id, other, specs)
        self._put((b, a), other, id, tuple(known[s].inverse for s in specs))

    def _put(self, pair: Pair, id: str, other: str, specs: tuple[Spec, ...]) -> None:
        of = self._of.setdefault(pair, {})
        if specs:
            of.setdefault(id, {})[other] = specs
        elif id in of:
            of[id].pop(other, None)
            if not of[id]:
                del of[id]

    def of(self, a: str, id: str, b: str) -> dict[str, tuple[Spec, ...]]:
        """Id of the other record → types, in the order of linking."""
        return self._of.get((a, b), {}).get(id, {})

    def all_of(self, a: str, id: str) -> Iterator[tuple[str, str, tuple[Spec, ...]]]:
        """Every link of one record: object, id, types."""
        for b in TYPES:
            for other, specs in list(self.of(a, id, b).items()):
                yield b, other, specs

    def drop(self, a: str, id: str) -> None:
        for b, other, _ in self.all_of(a, id):
            self.unlink(a, id, b, other)

    def names(self, a: ObjectType, b: ObjectType, specs: Iterable[Spec]) -> list[str]:
        """What the older answers call these types: contact_to_company, contact_to_company_unlabeled."""
        base = f"{a.singular}_to_{b.singular}"
        primary = self.primary(a.name, b.name)
        default = self._default[a.name, b.name]
        return [
            f"{base}_unlabeled" if spec == default and primary else base for spec in specs if spec in (default, primary)
        ]
