"""What a person's way says of itself, word by word, and what the vocabulary makes of native values."""

from __future__ import annotations

import pytest

from mapping.journey import (
    COMPANY,
    DEAL,
    MARKETING,
    Evidence,
    Standing,
    Transition,
    became_of,
    begin,
    sentence,
    standing_of,
    step,
    was_of,
)
from mapping.lifecycle import ACTIVE, BLANK_RANK, STATUS_RANK, Lifecycle
from mapping.rules import Stage
from mapping.values import Unmapped
from tests.laws.test_journey import LIFE, said


@pytest.mark.parametrize(
    ("here", "word", "why"),
    [
        (Standing("sql"), said("mql"), "sql is further, and nothing says why to go back"),
        (
            Standing("sql"),
            said("mql", corrects=True, actor="automation"),
            "sql is further, and automation never moves anybody back",
        ),
        (
            Standing("sql"),
            said("mql", corrects=True, actor="integration"),
            "sql is further, and automation never moves anybody back",
        ),
        (Standing("sql"), said("recycled", MARKETING), "recycled is for sales to say"),
        (Standing("sql"), said("other"), "other is for marketing to say"),
    ],
)
def test_what_does_not_count_says_why(here: Standing, word: Evidence, why: str) -> None:
    got = step(LIFE, here, [word])
    assert [(refusal.evidence, refusal.why) for refusal in got.refused] == [(word, why)]
    assert (got.standing, got.transitions) == (here, ())


def test_what_is_no_news_is_not_even_refused() -> None:
    for here, word in (
        (Standing("sql"), said("sql")),
        (Standing("lead", "recycled", reason="price"), said("recycled", reason="price")),
        (Standing("lead", "recycled", reason="price"), said("recycled")),
        (Standing("sql", heard={"salesforce": 100}), said("customer", at=100)),
    ):
        assert step(LIFE, here, [word]) == (here, (), ())


def test_who_is_believed_first_is_named_where_others_are_not() -> None:
    back = said("recycled", at=70, what="Lead Status")
    for source in (DEAL, MARKETING, COMPANY):
        on = said("customer", source, key="x", at=90)
        got = step(LIFE, Standing("sql"), [on, back])
        assert [(refusal.evidence, refusal.why) for refusal in got.refused] == [(on, "Lead Status counts before it")]
        assert got.standing.status == "recycled"


@pytest.mark.parametrize(
    ("here", "word", "event"),
    [
        (Standing(None), said("mql"), "met"),
        (Standing("lead"), said("mql"), "forward"),
        (Standing("lead", "recycled"), said("mql", MARKETING), "forward"),
        (Standing("lead", "disqualified"), said("mql", left="disqualified"), "reopen"),
        (Standing("sql"), said("mql", corrects=True, actor="person"), "admin_correct"),
        (Standing("sql"), said("recycled"), "recycle"),
        (Standing("sql"), said("disqualified"), "disqualify"),
        (Standing("sql"), said("lost", DEAL), "lost"),
        (Standing("customer"), said("churned"), "churn"),
        (Standing("sql"), said("in_review"), "status"),
    ],
)
def test_every_step_has_its_event_and_remembers_who_said_so(here: Standing, word: Evidence, event: str) -> None:
    word = word._replace(key="salesforce:Lead:7", who="005", at=70, what="Lead Status")
    got = step(LIFE, here, [word], {"deal:1": "won"})
    last = got.transitions[-1]
    assert (last.event, last.at, last.evidence, last.side, last.actor, last.who) == (
        event, 70, "Lead Status", "salesforce", word.actor, "005",
    )  # fmt: skip
    assert last.became == got.standing
    assert got.standing.heard == {"salesforce:Lead:7": 70}
    assert got.standing.deals == {"deal:1": "won"}
    assert got.standing.moved is (event != "met")
    assert (last.inferred, last.backfilled, last.weak) == (False, False, False)


def test_a_word_that_another_of_the_same_time_may_follow_is_heard_up_to_just_before() -> None:
    assert step(LIFE, Standing("lead"), [said("mql", at=70, sure=False)]).standing.heard == {"salesforce": 69}


def test_who_is_called_back_is_active_without_reason_or_day_and_remembers_from_what() -> None:
    here = Standing("lead", "recycled", reason="price", until="2026-02-01", entered={"subscriber": 1, "mql": 5})
    for word in (said("mql", left="recycled", at=70), said("mql", MARKETING, at=70)):
        got = step(LIFE, here, [word]).standing
        assert got[:6] == ("mql", ACTIVE, 2, None, None, "recycled")
        assert got.entered == {"subscriber": 1, "mql": 70}
    low = step(LIFE, Standing("subscriber", "recycled", cycle=3), [said("lead", left="recycled")]).standing
    assert (low.stage, low.cycle) == ("lead", 3)


def test_a_status_takes_its_reason_and_day_along_and_forgets_from_what_the_person_came() -> None:
    here = Standing("sql", left="recycled")
    got = step(LIFE, here, [said("recycled", reason="timing", until="2026-03-01")]).standing
    assert (got.stage, got.status, got.reason, got.until, got.left) == (
        "lead", "recycled", "timing", "2026-03-01", None,
    )  # fmt: skip
    again = step(LIFE, got, [said("recycled", reason="price", at=200)]).standing
    assert (again.stage, again.reason) == ("lead", "price")


