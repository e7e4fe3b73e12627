"""The past days of which snapshots of the receivables are wanted: `ops.snapshot_day`.

dbt keeps a snapshot of the office's today at every build. Here a past day is asked for: the builds
that follow compute it from what raw holds then, until each mart has a snapshot of it that is newer
than the question, or a live one, which nothing computed later replaces. `ops.snapshot`, which dbt
writes in the transaction of each mart, says what is kept.
"""

from __future__ import annotations

from datetime import date

from include.warehouse.session import WarehouseConnection


def request_snapshots(connection: WarehouseConnection, run_id: int | None, day: date) -> None:
    """Let the next build compute the snapshots of a past day, also if it has some; caller commits.

    `run_id` is the run that asks, None for a person. A day that is today is computed anyway.
    """
    connection.execute(
        """
        insert into ops.snapshot_day (as_of_on, run_id) values (%s, %s)
        on conflict (as_of_on) do update set
            run_id = excluded.run_id, requested_at = excluded.requested_at
        """,
        (day, run_id),
    )
