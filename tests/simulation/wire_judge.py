"""The judge of a life on the wire: it knows the sandbox's history of who wrote what, and the tables of the state.

The invariants are those of `invariants`, as far as a sandbox of many kinds lets them be told: S1 no invention, S2 no
silent lost update, S3 no duplicate creation, S4 opt-out ratchet, S10 one flight, S14 no resurrection, S16 references;
once healed L1 convergence, L2 rest, L5 visibility, and S17: a run without work makes a bounded number of calls.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from functools import cached_property
from typing import Any, NamedTuple

from connectors.port import Ref
from sandbox.kernel import Change, Row
from tests.simulation.wire import WireLife
from tests.simulation.wire_people import KINDS, OPT_OUT, TEXTS

KEYS = {
    "SMK_HubSpot_Id__c", "SMK_HubSpot_Company_Id__c", "SMK_HubSpot_Deal_Id__c", "SMK_Key__c", "smk_crm_lead_id",
    "smk_crm_contact_id", "smk_crm_account_id", "smk_crm_opportunity_id", "smk_crm_activity_id",
}  # fmt: skip
BOTH_WAYS = ("tasks", "calls", "meetings", "Task")
NAMED = {"Task": {"Call", "Note", "Task"}, "Event": {"Meeting"}}
"""Object → the subjects that we give to what has none when we make it."""
COMPARED = ("subject", "body", "status", "person", "starts", "ends")
"""Of activities."""
IDLE = 75
"""Calls of a run that has nothing to do, at most: learning schemas and owners, and asking each object what is new."""
Finding = tuple[str, object, str]


class Known(NamedTuple):
    """A row of `record`."""

    ref: Ref
    kind: str
    state: str
    entity: str | None
    moved_to: Ref | None
    dirty: bool


class Evidence:
    """The sandbox's histories, and what the state knows."""

    def __init__(self, life: WireLife) -> None:
        self.life = life
        self.rows: dict[Ref, Row] = {
            Ref(side, object, id): row
            for kind in KINDS.values()
            for side, objects in kind.items()
            for object in objects
            for id, row in life.stage.world.rows(side, object).items()
        }
        found = life.ask("SELECT system, object, id, kind, state, entity, moved_to, dirty FROM record")
        self.known: dict[Ref, Known] = {
            Ref(*at): Known(Ref(*at), kind, state, entity, Ref(*json.loads(moved)) if moved else None, bool(dirty))
            for *at, kind, state, entity, moved, dirty in found
        }
        self.journal = " ".join(str(part) for line in life.ask("SELECT was, became FROM journal") for part in line)
        self.stays: set[tuple[str, str]] = set(self._stays())
        """(entity, value) of what stays though the other side says something else: a first meeting."""

    def _stays(self) -> Iterator[tuple[str, str]]:
        for entity, name, was, became in self.life.ask("SELECT entity, field, was, became FROM journal"):
            told = json.loads(became) if name == "@fields" else [("", name, json.loads(was), json.loads(became), "")]
            yield from ((entity, _plain(line[3])) for line in told if line[2] == line[3])

    @cached_property
    def histories(self) -> dict[Ref, list[Change]]:
        """Every change of every record."""
        return {ref: self.life.stage.world.face(ref.system).history(ref.object, ref.id) for ref in self.rows}

    @cached_property
    def entities(self) -> dict[str, dict[str, Ref]]:
        """Entity → system → its live record."""
        found: dict[str, dict[str, Ref]] = {}
        for known in self.known.values():
            if known.state == "live" and known.entity is not None:
                found.setdefault(known.entity, {})[known.ref.system] = known.ref
        return found

    @cached_property
    def excused(self) -> set[str]:
        """Entities about which somebody is asked, or of which a write waits for somebody."""
        asked = self.life.ask("SELECT entity, system, object, id, detail FROM review WHERE closed_ms IS NULL")
        named = {Ref(system, object, id) for _, system, object, id, _ in asked if id}
        named |= {Ref(*r) for *_, detail in asked for r in json.loads(detail).get("records", ())}
        parked = {entity for (entity,) in self.life.ask("SELECT entity FROM operation WHERE state = 'parked'")}
        mine = {known.entity for ref in named if (known := self.known.get(ref)) is not None and known.entity}
        more = {entity for *_, detail in asked for entity in json.loads(detail).get("entities", ())}
        return {entity for entity, *_ in asked if entity} | mine | more | parked

    @cached_property
    def groups(self) -> dict[Ref, str]:
        """Record → what it could ever have been one with."""
        root: dict[Any, Any] = {}

        def find(x: Any) -> Any:
            while root.setdefault(x, x) != x:
                x = root[x]
            return x

        for ref, known in self.known.items():
            if known.entity is not None:
                root[find(ref)] = find(known.entity)
            if known.moved_to is not None:
                root[find(ref)] = find(known.moved_to)
        by_id = {(ref.system, ref.id): ref for ref in self.rows}
        for ref, changes in self.histories.items():
            across = "salesforce" if ref.system == "hubspot" else "hubspot"
            for change in changes:
                other = by_id.get((across, str(change.value).rpartition(":")[2])) if change.field in KEYS else None
                if other is not None:
                    root[find(ref)] = find(other)
        return {ref: find(ref) for ref in self.rows}

    def ours(self, ref: Ref) -> bool:
        """Whether we made this record."""
        changes = self.histories[ref]
        return bool(changes) and changes[0].by == "integration"

    def texts(self, ref: Ref) -> Iterator[Change]:
        """The changes of the fields that people edit."""
        return (change for change in self.histories[ref] if change.field in TEXTS[ref.object] and change.value)


