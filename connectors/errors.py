"""What can befall a system, named by what happens next.

    SyncError
    ├── Retry                  the door or the next tick repeats; nothing to do
    │   ├── Unavailable            network, 5xx on a read
    │   └── Exhausted              quota or budget; sleep until
    ├── Stop                   this system (not the process) stops; a person must act
    │   ├── Unauthorised           credentials, scope or permission
    │   ├── SchemaChanged          a mapped field or choice vanished
    │   └── Misconfigured          key, value, expectation
    ├── Held                   the plan waits for approval
    └── LeaseLost              drop everything, write nothing more

What happens to one record is never an exception: it is one of the five outcomes of `connectors.port`.
Messages are one plain sentence, free of personal values, and safe to show.  (Hence no suffix "Error".)
"""

from __future__ import annotations


class SyncError(Exception):
    """The root: a sentence that a person can act on."""


class Retry(SyncError):  # noqa: N818
    """The door or the next tick repeats."""


class Unavailable(Retry):
    """The system could not be reached or failed to answer a read."""


class Exhausted(Retry):
    """The quota or our budget is used up.  `until`: ms on our clock when it is worth trying again, or None."""

    def __init__(self, message: str, until: int | None = None) -> None:
        super().__init__(message)
        self.until = until


class Stop(SyncError):  # noqa: N818
    """This system stops until a person has acted."""


class Unauthorised(Stop):
    """The credentials are refused, or lack a scope or permission."""


class SchemaChanged(Stop):
    """A mapped field or choice vanished."""


class Misconfigured(Stop):
    """A setting cannot work: says which, what it is, and what would be right."""


class LeaseLost(SyncError):  # noqa: N818
    """Another run holds the lease."""
