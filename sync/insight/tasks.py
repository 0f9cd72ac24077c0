"""A message to a colleague as a task: one more creation of the outbox, under the key of the message.

It is made in the system in which the person is worked on and the colleague is known, Salesforce first; of what became
of somebody, which is for marketing, in HubSpot.  As any creation it is counted, stopped, journaled, looked for when no
answer came, and never made twice.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from connectors.port import Key
from insight.alerts import OUTCOME, Alert
from mapping.links import Links
from mapping.mapping import Mapping as KindMapping
from mapping.rules import CREATED, Place, Value
from mapping.values import iso_instant
from state.rows import LIVE, OperationRow, Row
from sync.decide.decision import Draft, Why, operation
from sync.settings.frames import MEETINGS, ON_TASKS, TASK

if TYPE_CHECKING:
    from sync.engine import Engine

ACTIVITY, PERSON = "activity", "person"
HUBSPOT_TASK = Place(MEETINGS.system, ON_TASKS[-1])
KEYS = {TASK: "SMK_Key__c", HUBSPOT_TASK: "smk_crm_activity_id"}
CALL = {HUBSPOT_TASK: {"hs_task_type": "CALL"}}
"""How a task says that somebody is to be called."""
TITLE_MOST = 255
NEEDED = ("subject", "owner", "person")


@dataclass(frozen=True)
class Message:
    """What a colleague is told at once."""

    id: str
    """`alert:` and a hash of what it tells: the entity of its task, and the task's sync key."""
    owner: str
    alerts: Sequence[Alert]
    digest: bool = False
    """A list to read, not a call to make."""

    @property
    def title(self) -> str:
        """In one line."""
        return self.alerts[0].title if len(self.alerts) == 1 else f"{len(self.alerts)} people to look at"

    @property
    def text(self) -> str:
        """What a colleague should know: of what is only to be read a line each."""
        if len(self.alerts) == 1:
            return self.alerts[0].body
        return "\n".join(
            f"- {alert.title}" + ("" if alert.digest else "".join(f"\n    {line}" for line in alert.body.splitlines()))
            for alert in self.alerts
        )


def draft(engine: Engine, message: Message, day: str) -> OperationRow | str:
    """The creation of the message's task, or why there is none.  day: of the colleague's calendar, `YYYY-MM-DD`."""
    mapping = engine.mapping_of(ACTIVITY)
    if mapping is None:
        return "tasks are activities, and activities are not synchronised ([activity] sync)"
    [*people] = dict.fromkeys(alert.person for alert in message.alerts if alert.person and not message.digest)
    rows = engine.store.entity_rows(people)
    order = [HUBSPOT_TASK, TASK] if message.alerts[0].type == OUTCOME else [TASK, HUBSPOT_TASK]
    lacking = ""
    for place in (place for place in order if place in mapping.places):
        here = {row.entity: row for rows_ in rows.values() for row in rows_ if _works(row, place)}
        if _user(mapping, place, message.owner) is None:
            lacking = lacking or f"{message.owner} is nobody of {place.system}"
        elif people and not here:
            lacking = lacking or f"the person has no record in {place.system}"
        elif not mapping.known(place, KEYS[place]):
            lacking = lacking or f"{place.system} {place.object} has no field {KEYS[place]}: run `smarketing provision`"
        else:
            return _made(engine, mapping, place, message, next(iter(here.values()), None), day)
    return lacking or "no system keeps tasks"


def _works(row: Row, place: Place) -> bool:
    return row.system == place.system and row.state == LIVE


def _user(mapping: KindMapping, place: Place, colleague: str) -> str | None:
    """The colleague's own id in a system; nobody stands in for them there."""
    id = mapping.owners.id(place.system, colleague)
    known = id is not None and mapping.owners.canon(place.system, id) == colleague.strip().lower()
    return id if known else None


def _made(
    engine: Engine, mapping: KindMapping, place: Place, message: Message, person: Row | None, day: str
) -> OperationRow | str:
    urgent = min(alert.rank for alert in message.alerts) <= 1
    values: dict[str, Value] = {
        "subject": message.title[:TITLE_MOST],
        "body": message.text,
        "owner": message.owner.strip().lower(),
        "status": "not_started",
        "priority": "high" if urgent else "normal",
        "day": day,
    }
    if person is not None and person.entity is not None:
        values["person"] = person.entity
        names = {(PERSON, place.system, person.id): person.entity}
        mapping = mapping.linked(Links(names, {(person.entity, place.system): (person.object, person.id)}))
    sort = mapping.rule.sort("task")
    assert sort is not None, "tasks are a sort of activities"
    now = iso_instant(engine.now())
    born = {native: now if value == CREATED else value for native, value in sort.born[place.system].items()}
    if not message.digest:
        born |= CALL.get(place, {})
    native, problems = mapping.encode(place, values, creating=True, born=born)
    if wrong := [problem for problem in problems if problem.field in NEEDED or problem.code == "REQUIRED"]:
        return f"{place.system} cannot take its {wrong[0].field}: {wrong[0].fix}"
    key = Key(KEYS[place], message.id)
    why = ", ".join(dict.fromkeys(alert.type for alert in message.alerts))
    fields: Mapping[str, Why] = {
        name: Why(None, value, "alert", why)
        for name, value in values.items()
        if (slot := mapping.slots(place).get(name)) is not None and slot.natives[0] in native
    }
    new = Draft(place.system, place.object, None, {**native, key.field: key.value}, fields, {}, None, key)
    return operation(new, message.id, ACTIVITY, engine.run)
