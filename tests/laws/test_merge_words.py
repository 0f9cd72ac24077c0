"""What a merge says of itself: reason, what decided, conflict.  People read these in `explain` and in the journal."""

from __future__ import annotations

from typing import Any

import pytest

from mapping.rules import FieldRule
from mapping.values import Unmapped
from sync.merge import Side, merge
from tests.laws.oracle import H, S, flat, rank

BOTH = frozenset({H, S})
EARLY, LATE, WIDE = (10, 20), (20, 30), (10, 30)


def side(now: Any, changed: bool = True, span: tuple[int, int] = EARLY, standing: int | None = None) -> Side:
    return Side(now, changed, *span, standing)


def rule(winner: str, type: str = "text", **how: Any) -> FieldRule:
    return FieldRule("f", type, {}, **{"to": BOTH, "winner": winner, "tie": H, **how})


SAID: list[tuple[FieldRule, Side, Side, bool, tuple[str, str, bool]]] = [
    # first meeting
    (rule("latest"), side(None), side(None), False, ("blank everywhere", "first:fill_blanks", False)),
    (rule("latest"), side("a"), side(None), False, ("only a blank is filled", "first:fill_blanks", False)),
    (
        rule("latest"),
        side("a"),
        side("b"),
        False,
        ("first meeting: different values stay as they are", "first:fill_blanks", True),
    ),
    (
        rule("latest", first="review"),
        side("a"),
        side("b"),
        False,
        ("first meeting with different values: a person decides", "first:review", True),
    ),
    (rule("latest", first=S), side("a"), side("b"), False, (f"{S} decides at the first meeting", f"first:{S}", True)),
    (rule("latest", first=S), side("a"), side(None), False, ("only a blank is filled", f"first:{S}", False)),
    (
        rule("latest", first="latest"),
        side("a"),
        side("b", span=LATE),
        False,
        (f"{S} certainly newer", "first:latest", True),
    ),
    (
        rule("forward", "stage"),
        side("mql"),
        side("sql"),
        False,
        ("the furthest stage stays", "first:fill_blanks", True),
    ),
    (
        rule("forward", "stage", first=H),
        side("mql"),
        side("sql"),
        False,
        (f"{H} decides at the first meeting", f"first:{H}", True),
    ),
    # nothing to do
    (rule("latest", to=frozenset()), side("a"), side("b"), True, ("this field is not synchronised", "none", False)),
    (rule("latest"), side("a", False), side("b", False), True, ("nothing changed", "unchanged", False)),
    (rule("latest"), side("a"), side("a"), True, ("all hold the same value", "converged", False)),
    (
        rule("latest"),
        side("a"),
        side(Unmapped("?")),
        True,
        (f"the value in {S} has no translation", "unmapped", False),
    ),
    # one value changed
    (rule("latest"), side("a"), side("b", False), True, (f"only {H} changed", "latest", False)),
    (rule(H), side("a"), side("b", False), True, (f"only {H} changed", H, False)),
    (rule(S), side("a"), side("b", False), True, (f"{S} decides: its value is restored", "restore", False)),
    (rule(S, clears="never"), side("a"), side(None, False), True, (f"{S} is blank", "blank", False)),
    (
        rule(S, to=frozenset({S})),
        side("a"),
        side("b", False),
        True,
        (f"{S} decides, and the change may not be overwritten: it stays", "stays", False),
    ),
    # conflict
    (
        rule("review"),
        side("a"),
        side("b"),
        True,
        ("changed on several sides: a person decides", "review", True),
    ),
    (rule("union", "set"), side(["a"]), side(["b"]), True, ("sets united", "union", True)),
    (rule(S), side("a"), side("b"), True, (f"{S} decides", S, True)),
    (
        rule(S, clears="never"),
        side("a"),
        side(None),
        True,
        (f"{S} is blank; only {H} has a say", "blank", True),
    ),
    (rule("max", "decimal"), side("9"), side("20"), True, ("the maximum of the changes", "max", True)),
    (rule("min", "decimal"), side("9"), side("20"), True, ("the minimum of the changes", "min", True)),
    (
        rule("human"),
        side("a", standing=3),
        side("b", span=LATE, standing=0),
        True,
        (f"{H} was changed by a person", "human", True),
    ),
    (
        rule("human"),
        side("a", standing=1),
        side("b", span=LATE, standing=0),
        True,
        (f"{H} was changed by an automation", "human", True),
    ),
    (
        rule("human"),
        side("a", standing=2),
        side("b", span=LATE, standing=1),
        True,
        (f"{H} was changed by a form or an import", "human", True),
    ),
    (
        rule("human"),
        side("a", standing=None),
        side("b", span=LATE, standing=0),
        True,
        (f"{S} certainly newer", "latest", True),
    ),
    (rule("latest"), side("a"), side("b", span=LATE), True, (f"{S} certainly newer", "latest", True)),
    (
        rule("latest"),
        side("a", span=WIDE),
        side("b", span=WIDE),
        True,
        (f"order unknown: {H} wins ties", "tie", True),
    ),
    (
        rule("latest"),
        side(None, span=WIDE),
        side("b", span=WIDE),
        True,
        ("order unknown: a blank does not win", "tie", True),
    ),
    # ratchets
    (
        rule("sticky_true", "bool"),
        side(False),
        side(None),
        True,
        ("false never spreads", "sticky_true", False),
    ),
    (rule("sticky_true", "bool"), side(True), side(False, False), True, ("true spreads", "sticky_true", False)),
    (rule("sticky_true", "bool"), side(True), side(False), True, ("true spreads", "sticky_true", True)),
    (rule("forward", "stage"), side("mql"), side("sql", False), True, (f"{S} is furthest", "forward", False)),
    (rule("forward", "stage"), side("mql"), side("sql"), True, (f"{S} is furthest", "forward", True)),
]


