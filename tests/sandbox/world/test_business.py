"""The story in full: as many companies, deals and activities as it says, in both systems, and the same people."""

from __future__ import annotations

from sandbox.kernel import Clock
from sandbox.people import mix_of
from sandbox.people.story import MIX, STORY
from sandbox.world import World

PEOPLE = 1_000
LOGGED = ("calls", "emails", "meetings", "notes", "tasks")


def world() -> World:
    return World(3, PEOPLE, Clock(lambda: 1_790_000_000_000), None, mix_of(PEOPLE))


def test_the_story_has_its_proportions_in_both_systems() -> None:
    told = world()
    rows = {(side, name): told.rows(side, name) for side, names in {
        "hubspot": ("companies", "deals", "contacts", *LOGGED),
        "salesforce": ("Account", "Opportunity", "Task", "Event"),
    }.items() for name in names}  # fmt: skip
    sites = {row.values["domain"] for row in rows["hubspot", "companies"].values()}
    accounts = [str(row.values.get("Website") or id) for id, row in rows["salesforce", "Account"].items()]
    companies = len(sites | {account.removeprefix("https://www.") for account in accounts})
    assert abs(companies - 0.2 * PEOPLE) < 0.02 * PEOPLE
    only_hubspot = [d for d in rows["hubspot", "deals"].values() if ", 20" in d.values["dealname"]]
    assert abs(len(rows["salesforce", "Opportunity"]) + len(only_hubspot) - 0.3 * PEOPLE) < 5
    logged = sum(len(rows["hubspot", name]) for name in LOGGED)
    entered = len(rows["salesforce", "Task"]) + len(rows["salesforce", "Event"])
    assert logged + entered == 3 * PEOPLE and min(logged, entered) > PEOPLE
    hubspot = told.hubspot
    assert all(hubspot.linked(name, id, "contacts") for name in LOGGED for id in rows["hubspot", name])
    assert all(row.values.get("WhoId") for row in rows["salesforce", "Task"].values())
    assert all(row.created <= told.clock.now() for each in rows.values() for row in each.values())


def test_a_few_people_bring_no_more_than_their_own() -> None:
    assert (mix_of(300), mix_of(10_000)) == (MIX, STORY)