MET = Standing("sql", "recycled", 2, "price", "2026-03-01", None, {"sql": 5}, True, {"hubspot": 5}, {"deal:1": "won"})


def test_the_journal_keeps_exactly_this() -> None:
    made = Transition(Standing("lead"), MET, "recycle", 9, "Lead Status", "salesforce", "person", who="005", weak=True)
    assert was_of(made) == {"stage": "lead", "status": "active", "cycle": 1}
    assert became_of(made) == {
        "stage": "sql", "status": "recycled", "cycle": 2, "reason": "price", "until": "2026-03-01",
        "entered": {"sql": 5}, "moved": True, "heard": {"hubspot": 5}, "deals": {"deal:1": "won"},
        "event": "recycle", "at": 9, "evidence": "Lead Status", "side": "salesforce", "actor": "person",
        "who": "005", "weak": True,
    }  # fmt: skip
    assert standing_of(became_of(made)) == MET
    bare = Transition(Standing(None), Standing("lead"), "met", None, "", "hubspot", "unknown")
    assert became_of(bare) == {
        "stage": "lead", "status": "active", "cycle": 1, "event": "met", "evidence": "", "side": "hubspot",
        "actor": "unknown",
    }  # fmt: skip


def test_a_step_reads_as_a_sentence() -> None:
    met = Transition(Standing(None), Standing("lead"), "met", None, "lifecycle stage", "hubspot", "unknown")
    assert sentence(met) == "met: none to lead (hubspot lifecycle stage; by unknown; cycle 1)"
    gone = Transition(
        Standing("sql"), MET, "recycle", 9, "Lead Status", "salesforce", "person", True, True, "005", True
    )
    assert sentence(gone) == (
        "recycle: sql to sql, recycled (salesforce Lead Status; by person 005; cycle 2; reason price; inferred; "
        "from its history; dated by when the record was made)"
    )


def test_who_is_met_has_the_furthest_stage_and_the_status_that_is_believed_first() -> None:
    got = begin(
        LIFE,
        [said("lead", at=50, what="Status", who="005"), said("sql", MARKETING, at=70, what="lifecycle"), said("lost")],
        Standing(None, cycle=3, entered={"lead": 5, "customer": 9}),
        {"deal:1": "won"},
    )
    assert got.standing[:3] == ("sql", "lost", 3)
    assert got.standing.heard == {"salesforce": 100, "hubspot": 70}
    assert got.standing.deals == {"deal:1": "won"}
    assert "customer" not in got.standing.entered
    last = got.transitions[-1]
    assert (last.event, last.evidence, last.side, last.became) == ("met", "lifecycle", "hubspot", got.standing)
    assert begin(LIFE, []) == (Standing(None), (), ())


TWO = Lifecycle(
    [
        Stage("sql", 40, "", "sales", {"hubspot": ("salesqualifiedlead",)}, {"hubspot": "salesqualifiedlead"}),
        Stage("sal", 35, "", "sales", {}, {"hubspot": "salesqualifiedlead"}),
        Stage("mql", 30, "", "marketing", {"hubspot": ("marketingqualifiedlead", "salesqualifiedlead")}, {}),
    ],
    [Stage("lost", -1, "", "sales", {"hubspot": ("other",)}, {"hubspot": "other"}, reasons=("price",))],
)


def test_the_vocabulary_reads_and_writes_native_values() -> None:
    assert list(TWO.stages) == ["mql", "sal", "sql"]
    assert [TWO.rank(name) for name in ("mql", "sal", "sql", None, "lost", "nope", 7)] == [
        30, 35, 40, BLANK_RANK, STATUS_RANK, STATUS_RANK, STATUS_RANK,
    ]  # fmt: skip
    read = {
        ("salesqualifiedlead",): "mql",
        ("salesqualifiedlead", "sal"): "sal",
        ("salesqualifiedlead", "sql"): "sql",
        ("salesqualifiedlead", "mql"): "mql",
        ("marketingqualifiedlead", "sal"): "mql",
        ("other", "lost"): "lost",
        (None, "sal"): None,
        (" ",): None,
        ("x",): "?x",
    }
    assert {natives: TWO.decode("hubspot", natives) for natives in read} == read
    assert TWO.decode("salesforce", ("salesqualifiedlead",)) == "?salesqualifiedlead"
    assert [TWO.canon(own) for own in (None, "sal", "lost")] == [None, "sal", "lost"]
    assert TWO.canon("?x") == Unmapped("x")
    assert TWO.encode("hubspot", "sal", 2) == ["salesqualifiedlead", "sal"]
    assert TWO.encode("hubspot", "sal", 1) == ["salesqualifiedlead"]
    assert TWO.encode("hubspot", None, 2) == [None, None]
    assert TWO.encode("hubspot", "mql", 1) is None and TWO.encode("hubspot", "nope", 1) is None
    assert [TWO.reason("lost", given) for given in ("price", "whim", None)] == ["price", None, None]
    assert TWO.reason("nope", "price") is None
