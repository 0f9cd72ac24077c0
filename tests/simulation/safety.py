"""What must hold at every step of every life, judged after its end from whole histories.

Each check yields (invariant, entity, field, history).  The numbers are those of the list in `invariants`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime
from itertools import pairwise

from connectors.memory import SYNC, Row
from connectors.port import Ref
from tests.simulation.evidence import Change, Evidence, normal
from tests.simulation.words import (
    BACKWARD,
    CONVERTED,
    DEFAULTS,
    FIELDS,
    HUBSPOT_STAGES,
    KEYS,
    MAPPED,
    OF_DEALS,
    RANKS,
    REFINED,
    SHOWN,
    norm,
    rank,
    same,
)
from tests.simulation.world import LAG

Finding = tuple[str, object, str, str]
SIDES = ("hubspot", "salesforce")
UNANSWERED = "no answer came"
"""In the journal's reason of what was sent and perhaps done."""
UNSEEN = 2 * LAG
"""How long a deletion may go unseen, ms: the lag of the list of changes, and as long again for what is under way."""


def other(system: str) -> str:
    """The system across."""
    return SIDES[system == SIDES[0]]


def no_invention(e: Evidence) -> Iterator[Finding]:
    """S1: every value we wrote was put into a record of the same group by a person, before; an opt-out, into one that
    held an address of theirs."""
    for refs in e.groups.values():
        for name in FIELDS:
            sources = (*refs, *e.fellows(refs, name))
            said = [(c.at, c.value) for ref in sources for c in e.of(ref, name) if not c.ours]
            for ref in refs:
                for c in e.of(ref, name):
                    if not c.ours or (name, c.value) in DEFAULTS or (c.value is None and _may_blank(e, name)):
                        continue
                    known = normal(name, [value for at, value in said if at <= c.at])
                    if name == "stage" and any(_converted(e.rows[r]) for r in refs):
                        known = known | {CONVERTED}
                    if name == "stage" and "deal" in e.life.profile.kinds:
                        known = known | OF_DEALS
                    if not normal(name, [c.value]) & known:
                        yield "S1", ref, name, e.story(refs, name)


def _converted(row: Row) -> bool:
    return row.moved_to is not None and row.moved_to.object != row.ref.object


def _may_blank(e: Evidence, name: str) -> bool:
    """Whether an authority that never held a value may take away another side's."""
    rule = next(field for field in e.life.rule.fields if field.name == name)
    return rule.winner in SIDES and rule.clears == "both"


def no_silent_loss(e: Evidence) -> Iterator[Finding]:
    """S2: the last effective human edit is current, journaled, or was held by both sides at some instant.

    Known limit: HubSpot refuses no write as too old, so one that was in hand when a worker fell asleep replaces what
    somebody edited meanwhile; the worker that took over looked before.
    """
    for refs in e.groups.values():
        lines = e.journal_of(refs)
        for name in FIELDS:
            for ref in refs:
                row = e.rows[ref]
                edits = [c for c in e.of(ref, name) if not c.ours]
                if row.deleted or ref in e.erased or not edits or same(name, edits[-1].value, e.held(ref, name)):
                    continue
                value = edits[-1].value
                journaled = any(
                    line.name == name and line.system == ref.system and _was(name, line.was, value) for line in lines
                )
                if journaled or _both_held(e, refs, name, ref, value):
                    continue
                if ref.system == "hubspot" and ref.id in e.life.unleased:
                    e.life.mark("known limit: written by a worker that had lost its lease")
                    continue
                yield "S2", ref, name, e.story(refs, name)


def _was(name: str, journaled: object, native: object) -> bool:
    """Journaled values are the shared ones; a person's are native."""
    if name == "stage":
        return journaled in norm(name, native)
    return bool(norm(name, journaled) == norm(name, native))


def _both_held(e: Evidence, refs: list[Ref], name: str, ref: Ref, value: object) -> bool:
    mine = _spells(e.of(ref, name), name, value)
    theirs = [
        spell
        for far in refs
        if far.system != ref.system
        for spell in _spells(e.of(far, name), name, value, e.rows[far].created - e.ahead(far.system))
    ]
    return any(a < d and c < b for a, b in mine for c, d in theirs)


