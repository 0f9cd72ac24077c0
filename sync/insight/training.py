"""`score train`: reads everybody's past, learns what the outcomes suffice for, and keeps what is better than before."""

from __future__ import annotations

from array import array
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any, NamedTuple

import structlog

from insight.score.cases import Goal, Taught
from insight.score.history import STAGES, cases, reaching
from insight.score.leaks import FREE_TYPES, by_name
from insight.score.learn import learn
from insight.score.model import Model, as_json, from_json
from insight.score.points import DAY, fitting_scale, tanks
from insight.score.priority import hot_a_day, within_capacity
from state.rows import Lease
from sync.insight.features import known_fields
from sync.insight.scoring import BASE, People, scorer

if TYPE_CHECKING:
    from sync.settings.common import Settings

log = structlog.get_logger()

LOOKED_BACK = 28 * DAY
WORKING_DAYS = 20
"""In that time, as a rule."""
EVERY = 7 * DAY


class Trained(NamedTuple):
    """What came of one training."""

    base: dict[str, Any]
    cards: dict[str, dict[str, Any]]
    """Goal → the card of the model that is used from now on."""
    given_up: dict[str, str]
    """Goal → why the model before is not used any longer, where it does not hold any more."""


def overdue(documents: dict[str, Any], now: int) -> bool:
    """Whether it is a week since anything was learned."""
    return bool(now - documents.get(BASE, {}).get("made_at", 0) >= EVERY)


def train(people: People, settings: Settings, lease: Lease, now: int, approved_by: str = "") -> Trained:
    """Learn both goals, the scale of engagement and the cuts of priority, and keep them."""
    held = people.store.models()
    goals = [Goal(name, settings.score.horizons[name]) for name in STAGES]
    types = field_types(settings)
    scheme = settings.score.scheme()
    found = {goal.name: Taught(goal, now) for goal in goals}
    stages = reaching(goals, people.mapping.lifecycle)
    raws = array("d")
    judged: dict[str, str] = {}
    for batch in people.batches():
        for life in people.lives(batch):
            raws.append(sum(tanks(scheme, life.touches, now).values()))
            # What is refused by its name alone is not carried along.
            for name in life.facts.keys() - judged.keys():
                judged[name] = _refusal(name, types)
            facts = {name: value for name, value in life.facts.items() if not judged[name]}
            for name, case in cases(life._replace(facts=facts), stages, scheme):
                found[name].add(case)
    refused = {name: why for name, why in judged.items() if why}
    cards: dict[str, dict[str, Any]] = {}
    given_up: dict[str, str] = {}
    for goal in goals:
        model, alert = _chosen(held.get(goal.name), found[goal.name], goal, now, refused, types, approved_by)
        given_up |= alert
        cards[goal.name] = model.card
        people.store.keep_model(lease, goal.name, model.made_at, as_json(model))
    base = {"made_at": now, "scale": round(fitting_scale(raws), 3), "people": len(raws)}
    base |= _cuts(people, settings, base, now)
    people.store.keep_model(lease, BASE, now, base)
    return Trained(base, cards, given_up)


def _chosen(
    held: Any,
    taught: Taught,
    goal: Goal,
    now: int,
    refused: Mapping[str, str],
    types: Mapping[str, str],
    approved_by: str,
) -> tuple[Model, dict[str, str]]:
    """The model that is used from now on, and why that before it does not hold any more, if so."""
    from insight.score.challenge import choose

    found = taught.cases()
    challenger = learn(found, goal, now, types=types, approved_by=approved_by)
    excluded = [*challenger.card["excluded"], *({"name": name, "why": refused[name]} for name in sorted(refused))]
    card = {**challenger.card, "excluded": excluded}
    challenger = replace(challenger, card=card | {name: n + card.get(name, 0) for name, n in taught.left.items()})
    chosen = choose(from_json(held) if held else None, challenger, found, goal, now)
    given_up = {goal.name: chosen.why} if chosen.alert else {}
    if given_up:
        log.error("model given up", goal=goal.name, why=chosen.why)
    kept = {"challenger": challenger.card["verdict"]} if chosen.model is not challenger else {}
    return replace(chosen.model, card={**chosen.model.card, "chosen": chosen.why, "looked_at": now, **kept}), given_up


def field_types(settings: Settings) -> dict[str, str]:
    """Fact → the type of its field; what the configuration excludes is of type `excluded`."""
    own = {name: field.type for name, field in known_fields(settings, "person").items()}
    company = {f"company_{name}": field.type for name, field in known_fields(settings, "company").items()}
    return {**own, **company, **dict.fromkeys(settings.score.exclude, EXCLUDED)}


EXCLUDED = "excluded"


def _refusal(name: str, types: Mapping[str, str]) -> str:
    """Why a fact of this name and type is not learned from; empty: it may be."""
    if types.get(name) == EXCLUDED:
        return "the configuration excludes it"
    return by_name(name) or (
        f"fields of type {types[name]} are not learned from" if types.get(name) in FREE_TYPES else ""
    )


def _cuts(people: People, settings: Settings, base: dict[str, Any], now: int) -> dict[str, Any]:
    """From which scores on people are hot, so that sales can keep up."""
    capacity = settings.score.capacity
    if capacity is None:
        return {"cuts": list(settings.score.cuts)}
    scores = list(_lately(people, settings, base, now))
    cuts = within_capacity(scores, WORKING_DAYS, capacity, settings.score.cuts)
    return {"cuts": list(cuts), "hot_a_day": hot_a_day(scores, WORKING_DAYS, cuts), "capacity": capacity}


def _lately(people: People, settings: Settings, base: dict[str, Any], now: int) -> Iterator[tuple[int, int]]:
    """(fit, engagement) of all who did something in the last four weeks."""
    by = scorer(settings, people.store.models() | {BASE: base})
    for batch in people.batches():
        for person in people.read(batch):
            if any(t.by == "buyer" and now - LOOKED_BACK < t.at <= now for t in person.touches):
                scored = by.score(person, now)
                yield scored.fit, scored.engagement
