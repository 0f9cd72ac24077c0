"""On the first working day of a month both teams are told what the month before brought, once."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

from insight.alerts import RATES, REVIEW, Rules, notice, told
from state.rows import Lease
from sync import compose
from sync.insight.known import known
from sync.insight.monthly import frozen, last_month
from tests.alerts.told import OWNER, Told
from tests.alerts.told import told as telling
from tests.scenarios.stage import MINUTE

DAY = 24 * 60 * MINUTE


WEEKDAYS = {"office": dict.fromkeys(("monday", "tuesday", "wednesday", "thursday", "friday"), "00:00-24:00")}


def now(stage: Told) -> int:
    return stage.outside().clock.now_ms()


def today(stage: Told) -> date:
    return datetime.fromtimestamp(now(stage) / 1000, UTC).date()


def until_next_month(stage: Told) -> None:
    first = (today(stage).replace(day=1) + timedelta(days=32)).replace(day=1)
    stage.clock.advance((first - today(stage)).days * DAY)


def test_the_review_is_told_on_the_first_working_day_and_stays_as_it_was() -> None:
    with telling({"calendar": WEEKDAYS}, types=["monthly_review"], marketing=[OWNER]) as stage:
        stage.lead("ann")
        stage.settle()
        assert not stage.tasks(), "of the month in which it began nobody asked"
        until_next_month(stage)
        while today(stage).weekday() > 4:
            stage.settle()
            assert not stage.tasks(), "nobody works"
            stage.clock.advance(DAY)
        stage.settle(2)
        [task] = stage.tasks()
        month = last_month(now(stage))
        assert task.values["Subject"] == f"The review of {month.first:%B %Y} is ready"
        lines = str(task.values["Description"]).splitlines()
        [leads] = [line for line in lines if line.startswith("- leads: ")]
        assert leads == "- leads: 1, before 0"
        stage.lead("bob")
        stage.settle(31)
        assert len(stage.tasks()) == 1
        engine = compose.engine(stage.settings(), stage.outside(), stage.state)
        found = known(stage.settings(), engine.mappings(), stage.state, now(stage))
        [review, *_] = frozen(stage.state, found, month, Lease("nobody", "nobody", 0, 0), lambda _: "")
        assert [row["value"].value for row in review.rows if row["number"].value == "leads"] == [1]


def test_marketing_and_every_manager_are_told_what_is_for_both_teams() -> None:
    rules = Rules(managers={"rita@homes.example": "max@homes.example"}, fallback="ops@homes.example")
    for type_ in (REVIEW, RATES):
        alert = notice(type_, "cause", "", 0, "", "")
        assert told(alert, rules) == ("max@homes.example",)
        assert told(alert, Rules(fallback="ops@homes.example")) == ("ops@homes.example",)
        assert told(alert, Rules(marketing=("mia@homes.example",), managers=rules.managers)) == (
            "mia@homes.example", "max@homes.example",
        )  # fmt: skip
