"""The judge of companies, deals and activities: the invariants of `safety` and `liveness`, as they are of these kinds.

S1 no invention, S2 no silent lost update, S3 no duplicate creation, S6 ownership, S7 no echo, S8 no time travel, S9
honest shadow, S14 no resurrection, S15 complete journal, S16 references; once healed L1 convergence, L2 rest, L3
completeness, L5 visibility.  The others (S8, S10, S11, S12, S13, S17, L4) are watched over all kinds at once.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from itertools import pairwise
from typing import ClassVar

from connectors.memory import Row
from connectors.port import Ref
from tests.simulation import trade
from tests.simulation.evidence import Change, Evidence
from tests.simulation.safety import SIDES, UNANSWERED, UNSEEN, Finding, born_as, is_ours, other
from tests.simulation.trade import FIELDS, GIVEN, KIND, LINKS, norm

BOTH_WAYS = ("calls", "tasks", "meetings", "Task", "Event")
"""Activities that are carried both ways."""
TO_SALES = ("notes", "emails")
"""Those that go to sales alone."""


class Trade(Evidence):
    """What a life left behind of these kinds."""

    kinds: ClassVar[Collection[str]] = trade.KINDS
    objects: ClassVar[Collection[str]] = tuple(KIND)
    keys: ClassVar[Mapping[str, str]] = trade.KEYS

    def name_of(self, ref: Ref, native: str) -> str | None:
        return next((name for name, own in FIELDS[ref.object].items() if own == native), None)

    def native_of(self, ref: Ref, name: str) -> str | None:
        return FIELDS[ref.object].get(name)

    def means(self, ref: Ref, name: str) -> object:
        """What a record holds, in the words of both."""
        return norm(ref.system, name, self.held(ref, name))

    def fields(self) -> Iterator[tuple[list[Ref], Ref, str]]:
        """(its group, record, field) of everything there is."""
        for refs in self.groups.values():
            yield from ((refs, ref, name) for ref in refs for name in FIELDS[ref.object])


def no_invention(e: Trade) -> Iterator[Finding]:
    """S1: every value that we wrote was written by a person into a record of the same group, before."""
    for refs, ref, name in e.fields():
        for c in e.of(ref, name):
            if not c.ours or _is_given(name, c):
                continue
            if c.value is None:
                said: set[object] = {None}
            else:
                said = {
                    norm(r.system, name, s.value) for r in refs for s in e.of(r, name) if not s.ours and s.at <= c.at
                }
            if norm(ref.system, name, c.value) not in said:
                yield "S1", ref, name, e.story(refs, name)


def _is_given(name: str, change: Change) -> bool:
    """Whether the configuration, not a person, gave this to what is made."""
    return change.before is None and change.value in GIVEN.get(name, ())


def no_silent_loss(e: Trade) -> Iterator[Finding]:
    """S2: the last effective human edit is current, journaled, or was held by both sides at some instant."""
    for refs, ref, name in e.fields():
        row = e.rows[ref]
        edits = [c for c in e.of(ref, name) if not c.ours]
        if row.deleted or not edits:
            continue
        value = norm(ref.system, name, edits[-1].value)
        if value == e.means(ref, name) or _told(e, refs, ref, name, value):
            continue
        if any(norm(far.system, name, c.value) == value for far in refs if far != ref for c in e.of(far, name)):
            continue
        if ref.system == "hubspot" and ref.id in e.life.unleased:
            e.life.mark("known limit: written by a worker that had lost its lease")
            continue
        yield "S2", ref, name, e.story(refs, name)


def _told(e: Trade, refs: list[Ref], ref: Ref, name: str, value: object) -> bool:
    return any(
        line.name == name and line.system == ref.system and value in _meant(ref, name, line.was)
        for line in e.journal_of(refs)
    )


def _meant(ref: Ref, name: str, journaled: object) -> set[object]:
    """Journaled values are the shared ones, or the system's own."""
    return {norm(ref.system, name, journaled), norm(ref.system, name, str(journaled).rpartition("/")[2])}


