"""Pull what changed into the state: one transaction a page, the cursor with the records.

An observation says what a record holds now; it decides nothing.  What it finds different from what we remember
makes the record dirty, and remembers between which two versions each field changed: a change has a time interval.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

from connectors.port import Connector, Cursor, Page, Record, Ref
from mapping.keys import made_key
from mapping.mapping import Mapping as KindMapping
from mapping.rules import Place
from state.erasing import TOMBSTONE
from state.rows import DELETED, ERASED, LIVE, MERGED, MOVED, PENDING, SKIPPED, THERE, UNCHANGED, CursorRow, Row
from sync.decide import dealing, parents
from sync.decide.mailboxes import ADDRESS
from sync.lanes import Handler, Lanes
from sync.trust import erased

if TYPE_CHECKING:
    from sync.engine import Engine
    from sync.plan import Planner


def observe(engine: Engine, planners: Iterable[Planner], *, full: bool = False) -> None:
    """Read every object of every system, the systems at the same time: what changed, or everything where an object was
    never read to its end, the rules changed, or `full` asks for it."""
    every: list[_Reading] = []
    with Lanes(engine.lane) as lanes:
        for connector in engine.connectors.values():
            engine.read_at[connector.name] = engine.now()
            readings = [
                _reading(engine, connector, planner, object, full)
                for planner in planners
                for object in planner.mapping.rule.objects[connector.name]
            ]
            every += readings
            pages = _pages(engine, connector, readings)
            for _ in range(AHEAD):
                lanes.start(connector.name, partial(_next, lanes, connector.name, pages))
        lanes.finish()
    for intake, since in every:
        engine.guard.was_read(intake.place, whole=since is None)


CONVERSION = ("@converted", "@deal", "@account")
"""What a lead that was converted tells of that."""
AHEAD = 2
"""Pages asked for at a time: one is stored while the other is fetched."""


def _next(lanes: Lanes, system: str, pages: Iterator[Handler]) -> Handler:
    """In the lane: fetch a page.  Taking it in asks for another."""
    store = next(pages, None)

    def take_in() -> int:
        if store is None:
            return 0
        store()
        lanes.start(system, partial(_next, lanes, system, pages))
        return 0

    return take_in


class _Reading(NamedTuple):
    """One object that is read, and from where."""

    intake: _Intake
    since: Cursor | None


def _reading(engine: Engine, connector: Connector, planner: Planner, object: str, full: bool) -> _Reading:
    place = Place(connector.name, object)
    engine.step(f"observe:{connector.name}:{object}")
    stored = engine.store.cursor(*place)
    anew = stored is not None and (stored.mapping != planner.fingerprint or stored.watermark_ms is None)
    since = Cursor(stored.watermark_ms, stored.resume) if stored is not None else None
    if stored is None or stored.mapping != planner.fingerprint or (full and stored.watermark_ms is not None):
        # A full listing that was interrupted goes on where it stopped.
        since = None
    seen_until = (stored.watermark_ms or 0) if stored is not None else 0
    intake = _Intake(engine, planner.mapping, place, planner.fingerprint, seen_until, anew=anew, unlinked=full)
    return _Reading(intake, since)


def _pages(engine: Engine, connector: Connector, readings: Iterable[_Reading]) -> Iterator[Handler]:
    """In the lane: page after page, each as what takes it in."""
    for intake, since in readings:
        fresh = since is None or since.resume is None
        asked = engine.now()
        natives = intake.mapping.natives(intake.place)
        for page in connector.changes(intake.place.object, natives, since):
            if intake.place in engine.guard.doubted:
                break
            yield partial(_store, intake, page, asked if fresh else None)
            fresh = False


def _store(intake: _Intake, page: Page, asked: int | None) -> int:
    """asked: our own time of the question, where the page tells the system's."""
    engine, place = intake.engine, intake.place
    if asked is not None:
        engine.compare_clocks(place.system, asked, page.asked)
    if not intake.save(page):
        return 0
    engine.progress("read", place.system, place.object, len(page.records), page.total)
    return 0


