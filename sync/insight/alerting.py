"""`[alerts]`: colleagues are told what is worth their attention, as tasks in Salesforce and by mail, chat or text.

What is to be told is kept first and told then, each once: an alert is marked before it is handed to a channel, and
where the process ends before the channel has answered nobody knows, so it is listed as `unsure` and not told twice.  A
task is found again by its key.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import structlog

from connectors.errors import SyncError
from connectors.port import Applied, Key, Stale, Write
from insight.alerts import DAY, Alert, Delivery, Sent, Subject, alerts, due, told
from insight.sla.handoffs import Owed
from insight.touches import Derived
from mapping.conditions import Condition
from mapping.deals import LOST, OPEN, RECYCLED, WON
from mapping.journey import Standing
from mapping.mapping import Unmapped
from mapping.rules import Place
from state.rows import LIVE, TELLING, TOLD, UNSURE, WAITING, AlertRow
from sync.insight.agreement import AlertsSettings
from sync.insight.clocks import Agreed

if TYPE_CHECKING:
    from sync.engine import Engine
    from sync.insight.learning import Known

TASK = Place("salesforce", "Task")
KEY = "SMK_Key__c"
PEOPLE = ("Lead", "Contact")
SUBJECT_MOST = 255
CUSTOMERS = ("customer", "advocate")
log = structlog.get_logger()


Send = Callable[[Sequence[str], str, str], bool]
"""(addresses of channels, title, text) → whether all of them took it."""


def notify(addresses: Sequence[str], title: str, text: str) -> bool:
    """Tell it by these channels, whose addresses are in the words of Apprise."""
    import apprise

    teller = apprise.Apprise()
    understood = [teller.add(address) for address in addresses]
    if not all(understood):
        log.error("a channel of [alerts] is not understood", place=understood.index(False) + 1)
        return False
    return bool(teller.notify(title=title, body=text))


@dataclass(frozen=True)
class Telling:
    """Tells what is to be told, one run at a time."""

    settings: AlertsSettings
    agreed: Agreed
    never: Condition
    """Whether nothing is told about somebody."""
    channels: Sequence[str]
    """Everybody's, with {owner} where the colleague's address stands."""
    own: Mapping[str, Sequence[str]]
    """Colleague → channels of their own."""
    send: Send = notify

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
            found += alerts(subject, self.settings.rules, past.get(known.entity, ()), engine.now())
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
            owner=str(told.get("owner") or ""),
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
            for owner in told(alert, self.settings.rules)
        ]  # fmt: skip
        return engine.store.raise_alerts(engine.lease, rows) if rows else 0

    def tell(self, engine: Engine) -> int:
        """Tell what is due; how many alerts were told."""
        store, now = engine.store, engine.now()
        lost = store.alerts_in(TELLING)
        if lost:
            keys = [alert.key for alert in lost]
            store.move_alerts(engine.lease, keys, UNSURE, None, "the process ended before anybody answered")
        waiting = store.alerts_in(WAITING)
        if not waiting:
            return 0
        today = store.told_since(now - DAY)
        found = due(list(map(_read, waiting)), today, self.settings.rules, self.agreed.agreement.calendar_of, now)
        return sum(self._deliver(engine, delivery) for delivery in found.now)

    def _deliver(self, engine: Engine, delivery: Delivery) -> int:
        store, lease = engine.store, engine.lease
        keys = [alert.key for alert in delivery.alerts]
        store.move_alerts(lease, keys, TELLING, None)
        engine.step("alerts:marked")
        ways = []
        if self.settings.task and not delivery.digest and self._task(engine, delivery.alerts[0]):
            ways.append("task")
        addresses = [*(one.replace("{owner}", quote(delivery.owner)) for one in self.channels)]
        addresses += self.own.get(delivery.owner.lower(), ())
        if addresses:
            ways.append("channels" if self.send(addresses, *_message(delivery)) else "channels: refused")
        state = TOLD if any(not way.endswith("refused") for way in ways) else WAITING
        at = engine.now() if state == TOLD else None
        store.move_alerts(lease, keys, state, at, ", ".join(ways) or "no channel takes it")
        log.info("alerts told", kind=delivery.alerts[0].type, alerts=len(keys), by=ways, state=state)
        return len(keys) if state == TOLD else 0

    # -- tasks ---------------------------------------------------------------------------------------------------------

    def _task(self, engine: Engine, alert: Alert) -> bool:
        """Make the task, or find it made; False where the person or the colleague is unknown in Salesforce."""
        person = next(
            (
                row
                for row in engine.store.entity_rows([alert.person]).get(alert.person, ())
                if row.system == TASK.system and row.object in PEOPLE and row.state == LIVE
            ),
            None,
        )
        connector, owner = engine.connectors[TASK.system], _owner(engine, alert.owner)
        if person is None or owner is None or KEY not in connector.describe(TASK.object).fields:
            return False
        key = f"alert:{hashlib.blake2b(alert.key.encode(), digest_size=16).hexdigest()}"
        fields = {
            "Subject": alert.title[:SUBJECT_MOST],
            "Description": alert.body,
            "WhoId": person.id,
            "OwnerId": owner,
            "Priority": "High" if alert.rank <= 1 else "Normal",
            "Status": "Not Started",
            KEY: key,
        }
        write = Write(TASK.object, None, fields, Key(KEY, key))
        try:
            [outcome] = connector.write([write], [KEY])
        except SyncError as error:
            log.error("an alert's task was not made", reason=str(error))
            return False
        return isinstance(outcome, Applied | Stale)


def _owner(engine: Engine, colleague: str) -> str | None:
    """The colleague's user in Salesforce."""
    mapping = engine.mapping_of("activity")
    slot = mapping.slots(TASK).get("owner") if mapping is not None else None
    found = slot.fit(colleague) if slot is not None and colleague else None
    return None if found is None or isinstance(found, Unmapped) else str(found)


def _read(row: AlertRow) -> Alert:
    return Alert(row.key, row.type, row.person, row.owner, row.at_ms, row.title, row.body, row.rank, row.hand_raise)


def _message(delivery: Delivery) -> tuple[str, str]:
    if not delivery.digest:
        [alert] = delivery.alerts
        return alert.title, alert.body
    lines = [f"- {alert.title}" for alert in delivery.alerts]
    return f"{len(lines)} people to look at", "\n".join(lines)