def _spells(changes: list[Change], name: str, value: object, born: int = 0) -> list[tuple[float, float]]:
    """When a record held a value."""
    told = [(born, None), *((c.at, c.value) for c in changes)]
    ends = [*(at for at, _ in told[1:]), float("inf")]
    return [(at, end + 0.5) for (at, held), end in zip(told, ends, strict=True) if same(name, held, value)]


def no_duplicates(e: Evidence) -> Iterator[Finding]:
    """S3: one creation a source, one live record a sync key, no entity made of our records alone.

    One more may be there where a creation took effect late: its key is refused, unless the record that was made
    meanwhile has got another one; and where the source was deleted, its record came to somebody else, and the source is
    back.  Known limit: so may one that was merged away before anybody looked.
    """
    made: dict[tuple[str, str], list[Ref]] = {}
    for ref, row in e.rows.items():
        if is_ours(row) and not _merged_unseen(e, row) and not _somebody_elses(row):
            made.setdefault((ref.system, _source(row)), []).append(ref)
    for (system, source), refs in made.items():
        if len(refs) - len(e.life.made_late & set(refs)) > 1 and not _made_again(e, refs, system):
            yield "S3", source, "", f"created in {system} {len(refs)} times: {[r.id for r in refs]}"
    live: dict[tuple[str, str], list[Ref]] = {}
    for ref, row in e.rows.items():
        key = row.fields.get("SMK_HubSpot_Id__c")
        if ref.system == "salesforce" and key and not row.deleted:
            live.setdefault((ref.system, key), []).append(ref)
    for (system, key), refs in live.items():
        if len(refs) > 1 and sum(is_ours(e.rows[ref]) for ref in refs) > 1:
            yield "S3", key, "", f"{len(refs)} live records in {system} hold this key: {[r.id for r in refs]}"
    for refs in e.groups.values():
        if all(is_ours(e.rows[ref]) for ref in refs):
            yield "S3", refs[0], "", f"made of our records alone: {refs}"
        for system in SIDES:
            made_there = [e.rows[ref] for ref in refs if ref.system == system and ref not in e.life.made_late]
            ours = sum(is_ours(row) and not _merged_unseen(e, row) for row in made_there)
            people = sum(born_as(e.rows[ref]) in ("human", "convert") for ref in refs if ref.system != system)
            gone = any(ref in e.erased for ref in refs)
            if ours > people and not gone and not _made_again(e, refs, system):
                yield "S3", refs[0], "", f"{ours} created in {system} for {people} records of people"


def _somebody_elses(row: Row) -> bool:
    """Whether a record of ours names another counterpart by now than the one that it was made for."""
    named = {row.fields.get(name) for name in KEYS} - {None}
    return bool(named) and _source(row) not in named


def _merged_unseen(e: Evidence, row: Row) -> bool:
    """Whether a creation that nobody heard of was merged away before we ever saw it, and nothing of it is left by which
    to know it: neither its sync key nor the address that its source has."""
    known = e.known.get(row.ref)
    if row.moved_to is None or (known is not None and known.entity is not None) or e.heir(row.ref) is None:
        return False
    source = e.rows.get(Ref(other(row.ref.system), *_place_of_source(row)))
    moved = source is not None and len([c for c in e.of(source.ref, "email") if c.at >= row.created - UNSEEN]) > 0
    lost = e.life.crashes > 0 or any(key in (_source(row), row.ref.id) for _, key in e.life.lost_on)
    kept = _source(row) in (e.rows[row.moved_to].fields.get(name) for name in KEYS)
    unseen = lost and not kept and (e.life.hubspot.forgets_addresses or moved)
    if unseen:
        e.life.mark("known limit: merged before anybody looked")
    return unseen


def born_as(row: Row) -> str:
    """Who made a record."""
    return row.history[0].by if row.history else "human"


def is_ours(row: Row) -> bool:
    """Whether we made it."""
    return born_as(row) == SYNC


def _source(row: Row) -> str:
    """The record that a record of ours was made for: the sync key it was born with."""
    return next((str(h.value) for h in row.history if h.field in KEYS and h.at == row.created), "none")


