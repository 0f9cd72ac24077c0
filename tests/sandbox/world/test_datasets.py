"""The published funnel as people.  Runs where the data is: in $SMARKETING_SHARED, or `shared` beside the repository."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from sandbox import datasets
from sandbox.people import Person, Staff

SHARED = Path(os.environ.get("SMARKETING_SHARED", Path(__file__).parents[4] / "shared")) / "datasets"

needs_olist = pytest.mark.skipif(
    not (SHARED / "olist" / datasets.LEADS).is_file(), reason="the Olist data set is not on this machine"
)


def people() -> list[Person]:
    data = datasets.load(SHARED)
    team = data.colleagues()
    return list(data.people(Staff([c.key for c in team], [c.key for c in team]), team))


@needs_olist
def test_all_leads_and_wins_are_there() -> None:
    found = people()
    assert len(found) == 8_000
    assert sum(p.converted for p in found) == 842


@needs_olist
def test_names_and_addresses_are_always_the_same() -> None:
    assert people() == people()


@needs_olist
def test_every_contact_has_a_mailbox_of_its_own() -> None:
    assert len({p.hubspot["email"] for p in people() if p.hubspot}) == 8_000


@needs_olist
def test_origin_becomes_the_source_and_blank_stays_blank() -> None:
    sources = [p.hubspot.get("hs_analytics_source") for p in people() if p.hubspot]
    assert sources.count("ORGANIC_SEARCH") == 2_296
    assert sources.count(None) == 60


@needs_olist
def test_a_won_lead_is_owned_by_its_representative_on_both_sides() -> None:
    won = datasets.load(SHARED).won
    row = next(iter(won.values()))
    found = next(p for p in people() if p.hubspot and row["mql_id"][:12] in p.hubspot["email"])
    assert found.hubspot and found.salesforce
    assert (found.hubspot["hubspot_owner_id"], found.salesforce["OwnerId"]) == (row["sr_id"], row["sr_id"])


@needs_olist
def test_wins_before_the_first_contact_are_kept() -> None:
    assert any(p.deal["close"] < p.created - 86_400_000 for p in people() if p.deal)


def test_a_folder_without_the_files_is_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="olist_closed_deals"):
        datasets.load(tmp_path)
