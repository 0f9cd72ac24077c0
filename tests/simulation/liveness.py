"""What must hold once people rest, faults are healed and K cycles have passed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from connectors.memory import SYNC
from connectors.port import Ref
from tests.simulation.evidence import Evidence, first_of
from tests.simulation.resting import K
from tests.simulation.safety import SIDES, Finding, other
from tests.simulation.words import FIELDS, RANKS, norm, rank, same

CLEARS = {"two_way", "crm_decides"}
"""Settings under which a blank travels like any value."""


LOOKS = 2
"""Calls of an idle run beside reading: at a record somebody moved, or at when a contested field changed."""


def converged(e: Evidence) -> Iterator[Finding]:
    """L1: both sides agree on every field that a person touched since the link, and on every ratchet."""
    for entity, members in e.entities.items():
        if len(members) < 2 or any(map(e.erased_unheard, members.values())):
            continue
        excused = e.excused(entity) | e.life.reshaped
        for name in FIELDS:
            if name in excused or "*" in excused or not all(_has(ref, name) for ref in members.values()):
                continue
            if not _agrees(e, list(members.values()), name) and not _told(e, list(members.values()), name):
                yield "L1", entity, name, e.story(members.values(), name)


def _has(ref: Ref, name: str) -> bool:
    return not (ref.object == "Contact" and name in ("stage", "company"))


def _told(e: Evidence, pair: list[Ref], name: str) -> bool:
    """Whether the journal lists both values as ones that stay: a first meeting of different values."""
    lines = e.journal_of(e.group(pair[0]))
    return all(
        any(
            line.system == ref.system and line.name == name and line.was == line.became
            and norm(name, line.was) == norm(name, e.held(ref, name))
            for line in lines
        )
        for ref in pair
    )  # fmt: skip


def _agrees(e: Evidence, pair: list[Ref], name: str) -> bool:
    a, b = (e.held(ref, name) for ref in pair)
    if same(name, a, b):
        return True
    if name == "stage":
        return _stages_agree(e, pair)
    if name == "opted_out":
        return False
    setting = dict(zip(("phone", "title"), e.life.settings, strict=True)).get(name, "default")
    if setting in ("fill_blanks", "review"):
        return True
    linked = max(e.known[ref].linked_at for ref in pair)
    touched = [c for ref in pair for c in e.of(ref, name) if not c.ours and c.at > linked]
    if a is None or b is None:
        return not touched or setting not in CLEARS
    return not touched


def _stages_agree(e: Evidence, pair: list[Ref]) -> bool:
    """HubSpot may be ahead by stages that a Lead cannot express; a status stays beside the stages."""
    ranks = {ref.system: rank(ref.system, e.rows[ref].fields) for ref in pair}
    lead, contact = ranks["salesforce"], ranks["hubspot"]
    if lead == -2:
        return True
    return contact >= lead and not (lead < contact and contact in (RANKS["mql"], RANKS["sal"]))


def at_rest(e: Evidence) -> Iterator[Finding]:
    """L2: one more cycle writes nothing, and nothing waits to be decided."""
    if not e.life.quiet:
        waiting = [(f.verb, f.system, f.entity, f.state) for f in e.flights if f.state in ("planned", "sent")]
        last = [f"{x.system}.{x.name}: {x.was!r} -> {x.became!r} ({x.reason[:50]})" for x in e.journal[-4:]]
        yield "L2", "", "", f"still at work after {K} cycles: {waiting} {last}"
    for known in e.known.values():
        if known.dirty and not any(map(e.erased_unheard, e.entities.get(known.entity or "", {}).values())):
            yield "L2", known.ref, "", f"still to be decided ({known.state}, {known.entity})"


def complete(e: Evidence) -> Iterator[Finding]:
    """L3: every record of a person's that is eligible has its counterpart, or a question says why not."""
    questioned = {x for asked in e.open for x in (asked.entity, asked.ref, *asked.others) if x is not None}
    parked = {flight.entity for flight in e.flights if flight.state == "parked"}
    for ref, row in e.rows.items():
        if row.deleted or not row.history or row.history[0].by == SYNC:
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
        members = e.entities[known.entity]
        gone = [
            k for k in e.known.values() if k.entity == known.entity and k.state in ("deleted", "moved")
            and k.ref.system == other(ref.system)
        ]  # fmt: skip
        lives_on = [heir for k in gone if k.state == "moved" and (heir := e.heir(k.ref)) is not None]
        if len(members) < 2 and lives_on and lives_on[0] not in questioned:
            yield "L3", ref, "", f"its counterpart lives on as {lives_on[0]}, and no question says so"
        if len(members) < 2 and not gone and _eligible(e, ref):
            yield "L3", ref, "", f"no counterpart, no question: {row.fields}"


