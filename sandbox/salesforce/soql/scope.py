"""Names to readers: what a path or function means on one object, for one user."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from sandbox.kernel import Row
from sandbox.salesforce.schema import FieldMeta, ObjectMeta, reader
from sandbox.salesforce.schema.build import label_of
from sandbox.salesforce.schema.values import Reader
from sandbox.salesforce.soql.ast import Path
from sandbox.salesforce.soql.errors import at, no_such_column, no_such_object, no_such_relation
from sandbox.salesforce.soql.source import Source

MAX_PARENTS = 5

_NAME_FIELDS = frozenset(
    ("Id", "Name", "FirstName", "LastName", "Email", "Title", "Phone", "Username", "Alias", "IsActive", "Profile",
     "ProfileId", "UserRole", "UserRoleId")
)  # fmt: skip
"""What can be read through a reference that may point at several objects (Object Reference, Name)."""


@dataclass(frozen=True, slots=True)
class Bound:
    """A field as seen from the row a query starts at."""

    read: Reader
    meta: FieldMeta
    owner: str
    """The object that has the field; Name for one seen through a polymorphic reference."""
    parents: tuple[str, ...] = ()
    """The relationship names passed on the way, as the metadata spells them."""

    @property
    def type(self) -> str:
        return self.meta.type


@dataclass(frozen=True, slots=True)
class Parent:
    """A step to the record a reference points at."""

    link: FieldMeta
    targets: tuple[ObjectMeta, ...]
    fetch: Callable[[Row], Row | None]

    @property
    def polymorphic(self) -> bool:
        return self.link.polymorphic


class Scope:
    """The object a query is about, and how its names are resolved.

    `text` is the whole query, `alias` what the query calls its object.
    """

    def __init__(self, source: Source, meta: ObjectMeta, text: str, *, deleted: bool, alias: str | None = None) -> None:
        self.source = source
        self.meta = meta
        self.text = text
        self.deleted = deleted
        self._own_names = {meta.name.lower()} | ({alias.lower()} if alias else set())

    def own(self, path: Path) -> Path:
        """The path without the object's own name or alias in front."""
        if len(path.parts) > 1 and path.parts[0].lower() in self._own_names and not self._shadowed(path):
            return Path(path.parts[1:], path.pos)
        return path

    def _shadowed(self, path: Path) -> bool:
        return len(path.parts) > 2 and self.meta.parent(path.parts[0]) is not None

    def find(self, name: str) -> FieldMeta | None:
        return self.source.org.visible_field(self.meta, name, self.source.user_id)

    def field(self, path: Path) -> Bound:
        """The field a path leads to; INVALID_FIELD when it is missing or hidden."""
        path = self.own(path)
        if len(path.parts) - 1 > MAX_PARENTS:
            raise at("INVALID_FIELD", self.text, path.pos, f"Relationship path is too long: {path.text}")
        return self._resolve(path.parts, path)

    def parent(self, name: str, path: Path) -> Parent:
        """The step behind a relationship name; INVALID_FIELD when there is none."""
        link = self.meta.parent(name)
        if link is None or self.find(link.name) is None:
            raise no_such_relation(self.text, path.pos, name)
        org = self.source.org
        targets = tuple(org.objects[t] for t in link.reference_to if t in org.objects)
        if not targets:
            raise no_such_relation(self.text, path.pos, name)
        return Parent(link, targets, self._fetcher(link, targets))

    def under(self, meta: ObjectMeta) -> Scope:
        """The same query seen from a parent object."""
        return Scope(self.source, meta, self.text, deleted=self.deleted)

    def _resolve(self, parts: tuple[str, ...], path: Path) -> Bound:
        if len(parts) == 1:
            meta = self.find(parts[0])
            if meta is None:
                raise no_such_column(self.text, path.pos, parts[0], self.meta.name)
            return Bound(reader(meta), meta, self.meta.name)
        step = self.parent(parts[0], path)
        name = step.link.relationship_name or ""
        inner = self.through(step, parts[1:], path)
        return Bound(_chain(step.fetch, inner.read), inner.meta, inner.owner, (name, *inner.parents))

    def through(self, step: Parent, parts: tuple[str, ...], path: Path) -> Bound:
        """A field as seen from the record the step leads to."""
        if not step.polymorphic:
            return self.under(step.targets[0])._resolve(parts, path)
        if parts[0].lower() == "type" and len(parts) == 1:
            return Bound(kind_reader(step.targets), _TYPE, "Name")
        known = {n.lower() for n in _NAME_FIELDS}
        scopes = [self.under(t) for t in step.targets] if parts[0].lower() in known else []
        found = {s.meta.name: s._resolve(parts, path) for s in scopes if s.has(parts[0])}
        if not found:
            raise no_such_column(self.text, path.pos, parts[0], "Name")
        first = next(iter(found.values()))
        readers = {s.meta.key_prefix: found[s.meta.name].read for s in scopes if s.meta.name in found}

        def read(row: Row) -> Any:
            each = readers.get(row.id[:3])
            return each(row) if each else None

        return Bound(read, first.meta, "Name", first.parents)

    def has(self, name: str) -> bool:
        return self.find(name) is not None or self.meta.parent(name) is not None

    def _fetcher(self, link: FieldMeta, targets: tuple[ObjectMeta, ...]) -> Callable[[Row], Row | None]:
        key = reader(link)
        deleted = self.deleted
        tables = {t.key_prefix: self.source.table(t.name).rows for t in targets}
        if len(targets) == 1:
            rows = next(iter(tables.values()))

            def fetch(row: Row) -> Row | None:
                found = rows.get(key(row))
                return found if found is not None and (deleted or found.archived_at is None) else None

            return fetch

        def fetch_any(row: Row) -> Row | None:
            target = key(row)
            table = tables.get(target[:3]) if target else None
            found = table.get(target) if table is not None else None
            return found if found is not None and (deleted or found.archived_at is None) else None

        return fetch_any


_TYPE = FieldMeta("Type", "picklist", label_of("Type"), length=40, createable=False, updateable=False)


def kind_reader(targets: tuple[ObjectMeta, ...]) -> Reader:
    """Who.Type, Owner.Type: the object's name, and Queue for a group that is one."""
    kinds = {t.key_prefix: t.name for t in targets}

    def read(row: Row) -> str | None:
        kind = kinds.get(row.id[:3])
        return "Queue" if kind == "Group" and row.values.get("Type") == "Queue" else kind

    return read


def find_object(source: Source, name: str, text: str, pos: int, *, tooling: bool) -> ObjectMeta:
    """The object a query names; INVALID_TYPE when the org has none, or none at this address."""
    meta = source.org.seen(name, source.user_id)
    if meta is None or not meta.queryable or (meta.tooling and not tooling):
        raise no_such_object(text, pos, name)
    return meta


def _chain(fetch: Callable[[Row], Row | None], inner: Reader) -> Reader:
    def read(row: Row) -> Any:
        parent = fetch(row)
        return None if parent is None else inner(parent)

    return read
