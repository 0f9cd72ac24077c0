"""The life of one entity as it stands: links and why, every field on every side, what was written, what is held."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

from connectors import whole_id
from mapping.domains import host, registered
from mapping.journey import JOURNALED, standing_of, time_in_stage
from mapping.keys import called_key
from mapping.mapping import Mapping as KindMapping
from mapping.mapping import Unmapped
from mapping.rules import Place, is_ours
from state.rows import PARKED, JournalRow, ReviewRow, Row
from state.store import Store
from sync.decide.asking import DUPLICATE, MOST, SHARED, WHO
from sync.decide.merging import QUESTION as MERGE
from sync.decide.merging import of_entity
from sync.decide.parents import links
from sync.insight.clocks import FIELDS as CLOCK
from sync.plan import Planner
from sync.trust.guard import PAUSED, pause_of
from sync.trust.refusal import told

ASIDE = ("lost: ", "overwritten: ")
"""How the journal tells what a write replaced, and not what it wrote."""


class NotFoundError(LookupError):
    """Nobody is known by this name."""


def find(store: Store, mappings: Iterable[KindMapping], who: str) -> list[tuple[KindMapping, str]]:
    """The entities meant by an e-mail address, a company's website, a deal's name or `SIDE:ID` (`salesforce:00Q…`).

    Raises NotFoundError with what would be right.
    """
    known = {mapping.rule.kind: mapping for mapping in mappings}
    rows = [row for row in _rows(store, known.values(), who) if row.kind in known]
    entities = sorted({(row.kind, row.entity) for row in rows if row.entity is not None})
    if entities:
        return [(known[kind], entity) for kind, entity in entities]
    if rows:
        row = rows[0]
        raise NotFoundError(f"{who} is known ({row.system} {row.object} {row.id}), but not linked: {row.state}.")
    raise NotFoundError(
        f"Nobody is known as {who}. Give an e-mail address, a website, a deal's name or SIDE:ID, such as "
        "hubspot:51; a record that was made since the last sync is not known yet."
    )


def _rows(store: Store, mappings: Iterable[KindMapping], who: str) -> list[Row]:
    side, _, id = who.partition(":")
    objects = [object for mapping in mappings for object in mapping.rule.objects.get(side, ())]
    if objects and id:
        id = whole_id(side, id)
        found = [store.rows(side, object, [id]).get(id) for object in objects]
        return [row for row in found if row is not None]
    address = who.strip().lower()
    if "@" not in address:
        site = host(address)
        by_site = store.lookup(f"domain:{registered(site)}") if site else []
        return by_site or store.lookup(called_key(who))
    return [*store.lookup(f"email:{address}"), *store.lookup(f"alt:{address}")]


def explain(store: Store, planner: Planner, entity: str) -> dict[str, Any]:
    """Everything known of the entity, as a JSON document."""
    mapping = planner.mapping
    rows = store.entity_rows([entity]).get(entity, [])
    journal = store.journal(entity)
    lines: dict[tuple[str, str], list[JournalRow]] = {}
    for line in journal:
        lines.setdefault((line.system, line.field), []).append(line)
    derived = store.derived([entity]).get(entity, {})
    live = [row for row in rows if row.state == "live"]
    asked = [*store.reviews(entity=entity), *of_entity(store.reviews(question=MERGE), entity)]
    asked += _of_records(store, rows, {review.fingerprint for review in asked})
    idle = _idle(store, planner, entity, rows)
    doing = _Doing(store, mapping.rule.kind, entity, asked, idle[0] if len(live) < 2 and idle else "")
    return {
        "entity": entity,
        "kind": mapping.rule.kind,
        "records": [_record(row) for row in rows],
        "fields": {
            rule.name: {
                "rule": {"to": sorted(rule.to), "winner": rule.winner, "when": rule.when, "clears": rule.clears},
                "sides": {
                    row.system: _side(mapping, row, rule.name, lines.get((row.system, rule.name), ()), doing)
                    for row in live
                    if Place(row.system, row.object) in rule.places
                },
            }
            for rule in mapping.rule.fields
            if not is_ours(rule.name)
        },
        "ours": {
            name[1:]: {"value": row.value, "why": row.why, "since": row.at_ms} for name, row in sorted(derived.items())
        },
        "alerts": _alerts(store, entity),
        "clock": {
            name[1:]: derived[name].value for name in CLOCK if name in derived and derived[name].value is not None
        },
        "stages": _way(journal),
        "time_in_stage": [
            {"cycle": cycle, "stage": stage, "ms": ms}
            for (cycle, stage), ms in _spent(journal, _as_of(store)).items()
        ],
        "held": [
            {"question": r.question, "field": r.field, "since": r.opened_ms, **told(r.detail)}
            for r in asked
        ],
        "idle": idle,
        "next": [
            {"side": op.system, "action": op.verb, "state": op.state, "fields": dict(op.fields)}
            for (_, _), op in sorted(store.open_operations([entity]).items())
        ],
        "history": [
            {
                "at": line.at_ms, "run": line.run, "side": line.system, "field": line.field,
                "was": line.was, "became": line.became, "why": line.reason,
            }
            for line in journal
            if line.field != JOURNALED
        ],
    }  # fmt: skip


def _alerts(store: Store, entity: str) -> list[dict[str, Any]]:
    """What colleagues were or are to be told of somebody, and what became of each way to tell it."""
    told = store.alerts_about([entity])
    ways: dict[str, list[dict[str, Any]]] = {alert.key: [] for alert in told}
    for way in store.ways_of(list(ways)):
        ways[way.alert].append({"way": way.way, "state": way.state, "at": way.at_ms, "note": way.note or None})
    return [
        {
            "type": alert.type, "owner": alert.owner, "at": alert.at_ms, "title": alert.title, "state": alert.state,
            "note": alert.note or None, "by": ways[alert.key],
        }
        for alert in told
    ]  # fmt: skip


def _way(journal: Sequence[JournalRow]) -> list[dict[str, Any]]:
    """The person's way through the stages, the first step first."""
    lines = sorted((line for line in journal if line.field == JOURNALED), key=lambda line: line.n)
    told = [line.became | {"told": line.at_ms, "from": line.was.get("stage"), "why": line.reason} for line in lines]
    steps = [{name: step.get(name) for name in _STEP} for step in told]
    return sorted(steps, key=lambda step: step["at"] or step["told"])


