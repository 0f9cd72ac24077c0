"""What was refused or held is taken up again by itself once its cause is gone, never blindly.

What the systems show of themselves is compared whenever it is learned.  What they do not show can only be tried: with
one record of each cause, once an hour; when that goes through, the others follow in the same cycle.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

from state.rows import DONE, PARKED, SPARES, OperationRow, Outcomes
from sync.trust.refusal import BASIS, SEEN

if TYPE_CHECKING:
    from sync.engine import Engine
    from sync.plan import Planner

ASKED = ("held", "unmapped", "rejected")
"""Questions whose answer may lie in a field, an option or an owner."""
AN_HOUR = 3_600_000
PROBE_MS = 5 * 60_000
"""How long nobody looks whether a refusal is old enough to be tried."""


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
    if engine.now() < engine.probe_at:
        return []
    engine.probe_at = engine.now() + PROBE_MS
    of_one: dict[tuple[str, str], list[OperationRow]] = {}
    for operation in engine.store.operations(state=PARKED, limit=None):
        of_one.setdefault((operation.entity, operation.system), []).append(operation)
    groups: dict[tuple[object, ...], list[Sequence[OperationRow]]] = {}
    for refused in of_one.values():
        if cause := _cause(refused[0]):
            groups.setdefault(cause, []).append(refused)
    probes = []
    for group in groups.values():
        first, *others = sorted(group, key=lambda refused: (_at(refused), refused[0].n))
        if max(map(_at, group)) <= engine.now() - AN_HOUR:
            waiting = tuple(operation.n for refused in others for operation in refused)
            probes.append(Probe(first[0], waiting))
            engine.store.retry(engine.lease, [operation.n for operation in first])
    return probes


def follow(engine: Engine, probes: Sequence[Probe]) -> bool:
    """Let the others go whose probe went through; whether there were any."""
    through = [n for probe in probes if _went_through(engine, probe.tried) for n in probe.waiting]
    return bool(through) and engine.store.retry(engine.lease, through) > 0


def _cause(operation: OperationRow) -> tuple[object, ...] | None:
    """By which those are alike that may go through together; None: trying would show nothing new."""
    notes = (operation.note or {}, *(note for _, note in operation.basis.get(SPARES, {}).get("refused", ())))
    hidden = next((note for note in notes if note.get(BASIS, {}).get("rests") == "hidden"), None)
    if hidden is None:
        return None
    place = (operation.kind, operation.system, operation.object, operation.verb)
    return (*place, hidden["code"], *hidden[BASIS]["fields"])


def _at(refused: Sequence[OperationRow]) -> int:
    """When a record was refused last, ms."""
    return max(int(operation.note["at"]) for operation in refused)


def _went_through(engine: Engine, tried: OperationRow) -> bool:
    done = engine.store.operations(entity=tried.entity, run=engine.run, state=DONE)
    return any(operation.system == tried.system and not operation.leaves_parked for operation in done)
