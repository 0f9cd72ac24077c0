"""The org's rows and the few indexes that make queries on a million of them quick.

Rows hold what SOQL expects (`soql.source`): datetimes as ms, dates as text, ids with 18 characters, and the audit
fields on the Row itself.  A change replaces a row's dictionary instead of writing into it, so that a rollback still
holds the old one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, NamedTuple, TypeVar

from sandbox.kernel import Row, Table
from sandbox.salesforce.ids import make_id
from sandbox.salesforce.ordered import Ordered
from sandbox.salesforce.schema import FieldMeta, ObjectMeta, Org

T = TypeVar("T")
_INDEXED_TYPES = frozenset({"reference", "email"})


def fold(value: Any) -> str:
    """The form in which unique values and lookups are compared."""
    return value.lower() if isinstance(value, str) else str(value)


def indexed(meta: FieldMeta) -> bool:
    """Whether the platform (and we) keep an index on this field."""
    return meta.unique or meta.external_id or meta.id_lookup or meta.type in _INDEXED_TYPES


class Shape(NamedTuple):
    """What saving needs to know of an object's fields, worked out once."""

    size: int
    """How many fields the object had then."""
    defaults: dict[str, Any]
    """Fields that are filled on create.  A flag that is off by default is left out: it reads as off anyway."""
    required: tuple[FieldMeta, ...]
    moments: frozenset[str]
    """Fields that hold datetimes."""


