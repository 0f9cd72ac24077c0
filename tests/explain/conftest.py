"""Without the log of every call."""

from tests.scenarios.conftest import quiet_log

__all__ = ["quiet_log"]
