from __future__ import annotations

import pytest

from include.transcoder.core import Core, load_core


@pytest.fixture(params=["compiled", "python"])
def core(request: pytest.FixtureRequest) -> Core:
    return load_core(compiled=request.param == "compiled")
