"""Deletions do not run away: more than a day may have are held for a person."""

from __future__ import annotations

from state.rows import Outcomes
from sync.deleting import A_DAY
from tests.scenarios.stage import MINUTE, Stage


def test_more_deletions_than_a_day_may_have_are_held() -> None:
    stage = Stage()
    try:
        stage.configure("person.on_delete", {"hubspot": "archive"})
        stage.begin()
        human = stage.human("salesforce")
        for n in range(A_DAY + 2):
            values = {"LastName": "Example", "Company": "Acme", "Email": f"p{n}@prospect.example"}
            stage.world.salesforce.create("Lead", values, human)
        stage.clock.advance(2 * MINUTE)
        stage.sync()
        for id in list(stage.world.rows("salesforce", "Lead")):
            stage.world.salesforce.delete("Lead", id, human)
        for _ in range(2):
            stage.clock.advance(2 * MINUTE)
            stage.sync()
            left = [row for row in stage.world.rows("hubspot", "contacts").values() if row.archived_at is None]
            assert len(left) == 2
        assert [review.detail["code"] for review in stage.state.reviews(question="held")] == ["MANY_DELETES"] * 2
        held = [str(review.entity) for review in stage.state.reviews(question="held")]
        stage.leased(lambda lease: stage.state.commit_outcomes(lease, Outcomes(dirty=held)))
        stage.clock.advance(25 * 60 * MINUTE)
        stage.sync(full=True)
        assert all(row.archived_at is not None for row in stage.world.rows("hubspot", "contacts").values())
    finally:
        stage.close()