@pytest.mark.parametrize("case", SAID, ids=lambda case: f"{case[-1][1]}-{case[-1][0]}")
def test_a_verdict_says_why_in_these_words(
    case: tuple[FieldRule, Side, Side, bool, tuple[str, str, bool]],
) -> None:
    decided, h, s, met, said = case
    verdict = merge(decided, {H: h, S: s}, met=met, rank=rank)
    assert (verdict.reason, verdict.rule, verdict.conflict) == said


def test_who_changed_to_one_value_is_named_together() -> None:
    sides = {"a": side("x"), "b": side("x"), "c": side("y", False)}
    assert merge(rule("latest", to=frozenset(sides)), sides, met=True, rank=flat).reason == "only a and b changed"
    assert (
        merge(rule("latest", to=frozenset(sides), first="latest"), sides, met=False, rank=flat).reason
        == "order unknown: c wins ties"
    )


def test_two_who_certainly_changed_last_are_named_together() -> None:
    sides = {"a": side("x", span=LATE), "b": side("x", span=LATE), "c": side("y")}
    verdict = merge(rule("latest", to=frozenset(sides)), sides, met=True, rank=flat)
    assert (verdict.reason, verdict.rule, verdict.writes) == ("a and b certainly newer", "latest", {"c": "x"})


@pytest.mark.parametrize(
    ("less", "more"),
    [("9", "20"), ("-3", "2"), ("9.5 EUR", "10 EUR"), ("10", "a"), ("a", "b"), (1, 2)],
)
def test_numbers_are_ordered_as_numbers_and_come_before_words(less: Any, more: Any) -> None:
    for h, s in ((less, more), (more, less)):
        sides = {H: side(h), S: side(s)}
        assert set(merge(rule("max"), sides, met=True, rank=flat).writes.values()) == {more}
        assert set(merge(rule("min"), sides, met=True, rank=flat).writes.values()) == {less}


THREE = {"a": side("x"), "b": side("y", span=LATE), "c": side("z", False)}


def test_an_authority_that_did_not_change_takes_everything_back_and_that_is_a_conflict() -> None:
    verdict = merge(rule("c", to=frozenset(THREE)), THREE, met=True, rank=flat)
    assert (verdict.writes, verdict.rule, verdict.conflict) == ({"a": "z", "b": "z"}, "restore", True)
    assert verdict.lost == (("a", "x"), ("b", "y"))


def test_a_blank_that_is_to_decide_a_first_meeting_decides_nothing() -> None:
    sides = {"a": side("x"), "b": side("y"), "c": side(None)}
    verdict = merge(rule("latest", to=frozenset(sides), first="c"), sides, met=False, rank=flat)
    assert (verdict.writes, verdict.reason) == ({}, "first meeting: different values stay as they are")


def test_of_several_whose_order_is_unknown_and_none_is_for_ties_the_one_that_may_be_latest_wins() -> None:
    sides = {"a": side("x", span=(10, 40)), "b": side("y", span=(20, 30)), "c": side("z", False)}
    verdict = merge(rule("latest", to=frozenset(sides), tie="c"), sides, met=True, rank=flat)
    assert (verdict.writes, verdict.reason) == ({"b": "x", "c": "x"}, "order unknown: a wins ties")


def test_a_person_who_alone_has_a_say_wins_as_the_only_one() -> None:
    sides = {H: side("a", standing=3), S: side(None, standing=0)}
    verdict = merge(rule("human", clears="never"), sides, met=True, rank=flat)
    assert (verdict.reason, verdict.rule) == (f"only {H} has a say", "latest")
