"""A person's way through the stages: exhaustive tables, and laws over random evidence."""

from __future__ import annotations

from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mapping.journey import (
    BACKWARD,
    DEAL,
    ENTRY,
    MARKETING,
    PRIORITY,
    SALES,
    SENT_AWAY,
    Evidence,
    Standing,
    Step,
    became_of,
    begin,
    sentence,
    standing_of,
    step,
    time_in_stage,
)
from mapping.lifecycle import ACTIVE, Lifecycle
from mapping.rules import Stage

NAMES = ("subscriber", "lead", "mql", "sal", "sql", "opportunity", "customer")
OWNERS = {
    "recycled": "sales", "disqualified": "sales", "lost": "sales", "churned": "sales", "in_review": "sales",
    "other": "marketing",
}  # fmt: skip
LIFE = Lifecycle(
    [Stage(name, 10 * n, "", "marketing", {}, {}) for n, name in enumerate(NAMES, 1)],
    [
        Stage(name, -1, "", owner, {}, {}, reasons=("price", "timing"), back_to="lead" if name == "recycled" else None)
        for name, owner in OWNERS.items()
    ],
)
VALUES = (*NAMES, *OWNERS)


def said(value: str, source: str = SALES, **more: object) -> Evidence:
    told = {"key": {SALES: "salesforce", MARKETING: "hubspot"}.get(source, source), "at": 100, "what": "a field"}
    return Evidence(**{**told, "source": source, "value": value, **more})  # type: ignore[arg-type]


def far(stage: str | None) -> int:
    return LIFE.rank(stage)


STANDINGS = st.builds(
    Standing,
    stage=st.sampled_from([None, *NAMES]),
    status=st.sampled_from([ACTIVE, *OWNERS]),
    cycle=st.integers(1, 3),
    entered=st.dictionaries(st.sampled_from(VALUES), st.integers(0, 50), max_size=4),
)
EVIDENCE = st.builds(
    Evidence,
    key=st.sampled_from(["salesforce", "hubspot", "salesforce:converted", "deal:1"]),
    source=st.sampled_from(list(PRIORITY)),
    value=st.sampled_from(VALUES),
    at=st.integers(60, 200),
    what=st.just("a field"),
    left=st.sampled_from([None, *OWNERS]),
    actor=st.sampled_from(["person", "automation", "unknown"]),
    reason=st.sampled_from([None, "price", "whim"]),
    corrects=st.booleans(),
)
SAID = st.lists(EVIDENCE, max_size=4, unique_by=lambda e: e.key)


# -- one word at a time: the table ---------------------------------------------------------------------------------


@pytest.mark.parametrize(("source", "corrects"), list(product(PRIORITY, (False, True))))
def test_every_standing_answers_every_word_as_the_table_says(source: str, corrects: bool) -> None:
    for stage, status, value in product(NAMES, (ACTIVE, *OWNERS), VALUES):
        here = Standing(stage, status)
        got = step(LIFE, here, [said(value, source, corrects=corrects)])
        assert (got.standing.stage, got.standing.status, got.standing.cycle) == expected(here, value, source, corrects)


def expected(here: Standing, value: str, source: str, corrects: bool) -> tuple[str | None, str, int]:
    """The table, in words of its own."""
    same = (here.stage, here.status, here.cycle)
    if value in OWNERS:
        team = "sales" if source in (SALES, DEAL) else "marketing"
        if value == here.status or team != OWNERS[value]:
            return same
        back = value == "recycled" and NAMES.index(str(here.stage)) > NAMES.index("lead")
        return ("lead" if back else here.stage, value, here.cycle)
    ahead = NAMES.index(value) - NAMES.index(str(here.stage))
    if ahead > 0 and here.status == "recycled" and NAMES.index(value) >= NAMES.index("mql"):
        return (value, ACTIVE, here.cycle + 1)
    return (value, here.status, here.cycle) if ahead > 0 or (ahead < 0 and corrects) else same