def no_duplicates(e: Trade) -> Iterator[Finding]:
    """S3: one creation a source, and no entity made of our records alone."""
    made: dict[tuple[str, str], list[Ref]] = {}
    for ref, row in e.rows.items():
        if is_ours(row) and (source := _source(row)):
            made.setdefault((ref.system, source), []).append(ref)
    for (system, source), refs in made.items():
        if len(refs) - len(e.life.made_late & set(refs)) > 1 and not _moved(e, refs):
            yield "S3", source, "", f"created in {system} {len(refs)} times: {[r.id for r in refs]}"
    for refs in e.groups.values():
        if all(is_ours(e.rows[ref]) for ref in refs):
            yield "S3", refs[0], "", f"made of our records alone: {refs}"


def _moved(e: Trade, refs: list[Ref]) -> bool:
    """Whether one of them was merged away before anybody looked, so that nobody knew whose it was."""
    return any(e.rows[ref].moved_to is not None and (ref not in e.known or e.known[ref].entity is None) for ref in refs)


def _source(row: Row) -> str:
    return next((str(h.value) for h in row.history if h.field in trade.KEYS and h.at == row.created), "")


def ownership(e: Trade) -> Iterator[Finding]:
    """S6: nothing is written that is not mapped, and nothing of a kind that is not carried there."""
    for ref, row in e.rows.items():
        for entry in row.history:
            if entry.by == "sync" and entry.field not in trade.MAPPED:
                yield "S6", ref, entry.field, "not mapped"
        if is_ours(row) and ref.object in TO_SALES:
            yield "S6", ref, "", "notes and mails are not carried to marketing"


def no_echo(e: Trade) -> Iterator[Finding]:
    """S7: what we write answers edits of the other side."""
    for refs, ref, name in e.fields():
        ours = [c for c in e.of(ref, name) if c.ours]
        edits = sum(1 for far in refs if far.system != ref.system for c in e.of(far, name) if not c.ours)
        edits += any(_is_given(name, c) for c in ours)
        lost = e.life.crashes + sum(e.life.lost_on[ref.object, key] for key in {ref.id, _source(e.rows[ref])})
        changed = sum(e.rows[r].moved_to is not None or born_as(e.rows[r]) != "human" for r in refs)
        meetings = 0 if len(refs) <= 2 else len(refs) + changed
        if len(ours) > edits + lost + meetings:
            yield "S7", ref, name, f"{len(ours)} writes for {edits} edits: {e.story(refs, name)}"


def honest_memory(e: Trade) -> Iterator[Finding]:
    """S8, S9: what the state holds as now and as shadow was really held by that record, or sent to it."""
    for ref, known in e.known.items():
        if ref not in e.rows or known.state != "live":
            continue
        for name in FIELDS[ref.object].keys() & {*trade.TEXTS}:
            if name in known.now and trade.plain(known.now[name]) != trade.plain(e.held(ref, name)):
                yield "S8", ref, name, f"now is {known.now[name]!r}: {e.story([ref], name)}"
            if name in known.shadow:
                near = [r for r in e.group(ref) if r.system == ref.system]
                lines = [x for x in e.journal_of(e.group(ref)) if (x.system, x.name) == (ref.system, name)]
                sent = [x.became for x in lines if UNANSWERED in x.reason]
                past = [None, *sent, *(c.value for r in near for c in e.of(r, name))]
                if trade.plain(known.shadow[name]) not in map(trade.plain, past):
                    yield "S9", ref, name, f"shadow is {known.shadow[name]!r}: {e.story(near, name)}"


