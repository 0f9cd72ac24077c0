"""Who decides what: the rule of a field and of a kind, as plain values.

A field's rule is five independent answers (`to`, `winner`, `when`, `clears`, `first`) that can be read aloud, and a
few options.  The presets with names that HubSpot's admins know are combinations of them.  Roles ("crm",
"marketing") are already resolved to system names here: no code below the configuration knows that there are two.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple, Protocol

Value = Any
"""A value as it is carried: None (BLANK), str, bool, int, or a sorted list of str.  Decimals are strings, dates are
`YYYY-MM-DD`, datetimes are ms since the epoch.  Always JSON."""


KINDS = ("company", "person", "deal", "activity")
"""What is synchronised, parents before children: a record is decided after those that it refers to."""


STAGE = "stage"
"""The field in which the sides say how far a person is."""
WORDED = "@worded"
"""The reserved name of the very value by which a record says its stage, where we would write another one."""
SORT = "@sort"
"""The reserved name of what sort of record it is."""
OURS = "ours"
"""The `winner` of a field that we alone work out: it is not merged."""


def is_ours(name: str) -> bool:
    """Whether a field of this name is one that we alone work out."""
    return name[0] == "@" and name[:5] != "@key:"


class Place(NamedTuple):
    """Where a field lives in one object of one system."""

    system: str
    object: str


@dataclass(frozen=True, slots=True)
class ValueMap:
    """How one system's own values (picklist options, lead statuses) translate to the shared vocabulary."""

    read: Mapping[str, str]
    """own → canonical, many to one.  A value that is not here is held and listed, never guessed."""
    write: Mapping[str, str]
    """canonical → own, one to one.  A canonical value that is not here is not written to this system."""


@dataclass(frozen=True, slots=True)
class FieldRule:
    """One field: where it lives, what type it has, and who decides."""

    name: str
    """Canonical: "phone"."""
    type: str
    """text, long_text, email, phone, url, domain, int, decimal, money, bool, date, datetime, choice, set, owner, stage,
    deal_stage; reference:KIND (one parent), references:KIND (several)."""
    places: Mapping[Place, str]
    """place → native field."""
    to: frozenset[str] = frozenset()
    """The systems that may be written."""
    winner: str = "latest"
    """Who wins when several sides changed: latest, human, max, min, union, forward, sticky_true, review, or a
    system's name.  A system's name also makes that side the authority: a change elsewhere is restored.
    `ours`: a value that we alone work out and write to all sides; its name begins with @."""
    when: str = "always"
    """May it overwrite: always, blank (only into a blank target), create (only in the call that creates)."""
    clears: str = "authority"
    """May a blank travel: authority (only from the side that wins), both, never."""
    first: str = "fill_blanks"
    """At the first meeting of two records: fill_blanks, latest, review, or a system's name."""
    tie: str = ""
    """The system that wins when the order of two changes cannot be known."""
    on_invalid: str = "hold"
    """A value the target cannot take: hold, drop, nearest, default."""
    unit: Mapping[str, int] = field(default_factory=dict)
    """system → how many of its units make one, for int: 1,000 where it counts milliseconds and others seconds.  What is
    left over is cut off."""
    too_long: str = "hold"
    """A text longer than the target's field: hold, cut."""
    default: Value = None
    """Written on creation where the target requires a value and nobody gives one, or in place of an invalid one
    (`on_invalid = "default"`)."""
    only: str = ""
    """A condition on the person under which the rule holds; otherwise the field is left alone."""
    personal: bool = True
    """Its values are personal: never shown in logs."""
    values: Mapping[str, ValueMap] = field(default_factory=dict)
    """system → translation, for choice, set, stage and deal_stage."""
    within: Mapping[str, ValueMap] = field(default_factory=dict)
    """Of a deal's stage: system → translation of the pipelines or record types; empty: those are left alone."""
    soft: frozenset[str] = frozenset()
    """Systems whose values reach it through another road than the record (HubSpot's subscriptions)."""
    back: Mapping[str, str] = field(default_factory=dict)
    """Of a stage: system → the name under which its first native field is set even backwards (`lifecyclestage!`)."""
    region: str = ""
    """Of a phone: ISO country whose national numbers are understood.  `Mapping` takes it from the kind."""


@dataclass(frozen=True, slots=True)
class KeyField:
    """A native field in which a record of `place` names its counterpart: the sync key."""

    place: Place
    native: str
    of: Place
    """The counterpart's place: a record of `of` is named by its id."""
    tag: str = ""
    """What stands before the id, where one native field may name records of several places."""

    def written(self, id: str) -> str:
        """What the native field holds to name this record."""
        return self.tag + id


CREATED = "@created"
"""In `Sort.born`: when the counterpart was made."""


@dataclass(frozen=True, slots=True)
class Sort:
    """One sort of records within a kind that lives in several objects: the calls among the activities."""

    name: str
    objects: Mapping[str, str]
    """system → the object that a record of this sort is made as."""
    told: Mapping[Place, Mapping[str, tuple[str, ...]]]
    """place → native field → values, as text in lower case, that tell a record of this sort; no field: all are."""
    to: frozenset[str]
    """The systems it may be carried to."""
    born: Mapping[str, Mapping[str, Value]] = field(default_factory=dict)
    """system → native field → what a new record is given where nothing else is; CREATED, or `=` before another native
    field for the same value."""


@dataclass(frozen=True, slots=True)
class Stage:
    """One stage of the shared vocabulary; order is rank."""

    name: str
    rank: int
    means: str
    owner: str
    read: Mapping[str, tuple[str, ...]]
    """system → own values that mean this stage."""
    write: Mapping[str, str | None]
    """system → own value that expresses it; None: this stage is not written there."""
    buyer: str = ""
    """Where the buyer is: awareness, consideration, decision, customer."""
    entry: str = ""
    """A condition that everybody who stands here should fulfil."""
    reasons: tuple[str, ...] = ()
    """Of a status: why somebody may be given it, a closed list."""
    back_to: str | None = None
    """Of a status: the stage that it sets a person back to; None: the stage stays."""


