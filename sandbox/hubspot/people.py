"""What people and other software do in the portal without HTTP: under the platform's own rules all the same.

Refusals are ValueErrors that begin with the platform's code.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sandbox.hubspot import errors, merging, writing
from sandbox.hubspot.codec import iso
from sandbox.hubspot.consent import Status
from sandbox.hubspot.events import EmailEvent, Event, Form, Submission
from sandbox.hubspot.owners import Owner
from sandbox.hubspot.portal import Portal
from sandbox.hubspot.schema import ALIASES, TYPES, ObjectType, Property
from sandbox.hubspot.shape import computed
from sandbox.hubspot.store import Record, full_history
from sandbox.hubspot.values import as_text
from sandbox.kernel import SEED, Caller, Change


def _type(name: str) -> ObjectType:
    found = ALIASES.get(name)
    if found is None:
        raise errors.bad_type(name).as_value_error()
    return found


class People(Portal):
    """A portal with hands."""

    def seed(self, object: str, values: Mapping[str, Any], *, id: str | None = None, created: int | None = None) -> str:
        """A record that has been there since `created` (ms; now).  Nothing is checked or calculated."""
        records = self.records[object]
        if id is None:
            id = self.next_id()
        else:
            self.note_id(id)
        stored = {n: v if v.__class__ is str else as_text(v) for n, v in values.items() if v is not None}
        row = Record(id, stored, self.clock.now() if created is None else created)
        records.insert(row)
        for name, index in records.unique.items():
            value = stored.get(name)
            if value:
                index[value.strip().lower()] = id
        if object == "contacts" and "hs_additional_emails" in stored:
            writing.claim_again(records, TYPES[object], row)
        if object == "companies" and stored.get("domain"):
            self.note_domain(stored["domain"], id)
        return id

    def create(self, object: str, values: Mapping[str, Any], caller: Caller) -> str:
        """A new record; the id."""
        type_ = _type(object)
        try:
            clean = writing.prepare(self, type_, values, caller)
            writing.check_unique(self, type_, clean, None)
            return self.add(type_, clean, caller).id
        except (writing.Invalid, writing.Taken, errors.Refusal) as error:
            raise self._told(error) from error

    def edit(self, object: str, id: str, values: Mapping[str, Any], caller: Caller) -> None:
        type_ = _type(object)
        row = self._row(type_, id)
        try:
            clean = writing.prepare(self, type_, values, caller, row)
            writing.check_unique(self, type_, clean, row.id)
            self.change(type_, row, clean, caller)
        except (writing.Invalid, writing.Taken, errors.Refusal) as error:
            raise self._told(error) from error

    def _told(self, error: Exception) -> ValueError:
        if isinstance(error, writing.Invalid | writing.Taken):
            return writing.refusal(self, error).as_value_error()
        assert isinstance(error, errors.Refusal)
        return error.as_value_error()

    def _row(self, type: ObjectType, id: str) -> Record:
        row = self.records[type.name].resolve(id)
        if row is None:
            raise ValueError(f"OBJECT_NOT_FOUND: {type.singular} {id}")
        return row

    def delete(self, object: str, id: str, caller: Caller) -> None:
        """Into the bin."""
        type_ = _type(object)
        self.bin(type_, self._row(type_, id))

    def erase(self, object: str, id: str) -> None:
        """For good, and never to come back."""
        type_ = _type(object)
        self.purge(type_, self._row(type_, id))

    def restore(self, object: str, id: str, caller: Caller) -> None:
        """Out of the bin."""
        type_ = _type(object)
        row = self.records[type_.name].archived.get(id)
        if row is None:
            raise ValueError(f"OBJECT_NOT_FOUND: {type_.singular} {id} is not in the bin")
        self.unbin(type_, row)

    def merge(self, object: str, winner: str, loser: str, caller: Caller) -> str:
        """The id of the survivor, a new one."""
        type_ = _type(object)
        try:
            return merging.merge(self, type_, self._row(type_, winner), self._row(type_, loser), caller).id
        except errors.Refusal as error:
            raise error.as_value_error() from error

    def associate(
        self, from_object: str, from_id: str, to_object: str, to_id: str, caller: Caller, primary: bool | None = None
    ) -> None:
        """Links two records.  A contact's first company becomes its primary one, unless `primary` says otherwise."""
        a, b = _type(from_object).name, _type(to_object).name
        special = self.links.primary(a, b)
        if primary is None:
            primary = special is not None and a == "contacts" and not self.links.of(a, from_id, b)
        specs = [special] if primary and special else []
        if caller == SEED:
            self.links.link(a, from_id, b, to_id, specs)
            if specs and (a, b) == ("contacts", "companies"):
                self.records[a].rows[from_id].values["associatedcompanyid"] = to_id
            return
        for name, id in ((a, from_id), (b, to_id)):
            self._row(TYPES[name], id)
        self.associate_rows(a, from_id, b, to_id, specs)

    def dissociate(self, from_object: str, from_id: str, to_object: str, to_id: str, caller: Caller) -> None:
        a, b = _type(from_object).name, _type(to_object).name
        self.links.unlink(a, from_id, b, to_id)
        self.follow_primary(a, from_id, b, to_id)

    def linked(self, from_object: str, from_id: str, to_object: str) -> list[str]:
        """Ids of the records that this one is linked to."""
        return list(self.links.of(_type(from_object).name, from_id, _type(to_object).name))

    def get(self, object: str, id: str) -> dict[str, Any] | None:
        """Current values, those that are calculated on reading included; None for what is not there (any more)."""
        type_ = _type(object)
        row = self.records[type_.name].resolve(id)
        if row is None:
            return None
        out = dict(row.values)
        for name in ("hs_object_id", type_.created, type_.modified):
            find = computed(type_, name)
            if find is not None:
                out[name] = find(row)
        return out

    def history(self, object: str, id: str) -> list[Change]:
        """Every change of a record, oldest first; the values it began with come first."""
        type_ = _type(object)
        row = self.records[type_.name].rows.get(id)
        return full_history(row) if row else []

    def opt_out(self, email: str, caller: Caller, subscription: str | None = None) -> None:
        """From one subscription, or from everything."""
        if subscription is None:
            self.consent.opt_out(email, caller.by)
        else:
            self.consent.set(email, subscription, Status(False, self.clock.now(), caller.by))

    def opt_in(self, email: str, caller: Caller, subscription: str | None = None) -> None:
        try:
            if subscription is None:
                self.consent.opt_in(email, caller.by)
            else:
                self.consent.set(email, subscription, Status(True, self.clock.now(), caller.by))
        except errors.Refusal as error:
            raise error.as_value_error() from error

    def event(self, contact: str, type: str, properties: dict[str, Any], at: int | None = None) -> None:
        """Something that a contact did."""
        moment = self.clock.now() if at is None else at
        made = Event(self.new_key(), "contact", contact, type, moment, properties)
        self.behaviour.events.setdefault(contact, []).append(made)
        if type not in self.behaviour.types:
            self.behaviour.types.append(type)

    def email_event(self, recipient: str, type: str, campaign: int, at: int | None = None, **more: Any) -> None:
        """A step in the life of a marketing email."""
        moment = self.clock.now() if at is None else at
        self.behaviour.emails.append(EmailEvent(self.new_key(), type, recipient, moment, campaign, more))

    def form(self, name: str) -> str:
        """A new form; its guid."""
        made = Form(self.new_key(), name, self.clock.now())
        self.behaviour.forms[made.guid] = made
        return made.guid

    def submit(self, guid: str, values: dict[str, str], page: str, at: int | None = None) -> str:
        """Somebody fills in a form: the contact of that address is made or changed; its id."""
        form = self.behaviour.forms[guid]
        moment = self.clock.now() if at is None else at
        form.submissions.append(Submission(self.new_key(), moment, values, page))
        caller = Caller("form", guid)
        holder = self.records["contacts"].unique["email"].get(writing.fold(values.get("email", "")))
        if holder is None:
            holder = self.create("contacts", values, caller)
        else:
            self.edit("contacts", holder, values, caller)
        type = _type("contacts")
        shown = {"recent_conversion_date": iso(moment), "recent_conversion_event_name": form.name}
        writing.stamp(self, type, self._row(type, holder), shown, self.clock.now())
        return holder

    def fill_in(self, contact: str, name: str, page: str) -> None:
        """A contact with an address fills in the form of this name, which is made where there is none."""
        forms = self.behaviour.forms.values()
        guid = next((form.guid for form in forms if form.name == name), None) or self.form(name)
        self.submit(guid, {"email": str((self.get("contacts", contact) or {})["email"])}, page)

    def add_owner(self, owner: Owner) -> None:
        self.owners[owner.id] = owner

    def add_property(self, object: str, prop: Property) -> None:
        """A custom property."""
        name = _type(object).name
        prop.created = prop.updated = self.clock.now()
        self.schemas[name].add(prop)
        if prop.unique:
            self.unique_on(name, prop.name)

    def new_key(self) -> str:
        """A key in the look of a UUID."""
        rng = self.kernel.rng
        return "-".join(f"{rng.getrandbits(4 * n):0{n}x}" for n in (8, 4, 4, 4, 12))
