"""Questions on who somebody is: who is asked about, and when such a question has answered itself.

A duplicate or a shared address is asked about as long as the record is one.  Where several answers are possible, the
question names all records that it is about, and is put again whenever one of them changed or went.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import TYPE_CHECKING

from connectors.port import Ref
from state.rows import Row

if TYPE_CHECKING:
    from sync.engine import Engine

DUPLICATE, SHARED = "duplicate", "shared"
WHO = ("ambiguous", "same_person")
"""Questions with several possible answers."""
MOST = 100_000


def of_duplicate(row: Row, entity: str | None) -> str:
    """The fingerprint of the question about a duplicate."""
    return f"{DUPLICATE}|{row.system}|{row.object}|{row.id}|{entity}"


def of_shared(row: Row) -> str:
    """The fingerprint of the question about a record whose address is nobody's in particular."""
    return f"{SHARED}|{row.system}|{row.object}|{row.id}"


def about(row: Row) -> tuple[str, str]:
    """The fingerprints of what may be asked about a record alone."""
    return of_duplicate(row, row.entity), of_shared(row)


def beside(engine: Engine, refs: Collection[Ref]) -> Iterator[tuple[str, list[Row]]]:
    """(fingerprint, all records that it names and that we know) of every open question that names one of these."""
    for question in WHO if refs else ():
        for review in engine.store.reviews(question=question, limit=MOST):
            named = [Ref(*record) for record in review.detail["records"]]
            if not set(named).isdisjoint(refs):
                rows = (engine.view.rows(*ref[:2], [ref.id]).get(ref.id) for ref in named)
                yield review.fingerprint, [row for row in rows if row is not None]
