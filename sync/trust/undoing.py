"""Taking back what a run overwrote, as a plan of its own.

A value goes back only where the record still holds what the run wrote: what a person changed since is listed and left
alone.  So is what cannot be taken back: opt-outs, merges, records that are gone.  With the value goes everything that
the decision rested on, shadows and spans on all sides: the other side's change is news again, and the same rules
would propose the same write once more.  So that the next sync does not redo it at once, the field of that record is
*held* (`UNDONE`) until somebody changes it on either side, or `smarketing undo RUN --release` lets it go.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

from connectors.errors import Misconfigured
from mapping.mapping import Mapping as KindMapping
from mapping.rules import STAGE, Place, Value
from state.rows import DONE, LIVE, SENT, Batch, Closing, OperationRow, Outcomes, ReviewRow, Row
from sync.decide.consent import is_consent
from sync.decide.decision import Decision, Question, Why, before, without
from sync.trust.plans import words

if TYPE_CHECKING:
    from sync.engine import Engine

JOB = "undo"
UNDONE = "undone"
"""The question about a field that was taken back: the sync leaves it alone while it is open."""
BATCH = 500
PAGE = 1_000
ALL = 1_000_000
OVERWRITTEN = "overwritten:"
"""How the journal begins to tell of what was changed a moment before our write, and replaced by it."""
CHANGED = "changed since: left as it is"
GONE = "the record is not there any more, or is somebody else's by now"
OPT_OUT = "opt-outs are never taken back"
UNDER_WAY = "an earlier write to it has no answer yet"
CREATED = "created by the run; --archive-created puts it into the bin"
EDITED = "created by the run, and edited since: left as it is"
TOO_MANY = "more deletions than a day may have"
READ_ONLY = "the system does not let it be written"
FIX = "change it on either side, or let it go with `smarketing undo {run} --release`"


class Wish(NamedTuple):
    """What of a run is to be taken back."""

    run: str
    record: tuple[str, str] | None = None
    """(side, id); None: every record."""
    field: str | None = None
    archive_created: bool = False

    def means(self, operation: OperationRow) -> bool:
        """Whether this write is to be taken back."""
        return self.record is None or self.record == (operation.system, operation.id)


class Left(NamedTuple):
    """Something that is not taken back, and why."""

    side: str
    object: str
    id: str | None
    field: str | None
    why: str


@dataclass
class Undoing:
    """What will be written, what needs no write but its memory set back, and what is left."""

    writes: list[OperationRow] = field(default_factory=list)
    memory: list[OperationRow] = field(default_factory=list)
    """Fields that hold the old value already, though we did not see them being set back."""
    left: list[Left] = field(default_factory=list)


@dataclass
class _Overwritten:
    """One record, and what a run did to its fields, however often."""

    first: OperationRow
    old: dict[str, tuple[Value, Value]] = field(default_factory=dict)
    """Field → (shared value, own value) that the first write replaced."""
    before: dict[str, dict[str, Any]] = field(default_factory=dict)
    """Side → field → [span, shadow] when the first write was decided."""
    worded: Value = None
    """The very value by which the record said its stage before."""
    became: dict[str, Value] = field(default_factory=dict)
    """Field → own value that the last write left."""


# -- pure --------------------------------------------------------------------------------------------------------------


def rewound(row: Row, names: Iterable[str], known: Mapping[str, Sequence[Any]]) -> Row:
    """The row with the memory that these fields had before.  known: field → [span, shadow], as far as there was any."""
    shadow, spans = dict(row.shadow or {}), dict(row.spans)
    for name in names:
        span, *base = known.get(name, [None])
        shadow.pop(name, None)
        spans.pop(name, None)
        if base:
            shadow[name] = base[0]
        if span is not None:
            spans[name] = span
    return row._replace(shadow=shadow or None, spans=spans)


def asked(view: Any, entities: Collection[str]) -> dict[str, list[ReviewRow]]:
    """Entity → what of it was undone and not let go yet.  view: the store, or what stands for it."""
    found: dict[str, list[ReviewRow]] = {}
    for review in view.questions_of(entities, (UNDONE,)):
        found.setdefault(review.entity, []).append(review)
    return found


def hold(
    mapping: KindMapping, rows: Iterable[Row], decision: Decision, reviews: Sequence[ReviewRow], now: int
) -> list[Closing]:
    """Take out of the drafts what was undone and not let go since; the questions that answered themselves."""
    live = {row.system: row for row in rows if row.state == LIVE}
    held: dict[str, ReviewRow] = {}
    settled: list[Closing] = []
    made: set[str] = set()
    for review in reviews:
        values: Mapping[str, Value] = review.detail["values"]
        if review.field is None:
            if review.system in live:
                settled.append(Closing(review.fingerprint, now, "there is one again"))
            else:
                made.add(str(review.system))
        elif any(live[side].now.get(review.field) != own for side, own in values.items() if side in live):
            settled.append(Closing(review.fingerprint, now, "changed since"))
        else:
            held[review.field] = review
    drafts = []
    for draft in decision.drafts:
        names = held.keys() & draft.fields.keys() if draft.id is not None else set()
        if draft.id is None and draft.system in made:
            decision.questions += [_asked(r) for r in reviews if r.field is None and r.system == draft.system]
            continue
        decision.questions += [_asked(held[name]) for name in sorted(names)]
        left = without(mapping, draft, names) if names else draft
        if left.native or left.archive:
            drafts.append(left)
    decision.drafts = drafts
    return settled


def _asked(review: ReviewRow) -> Question:
    return Question(UNDONE, str(review.system), str(review.object), review.id, review.field, review.detail)


def question(operation: OperationRow, name: str | None, rows: Iterable[Row], now: int) -> ReviewRow:
    """What holds a field, or (no name) a creation, that was undone.  rows: the entity's, as they are now."""
    run = operation.basis["undo"]
    values = {row.system: row.now.get(name) for row in rows if row.state == LIVE} if name is not None else {}
    detail = {
        "code": "UNDONE",
        "native": name or "",
        "value": operation.fields.get(name) if name is not None else None,
        "values": values,
        "run": run,
        "fix": FIX.format(run=run),
    }
    fingerprint = f"{UNDONE}|{operation.entity}|{operation.system}|{name or ''}"
    where = (operation.entity, operation.system, operation.object, operation.id)
    return ReviewRow(UNDONE, fingerprint, now, *where, name, detail)


