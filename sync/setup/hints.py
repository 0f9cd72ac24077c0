"""Which fields of two systems could be mapped to each other, and why one thinks so: pure, over fields and samples.

A suggestion says shares and counts, never a value: what the records hold is personal.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Collection, Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, NamedTuple

from rapidfuzz import fuzz

from connectors.port import Field, Option
from mapping.codecs import TYPES
from mapping.values import decode, form

CORE: Mapping[str, frozenset[str]] = {
    "bool": frozenset({"bool"}),
    "datetime": frozenset({"datetime"}),
    "date": frozenset({"date", "datetime"}),
    "int": frozenset({"number"}),
    "decimal": frozenset({"number", "money"}),
    "set": frozenset({"choices"}),
    "choice": frozenset({"choice"}),
    "email": frozenset({"email"}),
    "phone": frozenset({"phone"}),
    "url": frozenset({"url"}),
    "long_text": frozenset({"long_text", "html"}),
    "text": frozenset({"text"}),
}
"""Type of a mapping → types of fields of which one side has one at least; the first that fits both sides is suggested.
A percentage is none of them: 50 % is 50 in one system and 0.5 in the other."""
NATIVE = frozenset().union(*CORE.values())
"""Types of fields that are looked at: references and ids are not."""
LISTS = ("choice", "set")

WORTH = 0.6
"""Suggestions that are surer than this are made."""
BY_NAME, BY_OPTIONS, BY_PAIRS, BY_OVERLAP, BY_FILL = 0.8, 0.5, 0.9, 0.5, 0.05
"""How sure each kind of evidence makes alone, at its best."""
ALIKE = 0.8
"""Names less alike than this say nothing."""
FEW = 3
"""So many pairs count half."""
AGAINST = 0.8
"""How much it speaks against two fields that all pairs differ."""
SHARED_MOST = 12
"""Fewer distinct values than this are shared by chance, outside lists."""

_WORDS = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+|[^\W\d_a-zA-Z]+")
_DECORATION = frozenset({"hs", "hubspot", "salesforce", "sfdc", "sf", "crm", "c"})
_SAME: Sequence[tuple[str, str]] = (
    ("postal code", "zip"), ("post code", "zip"), ("postcode", "zip"), ("zip code", "zip"), ("zipcode", "zip"),
    ("mobile phone", "mobile"), ("mobilephone", "mobile"), ("cell phone", "mobile"), ("cell", "mobile"),
    ("job title", "title"), ("jobtitle", "title"), ("position", "title"), ("job role", "title"),
    ("account", "company"), ("organization", "company"), ("organisation", "company"),
    ("surname", "last name"), ("family name", "last name"), ("given name", "first name"),
    ("number of employees", "employees"), ("numberofemployees", "employees"), ("headcount", "employees"),
    ("birthdate", "birthday"), ("date of birth", "birthday"), ("web site", "website"), ("homepage", "website"),
    ("sector", "industry"), ("telephone", "phone"), ("faxnumber", "fax"), ("fax number", "fax"),
    ("annualrevenue", "annual revenue"), ("yearly revenue", "annual revenue"), ("turnover", "annual revenue"),
)  # fmt: skip
"""Words that mean the same where records of people, companies and deals name their fields."""


@dataclass(frozen=True, slots=True)
class Offer:
    """One field that could be mapped, with what a sample of records holds in it."""

    meta: Field
    objects: tuple[str, ...] = ()
    """The objects of its system that have it, where others of the same kind have not; empty: all have it."""
    values: Mapping[str, Any] = field(default_factory=dict)
    """record → native value.  Linked records of both sides have the same name here, others have names of their own."""


@dataclass(frozen=True, slots=True)
class Side:
    """What one system offers."""

    system: str
    role: str
    """As in `to` of a mapping: crm, marketing."""
    offers: Sequence[Offer]


@dataclass(frozen=True, slots=True)
class Suggestion:
    """Two fields that seem to mean the same."""

    name: str
    fields: Mapping[str, Offer]
    """system → its field."""
    type: str
    to: str
    """As in the configuration; empty: both ways."""
    values: Mapping[str, Mapping[str, str]]
    """Shared name of an option → system → its value there; empty: both call all of them alike."""
    score: float
    """0 to 1: how sure."""
    reasons: tuple[str, ...]

    def settings(self) -> dict[str, Any]:
        """The entry as the configuration holds it."""
        entry: dict[str, Any] = {
            system: dict.fromkeys(one.objects, one.meta.name) if one.objects else one.meta.name
            for system, one in self.fields.items()
        }
        entry["type"] = self.type
        if self.to:
            entry["to"] = self.to
        if self.values:
            entry["values"] = {name: dict(own) for name, own in self.values.items()}
        return entry

    def line(self) -> str:
        """The entry as a line of TOML."""
        return f"{self.name} = {_toml(self.settings())}"


class _Evidence(NamedTuple):
    score: float
    reasons: tuple[str, ...]


def suggest(sides: Collection[Side], taken: Collection[str], people: str = "people") -> list[Suggestion]:
    """The best first; each field at most once.

    taken: names that the configuration has already.  people: what the records are called in a sentence.
    """
    one, other = sorted(sides, key=lambda side: side.system)
    seen = _Seen()
    found = [
        (evidence.score, a, b, type_, to, evidence)
        for a in one.offers
        for b in other.offers
        if (type_ := _fitting(a, b)) and (to := _direction(one, a, other, b, type_)) is not None
        if (evidence := _weigh(seen, a, b, type_, people)).score >= WORTH
    ]
    found.sort(key=lambda each: (-each[0], _order(each[1]), _order(each[2])))
    names, used, suggestions = set(taken), set[tuple[str, str]](), list[Suggestion]()
    for score, a, b, type_, to, evidence in found:
        places = {(one.system, a.meta.name), (other.system, b.meta.name)}
        if places & used:
            continue
        used |= places
        name = _named(a.meta, b.meta, names)
        names.add(name)
        fields = {one.system: a, other.system: b}
        values = _values(fields) if type_ in LISTS else {}
        suggestions.append(Suggestion(name, fields, type_, to, values, round(score, 2), evidence.reasons))
    return suggestions


def _order(offer: Offer) -> tuple[str, tuple[str, ...]]:
    return offer.meta.name, offer.objects


# -- type and direction ------------------------------------------------------------------------------------------------


def _fitting(a: Offer, b: Offer) -> str:
    """The type of a mapping that fits both; empty: none does."""
    types = {a.meta.type, b.meta.type}
    if not types <= NATIVE:
        return ""
    found = next((name for name, core in CORE.items() if types & core and types <= TYPES[name]), "")
    return "decimal" if found == "int" and not _whole(a, b) else found


def _whole(a: Offer, b: Offer) -> bool:
    """All numbers that were seen are whole, and some were."""
    seen = [n for offer in (a, b) for n in map(_decimal, offer.values.values()) if n is not None]
    return bool(seen) and all("." not in str(n) for n in seen)


def _decimal(native: Any) -> Any:
    return decode("decimal", native)


def _direction(one: Side, a: Offer, other: Side, b: Offer, type_: str) -> str | None:
    """`to` of the mapping; None: neither side may be written."""
    into_one, into_other = (each.meta.writable or each.meta.createable for each in (a, b))
    if type_ == "choice" and a.meta.type != b.meta.type:
        # Free text does not fit a list of options; an option fits into text.
        into_one, into_other = (ok and each.meta.type != "choice" for ok, each in ((into_one, a), (into_other, b)))
    if into_one and into_other:
        return ""
    return one.role if into_one else other.role if into_other else None


# -- evidence ----------------------------------------------------------------------------------------------------------


class _Seen:
    """What the sample holds, in forms that can be compared: each field is read once a type."""

    def __init__(self) -> None:
        self._known: dict[tuple[int, str], dict[str, Hashable]] = {}

    def of(self, offer: Offer, type_: str) -> dict[str, Hashable]:
        """record → its value, of those that are not blank."""
        key = (id(offer), type_)
        if key not in self._known:
            self._known[key] = _forms(offer, type_)
        return self._known[key]


def _forms(offer: Offer, type_: str) -> dict[str, Hashable]:
    called = {option.value: _label(option) for option in offer.meta.options}
    found: dict[str, Hashable] = {}
    for name, native in offer.values.items():
        own = decode(type_, native)
        if own is None:
            continue
        if type_ == "set":
            found[name] = frozenset(called.get(part, part.casefold()) for part in own)
        elif type_ == "choice":
            found[name] = called.get(str(own), str(own).casefold())
        else:
            found[name] = form(type_, own)
    return found


def _weigh(seen: _Seen, a: Offer, b: Offer, type_: str, people: str) -> _Evidence:
    """All that speaks for it, each piece on its own; and against it that linked records differ."""
    parts = [*_by_name(a.meta, b.meta), *_by_options(a.meta, b.meta, type_)]
    against = 0.0
    mine, theirs = seen.of(a, type_), seen.of(b, type_)
    pairs = [(mine[name], theirs[name]) for name in mine if name in theirs]
    if pairs:
        equal = sum(x == y for x, y in pairs)
        sure = len(pairs) / (len(pairs) + FEW)
        against = AGAINST * (1 - equal / len(pairs)) * sure
        told = f"equal in {equal:,} of {len(pairs):,} linked {people}" if equal else ""
        parts.append((BY_PAIRS * _beyond_chance(pairs) * sure, told))
    elif mine and theirs:
        parts += _by_overlap(set(mine.values()), set(theirs.values()), type_)
    if a.values and b.values:
        filled = len(mine) / len(a.values), len(theirs) / len(b.values)
        told = f"filled in {filled[0]:.0%} / {filled[1]:.0%}".replace("%", " %")
        parts.append((BY_FILL * (1 - abs(filled[0] - filled[1])) if min(filled) else 0.0, told))
    parts += [(0.0, told) for told in (*_too_long(a.meta, b.meta, mine), *_too_long(b.meta, a.meta, theirs))]
    doubt = 1.0
    for weight, _ in parts:
        doubt *= 1 - weight
    return _Evidence((1 - doubt) * (1 - against), tuple(told for _, told in parts if told))


def _by_name(a: Field, b: Field) -> Iterator[tuple[float, str]]:
    if a.label.strip().casefold() == b.label.strip().casefold():
        yield BY_NAME, "same label"
        return
    alike = max(_alike(x, y) for x in (a.name, a.label) for y in (b.name, b.label))
    if alike >= ALIKE:
        yield BY_NAME * alike, "names mean the same" if alike == 1 else f"names alike {alike:.2f}"


def _alike(a: str, b: str) -> float:
    one, other = _plain(a), _plain(b)
    return fuzz.ratio(*sorted((one, other))) / 100 if one and other else 0.0


@lru_cache(maxsize=4096)
def _plain(name: str) -> str:
    """A name or a label in small words, sorted, without what platforms add, and with one word for one meaning."""
    words = [word.lower() for word in _WORDS.findall(name)]
    text = f" {' '.join([word for word in words if word not in _DECORATION] or words)} "
    for said, meant in _SAME:
        text = text.replace(f" {said} ", f" {meant} ")
    return " ".join(sorted(text.split()))


def _by_options(a: Field, b: Field, type_: str) -> Iterator[tuple[float, str]]:
    mine, theirs = _labels(a), _labels(b)
    if type_ not in LISTS or not mine or not theirs:
        return
    shared, most = len(mine.keys() & theirs.keys()), max(len(mine), len(theirs))
    if shared:
        yield BY_OPTIONS * shared / most, f"both lists share {shared} of {most} options"


def _labels(meta: Field) -> dict[str, Option]:
    """label in small letters → its option, the first of its label."""
    found: dict[str, Option] = {}
    for option in meta.options:
        if option.active:
            found.setdefault(_label(option), option)
    return found


def _label(option: Option) -> str:
    return (option.label or option.value).strip().casefold()


def _beyond_chance(pairs: Sequence[tuple[Hashable, Hashable]]) -> float:
    """How much oftener they are equal than values drawn by lot would be (Cohen's kappa), 0 to 1: that all boxes are
    empty on both sides says nothing."""
    ones, others = Counter(x for x, _ in pairs), Counter(y for _, y in pairs)
    chance = sum(many * others[value] for value, many in ones.items()) / len(pairs) ** 2
    equal = sum(x == y for x, y in pairs) / len(pairs)
    return max(0.0, (equal - chance) / (1 - chance)) if chance < 1 else 0.0


def _by_overlap(mine: set[Hashable], theirs: set[Hashable], type_: str) -> Iterator[tuple[float, str]]:
    fewer = min(len(mine), len(theirs))
    shared = len(mine & theirs)
    if type_ != "bool" and shared and (type_ in LISTS or fewer >= SHARED_MOST):
        yield BY_OVERLAP * shared / fewer, f"{shared:,} of {fewer:,} distinct values occur on both sides"


def _too_long(meta: Field, target: Field, seen: Mapping[str, Hashable]) -> Iterator[str]:
    """What would be held because the target is too short."""
    most = target.length
    if meta.options or most is None or not (target.writable or target.createable):
        return
    if many := sum(isinstance(value, str) and len(value) > most for value in seen.values()):
        yield f"but {many:,} of {len(seen):,} are longer than the {most:,} characters of {target.name}"


# -- the entry ---------------------------------------------------------------------------------------------------------


def _named(a: Field, b: Field, taken: Collection[str]) -> str:
    """A free name for the shared field: the shorter of the two, in small letters."""
    names = [re.sub(r"^[^a-z]+|_+$", "", "_".join(_words(meta.name))) for meta in (a, b)]
    best = min((name for name in names if name), key=lambda name: (len(name), name), default="field")
    free, n = best, 1
    while free in taken:
        n += 1
        free = f"{best}_{n}"
    return free


def _words(name: str) -> list[str]:
    words = [word.lower() for word in _WORDS.findall(name) if word.isascii()]
    return [word for word in words if word not in _DECORATION] or words


def _values(fields: Mapping[str, Offer]) -> dict[str, dict[str, str]]:
    """What each side calls the options of one label, where they are not called alike."""
    sides = {system: _labels(offer.meta) for system, offer in fields.items()}
    one, other = sides.values()
    shared = [label for label in one if label in other]
    if all(one[label].value == other[label].value for label in shared):
        return {}
    return {
        min(one[label].label or label, other[label].label or label): {
            system: labels[label].value for system, labels in sides.items()
        }
        for label in sorted(shared)
    }


def _toml(value: Any) -> str:
    if isinstance(value, Mapping):
        return "{ " + ", ".join(f"{_key(name)} = {_toml(own)}" for name, own in value.items()) + " }"
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")


def _key(name: str) -> str:
    return name if re.fullmatch(r"[A-Za-z0-9_-]+", name) else _toml(name)
