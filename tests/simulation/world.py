"""The simulated world: two CRMs in memory as the product meets them, the weather over them, and the rules of a life.

The schemas are those parts of HubSpot and Salesforce that the product's own rules for people touch.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cache
from typing import Any, Protocol

from connectors.errors import Exhausted, Unavailable
from connectors.memory import Memory, MemorySystem, Row, Troubles
from connectors.port import (
    Applied,
    Cursor,
    Deferred,
    Field,
    Key,
    Option,
    Outcome,
    Page,
    Record,
    Ref,
    Rejected,
    Schema,
    Stale,
    Traits,
    Write,
)
from mapping.rules import FieldRule, KindRule, Place
from sync.config import parse, rules
from tests.simulation import trade

START = 1_750_000_000_000
LAG = 30_000
STAGES = ["subscriber", "lead", "marketingqualifiedlead", "salesqualifiedlead", "opportunity"]
STATUSES = ["Open - Not Contacted", "Working - Contacted", "Closed - Not Converted"]
SETTINGS: dict[str, dict[str, str]] = {
    "default": {},
    "two_way": {"rule": "two_way"},
    "always_use_salesforce": {"rule": "always_use_salesforce"},
    "prefer_hubspot_unless_blank": {"rule": "prefer_hubspot_unless_blank"},
    "fill_blanks": {"rule": "fill_blanks"},
    "review": {"winner": "review"},
    "crm_decides": {"winner": "crm", "clears": "both", "first": "crm"},
}
"""The rules that the two freely ruled fields, phone and title, may have.  `default`: the product's own."""


class Weather(Protocol):
    """What a life says of the troubles of a moment."""

    def step(self, name: str) -> None: ...
    def outage(self) -> str: ...
    def fate(self, writes: Sequence[Write]) -> str: ...
    def refusal(self) -> str: ...
    def delay(self) -> int: ...


class Storms(Troubles):
    """The troubles of both systems."""

    def __init__(self, weather: Weather, *, lagging: bool) -> None:
        self.weather = weather
        self.lagging = lagging
        """Its list of changes shows them late: HubSpot's search index does, Salesforce's queries do not."""

    def step(self, name: str) -> None:
        self.weather.step(name)

    def read(self) -> None:
        trouble = self.weather.outage()
        if trouble == "unavailable":
            raise Unavailable("out of order")
        if trouble == "exhausted":
            raise Exhausted("enough for today", None)

    def batch(self, writes: Sequence[Write]) -> str:
        return self.weather.fate(writes)

    def one(self, write: Write) -> Outcome | None:
        refusal = self.weather.refusal()
        if refusal == "locked":
            return Deferred("locked")
        return Rejected("RULE", "a rule of the admin's refuses it", _named(write)) if refusal else None

    def delay(self) -> int:
        return self.weather.delay() if self.lagging else 0


def _named(write: Write) -> tuple[str, ...]:
    """The field at fault, of an update where the rule names one: always the same of the same record."""
    names = [*sorted(write.fields), ""]
    name = names[sum(map(ord, write.id)) % len(names)] if write.id is not None else ""
    return (name,) if name else ()


