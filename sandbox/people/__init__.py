"""Realistic people, seeded and streamed: clean ones first, then spoilt the way real records are."""

from sandbox.people.crowd import Company, Crowd, Person, companies
from sandbox.people.staff import QUEUE, Colleague, Staff, colleagues
from sandbox.people.story import DAY, MIX, Mix, mix_of

__all__ = [
    "DAY",
    "MIX",
    "QUEUE",
    "Colleague",
    "Company",
    "Crowd",
    "Mix",
    "Person",
    "Staff",
    "colleagues",
    "companies",
    "mix_of",
]