def look(engine: Engine, connector: Connector, planner: Planner, id: str) -> bool:
    """Read one record as it is this moment.  False: the system knows no such record."""
    found = False
    mapping = planner.mapping
    for object in mapping.rule.objects[connector.name]:
        place = Place(connector.name, object)
        known = engine.store.rows(*place, [id])
        intake = _Intake(engine, mapping, place, "", 0, anew=True, unlinked=True)
        for record in connector.read(object, mapping.natives(place), ids=[id]):
            # An id that the system does not know is reported as a deleted record.
            if not record.deleted or known:
                found = True
                intake.save(Page([record], Cursor(None), engine.now()))
    return found


def take_in(engine: Engine, planner: Planner, place: Place, page: Page) -> None:
    """Some records that were looked at on their own."""
    _Intake(engine, planner.mapping, place, "", 0, anew=False, unlinked=False).save(page)


@dataclass(frozen=True, slots=True)
class _Intake:
    """Takes in the pages of one object."""

    engine: Engine
    mapping: KindMapping
    place: Place
    fingerprint: str
    """Of the rules the object is read with; empty: the cursor stays where it is."""
    seen_until: int
    """The watermark before this reading."""
    anew: bool
    """Decide everything again."""
    unlinked: bool
    """Decide again what an earlier backfill of some records left out."""

    def save(self, page: Page) -> bool:
        """One page, in one transaction.  False: it cannot be true, and nothing of it is taken in."""
        engine, mapping, place = self.engine, self.mapping, self.place
        engine.beat()
        ids = [record.ref.id for record in page.records]
        former = [id for record in page.records for id in record.former]
        known = engine.store.rows(*place, list(dict.fromkeys(ids + former))) if ids else {}
        rows: dict[str, Row] = {}
        absorbed: list[Row] = []
        keys: dict[Ref, Sequence[str]] = {}
        for record in page.records:
            old = rows.get(record.ref.id) or known.get(record.ref.id)
            row = observed(mapping, record, old, page.asked, engine.run, self.seen_until)
            if row is None:
                continue
            if row.state == LIVE and not row.dirty and (self.anew or (self.unlinked and row.entity is None)):
                row = row._replace(dirty=True, fate=PENDING)
            rows[row.id] = row
            if row.spans and row.entity is not None:
                engine.contested.setdefault(mapping.rule.kind, set()).add(row.entity)
            if (row.dirty or "@converted" in row.now) and (self.anew or old is None or old.now != row.now):
                heir = row.moved_to
                came = [made_key(place.system, heir.id)] if heir is not None and "@converted" in row.now else []
                keys[row.ref] = [*mapping.keys(place, row.now), *came]
            for id in record.former:
                gone = rows.get(id) or known.get(id)
                if gone is not None and gone.state != MOVED and id != row.id:
                    rows[id] = moved(gone, record.ref, engine.run)
                elif gone is None and id != row.id:
                    absorbed.append(_absorbed(row, id))
        if self.fingerprint and not engine.guard.believes(mapping, self.place, known, rows, whole=self.unlinked):
            return False
        if engine.comparison is not None and self.fingerprint:
            engine.comparison.page(mapping.rule.kind, place, page, known, rows, self.seen_until)
        if engine.salt is not None:
            self._turn_away(engine.salt, rows, keys, known)
        for row in rows.values():
            before = known.get(row.id)
            engine.count_read(mapping.rule.kind, place, 0 if before is not None and before.run == engine.run else 1)
        cursor = CursorRow(*place, page.cursor.watermark, page.cursor.resume, self.fingerprint)
        engine.step(f"observe:{place.system}:page")
        everyone = [*(gone for gone in absorbed if gone.id not in rows), *rows.values()]
        free = [*self._back(known, rows)] if mapping.rule.has_children else []
        if mapping.rule.tells:
            free += dealing.told(mapping, ((known.get(id), row) for id, row in rows.items()))
        engine.store.save_page(engine.lease, everyone, keys, cursor if self.fingerprint else None, free)
        engine.step(f"observe:{place.system}:saved")
        return True

    def _back(self, known: Mapping[str, Row], rows: Mapping[str, Row]) -> Sequence[str]:
        """Who refers to a record that came back from the bin is decided again."""
        back = [row for id, row in rows.items() if row.state == LIVE and id in known and known[id].state == DELETED]
        if not back:
            return ()
        members = self.engine.store.entity_rows(sorted({row.entity for row in back if row.entity is not None}))
        return parents.keys_of([*back, *(mate for mates in members.values() for mate in mates)])

    def _turn_away(
        self, salt: str, rows: dict[str, Row], keys: dict[Ref, Sequence[str]], known: Mapping[str, Row]
    ) -> None:
        """Records that newly hold an address of people who were erased are remembered by their ids and hashes alone:
        those that appear or come back, and those that are given it while nobody else is linked with them."""
        news = [row for row in rows.values() if row.state == LIVE]
        before = {id: [*erased.addresses(row.now)] for id, row in known.items() if row.state in THERE}
        wanted = erased.by_key(salt, news, before)
        held = self.engine.store.by_keys(self.mapping.rule.kind, sorted(wanted))
        found = {row.ref: row for key in held for row in wanted[key]}
        members = self.engine.store.entity_rows(sorted({r.entity for r in found.values() if r.entity is not None}))
        for row in found.values():
            if any(mate.ref != row.ref and mate.state in THERE for mate in members.get(row.entity or "", ())):
                continue
            rows[row.id] = erased.intercepted(row)
            keys[row.ref] = [TOMBSTONE, *erased.tombstone_keys(salt, row.ref, erased.addresses(row.now))]