class Watched(Memory):
    """The connector, with a count of what it was asked to write and of what came of it."""

    def __init__(
        self, system: MemorySystem, page: int, mark: Callable[[str], None], archived: dict[Ref, int] | None = None
    ) -> None:
        super().__init__(system, page=page)
        self.mark = mark
        self.archived = dict[Ref, int]() if archived is None else archived
        self.writes = 0
        self.calls = 0
        self.listed = 0
        """Records that `changes` gave."""
        self.refused: set[tuple[str, str]] = set()
        """(object, id or sync key) of what was refused."""

    def write(self, writes: Sequence[Write], fields: Sequence[str]) -> Iterator[Outcome]:
        self.writes += len(writes)
        self.calls += 1
        for write, outcome in zip(writes, super().write(writes, fields), strict=True):
            if isinstance(outcome, Stale):
                self.mark("stale")
            if isinstance(outcome, Rejected):
                self.refused.add((write.object, str(write.id or (write.key.value if write.key else ""))))
            yield outcome

    def _one(self, write: Write, stale: Stale | None, fields: Sequence[str]) -> Outcome:
        outcome = super()._one(write, stale, fields)
        if write.archive and write.id is not None and isinstance(outcome, Applied):
            self.mark("archived")
            self.archived[Ref(self.name, write.object, write.id)] = self.system.now()
        return outcome

    def changes(self, object: str, fields: Sequence[str], since: Cursor | None) -> Iterator[Page]:
        """With a count."""
        for page in super().changes(object, fields, since):
            self.listed += len(page.records)
            yield page

    def arrive(self, write: Write) -> Ref | None:
        """What nobody waits for any more takes effect: the system was slow, and the answer goes nowhere."""
        outcome = self._one(write, self._stale(write), ())
        if not isinstance(outcome, Applied):
            return None
        self.mark("took effect late")
        return outcome.record.ref

    def read(
        self, object: str, fields: Sequence[str], *, ids: Sequence[str] = (), keys: Sequence[Key] = ()
    ) -> Iterator[Record]:
        """Of a deleted contact HubSpot shows nothing."""
        for record in super().read(object, fields, ids=ids, keys=keys):
            blank = record.deleted and record.moved_to is None and self.system.survivor_is_new
            yield record._replace(fields={}) if blank else record


def _schema(object: str, *fields: Field) -> Schema:
    return Schema(object, {field.name: field for field in fields})


def _text(name: str, length: int = 200, *, unique: bool = False, required: bool = False) -> Field:
    return Field(name, name, "text", length=length, unique=unique, required=required)


def _choice(name: str, values: Sequence[str]) -> Field:
    return Field(name, name, "choice", options=tuple(Option(v, v) for v in values), restricted=True)


CONTACTS = _schema(
    "contacts",
    Field("email", "email", "email", unique=True),
    _text("lastname"),
    _text("phone"),
    _text("jobtitle"),
    _text("company"),
    _text("hs_additional_emails"),
    _choice("lifecyclestage", [*STAGES, "customer"]),
    _choice("smk_stage", ["subscriber", "lead", "mql", "sal", "sql", "opportunity", "customer", "advocate"]),
    Field("@subscriptions", "opted out", "bool"),
    _text("smk_crm_lead_id", unique=True),
    _text("smk_crm_contact_id", unique=True),
    Field("smk_crm_deleted_at", "deleted", "datetime"),
    Field("recent_conversion_date", "last form", "datetime"),
)
LEAD = _schema(
    "Lead",
    Field("Email", "Email", "email"),
    _text("LastName", 40, required=True),
    _text("Phone", 40),
    _text("Title", 40),
    _text("Company", 40, required=True),
    _choice("Status", STATUSES),
    Field("HasOptedOutOfEmail", "opted out", "bool"),
    _text("SMK_HubSpot_Id__c", unique=True),
    Field("SMK_HubSpot_Deleted_At__c", "deleted", "datetime"),
)
CONTACT = _schema("Contact", *(f for f in LEAD.fields.values() if f.name not in ("Status", "Company")))


CONSENT = {
    "consent_event": _text("last_event"),
    "consent_at": Field("last_event_at", "last event", "datetime"),
    "consent_source": _text("last_event_source"),
    "legal_basis": _text("legal_basis"),
}
"""Where HubSpot shows that somebody agreed to be mailed again, in lives where that counts."""


def consenting(schema: Schema) -> Schema:
    """With those fields."""
    return replace(schema, fields={**schema.fields, **{field.name: field for field in CONSENT.values()}})


PEOPLE = {"hubspot": [CONTACTS], "salesforce": [CONTACT, LEAD]}
PEOPLE_OF_COMPANIES = {side: [trade.with_companies(schema) for schema in found] for side, found in PEOPLE.items()}


