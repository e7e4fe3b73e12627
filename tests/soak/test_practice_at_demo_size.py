"""The demo practice at its full size: equality after months of life, and after many kills."""

from __future__ import annotations

import multiprocessing
import random
from datetime import date
from pathlib import Path

import pytest

from include.discovery import discover
from include.endpoints import Endpoint
from include.warehouse import session as warehouse_session
from simulator import PracticePlan, advance, build
from tests.engine.equality import assert_all_equal, refresh

pytestmark = pytest.mark.soak

PLAN = PracticePlan(patients=2000, years=3, seed=7, until=date(2026, 11, 13))
MONTHS = 3
KILLS = 30
# A refresh of this practice takes longer than this, so that a kill finds it at work.
LONGEST_LIFE_SECONDS = 12.0


@pytest.fixture
def practice(source: Endpoint, warehouse: Endpoint, tmp_path: Path) -> Path:
    """A practice that has been built and discovered; returns the path of its books."""
    truth = tmp_path / "truth.json"
    build(source, PLAN, truth=truth)
    (tmp_path / "overrides.yml").write_text("{}\n")
    discover(source, warehouse, config_directory=tmp_path)
    return truth


def test_a_practice_stays_equal_for_months(
    source: Endpoint, warehouse: Endpoint, practice: Path
) -> None:
    run_id, moved = refresh(source, warehouse, practice.parent)
    assert assert_all_equal(source, warehouse, run_id) == moved > 300_000
    for _ in range(MONTHS):
        advance(source, truth=practice, days=30)
        run_id, moved = refresh(source, warehouse, practice.parent)
        assert moved > 3_000
        assert_all_equal(source, warehouse, run_id)
        assert refresh(source, warehouse, practice.parent)[1] == 0


def test_a_refresh_that_is_killed_again_and_again_loses_and_doubles_nothing(
    source: Endpoint, warehouse: Endpoint, practice: Path
) -> None:
    moments = random.Random(PLAN.seed)  # noqa: S311  # reproducible, not secret
    context = multiprocessing.get_context("fork")
    killed = 0
    for number in range(KILLS):
        process = context.Process(target=refresh, args=(source, warehouse, practice.parent))
        process.start()
        process.join(moments.uniform(0.2, LONGEST_LIFE_SECONDS))
        if process.is_alive():
            process.kill()
            process.join()
            killed += 1
        if number % 5 == 4:
            advance(source, truth=practice, days=1)
            assert _closed_gates_cover_what_is_incomplete(warehouse)
    assert killed > KILLS // 2
    run_id, _ = refresh(source, warehouse, practice.parent)
    assert_all_equal(source, warehouse, run_id)


def _closed_gates_cover_what_is_incomplete(warehouse: Endpoint) -> bool:
    with warehouse_session.connect(warehouse, autocommit=True) as connection:
        row = connection.execute(
            "select not exists (select from ops.table_state where state = 'loading' "
            "and is_publishable)"
        ).fetchone()
    return row == (True,)
