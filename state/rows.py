"""What the state remembers, as plain values: the shapes that pass between the store and the engine.

They are tuples, because a backfill makes millions of them.  A row that was read, changed with `_replace` and handed
back is the way to say what was decided: it carries its number and the observation the decision rests on.

Times are integer milliseconds since the epoch, always passed in.  Mappings hold JSON values only.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any, NamedTuple

from connectors.port import Ref

LIVE, DELETED, MOVED = "live", "deleted", "moved"
DUPLICATE, IGNORED, SHARED, ERASED = "duplicate", "ignored", "shared", "erased"
OBSERVED_STATES = (LIVE, DELETED, MOVED)
"""What an observation can say of a record; the other four are decisions, and only a decision lifts them."""
THERE = (LIVE, DUPLICATE, SHARED)
"""The states of records that are in their system."""
RECORD_STATES = (*OBSERVED_STATES, DUPLICATE, IGNORED, SHARED, ERASED)

PENDING, UNCHANGED, APPLIED, HELD, SKIPPED, PARKED, MERGED = (
    "pending",
    "unchanged",
    "applied",
    "held",
    "skipped",
    "parked",
    "merged",
)
FATES = (PENDING, UNCHANGED, APPLIED, HELD, SKIPPED, PARKED, DELETED, MERGED)
"""What became of a record that a run read."""

PLANNED, SENT, DONE = "planned", "sent", "done"
OPERATION_STATES = (PLANNED, SENT, DONE, PARKED)

WAITING, TELLING, TOLD, UNSURE, UNTOLD = "waiting", "telling", "told", "unsure", "untold"
"""Of alerts, and of each way by which one is told.  unsure: whether it was told is not known, since nothing came back;
it is not told twice.  untold: given up."""

_NOTHING: Mapping[str, Any] = {}
_ref: Callable[[tuple[Any, ...]], Ref] = partial(tuple.__new__, Ref)
"""Millions of them are made: without the call of `Ref` itself they cost half."""


class Row(NamedTuple):
    """One native record as we remember it: what it holds now, and what it held when the sides last agreed."""

    system: str
    object: str
    id: str
    kind: str
    now: Mapping[str, Any]
    """field → own-space value at the last observation."""
    version_ms: int
    """The system's modification time of that observation."""
    seen_ms: int
    """The system's clock when it was observed."""
    state: str = LIVE
    created_ms: int | None = None
    spans: Mapping[str, Sequence[Any]] = _NOTHING
    """field → [after_ms, by_ms]: when it changed, for the fields that differ from the shadow; where it was asked, also
    how much the change counts by who made it (-1: unknown), and that one's id in the system."""
    dirty: bool = True
    """To be decided again."""
    run: str | None = None
    """The run that read it last."""
    fate: str = PENDING
    """What became of it in that run."""
    moved_to: Ref | None = None
    entity: str | None = None
    shadow: Mapping[str, Any] | None = None
    """field → own-space value at the last agreement; None: the sides never met."""
    why: Mapping[str, Any] | None = None
    """How it was linked: rule, evidence, at, by."""
    n: int = 0
    """0: not stored yet."""

    @property
    def ref(self) -> Ref:
        return _ref(self[:3])

    @property
    def in_place(self) -> bool:
        """It is the live record of its system in its entity: there can be one."""
        return self.state == LIVE and self.entity is not None


class CursorRow(NamedTuple):
    """How far one object of one system has been read."""

    system: str
    object: str
    watermark_ms: int | None
    resume: str | None = None
    mapping: str = ""
    """Fingerprint of the mapping it was read with; another one means: read everything again."""


SPARES = "spares"
"""The key of an operation's basis under which it keeps what was refused before and is left out of it."""


class OperationRow(NamedTuple):
    """One write we intend, send or have made: the outbox, and the write history."""

    entity: str
    kind: str
    system: str
    object: str
    id: str | None
    verb: str
    """create, update, archive."""
    fields: Mapping[str, Any]
    """field → canonical value."""
    native: Mapping[str, Any]
    """native field → native value."""
    agreed: Mapping[str, Mapping[str, Any]]
    """system → field → own-space value: the shadows when it is done."""
    basis: Mapping[str, Any]
    """What it rests on: versions, the values it replaces, rule and reason per field."""
    run: str
    state: str = PLANNED
    key: Sequence[str] | None = None
    """(native field, value) of the sync key."""
    not_before_ms: int = 0
    attempts: int = 0
    """How often it was sent; `take` counts."""
    note: Any = None
    urgent: bool = False
    """It goes before everything that is not: what people decided about themselves."""
    n: int = 0

    @property
    def aside(self) -> bool:
        """Whether it only tells how the sync of the record stands."""
        return bool(self.basis.get("aside"))

    @property
    def leaves_parked(self) -> bool:
        """Whether what was refused stays so beside it."""
        return self.aside or SPARES in self.basis


