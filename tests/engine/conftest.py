from __future__ import annotations

import pytest

from include.endpoints import Endpoint
from tests.engine.practice import Practice, open_practice


@pytest.fixture
def practice(source: Endpoint, warehouse: Endpoint) -> Practice:
    return open_practice(source, warehouse)
