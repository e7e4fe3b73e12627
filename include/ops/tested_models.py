"""Which rows of a model that restates accounts its tests have seen.

Tests look at all rows once, and then at those of the accounts that were computed since they passed
(`ops.untested_account`, written with the rows). Once a week they look at all again.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import timedelta

from include.warehouse.session import WarehouseConnection

LOOKS_AT_ALL_EVERY = timedelta(days=7)


def forget_old_looks(connection: WarehouseConnection) -> None:
    """Let tests look at all rows of the models of which they last did so a week ago."""
    connection.execute(
        "delete from ops.tested_model where tested_at < now() - %s", (LOOKS_AT_ALL_EVERY,)
    )


def record_tested(connection: WarehouseConnection, models: Collection[str]) -> None:
    """Record that all tests of these models have passed on the rows that they had to look at."""
    connection.execute(
        """
        insert into ops.tested_model (model) select unnest(%s::text [])
        on conflict (model) do nothing
        """,
        ([*models],),
    )
    connection.execute("delete from ops.untested_account where model = any(%s)", ([*models],))
