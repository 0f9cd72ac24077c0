"""Who is who, where a person has to say: what is listed, linked by hand, and dismissed."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from sync import compose
from sync.decide.duplicates import Doubt, Pair, dismissal, doubts, known, link
from tests.scenarios.stage import MINUTE, Stage


@pytest.fixture
def stage() -> Iterator[Stage]:
    made = Stage()
    made.begin()
    yield made
    made.close()


def contact(stage: Stage, **values: str) -> str:
    """Somebody in HubSpot."""
    return stage.world.hubspot.create("contacts", values, stage.human("hubspot"))


def lead(stage: Stage, **values: str) -> str:
    """Somebody in Salesforce."""
    return stage.world.salesforce.create("Lead", {"Company": "Acme", **values}, stage.human("salesforce"))


def sync(stage: Stage) -> None:
    """One more run."""
    stage.clock.advance(2 * MINUTE)
    stage.sync()


def dismiss(stage: Stage, doubt: Doubt) -> None:
    """What `smarketing duplicates dismiss` does."""
    outcomes = dismissal(stage.state, doubt, stage.clock.now(), "rita")
    stage.leased(lambda lease: stage.state.commit_outcomes(lease, outcomes))


def by_hand(stage: Stage, a: tuple[str, str], b: tuple[str, str], kind: str = "person") -> str | None:
    """What `smarketing duplicates link` does: why it cannot, or nothing."""
    engine = compose.engine(stage.settings(), stage.outside(), stage.state)
    mappings = {mapping.rule.kind: mapping for mapping in engine.mappings()}
    here, there = (known(stage.state, mappings.values(), *one)[kind] for one in (a, b))
    pair = Pair.of(stage.state, here, there)
    refused = pair.refusal()
    if refused is None:
        outcomes = link(stage.state, mappings[kind], pair, stage.clock.now(), "rita")
        stage.leased(lambda lease: stage.state.commit_outcomes(lease, outcomes))
    return refused


def entities(stage: Stage, *records: tuple[str, str, str]) -> list[object]:
    """Whose they are."""
    return [None if (row := stage.row(*record)) is None else row.entity for record in records]


def test_a_duplicate_is_listed_with_both_records_the_reasons_and_where_to_merge(stage: Stage) -> None:
    contact(stage, email="ann@acme.example", lastname="Abel")
    first, second = [lead(stage, LastName="Abel", Email="ann@acme.example", Phone=phone) for phone in ("1", "2")]
    sync(stage)
    [doubt] = doubts(stage.state)
    assert {ref.id for ref in doubt.records} == {first, second}
    assert doubt.reasons == (["same e-mail", "same last name"], ["different phone"])
    assert "View Duplicates" in doubt.fix
    assert f"duplicates dismiss {doubt.review.n}" in doubt.fix


def test_a_dismissed_duplicate_stays_aside_and_is_not_asked_about_again(stage: Stage) -> None:
    contact(stage, email="ann@acme.example", lastname="Abel")
    for phone in ("1", "2"):
        lead(stage, LastName="Abel", Email="ann@acme.example", Phone=phone)
    sync(stage)
    [doubt] = doubts(stage.state)
    dismiss(stage, doubt)
    aside = doubt.records[0]
    stage.world.salesforce.edit("Lead", aside.id, {"Phone": "3"}, stage.human("salesforce"))
    sync(stage)
    stage.rebuild()
    row = stage.row(*aside)
    assert row is not None and row.state == "duplicate"
    assert doubts(stage.state) == []


def test_who_is_said_not_to_be_the_same_is_somebody_else_for_good(stage: Stage) -> None:
    contact(stage, email="ann@acme.example", lastname="Lee", hs_additional_emails="ben@acme.example")
    lead(stage, LastName="Lee", Email="ann@acme.example")
    sync(stage)
    other = lead(stage, LastName="May", Email="ben@acme.example")
    sync(stage)
    [doubt] = doubts(stage.state)
    assert doubt.review.question == "same_person"
    dismiss(stage, doubt)
    sync(stage)
    first, second = entities(stage, *doubt.records)
    assert first is not None and second is not None and first != second
    stage.world.salesforce.edit("Lead", other, {"Phone": "3"}, stage.human("salesforce"))
    sync(stage)
    stage.rebuild()
    assert doubts(stage.state) == []


def test_who_is_said_to_be_neither_of_two_is_not_linked_with_one_when_the_other_goes(stage: Stage) -> None:
    stage.raw["person"] = {"match_phone": True}
    other = lead(stage, LastName="May", Email="ben@acme.example", Phone="+49 30 1234567")
    alike = {"lastname": "May", "phone": "+49 30 1234567"}
    one, two = [contact(stage, email=f"{name}@acme.example", **alike) for name in ("ann", "cyd")]
    sync(stage)
    [doubt] = doubts(stage.state)
    assert doubt.review.question == "ambiguous"
    assert f"duplicates link hubspot:{one} salesforce:{other}" in doubt.fix
    assert "Actions, Merge" in doubt.fix
    dismiss(stage, doubt)
    stage.world.hubspot.delete("contacts", two, stage.human("hubspot"))
    sync(stage)
    stage.rebuild()
    assert doubts(stage.state) == []
    first, second = entities(stage, ("hubspot", "contacts", one), ("salesforce", "Lead", other))
    assert first is not None and second is not None and first != second


def test_two_linked_by_hand_are_one_and_brought_together_by_the_next_sync(stage: Stage) -> None:
    one = contact(stage, email="ann@acme.example", lastname="Abel", city="Bonn")
    other = lead(stage, LastName="Abel-Lee", Phone="+49 30 1234567")
    sync(stage)
    pair = ("hubspot", "contacts", one), ("salesforce", "Lead", other)
    assert len(set(entities(stage, *pair))) == 2
    written = stage.snapshot()
    assert by_hand(stage, ("salesforce", other), ("hubspot", one)) is None
    assert stage.snapshot() == written
    sync(stage)
    sync(stage)
    a, b = (stage.row(*record) for record in pair)
    assert a is not None and b is not None and a.entity == b.entity and a.shadow and b.shadow
    for row in (a, b):
        assert row.why is not None and (row.why["rule"], row.why["by"]) == ("by hand", "rita")
    assert (stage.world.salesforce.get("Lead", other) or {})["City"] == "Bonn"
    assert stage.world.rows("hubspot", "contacts")[one].values["phone"] == "+49 30 1234567"
    stage.rebuild()
    assert len(set(entities(stage, *pair))) == 1
    assert by_hand(stage, ("hubspot", one), ("salesforce", other)) == (
        f"hubspot contacts {one} and salesforce Lead {other} are linked already"
    )


def test_a_person_whose_place_is_taken_is_not_linked_with_another(stage: Stage) -> None:
    one = contact(stage, email="ann@acme.example", lastname="Abel")
    for phone in ("1", "2"):
        lead(stage, LastName="Abel", Email="ann@acme.example", Phone=phone)
    other = lead(stage, LastName="Abel")
    sync(stage)
    [doubt] = doubts(stage.state)
    again, taken = (ref.id for ref in doubt.records)
    for each in (again, other):
        assert by_hand(stage, ("hubspot", one), ("salesforce", each)) == (
            f"hubspot contacts {one} is linked with salesforce Lead {taken} already"
        )
    assert "merge them there" in str(by_hand(stage, ("salesforce", other), ("salesforce", taken)))


def test_a_duplicate_linked_by_hand_leaves_who_it_was_taken_for(stage: Stage) -> None:
    contact(stage, email="ann@acme.example", lastname="Abel")
    for phone in ("1", "2"):
        lead(stage, LastName="Abel", Email="ann@acme.example", Phone=phone)
    own = contact(stage, email="ann@home.example", lastname="Abel")
    sync(stage)
    [doubt] = doubts(stage.state)
    assert by_hand(stage, ("hubspot", own), ("salesforce", doubt.records[0].id)) is None
    sync(stage)
    assert doubts(stage.state) == []
    first, second = entities(stage, ("hubspot", "contacts", own), doubt.records[0])
    assert first == second


def test_a_deleted_record_is_nobodys_to_link(stage: Stage) -> None:
    one, other = contact(stage, email="ann@acme.example"), lead(stage, LastName="Abel")
    sync(stage)
    stage.world.salesforce.delete("Lead", other, stage.human("salesforce"))
    sync(stage)
    assert by_hand(stage, ("hubspot", one), ("salesforce", other)) == f"salesforce Lead {other} is deleted"
