"""The port: what a synchroniser needs of a CRM, and nothing else.

A connector turns one system into records, pages and outcomes.  It decides nothing; whatever is odd about its
system (clear-then-set, subscriptions behind an API of their own, batches that fail as a whole) stays behind it.

Times are integer milliseconds since the epoch, UTC, **on the clock of the system that reported them**.  Native
values are what the system's JSON holds: str, int, float, bool, None; a field of references holds a sorted list of ids.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple, Protocol

from connectors.furniture import Furnishing, ViewSpec

PARENT_GONE = "PARENT_GONE"
"""`Rejected.code` where a reference names a record that is not there, whatever the system calls that."""


class Ref(NamedTuple):
    """The address of one native record."""

    system: str
    object: str
    id: str


class Record(NamedTuple):
    """One record as its system returned it: native field names, native values.

    A field that was asked for and is blank is present with None; one that was not asked for is absent.
    """

    ref: Ref
    fields: Mapping[str, Any]
    version: int
    """The system's own modification time, ms."""
    created: int | None = None
    deleted: bool = False
    """Archived, in the recycle bin, or gone."""
    moved_to: Ref | None = None
    """Merged into or converted to this record: it lives on there."""
    converted: tuple[Ref, ...] = ()
    """All that a converted record became: a lead its contact, account and opportunity."""
    former: tuple[str, ...] = ()
    """Ids of the same object that this record absorbed in merges, where the system lists them on the survivor."""


class Cursor(NamedTuple):
    """How far one object of one system has been read.

    `watermark` is None until a full listing has come to its end; every change older than it has been seen.
    `resume` continues a listing that was interrupted; it is opaque to everyone but the connector.
    """

    watermark: int | None
    resume: str | None = None


@dataclass(frozen=True, slots=True)
class Page:
    """Some records, and the cursor that may be stored in the same transaction as they are."""

    records: Sequence[Record]
    cursor: Cursor
    asked: int
    """The system's clock when the question was asked, ms: what is older than this is settled."""
    total: int | None = None
    """How many records the whole answer will have, where the system says so (for progress)."""


class Interaction(NamedTuple):
    """Something that one person did, as a system tells it apart from the person's record.  Empty: it does not say."""

    id: str
    """Of its source: the same one has the same id however often it is told."""
    at: int
    """When it happened, ms."""
    sort: str
    """page_view, form, email_open, email_click, campaign_response."""
    object: str = ""
    record: str = ""
    """The id of whose it is, where the system names the record."""
    email: str = ""
    """Whose it is otherwise."""
    machine: bool = False
    """No person did it: a scanner opened the mail."""
    title: str = ""
    url: str = ""
    source: str = ""
    """The channel, in small letters: organic_search, paid_search …"""
    campaign: str = ""
    outcome: str = ""


@dataclass(frozen=True, slots=True)
class Interactions:
    """Some of them, and the cursor that may be stored in the same transaction as they are."""

    told: Sequence[Interaction]
    cursor: Cursor


class Key(NamedTuple):
    """A native field that is unique in its object, and the value a record must hold there."""

    field: str
    value: str


class Write(NamedTuple):
    """Set these fields, and nothing else, on one record."""

    object: str
    id: str | None
    """None creates."""
    fields: Mapping[str, Any]
    """Native names and values; None clears.  `name!` sets backwards what only goes forward (HubSpot's stage)."""
    key: Key | None = None
    """The sync key, to create (it is also in `fields`): it makes creation idempotent.  None only where the system may
    not be given a field for it: then a creation whose answer is lost can be told only by other unique values."""
    unless_changed_since: int | None = None
    """The version our decision rests on, ms: a record that has moved on since must not be written (Stale)."""
    archive: bool = False
    """Instead of setting fields (there are none): put the record into the bin, from where people can restore it.  What
    is in the bin already, or gone, is Stale.  Applied.record is deleted and need not hold fields."""


class Applied(NamedTuple):
    """It happened."""

    record: Record
    """The record as its system now stores it, with every field that was asked to be returned."""


