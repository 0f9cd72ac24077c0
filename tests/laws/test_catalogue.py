"""Every refusal has an entry, and what the entry says of trying again is what the connectors do."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from connectors.errors import Stop
from connectors.hubspot.answers import Answer, fault, system_error
from connectors.port import PARENT_GONE, Deferred, Rejected, Write
from connectors.salesforce import auth
from connectors.salesforce.answers import Complaint, Declined
from connectors.salesforce.verdicts import of, of_system
from sync.trust.catalogue import CATALOGUES, entry, page
from sync.trust.catalogue.entry import RESTS, RETRIES
from sync.trust.catalogue.ours import COMMON

ROOT = Path(__file__).parents[2]
SHEETS = ROOT.parent / "shared" / "reference"
ALL = [
    (system, code, one)
    for system, codes in (("", COMMON), *CATALOGUES.items())
    for code, entries in codes.items()
    for one in entries
]
NO_REFUSALS = {
    "hubspot": r"RATE_LIMIT.*|.*_FILTER|.*TOKEN|.*PROPERTY|NOT_IN.*|NOT_.*|NO_.*|IN_PROGRESS|.*EMAIL|USER_DEFINED"
    r"|HUBSPOT_DEFINED|INTEGRATOR_DEFINED|TEN_.*|BAD_TIMING|CONSENT_.*|LEGIT.*|NON_GDPR|OPEN_DEAL|ATTEMPTED.*|CALLING.*"
    r"|PERFORMANCE.*|PROCESS_AND.*|PROPERTY_HISTORY.*|NUMBER_OF.*",
    "salesforce": r"GAP_.*|LAST_.*|THIS_.*|INVALID_HEADER_TYPE",
}
"""Capital words of the reference sheets that are no refusals."""
UNHEARD = ("INVALID_SESSION_ID", "INVALID_QUERY_LOCATOR")
"""No write hears of these: the door begins a new session, and only a reading has a locator."""


def test_the_catalogue_is_large_and_each_entry_whole() -> None:
    assert len({(system, code) for system, code, _ in ALL}) >= 60
    for system, code, one in ALL:
        assert one.cause.endswith(".") and one.fix.endswith("."), (system, code)
        assert one.who in ("admin", "ops", "rep"), code
        assert one.retry in RETRIES and one.rests in RESTS, code
        assert not re.search(r"[{}]", "".join(one.filled("Lead", ["Title"])[:2])), code


def test_a_lack_of_rights_is_put_right_by_an_administrator_where_it_is_said() -> None:
    lacking = [(code, one) for _, code, one in ALL if one.retry == "permission"]
    assert all(one.who == "admin" for _, one in lacking)
    field = entry("salesforce", "INVALID_FIELD_FOR_INSERT_UPDATE").filled("Lead", ["Title"])
    assert field.fix == (
        "Setup, Permission Sets, Smarketing Sync, Object Settings, Lead, Field Permissions: tick Edit Access for Title."
    )


def test_the_same_code_may_mean_two_things_and_the_message_tells() -> None:
    told = entry("salesforce", "INVALID_CROSS_REFERENCE_KEY", "Record Type ID: this ID value isn't valid for the user")
    assert (told.retry, "record type" in told.cause) == ("permission", True)
    assert entry("salesforce", "INVALID_CROSS_REFERENCE_KEY", "invalid cross reference id").retry == "data"
    assert (
        entry("hubspot", "RATE_LIMIT", "You have reached your daily limit.").cause
        != entry("hubspot", "RATE_LIMIT", "You have reached your ten_secondly_rolling limit.").cause
    )


def test_an_unknown_code_is_said_to_be_unknown() -> None:
    told = entry("salesforce", "SOMETHING_NEW")
    assert "SOMETHING_NEW" in told.cause
    assert told.rests == "hidden"


@pytest.mark.parametrize("system", ["hubspot", "salesforce"])
def test_every_code_of_the_reference_sheets_has_an_entry(system: str) -> None:
    sheet = SHEETS / f"{system}.md"
    if not sheet.exists():
        pytest.skip(f"{sheet.name} of the reference sheets is not here")
    codes = set(re.findall(r"\b[A-Z]+(?:_[A-Z]+)+\b", sheet.read_text(encoding="utf-8")))
    wanted = {code for code in codes if code in CATALOGUES[system] or not re.fullmatch(NO_REFUSALS[system], code)}
    assert not {code for code in wanted if code not in CATALOGUES[system] and code not in COMMON}


@pytest.mark.parametrize("code", sorted(CATALOGUES["salesforce"]))
def test_what_salesforce_refuses_is_taken_as_the_catalogue_says(code: str) -> None:
    """A refusal that passes by itself is never parked, and one that needs a person is never just repeated."""
    if code.startswith("HTTP_") or code[0].islower():
        return
    retries = {one.retry for one in CATALOGUES["salesforce"][code]}
    parked = of(Write("Lead", "00Q000000000001AAA", {"Title": "x"}), (Complaint(code, ""),))
    system = of_system(Declined(400, (Complaint(code, ""),)))
    if isinstance(parked, Deferred):
        assert retries <= {"transient", "limit"}
    elif isinstance(system, Stop):
        assert retries <= {"permission", "data"}
    elif isinstance(parked, Rejected) and code not in UNHEARD:
        assert "transient" not in retries


@pytest.mark.parametrize("code", sorted(CATALOGUES["hubspot"]))
def test_what_hubspot_refuses_is_read_by_its_code(code: str) -> None:
    body = {"message": "no", "errors": [{"code": code, "context": {"propertyName": ["title"]}}]}
    assert (found := fault(body, 400)).code == code
    assert found.gone == any("not there" in one.cause or "no such" in one.cause for one in CATALOGUES["hubspot"][code])
    error = system_error(Answer(403, {"message": "no", "category": code}), "it")
    assert isinstance(error, Stop)


def test_the_sign_in_is_explained_twice_but_in_one_sense() -> None:
    known = {code for code in auth._REMEDIES if " " not in code}
    assert known <= {*CATALOGUES["salesforce"], "invalid_grant"}


def test_what_the_connectors_say_themselves_has_an_entry() -> None:
    said = {PARENT_GONE, "CONSENT", "NO_EMAIL", "UNKNOWN_FIELD", "STRING_TOO_LONG", "INVALID_OPTION"}
    source = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "connectors").rglob("*.py"))
    said |= set(re.findall(r'Rejected\("([A-Z_]+)"', source))
    own = "".join(
        path.read_text(encoding="utf-8") for part in ("sync", "mapping") for path in (ROOT / part).rglob("*.py")
    )
    said |= set(re.findall(r'(?:"code": |MisfitError\()"([A-Z_]+)"', own))
    for code in said:
        assert code in COMMON or any(code in codes for codes in CATALOGUES.values()), code


def test_the_page_of_errors_is_the_catalogue() -> None:
    assert (ROOT / "docs" / "errors.md").read_text(encoding="utf-8") == page()
