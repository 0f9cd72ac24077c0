"""The people who work for the company: they own the records, in both systems, in one, or no longer."""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import NamedTuple

from sandbox.people.places import PLACES


class Colleague(NamedTuple):
    """One user.  `key` is what a data set calls the person, else empty."""

    first: str
    last: str
    email: str
    active: bool = True
    hubspot: bool = True
    salesforce: bool = True
    key: str = ""


class Staff(NamedTuple):
    """Ids of possible owners: the same position is the same human being; None where a side has no such user."""

    hubspot: Sequence[str | None]
    salesforce: Sequence[str | None]
    queue: str | None = None
    """A Salesforce queue that holds leads nobody has taken yet."""


DOMAIN = "homes.example"
QUEUE = "New inquiries"


def colleagues(rng: random.Random, people: int) -> list[Colleague]:
    """8 to 30 of them by the size of the company; two have left and two are known on one side only."""
    count = min(30, 8 + people // 1_000)
    # The office speaks three languages, so that owners' names carry marks too.
    places = PLACES[:3]
    made = []
    for number in range(count):
        place = places[number % len(places)]
        first = place.given[(number * 7 + rng.randrange(5)) % len(place.given)]
        last = place.family[(number * 11 + rng.randrange(7)) % len(place.family)]
        made.append(Colleague(first.text, last.text, f"{first.slug}.{last.slug}{number}@{DOMAIN}"))
    made[2] = made[2]._replace(active=False)
    made[5] = made[5]._replace(active=False)
    made[3] = made[3]._replace(hubspot=False)
    made[6] = made[6]._replace(salesforce=False)
    return made