def opt_out_ratchet(e: Evidence) -> Iterator[Finding]:
    """S4: we never withdraw an opt-out, unless a record shows when and how the person agreed again after it."""
    for (ref, name), changes in e.changes.items():
        for c in changes if name == "opted_out" else ():
            if c.ours and c.before is True and c.value is not True and not _agreed_again(e, ref, c.at):
                yield "S4", ref, name, e.story(e.group(ref), name)


def _agreed_again(e: Evidence, ref: Ref, by: int) -> bool:
    """Whether a record of the person shows, until then, an event after every opt-out that could be known: what, when,
    where from and on which legal basis."""
    refs = e.group(ref)
    said = (c for one in refs for c in e.of(one, "opted_out") if c.value is True and c.by == "human")
    last = max((c.at for c in said if c.at <= by - UNSEEN), default=0)
    for row in (e.rows[one] for one in refs):
        shown: dict[str, object] = {}
        for entry in row.history:
            shown |= {entry.field: entry.value} if entry.field in SHOWN and entry.at <= by else {}
            if all(shown.get(field) is not None for field in SHOWN) and _ms(shown[SHOWN[1]]) > last:
                return True
    return False


def _ms(told: object) -> int:
    return round(datetime.fromisoformat(str(told)).timestamp() * 1000)


def stage_ratchet(e: Evidence) -> Iterator[Finding]:
    """S5: we never write a stage below the present one, but where an event led back to just that before.  A person's
    edit in the instant of the write is a race that HubSpot's own refusal of steps backward decides; the journal has it,
    as it has those events."""
    for ref, row in e.rows.items():
        held: dict[str, object] = {}
        for n, entry in enumerate(row.history):
            before = rank(ref.system, held)
            raced = any(h.at == entry.at and h.by != SYNC for h in row.history[:n])
            again = any(h.at == entry.at and h.by == SYNC for h in row.history[:n])
            first = entry.field == FIELDS["stage"][ref.system]
            after = rank(ref.system, {**held, **_instant(row, n)})
            held[entry.field] = entry.value
            if entry.by != SYNC or not (first or entry.field == REFINED) or after >= before or raced or again:
                continue
            if after not in _led_back(e, ref, entry.at):
                yield "S5", ref, "stage", e.story(e.group(ref), "stage")


def _led_back(e: Evidence, ref: Ref, at: int) -> set[int]:
    """How far the stages are to which events led back that were journaled before a moment of this record's system."""
    events = [
        line.became
        for line in e.journal_of(e.group(ref))
        if line.name == "@stage" and line.reason.startswith(BACKWARD) and line.at <= at - e.ahead(ref.system)
    ]
    ranks: set[int] = set()
    for became in events:
        stage, status = became.get("stage"), became.get("status")
        if status is not None:
            ranks.add(-2)
        # A system without a word for a stage says the nearest one before it.
        ranks |= {min(RANKS[s] for s in native) for native in HUBSPOT_STAGES.values() if stage in native}
        ranks |= {RANKS[stage]} if stage in RANKS else set()
    return ranks


def _instant(row: Row, n: int) -> dict[str, object]:
    """Everything that one write of ours sets at once."""
    at = row.history[n].at
    return {entry.field: entry.value for entry in row.history if entry.at == at and entry.by == SYNC}


def ownership(e: Evidence) -> Iterator[Finding]:
    """S6: we write no field whose rule leaves it to the target, and none that is not mapped."""
    closed = {
        (system, field.name)
        for field in e.life.rule.fields
        for system in SIDES
        if field.name in FIELDS and system not in field.to
    }
    for ref, row in e.rows.items():
        for entry in row.history:
            if entry.by == SYNC and entry.field not in MAPPED:
                yield "S6", ref, entry.field, "not mapped"
    for (ref, name), changes in e.changes.items():
        if (ref.system, name) in closed and any(c.ours for c in changes):
            yield "S6", ref, name, e.story(e.group(ref), name)