def _as_of(store: Store) -> int:
    """When we last looked: nothing is known of what came later."""
    return max((run.ended_ms or run.started_ms for run in store.runs(1)), default=0)


def _spent(journal: Sequence[JournalRow], until: int) -> dict[tuple[int, str], int]:
    told = sorted((line for line in journal if line.field == JOURNALED), key=lambda line: line.n)
    steps = [(None if line.became.get("weak") else line.became.get("at"), standing_of(line.became)) for line in told]
    return time_in_stage(steps, until)


_STEP = (
    "at", "from", "stage", "status", "cycle", "event", "side", "evidence", "actor", "reason", "inferred", "backfilled",
    "told", "why", "who", "weak",
)  # fmt: skip


def _record(row: Row) -> dict[str, Any]:
    return {
        "side": row.system,
        "object": row.object,
        "id": row.id,
        "state": row.state,
        "modified": row.version_ms,
        "linked": dict(row.why) if row.why else None,
        "moved_to": list(row.moved_to) if row.moved_to else None,
    }


def _side(mapping: KindMapping, row: Row, name: str, lines: Sequence[JournalRow], doing: _Doing) -> Mapping[str, Any]:
    """One field on one side.  lines: what the journal says of it there, newest first."""
    own = row.now.get(name)
    shared = mapping.canon(Place(row.system, row.object), name, own)
    written = next((line for line in lines if line.operation is not None and not line.reason.startswith(ASIDE)), None)
    ours = written is not None and written.became == own
    span = row.spans.get(name)
    return {
        "value": own,
        "means": None if isinstance(shared, Unmapped) else shared,
        "agreed": (row.shadow or {}).get(name),
        "met": row.shadow is not None and name in row.shadow,
        "changed_between": list(span)[:2] if span else None,
        "evidence": ("certain" if span[1] - span[0] <= 1 else "record") if span else None,
        "written_by": "sync" if ours else row.system,
        "written_at": written.at_ms if ours and written is not None else None,
        "run": written.run if ours and written is not None else None,
        "because": written.reason if ours and written is not None else (lines[0].reason if lines else None),
        "next": doing.of(row, name),
    }


def _of_records(store: Store, rows: Sequence[Row], known: Collection[str]) -> list[ReviewRow]:
    """The questions on who these records are, beside those that are known."""
    refs = {(row.system, row.object, row.id) for row in rows}
    found = []
    for review in (
        review for question in (DUPLICATE, SHARED, *WHO) for review in store.reviews(question=question, limit=MOST)
    ):
        named = {tuple(ref) for ref in review.detail.get("records", ())} | {(review.system, review.object, review.id)}
        if review.fingerprint not in known and not refs.isdisjoint(named):
            found.append(review)
    return found


def _idle(store: Store, planner: Planner, entity: str, rows: Sequence[Row]) -> list[str]:
    """Why nothing happens next where something might be expected, one plain sentence each."""
    kind, mapping = planner.mapping.rule.kind, planner.mapping
    told: list[str] = []
    if mapping.rule.parents:
        planner = planner.linked(links(store, mapping, rows))
    opens = {system: op for (_, system), op in store.open_operations([entity]).items()}
    stands, derived = store.standings([entity]).get(entity), store.derived([entity]).get(entity, {})
    decision = planner.decide(entity, rows, opens, stands, derived=derived)
    if decision.skipped:
        told.append(decision.skipped)
    if decision.waits:
        told.append("it was changed a moment ago: decided at the next sync")
    told += [
        f"nothing is written to {system}: {pause.cause}, {pause.why or 'somebody paused it'}"
        for pause in (pause_of(review) for review in store.reviews(question=PAUSED))
        for system in mapping.rule.objects
        if pause.stops(kind, system)
    ]
    told += [
        f"{op.system} refused what was to be written: it is tried again once its cause is gone"
        for op in opens.values()
        if op.state == PARKED
    ]
    return told


class _Doing:
    """What is to become of each field.  alone: why there is no counterpart."""

    def __init__(self, store: Store, kind: str, entity: str, asked: Sequence[ReviewRow], alone: str) -> None:
        self._open = {system: op for (_, system), op in store.open_operations([entity]).items()}
        self._asked, self._alone = asked, alone
        self._paused = [pause_of(review) for review in store.reviews(question=PAUSED)]
        self._kind = kind

    def of(self, row: Row, name: str) -> str:
        """In words."""
        for review in self._asked:
            if review.field == name and review.system in (None, row.system):
                return f"held: {review.detail.get('cause') or review.detail.get('code') or review.question}"
        open_ = self._open.get(row.system)
        if open_ is not None and name in open_.fields:
            if open_.state == PARKED:
                return "refused; it is tried again when its cause is gone"
            paused = next((pause.cause for pause in self._paused if pause.stops(self._kind, row.system)), "")
            return f"to be written once {row.system} goes on: {paused}" if paused else "to be written"
        if self._alone:
            return f"none: {self._alone}"
        if name in row.spans:
            return "changed since both sides agreed; decided at the next sync"
        return "none: agreed" if row.shadow is not None and name in row.shadow else "none: never compared"
