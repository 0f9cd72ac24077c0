"""The SELECT list to one closure that makes a record's JSON.

Parents become nested objects, or null; each level carries its `attributes`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sandbox.kernel import Row
from sandbox.salesforce.schema import FieldMeta
from sandbox.salesforce.schema.values import Reader, is_plain, renderer
from sandbox.salesforce.soql.ast import (
    Call,
    Children,
    Compare,
    Condition,
    Expr,
    FieldsOf,
    InList,
    Item,
    Path,
    Query,
    Selected,
    TypeOf,
)
from sandbox.salesforce.soql.errors import SoqlError, malformed, no_such_relation
from sandbox.salesforce.soql.functions import bind, shown
from sandbox.salesforce.soql.result import Column, column_of
from sandbox.salesforce.soql.scope import Parent, Scope

Render = Callable[[Row], dict[str, Any]]
ChildRenderer = Callable[[Query, Scope], tuple[str, Reader, tuple[Column, ...]]]

MAX_UNBOUNDED = 200


class Shape:
    """One level of a record: its own values, and the parents below it, in the order of SELECT."""

    def __init__(self, scope: Scope) -> None:
        self.scope = scope
        self.values: dict[str, Reader] = {}
        self.columns: dict[str, Column] = {}
        self.parents: dict[str, tuple[Parent, Shape]] = {}
        self.order: list[str] = []
        self.stored: set[str] = set()
        """Keys whose values are shown as the row stores them: most of them, and taken the quick way."""

    def put(self, key: str, read: Reader, column: Column) -> None:
        """A value under a key of this level; INVALID_FIELD when the key is taken."""
        if key in self.values:
            raise SoqlError("INVALID_FIELD", f"duplicate field selected: {key}")
        self.values[key] = read
        self.columns[key] = column
        self.order.append(key)

    def add(self, path: Path) -> None:
        """A field of this level or of a parent."""
        self.add_through(path.parts, path)

    def add_through(self, parts: tuple[str, ...], path: Path) -> None:
        if len(parts) == 1:
            self._own(Path(parts, path.pos))
            return
        below = self.below(parts[0], path)
        if isinstance(below, NameShape):
            below.reach(parts[1:], path)
        else:
            below.add_through(parts[1:], path)

    def below(self, relation: str, path: Path) -> Shape:
        step = self.scope.parent(relation, path)
        name = step.link.relationship_name or relation
        if name not in self.parents:
            shape = NameShape(self.scope, step) if step.polymorphic else Shape(self.scope.under(step.targets[0]))
            self.parents[name] = (step, shape)
            self.order.append(name)
        return self.parents[name][1]

    def _own(self, path: Path) -> None:
        self.put_field(self.scope.field(path).meta)

    def put_field(self, meta: FieldMeta) -> None:
        """A field of this level under its own name."""
        self.put(meta.name, renderer(meta), column_of(meta.name, meta))
        if is_plain(meta):
            self.stored.add(meta.name)

    def render(self) -> Render:
        """The closure that makes the JSON of this level."""
        stored = [key for key in self.order if key in self.stored]
        readers = [(key, self._reader(key)) for key in self.order if key not in self.stored]
        name = self.scope.meta.name
        head = f"{self.scope.source.base}/sobjects/{name}/"
        blank: dict[str, Any] = dict.fromkeys(["attributes", *self.order])

        def record(row: Row) -> dict[str, Any]:
            out = blank.copy()
            out["attributes"] = {"type": name, "url": head + row.id}
            value = row.values.get
            for key in stored:
                out[key] = value(key)
            for key, read in readers:
                out[key] = read(row)
            return out

        return record

    def all_columns(self) -> tuple[Column, ...]:
        return tuple(self.columns[k] if k in self.columns else self._joined(k) for k in self.order)

    def _joined(self, name: str) -> Column:
        step, shape = self.parents[name]
        return Column(name, name, False, foreign_key=step.link.name, joins=shape.all_columns())

    def _reader(self, key: str) -> Reader:
        if key in self.values:
            return self.values[key]
        step, shape = self.parents[key]
        fetch, inner = step.fetch, shape.render()

        def read(row: Row) -> dict[str, Any] | None:
            parent = fetch(row)
            return None if parent is None else inner(parent)

        return read


class NameShape(Shape):
    """A level seen through a reference that may point at several objects: its type reads Name."""

    def __init__(self, scope: Scope, step: Parent) -> None:
        super().__init__(scope)
        self.step = step
        self.levels: dict[str | None, Shape] = {}
        """By key prefix: what is asked of the parents that only some of the objects have (Owner.Profile.Name)."""

    def reach(self, parts: tuple[str, ...], path: Path) -> None:
        """A field of the record behind the reference, or of that record's own parent."""
        bound = self.scope.through(self.step, parts, path)
        if len(parts) == 1:
            self.put(bound.meta.name, shown(bound.meta, bound.read), column_of(bound.meta.name, bound.meta))
            return
        name = bound.parents[0]
        for scope in map(self.scope.under, self.step.targets):
            if scope.has(parts[0]):
                self.levels.setdefault(scope.meta.key_prefix, Shape(scope)).add_through(parts, path)
        if name not in self.columns:
            self.columns[name] = Column(name, name, False)
            self.order.append(name)

    def render(self) -> Render:
        readers = [(key, self.values.get(key) or self._below(key)) for key in self.order]
        heads = {t.key_prefix: f"{self.scope.source.base}/sobjects/{t.name}/" for t in self.step.targets}

        def record(row: Row) -> dict[str, Any]:
            out: dict[str, Any] = {"attributes": {"type": "Name", "url": heads[row.id[:3]] + row.id}}
            for key, read in readers:
                out[key] = read(row)
            return out

        return record

    def _below(self, name: str) -> Reader:
        readers = {prefix: level._reader(name) for prefix, level in self.levels.items() if name in level.parents}

        def read(row: Row) -> Any:
            each = readers.get(row.id[:3])
            return each(row) if each else None

        return read


