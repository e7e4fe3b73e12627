"""The past days of which snapshots of the receivables are wanted: `ops.snapshot_day`.

dbt keeps a snapshot of the office's today at every build. Here a past day is asked for: the builds
that follow compute it from what raw holds then, until each mart has a snapshot of it that is newer
than the question, or a live one, which nothing computed later replaces. `ops.snapshot`, which dbt
writes in the transaction of each mart, says what is kept.

A backfill asks for its day when its build begins. What that build cannot compute is asked for no
longer: a year of days that wait for a blocked table would be computed at once when it opens.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import date

from include.errors import ConfigError
from include.ops.runs import read_office_day
from include.warehouse.session import WarehouseConnection


def request_snapshots(connection: WarehouseConnection, run_id: int | None, day: date) -> None:
    """Let the next build compute the snapshots of a past day, also if it has some; caller commits.

    `run_id` is the run that asks, None for a person. A day that is today is computed anyway. Raises
    ConfigError for a day that has not come yet at the practice.
    """
    refuse_future(day, read_office_day(connection))
    connection.execute(
        """
        insert into ops.snapshot_day (as_of_on, run_id) values (%s, %s)
        on conflict (as_of_on) do update set
            run_id = excluded.run_id, requested_at = excluded.requested_at
        """,
        (day, run_id),
    )


def refuse_future(day: date, today: date | None) -> None:
    """Raise ConfigError for a day after the practice's today, where that is known."""
    if today is not None and day > today:
        raise ConfigError(
            f"of {day} cannot be known: at the practice it is {today}, by its server when a run "
            "last connected. Nothing was loaded or computed. Ask for a day that is over.",
            where="the receivables",
        )


def request_for_run(connection: WarehouseConnection, run_id: int) -> None:
    """Ask for the day that a backfill pins; nothing for a run of today. The caller commits."""
    row = connection.execute("select as_of_on from ops.run where run_id = %s", (run_id,)).fetchone()
    if row is not None and row[0] is not None:
        request_snapshots(connection, run_id, row[0])


def withdraw(connection: WarehouseConnection, run_id: int, marts: Collection[str]) -> None:
    """Ask no longer for what a run has asked for and its build has not computed; see `asked_days`.

    The caller commits.
    """
    connection.execute(
        "delete from ops.snapshot_day where run_id = %s and as_of_on = any(%s)",
        (run_id, [*asked_days(connection, marts)]),
    )


def asked_days(connection: WarehouseConnection, marts: Collection[str]) -> tuple[date, ...]:
    """Return the past days that the next build computes, the earliest first.

    As the macro `snapshot_days` has it: `marts` are those that keep snapshots.
    """
    found = connection.execute(
        """
        select asked.as_of_on
        from ops.snapshot_day as asked
        left join ops.snapshot as held
            on
                asked.as_of_on = held.as_of_on
                and held.mart = any(%s)
                and (not held.is_recomputed or held.computed_at >= asked.requested_at)
        where asked.as_of_on < (select office_on from ops.office_day)
        group by asked.as_of_on
        having count(held.mart) < %s
        order by asked.as_of_on
        """,
        ([*marts], len(marts)),
    )
    return tuple(day for (day,) in found)
