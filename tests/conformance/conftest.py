"""The fixture `system`: each law runs once for every system."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.conformance.systems import OBJECTS, SYSTEMS, System


@pytest.fixture(params=[*SYSTEMS, *OBJECTS])
def system(request: pytest.FixtureRequest) -> Iterator[System]:
    with {**SYSTEMS, **OBJECTS}[request.param]() as made:
        yield made
