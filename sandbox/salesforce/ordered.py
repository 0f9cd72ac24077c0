"""A sorted list that is mostly appended to: audit stamps and ids come almost in order."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from typing import Generic, TypeVar

T = TypeVar("T", str, tuple[int, str])


class Ordered(Generic[T]):
    """Entries in order.  What arrives late waits in a short list until somebody looks."""

    __slots__ = ("_fresh", "_items")

    def __init__(self) -> None:
        self._items: list[T] = []
        self._fresh: list[T] = []

    def __len__(self) -> int:
        return len(self._items) + len(self._fresh)

    def add(self, item: T) -> None:
        if not self._fresh and (not self._items or item > self._items[-1]):
            self._items.append(item)
        else:
            self._fresh.append(item)

    def between(self, low: T | None, high: T | None) -> Sequence[T]:
        """Entries in [low, high], rising."""
        self._settle()
        start = 0 if low is None else bisect_left(self._items, low)
        end = len(self._items) if high is None else bisect_right(self._items, high)
        return self._items[start:end]

    def keep(self, wanted: list[T]) -> None:
        """Hold exactly these from now on."""
        self._items = sorted(wanted)
        self._fresh = []

    def everything(self) -> list[T]:
        return self._items + self._fresh

    def _settle(self) -> None:
        if not self._fresh:
            return
        place = bisect_left(self._items, min(self._fresh))
        self._items[place:] = sorted(self._items[place:] + self._fresh)
        self._fresh = []
