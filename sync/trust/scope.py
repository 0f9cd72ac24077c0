"""Which records a backfill is about: a first slice to try, or a repair of some.

What lies outside is left undecided: it is decided when it changes, or by a later backfill.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Protocol

from connectors.errors import Misconfigured
from mapping.conditions import ConditionError, compile_condition
from mapping.mapping import Mapping as KindMapping
from mapping.rules import Place
from state.rows import Row
from sync.match import entity_key


@dataclass(frozen=True)
class Scope:
    """A condition on the record, bounds on when it was made (ms, from included, to not), and how many at most."""

    where: str = ""
    since: int | None = None
    until: int | None = None
    limit: int | None = None


class Approved(Protocol):
    """What somebody approved."""

    about: frozenset[str] | None
    """The entities and records that it is about; None: all."""


def selector(scope: Scope | None, approved: Approved | None, mapping: KindMapping) -> Selector | None:
    """Who lets through what a run is about; None: it is about everything."""
    planned = approved.about if approved is not None else None
    return None if scope is None and planned is None else Selector(scope or Scope(), mapping, planned)


class Selector:
    """Judges records one after the other, and counts those it let through.  planned: the only ones, by entity or as
    `side:object:id`, however many there are.

    Raises Misconfigured where the condition cannot be understood.
    """

    def __init__(self, scope: Scope, mapping: KindMapping, planned: Collection[str] | None = None) -> None:
        self._scope = scope
        self._planned = planned
        self._mapping = mapping
        ranks = {stage.name: stage.rank for stage in mapping.rule.stages}
        fields = {field.name for field in mapping.rule.fields}
        try:
            self._condition = compile_condition(scope.where, fields, ranks) if scope.where else None
        except ConditionError as error:
            raise Misconfigured(f"--where: {error}") from None
        self._taken = 0

    def takes(self, row: Row) -> bool:
        """Whether the record is to be decided in this run."""
        scope = self._scope
        if self._planned is not None:
            return entity_key([row.ref], self._mapping.rule) in self._planned or ":".join(row.ref) in self._planned
        if scope.limit is not None and self._taken >= scope.limit:
            return False
        if scope.since is not None and (row.created_ms is None or row.created_ms < scope.since):
            return False
        if scope.until is not None and (row.created_ms is None or row.created_ms >= scope.until):
            return False
        if self._condition is not None:
            facts = self._mapping.facts((Place(row.system, row.object), row.now))
            if not self._condition(facts):
                return False
        self._taken += 1
        return True
