"""What another configuration would do is said before it is in use, from the same state, which stays as it is."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from state.store import open_store
from sync import compose
from sync.trust.contrast import Contrast
from sync.trust.dry import DryRun
from tests.trust.lives import Careful, careful


@pytest.fixture
def life() -> Iterator[Careful]:
    with careful() as stage:
        yield stage


def on_a_copy(life: Careful, folder: Path) -> DryRun:
    """The plan of the configuration as it is now."""
    with open_store(f"sqlite:///{folder}/copy-{life.clock.now()}.db") as copy:
        life.state.copy_to(copy)
        plan = compose.engine(life.settings(), life.outside(), copy).plan()
    life.later()
    return plan


def test_only_what_differs_is_told(life: Careful, tmp_path: Path) -> None:
    life.couple("ann", city="Bonn")
    dormant = [life.contact(f"dormant{n}", lifecyclestage="lead") for n in range(3)]
    life.contact("new")
    life.later()
    was = on_a_copy(life, tmp_path)
    life.configure("person.create", {"salesforce": "has_email"})
    becomes = on_a_copy(life, tmp_path)
    more, less = Contrast(becomes, was), Contrast(was, becomes)
    assert more.summary()["effects"] == {"person.salesforce.creates": len(dormant)}
    assert more.fields["person", "salesforce", "email"] == len(dormant)
    assert {line["who"] for line in more.lines()} == {f"hubspot/{id}" for id in dormant}
    assert not less.counts
    assert life.state.runs()[0].job != "plan", "nothing of it is remembered"