@dataclass(frozen=True, slots=True)
class Reconsent:
    """What shows that somebody who opted out agreed to mail again: names of fields, and which events count."""

    event: str
    at: str
    source: str
    basis: str
    only: str
    """A condition on the record that shows it."""

    @property
    def fields(self) -> tuple[str, str, str, str]:
        """What happened, when, where that is known from, and the legal basis."""
        return self.event, self.at, self.source, self.basis


class Located(Protocol):
    """Something that stands in an object of a system."""

    @property
    def object(self) -> str: ...


@dataclass(frozen=True, slots=True)
class KindRule:
    """Everything about one kind (person) that the configuration decides."""

    kind: str
    objects: Mapping[str, tuple[str, ...]]
    """system → native objects, in order of preference: Salesforce's Contact before Lead."""
    fields: tuple[FieldRule, ...]
    keys: tuple[KeyField, ...]
    create: Mapping[str, str]
    """system → condition under which a record is created there ("never": not at all)."""
    create_as: Mapping[str, str]
    """system → object that is created, where there are no sorts."""
    create_known_as: Mapping[str, str] = field(default_factory=dict)
    """system → object that is created instead for somebody of a company that buys there."""
    suggests_merges: bool = True
    """Where two records became one, people are asked to merge their counterparts, too."""
    role_mailboxes: frozenset[str] = frozenset()
    """Local parts that are nobody in particular: info, sales …"""
    parents: Mapping[str, Mapping[str, tuple[str, ...]]] = field(default_factory=dict)
    """kind that fields refer to → system → its objects."""
    has_children: bool = False
    """Fields of other kinds refer to it."""
    tells: str = ""
    """The kind whose way through the stages its records are evidence of: person, of deals; empty: none."""
    first: tuple[str, ...] = ()
    """References that a new record must not be made without, if its counterpart has them."""
    any_of: tuple[str, ...] = ()
    """References of which a new record needs at least one."""
    orphans: bool = False
    """A record that refers to nobody at all is made all the same."""
    alone: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Reference → those that are cleared in the same write where it comes to name one in waiting: a lead is alone."""
    sorts: tuple[Sort, ...] = ()
    """The sorts of records; the first that tells a record counts.  Empty: all are alike.  A record that no sort tells,
    or whose sync key names nothing of ours, is never made elsewhere."""
    prefix: str = ""
    """What the keys of its entities begin with, so that records of different objects with one id never meet."""
    called: str = ""
    """The field by which people ask for one; empty: none."""
    stand_in: str = ""
    """The field by which a record of ours is found again where nobody may give it a sync key; empty: none."""
    match_name: bool = False
    """Also link companies by exact name and country together, deals by exact name and close date."""
    match_phone: bool = False
    """Also link by exact phone, last name and company domain (3.2 rule 5)."""
    phone_region: str = ""
    """ISO country whose national phone numbers are understood; empty: only numbers with a country code."""
    owner_fallback: Mapping[str, str] = field(default_factory=dict)
    """system → e-mail of the owner (or name of the queue) of records whose owner has no counterpart there."""
    owners: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    """system → what an owner is called there → the name everywhere, of those who are not called alike."""
    stages: tuple[Stage, ...] = ()
    statuses: tuple[Stage, ...] = ()
    """How a person stands beside the stage (disqualified, recycled …): known values that are no stage."""
    keeps_ids: frozenset[str] = frozenset()
    """Systems where a survivor of a merge lists the ids it absorbed: who names one of those still names somebody."""
    on_delete: Mapping[str, str] = field(default_factory=dict)
    """system → what happens to its record when the counterpart was deleted: unlink (nothing), flag, archive, delete."""
    reconsent: Reconsent | None = None
    """What shows that an opt-out may be taken back; None: nothing does."""
    recreate: str = "never"
    """Whether somebody who was deleted is made again once they come back by themselves: ask, yes, never."""
    moments: Mapping[Place, Mapping[str, str]] = field(default_factory=dict)
    """place → reserved name → native field with a time that no rule is about."""
    ignore: Mapping[Place, str] = field(default_factory=dict)
    """place → native checkbox by which people say: leave this record alone."""
    recycle_after: int = 0
    """Days after which people whose last open deal was lost go back to marketing; 0: never by themselves."""
    teams: Mapping[str, str] = field(default_factory=dict)
    """system → whose system it is: sales, marketing.  Empty: the stage is merged as any field."""
    converted: str = ""
    """The stage of whoever was converted, where no deal came of it."""
    conversion: Mapping[Place, tuple[str, str, str]] = field(default_factory=dict)
    """place → native fields that tell the day of a conversion, and the deal and the company that came of it."""
    more_emails: Mapping[Place, str] = field(default_factory=dict)
    """place → native field that lists further e-mail addresses, separated by semicolons (hs_additional_emails)."""

    def sort(self, name: Value) -> Sort | None:
        """The sort of this name."""
        return next((sort for sort in self.sorts if sort.name == name), None)

    def flow(self, records: Mapping[str, Located]) -> frozenset[str] | None:
        """The systems that may be written among an entity's records, by system; None: all."""
        if not self.sorts:
            return None
        objects = {system: record.object for system, record in records.items()}
        return next((sort.to for sort in self.sorts if sort.objects == objects), None)

    def judges(self, name: str) -> bool:
        """Whether what the sides say in this field is evidence of how far a person is, and not merged."""
        return bool(self.teams) and name == STAGE
