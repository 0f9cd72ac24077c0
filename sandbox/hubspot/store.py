"""Records of one object in the orders that lists and searches need.

A search of HubSpot sees the past (its index lags), so a row can be shown as it was at an earlier time: the history
of its real edits is enough for that, because the first edit of a seeded value also keeps what it replaced.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from collections import deque
from collections.abc import Iterable, Iterator
from typing import Any

from sandbox.kernel import SEED, Caller, Change, Row

_BITS = 64
_LOAD = 2_000


class Keys:
    """Sorted, distinct integers in blocks: cheap to add, remove, count below and walk from."""

    def __init__(self) -> None:
        self._blocks: list[list[int]] = []
        self._tops: list[int] = []
        self._loose: list[int] = []

    def add(self, key: int) -> None:
        self._loose.append(key)

    def settle(self) -> None:
        """Takes in what was added since.  Many at once are merged by one sort."""
        loose = self._loose
        if not loose:
            return
        self._loose = []
        if len(loose) < _LOAD:
            for key in loose:
                self._place(key)
            return
        every = [key for block in self._blocks for key in block] + loose
        every.sort()
        self._blocks = [every[i : i + _LOAD] for i in range(0, len(every), _LOAD)]
        self._tops = [block[-1] for block in self._blocks]

    def _place(self, key: int) -> None:
        if not self._blocks:
            self._blocks, self._tops = [[key]], [key]
            return
        at = min(bisect_left(self._tops, key), len(self._tops) - 1)
        block = self._blocks[at]
        insort(block, key)
        if len(block) > 2 * _LOAD:
            self._blocks[at : at + 1] = [block[:_LOAD], block[_LOAD:]]
            self._tops[at : at + 1] = [block[_LOAD - 1], block[-1]]
        else:
            self._tops[at] = block[-1]

    def remove(self, key: int) -> None:
        self.settle()
        at = bisect_left(self._tops, key)
        block = self._blocks[at]
        del block[bisect_left(block, key)]
        if block:
            self._tops[at] = block[-1]
        else:
            del self._blocks[at], self._tops[at]

    def below(self, key: int) -> int:
        """How many keys are smaller."""
        self.settle()
        at = bisect_left(self._tops, key)
        before = sum(len(block) for block in self._blocks[:at])
        return before + (bisect_left(self._blocks[at], key) if at < len(self._blocks) else 0)

    def walk(self, start: int, stop: int, skip: int = 0) -> Iterator[int]:
        """Keys from start to before stop, ascending, without the first `skip` of them."""
        self.settle()
        for at in range(bisect_left(self._tops, start), len(self._blocks)):
            block = self._blocks[at]
            first = bisect_left(block, start)
            if len(block) - first <= skip:
                skip -= len(block) - first
                continue
            first, skip = first + skip, 0
            if block[-1] < stop:
                yield from block[first:] if first else block
            else:
                yield from block[first : bisect_left(block, stop)]
                return

    def back(self, start: int, stop: int) -> Iterator[int]:
        """The same keys, descending."""
        self.settle()
        last = min(bisect_left(self._tops, stop), len(self._blocks) - 1)
        for at in range(last, -1, -1):
            for key in reversed(self._blocks[at]):
                if key < start:
                    return
                if key < stop:
                    yield key

    def __len__(self) -> int:
        self.settle()
        return sum(map(len, self._blocks))


def moment_key(at: int, id: int = 0) -> int:
    """Modification time, then id: one integer."""
    return (at << _BITS) | id


class Record(Row):
    """A row that knows who created it: the source of every value that was never edited."""

    __slots__ = ("born",)

    def __init__(self, id: str, values: dict[str, Any], created: int, born: Caller = SEED) -> None:
        super().__init__(id, values, created)
        self.born = born

    @property
    def appeared(self) -> int:
        """When it came to be: later than `created` for the survivor of a merge."""
        return int(self.extra.get("appeared", self.created)) if self.extra else self.created


class Records:
    """The records of one object in two orders.  Only live rows are in them; archived ones are kept aside."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.rows: dict[str, Record] = {}
        self.unique: dict[str, dict[str, str]] = {}
        """property → folded value → id."""
        self.departed: deque[Record] = deque(maxlen=20_000)
        """Rows archived or merged away of late: a search that lags still shows them."""
        self.by_id = Keys()
        self.by_time = Keys()
        self.archived: dict[str, Record] = {}
        self.moved: dict[str, str] = {}
        """Id of a record that was merged away → id of the record it lives on in."""

    def insert(self, row: Record) -> None:
        self.rows[row.id] = row
        number = int(row.id)
        self.by_id.add(number)
        self.by_time.add(moment_key(row.modified, number))

    def touch(self, row: Record, at: int) -> int:
        """Moves the row to `at`, or just after its last change: its modification time only ever grows."""
        number = int(row.id)
        moved = max(at, row.modified + 1)
        self.by_time.remove(moment_key(row.modified, number))
        row.modified = moved
        self.by_time.add(moment_key(moved, number))
        return moved

    def archive(self, row: Record, at: int) -> None:
        number = int(row.id)
        self.by_id.remove(number)
        self.by_time.remove(moment_key(row.modified, number))
        row.modified = row.archived_at = max(at, row.modified + 1)
        self.archived[row.id] = row
        self.departed.append(row)

    def restore(self, row: Record, at: int) -> None:
        del self.archived[row.id]
        row.archived_at = None
        row.modified = max(at, row.modified + 1)
        number = int(row.id)
        self.by_id.add(number)
        self.by_time.add(moment_key(row.modified, number))

    def move(self, row: Record, survivor: str, at: int) -> None:
        """The record was merged away: it is neither live nor in the bin."""
        self.archive(row, at)
        del self.archived[row.id]
        self.moved[row.id] = survivor

    def forget(self, row: Record) -> None:
        """Removes every trace."""
        if row.archived_at is None:
            self.archive(row, row.modified)
        del self.archived[row.id]
        del self.rows[row.id]

    def live(self, id: str) -> Record | None:
        row = self.rows.get(id)
        return row if row is not None and row.archived_at is None else None

    def resolve(self, id: str) -> Record | None:
        """The live record of this id, or the one that it was merged into."""
        while id in self.moved:
            id = self.moved[id]
        return self.live(id)

    def page(self, after: int, limit: int) -> list[Record]:
        """Live rows from this id on."""
        out = []
        for number in self.by_id.walk(after, 1 << _BITS):
            out.append(self.rows[str(number)])
            if len(out) == limit:
                break
        return out