def _schemas(side: str, kinds: Sequence[str]) -> list[Schema]:
    return [*(PEOPLE_OF_COMPANIES if kinds else PEOPLE)[side], *trade.schemas(side, kinds)]


def _fit_hubspot(object: str, name: str, value: object) -> object:
    return value.lower() if name == "email" and isinstance(value, str) else value


def _fit_salesforce(object: str, name: str, value: object) -> object:
    return value.strip() if isinstance(value, str) else value


REWRITTEN = {
    "hubspot": ("default", "two_way", "always_use_salesforce"),
    "salesforce": ("default", "two_way"),
}
"""Rules of the phone number under which an automation rewrites what we write; where Salesforce's is restored, the two
of them go on until the brake comes."""
ROBOT = "automation"
"""Who an automation writes as."""


class Automated(MemorySystem):
    """A system in which an automation may write phone numbers in its own way, as soon as we have written one."""

    robot = ""
    """The field that it watches; empty: there is none."""

    def __init__(self, *given: Any, **more: Any) -> None:
        super().__init__(*given, **more)
        self.erased: dict[Ref, Row] = {}
        """What was destroyed, as it was last: for the judge alone."""
        self.binned: dict[Ref, int] = {}
        """When what was put into the bin by people was so for the last time: for the judge alone."""

    def delete(self, object: str, id: str) -> None:
        super().delete(object, id)
        self.binned[Ref(self.name, object, id)] = self.now()

    def erase(self, object: str, id: str) -> bool:
        row = self.rows[object].get(id)
        if row is not None:
            row.deleted, row.version = True, self.now()
            self.erased[row.ref] = row
        return super().erase(object, id)

    def _set(self, row: Row, fields: Mapping[str, Any], by: str) -> None:
        if row.ref.object == "Task" and "Status" in fields:
            fields = {**fields, "IsClosed": fields["Status"] == "Completed"}
        super()._set(row, fields, by)

    def put(self, write: Write) -> Record:
        record = super().put(write)
        value = write.fields.get(self.robot)
        if isinstance(value, str) and value and not value.startswith("+"):
            self.edit(*record.ref[1:], {self.robot: f"+{value}"[:40]}, ROBOT)
        return record


class HubSpot(Automated):
    """An address is one contact's alone, as its first or as a further one, and a merge keeps the loser's.

    HubSpot does not promise the latter: with `forgets_addresses` it does not.
    """

    forgets_addresses = False

    def merge(self, object: str, winner: str, loser: str) -> str:
        rows = [self.rows[object][id] for id in (winner, loser)]
        held = [address for row in rows for address in _addresses(row.fields)]
        id = super().merge(object, winner, loser)
        if not self.forgets_addresses:
            further = [address for address in dict.fromkeys(held) if address != self.rows[object][id].fields["email"]]
            self._set(self.rows[object][id], {"hs_additional_emails": ";".join(further) or None}, "merge")
        return id

    def refusal(self, object: str, id: str | None, fields: Mapping[str, Any]) -> Rejected | None:
        claimed = set(_addresses(fields))
        for row in self.live(object) if claimed else ():
            if row.ref.id != id and claimed.intersection(_addresses(row.fields)):
                return Rejected("DUPLICATE_VALUE", "the address is taken", ("email",), row.ref.id)
        return super().refusal(object, id, fields)


def _addresses(fields: Mapping[str, Any]) -> list[str]:
    further = str(fields.get("hs_additional_emails") or "").split(";")
    return [address.lower() for address in (fields.get("email"), *further) if address]


def hubspot(now: Callable[[], int], weather: Weather, batch: int = 100, kinds: Sequence[str] = ()) -> HubSpot:
    """Fine time, a property history, no compare-and-set; a merge makes a new contact."""
    traits = Traits(batch=batch, grain=1, lag=LAG, gone_lag=LAG, compare_and_set=False, history=True)
    return HubSpot(
        "hubspot",
        now,
        _schemas("hubspot", kinds),
        traits=traits,
        fit=_fit_hubspot,
        survivor_is_new=True,
        troubles=Storms(weather, lagging=True),
    )


