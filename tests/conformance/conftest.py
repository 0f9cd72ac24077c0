"""The fixture `system`: each law runs once for every system."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.conformance.systems import SYSTEMS, System


@pytest.fixture(params=SYSTEMS)
def system(request: pytest.FixtureRequest) -> Iterator[System]:
    with SYSTEMS[request.param]() as made:
        yield made
