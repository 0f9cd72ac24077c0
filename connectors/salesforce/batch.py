"""The writes in hand and what has become of each: the writer's ledger, so that every write gets one outcome."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from connectors.port import Deferred, Key, Write
from connectors.salesforce.rows import Shape
from connectors.salesforce.values import long_id
from connectors.salesforce.verdicts import Done, Halted, Verdict


class Group(NamedTuple):
    """Writes that may go in one call: all of one object and one verb."""

    object: str
    verb: str
    """update, archive or create."""

    @property
    def creating(self) -> bool:
        """Whether they make records."""
        return self.verb == "create"


def verb(write: Write) -> str:
    """What is to be done."""
    return "create" if write.id is None else "archive" if write.archive else "update"


class Batch:
    """Numbers below are positions in `writes`."""

    def __init__(self, writes: Sequence[Write], fields: Sequence[str]) -> None:
        self.writes = writes
        self.verdicts: list[Verdict | None] = [None] * len(writes)
        self.shapes = {object: Shape(object, fields) for object in dict.fromkeys(write.object for write in writes)}
        self._refuse_twins()

    def open(self) -> list[int]:
        """Those without a verdict."""
        return [n for n, verdict in enumerate(self.verdicts) if verdict is None]

    def groups(self) -> list[tuple[Group, list[int]]]:
        """Open writes by object and verb, creations last: they may want a value that an update gives up."""
        found: dict[Group, list[int]] = {}
        for n in self.open():
            write = self.writes[n]
            found.setdefault(Group(write.object, verb(write)), []).append(n)
        return sorted(found.items(), key=lambda item: item[0].creating)

    def take(self, numbers: Iterable[int]) -> list[Write]:
        """The writes at these positions."""
        return [self.writes[n] for n in numbers]

    def put(self, numbers: Sequence[int], verdicts: Sequence[Verdict | None]) -> None:
        """Note a verdict for each of these positions; None leaves it open."""
        for n, verdict in zip(numbers, verdicts, strict=True):
            self.verdicts[n] = verdict

    def key(self, n: int) -> Key:
        """The sync key of a creation."""
        key = self.writes[n].key
        assert key is not None, "a creation needs its sync key"
        return key

    def done(self) -> list[tuple[int, Done]]:
        """What happened and lacks its record as stored."""
        return [(n, verdict) for n, verdict in enumerate(self.verdicts) if isinstance(verdict, Done)]

    def halted(self) -> list[tuple[int, Halted]]:
        """What trouble of the system kept from happening."""
        return [(n, verdict) for n, verdict in enumerate(self.verdicts) if isinstance(verdict, Halted)]

    def _refuse_twins(self) -> None:
        """The same record or key twice would make one call contradict itself."""
        seen: set[tuple[str, str, str]] = set()
        for n, write in enumerate(self.writes):
            key = None if write.id is not None else self.key(n)
            mark = (write.object, "", long_id(write.id or "")) if key is None else (write.object, key.field, key.value)
            if mark in seen:
                self.verdicts[n] = Deferred("the same record twice in one batch")
            seen.add(mark)
