"""A company is as far as whoever of its people and deals is furthest, on both sides, and moves nobody."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from insight.outcomes import stage_of_company
from insight.reports.facts import Deal
from tests.scenarios.stage import MINUTE, Stage

STAGES = ("lead", "mql", "sql", "opportunity", "customer")
said = st.lists(st.sets(st.sampled_from([*STAGES, "recycled"]), max_size=2), max_size=4)
deals = st.lists(st.builds(Deal, entity=st.just("d"), outcome=st.sampled_from(["open", "won", "lost"])), max_size=3)


@given(said, deals, said)
def test_more_people_never_set_a_company_back(people: list[set[str]], some: list[Deal], more: list[set[str]]) -> None:
    stage, why = stage_of_company(STAGES, people, some)
    later, _ = stage_of_company(STAGES, [*people, *more], some)
    assert why and (stage is None or (later is not None and STAGES.index(later) >= STAGES.index(stage)))
    assert stage_of_company(STAGES, [*reversed(people)], [*reversed(some)])[0] == stage
    for told in people:
        if "recycled" not in told:
            assert all(stage is not None and STAGES.index(stage) >= STAGES.index(name) for name in told)


@pytest.fixture
def stage() -> Iterator[Stage]:
    made = Stage()
    made.configure("[insight]", {"company_stage": "true"})
    for kind in ("company", "deal"):
        made.configure(f"[{kind}]", {"sync": "true"})
    made.begin()
    yield made
    made.close()


def test_it_shows_on_company_and_account_and_a_second_sync_writes_nothing(stage: Stage) -> None:
    human, hubspot = stage.human("hubspot"), stage.world.hubspot
    account = {"Name": "Acme", "Website": "acme.example"}
    stage.world.salesforce.create("Account", account, stage.human("salesforce"))
    company = hubspot.create("companies", {"name": "Acme", "domain": "acme.example"}, human)
    values = {"email": "ann@acme.example", "lastname": "Abel", "lifecyclestage": "marketingqualifiedlead"}
    contact = hubspot.create("contacts", values, human)
    hubspot.associate("contacts", contact, "companies", company, human, primary=True)

    def told() -> tuple[str, str]:
        stage.clock.advance(2 * MINUTE)
        stage.sync()
        stage.clock.advance(2 * MINUTE)
        assert stage.sync().changed == 0
        (account,) = stage.world.rows("salesforce", "Account").values()
        return str(hubspot.records["companies"].rows[company].values["smk_stage"]), str(account.values["SMK_Stage__c"])

    assert told() == ("mql", "mql")
    deal = {"dealname": "Roof", "dealstage": "closedwon", "pipeline": "default", "closedate": "2027-01-31T12:00:00Z"}
    hubspot.associate("deals", hubspot.create("deals", deal, human), "companies", company, human, primary=True)
    assert told() == ("customer", "customer")
    assert hubspot.records["contacts"].rows[contact].values["lifecyclestage"] == "marketingqualifiedlead"