# -- what to take back -------------------------------------------------------------------------------------------------


def find(engine: Engine, wish: Wish) -> Undoing:
    """Decide what of a run can be taken back now.  Raises Misconfigured where nobody knows the run."""
    if not engine.store.runs(1, id=wish.run):
        raise Misconfigured(f"No run is called {wish.run}; `smarketing status` lists the last ones.")
    found = Undoing()
    touched: dict[tuple[str, str, str], _Overwritten] = {}
    created: list[OperationRow] = []
    for operation in _done(engine, wish):
        if operation.verb == "create":
            created.append(operation)
        elif operation.verb == "update":
            _gather(touched, operation, wish)
    _hear(engine, wish.run, touched)
    records = list(touched.values())
    for start in range(0, len(records), BATCH):
        _judge(engine, wish, records[start : start + BATCH], found)
    if wish.field is None:
        for start in range(0, len(created), BATCH):
            _bin(engine, wish, created[start : start + BATCH], found)
    return found


def _done(engine: Engine, wish: Wish) -> Iterator[OperationRow]:
    after = 0
    while page := engine.store.operations(run=wish.run, state=DONE, after_n=after, limit=PAGE):
        after = page[-1].n
        yield from (operation for operation in page if wish.means(operation))


def _gather(touched: dict[tuple[str, str, str], _Overwritten], operation: OperationRow, wish: Wish) -> None:
    key = (operation.system, operation.object, str(operation.id))
    told, own = operation.basis["fields"], operation.basis.get("own", {})
    names = [n for n in operation.fields if n[0] != "@" and wish.field in (None, n)]
    if not names:
        return
    record = touched.setdefault(key, _Overwritten(operation))
    for name in names:
        if name not in record.old:
            old = told.get(name, {}).get("old")
            record.old[name] = (old, own.get(name, old))
            if name == STAGE:
                record.worded = operation.basis.get("worded")
            for side, known in operation.basis.get("before", {}).items():
                if name in known:
                    record.before.setdefault(side, {})[name] = known[name]
        record.became[name] = operation.fields[name]