def project(query: Query, scope: Scope, children: ChildRenderer) -> tuple[Render, tuple[Column, ...]]:
    """The record maker and the columns of a query without aggregates."""
    shape = Shape(scope)
    for item in query.items:
        _add(shape, item, query, children)
    return shape.render(), shape.all_columns()


def _add(shape: Shape, item: Item, query: Query, children: ChildRenderer) -> None:
    scope = shape.scope
    match item:
        case Selected(Path() as path, None):
            shape.add(scope.own(path))
        case Selected(Call() as call, alias):
            _add_call(shape, call, alias)
        case Selected():
            raise malformed("only aggregate expressions use field aliasing")
        case FieldsOf():
            for meta in _field_set(item, query, scope):
                shape.put_field(meta)
        case TypeOf():
            _add_typeof(shape, item)
        case Children(inner):
            name, read, columns = children(inner, scope)
            shape.put(name, read, Column(name, name, True, joins=columns))


def _add_call(shape: Shape, call: Call, alias: str | None) -> None:
    bound = bind(shape.scope, call)
    path = _innermost(call)
    read = shown(bound.meta, bound.read)
    if alias is not None:
        shape.put(alias, read, column_of(alias, bound.meta))
        return
    if not bound.parents:
        shape.put(path.parts[-1] if bound.meta.name == call.name else bound.meta.name, read,
                  column_of(bound.meta.name, bound.meta))  # fmt: skip
        return
    raise malformed(f"An alias is needed for {call.name}({path.text})")


def _innermost(expr: Expr) -> Path:
    while isinstance(expr, Call):
        if not expr.args:
            raise malformed(f"unexpected token: '{expr.name}'")
        expr = expr.args[0]
    return expr


def _add_typeof(shape: Shape, item: TypeOf) -> None:
    """Each record behind the reference shows the fields its own type was asked for, or nothing but attributes."""
    if len(item.relation.parts) > 1:
        raise no_such_relation(shape.scope.text, item.relation.pos, item.relation.text)
    step = shape.scope.parent(item.relation.text, item.relation)
    asked = {kind.lower(): paths for kind, paths in item.whens}
    renders: dict[str | None, Render] = {}
    for target in step.targets:
        level = Shape(shape.scope.under(target))
        paths = asked.get(target.name.lower())
        if paths is None:
            for each in item.otherwise:
                if level.scope.has(each.parts[0]):
                    level.add(each)
        else:
            for each in paths:
                level.add(each)
        renders[target.key_prefix] = level.render()
    fetch = step.fetch

    def read(row: Row) -> dict[str, Any] | None:
        parent = fetch(row)
        return None if parent is None else renders[parent.id[:3]](parent)

    name = step.link.relationship_name or item.relation.text
    shape.put(name, read, Column(name, name, False, foreign_key=step.link.name))


def _field_set(item: FieldsOf, query: Query, scope: Scope) -> list[FieldMeta]:
    """The fields of FIELDS(); those that are not bound by the standard ones need a small result (FIELDS(), Limits)."""
    if item.kind != "STANDARD" and not _bounded(query):
        raise malformed("The SOQL FIELDS function must have a LIMIT of at most 200")
    metas = [m for m in scope.meta.fields.values() if scope.find(m.name) is not None]
    if item.kind == "ALL":
        return metas
    return [m for m in metas if m.custom == (item.kind == "CUSTOM")]


def _bounded(query: Query) -> bool:
    if query.limit is not None:
        return query.limit <= MAX_UNBOUNDED
    where = query.where
    return _names_ids(where) if where is not None else False


def _names_ids(where: Condition) -> bool:
    match where:
        case Compare(Path((name,)), "=", _):
            return name.lower() == "id"
        case InList(Path((name,)), False, values):
            return name.lower() == "id" and len(values) <= MAX_UNBOUNDED
    return False