@dataclass(frozen=True, slots=True)
class Stale:
    """Nothing happened: the record changed since we read it, or a record with this key exists already."""

    existing: str | None = None
    """The id of the record that is in the way, where the system names it."""
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Rejected:
    """Nothing happened, and the same write would be refused again."""

    code: str
    """The system's own code (INVALID_EMAIL, STRING_TOO_LONG …), or PARENT_GONE."""
    message: str
    """The system's own words.  May hold personal values: never logged."""
    fields: tuple[str, ...] = ()
    """Native fields at fault, where the system names them."""
    existing: str | None = None
    """The id of another record that holds a unique value of ours (a duplicate)."""


@dataclass(frozen=True, slots=True)
class Deferred:
    """Nothing happened; the same write may go through later (lock, rate, budget, outage before sending)."""

    reason: str
    until: int | None = None
    """Not before this time, ms on our own clock; None: at the next run."""


@dataclass(frozen=True, slots=True)
class Unknown:
    """No answer came.  It may or may not have happened: look, then decide again; never retry."""

    reason: str


Outcome = Applied | Stale | Rejected | Deferred | Unknown


@dataclass(frozen=True, slots=True)
class Option:
    """One value of a picklist."""

    value: str
    label: str
    active: bool = True
    within: str = ""
    """The pipeline that a stage belongs to; empty where there are none."""
    closed: bool | None = None
    """Of a stage: whether the deal is over; None where the system does not say."""
    won: bool | None = None
    """Of a stage: whether the deal is won."""
    probability: float | None = None
    """Of a stage: 0 to 1."""


@dataclass(frozen=True, slots=True)
class Field:
    """What a system says of one field.  A field that our credentials may not see looks as if it did not exist."""

    name: str
    label: str
    type: str
    """One of: text, long_text, html, email, phone, url, number, money, percent, bool, date, datetime, choice, choices,
    reference, references, id, other."""
    writable: bool = True
    """May be set on an existing record."""
    createable: bool = True
    """May be set in the call that creates the record."""
    required: bool = False
    """A record cannot be created without it."""
    length: int | None = None
    """Longest text, in characters."""
    options: tuple[Option, ...] = ()
    restricted: bool = False
    """Values outside `options` are refused."""
    unique: bool = False
    calculated: bool = False
    references: tuple[str, ...] = ()
    """Objects a reference may point to."""
    silent: bool = False
    """May change without the record's version moving: then only a full listing or a read shows it."""


@dataclass(frozen=True, slots=True)
class RecordType:
    """A sort of records within one object, with picklist values of its own."""

    id: str
    name: str
    """The name that does not change when the label is translated."""
    label: str
    active: bool = True
    default: bool = False
    """What our user's new records are where none is named."""
    values: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Picklist field → the values it offers; a field that is not here offers all."""


@dataclass(frozen=True, slots=True)
class Schema:
    """What a system says of one object."""

    object: str
    fields: Mapping[str, Field]
    record_types: tuple[RecordType, ...] = ()
    """Empty where all records are alike."""
    zone: str = ""
    """IANA name of the account's time zone, where the system says it: the close date of a deal is a day there."""


@dataclass(frozen=True, slots=True)
class FieldSpec:
    """One field of our own that `provision` creates where it is missing."""

    object: str
    name: str
    label: str
    type: str
    """As in `Field.type`."""
    length: int | None = None
    unique: bool = False
    options: tuple[Option, ...] = ()
    help: str = ""
    precision: tuple[int, int] | None = None
    """Digits in all and after the point, of a number."""

    def lacks(self, field: Field | None) -> tuple[Option, ...]:
        """The options that the field, as it is, does not offer; none where there is no field.  An option that people
        have switched off is there."""
        if field is None or not field.options:
            return ()
        there = {option.value for option in field.options}
        return tuple(option for option in self.options if option.value not in there)


@dataclass(frozen=True, slots=True)
class Owner:
    """Someone who may own a record."""

    id: str
    email: str
    name: str
    active: bool = True
    queue: bool = False


class Past(NamedTuple):
    """One value that a field has held."""

    value: Any
    at: int
    """When it was put there, ms; 0: before all that the history tells."""
    kind: str
    """Who put it there: human, form, import, automation, integration; unknown where the system does not say."""
    actor: str = ""
    """Their id in the system, where it says."""