def _hear(engine: Engine, run: str, touched: Mapping[tuple[str, str, str], _Overwritten]) -> None:
    """What the writes left, as the systems stored it, and what they replaced without knowing: the journal tells."""
    by_entity: dict[tuple[str, str], list[_Overwritten]] = {}
    for record in touched.values():
        by_entity.setdefault((record.first.entity, record.first.system), []).append(record)
    after = 0
    while lines := engine.store.journal_of(run, after):
        after = lines[-1].n
        for line in lines:
            for record in by_entity.get((line.entity, line.system), ()):
                if line.operation is None or line.field not in record.became or line.reason.startswith("lost:"):
                    continue
                if line.reason.startswith(OVERWRITTEN):
                    record.old[line.field] = (line.was, line.was)
                    record.worded = None if line.field == STAGE else record.worded
                else:
                    record.became[line.field] = line.became


def _judge(engine: Engine, wish: Wish, records: Sequence[_Overwritten], found: Undoing) -> None:
    mates = engine.store.entity_rows(sorted({record.first.entity for record in records}))
    opens = engine.store.open_operations(sorted({record.first.entity for record in records}))
    for record in records:
        operation = record.first
        mapping = engine.mapping_of(operation.kind)
        live = {row.system: row for row in mates.get(operation.entity, ()) if row.state == LIVE}
        row = live.get(operation.system)
        busy = opens.get((operation.entity, operation.system))
        why = (
            GONE
            if mapping is None or row is None or row.id != operation.id
            else UNDER_WAY
            if busy is not None and busy.state == SENT
            else ""
        )
        if why or mapping is None or row is None:
            found.left += [_left(operation, name, why) for name in record.old]
        else:
            _restore(wish, mapping, record, row, live, found)


def _left(operation: OperationRow, name: str | None, why: str) -> Left:
    return Left(operation.system, operation.object, operation.id, name, why)


def _restore(
    wish: Wish, mapping: KindMapping, record: _Overwritten, row: Row, live: Mapping[str, Row], found: Undoing
) -> None:
    place = Place(row.system, row.object)
    slots = mapping.slots(place)
    whys: dict[str, Why] = {}
    native: dict[str, Any] = {}
    back: dict[str, Why] = {}
    for name, (old, own) in record.old.items():
        now, became = row.now.get(name), record.became[name]
        if name not in slots or is_consent(mapping.rule_of(name)):
            found.left.append(_left(record.first, name, OPT_OUT if name in slots else READ_ONLY))
            continue
        why = Why(now, old, JOB, f"restores what run {wish.run} replaced")
        if now == own or not mapping.changed(place, name, now, own):
            if (row.shadow or {}).get(name) == became and now != became:
                back[name] = why
            continue
        if mapping.changed(place, name, now, became):
            found.left.append(_left(record.first, name, CHANGED))
            continue
        again = slots[name].again(own, record.worded if name == STAGE else None)
        if again is None:
            found.left.append(_left(record.first, name, READ_ONLY))
            continue
        native |= again
        whys[name] = why
    if whys:
        found.writes.append(_operation(wish, record, row, whys, native, live))
    if back:
        found.memory.append(_operation(wish, record, row, back, {}, live))


