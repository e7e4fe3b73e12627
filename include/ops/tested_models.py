"""Which rows of a model that restates accounts its tests have seen.

Tests look at all rows once, and then at those of the accounts that were computed since they passed
(`ops.untested_account`, written with the rows), until they are made to forget what they have seen.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import timedelta

from include.warehouse.session import WarehouseConnection

# Nightly builds do not begin by the minute.
LOOKS_AT_ALL_AFTER = timedelta(days=6, hours=12)


def models_looked_at_long_ago(connection: WarehouseConnection) -> frozenset[str]:
    """Return the models of which it is a week that tests have looked at all rows."""
    return frozenset(
        name
        for (name,) in connection.execute(
            "select model from ops.tested_model where tested_at <= now() - %s",
            (LOOKS_AT_ALL_AFTER,),
        )
    )


def forget_looks(connection: WarehouseConnection, models: Collection[str]) -> None:
    """Let the tests of these models look at all rows."""
    connection.execute("delete from ops.tested_model where model = any(%s)", ([*models],))


def record_looks(connection: WarehouseConnection, models: Collection[str]) -> None:
    """Record that all tests of these models have passed on the rows that they had to look at."""
    connection.execute(
        """
        insert into ops.tested_model (model) select unnest(%s::text [])
        on conflict (model) do nothing
        """,
        ([*models],),
    )
    connection.execute("delete from ops.untested_account where model = any(%s)", ([*models],))