def no_echo(e: Evidence) -> Iterator[Finding]:
    """S7: what we write answers edits: those of the other side, and (to restore an authority's value) of this one.

    A lost answer or a crash may cost one more write; so may a merge or a new link, which is a new first meeting.
    """
    life = e.life
    for refs in e.groups.values():
        for name in FIELDS:
            for ref in refs:
                ours = [c for c in e.of(ref, name) if c.ours]
                if not ours:
                    continue
                one = [ref] if name == "opted_out" else [near for near in refs if near.system == ref.system]
                sources = [far for far in refs if far not in one] + list(e.fellows(refs, name))
                edits = sum(1 for far in sources for c in e.of(far, name) if not c.ours)
                rule = next(f for f in life.rule.fields if f.name == name)
                if rule.winner == other(ref.system) or name in ("opted_out", "stage"):
                    edits += sum(1 for c in e.of(ref, name) if not c.ours)
                if name == "stage":
                    edits += e.closings
                if (name, None) in DEFAULTS or (name, ours[0].value) in DEFAULTS:
                    edits += 1
                lost = life.crashes + sum(life.lost_on[ref.object, key] for key in {ref.id, _source(e.rows[ref])})
                moved = sum(e.rows[r].moved_to is not None or born_as(e.rows[r]) != "human" for r in refs)
                meetings = 0 if len(refs) <= 2 else len(refs) + moved
                if len(ours) > edits + lost + meetings:
                    yield "S7", ref, name, f"{len(ours)} writes for {edits} edits: {e.story(refs, name)}"


def honest_memory(e: Evidence) -> Iterator[Finding]:
    """S8, S9: what the state holds as now and as shadow was really held by that record (or one it lives on from), or
    was sent to it and may have been held until a person changed it."""
    for ref, known in e.known.items():
        if ref not in e.rows or known.state != "live" or e.erased_unheard(ref):
            continue
        for name in ("email", "last_name", "phone", "title", "opted_out"):
            if name in known.now and not same(name, known.now[name], e.held(ref, name)):
                yield "S8", ref, name, f"now is {known.now[name]!r}: {e.story([ref], name)}"
            if name in known.shadow:
                near = [r for r in e.group(ref) if r.system == ref.system]
                lines = [x for x in e.journal_of(e.group(ref)) if (x.system, x.name) == (ref.system, name)]
                sent = [x.became for x in lines if UNANSWERED in x.reason]
                past = [None, *sent, *(c.value for r in near for c in e.of(r, name))]
                if not any(same(name, known.shadow[name], value) for value in past):
                    yield "S9", ref, name, f"shadow is {known.shadow[name]!r}: {e.story(near, name)}"


def no_resurrection(e: Evidence) -> Iterator[Finding]:
    """S14: who was deleted in a system is not made there again, unless the configuration says so and they came back by
    themselves; and we put into the bin only whose counterpart was deleted, where the configuration says so.

    Known limit: a creation that took effect when nobody waited for it any more, and was deleted before the list of
    changes could show either.
    """
    policy = dict(e.life.profile.on_delete)
    for ref in e.life.archived.keys() & e.rows.keys():
        if policy.get(ref.system) not in ("archive", "delete"):
            yield "S14", ref, "", "put into the bin by us, and no policy says so"
        binned = e.life.systems[other(ref.system)].binned
        lost = [binned[far] - e.ahead(far.system) for far in e.group(ref) if far in binned]
        if not lost:
            yield "S14", ref, "", "put into the bin by us, though its counterpart was never there"
        for name in FIELDS if lost else ():
            # What we wrote over is in the journal.
            edits = [c for c in e.of(ref, name)[-1:] if c.by == "human" and not same(name, c.before, c.value)]
            after = e.life.archived[ref] - e.ahead(ref.system)
            if any(max(at for at in lost) < c.at < after for c in edits):
                yield "S14", ref, name, f"put into the bin by us, though it was edited since: {e.story([ref], name)}"
    for ref, row in e.rows.items():
        if not is_ours(row):
            continue
        source = e.rows.get(Ref(other(ref.system), *_place_of_source(row)))
        for gone in e.group(ref):
            dead = e.rows[gone]
            if gone.system != ref.system or not dead.deleted or dead.moved_to is not None or dead is row:
                continue
            if dead.version >= row.created or source is None or not _linked(dead, source):
                continue
            if policy.get("recreate") == "yes" and _came_back(e, gone, dead.version):
                continue
            former = [r.ref.id for r in e.rows.values() if r.moved_to == source.ref]
            if ref in e.life.made_late or any(e.life.lost_on[ref.object, id] for id in former):
                # It was sent before, and took effect when nobody waited for it any more; or it was sent before for
                # somebody who was merged with the one whose counterpart is gone.
                continue
            if gone in e.life.made_late and row.created - dead.version <= UNSEEN:
                e.life.mark("known limit: late, and deleted at once")
                continue
            yield "S14", gone, "", f"deleted at {dead.version}, made again as {ref} at {row.created}"