def judge(life: WireLife) -> list[str]:
    """Everything that is wrong with a life that was lived to its end."""
    evidence = Evidence(life)
    return [
        f"seed={life.seed} wire invariant={invariant} {who} {what}"
        for check in CHECKS
        for invariant, who, what in check(evidence)
    ]


def no_invention(e: Evidence) -> Iterator[Finding]:
    """S1, S16: a value that we wrote was written by a person into a record of the same group, or is the word that the
    vocabulary gives to what is made without a subject."""
    sources: dict[str, set[str]] = {}
    for ref in e.rows:
        for change in e.texts(ref):
            if change.by != "integration":
                sources.setdefault(_plain(change.value), set()).add(e.groups[ref])
    for ref in e.rows:
        named = NAMED.get(ref.object, set()) if e.ours(ref) else set()
        for n, change in enumerate(e.texts(ref)):
            if n == 0 and change.by == "integration" and change.value in named:
                continue
            if change.by == "integration" and e.groups[ref] not in sources.get(_plain(change.value), ()):
                yield "S1", ref, f"{change.field} = {change.value!r} came from somebody else, or from nowhere"


def no_silent_loss(e: Evidence) -> Iterator[Finding]:
    """S2: the last value that people gave a field is there, on another record, or in the journal."""
    written = Counter(_plain(change.value) for ref in e.rows for change in e.texts(ref))
    for ref, row in e.rows.items():
        last = {change.field: change for change in e.texts(ref) if change.by == "human"}
        for field, change in last.items():
            there = row.archived_at is not None or _plain(row.values.get(field)) == _plain(change.value)
            if not there and written[_plain(change.value)] < 2 and _plain(change.value) not in e.journal:
                yield "S2", ref, f"{field} = {change.value!r} is lost: {row.values.get(field)!r}"


def no_duplicates(e: Evidence) -> Iterator[Finding]:
    """S3: one record of ours a source."""
    made: Counter[tuple[str, str, str, object]] = Counter()
    for ref in e.rows:
        first = {c.field: c.value for c in reversed(e.histories[ref]) if c.field in KEYS and c.value}
        if e.ours(ref) and not e.rows[ref].values.get("hs_merged_object_ids"):
            made.update((ref.system, ref.object, field, value) for field, value in first.items())
    for source, many in made.items():
        if many > 1:
            yield "S3", source, f"made {many} times"


def opt_outs(e: Evidence) -> Iterator[Finding]:
    """S4: we take no opt-out back.  L1: all who hold an address that opted out have opted out.

    HubSpot keeps who opted out by address, but tells it of contacts only, of those in its bin as well.
    """
    for ref in e.rows:
        held = False
        for change in e.histories[ref]:
            if change.field == OPT_OUT:
                if held and change.by == "integration" and not change.value:
                    yield "S4", ref, "we took an opt-out back"
                held = bool(change.value)
    loud = {str(r.values.get("Email")).lower() for ref, r in e.rows.items() if r.values.get(OPT_OUT) and _here(r)}
    consent = e.life.stage.world.hubspot.consent
    shown = {str(r.values.get("email")).lower() for ref, r in e.rows.items() if ref.object == "contacts"}
    for ref, row in e.rows.items():
        known = e.known.get(ref)
        address = str(row.values.get("email") or row.values.get("Email") or "").lower()
        if ref.object not in ("contacts", "Lead", "Contact") or not _here(row) or not address or known is None:
            continue
        out = address in shown and consent.opted_out(address) is not None
        asked = known.entity in e.excused or known.entity is None
        if not asked and ref.system == "salesforce" and out and not row.values.get(OPT_OUT):
            yield "L1", ref, f"{address} opted out in hubspot, and this record does not say so"
        if not asked and ref.system == "hubspot" and address in loud and not out:
            yield "L1", ref, f"{address} opted out in salesforce, and this record does not say so"


