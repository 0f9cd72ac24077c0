"""Searches (guide "Search the CRM"): filters, one sort, offsets up to 10,000, and an index that lags.

Two questions are answered from the sorted orders alone, because a synchroniser asks them all day: a window of
modification times in order of that time, and ids in order.  Everything else looks at each candidate row.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from heapq import merge as merged
from itertools import islice
from typing import TYPE_CHECKING, Any

from sandbox.hubspot import errors
from sandbox.hubspot.codec import moment, number
from sandbox.hubspot.filters import Group, bounds, compile_groups, text_query
from sandbox.hubspot.schema import ObjectType
from sandbox.hubspot.shape import View, value_of
from sandbox.hubspot.store import Record, as_of, moment_key
from sandbox.hubspot.wire import Answer, Ask, route, type_of, whole

if TYPE_CHECKING:
    from sandbox.hubspot.portal import Portal

_LONGEST_BODY = 3_000
_WALL = 10_000
_MOST = 200
_EVER = 1 << 62
_LOW = (1 << 64) - 1


def search(portal: Portal, ask: Ask, type_name: str) -> Answer:
    type_ = type_of(type_name)
    if len(ask.raw) > _LONGEST_BODY:
        raise errors.invalid(f"The request body is too long: at most {_LONGEST_BODY} characters are allowed")
    body = ask.object()
    limit = whole(body.get("limit") or 10, "limit", _MOST, 0)
    after = whole(body.get("after") or 0, "after", 1 << 40, 0)
    if after + limit > _WALL:
        raise errors.invalid("The maximum number of results that can be paged through is 10,000")
    groups = compile_groups(portal, type_, body)
    order = _order(portal, type_, body.get("sorts") or [])
    question = _Question(portal, type_, groups, order, text_query(type_, str(body.get("query") or "")))
    total, rows = question.answer(after, limit)
    view = View(portal, type_, body.get("properties") or ())
    out: dict[str, Any] = {"total": total, "results": [{**view.one(row), "archived": False} for row in rows]}
    if after + len(rows) < total:
        out["paging"] = {"next": {"after": str(after + len(rows))}}
    return Answer(200, out, len(rows))


class _Order:
    """One property, up or down; without a property the order of creation."""

    def __init__(self, name: str, down: bool) -> None:
        self.name = name
        self.down = down


def _order(portal: Portal, type: ObjectType, sorts: Sequence[Any]) -> _Order:
    if not sorts:
        return _Order("hs_object_id", False)
    if len(sorts) > 1:
        raise errors.invalid("Only one sort is allowed")
    first = sorts[0]
    if isinstance(first, str):
        return _named(portal, type, first.lstrip("-"), first.startswith("-"))
    return _named(portal, type, str(first.get("propertyName", "")), first.get("direction") == "DESCENDING")


def _named(portal: Portal, type: ObjectType, name: str, down: bool) -> _Order:
    if portal.schemas[type.name].get(name) is None:
        raise errors.invalid(f"Cannot sort by unknown property {name}")
    return _Order(name, down)


class _Question:
    """One search, asked of the index as it was `search_lag_ms` ago."""

    def __init__(self, portal: Portal, type: ObjectType, groups: list[Group], order: _Order, query: Any) -> None:
        self._type = type
        self._records = portal.records[type.name]
        self._groups = groups
        self._order = order
        self._query = query
        stale = portal.kernel.faults.standing("hubspot", "stale_index")
        self._at = portal.clock.now() - max(portal.search_lag_ms, stale.ms if stale else 0)
        self._names = portal.schemas[type.name]

    def answer(self, after: int, limit: int) -> tuple[int, list[Record]]:
        if not self._query and len(self._groups) <= 1 and self._order.name in (self._type.modified, "hs_object_id"):
            window = bounds(self._groups[0] if self._groups else None, self._order.name)
            if window is not None:
                return self._walk(*window, after, limit)
        rows = [row for row in self._candidates() if self._matches(row)]
        rows = list({row.id: row for row in rows}.values())
        rows.sort(key=self._key, reverse=self._order.down)
        return len(rows), rows[after : after + limit]

    def _matches(self, row: Record) -> bool:
        if self._query and not self._query(row):
            return False
        return not self._groups or any(group.matches(row) for group in self._groups)

    def _late(self) -> Iterator[Record]:
        """Rows that changed after the index was last up to date, as the index still has them."""
        records, at = self._records, self._at
        for key in records.by_time.walk(moment_key(at + 1), moment_key(_EVER)):
            then = as_of(records.rows[str(key & _LOW)], at)
            if then is not None:
                yield then
        for row in reversed(records.departed):
            if (row.archived_at or 0) <= at:
                return
            then = as_of(row, at)
            if then is not None:
                yield then

    def _candidates(self) -> Iterator[Record]:
        settled = list(self._late())
        narrow = self._narrowed()
        rows: Iterable[Record] = self._records.rows.values() if narrow is None else narrow
        for row in rows:
            if row.modified <= self._at and row.archived_at is None:
                yield row
        yield from settled

    def _narrowed(self) -> list[Record] | None:
        """Rows found through an index, when every group allows it."""
        if not self._groups:
            return None
        out: list[Record] = []
        for group in self._groups:
            found = group.through_index(self._records)
            if found is None:
                window = bounds(group, self._type.modified, alone=False)
                if window is None or window == (0, _EVER):
                    return None
                keys = self._records.by_time.walk(moment_key(window[0]), moment_key(window[1]))
                found = [self._records.rows[str(key & _LOW)] for key in keys]
            out += found
        return out

    def _walk(self, low: int, high: int, after: int, limit: int) -> tuple[int, list[Record]]:
        """A window of the sort property itself, from low to before high."""
        by_time = self._order.name == self._type.modified
        late = list(self._late())

        def key_of(row: Record) -> int:
            return moment_key(row.modified, int(row.id)) if by_time else int(row.id)

        first, last = (moment_key(low), moment_key(min(high, self._at + 1))) if by_time else (low, high)
        last = max(first, last)
        old = [row for row in late if low <= (row.modified if by_time else int(row.id)) < high]
        keys = self._records.by_time if by_time else self._records.by_id
        hidden = 0 if by_time else self._fresh(low, high)
        total = keys.below(last) - keys.below(first) - hidden + len(old)
        if not old and not hidden and not self._order.down:
            return total, list(self._rows(islice(keys.walk(first, last, after), limit)))
        main = self._rows(keys.back(first, last) if self._order.down else keys.walk(first, last))
        if hidden:
            main = (row for row in main if row.modified <= self._at)
        old.sort(key=key_of, reverse=self._order.down)
        both = merged(main, old, key=key_of, reverse=self._order.down)
        return total, list(islice(both, after, after + limit))

    def _fresh(self, low: int, high: int) -> int:
        """How many live rows of these ids changed after the index was last up to date."""
        fresh = self._records.by_time.walk(moment_key(self._at + 1), moment_key(_EVER))
        return sum(low <= key & _LOW < high for key in fresh)

    def _rows(self, keys: Iterator[int]) -> Iterator[Record]:
        rows = self._records.rows
        return (rows[str(key & _LOW)] for key in keys)

    def _key(self, row: Record) -> Any:
        """Rows without a value come first when ascending; ties in order of creation."""
        name = self._order.name
        value = value_of(self._type, row, name)
        prop = self._names.properties[name]
        if not value:
            return (0, 0, int(row.id))
        if prop.type in ("date", "datetime"):
            return (1, moment(value) or 0, int(row.id))
        if prop.type == "number":
            return (1, number(value) or 0, int(row.id))
        return (1, value.lower(), int(row.id))


ROUTES = [route("POST", "objects/{type}/search", search, "crm.objects.{type}.read", "search")]
