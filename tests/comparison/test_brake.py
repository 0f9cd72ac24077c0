"""Deletions do not run away: of more than a day may have none is carried out until a person says so."""

from __future__ import annotations

from sync.trust.guard import DELETES
from sync.trust.limits import BrakesSettings
from sync.trust.pausing import go_on, pauses
from tests.scenarios.stage import MINUTE, Stage

A_DAY = BrakesSettings().deletes_per_day


def _left(stage: Stage) -> int:
    return sum(row.archived_at is None for row in stage.world.rows("hubspot", "contacts").values())


def test_more_deletions_than_a_day_may_have_wait_for_a_person() -> None:
    stage = Stage()
    try:
        stage.configure("person.on_delete", {"hubspot": "archive"})
        stage.configure("[brakes]", {"shrink_share": "1.0"})
        stage.begin()
        human = stage.human("salesforce")
        for n in range(A_DAY + 2):
            values = {"LastName": "Example", "Company": "Acme", "Email": f"p{n}@prospect.example"}
            stage.world.salesforce.create("Lead", values, human)
        stage.clock.advance(2 * MINUTE)
        stage.sync()
        stage.clock.advance(2 * MINUTE)
        for id in list(stage.world.rows("salesforce", "Lead")):
            stage.world.salesforce.delete("Lead", id, human)
        for _ in range(2):
            stage.clock.advance(2 * MINUTE)
            assert stage.sync(full=True).status == "paused"
            assert _left(stage) == A_DAY + 2
        (pause,) = pauses(stage.state)
        assert (pause.cause, pause.kind, pause.system, pause.many) == (DELETES, "person", "hubspot", A_DAY + 2)
        go_on(stage.state, pause, stage.clock.now(), "resumed by somebody")
        stage.clock.advance(2 * MINUTE)
        assert stage.sync().status == "done"
        assert _left(stage) == 0
    finally:
        stage.close()
