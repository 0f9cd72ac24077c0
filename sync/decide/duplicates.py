"""Who is who, as far as a person has to say: what is asked, where to answer it, and what is answered here.

Two records of one system are merged there, by a person.  Here a record is linked with one of the other system by
hand, or a question is dismissed: it is not put again.  Nothing is written but by the next sync.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import combinations
from typing import TYPE_CHECKING, NamedTuple

from connectors.port import Ref
from mapping.mapping import Mapping as KindMapping
from state.rows import LIVE, SENT, Closing, OperationRow, Outcomes, ReviewRow, Row
from sync.decide import asking, mailboxes, merging, moves
from sync.decide.decision import HELD
from sync.decide.namesakes import NAMESAKE
from sync.decide.suggesting import still_so
from sync.match import Candidate, entity_key

if TYPE_CHECKING:
    from state.store import Store

MERGE_AT = {
    ("hubspot", "contacts"): "in HubSpot open the contact that stays, Actions, Merge",
    ("hubspot", "companies"): "in HubSpot open the company that stays, Actions, Merge",
    ("hubspot", "deals"): "in HubSpot open the deal that stays, Actions, Merge",
    (
        "salesforce",
        "Contact",
    ): "in Salesforce open the contact, View Duplicates (Classic: Merge Contacts on its account)",
    ("salesforce", "Lead"): "in Salesforce open the lead, View Duplicates (Classic: Find Duplicates)",
    ("salesforce", "Account"): "in Salesforce open the account, View Duplicates (Classic: Accounts, Merge Accounts)",
    ("salesforce", "Opportunity"): "Salesforce merges no opportunities: delete the one that is too many",
}
"""Where a person merges two records of an object."""


class Doubt(NamedTuple):
    """One open question, with the records that it is about as far as we know them."""

    review: ReviewRow
    records: Sequence[Ref]

    @property
    def reasons(self) -> tuple[list[str], list[str]]:
        """For one, and against it."""
        detail = self.review.detail
        return list(detail.get("for", ())), list(detail.get("against", ()))

    @property
    def fix(self) -> str:
        """What to do, and where."""
        return "; ".join([*self._ways(), f"`smarketing duplicates dismiss {self.review.n}` if {self._else()}"])

    def _ways(self) -> Iterator[str]:
        if self.review.question == merging.QUESTION:
            yield str(self.review.detail.get("fix", ""))
            return
        if self.review.question == asking.SHARED:
            of = f"{self.records[0].system}:{self.records[0].id}"
            yield f"give everybody an address of their own, or `smarketing duplicates link {of} SIDE:ID`"
            return
        for a, b in combinations(self.records, 2):
            if a.system != b.system:
                yield f"`smarketing duplicates link {a.system}:{a.id} {b.system}:{b.id}` if they are one"
            elif a.object == b.object:
                yield MERGE_AT.get((a.system, a.object), f"merge {a.object} {a.id} and {b.id} in {a.system}")
            else:
                lead, contact = sorted((a, b), key=lambda ref: ref.object != "Lead")
                yield f"in Salesforce convert lead {lead.id} into {contact.object} {contact.id}"

    def _else(self) -> str:
        several = (*asking.WHO, asking.SIMILAR, HELD)
        return "they are not the same" if self.review.question in several else "it is to stay as it is"


def doubts(store: Store) -> list[Doubt]:
    """The open questions on who is who, oldest first: suggestions and deals of one name among them."""
    asked = [review for question in asking.QUESTIONS for review in store.reviews(question=question, limit=None)]
    similar = store.reviews(question=asking.SIMILAR, limit=None)
    asked += still_so(similar, _known(store, [Ref(*record) for each in similar for record in each.detail["records"]]))
    asked += [held for held in store.reviews(question=HELD, limit=None) if held.detail.get("code") == NAMESAKE]
    primaries = _primaries(store, [_ref(review) for review in asked if review.question == asking.DUPLICATE])
    return [Doubt(review, _about(review, primaries)) for review in sorted(asked, key=lambda review: review.n)]


def _known(store: Store, refs: Iterable[Ref]) -> dict[Ref, Row]:
    ids: dict[tuple[str, str], list[str]] = {}
    for ref in refs:
        ids.setdefault(ref[:2], []).append(ref.id)
    return {row.ref: row for place, some in ids.items() for row in store.rows(*place, some).values()}


def _primaries(store: Store, duplicates: Iterable[Ref]) -> dict[Ref, Ref]:
    """Duplicate → the record of its system that is kept in step."""
    rows = list(_known(store, duplicates).values())
    members = store.entity_rows(sorted({row.entity for row in rows if row.entity is not None}))
    places = {(row.entity, row.system): row.ref for each in members.values() for row in each if row.in_place}
    return {row.ref: places[row.entity, row.system] for row in rows if (row.entity, row.system) in places}


def _about(review: ReviewRow, primaries: Mapping[Ref, Ref]) -> list[Ref]:
    if "records" in review.detail:
        return [Ref(*record) for record in review.detail["records"]]
    ref = _ref(review)
    return [ref, primaries[ref]] if ref in primaries else [ref]


def _ref(review: ReviewRow) -> Ref:
    return Ref(str(review.system), str(review.object), str(review.id))


def dismissal(store: Store, doubt: Doubt, now: int, who: str) -> Outcomes:
    """The question is answered, and the records are decided again without it."""
    review = doubt.review
    rows = _rows(store, doubt.records) if review.question in (*asking.WHO, HELD) else []
    return Outcomes(
        decided=[row._replace(dirty=True) for row in rows],
        opened=asking.dismissals(review, now, who),
        closed=[Closing(review.fingerprint, now, f"dismissed by {who}")],
    )


def known(store: Store, mappings: Iterable[KindMapping], side: str, id: str) -> dict[str, Row]:
    """Kind → the record of a side that has this id."""
    return {
        mapping.rule.kind: row
        for mapping in mappings
        for object in mapping.rule.objects.get(side, ())
        if (row := store.rows(side, object, [id]).get(id)) is not None
    }


class Pair(NamedTuple):
    """Two records of one kind that somebody says are one, with what else there is of their entities."""

    a: Row
    b: Row
    beside: Mapping[str, Sequence[Row]]
    """Entity → its records, without these two."""
    opens: Mapping[tuple[str, str], OperationRow]

    @classmethod
    def of(cls, store: Store, a: Row, b: Row) -> Pair:
        """What the state knows of them."""
        entities = sorted({entity for row in (a, b) if (entity := own_entity(row)) is not None})
        return cls(a, b, store.entity_rows(entities, but=[a.n, b.n]), store.open_operations(entities))

    def refusal(self) -> str | None:
        """Why they cannot be linked, in a sentence."""
        a, b = self.a, self.b
        if a.system == b.system:
            return f"both are records of {a.system}: merge them there ({MERGE_AT.get(a.ref[:2], 'Merge')})"
        for row in (a, b):
            if row.state not in moves.MATCHED:
                return f"{_said(row)} is {row.state}"
        own = own_entity(a), own_entity(b)
        if own[0] is not None and own[0] == own[1]:
            return f"{_said(a)} and {_said(b)} are linked already"
        for row, other in ((a, b), (b, a)):
            taken = [r for r in self._beside(row) if r.state == LIVE and r.system == other.system]
            if taken:
                return f"{_said(row)} is linked with {_said(taken[0])} already"
        if self._beside(a) and self._beside(b):
            others = ", ".join(_said(row) for row in (*self._beside(a), *self._beside(b)))
            return f"each of them has further records: {others}; merge these first"
        if any(open_.state == SENT for open_ in self.opens.values()):
            return "a write to one of them is still under way: `smarketing sync` first"
        return None

    def entity(self, fresh: str) -> str:
        """Whose entity both are from now on: that of the one with further records, else the first one's, else a new
        one."""
        chosen = sorted((self.a, self.b), key=lambda row: (own_entity(row) is None, not self._beside(row)))[0]
        return own_entity(chosen) or fresh

    def _beside(self, row: Row) -> Sequence[Row]:
        return self.beside.get(own_entity(row) or "", ())


def link(store: Store, mapping: KindMapping, pair: Pair, now: int, who: str) -> Outcomes:
    """Make one entity of both: the next sync decides it as any two records that meet."""
    systems = list(mapping.rule.objects)
    a, b = sorted((pair.a, pair.b), key=lambda row: systems.index(row.system))
    pair = pair._replace(a=a, b=b)
    names = moves.names(store, mapping, [Candidate.of(row, True, ()) for row in (a, b)])
    key = entity_key([a.ref, b.ref], mapping.rule)
    entity = pair.entity(names.get(key, key))
    left = {own for row in (a, b) if (own := own_entity(row)) not in (None, entity)}
    answered = [fingerprint for row in (a, b) for fingerprint in asking.about(row)]
    answered.append(asking.of_several(asking.SIMILAR, (a.ref, b.ref)))
    answered += [doubt.review.fingerprint for doubt in doubts(store) if _about_both(doubt, a, b)]
    answered += [review.fingerprint for own in sorted(left) for review in store.reviews(entity=own, limit=None)]
    again: dict[int, Row] = {}
    for fingerprint, rows in asking.beside(store, store, [a.ref, b.ref]):
        answered.append(fingerprint)
        again |= {row.n: row._replace(dirty=True) for row in rows}
    for row, other in ((a, b), (b, a)):
        why = {"rule": "by hand", "evidence": f"{who} linked it with {_said(other)}", "at": now, "by": who}
        shadow = row.shadow if own_entity(row) == entity else None
        again[row.n] = row._replace(entity=entity, state=LIVE, shadow=shadow, why=why, dirty=True)
    return Outcomes(
        decided=list(again.values()),
        dropped=[open_.n for (of, _), open_ in pair.opens.items() if of in left],
        closed=[Closing(fingerprint, now, f"linked by {who}") for fingerprint in dict.fromkeys(answered)],
    )


def _about_both(doubt: Doubt, a: Row, b: Row) -> bool:
    return doubt.review.question == HELD and set(doubt.records) == {a.ref, b.ref}


def own_entity(row: Row) -> str | None:
    """The entity in which a record has a place: a duplicate, or one whose address is shared, has none."""
    return row.entity if row.in_place and not mailboxes.is_place(str(row.entity)) else None


def _rows(store: Store, refs: Iterable[Ref]) -> list[Row]:
    found = (store.rows(*ref[:2], [ref.id]).get(ref.id) for ref in refs)
    return [row for row in found if row is not None]


def _said(row: Row) -> str:
    return f"{row.system} {row.object} {row.id}"