def no_resurrection(e: Trade) -> Iterator[Finding]:
    """S14: what was deleted in a system is not made there again, and we delete nothing."""
    for ref, row in e.rows.items():
        source = _source(row) if is_ours(row) else ""
        for gone in e.group(ref) if source else ():
            dead = e.rows[gone]
            if gone.system != ref.system or not dead.deleted or dead.moved_to is not None or dead is row:
                continue
            if dead.version >= row.created or source not in (_source(dead), *_names(dead)):
                continue
            if ref in e.life.made_late:
                # It was sent before, and took effect when nobody waited for it any more.
                continue
            if gone in e.life.made_late and row.created - dead.version <= UNSEEN:
                e.life.mark("known limit: late, and deleted at once")
                continue
            yield "S14", gone, "", f"deleted at {dead.version}, made again as {ref} at {row.created}"
    for ref in e.life.archived.keys() & e.rows.keys():
        yield "S14", ref, "", "put into the bin by us, and no policy says so"


def _names(row: Row) -> list[str]:
    return [str(value) for name, value in row.fields.items() if name in trade.KEYS and value is not None]


def complete_journal(e: Trade) -> Iterator[Finding]:
    """S15: every value that we wrote is in the journal, unless its answer was lost and a person wrote over it."""
    for refs, ref, name in e.fields():
        if not e.erased.isdisjoint(refs) or e.rows[ref].moved_to is not None:
            continue
        for c, after in pairwise([*e.of(ref, name), None]):
            if c is None or not c.ours or (after is not None and not after.ours):
                continue
            if _is_given(name, c):
                continue
            value = norm(ref.system, name, c.value)
            told = any(
                x.name == name and x.system == ref.system and value in _meant(ref, name, x.became)
                for x in e.journal_of(refs)
            )
            if not told:
                yield "S15", ref, name, e.story(refs, name)


# -- once healed -----------------------------------------------------------------------------------------------------


def converged(e: Trade) -> Iterator[Finding]:
    """L1: both sides agree on every field, but where a first meeting left both, somebody is asked, or what goes to
    sales alone was edited there."""
    for entity, members in e.entities.items():
        if len(members) < 2:
            continue
        one, two = members["hubspot"], members["salesforce"]
        excused = e.excused(entity) | e.life.reshaped
        for name in FIELDS[one.object].keys() & FIELDS[two.object].keys() - excused if "*" not in excused else ():
            a, b = e.means(one, name), e.means(two, name)
            stay = all(_stays(e, ref, name, value) for ref, value in ((one, a), (two, b)))
            stay = stay or (one.object in TO_SALES and any(not c.ours for c in e.of(two, name)))
            if a != b and not stay:
                yield "L1", entity, name, e.story(members.values(), name)


def _stays(e: Trade, ref: Ref, name: str, value: object) -> bool:
    """Whether the journal lists a value as one that stays: a first meeting of different values."""
    return any(
        line.system == ref.system and line.name == name and line.was == line.became
        and value in _meant(ref, name, line.was)
        for line in e.journal_of(e.group(ref))
    )  # fmt: skip


def references(e: Trade) -> Iterator[Finding]:
    """S16, L1: what belongs to somebody on one side belongs to the same one on the other."""
    people = Evidence(e.life)
    whose = {**e.known, **people.known}
    pairs = {**e.entities, **people.entities}
    for entity, members in pairs.items():
        excused = e.excused(entity) | people.excused(entity)
        if len(members) < 2 or "*" in excused:
            continue
        one, two = members["hubspot"], members["salesforce"]
        for name in LINKS.get(one.object, {}).keys() & LINKS.get(two.object, {}).keys():
            if name in excused:
                continue
            a, b = (_belongs(e, ref, name, whose, pairs) for ref in (one, two))
            there = LINKS[two.object][name][0]
            if one.object in TO_SALES and any((h.field, h.by) == (there, "human") for h in e.rows[two].history):
                continue
            if a and b and not a & b and not all(_kept_apart(e, entity, ref, name) for ref in (one, two)):
                yield "S16", entity, name, f"{sorted(a)} in hubspot and {sorted(b)} in salesforce"