class Ending(NamedTuple):
    """What became of an operation that was sent."""

    n: int
    state: str
    """done, parked, planned (again later), sent (no answer came)."""
    id: str | None = None
    """The record that a creation made; None keeps what is there."""
    not_before_ms: int = 0
    note: Any = None


class JournalRow(NamedTuple):
    """One value that we changed or that lost, and why."""

    at_ms: int
    run: str
    entity: str
    system: str
    field: str
    was: Any
    became: Any
    reason: str
    operation: int | None = None
    n: int = 0


class ReviewRow(NamedTuple):
    """A question to a person.  While it is open, a second one with the same fingerprint is not asked."""

    question: str
    fingerprint: str
    opened_ms: int
    entity: str | None = None
    system: str | None = None
    object: str | None = None
    id: str | None = None
    field: str | None = None
    detail: Mapping[str, Any] = _NOTHING
    closed_ms: int | None = None
    answer: str | None = None
    n: int = 0


class Closing(NamedTuple):
    """The open question with this fingerprint is settled."""

    fingerprint: str
    closed_ms: int
    answer: str


class TouchRow(NamedTuple):
    """Something that a person did, or that was done about them, as it is kept."""

    who: str
    """Whose it is, as its system names them: see `state.learning`."""
    key: str
    """The same interaction has the same key however often it is read."""
    at_ms: int
    sort: str
    actor: str
    title: str = ""
    url: str = ""
    source: str = ""
    campaign: str = ""
    outcome: str = ""


class AlertRow(NamedTuple):
    """One thing that a colleague was or is to be told about a person."""

    key: str
    """Type, person, cycle and cause."""
    type: str
    person: str
    """The entity."""
    owner: str
    at_ms: int
    title: str
    body: str
    rank: int
    """The lower, the more it is worth."""
    state: str = WAITING
    hand_raise: bool = False
    told_ms: int | None = None
    """When it became due."""
    note: str = ""
    """Why it was not told, where there is no way to tell it."""


class TellingRow(NamedTuple):
    """An alert on one of its ways to a colleague.  Several alerts of one message go together."""

    alert: str
    """Its key."""
    way: str
    """task, or the reference by which the configuration names a channel."""
    message: str
    due_ms: int
    """When it was first to be told."""
    digest: bool = False
    """The message is a list to read, not a call to make."""
    state: str = WAITING
    attempts: int = 0
    not_before_ms: int = 0
    at_ms: int | None = None
    """When it was told."""
    note: str = ""
    """Where it went, or why it did not."""


class DerivedRow(NamedTuple):
    """A value that this service worked out and owns."""

    entity: str
    field: str
    value: Any
    why: str
    at_ms: int
    """When it last changed."""


class RunRow(NamedTuple):
    """One run of a job."""

    id: str
    job: str
    started_ms: int
    ended_ms: int | None = None
    outcome: str | None = None
    counts: Mapping[str, Any] = _NOTHING
    muted: bool = False


class Lease(NamedTuple):
    """The right to write, until someone else takes it.  Its token only ever grows (a fencing token)."""

    name: str
    owner: str
    token: int
    until_ms: int


@dataclass(frozen=True, slots=True)
class Batch:
    """Everything that one step of deciding says; stored as a whole or not at all."""

    rows: Sequence[Row] = ()
    """Rows that were read, with entity, state, shadow, spans, dirty, fate and why as decided.  What was observed
    (now, version_ms, seen_ms …) is not touched; if it has moved on meanwhile, so do state, spans and fate, and a
    row that became dirty stays dirty."""
    operations: Sequence[OperationRow] = ()
    """New ones; each replaces what was planned or parked for its entity and system.  One that only tells of what
    is parked, or leaves it out (`leaves_parked`), lets that stay."""
    dropped: Sequence[int] = ()
    """Numbers of operations to forget."""
    journal: Sequence[JournalRow] = ()
    opened: Sequence[ReviewRow] = ()
    closed: Sequence[Closing] = ()
    released: Sequence[str] = ()
    """Match keys whose holders are to be decided again."""


@dataclass(frozen=True, slots=True)
class Outcomes:
    """Everything that one batch of writes (or of looking after lost answers) taught us; stored as a whole."""

    rows: Sequence[Row] = ()
    """Rows to store completely, new ones included.  An observation older than what is there changes only entity,
    shadow, why and dirty."""
    keys: Mapping[Ref, Sequence[str]] = field(default_factory=dict)
    """Match keys that replace those of the row."""
    decided: Sequence[Row] = ()
    """Rows of which nothing new was observed, as in `Batch.rows`."""
    ended: Sequence[Ending] = ()
    dropped: Sequence[int] = ()
    dirty: Sequence[str] = ()
    """Entities to be decided again."""
    journal: Sequence[JournalRow] = ()
    opened: Sequence[ReviewRow] = ()
    closed: Sequence[Closing] = ()
    released: Sequence[str] = ()
    """Match keys whose holders are to be decided again."""
