"""Taking an opt-out back: only where a record shows that the person agreed again, when, where, on which legal basis.

An empty box is no evidence: it may be a mistake, an import, another integration.  So the record that took the opt-out
back must itself tell of an event after the opt-out, its time, its source and the legal basis.  Otherwise true stands,
and a person is asked.  Pure, but for `hear`, which asks the state.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, NamedTuple

from mapping.rules import FieldRule, Place
from state.rows import DUPLICATE, LIVE, Row
from sync.decide.consent import SET_AGAIN, says, taken_back
from sync.decide.decision import Decision
from sync.decide.mailboxes import ADDRESS
from sync.match import another_name
from sync.merge import Verdict
from sync.trust.erased import PERSON, address_key

if TYPE_CHECKING:
    from sync.engine import Engine
    from sync.plan import Planner

RULE = "reconsent"
"""What decided, as the journal names it; and the name of the condition of `[person.reconsent]` in the planner."""


NOBODY: Mapping[str, Row] = {}
NOTHING: Mapping[str, str] = {}


class Heard(NamedTuple):
    """What is known of an entity's consent beside its records."""

    others: Mapping[str, str] = NOTHING
    """The fields by which somebody else opted out for them, and why: a record that holds their address, or one that was
    merged into theirs."""
    opted_out_at: int | None = None
    """When the person opted out, by the journal, ms."""
    taken: Mapping[str, Row] = NOBODY
    """System → somebody else's record there, who seems to be the same person and has the address they changed to."""
    erased: Mapping[str, Row] = NOBODY
    """System → their record there, which was given the address of somebody who was erased."""


def hear(
    engine: Engine,
    planner: Planner,
    entity: str,
    rows: Sequence[Row],
    everybody: Iterable[Row],
    others: Mapping[str, Mapping[str, str]],
) -> Heard:
    """What is known beside the entity's records.  everybody: all records at hand; others: entity → as in `Heard`."""
    at = _opted_out_at(engine, planner, entity, rows)
    changed = [row for row in rows if ADDRESS in row.spans and row.state == LIVE and ADDRESS in row.now]
    if not changed:
        return Heard(others.get(entity, NOTHING), at)
    return Heard(others.get(entity, NOTHING), at, _taken(changed, everybody), _erased(engine, changed))


def _erased(engine: Engine, changed: Iterable[Row]) -> Mapping[str, Row]:
    if engine.salt is None:
        return {}
    keys = {address_key(engine.salt, str(row.now[ADDRESS])): row for row in changed}
    return {keys[key].system: keys[key] for key in engine.view.by_keys(PERSON, sorted(keys))}


def _taken(changed: Sequence[Row], everybody: Iterable[Row]) -> Mapping[str, Row]:
    return {
        other.system: other
        for row in changed
        for other in everybody
        if other.system != row.system and other.entity not in (None, row.entity) and other.state in (LIVE, DUPLICATE)
        and other.now.get(ADDRESS) == row.now[ADDRESS] and not another_name(row, other)
    }  # fmt: skip


def _opted_out_at(engine: Engine, planner: Planner, entity: str, rows: Iterable[Row]) -> int | None:
    """When the person opted out, by the journal; asked only where a record may have taken that back."""
    if planner.mapping.rule.reconsent is None:
        return None
    names = {rule.name for rule in planner.mapping.consents}
    if all(name not in row.spans and _stands(row, name) for row in rows for name in names):
        return None
    lines = (line for line in engine.store.journal(entity) if line.field in names and line.became is True)
    return max((line.at_ms for line in lines if SET_AGAIN not in line.reason), default=None)


def _stands(row: Row, name: str) -> bool:
    """Whether it says what it said when the sides last agreed."""
    return row.now.get(name) == (row.shadow or NOTHING).get(name)


def judged(
    planner: Planner,
    rule: FieldRule,
    doubted: Sequence[Row],
    rows: Sequence[Row],
    heard: Heard,
    verdict: Verdict,
    decision: Decision,
) -> Verdict | None:
    """What follows of an opt-out that was taken back on the live records `doubted`; None: the pair stays as it is now.

    rows: all records of the person.  verdict: what follows without evidence.
    """
    missing, why = _evidence(planner, rule, doubted, heard)
    still = [row for row in rows if row not in doubted and says(planner, rule, row)]
    by_hand = sorted({row.system for row in still if row.system in rule.soft})
    if missing or by_hand:
        for row in doubted:
            decision.questions.append(taken_back(rule, row, missing, by_hand or sorted({r.system for r in still})))
    if missing:
        return verdict._replace(reason=SET_AGAIN)
    decision.again[rule.name] = "" if by_hand else why
    if by_hand or any(row.state == DUPLICATE for row in still):
        # Duplicates first: what they still say would count for the person.
        return None
    decision.answered.append(rule.name)
    return Verdict({row.system: False for row in still}, (), why, RULE, agreed=True, conflict=False)


def _evidence(planner: Planner, rule: FieldRule, doubted: Sequence[Row], heard: Heard) -> tuple[list[str], str]:
    """(what is missing, what is shown in words), of the record that shows most."""
    if planner.mapping.rule.reconsent is None:
        return ["the person's consent"], ""
    if rule.name in heard.others:
        return ["the consent of everybody who shares the address or was merged"], ""
    shown = [_shown(planner, rule, row, heard) for row in doubted]
    return min(shown, key=lambda one: len(one[0]))


def _shown(planner: Planner, rule: FieldRule, row: Row, heard: Heard) -> tuple[list[str], str]:
    wanted = planner.mapping.rule.reconsent
    assert wanted is not None
    facts = planner.mapping.facts((Place(row.system, row.object), row.now))
    event, at, source, basis = (facts.get(name) for name in wanted.fields)
    told = {"an event": event, "its time": at, "its source": source, "the legal basis": basis}
    missing = [said for said, value in told.items() if value is None]
    if missing or not isinstance(at, int):
        return missing or ["its time"], ""
    # Where nobody knows when it was, it was before we saw it last.
    seen = row.spans.get(rule.name, (row.created_ms or row.version_ms,))[0]
    since = heard.opted_out_at if heard.opted_out_at is not None else seen
    if at <= since:
        return [f"an event later than the opt-out ({_iso(since)})"], ""
    if not planner.only[RULE](facts):
        return [f"an event that counts ({wanted.only})"], ""
    return [], f"agreed again in {row.system}: {event}, {_iso(at)}, source {source}, legal basis {basis}"


def _iso(ms: int) -> str:
    return datetime.fromtimestamp(ms / 1000, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
