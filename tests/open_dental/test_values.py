import re

from include.open_dental import schema
from include.open_dental.special_tables import HARD_DELETED_TABLES, HISTORY_TABLES, MONEY_TABLES
from include.open_dental.values import BLANK_COLUMNS, EARLIEST_YEAR, NOT_MONEY
from include.settings import DBT_PROJECT


def test_the_macros_of_the_dbt_project_take_the_same_years_for_empty() -> None:
    text = (DBT_PROJECT / "macros" / "open_dental_values.sql").read_text()
    dates = re.findall(r"(?:date|timestamp) '([^']*)'", text)
    assert dates == [f"{EARLIEST_YEAR}-01-01", f"{EARLIEST_YEAR}-01-01 00:00:00"]


def test_every_table_and_column_of_which_more_is_known_exists() -> None:
    tables = schema.tables()
    columns = {f"{name}.{c.name}" for name, table in tables.items() for c in table.columns}
    assert (HISTORY_TABLES | HARD_DELETED_TABLES | MONEY_TABLES) - tables.keys() == set()
    assert (BLANK_COLUMNS | NOT_MONEY) - columns == set()
