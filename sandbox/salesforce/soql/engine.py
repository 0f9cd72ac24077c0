"""A query over a source: plan, filter, order, cut, and a Result that renders on demand."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from typing import Any, TypeVar

from sandbox.kernel import Row
from sandbox.salesforce.schema import ChildLink, ObjectMeta, reader
from sandbox.salesforce.schema.values import Reader
from sandbox.salesforce.soql.ast import And, Expr, InQuery, Order, Path, Query, Selected
from sandbox.salesforce.soql.errors import SoqlError, malformed, no_such_relation, unexpected
from sandbox.salesforce.soql.functions import bind
from sandbox.salesforce.soql.grouping import Group, Grouping, check_size, is_bare_count, is_grouped
from sandbox.salesforce.soql.ordering import sorter
from sandbox.salesforce.soql.plan import Candidates, candidates
from sandbox.salesforce.soql.predicates import Compiler, Predicate, check_filters
from sandbox.salesforce.soql.result import Column, Result
from sandbox.salesforce.soql.scope import Bound, Scope, find_object
from sandbox.salesforce.soql.select import project
from sandbox.salesforce.soql.source import Source

T = TypeVar("T")

MAX_OFFSET = 2000
_NO_SEMI_JOIN_OVER = frozenset(("Task", "Event", "Note"))


def run(query: Query, source: Source, *, all_rows: bool = False, tooling: bool = False) -> Result:
    """Answer a query.

    `all_rows` (queryAll) sees deleted rows too; `tooling` (the tooling address) sees the objects that exist only there.
    Raises SoqlError.
    """
    meta = find_object(source, query.object, query.text, query.pos, tooling=tooling)
    deleted = all_rows or query.all_rows
    return _Run(query, source, meta, deleted).result()


class _Run:
    """One query, or one subquery, being answered."""

    def __init__(self, query: Query, source: Source, meta: ObjectMeta, deleted: bool) -> None:
        self.query = query
        self.source = source
        self.deleted = deleted
        self.scope = Scope(source, meta, query.text, deleted=deleted, alias=query.alias)
        if query.offset is not None and query.offset > MAX_OFFSET:
            raise SoqlError("NUMBER_OUTSIDE_VALID_RANGE", f"Maximum SOQL offset allowed is {MAX_OFFSET}")

    def result(self) -> Result:
        if is_bare_count(self.query):
            count = sum(1 for _ in self._cut(self._found(()).rows))
            return Result(count, (), [], dict, self.scope.meta.name)
        if is_grouped(self.query):
            return self._grouped()
        render, columns = project(self.query, self.scope, self._children)
        rows = self.rows()
        return Result(len(rows), columns, rows, render, self.scope.meta.name)

    def rows(self) -> list[Row]:
        """The rows in final order, cut by OFFSET and LIMIT."""
        query = self.query
        if not query.order_by:
            return list(self._cut(self._found(()).rows))
        sort = sorter(query.order_by, self.bind, query.text)
        found = self._found(query.order_by)
        return list(self._cut(found.rows if found.ordered else sort(found.rows, self._most())))

    def bind(self, expr: Expr) -> Bound:
        return bind(self.scope, expr)

    def predicate(self) -> Predicate | None:
        """WHERE as a closure."""
        where = self.query.where
        if where is None:
            return None
        check_filters(where, having=False)
        return Compiler(self.scope, self.bind, self._semi_join).compile(where)

    def _found(self, order_by: tuple[Order, ...]) -> Candidates:
        """The rows that match, in the order asked for if an index can give it."""
        keep = self.predicate()
        found = candidates(self.scope, self.query.where, order_by, self.query.limit)
        return Candidates(sift(found.rows, keep, self.deleted), found.ordered)

    def _most(self) -> int | None:
        query = self.query
        return None if query.limit is None else query.limit + (query.offset or 0)

    def _cut(self, rows: Iterable[T]) -> Iterator[T]:
        return islice(rows, self.query.offset or 0, self._most())

    def _grouped(self) -> Result:
        query = self.query
        grouping = Grouping(query, self.scope)
        render, columns = grouping.project()
        groups: Iterable[Group] = grouping.split(self._found(()).rows)
        if query.having is not None:
            check_filters(query.having, having=True)
            having = Compiler(self.scope, grouping.bind, self._semi_join).compile(query.having)
            groups = filter(having, groups)
        if query.order_by:
            groups = sorter(query.order_by, grouping.bind, query.text)(groups, None)
        cut = list(self._cut(groups))
        check_size(cut)
        return Result(len(cut), columns, cut, render, "AggregateResult")

    def _semi_join(self, condition: InQuery) -> frozenset[Any]:
        """The values a subquery in WHERE gives."""
        inner = condition.query
        check_semi_join(inner)
        meta = find_object(self.source, inner.object, self.query.text, inner.pos, tooling=False)
        if meta.name in _NO_SEMI_JOIN_OVER:
            raise malformed(f"Entity '{meta.name}' is not supported for semi join inner selects")
        run = _Run(inner, self.source, meta, self.deleted)
        item = inner.items[0]
        bound = run.bind(item.expr) if isinstance(item, Selected) else None
        if bound is None or bound.type not in ("id", "reference"):
            raise malformed("The inner select of a semi join must select one id or reference field")
        values = frozenset(map(bound.read, run.rows()))
        return values - {None}

    def _children(self, inner: Query, scope: Scope) -> tuple[str, Reader, tuple[Column, ...]]:
        """A subquery in SELECT: its name, its reader from the parent's row, its columns."""
        name = scope.own(Path(tuple(inner.object.split(".")), inner.pos)).text
        link = scope.meta.child(name)
        org = self.source.org
        if link is None or not org.visible(link.child, link.field, self.source.user_id):
            raise no_such_relation(scope.text, inner.pos, name)
        if is_grouped(inner):
            raise unexpected("COUNT")
        child = _Run(inner, self.source, org.objects[link.child], self.deleted)
        render, columns = project(inner, child.scope, child._children)
        fetch = child.of_parent(link)

        def read(row: Row) -> dict[str, Any] | None:
            rows = fetch(row.id)
            if not rows:
                return None
            return {"totalSize": len(rows), "done": True, "records": [render(r) for r in rows]}

        return link.relationship or name, read, columns

    def of_parent(self, link: ChildLink) -> Callable[[str], list[Row]]:
        """What finds the rows below one parent: by index, or in a map made on first use."""
        keep, query = self.predicate(), self.query
        sort = sorter(query.order_by, self.bind, query.text) if query.order_by else None
        key = reader(self.scope.meta.fields[link.field])
        source, table = self.source, self.source.table(link.child)
        below: dict[str, list[Row]] = {}

        def fetch(parent: str) -> list[Row]:
            ids = source.by_value(link.child, link.field, [parent])
            if ids is not None:
                found = [row for i in ids if (row := table.rows.get(i)) is not None and key(row) == parent]
            else:
                if not below:
                    for row in table:
                        below.setdefault(key(row), []).append(row)
                found = below.get(parent, [])
            rows: Iterable[Row] = sift(found, keep, self.deleted)
            return list(self._cut(sort(rows, self._most()) if sort else rows))

        return fetch


def sift(rows: Iterable[Row], keep: Predicate | None, deleted: bool) -> Iterator[Row]:
    """The rows that match, without those in the bin unless they are asked for."""
    if deleted:
        return iter(rows) if keep is None else filter(keep, rows)
    if keep is None:
        return (row for row in rows if row.archived_at is None)
    return (row for row in rows if row.archived_at is None and keep(row))


def check_semi_join(inner: Query) -> None:
    """What a subquery in WHERE may not hold (SOQL reference, Semi-Joins with IN and Anti-Joins with NOT IN)."""
    if inner.order_by:
        raise unexpected("ORDER")
    if inner.limit is not None:
        raise unexpected("LIMIT")
    if len(inner.items) != 1 or is_grouped(inner):
        raise malformed("The inner select of a semi join must select one id or reference field")
    top = inner.where.items if isinstance(inner.where, And) else (inner.where,)
    if any(isinstance(each, InQuery) for each in top):
        raise malformed("Nested semi join sub-selects are not supported")