def _made_again(e: Evidence, refs: list[Ref], system: str) -> bool:
    """Whether somebody who was deleted there came back by themselves, and the configuration says to make them again."""
    binned = e.life.systems[system].binned
    wanted = dict(e.life.profile.on_delete).get("recreate") == "yes"
    return wanted and any(_came_back(e, ref, binned[ref]) for ref in refs if ref in binned)


def _came_back(e: Evidence, gone: Ref, since: int) -> bool:
    """Whether a person who was deleted filled in a form after that."""
    return any(
        entry.field == "recent_conversion_date" and entry.at + 1_000 > since
        for ref in e.group(gone)
        for entry in e.rows[ref].history
    )


def _place_of_source(row: Row) -> tuple[str, str]:
    for entry in row.history:
        if entry.field in KEYS and entry.at == row.created:
            return KEYS[entry.field][1], str(entry.value)
    return "", ""


def _linked(a: Row, b: Row) -> bool:
    """Whether one names the other in its sync key."""
    pairs = ((a, b), (b, a))
    return any(
        KEYS[name] == (y.ref.system, y.ref.object) and value == y.ref.id
        for x, y in pairs
        for name, value in x.fields.items()
        if name in KEYS
    )


def complete_journal(e: Evidence) -> Iterator[Finding]:
    """S15: every value that we wrote is in the journal, unless its answer was lost and a person wrote over it or
    merged the record away.  Of a person who was erased nothing is left in it."""
    for refs in (refs for refs in e.groups.values() if e.erased.isdisjoint(refs)):
        lines = e.journal_of(refs)
        for name in FIELDS:
            for ref in refs:
                changes = e.of(ref, name)
                for c, after in pairwise([*changes, None]):
                    if c is None or not c.ours or (after is not None and not after.ours):
                        continue
                    told = any(
                        x.name == name and x.system == ref.system and _was(name, x.became, c.value) for x in lines
                    )
                    if not told and e.rows[ref].moved_to is None:
                        yield "S15", ref, name, e.story(refs, name)


def right_people(e: Evidence) -> Iterator[Finding]:
    """S16: what is linked shares an address, a person's merge or conversion, or our own creation."""
    for entity, members in e.entities.items():
        if len(members) < 2:
            continue
        near = [_addresses(e, ref) for ref in members.values()]
        if not near[0] & near[1] and not any(is_ours(e.rows[ref]) for ref in _ancestors(e, members.values())):
            yield "S16", entity, "email", "; ".join(e.story([ref], "email") for ref in members.values())


def _ancestors(e: Evidence, refs: Iterable[Ref]) -> set[Ref]:
    found: set[Ref] = set(refs)
    while more := {ref for ref, row in e.rows.items() if row.moved_to in found} - found:
        found |= more
    return found


def _addresses(e: Evidence, ref: Ref) -> set[object]:
    lines = _ancestors(e, [ref])
    held = {norm("email", c.value) for r in lines for c in e.of(r, "email")} - {None}
    more = [h.value for r in lines for h in e.rows[r].history if h.field == "hs_additional_emails" and h.value]
    return held | {norm("email", part) for value in more for part in str(value).split(";")}


SAFETY = (
    no_invention, no_silent_loss, no_duplicates, opt_out_ratchet, stage_ratchet, ownership, no_echo, honest_memory,
    no_resurrection, complete_journal, right_people,
)  # fmt: skip
