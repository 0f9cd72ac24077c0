"""What was refused or held is taken up again by itself once its cause is gone, never blindly.

What the systems show of themselves is compared whenever it is learned.  What they do not show can only be tried: with
one record of each cause, once an hour; when that goes through, the others follow in the same cycle.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

from state.rows import DONE, OperationRow, Outcomes
from sync.refusal import BASIS, SEEN

if TYPE_CHECKING:
    from sync.engine import Engine
    from sync.plan import Planner

ASKED = ("held", "unmapped", "rejected")
"""Questions whose answer may lie in a field, an option or an owner."""
AN_HOUR = 3_600_000


class Probe(NamedTuple):
    """One record that is tried for all of its kind."""

    tried: OperationRow
    waiting: tuple[int, ...]
    """The other operations that were refused for the same cause."""


def wake(engine: Engine, planners: Mapping[str, Planner]) -> None:
    """Have everything decided again that was asked when the systems looked otherwise."""
    looks = {
        (system, object): planner.seen
        for planner in planners.values()
        for system, objects in planner.mapping.rule.objects.items()
        for object in objects
    }
    again = {
        review.entity
        for question in ASKED
        for review in engine.store.reviews(question=question, limit=None)
        if review.entity is not None
        and (look := looks.get((str(review.system), str(review.object)))) is not None
        and review.detail.get(SEEN) != look
    }
    if again:
        engine.store.commit_outcomes(engine.lease, Outcomes(dirty=sorted(again)))


def probe(engine: Engine) -> list[Probe]:
    """Let one record of each cause go that nothing but trying can show to be gone."""
    groups: dict[tuple[object, ...], list[OperationRow]] = {}
    for operation in engine.store.operations(state="parked", limit=None):
        known = (operation.note or {}).get(BASIS)
        if known is not None and known["rests"] == "hidden":
            cause = (operation.kind, operation.system, operation.object, operation.verb, operation.note["code"])
            groups.setdefault((*cause, *known["fields"]), []).append(operation)
    due = [group for group in groups.values() if max(map(_at, group)) <= engine.now() - AN_HOUR]
    probes = [_of(sorted(group, key=lambda operation: (_at(operation), operation.n))) for group in due]
    if probes:
        engine.store.retry(engine.lease, [probe.tried.n for probe in probes])
    return probes


def follow(engine: Engine, probes: Sequence[Probe]) -> bool:
    """Let the others go whose probe went through; whether there were any."""
    through = [n for probe in probes if _went_through(engine, probe.tried) for n in probe.waiting]
    return bool(through) and engine.store.retry(engine.lease, through) > 0


def _of(group: Sequence[OperationRow]) -> Probe:
    first, *others = group
    return Probe(first, tuple(operation.n for operation in others))


def _at(operation: OperationRow) -> int:
    return int(operation.note["at"])


def _went_through(engine: Engine, tried: OperationRow) -> bool:
    done = engine.store.operations(entity=tried.entity, run=engine.run, state=DONE)
    return any(operation.system == tried.system for operation in done)
