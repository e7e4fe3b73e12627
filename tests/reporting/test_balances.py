"""The line that compares Open Dental's stored balances with ours, over a mart's rows."""

from datetime import UTC, datetime

import pytest

from include.ops.mart_states import MartState
from include.reporting.balances import MART, StoredBalances, compare_balances
from include.warehouse.session import connect
from tests.validation.loaded_warehouse import LoadedWarehouse

BUILT = MartState(MART, "built", datetime(2026, 11, 2, tzinfo=UTC))


def compare(refreshed: LoadedWarehouse, *marts: MartState) -> StoredBalances | None:
    with connect(refreshed.endpoint) as connection:
        return compare_balances(connection, marts)


@pytest.fixture
def compared(refreshed: LoadedWarehouse) -> LoadedWarehouse:
    refreshed.execute(
        "create table marts.od_reconcile_aging (difference_reason text, difference_amount numeric)"
    )
    refreshed.execute("create table intermediate.int_preferences_pivoted (last_aging_on date)")
    refreshed.execute("insert into intermediate.int_preferences_pivoted values ('2026-10-30')")
    return refreshed


def test_families_that_differ_are_counted_by_reason_and_summed_without_their_signs(
    compared: LoadedWarehouse,
) -> None:
    compared.execute(
        "insert into marts.od_reconcile_aging values (null, 0), (null, 0), ('rounding', 0.001),"
        " ('edited_since', 1200), ('edited_since', -34.5)"
    )
    found = compare(compared, BUILT)
    assert found is not None
    assert (found.differing, found.families) == (3, 5)
    assert found.line() == (
        "balances: 3 of 5 families other than Open Dental stores them as of 2026-10-30, by 1,234.50"
        " in sum (edited_since 2, rounding 1): see od_reconcile_aging"
    )


def test_families_that_all_agree_are_said_to(compared: LoadedWarehouse) -> None:
    compared.execute("insert into marts.od_reconcile_aging values (null, 0)")
    compared.execute("update intermediate.int_preferences_pivoted set last_aging_on = null")
    found = compare(compared, BUILT)
    assert found is not None
    assert (
        found.line()
        == "balances: all of 1 family as Open Dental stores them as of no day that it names"
    )


def test_a_mart_that_is_not_there_or_holds_nobody_is_not_spoken_of(
    compared: LoadedWarehouse,
) -> None:
    assert compare(compared, BUILT) is None
    compared.execute("drop table marts.od_reconcile_aging")
    assert compare(compared, MartState(MART, "failed", None)) is None
    assert compare(compared) is None
