"""Whose record is it: which records of several systems are one person, company or deal.

Rules are tried from the surest to the weakest: a sync key, the primary e-mail address or the website, a further
address, and (opt in) phone number with last name and company domain, or a company's name and country.  A rule links
where it leaves no choice.  Where several records of one system fit, a fixed order picks the primary one and the others
become duplicates; where nothing can be known, a person is asked.  An existing link is never undone, similarity never
links, and an address that belongs to a role or to several people links nobody.

Pure, and independent of the order of candidates.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import combinations
from typing import Any, NamedTuple

from connectors.port import Ref
from mapping.mapping import Mapping as KindMapping
from mapping.rules import KindRule, Place, Value
from mapping.values import form
from state.rows import Row

LIVE, DUPLICATE, SHARED = "live", "duplicate", "shared"
DOUBTFUL = ("additional_email", "phone", "name")
"""Rules whose facts may leave a doubt."""


class Candidate(NamedTuple):
    """One record that may belong somewhere."""

    ref: Ref
    entity: str | None
    own: Mapping[str, Value]
    """As `Mapping.decode` gives it, reserved names included."""
    state: str
    """live, duplicate, shared."""
    version: int
    created: int | None
    open_opportunity: bool = False
    owner_active: bool | None = None
    touched: int | None = None
    """When somebody last had to do with it: its latest activity, ms."""
    filled: int = 0
    """How many mapped fields are filled."""
    fresh: bool = True
    """To be decided now, with all records that share a key with it at hand.  Others are here only as evidence."""
    reserved: frozenset[str] = frozenset()
    """Systems in which a record for its entity is being created: only a record with our sync key may take the place."""

    @classmethod
    def of(cls, row: Row, fresh: bool, reserved: Iterable[str]) -> Candidate:
        """What the state knows of a record."""
        filled = len([name for name in row.now if name[0] != "@"])
        about = (row.ref, row.entity, row.now, row.state, row.version_ms, row.created_ms)
        return cls(*about, filled=filled, fresh=fresh, reserved=frozenset(reserved))


class Link(NamedTuple):
    """These records are one entity."""

    entity: str
    refs: tuple[Ref, ...]
    rule: str
    """sync_key, conversion, email, domain, additional_email, phone, name."""
    evidence: str


class NewEntity(NamedTuple):
    """Nobody's record yet: an entity of its own."""

    ref: Ref
    entity: str


@dataclass(frozen=True, slots=True)
class Duplicate:
    """A further record of an entity that already has one in this system."""

    ref: Ref
    entity: str
    why: str
    reasons_for: tuple[str, ...]
    reasons_against: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Ask:
    """Several answers are possible: a person decides."""

    question: str
    """ambiguous, same_person."""
    refs: tuple[Ref, ...]
    why: str


@dataclass(frozen=True, slots=True)
class Shared:
    """The address is a mailbox of several people or of a role: no automatic link."""

    ref: Ref
    why: str


Decision = Link | NewEntity | Duplicate | Ask | Shared


def match(
    candidates: Sequence[Candidate],
    mapping: KindMapping,
    names: Mapping[str, str] | None = None,
    converted: Sequence[tuple[Ref, Ref, str]] = (),
    apart: Collection[frozenset[Ref]] = (),
) -> list[Decision]:
    """Decide the candidates that belong nowhere yet.  What is already so is not said again.

    names: other keys for new entities whose own key others have kept in use.  converted: pairs that a conversion shows
    to be one, with the evidence.  apart: pairs that somebody said are not one; facts that leave a doubt neither link
    them nor ask about them.
    """
    matching = _Matching(mapping, candidates, names or {}, apart)
    matching.by_sync_key()
    matching.by_conversion(converted)
    matching.by_address("email")
    matching.by_address("domain")
    matching.by_additional_email()
    matching.by_facts("phone", "phone number and name")
    matching.by_facts("name", "name and country" if mapping.rule.kind == "company" else "name and close date")
    return list(matching.decisions())


