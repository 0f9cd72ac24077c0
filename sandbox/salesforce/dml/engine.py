"""Insert, update, delete, undelete: one record at a time, under all the rules of the platform.

The order of a save follows the platform's (Apex guide, Triggers and Order of Execution): read the values, automations,
what the platform derives, required fields and lengths, references, validation and duplicate rules, unique values.
"""

from __future__ import annotations

from collections.abc import Mapping
from random import Random
from typing import Any

from sandbox.kernel import SEED, Caller, Change, Clock, Row
from sandbox.salesforce.dml import checks, derived, permissions, tracking
from sandbox.salesforce.dml.coerce import checked, parsed
from sandbox.salesforce.dml.rules import Rules, Save
from sandbox.salesforce.dml.writer import Writer
from sandbox.salesforce.errors import RecordError
from sandbox.salesforce.schema import FieldMeta, ObjectMeta
from sandbox.salesforce.schema.org import GUARDED
from sandbox.salesforce.schema.picklists import CAMPAIGN_MEMBER_STATUSES
from sandbox.salesforce.settings import Settings
from sandbox.salesforce.storage import Store

LOCKED = "locked"
"""In what is beside a row: an approval process holds it."""
BIN_MS = 15 * 86_400_000
"""How long the recycle bin keeps a record."""

_ACTIVITIES = ("Task", "Event")

Values = dict[str, Any]


