"""Many values kept in a file that vanishes with them, so that they cost no memory."""

from __future__ import annotations

import tempfile
import weakref
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Generic, TypeVar

import orjson

from state.base import to_json

T = TypeVar("T", bound=tuple[Any, ...])


class Spool(Generic[T]):
    """Tuples of JSON values in the order in which they were added.  make: gives the tuple back from its list."""

    def __init__(self, make: Callable[[Sequence[Any]], T]) -> None:
        self._make = make
        self._file = tempfile.TemporaryFile(prefix="smarketing-")  # noqa: SIM115 - it lives as long as this
        weakref.finalize(self, self._file.close)
        self._end = 0
        self._many = 0
        self._dropped: set[int] = set()

    def add(self, value: T) -> int:
        """Keep one more.  Returns where it stands."""
        where = self._end
        self._file.seek(where)
        self._end += self._file.write(to_json(value).encode() + b"\n")
        self._many += 1
        return where

    def drop(self, where: int) -> None:
        """What stands there does not count any more."""
        self._dropped.add(where)

    def at(self, where: int) -> T:
        """The value that stands there."""
        self._file.seek(where)
        return self._make(orjson.loads(self._file.readline()))

    def __iter__(self) -> Iterator[T]:
        where = 0
        while where < self._end:
            self._file.seek(where)
            line = self._file.readline()
            if where not in self._dropped:
                yield self._make(orjson.loads(line))
            where += len(line)

    def __len__(self) -> int:
        return self._many - len(self._dropped)
