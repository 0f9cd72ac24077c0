"""Whether what sales made of people finds its way back to marketing: without that, little can be learned of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from connectors.port import Problem
from insight.ratio import Ratio
from mapping.mapping import Mapping as KindMapping
from state.rows import Row
from state.store import Store
from sync.decide.dealing import outcome

PAGE = 1_000
LEAST = {"people": 0.8, "deals": 0.7, "reasons": 0.6}
"""The shares from which on reports on what became of people may be trusted."""
_WHAT = {
    "people": "people of {} are linked with their counterpart",
    "deals": "deals of {} have a linked person",
    "reasons": "lost deals of {} say why",
}
_FIXES = {
    "people": "`smarketing backfill`; `smarketing errors list` and the duplicates show who is not linked, and why",
    "deals": "have sales name the people of a deal (Opportunity, Contact Roles)",
    "reasons": "make the reason of a loss required when a deal is closed (a validation rule on its stage)",
}


def closed_loop(mappings: Mapping[str, KindMapping], state: Store) -> dict[str, Ratio]:
    """people: of the sales team's people how many are linked; deals: of its deals how many have one of those; reasons:
    of its lost deals how many say why.  What is not synchronised is left out."""
    people, deals = mappings.get("person"), mappings.get("deal")
    if people is None:
        return {}
    system = sales(people)
    every = list(_rows(people, system, state))
    linked = {row.id for row in every if row.shadow is not None}
    found = {"people": Ratio(len(linked), len(every))}
    if deals is not None:
        rows = list(_rows(deals, system, state))
        found["deals"] = Ratio(sum(not linked.isdisjoint(row.now.get("people") or ()) for row in rows), len(rows))
        lost = [row for row in rows if outcome(deals, row) == "lost"]
        found["reasons"] = Ratio(sum("lost_reason" in row.now for row in lost), len(lost))
    return found


def unready(mappings: Mapping[str, KindMapping], state: Store) -> Iterator[Problem]:
    """What keeps the loop from being closed, as far as there is anything to judge."""
    for name, ratio in closed_loop(mappings, state).items():
        if ratio.value is not None and not ready(name, ratio):
            where = sales(mappings["person"])
            yield Problem(
                "warning",
                "closed_loop_ready",
                f"{ratio.numerator:,} of {ratio.denominator:,} {_WHAT[name].format(where)} ({ratio.value:.0%}): "
                f"reports on what became of people and learned scores want {LEAST[name]:.0%}",
                _FIXES[name],
            )


def ready(name: str, ratio: Ratio) -> bool:
    """Whether a share is large enough."""
    return ratio.value is not None and ratio.value >= LEAST[name]


def sales(people: KindMapping) -> str:
    """The system of the sales team."""
    return next(system for system, team in people.rule.teams.items() if team == "sales")


def _rows(mapping: KindMapping, system: str, state: Store) -> Iterator[Row]:
    for object in mapping.rule.objects[system]:
        after = 0
        while rows := state.scan(system, object, after, PAGE):
            after = rows[-1].n
            yield from rows