@dataclass(frozen=True, slots=True)
class Erasure:
    """What became of an erasure."""

    ref: Ref
    at: int
    """The system's clock when it was done, ms."""
    gone: bool
    """The record is gone for good: nobody can restore it."""
    done: tuple[str, ...] = ()
    """What was done, one plain sentence each."""
    left: tuple[str, ...] = ()
    """What could not be done and who can do it, one plain sentence each."""


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that `check` found wrong, and what puts it right."""

    level: str
    """error: the sync cannot run; warning: some records will be held; note: worth knowing."""
    where: str
    """hubspot, salesforce.Lead.Phone, … : what it is about."""
    what: str
    fix: str


@dataclass(frozen=True, slots=True)
class Traits:
    """What differs between systems and matters to the engine."""

    batch: int
    """Most writes in one batch."""
    grain: int
    """Resolution of `version`, ms: two changes within one grain may carry the same version."""
    lag: int
    """A change may become visible to `changes` this much later than its version says, ms."""
    compare_and_set: bool
    """`unless_changed_since` is checked by the system itself, in the same instant as the write."""
    history: bool
    """Of every field there is a history: `overwritten` can tell what a write replaced."""
    gone_lag: int = 0
    """A deletion may become visible to `changes` this much later, ms (deletions are listed, not searched for)."""
    bin_visible: bool = True
    """`changes` also reports deleted records."""
    told: int = 50
    """Records whose history one call of `history` tells, as a rule."""
    stride: int = 0
    """So many writes at once take the cheapest road, so while more is being decided they are sent in multiples of this;
    0: of `batch`."""


@dataclass(slots=True)
class Usage:
    """What the calls to one system have cost so far."""

    calls: int = 0
    """HTTP requests that counted against the system's limits."""
    retries: int = 0
    daily_used: int | None = None
    daily_limit: int | None = None
    waited_ms: int = 0
    """Time spent waiting for the rate limit."""
    by_route: dict[str, int] = field(default_factory=dict)