def _eligible(e: Evidence, ref: Ref) -> bool:
    row = e.rows[ref]
    email = row.fields.get(FIELDS["email"][ref.system])
    if ref.system == SIDES[1]:
        return norm("email", email) is not None
    return rank("hubspot", row.fields) >= RANKS["mql"]


def visible(e: Evidence) -> Iterator[Finding]:
    """L5: every parked write, duplicate and shared address is asked about, once, and as long as it is so."""
    asked = Counter((x.question, x.entity) for x in e.open)
    for flight in e.flights:
        if flight.state == "parked" and asked["rejected", flight.entity] < 1:
            yield "L5", flight.entity, "", f"parked {flight.verb} in {flight.system}, and nobody is told"
    told = Counter((x.question, x.ref) for x in e.open)
    waiting = {(ref.system, ref.id) for x in e.open for ref in x.others}
    for known in e.known.values():
        if known.state in ("duplicate", "shared") and told[known.state, known.ref] != 1:
            count = told[known.state, known.ref]
            yield "L5", known.ref, "", f"{known.state}, and {count} questions tell of it"
        orphan = known.state == "duplicate" and known.ref.system not in e.entities.get(known.entity or "", {})
        if orphan and first_of(known.entity or "") not in waiting:
            yield "L3", known.ref, "", f"a duplicate of nobody: {known.entity} has no other record there"
    for question, many in Counter(
        (x.question, x.entity, x.place, x.ref, x.name, x.others, x.pair) for x in e.open
    ).items():
        if many > 1:
            yield "L5", question, "", f"asked {many} times"
    for x in e.open:
        if x.question in ("duplicate", "shared") and x.ref is not None and e.known[x.ref].state != x.question:
            yield "L5", x.ref, "", f"asked about as {x.question}, and is {e.known[x.ref].state}"
        for ref in x.others if x.question in ("ambiguous", "same_person") else ():
            if e.rows[ref].deleted:
                yield "L5", ref, "", f"asked about as {x.question}, and is not there any more"


def few_calls(e: Evidence) -> Iterator[Finding]:
    """S17: a run that has nothing to do asks each object once what is new, and looks at little else."""
    if e.life.quiet and e.life.idle > LOOKS:
        yield "S17", "", "", f"{e.life.idle} calls too many with nothing to do"


def caught_up(e: Evidence) -> Iterator[Finding]:
    """L6: after a day without a run the next one reads what changed, and no more."""
    if e.life.listed is not None and e.life.listed[0] > e.life.listed[1]:
        yield "L6", "", "", f"{e.life.listed[0]} records were read where {e.life.listed[1]} had changed"


def addresses_opted_out(e: Evidence) -> Iterator[Finding]:
    """L1: where somebody opted out, everybody has who holds the address, strangers as they may be."""
    asked = {ref for x in e.open for ref in (x.ref, *x.others) if x.question in ("ambiguous", "same_person")}
    parked = {flight.entity for flight in e.flights if flight.state == "parked"}
    holders: dict[str, list[Ref]] = {}
    for ref, row in e.rows.items():
        address = norm("email", row.fields.get(FIELDS["email"][ref.system]))
        if not row.deleted and address is not None and ref not in e.erased:
            holders.setdefault(address, []).append(ref)
    for address, refs in holders.items():
        loud = [ref for ref in refs if e.held(ref, "opted_out") is True]
        for ref in refs if loud else ():
            if e.held(ref, "opted_out") is True or ref in asked or e.known[ref].entity in parked:
                continue
            yield "L1", ref, "opted_out", f"{loud[0].object} {loud[0].id} holds {address} as well and opted out"


LIVENESS = (converged, at_rest, complete, visible, few_calls, caught_up, addresses_opted_out)
