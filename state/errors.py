"""What can go wrong with our own memory, as one sentence that says what would put it right."""

from __future__ import annotations

from connectors.errors import SyncError


class StateError(SyncError):
    """The state database cannot be used: locked, foreign, newer than this program, full, unreachable, misnamed."""