class Connector(Protocol):
    """One CRM, reduced to what a synchroniser needs.

    Laws.  `tests/conformance` checks every implementation, the in-memory one first.

     1. Complete.   Each change whose version is below a returned watermark appears in that page or an earlier one.
     2. Repeatable. Calling `changes` again with the same cursor loses nothing; seeing a record twice is allowed.
     3. Honest.     `version` never decreases for a record, and is strictly greater after a later settled change.
     4. One each.   `write` yields exactly one outcome per write, in order, whatever happens to the batch.
     5. Unsure.     If a write may or may not have happened, the outcome is Unknown: never Applied, never retried.
     6. Insert.     Creating with a key that exists yields Stale and changes nothing.
     7. Only these. A write touches no field that is not in it; an absent field is never cleared.
     8. As stored.  Applied.record holds the values as the system now stores them, not as sent.
     9. Whole ids.  Ids are stable strings; merged and converted records are reported with `moved_to`.
    10. Bounded.    n writes cost at most ceil(n / batch) + O(1) calls, twice that where the connector must look before
                    it writes, and more only for what is refused and for references that are records of their own
                    (a few calls a batch, however many there are); each call passes through the door.
    11. In full.    A reference to what is not there is Rejected with PARENT_GONE.  Where a write could be done only in
                    part, its outcome is Unknown, and the same write again is Rejected: half is never Applied.
    12. And back.   An archived record is reported deleted; a restored one is reported live, with a greater version.
    13. Once told.  An interaction older than a returned watermark is in that part or an earlier one, and keeps its id.

    Errors: what befalls one record is an Outcome.  What befalls the system is an exception of `connectors.errors`
    (Unavailable, Exhausted, Unauthorised, SchemaChanged, Misconfigured), raised by any method; `write` raises
    only before the first outcome of a batch, so that no outcome is lost.
    """

    name: str
    traits: Traits

    def account(self) -> str:
        """The id of the account that these credentials lead to; empty where they may not ask."""
        ...

    def describe(self, object: str) -> Schema:
        """The object's fields as these credentials see them."""
        ...

    def owners(self) -> Sequence[Owner]:
        """Everyone who may own a record, inactive ones included."""
        ...

    def provision(self, specs: Sequence[FieldSpec]) -> Sequence[str]:
        """Create the fields that are missing, visible and writable to us, and the options that they lack; return
        `object.name` of those made or completed.  What is there is otherwise left as it is."""
        ...

    def furnish(
        self, objects: Sequence[str], views: Sequence[ViewSpec], sources: Collection[str], *, apply: bool
    ) -> Sequence[Furnishing]:
        """What our rights for these objects and sources, and these lists, lack; made where `apply` says so.

        Reports instead of raising: a sync works without any of it.  What is there is left as it is.
        """
        ...

    def check(self, objects: Sequence[str], sources: Collection[str] = ()) -> Sequence[Problem]:
        """Try the credentials, scopes and limits; report instead of raising.  sources: of interactions, to be read."""
        ...

    def changes(self, object: str, fields: Sequence[str], since: Cursor | None) -> Iterator[Page]:
        """Everything (since None or an unfinished listing) or everything changed since the watermark.

        The last page carries a cursor with a watermark and no `resume`.  At least one page comes, if need be empty.
        """
        ...

    def sources(self) -> Mapping[str, frozenset[str]]:
        """The sources of interactions: name → the sorts that it tells of."""
        ...

    def interactions(self, source: str, since: Cursor | None, ids: Sequence[str] = ()) -> Iterator[Interactions]:
        """Everything of a source (since None), or all that happened since the watermark.

        ids: of these records alone, of a source that tells of one record at a time.  The last part carries a cursor
        with a watermark: what is older was told then or before.  Raises Unauthorised where these credentials or this
        account may not read the source.
        """
        ...

    def read(
        self, object: str, fields: Sequence[str], *, ids: Sequence[str] = (), keys: Sequence[Key] = ()
    ) -> Iterator[Record]:
        """Records as they are this moment, never from an index that lags.

        Unknown ids are reported as deleted records; unknown keys are left out.  A record that was merged away or
        converted is reported under the id that was asked for, with `moved_to`.
        """
        ...

    def overwritten(self, writes: Sequence[tuple[Write, Record]]) -> Mapping[str, Mapping[str, Any]]:
        """For updates just applied: id → native field → the value our write replaced, where that was not what
        `Write` was decided on.  Empty where the system keeps no history."""
        ...

    def changed_at(self, object: str, ids: Sequence[str], fields: Sequence[str]) -> Mapping[str, Mapping[str, int]]:
        """id → native field → when its present value was put there, ms, of the fields whose history is kept."""
        ...

    def history(
        self, object: str, ids: Sequence[str], fields: Sequence[str]
    ) -> Mapping[str, Mapping[str, Sequence[Past]]]:
        """id → native field → the values it has held, newest first, the present one among them where it is known.

        As far back as the system keeps them; fields and records without a history are left out.
        """
        ...

    def write(self, writes: Sequence[Write], fields: Sequence[str]) -> Iterator[Outcome]:
        """Carry out; `fields` are the native fields that Applied.record must hold."""
        ...

    def rehearse(self, writes: Sequence[Write]) -> Iterator[Outcome | None]:
        """Try each write and take it back: what would become of it; None: it would be done.

        Nothing of it stays in the system; what automations do beyond it (mail, calls to others) cannot be taken back.
        Yields nothing where the system offers no such thing; raises Misconfigured where a write was not taken back.
        """
        ...

    def erase(self, object: str, id: str) -> Erasure:
        """Destroy a record for good, as privacy law demands, as far as these credentials may; nothing else is written.

        Doing it twice does no harm: a record that is not there is gone.  Raises what befalls the system; then it may
        or may not have happened, and should be asked for again.
        """
        ...

    def leave(self, share: float) -> None:
        """From now on leave this share of the day's calls (0 to 1) to what is more important: then raise Exhausted."""
        ...

    def usage(self) -> Usage:
        """What the calls have cost so far."""
        ...
