"""What a report is about: the facts, and what both teams promised, as the configuration and the state have it now."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from functools import cached_property

from insight.catalogue import Piece, Spent
from insight.reports.document import Period
from insight.reports.facts import Facts
from insight.reports.promises import Target, stands
from insight.reports.quota import Promised
from insight.sla.handoffs import Owed, owed
from insight.sla.pace import Pace
from insight.touches import Touch
from mapping.conditions import Condition, compile_condition
from mapping.mapping import Mapping as KindMapping
from state.store import Store
from sync.insight import tables
from sync.insight.agreement import Agreement, GoalSettings
from sync.insight.facts import LeadType, facts
from sync.insight.features import known_fields
from sync.settings.common import Settings


@dataclass(frozen=True)
class Known:
    """Everything a report may be made of."""

    facts: Facts
    settings: Settings
    now: int
    """ms since the epoch."""

    @property
    def today(self) -> date:
        """The UTC date."""
        return datetime.fromtimestamp(self.now / 1000, UTC).date()

    @cached_property
    def agreement(self) -> Agreement:
        """What was promised, and when who works."""
        return Agreement(self.settings.sla, self.settings.calendar)

    @cached_property
    def pieces(self) -> list[Piece]:
        """What there is to show."""
        return tables.content(self.settings.insight.content)

    @cached_property
    def costs(self) -> list[Spent]:
        """What was spent."""
        return tables.costs(self.settings.insight.costs)

    @cached_property
    def buyers(self) -> dict[str, str]:
        """Stage → where the buyer is then."""
        return {stage.name: stage.buyer for stage in self.settings.vocabulary.stage}

    @cached_property
    def asks(self) -> Callable[[Touch], bool]:
        """Whether somebody asks for a demo, an offer or a meeting."""
        scheme = self.settings.score.scheme()
        return lambda touch: scheme.class_of(touch) == "demo"

    @cached_property
    def owed(self) -> list[Owed]:
        """Every hand-off for which something was promised."""
        stages = self.facts.stages
        beyond = stages[stages.index(self.settings.sla.start) :] if self.settings.sla.start in stages else ()
        promised, calendar_of = self.agreement.promised, self.agreement.calendar_of
        # Whom nothing is owed has no touch worth reading; and of a verdict the touches are not needed any more.
        handed = [person for person in self.facts.people if any(step.stage in beyond for step in person.way)]
        return [
            each._replace(person=each.person._replace(touches=()), handoff=replace(each.handoff, touches=()))
            for person in self.facts.touched(handed)
            for each in owed(person, beyond, promised, calendar_of, self.now)
        ]

    def goals(self, period: Period) -> list[GoalSettings]:
        """Those whose time overlaps a period."""
        return [
            goal
            for goal in self.settings.goals.period
            if (period.last is None or goal.since <= period.last)
            and (period.first is None or goal.until >= period.first)
        ]

    def targets(self, period: Period) -> list[tuple[Target, Pace]]:
        """What marketing promised for a period, and how it stands."""
        calendar = self.agreement.calendar_of("")
        found = [
            Target(stage, Period(goal.since, goal.until), number)
            for goal in self.goals(period)
            for stage, number in goal.targets.items()
        ]
        return [(target, stands(self.facts, target, calendar, self.today)) for target in found]

    def promised(self, period: Period) -> Sequence[Promised]:
        """The goals of a period with what they assume."""
        return [
            Promised(
                goal.goal,
                Period(goal.since, goal.until),
                goal.deal,
                goal.rates,
                goal.self_sourced,
                {owner: self._working_days(owner, goal.since, goal.until) for owner in goal.quotas},
            )
            for goal in self.goals(period)
        ]

    def _working_days(self, owner: str, first: date, last: date) -> int:
        calendar = self.agreement.calendar_of(owner)
        return sum(calendar.works_on(first + timedelta(days=n)) for n in range((last - first).days + 1))


def known(settings: Settings, mappings: Sequence[KindMapping], store: Store, now: int) -> Known:
    """What is known now.  mappings: of the kinds that are synchronised."""
    return Known(facts(store, mappings, lead_type_of(settings)), settings, now)


def lead_type_of(settings: Settings) -> LeadType:
    """What conditions may ask of a person → the first type of lead that fits; empty: none does."""
    types = [(each.name, compiled(settings, each.when)) for each in settings.sla.lead_type]
    return lambda person: next((name for name, fits in types if fits(person)), "")


def compiled(settings: Settings, text: str) -> Condition:
    """A condition on people."""
    ranks = {stage.name: 10 * place for place, stage in enumerate(settings.vocabulary.stage, 1)}
    return compile_condition(text, set(known_fields(settings, "person")), ranks)
