"""Suggestions of who may be one person: records that are merely alike, as open questions with answers of their own.

They are worked out when somebody asks, and hold nothing back: no rule links by likeness, and the sync does not know of
them.  One that was dismissed is not made again.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from connectors.port import Ref
from mapping.mapping import Mapping as KindMapping
from state.rows import Closing, Outcomes, ReviewRow, Row
from state.store import Store
from sync.decide.alike import LIKELY, Likeness, Person, likeness, namesakes, pairs, person
from sync.decide.asking import DISMISSED, SIMILAR, of_several

_BATCH = 2_000


def suggestions(store: Store, mapping: KindMapping, now: int) -> Outcomes:
    """The questions to open, and those that are open and no longer so."""
    people, refs = _people(store, mapping)
    found = {of_several(SIMILAR, two): (two, alike) for two, alike in _best(people, refs)}
    dismissed = store.asked([of_several(DISMISSED, two) for two, _ in found.values()])
    kept = {name: each for name, each in found.items() if of_several(DISMISSED, each[0]) not in dismissed}
    open_ = {review.fingerprint for review in store.reviews(question=SIMILAR, limit=None)}
    return Outcomes(
        opened=[_question(name, *kept[name], now) for name in kept if name not in open_],
        closed=[Closing(name, now, "no longer alike") for name in sorted(open_ - kept.keys())],
    )


def _people(store: Store, mapping: KindMapping) -> tuple[list[Person], list[Ref]]:
    people: list[Person] = []
    refs: list[Ref] = []
    for place in mapping.places:
        after = 0
        while rows := store.scan(place.system, place.object, after, _BATCH):
            after = rows[-1].n
            for row in rows:
                people.append(person(row.n, _whose(row), row.system, row.now, mapping.shared_mailbox))
                refs.append(row.ref)
    return people, refs


def _whose(row: Row) -> str:
    return row.entity or ":".join(row.ref)


def _best(people: Sequence[Person], refs: Sequence[Ref]) -> list[tuple[tuple[Ref, Ref], Likeness]]:
    """Of all records of two people the two about which something can be done, the likeliest people first."""
    systems: dict[str, set[str]] = {}
    for one in people:
        systems.setdefault(one.whose, set()).add(one.system)
    best: dict[tuple[str, str], tuple[bool, float, int, int, Likeness]] = {}
    called = namesakes(people)
    for i, j in pairs(people):
        alike = likeness(people[i], people[j], called)
        if alike.probability < LIKELY:
            continue
        a, b = people[i], people[j]
        both = (a.whose, b.whose) if a.whose < b.whose else (b.whose, a.whose)
        # Two of one system are merged; one of each is linked, where each is alone.
        fit = (a.system != b.system) == systems[a.whose].isdisjoint(systems[b.whose])
        offer = (fit, alike.probability, -i, -j, alike)
        if both not in best or offer[:4] > best[both][:4]:
            best[both] = offer
    chosen = [((refs[-i], refs[-j]), alike) for _, _, i, j, alike in best.values()]
    return sorted(chosen, key=lambda each: (-each[1].probability, each[0]))


def _question(name: str, two: tuple[Ref, Ref], alike: Likeness, now: int) -> ReviewRow:
    detail = {
        "records": [list(ref) for ref in two],
        "for": list(alike.pro),
        "against": list(alike.contra),
        "probability": round(alike.probability, 2),
    }
    return ReviewRow(SIMILAR, name, now, None, two[0].system, two[0].object, two[0].id, None, detail)


def still_so(reviews: Iterable[ReviewRow], rows: Mapping[Ref, Row]) -> list[ReviewRow]:
    """Without those of which a record is gone, or both have become one."""

    def so(review: ReviewRow) -> bool:
        two = [rows.get(Ref(*record)) for record in review.detail["records"]]
        known = [row for row in two if row is not None and row.state == "live"]
        return len(known) == 2 and _whose(known[0]) != _whose(known[1])

    return [review for review in reviews if so(review)]
