"""How Hypothesis searches in this suite: by numbers of examples, never by the clock of a busy machine; a quiet log."""

from __future__ import annotations

import logging
from collections.abc import Iterator

import pytest
import structlog
from hypothesis import HealthCheck, settings

settings.register_profile("suite", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("suite")


@pytest.fixture(autouse=True, scope="session")
def quiet_log() -> Iterator[None]:
    """Without the log of every call, which takes longer than the calls, and never to a stream that a test closed."""
    before = structlog.get_config()
    quiet = structlog.make_filtering_bound_logger(logging.CRITICAL)
    structlog.configure(wrapper_class=quiet, logger_factory=structlog.ReturnLoggerFactory())
    yield
    structlog.configure(**before)