def salesforce(now: Callable[[], int], weather: Weather, batch: int = 200, kinds: Sequence[str] = ()) -> Automated:
    """Time in seconds, compare-and-set, no history that we rely on; the winner of a merge stays."""
    traits = Traits(batch=batch, grain=1000, lag=LAG, gone_lag=LAG, compare_and_set=True, history=False)
    return Automated(
        "salesforce",
        now,
        _schemas("salesforce", kinds),
        traits=traits,
        fit=_fit_salesforce,
        troubles=Storms(weather, lagging=False),
    )


def _without_field(name: str) -> Callable[[Schema], Schema]:
    return lambda schema: replace(schema, fields={n: f for n, f in schema.fields.items() if n != name})


def _without_working(schema: Schema) -> Schema:
    if "Status" not in schema.fields:
        return schema
    status = schema.fields["Status"]
    kept = tuple(option for option in status.options if not option.value.startswith("Working"))
    return replace(schema, fields={**schema.fields, "Status": replace(status, options=kept)})


def _phone_required(schema: Schema) -> Schema:
    return replace(schema, fields={**schema.fields, "Phone": replace(schema.fields["Phone"], required=True)})


RESHAPES: dict[str, tuple[str, str, Callable[[Schema], Schema]]] = {
    "no jobtitle": ("hubspot", "title", _without_field("jobtitle")),
    "no Title": ("salesforce", "title", _without_field("Title")),
    "no Working": ("salesforce", "stage", _without_working),
    "Phone required": ("salesforce", "phone", _phone_required),
}
"""What admins do to schemas: (system, the field that need not agree any more, how)."""


@cache
def rules_of(phone: str, title: str) -> KindRule:
    """The product's own rules for people, with these settings of two fields, in a world of people alone."""
    (rule,) = all_rules(phone, title)
    return rule


@cache
def all_rules(
    phone: str,
    title: str,
    kinds: tuple[str, ...] = (),
    on_delete: tuple[tuple[str, str], ...] = (),
    *,
    agrees: bool = False,
) -> tuple[KindRule, ...]:
    """The product's own rules for people and these kinds, parents before children.

    on_delete: what `[person.on_delete]` says otherwise than it does by itself.  agrees: HubSpot shows who agreed to be
    mailed again.
    """
    natives = {"phone": ("phone", "Phone", phone), "title": ("jobtitle", "Title", title)}
    fields: dict[str, dict[str, str]] = {
        name: {"hubspot": h, "salesforce": s, "type": "text", **SETTINGS[chosen]}
        for name, (h, s, chosen) in natives.items()
        if chosen != "default"
    }
    shown = CONSENT if agrees else {}
    fields |= {name: {"hubspot": f.name, "type": f.type, "to": "none"} for name, f in shown.items()}
    reconsent = dict(zip(("event", "at", "source", "basis"), shown, strict=False))
    raw = {
        "hubspot": {"access_token": "env:X"},
        "salesforce": {"login_url": "https://example.my.salesforce.com", "client_id": "x", "client_secret": "env:X"},
        "person": {"fields": fields, "on_delete": dict(on_delete), "reconsent": reconsent},
        **{kind: {"sync": kind in kinds} for kind in trade.KINDS},
    }
    here = {
        Place(side, schema.object): consenting(schema) if agrees and schema.object == "contacts" else schema
        for side in ("hubspot", "salesforce")
        for schema in _schemas(side, kinds)
    }
    return tuple(
        replace(rule, fields=tuple(field for field in rule.fields if _is_there(field, here)))
        for rule in rules(parse(raw))
    )


def _is_there(field: FieldRule, here: Mapping[Place, Schema]) -> bool:
    """Whether this world has the field: each one that it lacks would be missed anew in every run."""
    return all(natives.split("+")[0] in here[place].fields for place, natives in field.places.items())