def entity_key(refs: Iterable[Ref], rule: KindRule) -> str:
    """The key of a new entity: `<system>/<id>` of its first record, systems in the order of the configuration, behind
    the prefix of its kind; where a kind has sorts, whose objects number their records each for itself,
    `<system>/<object>/<id>`."""
    systems = list(rule.objects)
    first = min(refs, key=lambda ref: (systems.index(ref.system), ref.object if rule.sorts else "", ref.id))
    within = f"{first.object}/" if rule.sorts else ""
    return f"{rule.prefix}{first.system}/{within}{first.id}"


@dataclass(eq=False, slots=True)
class _Group:
    """An entity as decided so far: at most one record a system."""

    entity: str | None
    members: dict[str, Candidate]
    link: tuple[str, str] | None = None
    """(rule, evidence) of the first new link."""

    @property
    def single(self) -> bool:
        return len(self.members) == 1

    @property
    def only(self) -> Candidate:
        return next(iter(self.members.values()))

    def reserved(self, system: str) -> bool:
        return any(system in member.reserved for member in self.members.values())


@dataclass(slots=True)
class _Matching:
    """The state of one decision; every method takes records in canonical order."""

    mapping: KindMapping
    given: Sequence[Candidate]
    names: Mapping[str, str]
    apart: Collection[frozenset[Ref]]
    systems: list[str] = field(init=False)
    candidates: list[Candidate] = field(init=False)
    standing: dict[Ref, int] = field(init=False)
    group: dict[Ref, _Group] = field(default_factory=dict)
    duplicates: dict[Ref, tuple[_Group, str]] = field(default_factory=dict)
    shared: dict[Ref, str] = field(default_factory=dict)
    waiting: set[Ref] = field(default_factory=set)
    asks: dict[tuple[Ref, ...], Ask] = field(default_factory=dict)
    keys: dict[Ref, list[str]] = field(default_factory=dict)
    holders: dict[str, dict[str, list[Candidate]]] = field(default_factory=dict)
    """Sort of key → key → who has it, for the keys of at least one candidate that is to be decided."""

    def __post_init__(self) -> None:
        self.systems = list(self.mapping.rule.objects)
        self.candidates = sorted({c.ref: c for c in self.given}.values(), key=self._order)
        self.standing = {candidate.ref: n for n, candidate in enumerate(self.candidates)}
        entities: dict[str, _Group] = {}
        for candidate in self.candidates:
            ref = candidate.ref
            self.keys[ref] = self.mapping.match_keys(Place(ref.system, ref.object), candidate.own)
            settled = candidate.entity is not None and candidate.state == LIVE
            if not settled:
                self.group[ref] = _Group(None, {ref.system: candidate})
                continue
            group = entities.setdefault(str(candidate.entity), _Group(candidate.entity, {}))
            group.members.setdefault(ref.system, candidate)
            self.group[ref] = group
        self.holders = self._buckets()
        for candidate in self.candidates:
            self._keep(candidate, entities.get(str(candidate.entity)))

    def _keep(self, candidate: Candidate, group: _Group | None) -> None:
        """Without all its evidence at hand, what was decided of a record stands."""
        if candidate.fresh:
            return
        if candidate.state == SHARED:
            self.shared[candidate.ref] = "as before"
        elif candidate.state == DUPLICATE and group is not None and candidate.ref.system in group.members:
            self.duplicates[candidate.ref] = (group, "as before")

    # -- which of several ----------------------------------------------------------------------------------------------

    def _order(self, candidate: Candidate) -> tuple[Any, ...]:
        """The first one of several is the primary one."""
        ref = candidate.ref
        return (
            self.systems.index(ref.system),
            candidate.entity is None or candidate.state != LIVE,
            self.mapping.rule.objects[ref.system].index(ref.object),
            not candidate.open_opportunity,
            not candidate.owner_active,
            -(candidate.touched or 0),
            -candidate.filled,
            candidate.created if candidate.created is not None else float("inf"),
            ref.id,
        )

    def _preferred(self, chosen: Candidate, other: Candidate) -> str:
        """Why one record is the primary one of two of a system."""
        first, second = self._order(chosen), self._order(other)
        if first > second:
            return "it is linked already"
        names = (
            "it was there before",
            f"{chosen.ref.object} before {other.ref.object}",
            "it has an open opportunity",
            "its owner is active",
            "it has the latest activity",
            "it has more fields filled",
            "it is older",
            "its id is smaller",
        )
        return next(name for name, a, b in zip(names, first[1:], second[1:], strict=True) if a != b)

    # -- rules ---------------------------------------------------------------------------------------------------------

    def by_sync_key(self) -> None:
        """A record names its counterpart, which names it too or nobody."""
        by_ref = {c.ref: c for c in self.candidates}
        edges: list[tuple[bool, Candidate, Candidate]] = []
        for claimer in self.candidates:
            for named in self._named(claimer):
                target = by_ref.get(named)
                if target is None or not (claimer.fresh or target.fresh):
                    continue
                back = target.own.get(f"@key:{claimer.ref.system}:{claimer.ref.object}")
                if back is None or back == claimer.ref.id:
                    edges.append((back is not None, claimer, target))
        edges.sort(key=lambda e: (not e[0], not self._same_address(e[1], e[2]), self._pair_order(e[1], e[2])))
        for _, claimer, target in edges:
            ref = claimer.ref
            self._unite(claimer, target, "sync_key", f"{ref.system} {ref.id} names {target.ref.id}")

    def by_conversion(self, pairs: Iterable[tuple[Ref, Ref, str]]) -> None:
        """What came of a lead's conversion continues what the person had."""
        by_ref = {c.ref: c for c in self.candidates}
        for one, other, evidence in sorted(pairs):
            a, b = by_ref.get(one), by_ref.get(other)
            if a is not None and b is not None and self.group[one].single and self.group[other].single:
                self._unite(a, b, "conversion", evidence)

    def by_address(self, rule: str) -> None:
        """Records with the same primary address are one person, unless the address is shared; those with the same
        website are one company."""
        for address, holders in self.holders.get(rule, {}).items():
            mailbox = self._mailbox(address, holders)
            if mailbox:
                for holder in holders:
                    group = self.group[holder.ref]
                    if group.single and group.entity is None and not self._done(holder):
                        self.shared[holder.ref] = mailbox
                continue
            open_ = [holder for holder in holders if not self._done(holder)]
            open_.sort(key=lambda c: self.group[c.ref].single)
            for holder in open_[1:]:
                self._unite(holder, open_[0], rule, f"{rule}:{address}")

    def by_additional_email(self) -> None:
        """One record lists the address of the other."""
        primary, more = self.holders.get("email", {}), self.holders.get("alt", {})
        edges: dict[tuple[Ref, Ref], str] = {}
        listers: dict[tuple[Ref, str], set[Ref]] = {}
        by_ref = {c.ref: c for c in self.candidates}
        for address, listing in more.items():
            owners = primary.get(address, [])
            if self._mailbox(address, owners):
                continue
            for lister in listing:
                for owner in [*owners, *listing]:
                    if lister.ref.system == owner.ref.system or self._done(lister) or self._done(owner):
                        continue
                    edges[lister.ref, owner.ref] = address
                    if self.group[lister.ref] is not self.group[owner.ref]:
                        listers.setdefault((owner.ref, lister.ref.system), set()).add(lister.ref)
        for (owner_ref, system), found in sorted(listers.items()):
            if len(found) > 1 and system not in self.group[owner_ref].members:
                self._ask("ambiguous", [owner_ref, *found], f"{len(found)} records list its address")
        for (a, b), address in sorted(edges.items(), key=lambda e: self._pair_order(by_ref[e[0][0]], by_ref[e[0][1]])):
            if a not in self.waiting and b not in self.waiting and frozenset((a, b)) not in self.apart:
                self._unite(by_ref[a], by_ref[b], "additional_email", f"alt:{address}")

    def by_facts(self, rule: str, said: str) -> None:
        """Opt-in (without it there are no such keys): several facts together, none of which would do alone."""
        for key, holders in self.holders.get(rule, {}).items():
            open_ = [c for c in holders if not self._done(c) and self.group[c.ref].single and c.ref not in self.waiting]
            if len({c.ref.system for c in open_}) < 2 or len(open_) < len(holders):
                continue
            if len({c.ref.system for c in open_}) < len(open_):
                self._ask("ambiguous", [c.ref for c in open_], f"several records have this {said}")
                continue
            for other in open_[1:]:
                if frozenset((other.ref, open_[0].ref)) in self.apart:
                    continue
                self._unite(other, open_[0], rule, f"{rule}:{key}")

    # -- what follows --------------------------------------------------------------------------------------------------

    def _unite(self, a: Candidate, b: Candidate, rule: str, evidence: str) -> None:
        """Two records are one entity: link them, or make the one without a place a duplicate."""
        if self._done(a) or self._done(b):
            return
        one, other = self.group[a.ref], self.group[b.ref]
        if one is other:
            return
        if not set(one.members) & set(other.members):
            explicit = rule == "sync_key"
            if explicit or not self._reserved(one, other):
                self._join(one, other, rule, evidence)
            else:
                self.waiting.update((a.ref, b.ref))
            return
        loser, keeper = sorted((one, other), key=lambda group: (not group.single, -self._first(group)))
        if loser.single:
            self._demote(loser.only, keeper, rule)

    def _first(self, group: _Group) -> int:
        """Where the group's first record stands in the order: of two single records the later one loses."""
        return min(self.standing[c.ref] for c in group.members.values())

    def _reserved(self, one: _Group, other: _Group) -> bool:
        return any(one.reserved(s) for s in other.members) or any(other.reserved(s) for s in one.members)

    def _join(self, one: _Group, other: _Group, rule: str, evidence: str) -> None:
        keeper, joined = sorted((one, other), key=self._claim)
        keeper.members.update(joined.members)
        keeper.link = keeper.link or joined.link or (rule, evidence)
        for member in joined.members.values():
            self.group[member.ref] = keeper
        self._hand_over(joined, keeper)

    def _claim(self, group: _Group) -> tuple[Any, ...]:
        """Whose entity survives when two are joined."""
        return (group.entity is None, group.single, min(self.systems.index(s) for s in group.members))

    def _demote(self, candidate: Candidate, group: _Group, rule: str) -> None:
        primary = group.members[candidate.ref.system]
        if rule == "additional_email" and _other_name(candidate, primary):
            self._ask("same_person", [candidate.ref, primary.ref], "same address, but different last names")
            return
        why = f"{rule.replace('_', ' ')} is that of {primary.ref.object} {primary.ref.id}, which is kept:"
        self._hand_over(self.group[candidate.ref], group)
        self.duplicates[candidate.ref] = (group, f"{why} {self._preferred(primary, candidate)}")

    def _hand_over(self, old: _Group, new: _Group) -> None:
        """The duplicates of one group are another's from now on."""
        for ref, (group, why) in list(self.duplicates.items()):
            if group is old:
                self.duplicates[ref] = (new, why)

    def _ask(self, question: str, refs: Iterable[Ref], why: str) -> None:
        ordered = tuple(sorted(set(refs)))
        if all(frozenset(pair) in self.apart for pair in combinations(ordered, 2)):
            return
        self.waiting.update(ordered)
        self.asks[ordered] = Ask(question, ordered, why)

    def decisions(self) -> Iterator[Decision]:
        """What is new, links first."""
        groups = list({id(group): group for group in self.group.values()}.values())
        for group in groups:
            if group.link is not None:
                refs = tuple(c.ref for c in sorted(group.members.values(), key=self._order))
                yield Link(self._entity(group), refs, *group.link)
        for group in groups:
            if group.link is None and group.single and group.entity is None and self._is_new(group.only):
                yield NewEntity(group.only.ref, self._entity(group))
        for candidate in self.candidates:
            yield from self._fate(candidate)
        yield from (self.asks[refs] for refs in sorted(self.asks))

    def _fate(self, candidate: Candidate) -> Iterator[Decision]:
        if candidate.ref in self.duplicates:
            group, why = self.duplicates[candidate.ref]
            entity = self._entity(group)
            if (candidate.state, candidate.entity) != (DUPLICATE, entity):
                reasons = _reasons(candidate, group.members[candidate.ref.system])
                yield Duplicate(candidate.ref, entity, why, *reasons)
        elif candidate.ref in self.shared and candidate.fresh and candidate.state != SHARED:
            yield Shared(candidate.ref, self.shared[candidate.ref])

    def _is_new(self, candidate: Candidate) -> bool:
        return candidate.fresh and not self._done(candidate) and candidate.ref not in self.waiting

    def _entity(self, group: _Group) -> str:
        key = entity_key((c.ref for c in group.members.values()), self.mapping.rule)
        return group.entity or self.names.get(key, key)

    # -- facts ---------------------------------------------------------------------------------------------------------

    def _done(self, candidate: Candidate) -> bool:
        return candidate.ref in self.duplicates or candidate.ref in self.shared

    def _named(self, candidate: Candidate) -> Iterator[Ref]:
        for key in self.keys[candidate.ref]:
            if key.startswith("key:"):
                system, object, id = key.removeprefix("key:").split(":", 2)
                yield Ref(system, object, id)

    def _pair_order(self, a: Candidate, b: Candidate) -> list[tuple[Any, ...]]:
        return sorted((self._order(a), self._order(b)))

    def _same_address(self, a: Candidate, b: Candidate) -> bool:
        return a.own.get("email") is not None and a.own.get("email") == b.own.get("email")

    def _buckets(self) -> dict[str, dict[str, list[Candidate]]]:
        found: dict[str, dict[str, list[Candidate]]] = {}
        known = set[str]()
        for candidate in self.candidates:
            for of in self.keys[candidate.ref]:
                sort, _, key = of.partition(":")
                found.setdefault(sort, {}).setdefault(key, []).append(candidate)
                if candidate.fresh:
                    known.add(key)
        return {sort: {key: some[key] for key in sorted(some) if key in known} for sort, some in found.items()}

    def _mailbox(self, address: str, holders: Sequence[Candidate]) -> str:
        """Why an address is nobody's in particular; empty if it is somebody's."""
        if self.mapping.shared_mailbox(address):
            return f"{address.partition('@')[0]}@ is the mailbox of a role"
        for system in self.systems:
            names = {_last_name(c) for c in holders if c.ref.system == system} - {None}
            if len(names) > 1:
                return f"people with different last names share the address in {system}"
        return ""


def _last_name(candidate: Candidate) -> str | None:
    return _plain_name(candidate.own)


def _plain_name(own: Mapping[str, Value]) -> str | None:
    name = form("text", own.get("last_name"))
    return str(name).casefold() if name is not None else None


def _other_name(a: Candidate, b: Candidate) -> bool:
    names = {_last_name(a), _last_name(b)} - {None}
    return len(names) > 1


def another_name(a: Row, b: Row) -> bool:
    """Whether two records have different last names."""
    return len({_plain_name(a.now), _plain_name(b.now)} - {None}) > 1


COMPARED = (
    ("email", "e-mail"), ("last_name", "last name"), ("first_name", "first name"), ("domain", "website"),
    ("name", "name"), ("country", "country"), ("phone", "phone"),
)  # fmt: skip


def _reasons(a: Candidate, b: Candidate) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """What speaks for two records being one, and what against."""
    both = [(said, a.own[name], b.own[name]) for name, said in COMPARED if name in a.own and name in b.own]
    agree = [said for said, x, y in both if str(form("text", x)).casefold() == str(form("text", y)).casefold()]
    return (
        tuple(f"same {said}" for said in agree),
        tuple(f"different {said}" for said, _, _ in both if said not in agree),
    )
