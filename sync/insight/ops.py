"""What those who run the service are told: what has stopped, and that it goes on; each once."""

from __future__ import annotations

from typing import TYPE_CHECKING

from insight.alerts import DAY, PAUSED, Alert, notice
from sync.trust.guard import PAUSED as QUESTION
from sync.trust.guard import pause_of
from sync.trust.pausing import pauses

if TYPE_CHECKING:
    from sync.engine import Engine


def stopped(engine: Engine) -> list[Alert]:
    """Everything that is paused now, and what was let go in the last day."""
    now, store = engine.now(), engine.store
    found = [
        notice(PAUSED, f"{one.fingerprint}|{one.since}", "", now, f"Paused: {one.why}", f"{one.cause}. {one.fix}")
        for one in pauses(store)
    ]
    for review in store.answered(QUESTION, now - DAY):
        one = pause_of(review)
        cause = f"{one.fingerprint}|{one.since}|over"
        found.append(notice(PAUSED, cause, "", now, f"Goes on: {one.why}", str(review.answer)))
    return found