@pytest.mark.parametrize("status", sorted(OWNERS))
@pytest.mark.parametrize("source", [SALES, MARKETING])
@pytest.mark.parametrize("value", NAMES)
def test_only_its_own_team_calls_a_person_back(status: str, source: str, value: str) -> None:
    got = step(LIFE, Standing("sql", status), [said(value, source, left=status)]).standing
    if source != OWNERS[status]:
        # The exception: who is in nurturing comes back by anything that goes forward, and `sql` is far already.
        called = status == "recycled" and far(value) > far("sql")
        assert (got.status == ACTIVE) is called
        return
    assert got.status == ACTIVE
    assert got.stage == (value if source == SALES else max(value, "sql", key=far))
    assert got.cycle == (2 if status in SENT_AWAY and far(got.stage) >= far(ENTRY) else 1)


def test_skipped_stages_get_the_same_time_and_say_that_nobody_said_them() -> None:
    got = step(LIFE, Standing("lead", entered={"lead": 5}), [said("sql", at=70)])
    assert [(t.was.stage, t.became.stage, t.inferred, t.at) for t in got.transitions] == [
        ("lead", "mql", True, 70),
        ("mql", "sal", True, 70),
        ("sal", "sql", False, 70),
    ]
    assert got.standing.entered == {"lead": 5, "mql": 70, "sal": 70, "sql": 70}


def test_a_new_cycle_forgets_the_times_of_the_old_one_and_enters_every_stage_again() -> None:
    recycled = step(LIFE, Standing("sal", entered={"lead": 1, "mql": 2, "sal": 3}), [said("recycled", at=70)]).standing
    assert (recycled.stage, recycled.cycle) == ("lead", 1)
    assert recycled.entered == {"lead": 70, "mql": 2, "sal": 3, "recycled": 70}
    again = step(LIFE, recycled, [said("mql", MARKETING, at=90)]).standing
    assert (again.stage, again.status, again.cycle, again.left) == ("mql", ACTIVE, 2, "recycled")
    assert again.entered == {"lead": 70, "mql": 90, "recycled": 70}


def test_a_reason_comes_from_the_closed_list() -> None:
    assert step(LIFE, Standing("mql"), [said("disqualified", reason="price")]).standing.reason == "price"
    without = step(LIFE, Standing("mql"), [said("disqualified", reason="whim")]).standing
    assert (without.status, without.reason) == ("disqualified", None)
    later = step(LIFE, without, [said("disqualified", reason="timing", at=120)])
    assert (later.standing.reason, len(later.transitions)) == ("timing", 1)


def test_sales_sending_back_counts_before_marketing_going_on() -> None:
    got = step(LIFE, Standing("mql"), [said("sql", MARKETING), said("recycled")])
    assert (got.standing.stage, got.standing.status) == ("lead", "recycled")
    assert [refusal.evidence.value for refusal in got.refused] == ["sql"]


def test_going_on_needs_nobodys_leave() -> None:
    got = step(LIFE, Standing("mql"), [said("opportunity", MARKETING), said("sal")])
    assert (got.standing.stage, got.standing.status) == ("opportunity", ACTIVE)


def test_time_in_a_stage_is_the_sum_of_its_intervals() -> None:
    first = begin(LIFE, [said("mql", MARKETING, at=10)])
    standing = first.standing
    way: list[tuple[int | None, Standing]] = [(10, standing)]
    for value, at in (("sal", 30), ("recycled", 70), ("mql", 100)):
        got = step(LIFE, standing, [said(value, at=at, key=f"salesforce:{at}")])
        way, standing = [*way, *((t.at, t.became) for t in got.transitions)], got.standing
    assert time_in_stage(way, 150) == {(1, "mql"): 20, (1, "sal"): 40, (1, "lead"): 30, (2, "mql"): 50}
    assert time_in_stage([], 150) == {}


def test_who_is_met_late_has_the_way_that_the_system_tells() -> None:
    known = Standing(None, entered={"lead": 10, "mql": 20, "sql": 40})
    got = begin(LIFE, [said("mql", MARKETING, at=90)], known)
    assert [(t.was.stage, t.became.stage, t.event, t.at, t.backfilled) for t in got.transitions] == [
        (None, "lead", "forward", 10, True),
        ("lead", "mql", "met", 20, True),
    ]
    # A stage that was entered and left again says nothing of where the person stands.
    assert got.standing.entered == {"lead": 10, "mql": 20}


