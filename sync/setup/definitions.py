"""The shared vocabulary as people read it: a page of definitions, and who does not fit them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

from connectors.port import Problem
from mapping.conditions import compile_condition
from mapping.deals import CUSTOMER, LOST, OPPORTUNITY, RECYCLED
from mapping.journey import SENT_AWAY
from mapping.mapping import UNWRITTEN, Unmapped
from mapping.mapping import Mapping as KindMapping
from mapping.rules import STAGE, KindRule, Place, Stage
from state.rows import Row
from sync.decide.decision import UNMAPPED

if TYPE_CHECKING:
    from state.store import Store

PAGE = 1000
SAMPLE = 5
"""So many ids stand for the others."""
EARLY = SENT_AWAY - {LOST, "churned"}
"""Who is sent away like this does not stand at OPPORTUNITY or further at the same time."""

_HEAD = """# Definitions

What marketing and sales mean by the words they share. A person has a *stage*, how far they have come, and a *status*,
how they stand there: `active`, on the way, unless one of those below says otherwise.
"""


def page(rule: KindRule) -> str:
    """The definitions as a page, in Markdown."""
    sides = list(rule.objects)
    titles = {"hubspot": "HubSpot", "salesforce": "Salesforce lead status"}
    head = ["Stage", "Means", "Answers for it", "The buyer is in", *(titles.get(side, side) for side in sides)]
    stages = [
        [f"`{s.name}`", s.means, s.owner, s.buyer or "not said", *(_words(s, side) for side in sides)]
        for s in rule.stages
    ]
    names = ["Status", "Means", "Given by", "Sets back to", "Reasons", *(titles.get(side, side) for side in sides)]
    statuses = [
        [
            f"`{s.name}`", s.means, s.owner, f"`{s.back_to}`" if s.back_to else "–",
            ", ".join(f"`{reason}`" for reason in s.reasons) or "–", *(_words(s, side) for side in sides),
        ]
        for s in rule.statuses
    ]  # fmt: skip
    entries = [f"- `{s.name}`: everybody there should fulfil `{s.entry}`." for s in rule.stages if s.entry]
    parts = [_HEAD, "## Stages, in order\n", _table(head, stages), "\n## Statuses\n", _table(names, statuses)]
    said = list(_deals(rule))
    parts += ["\n## What deals say of their people\n", *said] if said else []
    return "\n".join([*parts, *(["\n## Entry rules\n", *entries] if entries else []), ""])


def _deals(rule: KindRule) -> Iterator[str]:
    names = {entry.name: entry for entry in (*rule.stages, *rule.statuses)}
    for stage, what in ((OPPORTUNITY, "one is open"), (CUSTOMER, "one was won")):
        if stage in names:
            yield f"- `{stage}`: {what}."
    if LOST in names and OPPORTUNITY in names:
        back = names[LOST].back_to
        then = f"the person is set back to `{back}`" if back else f"the stage stays `{OPPORTUNITY}`"
        later = f"; after {rule.recycle_after} days the person is `{RECYCLED}`" if rule.recycle_after else ""
        yield f"- `{LOST}`: the last open one was lost, and none was won; {then}{later}."


def _words(stage: Stage, side: str) -> str:
    read, write = stage.read.get(side, ()), stage.write.get(side)
    said = [f"`{value}`" for value in read]
    if write and write not in read:
        said.append(f"`{write}` with `smk_stage`" if side == "hubspot" else f"`{write}` (written)")
    return ", ".join(said) or "–"


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def document(rule: KindRule) -> dict[str, Any]:
    """The same for programs."""
    return {
        "page": page(rule),
        "stages": [_entry(stage) for stage in rule.stages],
        "statuses": [_entry(status) for status in rule.statuses],
    }


def _entry(entry: Stage) -> dict[str, Any]:
    told = {name: getattr(entry, name) for name in ("name", "means", "owner", "buyer", "entry", "back_to")}
    return {
        **{name: value for name, value in told.items() if value},
        "reasons": list(entry.reasons),
        "sides": {side: {"read": list(read), "write": entry.write.get(side)} for side, read in entry.read.items()},
    }


# -- who does not fit --------------------------------------------------------------------------------------------------


def lint(store: Store, mapping: KindMapping) -> Iterator[Problem]:
    """People whose two sides contradict each other, who break an entry rule, and values that nobody explained."""
    found: dict[str, list[str]] = defaultdict(list)
    for rows in _people(store, mapping):
        for what in contradictions(mapping, rows):
            found[what].append(f"{rows[0].system}:{rows[0].id}")
    for what, ids in sorted(found.items()):
        yield Problem(
            "warning",
            "people.stage",
            f"{_count(len(ids), 'person', 'people')}: {what}: {_some(ids)}",
            f"`smarketing explain {ids[0]}` shows why; correct the record, or the vocabulary",
        )
    yield from _unexplained(store)


def contradictions(mapping: KindMapping, rows: Sequence[Row]) -> Iterator[str]:
    """What is wrong with how far this person is, in plain words.  `rows`: live records of one entity."""
    said = {row.system: (row, value) for row in rows if (value := _value(mapping, row)) is not None}
    stages = {system: value for system, (_, value) in said.items() if value in mapping.lifecycle.stages}
    far = max(stages.values(), key=mapping.rank, default=None)
    for system, (row, value) in said.items():
        others = " and ".join(f"{other} says {v}" for other, (_, v) in said.items() if other != system)
        if value in EARLY and far is not None and mapping.rank(far) >= mapping.rank(OPPORTUNITY) > 0:
            yield f"{system} says {value}, {others}"
        elif system in stages and value != far:
            shown = mapping.fit(Place(system, row.object), STAGE, far)
            if shown is not UNWRITTEN and shown != row.now.get(STAGE):
                yield f"{system} says {value}, {others}"
    stage = mapping.lifecycle.stages.get(str(far))
    if stage is not None and stage.entry and not _fulfils(mapping, stage.entry, rows):
        yield f"at {stage.name} without fulfilling its entry rule ({stage.entry})"


def _value(mapping: KindMapping, row: Row) -> str | None:
    slot = mapping.slots(Place(row.system, row.object)).get(STAGE)
    value = slot.canon(row.now.get(STAGE)) if slot is not None else None
    return None if isinstance(value, Unmapped) else value


def _fulfils(mapping: KindMapping, entry: str, rows: Sequence[Row]) -> bool:
    facts = mapping.facts(*((Place(row.system, row.object), row.now) for row in rows))
    ranks = {stage.name: stage.rank for stage in mapping.rule.stages}
    return compile_condition(entry, {field.name for field in mapping.rule.fields}, ranks)(facts)


def _people(store: Store, mapping: KindMapping) -> Iterator[list[Row]]:
    """The live records of every linked person, page by page."""
    system = next(iter(mapping.rule.objects))
    for object in mapping.rule.objects[system]:
        after = 0
        while rows := store.scan(system, object, after, PAGE):
            after = rows[-1].n
            entities = store.entity_rows(sorted({row.entity for row in rows if row.entity is not None}))
            for members in entities.values():
                live = sorted((row for row in members if row.in_place), key=lambda row: row.system != system)
                if len(live) > 1:
                    yield live


def _unexplained(store: Store) -> Iterator[Problem]:
    """Values that are held because the vocabulary does not know them, with how many records hold them."""
    counts: dict[tuple[str, str, str, str], list[str]] = defaultdict(list)
    for asked in store.reviews(question=UNMAPPED, limit=100_000):
        key = (str(asked.system), str(asked.object), str(asked.detail.get("native")), str(asked.detail.get("value")))
        counts[key].append(str(asked.id))
    for (system, object, native, value), ids in sorted(counts.items()):
        yield Problem(
            "warning",
            f"{system}.{object}.{native}",
            f'{_count(len(ids), "record", "records")} held: nobody has said what "{value}" means: '
            f"{_some([f'{system}:{id}' for id in ids])}",
            "say in the vocabulary (or in the field's values) what it means, or correct the records",
        )


def _some(ids: Sequence[str]) -> str:
    return ", ".join(ids[:SAMPLE]) + (" …" if len(ids) > SAMPLE else "")


def _count(number: int, one: str, many: str) -> str:
    return f"{number:,} {one if number == 1 else many}"