def _kept_apart(e: Trade, entity: str, ref: Ref, name: str) -> bool:
    """Whether the last that the journal says of a reference is that both sides stay as they met."""
    lines = [x for x in e.journal if (x.entity, x.system, x.name) == (entity, ref.system, name)]
    return bool(lines) and lines[-1].was == lines[-1].became


def _belongs(
    e: Trade, ref: Ref, name: str, whose: Mapping[Ref, object], pairs: Mapping[str, Mapping[str, Ref]]
) -> set[str]:
    """The entities that a record refers to, of those that are whole."""
    native, _ = LINKS[ref.object][name]
    system = e.life.systems[ref.system]
    held = system.rows[ref.object][ref.id].fields.get(native)
    found: set[str] = set()
    for id in held if isinstance(held, list) else [held]:
        for object in system.schemas[ref.object].fields[native].references if id else ():
            known = whose.get(Ref(ref.system, object, str(id)))
            entity = getattr(known, "entity", None)
            if getattr(known, "state", "") == "live" and len(pairs.get(str(entity), ())) == 2:
                found.add(str(entity))
    return found


def at_rest(e: Trade) -> Iterator[Finding]:
    """L2: nothing waits to be decided."""
    for known in e.known.values():
        if known.dirty:
            yield "L2", known.ref, "", f"still to be decided ({known.state}, {known.entity})"


def complete(e: Trade) -> Iterator[Finding]:
    """L3: every record of a person's that is eligible has its counterpart, or a question says why not."""
    questioned = {x for asked in e.open for x in (asked.entity, asked.ref, *asked.others, *asked.pair) if x is not None}
    parked = {flight.entity for flight in e.flights if flight.state == "parked"}
    for ref, row in e.rows.items():
        if row.deleted or is_ours(row) or ref in e.erased:
            continue
        known = e.known.get(ref)
        if known is None:
            yield "L3", ref, "", "never observed"
            continue
        if known.entity in questioned or ref in questioned or known.entity in parked:
            continue
        if known.state != "live" or known.entity is None:
            yield "L5", ref, "", f"{known.state}, entity {known.entity}, and nobody is told"
            continue
        gone = any(
            k.entity == known.entity and k.state in ("deleted", "moved") and k.ref.system == other(ref.system)
            for k in e.known.values()
        )
        if len(e.entities[known.entity]) < 2 and not gone and _eligible(e, ref):
            yield "L3", ref, "", f"no counterpart, no question: {row.fields}"


def _eligible(e: Trade, ref: Ref) -> bool:
    row = e.rows[ref]
    if KIND[ref.object] == "company":
        ready = ref.system == SIDES[1] or row.fields.get("lifecyclestage") == "opportunity"
        return ready and bool(row.fields.get(FIELDS[ref.object]["domain"]))
    if KIND[ref.object] == "deal":
        return not any(row.fields.get(native) for native, _ in LINKS[ref.object].values())
    return False


def visible(e: Trade) -> Iterator[Finding]:
    """L5: every parked write and every duplicate is asked about, once."""
    asked = Counter((x.question, x.entity) for x in e.open)
    for flight in e.flights:
        if flight.state == "parked" and asked["rejected", flight.entity] < 1:
            yield "L5", flight.entity, "", f"parked {flight.verb} in {flight.system}, and nobody is told"
    told = Counter((x.question, x.ref) for x in e.open)
    for known in e.known.values():
        if known.state in ("duplicate", "shared") and told[known.state, known.ref] != 1:
            yield "L5", known.ref, "", f"{known.state}, and {told[known.state, known.ref]} questions tell of it"
    for x in e.open:
        if x.question in ("duplicate", "shared") and x.ref is not None and e.known[x.ref].state != x.question:
            yield "L5", x.ref, "", f"asked about as {x.question}, and is {e.known[x.ref].state}"


CHECKS = (
    no_invention, no_silent_loss, no_duplicates, ownership, no_echo, honest_memory, no_resurrection, complete_journal,
    converged, references, at_rest, complete, visible,
)  # fmt: skip
