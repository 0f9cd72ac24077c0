"""What the door tells a connector when a call did not end in an answer it can use."""

from __future__ import annotations

from connectors.errors import Retry, Unavailable


class NoAnswer(Retry):
    """A write was sent and no usable answer came: it may or may not have happened.  Becomes `Unknown`."""


class Refused(Unavailable):
    """The system definitely did nothing (rate, lock, outage before sending).  Becomes `Deferred` for a write.

    `until`: ms on our clock when it is worth trying again, or None.
    """

    def __init__(self, message: str, until: int | None = None) -> None:
        super().__init__(message)
        self.until = until
