"""Kill -9 at the moments of a load: before and after pages, statements, COPY blocks, commits."""

from __future__ import annotations

import pytest

from tests.engine.faults.kills import CASES, kill_first_loads, kill_refreshes
from tests.engine.faults.moments import commit_batches_of
from tests.engine.practice import Practice

# Where in a load the few kills here are; `make soak` takes every moment.
SOME = (0.5, 0.95)


@pytest.mark.parametrize(("shape", "batch_rows"), CASES)
def test_a_first_load_killed_at_any_moment_is_mended_by_the_next(
    practice: Practice, monkeypatch: pytest.MonkeyPatch, shape: str, batch_rows: int
) -> None:
    commit_batches_of(batch_rows, monkeypatch)
    # The last one may lie beyond the end: no two loads have quite the same moments.
    assert kill_first_loads(practice, shape, SOME) >= len(SOME) - 1


@pytest.mark.parametrize(("shape", "batch_rows"), CASES)
def test_a_refresh_killed_at_any_moment_is_mended_by_the_next(
    practice: Practice, monkeypatch: pytest.MonkeyPatch, shape: str, batch_rows: int
) -> None:
    commit_batches_of(batch_rows, monkeypatch)
    assert kill_refreshes(practice, shape, SOME) >= len(SOME) - 1