def test_who_is_met_late_has_come_when_dated_evidence_says() -> None:
    evidence = [
        said("sql", key="salesforce:converted", at=50, dated=True),
        said("customer", DEAL, at=90, dated=True),
        said("lead", MARKETING, at=70),
    ]
    met = begin(LIFE, evidence)
    assert met.standing.entered == {"sql": 50, "opportunity": 90, "customer": 90}
    assert [(t.became.stage, t.at, t.inferred, t.backfilled) for t in met.transitions] == [
        ("sql", 50, False, True),
        ("opportunity", 90, True, True),
        ("customer", 90, False, True),
    ]


def lived(*words: tuple[str, int, str], actor: str = "person") -> list[Evidence]:
    source = {"hubspot": MARKETING, "salesforce": SALES}
    return [
        said(value, source[side], key=f"{side}:1", at=at, actor=actor, who="77", dated=True)
        for value, at, side in words
    ]


def way(step: Step) -> list[tuple[str | None, str | None, str, int | None, str]]:
    return [(t.was.stage, t.became.stage, t.event, t.at, t.became.status) for t in step.transitions]


def test_a_history_tells_the_way_of_who_is_met_with_who_did_it() -> None:
    past = lived(("lead", 10, "hubspot"), ("mql", 20, "hubspot"), ("mql", 22, "salesforce"), ("sal", 30, "salesforce"))
    got = begin(LIFE, [said("mql", MARKETING, at=90), said("sal", at=95)], past=past, made=5)
    assert way(got) == [
        (None, "lead", "forward", 10, ACTIVE),
        ("lead", "mql", "forward", 20, ACTIVE),
        ("mql", "sal", "met", 30, ACTIVE),
    ]
    assert got.standing.entered == {"lead": 10, "mql": 20, "sal": 30}
    assert {(t.actor, t.who, t.side, t.backfilled) for t in got.transitions[1:2]} == {("person", "77", "hubspot", True)}
    assert "by person 77" in sentence(got.transitions[-1])


def test_a_history_tells_of_those_who_were_sent_back_and_came_again() -> None:
    past = lived(("mql", 20, "hubspot"), ("sal", 30, "salesforce"), ("recycled", 40, "salesforce"))
    again = lived(("lead", 45, "hubspot"), ("mql", 50, "hubspot"), ("mql", 55, "salesforce"))
    got = begin(LIFE, [said("mql", MARKETING, at=90), said("mql", at=95)], past=[*past, *again])
    assert way(got) == [
        (None, "mql", "forward", 20, ACTIVE),
        ("mql", "sal", "forward", 30, ACTIVE),
        ("sal", "lead", "recycle", 40, "recycled"),
        ("lead", "mql", "met", 50, ACTIVE),
    ]
    assert (got.standing.cycle, got.standing.entered["mql"]) == (2, 50)


def test_who_was_set_back_everywhere_was_set_back_to_the_furthest_that_anybody_says() -> None:
    past = lived(("mql", 10, "salesforce"), ("sql", 20, "hubspot"), ("lead", 30, "hubspot"))
    got = begin(LIFE, [said("lead", MARKETING, at=90), said("mql", at=95)], past=past)
    assert way(got)[-1] == ("sql", "mql", "met", 30, ACTIVE)
    machine = begin(
        LIFE, [said("mql", at=95)], past=lived(("sql", 20, "hubspot"), ("mql", 30, "hubspot"), actor="integration")
    )
    assert way(machine)[-1] == ("sql", "mql", "met", None, ACTIVE)


def test_without_any_history_when_the_record_was_made_is_the_weakest_word() -> None:
    (met,) = begin(LIFE, [said("mql", MARKETING, at=90)], made=5).transitions
    assert (met.at, met.weak, met.backfilled, met.became.entered) == (5, True, False, {})
    dated = begin(LIFE, [said("mql", MARKETING, at=90)], Standing(None, entered={"mql": 20}), made=5).transitions
    assert [(t.at, t.weak) for t in dated] == [(20, False)]


def test_who_is_met_again_keeps_the_cycle() -> None:
    again = begin(LIFE, [said("lead", MARKETING)], Standing("mql", cycle=3, entered={"mql": 5}))
    assert (again.standing.cycle, again.standing.entered) == (3, {})


# -- laws ----------------------------------------------------------------------------------------------------------


@given(STANDINGS, SAID)
def test_nobody_goes_back_without_one_of_the_six_events(here: Standing, evidence: list[Evidence]) -> None:
    for move in step(LIFE, here, evidence).transitions:
        if far(move.became.stage) < far(move.was.stage) and not (move.inferred or move.became.cycle > move.was.cycle):
            assert move.event in BACKWARD
            assert move.evidence
            assert move.side
            assert move.actor


