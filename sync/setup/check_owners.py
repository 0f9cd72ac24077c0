"""Who owns records and is nobody, or nobody active, on the other side; and what that means for their records."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from connectors.port import Owner, Problem
from mapping.owners import Owners
from mapping.rules import KindRule

if TYPE_CHECKING:
    from state.store import Store

PAGE = 1_000
SAMPLE = 8
"""So many are named."""

Counts = Counter[tuple[str, str, str]]
"""(system, kind, owner id) → live records."""


def owned(rules: Sequence[KindRule], owners: Mapping[str, Sequence[Owner]], state: Store | None) -> Iterator[Problem]:
    """What is worth knowing of owners.  state: what a sync remembers, for how many records each has."""
    bearing = [rule for rule in rules if any(field.type == "owner" for field in rule.fields)]
    if not bearing:
        return
    names = Owners(owners, {}, bearing[0].owners)
    yield from _misnamed(bearing[0].owners, owners)
    counts = _counts(bearing, state) if state is not None else Counter()
    for system, found in owners.items():
        known = {owner.id: owner for owner in found}
        for other in (name for name in owners if name != system):
            alone = [o for o in found if names.id(other, str(names.canon(system, o.id) or "")) is None]
            groups = {
                "inactive owners": [o for o in found if not o.active and _records(counts, system, o.id)],
                "active owners": [o for o in alone if o.active and not o.queue],
                "queues": [o for o in alone if o.active and o.queue and _records(counts, system, o.id)],
            }
            for what, group in groups.items():
                lost = group if what != "inactive owners" else [o for o in group if o in alone]
                if group:
                    yield _problem(bearing, system, other, what, group, lost, counts)
        strangers = sorted({id for place, _, id in counts if place == system and id not in known})
        if strangers:
            records = sum(n for (place, _, id), n in counts.items() if place == system and id in strangers)
            yield Problem(
                "warning",
                f"{system}.owners",
                f"{records:,} records belong to owners whom {system} does not show: {_listed(strangers)}",
                "see whether the credentials may see all users; until then these records' owner is left alone",
            )


def _misnamed(same: Mapping[str, Mapping[str, str]], owners: Mapping[str, Sequence[Owner]]) -> Iterator[Problem]:
    """Entries of the map that name nobody."""
    names = {
        system: {text.strip().casefold() for o in found if o.active for text in (o.email, o.name) if text}
        for system, found in owners.items()
    }
    for system, pairs in same.items():
        others = {name for other, known in names.items() if other != system for name in known}
        for own, name in pairs.items():
            for said, known in ((own, names.get(system, set())), (name, others)):
                if said.strip().casefold() not in known:
                    where = system if said is own else "the other system"
                    yield Problem(
                        "error",
                        "vocabulary.owners",
                        f"{said} is no active owner, user or queue in {where}",
                        "correct the name, or take the entry out",
                    )


def _counts(rules: Sequence[KindRule], state: Store) -> Counts:
    counts: Counts = Counter()
    for rule in rules:
        names = [field.name for field in rule.fields if field.type == "owner"]
        for system, objects in rule.objects.items():
            for object in objects:
                after = 0
                while rows := state.scan(system, object, after, PAGE):
                    after = rows[-1].n
                    counts.update((system, rule.kind, str(row.now[n])) for row in rows for n in names if row.now.get(n))
    return counts


def _records(counts: Counts, system: str, id: str) -> int:
    return sum(n for (place, _, owner), n in counts.items() if (place, owner) == (system, id))


def _problem(
    rules: Sequence[KindRule],
    system: str,
    other: str,
    what: str,
    group: Sequence[Owner],
    lost: Sequence[Owner],
    counts: Counts,
) -> Problem:
    ordered = sorted(group, key=lambda o: (-_records(counts, system, o.id), o.email or o.name))
    total = sum(_records(counts, system, o.id) for o in group)
    told = _listed([_told(o, _records(counts, system, o.id)) for o in ordered])
    bare = [rule.kind for rule in rules if not rule.owner_fallback.get(other)]
    kept = [f"{rule.kind} goes to {rule.owner_fallback[other]}" for rule in rules if rule.kind not in bare]
    left = f"{' and '.join(bare)} is left as it is, and a new record gets the platform's default owner" if bare else ""
    then = f"in {other} the owner of their {'; '.join([*kept, *([left] if left else [])])}"
    own = f", with {total:,} records" if total else ""
    nobody = "" if what == "inactive owners" else f" have no active counterpart in {other}"
    settings = " and ".join(f"{kind}.owner_fallback.{other}" for kind in bare)
    if not lost:
        fix = f"nothing for the sync: they have a counterpart in {other}; give the records to somebody else in {system}"
        return Problem("note", f"{system}.owners", f"{len(group)} {what}{own}: {told}", fix)
    fix = "create or activate them there, name the counterpart in vocabulary.owners" + (
        f", or set {settings}" if bare else ""
    )
    level = "warning" if bare and (total or what == "active owners") else "note"
    return Problem(level, f"{system}.owners", f"{len(group)} {what}{own}{nobody}: {told}; {then}", fix)


def _told(owner: Owner, records: int) -> str:
    name = owner.email or owner.name or owner.id
    return f"{name} ({records:,})" if records else name


def _listed(names: Sequence[str]) -> str:
    more = f" and {len(names) - SAMPLE:,} more" if len(names) > SAMPLE else ""
    return ", ".join(names[:SAMPLE]) + more
