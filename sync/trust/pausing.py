"""What is stopped: asked of the state before anything is sent, told once when it stops and once when it goes on.

`sync.trust.guard` says when to stop.  Here it is counted what a run decides, and remembered what stopped.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from statistics import median
from typing import TYPE_CHECKING

import structlog

from connectors.errors import LeaseLost
from mapping.mapping import Mapping as KindMapping
from mapping.rules import KindRule, Place, is_ours
from state.rows import DELETED, LIVE, Closing, Lease, OperationRow, Outcomes, ReviewRow, Row
from state.store import Store
from sync.decide.counts import effect
from sync.decide.decision import FROZEN
from sync.trust.guard import (
    BLANK,
    BUDGET,
    CLEARS,
    CREATES,
    DAY,
    DELETES,
    HOLDS,
    PAUSED,
    SHRUNK,
    UNBELIEVABLE,
    UPDATES,
    VANISHED,
    WEIGHS,
    Pause,
    Usual,
    blanked,
    overdone,
    pause_of,
    room,
    shrunk,
)

if TYPE_CHECKING:
    from sync.engine import Engine
    from sync.plan import Planner
    from sync.report import Report

RUNS = 20
"""So many runs say what is usual."""
SAMPLE = 500
BELIEVED = "it was read again, and can be believed"
RESUMED = "resumed"
"""How the answer begins by which somebody lets go what was stopped."""
WRITES = {UPDATES: "updates", CLEARS: "cleared values", CREATES: "creations in a day", DELETES: "deletions in a day"}

log = structlog.get_logger()


def pauses(store: Store) -> list[Pause]:
    """Everything that is stopped."""
    return [pause_of(review) for review in store.reviews(question=PAUSED)]


def stop(store: Store, pause: Pause, lease: Lease | None = None) -> None:
    """From now on this is stopped; told once.  lease: of the run that found it."""
    known = {standing.fingerprint for standing in pauses(store)}
    store.ask(pause.question(), lease)
    if pause.fingerprint not in known:
        log.warning(
            "paused", cause=pause.cause, kind=pause.kind, side=pause.system, field=pause.field, reason=pause.why
        )


def go_on(store: Store, pause: Pause, now: int, answer: str, lease: Lease | None = None) -> bool:
    """It is stopped no more; told once.  False: it was not.  lease: of the run that found it."""
    if not store.answer(pause.fingerprint, now, answer, lease):
        return False
    log.warning("goes on", cause=pause.cause, kind=pause.kind, side=pause.system, field=pause.field, reason=answer)
    return True


def thaw(store: Store, now: int, *, kind: str = "", record: tuple[str, str] | None = None) -> int:
    """Let frozen fields go at the beginning of the next run: of a kind, or of one record; how many they are."""
    chosen = [
        review
        for review in _frozen(store)
        if review.detail["until"] > now
        and kind in ("", review.detail["kind"])
        and (record is None or record in [(system, id) for system, _, id in review.detail["records"]])
    ]
    for review in chosen:
        store.ask(review._replace(detail={**review.detail, "until": now}))
    return len(chosen)


def _frozen(store: Store) -> list[ReviewRow]:
    return store.reviews(question=FROZEN, limit=100_000)


@dataclass
class Guard:
    """What one run has decided and read so far, as far as it may be too much."""

    engine: Engine
    planned: dict[tuple[str, str], dict[str, set[str]]] = field(default_factory=dict)
    """(kind, system) → cause → entities."""
    gone: dict[Place, int] = field(default_factory=dict)
    """Records that were live, and are said to be gone."""
    doubted: set[Place] = field(default_factory=set)
    """Of these nothing more is believed in this run."""
    telling: Counter[Pause] = field(default_factory=Counter)
    """What would stop it → records that were decided to say that they are held."""
    frugal: bool = False
    """The calls that are left are for opt-outs alone."""
    _standing: list[Pause] | None = None
    """What is stopped, as it was asked last."""
    _before: dict[tuple[str, str], Mapping[str, int]] = field(default_factory=dict)
    _live: dict[Place, int] = field(default_factory=dict)
    _records: dict[tuple[str, str], int] = field(default_factory=dict)

    # -- what is stopped ---------------------------------------------------------------------------------------

    def stopped(self, kind: str, *, again: bool = True) -> frozenset[str]:
        """The systems to which nothing of the kind is written now but opt-outs.  again: ask, and do not remember."""
        if self.frugal:
            return frozenset(self.engine.connectors)
        if again or self._standing is None:
            self._standing = pauses(self.engine.store)
        approved = self.engine.approved
        standing = [pause for pause in self._standing if approved is None or not approved.lets_go(pause)]
        return frozenset(
            system for system in self.engine.connectors if any(pause.stops(kind, system) for pause in standing)
        )

    def begin(self, mapped: Iterable[tuple[KindRule, KindMapping]]) -> None:
        """What ends by time has ended; which fields are gone since the last run, and which are back.

        mapped: what the configuration wants of each kind, and what the systems show of it.
        """
        now, store = self.engine.now(), self.engine.store
        for pause in pauses(store):
            if pause.until is not None and pause.until <= now:
                go_on(store, pause, now, "its time was over", self.engine.lease)
        if over := [review for review in _frozen(store) if review.detail["until"] <= now]:
            closed = [Closing(review.fingerprint, now, "its time was over") for review in over]
            thawed = Outcomes(dirty=[str(review.entity) for review in over], closed=closed)
            store.commit_outcomes(self.engine.lease, thawed)
        lacking = {pause.fingerprint: pause for rule, mapping in mapped for pause in self._vanished(rule, mapping)}
        for pause in pauses(store):
            if pause.cause == VANISHED and lacking.pop(pause.fingerprint, None) is None:
                go_on(store, pause, now, "the field is there again, or is not mapped any more", self.engine.lease)
        samples = {where: store.scan(*where, 0, SAMPLE) for where in {(p.system, p.object) for p in lacking.values()}}
        for pause in lacking.values():
            if any(row.now.get(pause.field) is not None for row in samples[pause.system, pause.object]):
                stop(store, pause, self.engine.lease)

    def _vanished(self, rule: KindRule, mapping: KindMapping) -> Iterator[Pause]:
        """The fields of the configuration that their system does not show."""
        for wanted in rule.fields:
            # Our own fields hold nothing that is anybody's data.
            for place, native in wanted.places.items() if not is_ours(wanted.name) else ():
                if place not in mapping.rule_of(wanted.name).places:
                    yield Pause(
                        VANISHED, rule.kind, place.system, place.object, wanted.name,
                        f"{native} is not there any more, or not to be seen", "run `smarketing check`",
                        self.engine.now(),
                    )  # fmt: skip

    def budget(self, why: str, until: int | None) -> None:
        """No calls are left."""
        fix = "wait, or raise calls_per_day or lower reserve in the configuration"
        with suppress(LeaseLost):  # Who has taken over finds it out as well.
            pause = Pause(BUDGET, why=why, fix=fix, since=self.engine.now(), until=until)
            stop(self.engine.store, pause, self.engine.lease)
        self._standing = None

    def end(self, report: Report) -> None:
        """Tell in the account of the run what is stopped; calls that it could make show that there are some."""
        now, approved = self.engine.now(), self.engine.approved
        for pause in pauses(self.engine.store):
            over = "there are calls again" if pause.cause == BUDGET else ""
            if approved is not None and approved.lets_go(pause):
                over = "its plan was approved"
            if over and report.status == "done":
                with suppress(LeaseLost):
                    go_on(self.engine.store, pause, now, over, self.engine.lease)
            elif pause.cause != HOLDS and pause.kind in ("", *(rule.kind for rule in self.engine.rules)):
                report.pauses.append(pause)

    # -- what is written ---------------------------------------------------------------------------------------

    def waits(self, planner: Planner) -> bool:
        """Whether what is dirty may be too much, so that all of it is to be decided before any of it is sent."""
        if self.engine.muted or self.engine.approved is not None:
            return False
        kind = planner.mapping.rule.kind
        most = min(room(self.engine.brakes, self._made(kind, system)) for system in self.engine.connectors)
        planned = sum(len(of) for (k, _), causes in self.planned.items() if k == kind for of in causes.values())
        return len(self.engine.store.dirty(kind, 0, max(most - planned, 0) + 1)) > most - planned

    def count(self, operations: Iterable[OperationRow]) -> None:
        """These were decided.  What somebody approved is not too much."""
        if self.engine.approved is not None:
            return
        for operation in operations:
            for cause in WEIGHS.get(effect(operation), ()):
                if cause == DELETES or not self.engine.muted:
                    causes = self.planned.setdefault((operation.kind, operation.system), {})
                    causes.setdefault(cause, set()).add(operation.entity)

    def may_archive(self, row: Row) -> bool:
        """Whether this record, too, may be put into the bin by hand, among not too many in a day."""
        mine = self.planned.setdefault((row.kind, row.system), {}).setdefault(DELETES, set())
        if len(mine | {row.id}) + self._made(row.kind, row.system)[DELETES] > self.engine.brakes.deletes_per_day:
            return False
        mine.add(row.id)
        return True

    def may_tell(self, kind: str, system: str, about: str) -> bool:
        """Whether one more record may be written for nothing but to say that something of it is held.

        about: the field, or what is wrong; not too many may say the same."""
        pause = Pause(HOLDS, kind, system, "", about)
        if pause not in self.telling:
            standing = any(known.fingerprint == pause.fingerprint for known in pauses(self.engine.store))
            self.telling[pause] = self._most_tellings(kind, system) + 1 if standing else 0
        self.telling[pause] += 1
        many, most = self.telling[pause], self._most_tellings(kind, system)
        if many <= most or self._is_let_go(pause):
            return True
        if many == most + 1 and self.engine.view is self.engine.store:
            now = self.engine.now()
            why = f"{about} is held in more than {most:,} {kind} records for {system}: no more of them say so"
            fix = "see `smarketing errors list`: something is wrong with the mapping, or for all of them"
            stop(self.engine.store, pause._replace(why=why, fix=fix, since=now, until=now + DAY), self.engine.lease)
        return False

    def _most_tellings(self, kind: str, system: str) -> int:
        brakes = self.engine.brakes
        if (kind, system) not in self._records:
            counts = self.engine.store.counts().items()
            self._records[kind, system] = sum(
                n for (k, s, _, state, _), n in counts if (k, s, state) == (kind, system, LIVE)
            )
        return max(brakes.holds, int(brakes.holds_share * self._records[kind, system]))

    def judge(self, planner: Planner) -> set[str]:
        """Stop the directions in which too much was decided; those that were not stopped before."""
        kind, store, now = planner.mapping.rule.kind, self.engine.store, self.engine.now()
        fresh: set[str] = set()
        before = self.stopped(kind)
        for system in self.engine.connectors:
            planned = {cause: len(entities) for cause, entities in self.planned.get((kind, system), {}).items()}
            usual = Usual(
                partial(self._links, planner.mapping, system),
                partial(self._usual, kind, system),
                self._made(kind, system),
                partial(self._allowed, kind, system),
            )
            for cause, count, allowed in overdone(self.engine.brakes, planned, usual):
                why = f"{count:,} {WRITES[cause]} of {kind} in {system} are planned, {allowed:,} are allowed at once"
                fix = (
                    f"see `smarketing plan`; if it is meant, `smarketing resume {kind} --to {system}`, else put right "
                    "what causes it first"
                )
                stop(store, Pause(cause, kind, system, "", "", why, fix, now, None, count), self.engine.lease)
                self._standing = None
                fresh.add(system)
        return fresh - before

    def _links(self, mapping: KindMapping, system: str) -> int:
        counts = self.engine.store.counts()
        kind = mapping.rule.kind
        return sum(
            n
            for (k, side, _, state, linked), n in counts.items()
            if (k, side, state) == (kind, system, LIVE) and linked
        )

    def _usual(self, kind: str, system: str) -> int:
        runs = [run for run in self.engine.store.runs(RUNS + 1) if not run.muted and run.ended_ms is not None][:RUNS]
        sides = [run.counts.get("objects", {}).get(kind, {}).get(system, {}) for run in runs]
        return int(median([side.get("written", {}).get("updated", 0) for side in sides])) if sides else 0

    def _made(self, kind: str, system: str) -> Mapping[str, int]:
        if (kind, system) not in self._before:
            since, run = self.engine.now() - DAY, self.engine.run
            counts = self.engine.store.written_since(kind, system, since, but=run)
            self._before[kind, system] = {CREATES: counts.get("create", 0), DELETES: counts.get("archive", 0)}
        return self._before[kind, system]

    def _allowed(self, kind: str, system: str, cause: str) -> int:
        fingerprint = Pause(cause, kind, system).fingerprint
        return max((pause.many for pause in self._let_go() if pause.fingerprint == fingerprint), default=0)

    def _is_let_go(self, pause: Pause) -> bool:
        return pause.fingerprint in {known.fingerprint for known in self._let_go()}

    def _let_go(self) -> list[Pause]:
        """What somebody let go in the last day."""
        found = self.engine.store.answered(PAUSED, self.engine.now() - DAY)
        return [pause_of(review) for review in found if str(review.answer).startswith(RESUMED)]

    # -- what is read ------------------------------------------------------------------------------------------

    def believes(
        self, mapping: KindMapping, place: Place, known: Mapping[str, Row], rows: Mapping[str, Row], *, whole: bool
    ) -> bool:
        """Whether a page can be true; if not, the kind is stopped, and nothing more of the object is taken in."""
        if place in self.doubted:
            return False
        kind, limits, now = mapping.rule.kind, self.engine.brakes, self.engine.now()
        away = sum(row.state == DELETED and id in known and known[id].state == LIVE for id, row in rows.items())
        filled = any(row.state == LIVE for row in known.values())
        if not away and not filled:
            return True
        doubts = [pause for pause in pauses(self.engine.store) if (pause.system, pause.object) == place]
        seen = {pause.field for pause in doubts if pause.cause == BLANK}
        told = f"is blank in every {place.system} {place.object} that was read, though most had a value"
        found = [
            Pause(BLANK, kind, *place, name, f"{name} {told}", _SEEN, now, None, count, whole)
            for name, count in blanked(mapping.slots(place), known, rows, limits.blank_share, seen)
        ]
        total, live = self.gone.get(place, 0) + away, self._known(place) if away else 0
        if away and (any(pause.cause == SHRUNK for pause in doubts) or shrunk(total, live, limits.shrink_share)):
            why = f"{total:,} of {live:,} {place.system} {place.object} are said to be gone"
            found.append(Pause(SHRUNK, kind, *place, "", why, _SEEN, now, None, total, whole))
        found = [pause for pause in found if not self._is_let_go(pause)]
        self.gone[place] = total
        for pause in found:
            self._doubt(pause)
        return not found

    def lacks(self, kind: str, place: Place, unseen: int) -> str:
        """Why so many records that a full listing did not show cannot be gone; empty: they can."""
        known = self._known(place)
        why = f"{unseen:,} of {known:,} {place.system} {place.object} were not in the full listing: too many to be gone"
        pause = Pause(SHRUNK, kind, *place, "", why, _SEEN, self.engine.now(), None, unseen, True)
        if shrunk(unseen, known, self.engine.brakes.shrink_share) and not self._is_let_go(pause):
            self._doubt(pause)
            return why
        if place not in self.doubted:
            go_on(self.engine.store, pause, self.engine.now(), BELIEVED, self.engine.lease)
        return ""

    def was_read(self, place: Place, *, whole: bool) -> None:
        """An object was read to its end: what was doubted of it before is right again, unless only another full listing
        can show that."""
        if place in self.doubted:
            return
        for pause in pauses(self.engine.store):
            ends = not pause.whole or (whole and pause.cause == BLANK)
            if pause.cause in UNBELIEVABLE and (pause.system, pause.object) == place and ends:
                go_on(self.engine.store, pause, self.engine.now(), BELIEVED, self.engine.lease)

    def _doubt(self, pause: Pause) -> None:
        self.doubted.add(Place(pause.system, pause.object))
        stop(self.engine.store, pause, self.engine.lease)
        self._standing = None

    def _known(self, place: Place) -> int:
        if place not in self._live:
            counts = self.engine.store.counts()
            self._live[place] = sum(
                n for (_, system, object, state, _), n in counts.items() if (system, object, state) == (*place, LIVE)
            )
        return self._live[place]


_SEEN = (
    "see whether the credentials still show every record and field; nothing of it was taken in; if it is true, "
    "`smarketing resume` takes it as it is"
)