def remember(row: Record, changes: Iterable[Change]) -> None:
    """Adds edits to the history, with what the first edit of a value replaced."""
    known = {change.field for change in row.history}
    for change in changes:
        before = row.values.get(change.field)
        if before is not None and change.field not in known:
            row.history.append(Change(row.created, change.field, before, *row.born))
        known.add(change.field)
        row.history.append(change)


def full_history(row: Record) -> list[Change]:
    """Every entry, oldest first, those of values that were never edited included."""
    known = {change.field for change in row.history}
    first = [Change(row.created, name, value, *row.born) for name, value in row.values.items() if name not in known]
    return sorted(first + row.history, key=lambda change: change.at)


def as_of(row: Record, at: int) -> Record | None:
    """The row as it was at that time; None when it did not exist yet or was already archived."""
    if row.appeared > at or (row.archived_at is not None and row.archived_at <= at):
        return None
    if row.modified <= at:
        return row
    values: dict[str, Any] = dict(row.values)
    past: dict[str, Any] = {}
    modified = row.created
    for change in row.history:
        if change.at <= at:
            past[change.field] = change.value
            modified = max(modified, change.at)
        else:
            past.setdefault(change.field, None)
    for name, value in past.items():
        if value is None:
            values.pop(name, None)
        else:
            values[name] = value
    then = Record(row.id, values, row.created, row.born)
    then.modified = modified
    then.extra = row.extra
    return then
