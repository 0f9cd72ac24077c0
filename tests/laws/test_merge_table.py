"""The merge of two systems, exhaustively: every setting, value, change and order of times."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest

from sync.merge import Side, Verdict, merge
from tests.laws.oracle import OTHER, WINNERS, Case, H, S, cases, expected, rank

SWAP = {H: S, S: H}


def decide(case: Case) -> Verdict:
    return merge(case.rule, case.sides, met=case.met, base=case.base, rank=rank)


def shown(case: Case, verdict: Verdict) -> str:
    return f"\n{case.rule}\n{case.sides}\nmet={case.met}\n{verdict}"


@pytest.mark.parametrize("winner", WINNERS)
def test_every_case_is_decided_as_the_table_says_and_keeps_the_promises(winner: str) -> None:
    count = 0
    for case in cases(winner):
        count += 1
        verdict = decide(case)
        assert (dict(verdict.writes), verdict.agreed) == expected(case), shown(case, verdict)
        broken = [promise for promise, kept in promises(case, verdict) if not kept]
        assert not broken, f"{broken}{shown(case, verdict)}"
    assert count > 5_000


def promises(case: Case, verdict: Verdict) -> Iterator[tuple[str, bool]]:
    rule, sides, writes = case.rule, case.sides, verdict.writes
    held = [side.now for side in sides.values()]
    yield "writes only where it may", set(writes) <= rule.to
    yield "writes only what differs", all(sides[x].now != value for x, value in writes.items())
    yield "invents nothing", rule.winner == "union" or all(v in held or v is True for v in writes.values())
    yield "writes nothing while a person must decide", verdict.agreed or not writes
    yield "a blank never wins a first meeting", case.met or None not in writes.values()
    yield "a blank travels only if it may", rule.clears != "never" or None not in writes.values()
    yield (
        "a quiet field stays quiet",
        (not case.met or any(s.changed for s in sides.values()) or not writes or rule.winner == "sticky_true"),
    )
    yield "creation-only fields are never overwritten", rule.when != "create" or not writes
    yield "only true spreads", rule.winner != "sticky_true" or set(writes.values()) <= {True}
    yield (
        "no stage is lowered",
        rule.winner != "forward" or all(rank(value) > rank(sides[x].now) for x, value in writes.items()),
    )
    named = {system for system, _ in verdict.lost}
    overwritten = {x for x in writes if (sides[x].changed if case.met else sides[x].now is not None)}
    yield "names exactly the changes it overwrites", named == overwritten
    yield "says what it saw", all(value == sides[x].now for x, value in verdict.lost)
    yield "settles", not decide(settled(case, verdict)).writes
    yield "treats both systems alike", is_mirrored(case, verdict)
    yield "does not care in which order systems are named", verdict == decide(reversed_(case))
    yield "gives a reason and a rule", bool(verdict.reason and verdict.rule)


def settled(case: Case, verdict: Verdict) -> Case:
    """The world after the verdict was carried out: agreed, or still waiting for a person."""
    if not verdict.agreed:
        return case
    sides = {x: Side(verdict.writes.get(x, side.now), False, side.after, side.by) for x, side in case.sides.items()}
    return replace(case, sides=sides, met=True)


def is_mirrored(case: Case, verdict: Verdict) -> bool:
    other = decide(mirror(case))
    lost = {(SWAP[x], str(v)) for x, v in verdict.lost}
    return {SWAP[x]: v for x, v in verdict.writes.items()} == other.writes and lost == {
        (x, str(v)) for x, v in other.lost
    }


def mirror(case: Case) -> Case:
    rule = case.rule
    swapped = replace(
        rule,
        to=frozenset(SWAP[x] for x in rule.to),
        winner=SWAP.get(rule.winner, rule.winner),
        first=SWAP.get(rule.first, rule.first),
        tie=SWAP[rule.tie],
    )
    return replace(case, rule=swapped, sides={OTHER[x]: side for x, side in case.sides.items()})


def reversed_(case: Case) -> Case:
    return replace(case, sides=dict(reversed(case.sides.items())))
