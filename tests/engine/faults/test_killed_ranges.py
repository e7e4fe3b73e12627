"""Kill -9 at the moments of a table that is loaded in ranges: opening, loading, completing."""

from __future__ import annotations

import pytest

from tests.engine.faults.moments import commit_batches_of
from tests.engine.faults.range_kills import kill_ranges
from tests.engine.practice import Practice

SOME = (0.5, 0.96)


@pytest.mark.parametrize("is_first", [True, False])
def test_ranges_killed_at_any_moment_are_mended(
    practice: Practice, monkeypatch: pytest.MonkeyPatch, *, is_first: bool
) -> None:
    commit_batches_of(40, monkeypatch)
    assert kill_ranges(practice, SOME, is_first=is_first) >= len(SOME) - 1