class Engine:
    """The platform's DML.  Refusals are RecordError."""

    def __init__(self, store: Store, clock: Clock, settings: Settings, rules: Rules, rng: Random) -> None:
        self.store = store
        self.clock = clock
        self.settings = settings
        self.rules = rules
        self._rng = rng

    # What callers send → what rows store.

    def prepare(self, meta: ObjectMeta, given: Mapping[str, Any], writer: Writer, creating: bool) -> Values:
        """The given values in stored form.  Refuses fields that are unknown, hidden or not the caller's to write."""
        org, values, shut = self.store.org, Values(), []
        if creating and not org.may(writer.sees, meta.name, "Create"):
            raise RecordError(
                "CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY", f"entity type cannot be inserted: {meta.label}", ()
            )
        if not creating and not org.may(writer.sees, meta.name, "Edit"):
            raise RecordError("INSUFFICIENT_ACCESS_OR_READONLY", "insufficient access rights on object id", ())
        for key, value in given.items():
            field = meta.fields.get(key) or meta.find(key)
            if field is None or not org.visible(meta.name, field.name, writer.sees):
                if key != "attributes":
                    self._parent(meta, key, value, values, writer)
                continue
            if not (field.createable if creating else field.updateable) or not org.editable(
                meta.name, field.name, writer.sees
            ):
                shut.append(field.name)
                continue
            values[field.name] = parsed(field, value, writer.textual)
        if shut:
            raise RecordError(
                "INVALID_FIELD_FOR_INSERT_UPDATE",
                f"Unable to create/update fields: {', '.join(shut)}. Please check the security settings of this field"
                " and verify that it is read/write for your profile or permission set.",
                tuple(shut),
            )
        return values

    def _parent(self, meta: ObjectMeta, key: str, value: Any, values: Values, writer: Writer) -> None:
        """A parent named by its external id: `"Account": {"Ext__c": "v"}`."""
        reference = meta.parent(key)
        if reference is None or not (value is None or isinstance(value, Mapping)):
            raise RecordError("INVALID_FIELD", f"No such column '{key}' on sobject of type {meta.name}", ())
        if value is None:
            return
        attributes = value.get("attributes") or {}
        keys = {k: v for k, v in value.items() if k != "attributes"}
        target = attributes.get("type") or reference.reference_to[0]
        owner = self.store.org.find(target)
        if owner is None or len(keys) != 1:
            raise RecordError("INVALID_FIELD", f"{key}: a foreign key is one external id field and its value", ())
        ((name, wanted),) = keys.items()
        field = self.key_field(owner, name, writer)
        found = self.store.shelf(owner.name).live_matching(field.name, wanted)
        if len(found) != 1:
            raise RecordError(
                "INVALID_FIELD",
                f"Foreign key external ID: {wanted} not found for field {field.name} in entity {owner.name}",
                (),
            )
        values[reference.name] = found[0].id

    def key_field(self, meta: ObjectMeta, name: str, writer: Writer) -> FieldMeta:
        """A field that records may be addressed by."""
        field = self.store.org.visible_field(meta, name, writer.sees)
        if field is None or not (field.external_id or field.id_lookup or field.name == "Id"):
            raise RecordError(
                "NOT_FOUND", f"Provided external ID field does not exist or is not accessible: {name}", ()
            )
        return field

    # One record.

    def insert(self, object_name: str, given: Mapping[str, Any], writer: Writer) -> str:
        meta = self.store.org.objects[object_name]
        return self.save_new(meta, self.prepare(meta, given, writer, True), writer)

    def save_new(self, meta: ObjectMeta, values: Values, writer: Writer) -> str:
        now = self.clock.now()
        name = meta.name
        if 0 < self.settings.data_storage <= sum(len(self.store.shelf(each).rows) for each in GUARDED):
            raise RecordError("STORAGE_LIMIT_EXCEEDED", "storage limit exceeded", ())
        shape = self.store.shelf(name).shape
        for field, default in shape.defaults.items():
            if values.get(field) is None:
                values[field] = default
        if "OwnerId" in meta.fields and values.get("OwnerId") is None:
            values["OwnerId"] = self._assigned(name, values, writer) or writer.user_id
        self._refuse(writer, name, None, values)
        automated = self._automate(name, None, values, frozenset(values))
        derived.complete(self.store, name, None, values, now)
        checks.required(values, shape.required)
        self._check(meta, values, list(values), None, writer, frozenset(values))
        if name == "Event":
            checks.event_times(values)
        if name == "CampaignMember":
            checks.campaign_membership(self.store, values)
        permissions.check(self.store, name, values)
        values = {k: v for k, v in values.items() if v is not None}
        values["CreatedById"] = values["LastModifiedById"] = writer.user_id
        row = Row(self.store.new_id(name), values, self._stamp())
        row.extra = {"creator": writer.caller}
        row.history.extend(Change(now, f, values.get(f), "automation", by) for f, by in automated.items())
        self.store.put(name, row)
        tracking.created(self.store, name, row)
        self._after_insert(name, row, writer)
        return row.id

    def _assigned(self, name: str, values: Values, writer: Writer) -> str | None:
        rule = self.rules.assignment_rule
        if rule is None or name != "Lead" or not writer.auto_assign:
            return None
        return rule(Save(name, None, values, frozenset(values), self.store))

    def _after_insert(self, name: str, row: Row, writer: Writer) -> None:
        """Consequences elsewhere."""
        permissions.applied(self.store.org, name, row)
        if name in _ACTIVITIES:
            derived.note_activity(self.store, name, row.values, self.clock.now())
        if name == "Campaign":
            self._first_statuses(row, writer)
        if name == "Opportunity" and row.values.get("ContactId"):
            role = {"OpportunityId": row.id, "ContactId": row.values["ContactId"], "IsPrimary": True}
            self.save_new(self.store.org.objects["OpportunityContactRole"], role, writer)
        if name == "OpportunityContactRole":
            self._one_primary(row, writer)

    def _first_statuses(self, campaign: Row, writer: Writer) -> None:
        """The statuses that members of a new campaign may have."""
        for n, (label, responded) in enumerate(CAMPAIGN_MEMBER_STATUSES):
            values = {
                "CampaignId": campaign.id,
                "Label": label,
                "SortOrder": n + 1,
                "IsDefault": n == 0,
                "HasResponded": responded,
            }
            self.save_new(self.store.org.objects["CampaignMemberStatus"], values, writer)

    def target(self, object_name: str, record_id: str) -> Row:
        """The live row that a call names."""
        row = self.store.find(object_name, record_id)
        if row is None:
            raise RecordError("INVALID_CROSS_REFERENCE_KEY", checks.INVALID_REFERENCE, ())
        if row.archived_at is not None:
            raise RecordError("ENTITY_IS_DELETED", "entity is deleted", ())
        return row

    def update(self, object_name: str, record_id: str, given: Mapping[str, Any], writer: Writer) -> None:
        meta = self.store.org.objects[object_name]
        changes = self.prepare(meta, given, writer, False)
        self.save(meta, self.target(object_name, record_id), changes, writer)

    def save(self, meta: ObjectMeta, row: Row, changes: Values, writer: Writer) -> None:
        if row.values.get("IsConverted") and not self.settings.edit_converted_leads and meta.name == "Lead":
            raise RecordError("CANNOT_UPDATE_CONVERTED_LEAD", "cannot reference converted lead", ())
        now = self.clock.now()
        before = row.values
        if (row.extra or {}).get(LOCKED) and not self.store.org.trusts(writer.sees):
            raise RecordError("ENTITY_IS_LOCKED", "the entity is locked for editing", ())
        values = {**before, **changes}
        self._refuse(writer, meta.name, row.id, values)
        touched = frozenset(k for k in changes if before.get(k) != values.get(k))
        automated = self._automate(meta.name, row.id, values, touched)
        derived.complete(self.store, meta.name, before, values, now)
        written = list({*changes, *automated})
        checks.required(values, [f for f in self.store.shelf(meta.name).shape.required if f.name in changes])
        self._check(meta, values, written, row.id, writer, touched)
        self.write(meta.name, row, values, writer, automated)
        permissions.applied(self.store.org, meta.name, row)
        if meta.name in _ACTIVITIES:
            derived.note_activity(self.store, meta.name, row.values, now)
        if meta.name == "OpportunityContactRole":
            self._one_primary(row, writer)

    def write(
        self, name: str, row: Row, values: Values, writer: Writer, automated: Mapping[str, str] | None = None
    ) -> None:
        """Store new values: stamps, history, tracked fields.  No rule is asked."""
        now, before = self.clock.now(), row.values
        if writer.caller.by == "automation":
            values["LastModifiedDate"] = before.get("LastModifiedDate", row.modified)
        else:
            values.pop("LastModifiedDate", None)
            values["LastModifiedById"] = writer.user_id
        values = {k: v for k, v in values.items() if v is not None}
        changed = tracking.changed_fields(before, values)
        self.store.replace(name, row, values, self._stamp(row.modified), row.archived_at)
        remember(row, before, changed, now, writer.caller, automated or {})
        tracking.updated(self.store, name, row, before, changed, writer.user_id, now)

    def _stamp(self, before: int = 0) -> int:
        """When the transaction that is visible from now on began; a record's stamp never goes back."""
        now, lag = self.clock.now(), self.settings.commit_lag_ms
        return max(before, now - self._rng.randint(0, lag)) if lag else now

    def _check(
        self,
        meta: ObjectMeta,
        values: Values,
        names: list[str],
        own_id: str | None,
        writer: Writer,
        touched: frozenset[str],
    ) -> None:
        for name in names:
            values[name] = checked(meta.fields[name], values[name])
        if "WhoId" in meta.fields:
            checks.activity_parents(meta, values)
        checks.references(self.store, meta, values, names)
        save = Save(meta.name, own_id, values, touched, self.store)
        checks.validation(self.rules, save)
        checks.duplicates(self.rules, save, writer, self.settings.duplicate_key)
        checks.unique(self.store, meta, values, names, own_id)

    def _automate(self, name: str, record_id: str | None, values: Values, touched: frozenset[str]) -> dict[str, str]:
        """Let the automations rewrite; field → the automation that did."""
        by: dict[str, str] = {}
        for trigger in self.rules.triggers:
            rewritten = trigger(Save(name, record_id, values, touched | frozenset(by), self.store)) or {}
            for field, value in rewritten.items():
                if values.get(field) != value:
                    values[field] = value
                    by[field] = getattr(trigger, "__name__", type(trigger).__name__)
        return by

    def _refuse(self, writer: Writer, name: str, record_id: str | None, values: Values) -> None:
        if writer.refuse is not None:
            writer.refuse(name, record_id, values)

    def _one_primary(self, row: Row, writer: Writer) -> None:
        if not row.values.get("IsPrimary"):
            return
        shelf = self.store.shelf("OpportunityContactRole")
        for other in shelf.live_matching("OpportunityId", row.values["OpportunityId"]):
            if other.id != row.id and other.values.get("IsPrimary"):
                self.write("OpportunityContactRole", other, {**other.values, "IsPrimary": False}, writer)


def remember(
    row: Row, before: Mapping[str, Any], changed: list[str], now: int, caller: Caller, automated: Mapping[str, str]
) -> None:
    """Enter a change in the row's history, with the first value of a field that had no entry yet."""
    known = {change.field for change in row.history}
    creator = (row.extra or {}).get("creator", SEED)
    for name in changed:
        if name not in known and before.get(name) is not None:
            row.history.append(Change(row.created, name, before[name], creator.by, creator.actor))
        by = Caller("automation", automated[name]) if name in automated else caller
        row.history.append(Change(now, name, row.values.get(name), by.by, by.actor))
