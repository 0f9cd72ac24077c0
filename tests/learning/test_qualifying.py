"""What sales has to know of people is carried both ways, binds the entry to a stage, and suggests what to show next."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from state.rows import TouchRow
from sync import compose
from sync.report import Report
from sync.setup.definitions import lint
from tests.scenarios.stage import MINUTE, Stage

ANN = {"LastName": "Example", "Company": "Acme", "Email": "ann@prospect.example", "Status": "Open - Not Contacted"}
PRICE, AREA = "https://site.example/price", "https://site.example/area"


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    file = tmp_path / "content.csv"
    file.write_text(f"title,url,topic,stage\nPrices,{PRICE},price,\nWhere we are,{AREA},,\n", "utf-8")
    made = Stage()
    made.configure("[insight]", {"behaviour": "true", "qualification": "true"})
    made.raw["insight"]["content"] = str(file)
    made.begin()
    yield made
    made.close()


def sync(stage: Stage) -> Report:
    stage.clock.advance(2 * MINUTE)
    return stage.sync()


def ann(stage: Stage, **more: str) -> tuple[str, str]:
    """Ann in both systems: (lead, contact)"""
    lead = stage.world.salesforce.create("Lead", {**ANN, **more}, stage.human("salesforce"))
    sync(stage)
    (contact,) = stage.world.rows("hubspot", "contacts")
    return lead, contact


def test_a_buying_role_goes_both_ways_without_an_echo(stage: Stage) -> None:
    lead, contact = ann(stage, SMK_Buying_Role__c="influencer")
    values = stage.world.rows("hubspot", "contacts")[contact].values
    assert values["smk_buying_role"] == "influencer"
    assert sync(stage).changed == 0
    stage.world.hubspot.edit("contacts", contact, {"smk_buying_role": "decision_maker"}, stage.human("hubspot"))
    sync(stage)
    assert (stage.world.salesforce.get("Lead", lead) or {})["SMK_Buying_Role__c"] == "decision_maker"
    assert sync(stage).changed == 0


def test_who_is_out_of_our_area_is_no_sql_and_the_reason_is_shown(stage: Stage) -> None:
    vocabulary = stage.settings().vocabulary.model_dump(exclude_unset=False)
    rule = 'in_area == "yes" and budget_band and timing'
    stages = [{**one, "entry": rule} if one["name"] == "sql" else one for one in vocabulary["stage"]]
    stage.raw.setdefault("vocabulary", {})["stage"] = stages
    told = {"SMK_Budget_Band__c": "large", "SMK_Timing__c": "now"}
    ann(stage, Status="Qualified", SMK_In_Area__c="no", **told)
    worker = compose.engine(stage.settings(), stage.outside(), stage.state)
    (mapping,) = (each for each in worker.mappings() if each.rule.kind == "person")
    found = [problem.what for problem in lint(stage.state, mapping)]
    assert [what for what in found if f"at sql without fulfilling its entry rule ({rule})" in what]


def test_what_to_show_next_is_never_what_was_seen(stage: Stage) -> None:
    lead, contact = ann(stage, SMK_Pain_Points__c="Price; Support")

    def shown() -> object:
        return (stage.world.salesforce.get("Lead", lead) or {})["SMK_Next_Content__c"]

    def saw(url: str) -> None:
        now = stage.clock.now()
        row = TouchRow("email:ann@prospect.example", f"view {url}", now - MINUTE, "page_view", "buyer", "", url)
        stage.leased(lambda lease: stage.state.save_touches(lease, [row]))
        sync(stage)

    assert shown() == f"Prices: {PRICE}"
    assert stage.world.rows("hubspot", "contacts")[contact].values["smk_next_content"] == f"Prices: {PRICE}"
    saw(PRICE)
    assert shown() == f"Where we are: {AREA}"
    saw(AREA)
    assert shown() is None
    assert sync(stage).changed == 0
