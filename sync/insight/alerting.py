"""`[alerts]`: colleagues are told what is worth their attention, as tasks in their system and by mail, chat or text.

What is to be told is kept first and told then.  Each way to a colleague has a mark of its own: a channel that refused
or did not answer in time is tried again alone, and one that took the message is never given it again.  A message is
marked before it is handed to a channel; where the process ends before the channel has answered nobody knows, so it is
`unsure` and not told again.  A task goes through the outbox.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import structlog

from connectors.errors import SyncError
from insight.alerts import (
    DAY,
    DRIFT,
    HOUR,
    LOW,
    OF_CLOCKS,
    Alert,
    Delivery,
    Due,
    Sent,
    Subject,
    alerts,
    due,
    notice,
    told,
)
from insight.sla.handoffs import Owed
from insight.touches import Derived
from mapping.conditions import Condition
from mapping.deals import LOST, OPEN, RECYCLED, WON
from mapping.journey import Standing
from mapping.mapping import Mapping as KindMapping
from state.rows import (
    DONE,
    LIVE,
    PARKED,
    TELLING,
    TOLD,
    UNSURE,
    UNTOLD,
    WAITING,
    AlertRow,
    Closing,
    OperationRow,
    TellingRow,
)
from state.store import Store
from sync.insight import tasks
from sync.insight.agreement import AlertsSettings
from sync.insight.clocks import Agreed
from sync.insight.known import Known as Reported
from sync.insight.monthly import monthly
from sync.insight.ops import changed, stopped
from sync.insight.owning import marketer, seller
from sync.insight.tasks import ACTIVITY, Message
from sync.insight.weekly import weekly

if TYPE_CHECKING:
    from sync.engine import Engine
    from sync.insight.learning import Known

TASK = "task"
CUSTOMERS = ("customer", "advocate")
AGAIN = 5 * 60_000
"""A channel that did not take a message is tried again after so long, then twice as long, …"""
AT_MOST = 4 * HOUR
"""… but not longer."""
GIVE_UP = DAY
"""News that nobody could be told in this time is none any more."""
LOST_ANSWER = "the process ended before anybody answered"
log = structlog.get_logger()


Send = Callable[[str, str, str], bool]
"""(address of a channel, title, text) → whether it took it."""


def notify(address: str, title: str, text: str) -> bool:
    """Tell it by this channel, whose address is in the words of Apprise."""
    import apprise

    teller = apprise.Apprise()
    return bool(teller.add(address) and teller.notify(title=title, body=text))


@dataclass(frozen=True)
class Telling:
    """Tells what is to be told, one run at a time."""

    settings: AlertsSettings
    agreed: Agreed
    never: Condition
    """Whether nothing is told about somebody."""
    channels: Mapping[str, str]
    """Everybody's: how the configuration names them → address, with {owner} where the colleague's stands."""
    own: Mapping[str, Mapping[str, str]]
    """Colleague → channels of their own."""
    known: Callable[[Sequence[KindMapping], Store, int], Reported]
    """What reports are made of: of the kinds that are synchronised, now (ms)."""
    send: Send = notify

    @property
    def of_clocks(self) -> bool:
        """Whether clocks have to be looked at."""
        return not set(OF_CLOCKS).isdisjoint(self.settings.types)

    # -- what is to be told --------------------------------------------------------------------------------------------

    def look(
        self, engine: Engine, people: Sequence[Known], clocks: Mapping[str, Owed], values: Iterable[Derived]
    ) -> list[Alert]:
        """What is to be told of these people.  values: what was worked out of them just now, and is not stored yet."""
        entities = [known.entity for known in people]
        before, standings = engine.store.derived(entities), engine.store.standings(entities)
        after: dict[str, dict[str, object]] = {}
        for value in values:
            after.setdefault(value.entity, {})[value.field] = value.value
        past: dict[str, list[Sent]] = {}
        for row in engine.store.alerts_about(entities):
            past.setdefault(row.person, []).append(Sent(row.type, row.at_ms, row.rank))
        found: list[Alert] = []
        for known in people:
            was = {name: row.value for name, row in before.get(known.entity, {}).items()}
            now = was | after.get(known.entity, {})
            standing = standings.get(known.entity, Standing(None))
            subject = self._subject(known, standing, was, now, clocks.get(known.entity))
            about = past.get(known.entity, ())
            if alerts(subject, self.settings.rules, about, engine.now()):
                # Whose they are is asked of the state only where there is something to tell.
                whose = replace(subject, owner=seller(engine, known.rows), marketing=marketer(engine, known.rows))
                found += alerts(whose, self.settings.rules, about, engine.now())
        return found

    def _subject(
        self, known: Known, standing: Standing, was: Mapping[str, Any], now: Mapping[str, Any], owed: Owed | None
    ) -> Subject:
        told, since = known.facts, known.now - DAY
        outcome, why = "", ""
        if now.get("@outcome") in (WON, LOST) and was.get("@outcome") not in (None, now["@outcome"]):
            outcome, why = str(now["@outcome"]), standing.reason or ""
        elif standing.status == RECYCLED and standing.entered.get(RECYCLED, 0) > since:
            outcome, why = RECYCLED, standing.reason or ""
        name = " ".join(str(part) for part in (told.get("first_name"), told.get("last_name")) if part)
        return Subject(
            person=known.entity,
            name=name,
            company=str(told.get("company") or ""),
            cycle=standing.cycle,
            stage=standing.stage or "",
            status=standing.status,
            of_sales=owed is not None,
            customer=standing.stage in CUSTOMERS,
            opted_out=self.never(told),
            tier=str(now.get("@priority") or ""),
            before=str(was.get("@priority") or ""),
            reasons=str(now.get("@score_reasons") or ""),
            touches=known.touches,
            since=since,
            verdict=owed.verdict if owed is not None else None,
            outcome=outcome,
            why_outcome=why,
            deals=[f"{deal.amount} {deal.currency}".strip() for deal in known.deals if deal.outcome == OPEN],
            links=[f"{row.system} {row.object} {row.id}" for row in known.rows if row.state == LIVE],
        )

    def keep(self, engine: Engine, alerts: Iterable[Alert]) -> int:
        """Remember what is to be told; how much of it is new."""
        rows = [
            AlertRow(
                f"{alert.key}|{owner}", alert.type, alert.person, owner, alert.at, alert.title, alert.body, alert.rank,
                hand_raise=alert.hand_raise,
            )
            for alert in alerts
            if alert.type in self.settings.types
            for owner in told(alert, self.settings.rules)
        ]  # fmt: skip
        return engine.store.raise_alerts(engine.lease, rows) if rows else 0

    def drifted(self, engine: Engine, goal: str, why: str) -> None:
        """What was learned does not hold any more."""
        cause = f"{goal}|{engine.now() // DAY}"
        self.keep(engine, [notice(DRIFT, cause, "", engine.now(), f"The score for {goal} was given up", why)])

    # -- telling -------------------------------------------------------------------------------------------------------

    def tell(self, engine: Engine) -> int:
        """Tell what is due; how many alerts were told.  Under an approved plan only the tasks that stand in it."""
        store, now = engine.store, engine.now()
        for lost in _messages(store.tellings(TELLING)).values():
            store.mark(engine.lease, lost[0]._replace(state=UNSURE, note=LOST_ANSWER))
        if engine.approved is None:
            self.keep(engine, [*weekly(engine), *monthly(engine), *stopped(engine), *changed(engine)])
        for delivery in self._due(engine).now:
            self._send_out(engine, delivery, now)
        told = self._tasks(engine)
        if engine.approved is None:
            told |= self._channels(engine)
        return len(told)

    def alarm(self, engine: Engine, error: SyncError) -> None:
        """Tell what ended a run before its end: by channels alone, because no task can be made any more."""
        self.keep(engine, [*stopped(engine), *changed(engine, error)])
        for delivery in self._due(engine).now:
            self._send_out(engine, delivery, engine.now())
        self._channels(engine)

    def preview(self, engine: Engine) -> list[OperationRow]:
        """The tasks that would be made now."""
        if not self.settings.task:
            return []
        due_now = [_message(delivery) for delivery in self._due(engine).now]
        drafted = (self._draft(engine, message) for message in (*due_now, *self._open(engine)))
        return [one for one in drafted if isinstance(one, OperationRow)]

    def _due(self, engine: Engine) -> Due:
        waiting, now = engine.store.alerts_in(WAITING), engine.now()
        if not waiting:
            return Due(())
        today = engine.store.told_since(now - DAY, LOW)
        rules, calendar_of = self.settings.rules, self.agreed.agreement.calendar_of
        return due(list(map(_read, waiting)), today, rules, calendar_of, now)

    def _send_out(self, engine: Engine, delivery: Delivery, now: int) -> None:
        message = _message(delivery)
        ways = [*([TASK] if self.settings.task else ()), *self._addresses(delivery.owner)]
        keys = [alert.key for alert in delivery.alerts]
        rows = [TellingRow(key, way, message.id, now, delivery.digest) for key in keys for way in ways]
        engine.store.send_out(engine.lease, keys, rows, now, "" if ways else "[alerts] names no way to tell it")

    def _addresses(self, owner: str) -> dict[str, str]:
        """The channels of a colleague: how the configuration names them → address."""
        every = {way: address.replace("{owner}", quote(owner)) for way, address in self.channels.items()}
        return every | dict(self.own.get(owner.lower(), {}))

    def _open(self, engine: Engine) -> Iterator[Message]:
        """The messages of which there is to be a task and is none."""
        for (id, way), rows in _messages(engine.store.tellings(WAITING)).items():
            if way == TASK and (about := engine.store.alerts_of(id)):
                yield Message(id, about[0].owner, list(map(_read, about)), rows[0].digest)

    # -- tasks ---------------------------------------------------------------------------------------------------------

    def _draft(self, engine: Engine, message: Message) -> OperationRow | str:
        today = self.agreed.agreement.calendar_of(message.owner).day_of(engine.now())
        return tasks.draft(engine, message, today.isoformat())

    def _tasks(self, engine: Engine) -> set[str]:
        """Have the tasks made that are not made yet; the keys of the alerts that were told by one."""
        store = engine.store
        marks = {id: rows for (id, way), rows in _messages(store.tellings(WAITING)).items() if way == TASK}
        if not marks:
            return set()
        made, open_ = _made(engine, marks), {id for id, _ in store.open_operations(list(marks))}
        new: list[OperationRow] = []
        for message in self._open(engine):
            if message.id in open_ or message.id in made:
                continue
            drafted = self._draft(engine, message)
            if isinstance(drafted, str):
                self._put_off(engine, marks[message.id][0], drafted)
            elif engine.approved is None or engine.approved.allows(drafted):
                new.append(drafted)
        closed = [Closing(f"rejected|{op.entity}|{op.system}|", engine.now(), "it is tried again") for op in new]
        engine.carry_out(ACTIVITY, new, closed)
        made |= _made(engine, marks)
        refused = {op.entity: op for op in store.open_operations(list(marks)).values() if op.state == PARKED}
        for id, rows in marks.items():
            if (done := made.get(id)) is not None:
                at = f"{done.system} {done.object} {done.id}"
                store.mark(engine.lease, rows[0]._replace(state=TOLD, at_ms=engine.now(), note=at))
            elif (kept := refused.get(id)) is not None and not rows[0].note:
                store.mark(engine.lease, rows[0]._replace(note=f"refused: {(kept.note or {}).get('code', '')}"))
        return {row.alert for id in made for row in marks[id]}

    def _put_off(self, engine: Engine, mark: TellingRow, why: str) -> None:
        """It cannot be told this way now; for a day it is tried again, each time a little later."""
        now = engine.now()
        wait = min(AGAIN * 2 ** min(mark.attempts, 10), AT_MOST)
        state = UNTOLD if now - mark.due_ms >= GIVE_UP else WAITING
        later = mark._replace(state=state, attempts=mark.attempts + 1, not_before_ms=now + wait, note=why)
        engine.store.mark(engine.lease, later)

    # -- channels ------------------------------------------------------------------------------------------------------

    def _channels(self, engine: Engine) -> set[str]:
        """Tell by every channel what it did not take yet; the keys of the alerts that one took."""
        store, taken = engine.store, set[str]()
        for (id, way), rows in _messages(store.tellings(WAITING)).items():
            mark, about = rows[0], store.alerts_of(id)
            if way == TASK or mark.not_before_ms > engine.now() or not about:
                continue
            message = Message(id, about[0].owner, list(map(_read, about)), mark.digest)
            address = self._addresses(message.owner).get(way)
            if address is None:
                store.mark(engine.lease, mark._replace(state=UNTOLD, note="[alerts] does not name it any more"))
                continue
            engine.beat()
            store.mark(engine.lease, mark._replace(state=TELLING))
            engine.step("alerts:marked")
            if self.send(address, message.title, message.text):
                done = mark._replace(state=TOLD, attempts=mark.attempts + 1, at_ms=engine.now(), note="")
                store.mark(engine.lease, done)
                taken |= {row.alert for row in rows}
            else:
                self._put_off(engine, mark, "refused, or no answer in time")
            log.info("alerts told", kind=about[0].type, alerts=len(about), by=way, taken=about[0].key in taken)
        return taken


def _messages(ways: Iterable[TellingRow]) -> dict[tuple[str, str], list[TellingRow]]:
    """(message, way) → what of it goes this way."""
    found: dict[tuple[str, str], list[TellingRow]] = {}
    for row in ways:
        found.setdefault((row.message, row.way), []).append(row)
    return found


def _made(engine: Engine, ids: Iterable[str]) -> dict[str, OperationRow]:
    """Message → the creation of its task, of those that were made."""
    return {id: op for id in ids for op in engine.store.operations(entity=id, state=DONE)}


def _message(delivery: Delivery) -> Message:
    said = "\n".join(sorted(alert.key for alert in delivery.alerts))
    id = hashlib.blake2b(said.encode(), digest_size=16).hexdigest()
    return Message(f"alert:{id}", delivery.owner, delivery.alerts, delivery.digest)


def _read(row: AlertRow) -> Alert:
    return Alert(row.key, row.type, row.person, row.owner, row.at_ms, row.title, row.body, row.rank, row.hand_raise)
