"""Questions on who somebody is: who is asked about, and when such a question has answered itself.

A duplicate or a shared address is asked about as long as the record is one.  Where several answers are possible, the
question names all records that it is about, and is put again whenever one of them changed or went.  What somebody
dismissed is not put again.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from itertools import combinations
from typing import TYPE_CHECKING, Any

from connectors.port import Ref
from mapping.mapping import Mapping as KindMapping
from state.rows import ReviewRow, Row
from sync.decide import merging, moves
from sync.match import DOUBTFUL, Ask, Candidate, Decision, Link, match

if TYPE_CHECKING:
    from state.store import Store
    from sync.engine import Engine

DUPLICATE, SHARED = "duplicate", "shared"
WHO = ("ambiguous", "same_person")
"""Questions with several possible answers."""
SIMILAR = "similar"
"""A suggestion: two that are merely alike."""
QUESTIONS = (DUPLICATE, *WHO, merging.QUESTION, SHARED)
"""All that the sync puts by itself."""
DISMISSED = "dismissed"
"""Stands as long as the question is not to be put again."""
MOST = 100_000


def of_duplicate(row: Row, entity: str | None) -> str:
    """The fingerprint of the question about a duplicate."""
    return f"{DUPLICATE}|{row.system}|{row.object}|{row.id}|{entity}"


def of_shared(row: Row) -> str:
    """The fingerprint of the question about a record whose address is nobody's in particular."""
    return f"{SHARED}|{row.system}|{row.object}|{row.id}"


def of_several(question: str, refs: Iterable[Ref]) -> str:
    """The fingerprint of a question with several possible answers."""
    return f"{question}|{'|'.join(f'{ref.system}:{ref.object}:{ref.id}' for ref in sorted(refs))}"


def about(row: Row) -> tuple[str, str]:
    """The fingerprints of what may be asked about a record alone."""
    return of_duplicate(row, row.entity), of_shared(row)


def beside(store: Store, view: Any, refs: Collection[Ref]) -> Iterator[tuple[str, list[Row]]]:
    """(fingerprint, all records that it names and that we know) of every open question that names one of these."""
    for question in WHO if refs else ():
        for review in store.reviews(question=question, limit=MOST):
            named = [Ref(*record) for record in review.detail["records"]]
            if not set(named).isdisjoint(refs):
                rows = (view.rows(*ref[:2], [ref.id]).get(ref.id) for ref in named)
                yield review.fingerprint, [row for row in rows if row is not None]


def dismissals(review: ReviewRow, now: int, who: str) -> list[ReviewRow]:
    """How it is kept that a question is not to be put again: of records that may be one, for each two of them."""
    if len(review.detail.get("records", ())) < 2 or review.question == merging.QUESTION:
        kept = {_not_again(review.fingerprint): review.detail.get("records", ())}
    else:
        refs = [Ref(*record) for record in review.detail["records"]]
        kept = {of_several(DISMISSED, pair): [list(ref) for ref in pair] for pair in combinations(refs, 2)}
    about = review._replace(question=DISMISSED, opened_ms=now, entity=None)
    return [about._replace(fingerprint=name, detail={"by": who, "records": refs}) for name, refs in kept.items()]


def undismissed(
    engine: Engine, mapping: KindMapping, candidates: Sequence[Candidate], converted: Sequence[tuple[Ref, Ref, str]]
) -> list[Decision]:
    """What the matching says when those that somebody said are not one stay apart."""
    names = moves.names(engine.view, mapping, candidates)
    apart = set[frozenset[Ref]]()
    while True:
        decisions = match(candidates, mapping, names, converted, apart)
        several = [d.refs for d in decisions if isinstance(d, Ask) or (isinstance(d, Link) and d.rule in DOUBTFUL)]
        pairs = {of_several(DISMISSED, pair): frozenset(pair) for refs in several for pair in combinations(refs, 2)}
        dismissed = {pairs[name] for name in engine.store.asked(pairs)} if pairs else set()
        if dismissed <= apart:
            return decisions
        apart |= dismissed


def to_be_put(store: Store, questions: Collection[ReviewRow]) -> list[ReviewRow]:
    """Without those that somebody dismissed."""
    who = [_not_again(review.fingerprint) for review in questions if review.question in QUESTIONS]
    dismissed = store.asked(who) if who else ()
    return [review for review in questions if _not_again(review.fingerprint) not in dismissed]


def _not_again(fingerprint: str) -> str:
    return f"{DISMISSED}|{fingerprint}"
