"""No byte that a server could send makes the compiled core read or write out of its memory."""

from __future__ import annotations

from pathlib import Path

from include.endpoints import Endpoint
from tests.engine.practice import open_practice
from tests.transcoder.sanitized import fuzz

ROUNDS = 20_000


def test_damaged_rows_keep_the_compiled_core_inside_its_memory(
    source: Endpoint, warehouse: Endpoint, tmp_path: Path
) -> None:
    done = fuzz(open_practice(source, warehouse), tmp_path, rounds=ROUNDS, seed=1)
    # Each kind of outcome occurred often.
    assert min(done.values()) > ROUNDS // 10, done
