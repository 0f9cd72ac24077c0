"""The org: its objects, and who may see which field.

Field-level security is kept where the platform keeps it: a custom field made through the API is invisible until a
permission set that the user holds grants it (Object Reference, FieldPermissions), and a hidden field looks exactly like
a missing one.  The face tells the org of FieldPermissions and PermissionSetAssignment rows as they come and go.
"""

from __future__ import annotations

from typing import Any

from sandbox.salesforce.schema.describe import BASE, describe_global, describe_object, picklists
from sandbox.salesforce.schema.model import ChildLink, FieldMeta, ObjectMeta

GUARDED = ("Account", "Contact", "Lead", "Opportunity", "Campaign")
"""Objects that object permissions are about; for tasks and events users have permissions of their own."""


class Org:
    """The metadata of one org.  Object names are looked up in any case."""

    def __init__(self, objects: list[ObjectMeta]) -> None:
        self.objects: dict[str, ObjectMeta] = {}
        self._folded: dict[str, str] = {}
        self._prefixes: dict[str, str] = {}
        self._guarded: set[tuple[str, str]] = set()
        self._hidden: set[tuple[str, str]] = set()
        self._read_only: set[tuple[str, str]] = set()
        self._grants: dict[tuple[str, str], dict[str, bool]] = {}
        self._held: dict[str, set[str]] = {}
        self._rights: dict[tuple[str, str], frozenset[str]] = {}
        self._trusted: set[str] = set()
        self.withheld: set[str] = set()
        """Record types that no user may give a record (Setup, Permission Sets, Object Settings, Record Types)."""
        for meta in objects:
            self.objects[meta.name] = meta
            self._folded[meta.name.lower()] = meta.name
            if meta.key_prefix:
                self._prefixes.setdefault(meta.key_prefix, meta.name)
        for meta in objects:
            for each in meta.fields.values():
                self._link(meta, each)

    def find(self, name: str) -> ObjectMeta | None:
        """The object with this API name in any case."""
        real = self._folded.get(name.lower())
        return self.objects[real] if real else None

    def seen(self, name: str, user_id: str | None) -> ObjectMeta | None:
        """The object as this user finds it: one that they may not read looks exactly like a missing one."""
        meta = self.find(name)
        return meta if meta is not None and self.may(user_id, meta.name, "Read") else None

    def object_of_id(self, record_id: str) -> str | None:
        """The API name of the object whose key prefix this id carries."""
        return self._prefixes.get(record_id[:3])

    def add_custom_field(self, object_name: str, meta: FieldMeta, *, visible: bool = False) -> FieldMeta:
        """Add a field.  Until it is granted (or `visible` is set) no user sees it."""
        owner = self.objects[object_name]
        owner.add(meta)
        self._link(owner, meta)
        if not visible:
            self._guarded.add((object_name, meta.name))
        return meta

    def remove_custom_field(self, object_name: str, name: str) -> None:
        self.objects[object_name].remove(name)
        key = (object_name, name)
        self._guarded.discard(key)
        self._hidden.discard(key)
        self._read_only.discard(key)
        self._grants.pop(key, None)
        for meta in self.objects.values():
            meta.children = [c for c in meta.children if (c.child, c.field) != key]

    def hide(self, object_name: str, name: str) -> None:
        """Take a field away from every user, as an administrator would."""
        self._hidden.add((object_name, name))

    def unhide(self, object_name: str, name: str) -> None:
        self._hidden.discard((object_name, name))

    def make_read_only(self, object_name: str, name: str) -> None:
        """Leave a field visible and let no user write it."""
        self._read_only.add((object_name, name))

    def grant(self, permission_set: str, object_name: str, name: str, *, edit: bool = True) -> None:
        """A FieldPermissions row: holders of the set may read (and edit) the field."""
        self._grants.setdefault((object_name, name), {})[permission_set] = edit

    def revoke(self, permission_set: str, object_name: str, name: str) -> None:
        self._grants.get((object_name, name), {}).pop(permission_set, None)

    def assign(self, user_id: str, permission_set: str) -> None:
        """A PermissionSetAssignment row."""
        self._held.setdefault(user_id, set()).add(permission_set)

    def unassign(self, user_id: str, permission_set: str) -> None:
        self._held.get(user_id, set()).discard(permission_set)

    def trust(self, permission_set: str, *, everything: bool) -> None:
        """Whether holders of the set may change every record (Modify All Data)."""
        (self._trusted.add if everything else self._trusted.discard)(permission_set)

    def trusts(self, user_id: str | None) -> bool:
        """Whether this user may change every record; so may the platform, and who holds no permission set at all."""
        held = self._held.get(user_id, ()) if user_id is not None else ()
        return not held or not self._trusted.isdisjoint(held)

    def allow(self, permission_set: str, object_name: str, rights: frozenset[str]) -> None:
        """An ObjectPermissions row: what holders of the set may do with records of the object."""
        self._rights[permission_set, object_name] = rights

    def may(self, user_id: str | None, object_name: str, right: str) -> bool:
        """Whether this user has the object right.  The platform itself (None) may do everything, and so may a user of
        whom no permission set is known."""
        held = self._held.get(user_id, ()) if user_id is not None else ()
        if object_name not in GUARDED or self.trusts(user_id):
            return True
        return any(right in self._rights.get((each, object_name), ()) for each in held)

    def visible(self, object_name: str, name: str, user_id: str | None) -> bool:
        """Whether this user sees the field.  User None is the platform itself, which sees everything."""
        return self._allowed((object_name, name), user_id, edit=False)

    def editable(self, object_name: str, name: str, user_id: str | None) -> bool:
        """Whether this user may write the field, as far as field-level security goes."""
        return self._allowed((object_name, name), user_id, edit=True)

    def visible_field(self, owner: ObjectMeta, name: str, user_id: str | None) -> FieldMeta | None:
        """The field with this name in any case, unless it is missing or hidden from the user."""
        meta = owner.find(name)
        return meta if meta and self.visible(owner.name, meta.name, user_id) else None

    def describe_global(self, user_id: str | None = None, base: str = BASE) -> dict[str, Any]:
        """The body of `GET /sobjects`: the objects this user sees.  `base` is the path in front of its addresses."""
        seen = [m for m in self.objects.values() if not m.tooling and self.may(user_id, m.name, "Read")]
        return describe_global(seen, base)

    def describe(self, object_name: str, user_id: str | None = None, base: str = BASE) -> dict[str, Any]:
        """The body of `GET /sobjects/X/describe`: only the fields this user sees."""
        meta = self.objects[object_name]
        fields = [f for f in meta.fields.values() if self.visible(meta.name, f.name, user_id)]
        editable = {f.name for f in fields if self.editable(meta.name, f.name, user_id)}
        body = describe_object(meta, fields, editable, base)
        for flag, right in (("createable", "Create"), ("updateable", "Edit"), ("deletable", "Delete")):
            body[flag] = body[flag] and self.may(user_id, meta.name, right)
        return body

    def picklists(self, object_name: str, record_type: str, user_id: str | None, base: str) -> dict[str, Any] | None:
        """The picklist values that a record type offers; None for an unknown one."""
        meta = self.objects[object_name]
        fields = [f for f in meta.fields.values() if self.visible(meta.name, f.name, user_id)]
        return picklists(meta, fields, record_type, base)

    def _allowed(self, key: tuple[str, str], user_id: str | None, *, edit: bool) -> bool:
        if user_id is None:
            return True
        if key in self._hidden or (edit and key in self._read_only):
            return False
        if key not in self._guarded:
            return True
        held = self._held.get(user_id, ())
        return any(may_edit or not edit for ps, may_edit in self._grants.get(key, {}).items() if ps in held)

    def _link(self, owner: ObjectMeta, meta: FieldMeta) -> None:
        for target in meta.reference_to:
            if target in self.objects:
                self.objects[target].children.append(ChildLink(meta.children_as, owner.name, meta.name))