def observed(
    mapping: KindMapping, record: Record, old: Row | None, asked: int, run: str, seen_until: int = 0
) -> Row | None:
    """The row after this observation; None if it is older than what we know.

    seen_until: a watermark from before this observation; what the record holds only now was changed after it.
    """
    if old is not None and old.state == ERASED:
        # Nothing is learnt of it, but that it is here.
        here = not record.deleted and record.moved_to is None
        return old._replace(version_ms=record.version, seen_ms=asked, run=run, fate=SKIPPED, dirty=here)
    if old is not None and record.version < old.version_ms:
        return old._replace(run=run, fate=_fate(old)) if old.run != run else None
    if old is not None and record.version == old.version_ms:
        # The system's time is estimated anew by each process, a little lower at times; reading itself never goes back.
        asked = max(asked, old.seen_ms)
    if record.moved_to is not None or record.deleted:
        return _gone(mapping, record, old, asked, run, seen_until)
    now = mapping.decode(record)
    if old is None:
        return Row(
            *record.ref, mapping.rule.kind, now, record.version, asked, created_ms=record.created, run=run, fate=PENDING
        )
    back = old.state in (DELETED, MOVED)
    if now == old.now and not back:
        row = old._replace(version_ms=record.version, seen_ms=asked)
    else:
        row = old._replace(
            now=now,
            version_ms=record.version,
            seen_ms=asked,
            state=LIVE if back else old.state,
            spans=spans(mapping, old, now, record.version, seen_until),
            dirty=True,
            moved_to=None,
        )
    return row._replace(run=run, fate=_fate(row))


def _fate(row: Row) -> str:
    if row.state == DELETED:
        return DELETED
    if row.state == MOVED:
        return MERGED
    return PENDING if row.dirty else UNCHANGED


