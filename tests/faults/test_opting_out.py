"""An opt-out that HubSpot does not let us write: said as what it is, and written once it may be."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from sync.console.show import held
from tests.faults.scene import HOUR, S, Scene

SCOPES = tuple(
    f"communication_preferences.{right}" for right in ("read", "write", "read_write", "statuses.batch.write")
)


@pytest.fixture
def scene() -> Iterator[Scene]:
    made = Scene()
    yield made
    made.stage.close()


def codes(scene: Scene) -> list[str]:
    return sorted(str(review.detail.get("code")) for review in held(scene.stage.state))


def new_lead(scene: Scene) -> None:
    values = {"LastName": "Bob", "Company": "Bob", "Status": "Open - Not Contacted", "Email": "bob@acme.example"}
    scene.salesforce.create("Lead", {**values, "HasOptedOutOfEmail": True}, scene.stage.human(S))


def test_who_is_made_without_the_opt_out_took_nothing_back(scene: Scene) -> None:
    scene.scopes(*SCOPES)
    new_lead(scene)
    scene.sync()
    scene.sync()
    assert "OPT_OUT_TAKEN_BACK" not in codes(scene)
    assert codes(scene) == ["MISSING_SCOPES"]
    scene.scopes()
    scene.sync(HOUR)
    assert scene.hubspot.consent.opted_out("bob@acme.example")
    assert not held(scene.stage.state)