def _operation(
    wish: Wish,
    record: _Overwritten,
    row: Row,
    whys: Mapping[str, Why],
    native: Mapping[str, Any],
    live: Mapping[str, Row],
) -> OperationRow:
    back = {side: {n: known[n] for n in whys if n in known} for side, known in record.before.items()}
    basis = {
        "version": row.version_ms,
        "undo": wish.run,
        "back": back,
        "fields": {n: {"old": w.old, "rule": w.rule, "why": w.reason, "lost": []} for n, w in whys.items()},
        **before(row.system, row.id, whys, live),
    }
    fields = {name: why.new for name, why in whys.items()}
    # Urgent: somebody asked for it, so it also goes where a brake has stopped the sync.
    return record.first._replace(
        verb="update", fields=fields, native=native, agreed={}, basis=basis, key=None, urgent=True, n=0
    )


def _bin(engine: Engine, wish: Wish, created: Sequence[OperationRow], found: Undoing) -> None:
    mates = engine.store.entity_rows(sorted({operation.entity for operation in created}))
    for operation in created:
        row = next((r for r in mates.get(operation.entity, ()) if r.system == operation.system), None)
        if row is None or row.id != operation.id or row.state != LIVE:
            continue
        shadow = row.shadow or {}
        edited = any(row.now.get(name) != shadow[name] for name in shadow)
        if edited or not wish.archive_created:
            found.left.append(_left(operation, None, EDITED if edited else CREATED))
        elif not engine.guard.may_archive(row):
            found.left.append(_left(operation, None, TOO_MANY))
        else:
            why: dict[str, Any] = {"old": None, "rule": JOB, "why": f"created by run {wish.run}", "lost": []}
            basis = {"version": row.version_ms, "undo": wish.run, "back": {}, "fields": {"@archived": why}}
            found.writes.append(
                operation._replace(
                    verb="archive", fields={"@archived": True}, native={}, agreed={}, basis=basis, key=None,
                    urgent=True, n=0,
                )
            )  # fmt: skip


# -- doing it ----------------------------------------------------------------------------------------------------------


def plan_in(engine: Engine, found: Undoing, only: frozenset[bytes] | None) -> None:
    """Put it into the outbox, and set back what needs no write.  only: what was shown; nothing else is done."""
    wanted = [one for one in found.writes if only is None or words(one) in only]
    for start in range(0, len(wanted), BATCH):
        some = [one._replace(run=engine.run, state="planned", attempts=0, note=None) for one in wanted[start:][:BATCH]]
        engine.store.commit_batch(engine.lease, Batch(operations=some))
    for start in range(0, len(found.memory), BATCH):
        some = found.memory[start : start + BATCH]
        mates = engine.store.entity_rows(sorted({one.entity for one in some}))
        rows: dict[int, Row] = {}
        asked = []
        for one in some:
            theirs = [rows.get(row.n, row) for row in mates.get(one.entity, ())]
            for row in set_back(one, theirs):
                rows[row.n] = row
            asked += [question(one, name, theirs, engine.now()) for name in one.fields]
        engine.store.commit_batch(engine.lease, Batch(rows=list(rows.values()), opened=asked))


def set_back(operation: OperationRow, rows: Iterable[Row]) -> Iterator[Row]:
    """The entity's rows with the memory they had before what is undone now."""
    back: Mapping[str, Any] = operation.basis["back"]
    for row in rows:
        if row.state == LIVE:
            yield rewound(row, operation.fields, back.get(row.system, {}))


def release(engine: Engine, wish: Wish) -> int:
    """Let the sync decide again what an undo holds.  Returns how many fields and records."""
    reviews = [
        review
        for review in engine.store.reviews(question=UNDONE, limit=ALL)
        if review.detail["run"] == wish.run
        and (wish.record is None or wish.record == (review.system, review.id))
        and wish.field in (None, review.field)
    ]
    closed = [Closing(review.fingerprint, engine.now(), "let go") for review in reviews]
    dirty = sorted({str(review.entity) for review in reviews})
    engine.store.commit_outcomes(engine.lease, Outcomes(dirty=dirty, closed=closed))
    return len(reviews)