class Shelf(Table):
    """One object's rows.  Indexes by value are made when first asked for and kept from then on."""

    def __init__(self, meta: ObjectMeta) -> None:
        super().__init__(meta.name)
        self.meta = meta
        self.binned: set[str] = set()
        self._shape: Shape | None = None
        self._lookups: dict[str, dict[str, list[str]]] = {}
        self._stamps: Ordered[tuple[int, str]] = Ordered()
        self._ids: Ordered[str] = Ordered()

    @property
    def shape(self) -> Shape:
        fields = self.meta.fields
        if self._shape is None or self._shape.size != len(fields):
            self._shape = Shape(
                len(fields),
                {f.name: f.default for f in fields.values() if f.default not in (None, False) and f.derive is None},
                tuple(f for f in fields.values() if f.required and f.type != "boolean"),
                frozenset(f.name for f in fields.values() if f.type == "datetime"),
            )
        return self._shape

    def put(self, row: Row) -> None:
        """Add a row that is not there."""
        self.rows[row.id] = row
        self._ids.add(row.id)
        self._stamps.add((row.modified // 1000, row.id))
        if row.archived_at is not None:
            self.binned.add(row.id)
        for name, index in self._lookups.items():
            _enter(index, row.values.get(name), row.id)

    def replace(self, row: Row, values: dict[str, Any], modified: int, archived_at: int | None) -> None:
        """Give a row another dictionary of values and other stamps."""
        old, row.values = row.values, values
        if modified // 1000 != row.modified // 1000:
            self._stamps.add((modified // 1000, row.id))
            if len(self._stamps) > 2 * len(self.rows) + 1_000:
                self._stamps.keep([(r.modified // 1000, r.id) for r in self.rows.values()])
        row.modified, row.archived_at = modified, archived_at
        (self.binned.discard if archived_at is None else self.binned.add)(row.id)
        for name, index in self._lookups.items():
            before, after = old.get(name), values.get(name)
            if before != after:
                _leave(index, before, row.id)
                _enter(index, after, row.id)

    def drop(self, row: Row) -> None:
        """Take a row out for good."""
        del self.rows[row.id]
        self.binned.discard(row.id)
        for name, index in self._lookups.items():
            _leave(index, row.values.get(name), row.id)

    def ids_matching(self, field: str, value: Any) -> list[str]:
        """Ids of rows, in the bin or not, whose field holds this value (case ignored)."""
        index = self._lookups.get(field)
        if index is None:
            index = self._lookups[field] = {}
            for row in self.rows.values():
                _enter(index, row.values.get(field), row.id)
        return index.get(fold(value), [])

    def matching(self, field: str, value: Any) -> list[Row]:
        return [self.rows[i] for i in self.ids_matching(field, value)]

    def live_matching(self, field: str, value: Any) -> list[Row]:
        return [row for row in self.matching(field, value) if row.archived_at is None]

    def __iter__(self) -> Iterator[Row]:
        """Over a copy: a query cursor is read page by page while rows come and go."""
        return iter(list(self.rows.values()))

    def stamped(self, low: int | None, high: int | None, descending: bool = False) -> Iterator[str]:
        """Ids whose SystemModstamp lies in [low, high] (ms, cut to the second), in the order of stamp and id."""
        first = None if low is None else (low // 1000, "")
        last = None if high is None else (high // 1000, "\x7f")
        previous = ""
        for second, row_id in _directed(self._stamps.between(first, last), descending):
            row = self.rows.get(row_id)
            if row is not None and row.modified // 1000 == second and row_id != previous:
                yield row_id
                previous = row_id

    def in_order(self, low: str | None, high: str | None, descending: bool = False) -> Iterator[str]:
        """Ids in [low, high] in order."""
        previous = ""
        for row_id in _directed(self._ids.between(low, high), descending):
            if row_id in self.rows and row_id != previous:
                yield row_id
                previous = row_id


def _enter(index: dict[str, list[str]], value: Any, row_id: str) -> None:
    if value is not None:
        index.setdefault(fold(value), []).append(row_id)


def _leave(index: dict[str, list[str]], value: Any, row_id: str) -> None:
    ids = index.get(fold(value)) if value is not None else None
    if ids and row_id in ids:
        ids.remove(row_id)


class Store:
    """Every shelf, and a journal that can take back what an all-or-nothing call has done so far."""

    def __init__(self, org: Org) -> None:
        self.org = org
        self.shelves: dict[str, Shelf] = {}
        self.deletions: dict[str, list[tuple[int, str]]] = {}
        """object → (ms, id) of every deletion, oldest first."""
        self._made: dict[str, int] = {}
        self._undo: list[Callable[[], None]] | None = None

    def new_id(self, name: str) -> str:
        """The next free id of an object; objects that share a key prefix share the count."""
        shelf = self.shelf(name)
        prefix = shelf.meta.key_prefix or "000"
        while True:
            self._made[prefix] = self._made.get(prefix, 0) + 1
            made = make_id(prefix, self._made[prefix])
            if made not in shelf.rows:
                return made

    def shelf(self, name: str) -> Shelf:
        """The rows of an object the org has; KeyError for any other."""
        found = self.shelves.get(name)
        if found is None:
            found = self.shelves[name] = Shelf(self.org.objects[name])
        return found

    def find(self, name: str, record_id: str | None) -> Row | None:
        """A row by its 18-character id, in the bin or not."""
        return self.shelf(name).rows.get(record_id) if record_id else None

    def live(self, name: str, record_id: str | None) -> Row | None:
        row = self.find(name, record_id)
        return row if row is not None and row.archived_at is None else None

    def put(self, name: str, row: Row) -> None:
        shelf = self.shelf(name)
        shelf.put(row)
        if self._undo is not None:
            self._undo.append(lambda: shelf.drop(row))

    def replace(
        self, name: str, row: Row, values: dict[str, Any], modified: int, archived_at: int | None = None
    ) -> None:
        shelf = self.shelf(name)
        if self._undo is not None:
            old, was_modified, was_archived, heard = row.values, row.modified, row.archived_at, len(row.history)

            def restore() -> None:
                shelf.replace(row, old, was_modified, was_archived)
                del row.history[heard:]

            self._undo.append(restore)
        shelf.replace(row, values, modified, archived_at)

    def drop(self, name: str, row: Row) -> None:
        shelf = self.shelf(name)
        shelf.drop(row)
        if self._undo is not None:
            self._undo.append(lambda: shelf.put(row))

    def attempt(self, work: Callable[[], T]) -> T:
        """Do the work wholly or not at all; nests."""
        outer, self._undo = self._undo, []
        try:
            result = work()
        except BaseException:
            done, self._undo = self._undo, None
            for undo in reversed(done or []):
                undo()
            self._undo = outer
            raise
        done, self._undo = self._undo, outer
        if outer is not None:
            outer.extend(done or [])
        return result


class View:
    """The store as one user's query sees it (`soql.Source`)."""

    def __init__(self, store: Store, user_id: str | None, now_ms: int, base: str, time_zone: str = "UTC") -> None:
        self._store = store
        self.org = store.org
        self.user_id = user_id
        self.now_ms = now_ms
        self.time_zone = time_zone
        self.base = base

    def table(self, object_name: str) -> Table:
        return self._store.shelf(object_name)

    def by_id(self, object_name: str, low: str | None, high: str | None, descending: bool) -> Iterable[str] | None:
        return self._store.shelf(object_name).in_order(low, high, descending)

    def by_modstamp(
        self, object_name: str, low: int | None, high: int | None, descending: bool
    ) -> Iterable[str] | None:
        return self._store.shelf(object_name).stamped(low, high, descending)

    def by_value(self, object_name: str, field: str, values: list[str]) -> Iterable[str] | None:
        shelf = self._store.shelf(object_name)
        meta = shelf.meta.fields.get(field)
        if meta is None or meta.derive is not None or not indexed(meta):
            return None
        return [i for value in values for i in shelf.ids_matching(field, value)]

    def by_deleted(self, object_name: str) -> Iterable[str] | None:
        return list(self._store.shelf(object_name).binned)


def _directed(items: Sequence[T], descending: bool) -> Iterable[T]:
    return reversed(items) if descending else items
