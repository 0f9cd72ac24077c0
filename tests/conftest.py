"""How Hypothesis searches in this suite: by numbers of examples, never by the clock of a busy machine; a quiet log."""

from __future__ import annotations

import logging

import structlog
from hypothesis import HealthCheck, settings

settings.register_profile("suite", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("suite")


def pytest_runtest_setup() -> None:
    """Without the log of every call, which takes longer than the calls; whatever a command in this process set up.

    A log that goes to a stream which a test has closed would fail the next test that something is logged in.
    """
    quiet = structlog.make_filtering_bound_logger(logging.CRITICAL)
    structlog.configure(wrapper_class=quiet, logger_factory=structlog.ReturnLoggerFactory())
