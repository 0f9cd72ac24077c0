"""The life of one entity as it stands: links and why, every field on every side, what was written, what is held."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from mapping.domains import host, registered
from mapping.journey import JOURNALED, standing_of, time_in_stage
from mapping.keys import called_key
from mapping.mapping import Mapping as KindMapping
from mapping.mapping import Unmapped
from mapping.rules import Place, is_ours
from state.rows import JournalRow, Row
from state.store import Store
from sync.merging import QUESTION as MERGE
from sync.merging import of_entity
from sync.refusal import told


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
        found = [store.rows(side, object, [id]).get(id) for object in objects]
        return [row for row in found if row is not None]
    address = who.strip().lower()
    if "@" not in address:
        site = host(address)
        by_site = store.lookup(f"domain:{registered(site)}") if site else []
        return by_site or store.lookup(called_key(who))
    return [*store.lookup(f"email:{address}"), *store.lookup(f"alt:{address}")]


def explain(store: Store, mapping: KindMapping, entity: str) -> dict[str, Any]:
    """Everything known of the entity, as a JSON document."""
    rows = store.entity_rows([entity]).get(entity, [])
    journal = store.journal(entity)
    last: dict[tuple[str, str], JournalRow] = {}
    for line in journal:
        last.setdefault((line.system, line.field), line)
    live = [row for row in rows if row.state == "live"]
    return {
        "entity": entity,
        "kind": mapping.rule.kind,
        "records": [_record(row) for row in rows],
        "fields": {
            rule.name: {
                "rule": {"to": sorted(rule.to), "winner": rule.winner, "when": rule.when, "clears": rule.clears},
                "sides": {
                    row.system: _side(mapping, row, rule.name, last.get((row.system, rule.name)))
                    for row in live
                    if Place(row.system, row.object) in rule.places
                },
            }
            for rule in mapping.rule.fields
            if not is_ours(rule.name)
        },
        "stages": _way(journal),
        "time_in_stage": [
            {"cycle": cycle, "stage": stage, "ms": ms}
            for (cycle, stage), ms in _spent(journal, _as_of(store)).items()
        ],
        "held": [
            {"question": r.question, "field": r.field, "since": r.opened_ms, **told(r.detail)}
            for r in (*store.reviews(entity=entity), *of_entity(store.reviews(question=MERGE), entity))
        ],
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


def _side(mapping: KindMapping, row: Row, name: str, last: Any) -> Mapping[str, Any]:
    own = row.now.get(name)
    shared = mapping.canon(Place(row.system, row.object), name, own)
    return {
        "value": own,
        "means": None if isinstance(shared, Unmapped) else shared,
        "agreed": (row.shadow or {}).get(name),
        "met": row.shadow is not None and name in row.shadow,
        "changed_between": list(row.spans[name])[:2] if name in row.spans else None,
        "written_by": "sync" if last is not None and last.became == own and last.operation else row.system,
        "because": last.reason if last is not None else None,
    }
