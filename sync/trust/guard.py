"""When to stop: more than usual would be written, or what was read cannot be true.  Pure over counts.

A brake stops the smallest thing: what flows to one side of a kind, or a kind of which something unbelievable was read.
What is stopped is a question to a person (`PAUSED`), so it holds across crashes and for every worker; it ends by a
command or by itself.  Opt-outs are never stopped.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from state.rows import LIVE, ReviewRow, Row
from sync.decide.counts import ARCHIVES
from sync.decide.counts import CLEARS as BLANKED
from sync.decide.counts import CREATES as CREATED
from sync.decide.counts import UPDATES as UPDATED

if TYPE_CHECKING:
    from sync.trust.limits import BrakesSettings

PAUSED = "paused"
"""The question that something which stopped is waiting for."""
BY_HAND, BUDGET, VANISHED = "by_hand", "budget", "vanished"
UPDATES, CLEARS, CREATES, DELETES = "mass_change", "mass_clear", "mass_create", "mass_delete"
MASS = frozenset((UPDATES, CLEARS, CREATES, DELETES))
"""Too much was planned: who saw all of it and approves it lets it go."""
WEIGHS = {UPDATED: (UPDATES,), BLANKED: (UPDATES, CLEARS), CREATED: (CREATES,), ARCHIVES: (DELETES,)}
"""The effect of a write → what it may be too much of.  Opt-outs and links are never too many."""
HOLDS = "mass_hold"
"""So many records would say that they are held that something is wrong for all of them: no more of them say so."""
BLANK, SHRUNK = "blank", "shrunk"
UNBELIEVABLE = (BLANK, SHRUNK)
"""What was read is not taken for data: nothing of the kind is written in either direction."""
_TELL = (BUDGET, VANISHED, HOLDS)
"""Nothing is to be stopped: there are no calls left, or no field, or nothing is written anyway."""
FEW = 20
"""Fewer records prove nothing of how a whole object is."""
DAY = 86_400_000


class Pause(NamedTuple):
    """Something that is stopped."""

    cause: str
    kind: str = ""
    """Empty: every kind."""
    system: str = ""
    """What is not written to; of what was read, where.  Empty: both sides."""
    object: str = ""
    """The native object that was read."""
    field: str = ""
    why: str = ""
    fix: str = ""
    since: int = 0
    until: int | None = None
    """When it ends by itself, ms; None: somebody says so, or what was wrong is right again."""
    many: int = 0
    """How many it is about."""
    whole: bool = False
    """A reading of everything found it, so only another one can show that it is over."""

    @property
    def fingerprint(self) -> str:
        return "|".join((PAUSED, self.cause, self.kind, self.system, self.object, self.field))

    def stops(self, kind: str, system: str) -> bool:
        """Whether it keeps from writing to this side of the kind."""
        if self.cause in _TELL or self.kind not in ("", kind):
            return False
        return self.cause in UNBELIEVABLE or self.system in ("", system)

    def question(self) -> ReviewRow:
        """How it is kept."""
        detail = {**self._asdict(), "code": self.cause}
        return ReviewRow(
            PAUSED, self.fingerprint, self.since, None, self.system or None, self.object or None, None,
            self.field or None, detail,
        )  # fmt: skip

    def as_json(self) -> dict[str, Any]:
        """What a script is told."""
        return {
            "cause": self.cause,
            "object": self.kind or None,
            "side": self.system or None,
            "native": self.object or None,
            "field": self.field or None,
            "why": self.why,
            "fix": self.fix,
            "records": self.many or None,
        }


def pause_of(review: ReviewRow) -> Pause:
    """What is stopped, as it was kept."""
    known: dict[str, Any] = {name: review.detail[name] for name in Pause._fields if name in review.detail}
    return Pause(**{**known, "since": review.opened_ms})


class Usual(NamedTuple):
    """What is known of a kind on a side, each asked only where it matters."""

    links: Callable[[], int]
    """Records of the side that are linked."""
    written: Callable[[], int]
    """The median of the updates of the last runs."""
    before: Mapping[str, int]
    """Creations and deletions of the last day, this run aside."""
    allowed: Callable[[str], int]
    """How many of a cause somebody let go lately."""


def room(limits: BrakesSettings, before: Mapping[str, int]) -> int:
    """So many writes to one side can be too many for no brake."""
    creates = limits.creates_per_day - before.get(CREATES, 0)
    deletes = limits.deletes_per_day - before.get(DELETES, 0)
    return min(limits.updates, limits.clears, creates, deletes)


def overdone(limits: BrakesSettings, planned: Mapping[str, int], usual: Usual) -> Iterator[tuple[str, int, int]]:
    """(cause, how many, of how many that are allowed) for everything that would be too much.

    planned: how many entities would be written, by cause.
    """
    most: dict[str, Callable[[], float]] = {
        UPDATES: lambda: max(limits.updates_usual * usual.written(), limits.updates_share * usual.links()),
        CLEARS: lambda: limits.clears_share * usual.links(),
        CREATES: lambda: 0,
        DELETES: lambda: 0,
    }
    least = {
        UPDATES: limits.updates,
        CLEARS: limits.clears,
        CREATES: limits.creates_per_day,
        DELETES: limits.deletes_per_day,
    }
    for cause, more in most.items():
        count = planned.get(cause, 0)
        if not count or count + usual.before.get(cause, 0) <= least[cause]:
            continue
        allowed = max(least[cause], int(more())) - usual.before.get(cause, 0)
        if count > allowed and count > usual.allowed(cause):
            yield cause, count, max(allowed, 0)


def blanked(
    names: Iterable[str], known: Mapping[str, Row], rows: Mapping[str, Row], share: float, doubted: Collection[str]
) -> list[tuple[str, int]]:
    """(field, of how many) where every record that was read lost its value, though so many had one.

    doubted: fields in which that was seen before; of those a few records are enough.
    """
    pairs = [
        (known[id], row) for id, row in rows.items() if row.state == LIVE and id in known and known[id].state == LIVE
    ]
    found: list[tuple[str, int]] = []
    for name in names:
        if any(row.now.get(name) is not None for row in rows.values()):
            continue
        filled = sum(old.now.get(name) is not None for old, _ in pairs)
        enough = 1 if name in doubted else FEW
        if filled >= max(1, share * len(pairs)) and len(pairs) >= enough:
            found.append((name, filled))
    return found


def shrunk(gone: int, live: int, share: float) -> bool:
    """Whether so many of the records that were live are rather not to be seen than gone."""
    return gone > max(FEW, share * live)
