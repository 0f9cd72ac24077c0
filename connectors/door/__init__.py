"""The one HTTP door: rate, budget, repetition, ledger, token, and the riders that carry both client libraries."""

from connectors.door.budget import Budget
from connectors.door.clock import Clock
from connectors.door.door import Called, Door, Patience
from connectors.door.faults import NoAnswer, Refused
from connectors.door.manners import Manners, Pace, Quota, Refusal, Route, retry_after
from connectors.door.rate import Window
from connectors.door.riders import Answered, DoorAdapter, DoorPool, PoolAnswer
from connectors.door.skew import skewed
from connectors.door.token import Grant, Token
from connectors.door.wire import is_loopback, wire

__all__ = [
    "Answered",
    "Budget",
    "Called",
    "Clock",
    "Door",
    "DoorAdapter",
    "DoorPool",
    "Grant",
    "Manners",
    "NoAnswer",
    "Pace",
    "Patience",
    "PoolAnswer",
    "Quota",
    "Refusal",
    "Refused",
    "Route",
    "Token",
    "Window",
    "is_loopback",
    "retry_after",
    "skewed",
    "wire",
]