def _gone(mapping: KindMapping, record: Record, old: Row | None, asked: int, run: str, seen_until: int) -> Row:
    state = MOVED if record.moved_to is not None else DELETED
    last = _last_words(mapping, record, old)
    if old is None:
        # Of a record that we never saw alive only its sync keys matter: whose record it was; and that they opted out.
        named = {name: value for name, value in mapping.decode(record).items() if name.startswith("@key:")}
        told = _fate_told(mapping, record)
        span = (min(record.version, max(record.created or 0, seen_until)), record.version)
        return Row(
            *record.ref, mapping.rule.kind, {**named, **told, **last}, record.version, asked,
            state=state, created_ms=record.created, dirty=bool(named or last), run=run,
            spans={rule.name: span for rule in mapping.consents if rule.name in last},
            fate=MERGED if state == MOVED else DELETED, moved_to=record.moved_to,
        )  # fmt: skip
    news = old.state != state or old.moved_to != record.moved_to
    heard = {**old.now, **last}
    row = old._replace(
        now={**heard, **_fate_told(mapping, record)},
        version_ms=record.version,
        seen_ms=asked,
        state=state,
        spans=spans(mapping, old, heard, record.version, seen_until) if last else old.spans,
        moved_to=record.moved_to,
        dirty=old.dirty or news or bool(last),
        run=run,
    )
    return row._replace(fate=_fate(row))


def _last_words(mapping: KindMapping, record: Record, old: Row | None) -> dict[str, Any]:
    """The opt-outs that a record which is gone tells for the first time, and the address that they are said of."""
    place, told = Place(record.ref.system, record.ref.object), mapping.decode(record)
    before: Mapping[str, Any] = old.now if old is not None else {}
    fresh = {
        rule.name: told[rule.name]
        for rule in mapping.consents
        if mapping.canon(place, rule.name, told.get(rule.name)) is True
        and mapping.canon(place, rule.name, before.get(rule.name)) is not True
    }
    return {**fresh, **({ADDRESS: told[ADDRESS]} if ADDRESS in told else {})} if fresh else {}


def _fate_told(mapping: KindMapping, record: Record) -> dict[str, Any]:
    """What a record that lives on elsewhere tells of how that came about."""
    if record.moved_to is None:
        return {}
    return {
        name: value for name, value in mapping.decode(record).items() if name in ("@converted", "@deal", "@account")
    }


def _absorbed(row: Row, id: str) -> Row:
    """A record that was merged away before we ever saw it: whoever names it means its survivor."""
    gone = row._replace(id=id, now={}, version_ms=0, seen_ms=0, state=MOVED, created_ms=None, spans={}, dirty=False)
    return gone._replace(run=None, fate=MERGED, moved_to=row.ref, entity=None, shadow=None, why=None, n=0)


def moved(row: Row, to: Ref, run: str) -> Row:
    """A record whose survivor tells that it was merged away."""
    return row._replace(state=MOVED, moved_to=to, dirty=True, run=run, fate=MERGED)


def spans(
    mapping: KindMapping, old: Row, now: Mapping[str, Any], version: int, seen_until: int = 0
) -> dict[str, Sequence[int]]:
    """field → (after, by] for each field that differs from the shadow: the change happened in between.

    It cannot have happened before the record's former version, nor before the last watermark, or we would have seen
    it.  The record's stamp is no field's own: a change of any other property moves it as well.
    """
    place = Place(old.system, old.object)
    before, slots = old.now, mapping.slots(place)
    differ = [name for name, value in now.items() if value != before.get(name)]
    # A field that is mapped no more is no change.
    differ += [name for name in before if name not in now and name in slots]
    changed = [n for n in differ if n[0] != "@" and mapping.changed(place, n, now.get(n), before.get(n))]
    after = min(version, max(old.version_ms, seen_until))
    result: dict[str, Sequence[int]] = {**old.spans, **dict.fromkeys(changed, (after, version))}
    if not result:
        return {}
    shadow = old.shadow or {}
    return {name: span for name, span in sorted(result.items()) if now.get(name) != shadow.get(name)}
