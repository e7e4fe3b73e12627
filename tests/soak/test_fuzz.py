"""Damaged inputs by the thousand for the wire layer, by the million for the compiled core."""

from __future__ import annotations

import logging
from collections import Counter
from pathlib import Path

import pytest

from include.endpoints import Endpoint
from tests.engine.faults.damage import survive
from tests.engine.faults.subject import MARK
from tests.engine.practice import Practice, open_practice
from tests.transcoder.sanitized import fuzz

pytestmark = pytest.mark.soak

STREAMS = 4_000
INPUTS = 5_000_000

log = logging.getLogger(__name__)


@pytest.fixture
def practice(source: Endpoint, warehouse: Endpoint) -> Practice:
    return open_practice(source, warehouse)


def test_fuzz_of_the_wire_layer(
    practice: Practice, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    errors = survive(practice, monkeypatch, range(100, 100 + STREAMS))
    assert len(errors) > STREAMS // 4
    assert MARK not in caplog.text + "".join(map(str, errors))
    log.info("%s", Counter(type(error).__name__ for error in errors))


@pytest.mark.parametrize("seed", range(10, 13))
def test_fuzz_of_the_compiled_core(practice: Practice, tmp_path: Path, seed: int) -> None:
    done = fuzz(practice, tmp_path, rounds=INPUTS, seed=seed)
    assert min(done.values()) > INPUTS // 10, done
    log.info("%s", done)
