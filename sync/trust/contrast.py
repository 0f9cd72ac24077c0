"""What another configuration would do to the records that are there: two plans from the same state, compared."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

from mapping.rules import is_ours
from state.rows import OperationRow
from sync.decide.counts import Counts, count
from sync.spool import Spool
from sync.trust.dry import DryRun
from sync.trust.plans import line_of, words


class Contrast:
    """The writes of one plan that are not in another, word by word."""

    def __init__(self, plan: DryRun, other: DryRun) -> None:
        self.counts: Counts = Counter()
        self.fields: Counter[tuple[str, str, str]] = Counter()
        """(kind, side, field) → how many records."""
        self.operations: Spool[OperationRow] = Spool(OperationRow._make)
        there = frozenset(map(words, other.operations))
        for operation in plan.operations:
            if words(operation) not in there:
                self.operations.add(operation)
                self.counts += count([operation])
                names = [name for name in operation.fields if not is_ours(name)]
                self.fields.update((operation.kind, operation.system, name) for name in names)

    def lines(self) -> Iterator[dict[str, Any]]:
        """As in a plan."""
        return map(line_of, self.operations)

    def summary(self) -> Mapping[str, Mapping[str, int]]:
        """The counts, by effect and by field."""
        return {
            "effects": {".".join(where): many for where, many in sorted(self.counts.items())},
            "fields": {".".join(where): many for where, many in sorted(self.fields.items())},
        }
