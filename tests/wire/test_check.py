"""`check` with scripted systems: what one system says of itself is told even where it will not describe its objects."""

from __future__ import annotations

from sync.config import parse, person_rule
from sync.setup.check import check
from tests.wire.salesforce.org import Org, answer, error

SETTINGS = parse(
    {
        "hubspot": {"access_token": "env:TOKEN"},
        "salesforce": {"login_url": "https://acme.my.salesforce.com", "client_id": "id", "client_secret": "env:SECRET"},
    }
)


def test_a_version_that_the_org_does_not_offer_is_named_although_nothing_can_be_described() -> None:
    org = Org()
    org.on("GET", "/services/oauth2/userinfo", answer({"user_id": "005000000000001EAA"}))
    org.on("GET", "/services/data/", answer([{"version": "68.0"}]))
    org.router.route().mock(return_value=error("NOT_FOUND", "The requested resource does not exist", 404))
    problems = check({"salesforce": org.connector}, [person_rule(SETTINGS)])
    told = next(problem for problem in problems if problem.where == "salesforce.version")
    assert told.level == "error"
    assert "68.0" in told.fix
