import pytest

from include.open_dental.protection import (
    PhiClass,
    Protection,
    excluded_cell,
    excluded_table,
    protect,
)


@pytest.mark.parametrize(
    ("table", "column", "data_type", "protection"),
    [
        ("userod", "Password", "varchar", Protection(PhiClass.CREDENTIAL, is_excluded=True)),
        ("USEROD", "password", "varchar", Protection(PhiClass.CREDENTIAL, is_excluded=True)),
        ("Patient", "birthdate", "date", Protection(PhiClass.IDENTIFIER)),
        ("rxpat", "Drug", "varchar", Protection(PhiClass.CLINICAL)),
        ("rxpat", "RxDate", "date", Protection()),
        ("anothertable", "AccessToken", "text", Protection(PhiClass.CREDENTIAL, is_excluded=True)),
        ("anothertable", "WorkPhone", "varchar", Protection(PhiClass.CONTACT)),
        ("anothertable", "WorkPhone", "bigint", Protection()),
        ("anothertable", "SecurityHash", "varchar", Protection()),
    ],
)
def test_facts_come_before_patterns_and_patterns_are_for_texts(
    table: str, column: str, data_type: str, protection: Protection
) -> None:
    assert protect(table, column, data_type) == protection


def test_tables_are_left_out_by_their_names() -> None:
    assert excluded_table("FamAging") == "scratch table that aging fills and empties"
    assert excluded_table("TempWork") == "scratch table: its name matches ^temp"
    assert excluded_table("patient") is None


def test_settings_that_hold_credentials_are_told_by_another_column() -> None:
    cell = excluded_cell("Preference")
    assert cell is not None
    assert (cell.column, cell.when_column) == ("ValueString", "PrefName")
    assert excluded_cell("patient") is None
