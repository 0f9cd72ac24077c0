"""The made-up people: the same for a seed, composed as asked, and dirty in every way there is."""

from __future__ import annotations

import random
import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterable
from typing import Any

import pytest

from sandbox.people import DAY, Company, Crowd, Mix, Person, Staff, colleagues, companies
from sandbox.people.dirt import KINDS

NOW = 1_790_000_000_000
STAFF = Staff([str(n) for n in range(12)], [f"005{n:015d}" for n in range(12)], "00G000000000001AAA")


def crowd(seed: int, count: int, mix: Mix | None = None) -> list[Person]:
    rng = random.Random(seed)
    employers = [c._replace(account=f"001{n:015d}") for n, c in enumerate(companies(rng, count // 15))]
    return list(Crowd(rng, count, NOW, STAFF, employers, mix or Mix()))


@pytest.fixture(scope="module")
def ten_thousand() -> list[Person]:
    return crowd(7, 10_000)


def hubspot_values(people: Iterable[Person]) -> list[dict[str, Any]]:
    return [p.hubspot for p in people if p.hubspot is not None]


def crm_values(people: Iterable[Person]) -> list[dict[str, Any]]:
    return [p.salesforce for p in people if p.salesforce is not None]


def test_a_seed_always_gives_the_same_people() -> None:
    assert crowd(3, 500) == crowd(3, 500)


def test_another_seed_gives_others() -> None:
    assert crowd(3, 50) != crowd(4, 50)


def test_the_shares_of_the_two_systems_are_as_asked(ten_thousand: list[Person]) -> None:
    where = Counter((p.hubspot is not None, p.salesforce is not None) for p in ten_thousand)
    assert 0.38 < where[True, True] / 10_000 < 0.42
    assert 0.33 < where[True, False] / 10_000 < 0.37
    assert where[False, False] == 0


def test_another_mix_is_obeyed() -> None:
    people = crowd(1, 500, Mix(both=1.0, hubspot_only=0.0, salesforce_only=0.0, dirty=0.0, differing=0.0))
    assert all(p.hubspot is not None and p.salesforce is not None and not p.dirt for p in people)


def test_without_differences_both_records_say_the_same() -> None:
    people = crowd(1, 300, Mix(both=1.0, hubspot_only=0.0, salesforce_only=0.0, dirty=0.0, differing=0.0))
    assert [(v["firstname"], v["lastname"], v.get("email")) for v in hubspot_values(people)] == [
        (v["FirstName"], v["LastName"], v.get("Email")) for v in crm_values(people)
    ]


def test_most_people_of_hubspot_alone_are_not_ready_for_sales(ten_thousand: list[Person]) -> None:
    alone = [p for p in ten_thousand if p.salesforce is None]
    early = [p for p in alone if p.stage in ("subscriber", "lead", "other")]
    assert 0.75 < len(early) / len(alone) < 0.95


def test_lead_status_fits_the_stage_most_of_the_time(ten_thousand: list[Person]) -> None:
    leads = [p for p in ten_thousand if p.object == "Lead" and p.stage == "salesqualifiedlead" and p.salesforce]
    fitting = [p for p in leads if p.salesforce and p.salesforce["Status"] == "Working - Contacted"]
    assert 0.65 < len(fitting) / len(leads) < 0.95


def test_hubspot_holds_no_email_twice(ten_thousand: list[Person]) -> None:
    emails: list[str] = []
    for values in hubspot_values(ten_thousand):
        emails += [values[k] for k in ("email",) if k in values]
        emails += values.get("hs_additional_emails", "").split(";") if values.get("hs_additional_emails") else []
    assert len(emails) == len(set(emails))


def test_hubspot_values_are_texts(ten_thousand: list[Person]) -> None:
    assert all(isinstance(v, str) and v for values in hubspot_values(ten_thousand) for v in values.values())


def test_every_lead_can_be_saved_by_its_required_fields(ten_thousand: list[Person]) -> None:
    leads = [p.salesforce for p in ten_thousand if p.object == "Lead" and p.salesforce]
    assert all(v["LastName"] and v["Company"] and v["Status"] for v in leads)


def test_mailboxes_of_free_providers_are_plainly_made_up(ten_thousand: list[Person]) -> None:
    emails = [v["email"] for v in hubspot_values(ten_thousand) if "email" in v]
    outside = [e for e in emails if not e.endswith(".example")]
    assert outside and all("sample" in e and re.search(r"\d{7}", e) for e in outside)


def test_records_go_back_years_and_never_into_the_future(ten_thousand: list[Person]) -> None:
    ages = [(NOW - p.created) / DAY for p in ten_thousand]
    assert min(ages) >= 0
    assert max(ages) > 3_000
    assert sum(age < 365 for age in ages) > 3_000


def test_every_kind_of_dirt_strikes(ten_thousand: list[Person]) -> None:
    assert set(KINDS) <= {p.dirt for p in ten_thousand}


def _any(field: str, matches: Callable[[str], object], side: str = "hubspot") -> Callable[[list[Person]], bool]:
    def found(people: list[Person]) -> bool:
        values = hubspot_values(people) if side == "hubspot" else crm_values(people)
        return any(matches(v[field]) for v in values if isinstance(v.get(field), str))

    return found


SEEN: dict[str, Callable[[list[Person]], bool]] = {
    "upper case": _any("lastname", lambda text: text.isupper() and len(text) > 3),
    "outer blanks": _any("firstname", lambda text: text != text.strip()),
    "zero width": _any("lastname", lambda text: "\u200b" in text),
    "right to left": _any("lastname", lambda text: any(unicodedata.bidirectional(c) == "R" for c in text)),
    "Arabic": _any("lastname", lambda text: any(unicodedata.bidirectional(c) == "AL" for c in text)),
    "Chinese or Japanese": _any("lastname", lambda text: any("\u4e00" <= c <= "\u9fff" for c in text)),
    "Cyrillic": _any("lastname", lambda text: any("\u0400" <= c <= "\u04ff" for c in text)),
    "emoji": _any("firstname", lambda text: "🏡" in text),
    "decomposed marks": _any("lastname", lambda text: unicodedata.normalize("NFC", text) != text),
    "mojibake": _any("LastName", lambda text: "Ã" in text, "salesforce"),
    "line breaks": _any("message", lambda text: "\r\n" in text),
    "formula": _any("company", lambda text: text.startswith("=")),
    "plus tag": _any("email", lambda text: "+" in text),
    "role mailbox": _any("email", lambda text: text.startswith("info@")),
    "long text": _any("message", lambda text: len(text) > 32_000),
    "long name": _any("lastname", lambda text: len(text) > 80),
    "bad email": _any("Email", lambda text: text.count("@") != 1, "salesforce"),
    "email in capitals": _any("Email", lambda text: text.isupper(), "salesforce"),
    "no last name": lambda people: any("lastname" not in v for v in hubspot_values(people)),
    "no email": lambda people: any("email" not in v for v in hubspot_values(people)),
    "no company": _any("Company", lambda text: text == "n/a", "salesforce"),
    "unknown source": _any("LeadSource", lambda text: text == "Word of mouth", "salesforce"),
    "two more records": lambda people: any(len(p.twins) == 2 for p in people),
    "opted out": lambda people: any(v.get("HasOptedOutOfEmail") is True for v in crm_values(people)),
    "converted": lambda people: any(p.converted and p.deal for p in people),
    "binned on both sides": lambda people: {"hubspot", "salesforce"} <= {p.binned for p in people},
    "one mailbox for two": lambda people: any(
        n > 1 for n in Counter(v["Email"] for v in crm_values(people) if v.get("Email")).values()
    ),
    "another mailbox on each side": lambda people: any(
        p.hubspot["email"] != p.salesforce["Email"].lower()
        for p in people
        if p.hubspot and p.salesforce and "email" in p.hubspot and p.salesforce.get("Email")
    ),
    "owned by a queue": lambda people: any(v.get("OwnerId") == STAFF.queue for v in crm_values(people)),
}


@pytest.mark.parametrize("what", SEEN)
def test_ten_thousand_people_show(what: str, ten_thousand: list[Person]) -> None:
    assert SEEN[what](ten_thousand)


def test_companies_have_domains_of_their_own_under_the_reserved_name() -> None:
    made: list[Company] = companies(random.Random(1), 500)
    assert len({c.domain for c in made}) == 500
    assert all(c.domain.endswith(".example") for c in made)


@pytest.mark.parametrize(("people", "count"), [(100, 8), (10_000, 18), (1_000_000, 30)])
def test_the_team_grows_with_the_company(people: int, count: int) -> None:
    assert len(colleagues(random.Random(1), people)) == count


def test_some_colleagues_left_and_some_are_on_one_side_only() -> None:
    team = colleagues(random.Random(1), 100)
    assert [sum(not c.active for c in team), sum(not c.hubspot for c in team), sum(not c.salesforce for c in team)] == [
        2,
        1,
        1,
    ]
    assert len({c.email for c in team}) == len(team)
