"""Taking an opt-out back: only where a record shows that the person agreed again, when, where, on which legal basis.

An empty box is no evidence: it may be a mistake, an import, another integration.  So the record that took the opt-out
back must itself tell of an event after the opt-out, its time, its source and the legal basis.  Otherwise true stands,
and a person is asked.  Pure.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from mapping.rules import FieldRule, Place
from state.rows import DUPLICATE, Row
from sync.decide.consent import SET_AGAIN, says, taken_back
from sync.decide.decision import Decision
from sync.decide.hearing import Heard
from sync.merge import Verdict

if TYPE_CHECKING:
    from sync.plan import Planner

RULE = "reconsent"
"""What decided, as the journal names it; and the name of the condition of `[person.reconsent]` in the planner."""


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