def converged(e: Evidence) -> Iterator[Finding]:
    """L1: both sides of whoever is linked say the same, but for what they said when they met; of what is carried both
    ways a complete comparison finds no difference."""
    for line in e.life.differing:
        if line["field"] in COMPARED and any(f"/{o}/" in id for id in line["ids"] for o in BOTH_WAYS):
            yield "L1", line["ids"], f"{line['field']} differs"
    for entity, members in e.entities.items():
        if len(members) < 2 or entity in e.excused:
            continue
        one, other = members["hubspot"], members["salesforce"]
        for mine, theirs in zip(TEXTS[one.object], TEXTS[other.object], strict=False):
            a, b = e.rows[one].values.get(mine), e.rows[other].values.get(theirs)
            stay = {(entity, _plain(a)), (entity, _plain(b))} <= e.stays
            if _plain(a) != _plain(b) and not stay:
                yield "L1", entity, f"{mine} {a!r} and {theirs} {b!r}"


def references(e: Evidence) -> Iterator[Finding]:
    """S16: what belongs to a company on one side belongs to no other company on the other."""
    hubspot = e.life.stage.world.hubspot
    for entity, members in e.entities.items():
        if len(members) < 2 or entity in e.excused or members["hubspot"].object not in ("deals", "contacts"):
            continue
        one, other = members["hubspot"], members["salesforce"]
        links = hubspot.links.of(one.object, one.id, "companies")
        primary = hubspot.links.primary(one.object, "companies")
        company = next((id for id, specs in links.items() if primary in specs), None)
        account = e.rows[other].values.get("AccountId")
        if company is None or account is None:
            continue
        a, b = e.known.get(Ref("hubspot", "companies", company)), e.known.get(Ref("salesforce", "Account", account))
        if a is None or b is None or None in (a.entity, b.entity) or "live" not in (a.state, b.state):
            continue
        both = all(len(e.entities.get(str(x.entity), ())) == 2 for x in (a, b))
        if both and a.entity != b.entity and not {a.entity, b.entity} & e.excused:
            yield "S16", entity, f"belongs to {a.entity} in hubspot and to {b.entity} in salesforce"


def at_rest(e: Evidence) -> Iterator[Finding]:
    """L2: nothing is left to do.  S10: nothing is in flight twice.  S17: an idle run makes few calls."""
    if not e.life.quiet:
        left = e.life.ask("SELECT verb, system, object, entity, state FROM operation WHERE state <> 'done' LIMIT 3")
        last = e.life.ask("SELECT entity, system, became, reason FROM journal ORDER BY n DESC LIMIT 2")
        yield "L2", "", f"still at work: {left} {last}"
    if e.life.idle and max(e.life.idle) > IDLE:
        yield "S17", "", f"{max(e.life.idle)} calls with nothing to do"
    twice = "SELECT entity, system FROM operation WHERE state = 'sent' GROUP BY entity, system HAVING count(*) > 1"
    yield from (("S10", entity, f"two writes to {system} in flight") for entity, system in e.life.ask(twice))


def no_resurrection(e: Evidence) -> Iterator[Finding]:
    """S14: who was deleted in a system is not made there again, and we delete nothing."""
    for ref, at in e.life.people.deleted.items():
        known = e.known.get(ref)
        for again in e.rows if known is not None and known.entity is not None else ():
            other = e.known.get(again)
            if other is None or other.entity != known.entity or again.system != ref.system or again == ref:  # type: ignore[union-attr]
                continue
            if e.ours(again) and e.rows[again].created > at and known is not None:
                yield "S14", ref, f"deleted, and made again as {again}"


def visible(e: Evidence) -> Iterator[Finding]:
    """L5: who is told of everything that waits for a person."""
    asked = Counter(e.life.ask("SELECT fingerprint FROM review WHERE closed_ms IS NULL"))
    yield from (("L5", fingerprint, f"asked {many} times") for fingerprint, many in asked.items() if many > 1)
    told = {x for row in e.life.ask("SELECT entity, id FROM review WHERE closed_ms IS NULL") for x in row}
    for entity, system in e.life.ask("SELECT entity, system FROM operation WHERE state = 'parked'"):
        if entity not in told:
            yield "L5", entity, f"a write to {system} is parked, and nobody is told"
    for known in e.known.values():
        if known.state in ("duplicate", "shared") and known.ref.id not in told:
            yield "L5", known.ref, f"{known.state}, and nobody is told"


def _here(row: Row) -> bool:
    return row.archived_at is None and not row.values.get("IsConverted")


def _plain(value: object) -> str:
    """Free text without the markup that some fields keep it in."""
    return str(value or "").replace("<p>", "").replace("</p>", "").strip()


CHECKS = (
    no_invention, no_silent_loss, no_duplicates, opt_outs, converged, references, at_rest, no_resurrection, visible,
)  # fmt: skip
