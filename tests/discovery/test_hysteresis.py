"""Decisions stand until a measurement lies clearly beyond their boundary."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from include.catalog.model import Tier
from include.discovery import tiers
from include.discovery.importance import Importance
from include.discovery.profile import TableMeasurement, with_changes
from include.ops.profiles import EarlierMeasurement

NOW = datetime(2026, 3, 1, tzinfo=UTC)


def _measured(rows: int, width: int = 100) -> TableMeasurement:
    return TableMeasurement(rows, rows * width, "InnoDB", next_number=rows + 1)


@pytest.mark.parametrize(
    ("score", "previous", "expected"),
    [
        (42.0, None, Tier.CRITICAL),
        (41.9, None, Tier.IMPORTANT),
        (41.9, Tier.CRITICAL, Tier.CRITICAL),
        (39.1, Tier.CRITICAL, Tier.CRITICAL),
        (38.9, Tier.CRITICAL, Tier.IMPORTANT),
        (44.9, Tier.IMPORTANT, Tier.IMPORTANT),
        (45.1, Tier.IMPORTANT, Tier.CRITICAL),
        (21.5, Tier.IMPORTANT, Tier.IMPORTANT),
        (20.0, Tier.IMPORTANT, Tier.REFERENCE),
        (60.0, Tier.REFERENCE, Tier.CRITICAL),
    ],
)
def test_a_tier_changes_only_clearly_beyond_its_boundary(
    score: float, previous: Tier | None, expected: Tier
) -> None:
    assert tiers.choose_tier(Importance(score, {"money": 0.0}), {}, previous) is expected


def test_chunks_follow_the_width_of_rows_with_the_same_restraint() -> None:
    assert tiers.choose_chunk_rows(_measured(100_000, width=100), None) == 20_000
    assert tiers.choose_chunk_rows(_measured(100_000, width=350), None) == 10_000
    assert tiers.choose_chunk_rows(_measured(100_000, width=210), None) == 10_000
    assert tiers.choose_chunk_rows(_measured(100_000, width=210), 20_000) == 20_000
    assert tiers.choose_chunk_rows(_measured(100_000, width=300), 20_000) == 10_000
    assert tiers.choose_chunk_rows(_measured(100_000, width=190), 10_000) == 10_000
    assert tiers.choose_chunk_rows(_measured(100_000, width=150), 10_000) == 20_000
    assert tiers.choose_chunk_rows(_measured(5, width=9_000), 10_000) == 10_000
    assert tiers.choose_chunk_rows(_measured(100_000, width=100_000), None) == 1_000


def test_minutes_follow_size_and_the_sla_leaves_room() -> None:
    assert tiers.choose_expected_minutes(_measured(0), None) == 1.0
    large = _measured(4_000_000, width=300)
    assert tiers.choose_expected_minutes(large, None) == 10.0
    assert tiers.choose_expected_minutes(_measured(720_000), 1.0) == 1.0
    assert tiers.choose_expected_minutes(_measured(620_000), 2.0) == 2.0
    assert tiers.choose_expected_minutes(_measured(300_000), 2.0) == 1.0
    assert tiers.choose_sla_minutes(Tier.CRITICAL, 1.0) == 60.0
    assert tiers.choose_sla_minutes(Tier.CRITICAL, 90.0) == 270.0


@pytest.mark.parametrize(
    ("before", "days", "expected"),
    [
        (_measured(1_000), 1, 0.0),
        (_measured(990), 1, 10.0),
        (_measured(1_070), 7, 10.0),
        # As many deleted as inserted: the numbers handed out tell.
        (TableMeasurement(1_000, 100_000, "InnoDB", next_number=501), 1, 500.0),
        (TableMeasurement(1_000, 100_000, "InnoDB", next_number=1_001, updated_at="y"), 1, 1.0),
    ],
)
def test_changes_are_counted_a_day_since_the_discovery_before(
    before: TableMeasurement, days: int, expected: float
) -> None:
    earlier = EarlierMeasurement(
        before.row_count, before.content_marker, NOW - timedelta(days=days)
    )
    assert with_changes(_measured(1_000), earlier, now=NOW).changes_a_day == expected
    assert with_changes(_measured(1_000), None, now=NOW).changes_a_day is None