@given(STANDINGS, SAID)
def test_automation_alone_never_sets_a_stage_back(here: Standing, evidence: list[Evidence]) -> None:
    alone = [e._replace(actor="automation", source=MARKETING, left=None) for e in evidence]
    assert far(step(LIFE, here, alone).standing.stage) >= far(here.stage)


@given(STANDINGS, SAID, st.randoms(use_true_random=False))
def test_the_order_in_which_evidence_comes_does_not_matter(
    here: Standing, evidence: list[Evidence], any_: object
) -> None:
    mixed = list(evidence)
    any_.shuffle(mixed)  # type: ignore[attr-defined]
    assert step(LIFE, here, evidence) == step(LIFE, here, mixed)
    assert begin(LIFE, evidence) == begin(LIFE, mixed)


PAST = st.lists(
    st.builds(
        lambda value, at, side, actor: lived((value, at, side), actor=actor)[0],
        st.sampled_from(VALUES),
        st.integers(1, 59),
        st.sampled_from(["hubspot", "salesforce"]),
        st.sampled_from(["person", "automation", "integration", "unknown"]),
    ),
    max_size=8,
    unique_by=lambda e: (e.key, e.at),
)


@given(SAID, PAST, st.randoms(use_true_random=False))
def test_no_history_moves_anybody_from_where_the_records_say_they_are(
    evidence: list[Evidence], past: list[Evidence], any_: object
) -> None:
    plain, told = begin(LIFE, evidence), begin(LIFE, evidence, past=past)
    assert (told.standing.stage, told.standing.status) == (plain.standing.stage, plain.standing.status)
    mixed = list(past)
    any_.shuffle(mixed)  # type: ignore[attr-defined]
    assert begin(LIFE, evidence, past=mixed) == told


@given(SAID, PAST)
def test_a_way_that_a_history_tells_is_a_chain_in_order_of_time_and_ends_where_the_person_stands(
    evidence: list[Evidence], past: list[Evidence]
) -> None:
    got = begin(LIFE, evidence, past=past)
    before = Standing(None)
    for move in got.transitions:
        assert (move.was.stage, move.was.status) == (before.stage, before.status)
        assert move.backfilled or move is got.transitions[-1]
        before = move.became
    times = [move.at for move in got.transitions if move.backfilled and move.at is not None]
    assert times == sorted(times)
    assert not got.transitions or before == got.standing
    assert all(far(name) <= far(got.standing.stage) for name in got.standing.entered)


@given(STANDINGS, SAID)
def test_the_same_evidence_counts_once(here: Standing, evidence: list[Evidence]) -> None:
    settled = [one._replace(sure=True) for one in evidence]
    first = step(LIFE, here, settled)
    assert step(LIFE, first.standing, settled).transitions == ()


@given(STANDINGS, EVIDENCE, EVIDENCE)
def test_a_later_word_of_the_same_time_is_heard_where_there_may_be_one(
    here: Standing, first: Evidence, then: Evidence
) -> None:
    said = then._replace(key=first.key, at=first.at)
    after = step(LIFE, here, [first._replace(sure=False)]).standing
    later = step(LIFE, after, [said._replace(at=first.at + 1)])
    assert step(LIFE, after, [said]).standing.stage == later.standing.stage


@given(STANDINGS, SAID)
def test_the_way_is_a_chain_and_no_cycle_is_left_out(here: Standing, evidence: list[Evidence]) -> None:
    got: Step = step(LIFE, here, evidence)
    at = here
    for move in got.transitions:
        assert (move.was.stage, move.was.status, move.was.cycle) == (at.stage, at.status, at.cycle)
        assert at.cycle <= move.became.cycle <= at.cycle + 1
        at = move.became
    assert at == got.standing
    assert got.standing.stage in (None, *NAMES)
    assert got.standing.status in (ACTIVE, *OWNERS)


@given(STANDINGS, SAID)
def test_the_journal_remembers_where_to_go_on(here: Standing, evidence: list[Evidence]) -> None:
    for move in step(LIFE, here, evidence).transitions:
        assert standing_of(became_of(move)) == move.became
