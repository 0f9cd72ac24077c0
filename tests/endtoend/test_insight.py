"""Over HTTP: what people do in HubSpot shows on the Salesforce lead, and a won opportunity on the HubSpot contact."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from sandbox.kernel import Caller
from sandbox.world import World
from tests.endtoend.program import Program, later, served

ON = """
[insight]
behaviour = true
outcomes = true
[activity]
sync = false
"""
PEOPLE = 12
HUMAN, CLERK = Caller("human", "71500001"), Caller("human", "clerk")
MAIL = "ann@prospect.example"


def contacts(world: World) -> list[dict[str, Any]]:
    return [dict(row.values) for row in world.rows("hubspot", "contacts").values()]


def test_the_loop_is_closed(tmp_path: Path) -> None:
    with served(PEOPLE) as (world, addresses):
        program = Program.installed(tmp_path, addresses, more=ON)
        made = program.json("provision", "--apply")
        assert "SMK_Visits__c" in str(made) and "smk_won_revenue" in str(made)
        with world.lock:
            guid = world.hubspot.form("Catalogue")
            ann = world.hubspot.submit(
                guid, {"email": MAIL, "lastname": "Ann", "company": "Acme"}, "https://x.example/c"
            )
            world.hubspot.edit("contacts", ann, {"lifecyclestage": "marketingqualifiedlead"}, HUMAN)
            bob = {"LastName": "Buyer", "Email": "bob@acme.example"}
            buyer = world.salesforce.create("Contact", bob, CLERK)
            sold = {"Name": "House", "StageName": "Prospecting", "CloseDate": "2026-11-20", "Amount": 900}
            deal = world.salesforce.create("Opportunity", sold, CLERK)
            world.salesforce.create("OpportunityContactRole", {"OpportunityId": deal, "ContactId": buyer}, CLERK)
        program.json("backfill")
        with world.lock:
            contact = world.hubspot.get("contacts", ann) or {}
            lead = world.salesforce.get("Lead", contact["smk_crm_lead_id"]) or {}
            assert lead["SMK_First_Offer__c"] == lead["SMK_Recent_Offer__c"] == "Catalogue"
            assert lead["SMK_Recent_Interest__c"].endswith("form: Catalogue")
            told = [row.values for row in world.rows("salesforce", "Lead").values() if row.values.get("SMK_Visits__c")]
            assert told, "the people of the story have visits"
            world.salesforce.edit("Opportunity", deal, {"StageName": "Closed Won"}, CLERK)
        later(world)
        program.json("sync")
        with world.lock:
            bob = next(v for v in contacts(world) if v.get("email") == "bob@acme.example")
            assert (bob["smk_outcome"], bob["smk_won_revenue"]) == ("won", "900")
        later(world)
        again = program.json("sync")
        written = [side["written"] for kind in again["objects"].values() for side in kind.values()]
        assert not any(sum(one.values()) for one in written)
