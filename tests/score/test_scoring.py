"""Scores as they reach both systems, and what a whole base of cases teaches through the state."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from insight.score.points import DAY
from state.learning import whose
from state.rows import Batch, JournalRow, Lease, Row, TouchRow
from sync import compose
from sync.insight.scoring import People, scorer
from sync.insight.training import Trained, overdue, train
from sync.report import Report
from tests.scenarios.stage import MINUTE, Stage

ANN = {
    "LastName": "Example", "Company": "Acme", "Email": "ann@prospect.example", "Title": "CEO",
    "Status": "Open - Not Contacted",
}  # fmt: skip
FIELDS = ("smk_fit_score", "smk_engagement_score", "smk_priority")


@pytest.fixture
def stage() -> Iterator[Stage]:
    made = Stage()
    made.configure("[score]", {"enabled": "true"})
    made.configure("[company]", {"sync": "true"})
    made.begin()
    yield made
    made.close()


def sync(stage: Stage) -> Report:
    stage.clock.advance(2 * MINUTE)
    return stage.sync()


def touched(stage: Stage, *titles: str) -> None:
    now = stage.clock.now()
    rows = [
        TouchRow("email:ann@prospect.example", f"hubspot:page:{now}:{title}", now - MINUTE, "page_view", "buyer", title)
        for title in titles
    ]
    stage.leased(lambda lease: stage.state.save_touches(lease, rows))


def shown(stage: Stage) -> tuple[Any, ...]:
    (contact,) = stage.world.rows("hubspot", "contacts").values()
    return tuple(contact.values.get(name) for name in FIELDS)


def test_a_person_is_scored_in_the_run_that_met_them_and_both_systems_are_told(stage: Stage) -> None:
    lead = stage.world.salesforce.create("Lead", ANN, stage.human("salesforce"))
    sync(stage)
    assert shown(stage) == ("60", "0", "A3")
    found = stage.world.salesforce.get("Lead", lead) or {}
    assert (found["SMK_Fit__c"], found["SMK_Priority__c"]) == (60, "A3")
    assert found["SMK_Score_Reasons__c"].splitlines()[0] == "Decides (+40)"
    assert sync(stage).changed == 0


def test_what_the_person_does_raises_the_score_and_time_lowers_it(stage: Stage) -> None:
    stage.world.salesforce.create("Lead", ANN, stage.human("salesforce"))
    sync(stage)
    touched(stage, "Pricing", "Pricing and plans", "About us")
    sync(stage)
    assert shown(stage) == ("60", "54", "A2")
    assert sync(stage).changed == 0
    stage.clock.advance(60 * DAY)
    sync(stage)
    assert shown(stage) == ("60", "26", "A2")
    assert sync(stage).changed == 0


def test_persona_function_and_level_stand_on_both_records(stage: Stage) -> None:
    stage.raw["score"]["persona"] = [{"name": "Boss", "when": 'job_level == "c_level"'}]
    lead = stage.world.salesforce.create("Lead", ANN, stage.human("salesforce"))
    sync(stage)
    found = stage.world.salesforce.get("Lead", lead) or {}
    assert [found[f"SMK_{name}__c"] for name in ("Persona", "Job_Function", "Job_Level")] == [
        "Boss", "executive", "c_level",
    ]  # fmt: skip
    (contact,) = stage.world.rows("hubspot", "contacts").values()
    names = ("smk_persona", "smk_job_function", "smk_job_level")
    assert [contact.values[name] for name in names] == ["Boss", "executive", "c_level"]
    stage.world.salesforce.edit("Lead", lead, {"Title": "Clerk"}, stage.human("salesforce"))
    sync(stage)
    assert (stage.world.salesforce.get("Lead", lead) or {})["SMK_Persona__c"] is None
    assert shown(stage)[0] == "20"
    assert sync(stage).changed == 0


def test_a_company_shows_how_much_its_people_do(stage: Stage) -> None:
    salesforce, human = stage.world.salesforce, stage.human("salesforce")
    firm = salesforce.create("Account", {"Name": "Acme", "Website": "acme.example"}, human)
    person = {"LastName": "Example", "Email": "ann@prospect.example", "Title": "CEO", "AccountId": firm}
    salesforce.create("Contact", person, human)
    sync(stage)
    touched(stage, "Pricing", "Pricing and plans")
    sync(stage)
    found = salesforce.get("Account", firm) or {}
    assert (found["SMK_Account_Engagement__c"], found["SMK_Hot_People__c"]) == (53, 1)
    assert sync(stage).changed == 0


# -- learning from everybody -------------------------------------------------------------------------------------------


def settled(stage: Stage, people: int, won: Callable[[int], bool], titles: tuple[str, ...]) -> People:
    """So many leads of long ago, who became customers or were lost; `city` was filled in after the sale."""
    begun = stage.clock.now() - 400 * DAY
    rows, lines = [], []
    for i in range(people):
        entity, at = f"p{i:04}", begun + i * DAY // 24
        city = "Berlin" if won(i) else None
        now = {"title": titles[i % len(titles)], "country": "DE" if i % 3 else "FR", "city": city, "stage": "mql"}
        rows.append(Row("salesforce", "Lead", f"00Q{i:012}AAA", "person", now, at, at, created_ms=at))
        stands = {"stage": "customer", "cycle": 1, "entered": {"mql": at, "customer": at + 9 * DAY}} if won(i) else {
            "stage": "mql", "status": "lost", "cycle": 1, "entered": {"mql": at, "lost": at + 9 * DAY},
        }  # fmt: skip
        lines.append(JournalRow(at, "r", entity, "salesforce", "@stage", {}, stands, "met"))
        if won(i):
            lines.append(
                JournalRow(at + 10 * DAY, "r", entity, "hubspot", "city", None, city, "only salesforce changed")
            )
    state = stage.state

    def keep(lease: Lease) -> None:
        state.save_page(lease, rows, {}, None)
        kept = state.rows("salesforce", "Lead", [row.id for row in rows])
        linked = [kept[row.id]._replace(entity=line.entity) for row, line in zip(rows, _met(lines), strict=True)]
        state.commit_batch(lease, Batch(rows=linked, journal=lines))

    stage.leased(keep)
    mappings = {m.rule.kind: m for m in compose.engine(stage.settings(), stage.outside(), state).mappings()}
    return People(state, mappings["person"], mappings["company"], None)


def _met(lines: list[JournalRow]) -> list[JournalRow]:
    return [line for line in lines if line.field == "@stage"]


def trained(stage: Stage, people: People) -> Trained:
    found: Trained = stage.leased(lambda lease: train(people, stage.settings(), lease, stage.clock.now(), "Ann"))
    return found


def decides(i: int) -> bool:
    """A director wins in six of seven cases, anybody else in one of seven."""
    return (i % 7 != 0) if i % 2 == 0 else (i % 7 == 0)


def test_everybodys_past_teaches_and_what_came_after_the_sale_is_refused_by_name(stage: Stage) -> None:
    people = settled(stage, 700, decides, ("Sales Director", "Clerk"))
    card = trained(stage, people).cards["won"]
    assert card["rung"] == "logistic", card["verdict"]
    assert (card["n"], card["approved_by"], card["top"][0]["name"]) == (700, "Ann", "job_level")
    assert {one["name"]: one["why"] for one in card["excluded"]}["city"] == "set after the outcome in 350 of 350 cases"
    by = scorer(stage.settings(), people.store.models())
    director, clerk = (by.score(one, stage.clock.now()) for one in people.read(["p0000", "p0001"]))
    assert (director.probability or 0) > 60 > 40 > (clerk.probability or 100)
    assert "Job level: director" in [reason.text for reason in director.learned]
    assert director.model.startswith("logistic")


def test_twelve_won_deals_are_scored_by_the_rules_and_it_says_how_many_are_missing(stage: Stage) -> None:
    people = settled(stage, 120, lambda i: i < 12, ("CEO", "Clerk"))
    told = trained(stage, people)
    assert told.cards["won"]["missing"] == {"positives": 18, "negatives": 0}
    assert "needs 18 more outcomes that came to won" in told.cards["won"]["verdict"]
    by = scorer(stage.settings(), people.store.models())
    (one,) = people.read(["p0000"])
    scored = by.score(one, stage.clock.now())
    assert (scored.model, scored.probability) == ("rules", None)


def test_it_is_learned_again_after_a_week(stage: Stage) -> None:
    trained(stage, settled(stage, 40, lambda i: i < 12, ("CEO",)))
    models, now = stage.state.models(), stage.clock.now()
    assert not overdue(models, now + 6 * DAY)
    assert overdue(models, now + 7 * DAY)
    assert overdue({}, now)


def test_the_cuts_follow_what_sales_can_take(stage: Stage) -> None:
    stage.configure("[score]", {"capacity": "1"})
    people = settled(stage, 60, lambda i: i < 12, ("CEO",))
    now = stage.clock.now()
    rows = [
        TouchRow(f"record:salesforce:person:00Q{i:012}AAA", f"k{n}", now - n * DAY, "form", "buyer", "Demo")
        for i in range(60)
        for n in range(1 + i % 5)
    ]
    names = {row.who for row in rows}
    assert names <= {name for entity in people.rows([f"p{i:04}" for i in range(60)]).values() for name in whose(entity)}
    stage.leased(lambda lease: stage.state.save_touches(lease, rows))
    base = trained(stage, people).base
    assert base["hot_a_day"] <= 1
    assert tuple(base["cuts"]) > tuple(stage.settings().score.cuts)


def test_without_the_section_nothing_is_made_and_nothing_is_written() -> None:
    stage = Stage()
    try:
        stage.begin()
        stage.world.salesforce.create("Lead", ANN, stage.human("salesforce"))
        sync(stage)
        assert shown(stage) == (None, None, None)
    finally:
        stage.close()
