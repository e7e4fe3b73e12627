"""Tables that cannot be loaded as they are: `ops.quarantine`.

Their rows stay as the last good load left them, behind a closed gate. The plan of every refresh
looks at them again.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import LiteralString

from include.ops import stored_tables, table_states
from include.ops.blocks import Block, BlockedCode, quarantined
from include.warehouse.session import WarehouseConnection


def read_quarantine(connection: WarehouseConnection) -> dict[str, str]:
    """Return the tables in quarantine by their names in raw, with the reasons."""
    return dict(connection.execute("select table_name, reason from ops.quarantine").fetchall())


def quarantine(connection: WarehouseConnection, reasons: Mapping[str, str], *, run_id: int) -> None:
    """Put tables that no longer fit their config into quarantine, in one transaction."""
    with connection.transaction():
        _record(connection, reasons, run_id)
        table_states.quarantine(
            connection, {name.lower(): quarantined(reason) for name, reason in reasons.items()}
        )


def refuse(connection: WarehouseConnection, reasons: Mapping[str, str]) -> None:
    """Put tables into quarantine that cannot be replicated as they are; the caller commits.

    A table without a state gets none, because it was never configured and has no readers.
    """
    _record(connection, reasons, None)
    known = stored_tables.read_states(connection)
    table_states.quarantine(
        connection,
        {
            name.lower(): Block(BlockedCode.QUARANTINED, reason)
            for name, reason in reasons.items()
            if name.lower() in known
        },
    )


def release(
    connection: WarehouseConnection,
    *,
    loadable: Collection[str],
    left_out: Collection[str],
    known: Collection[str],
) -> tuple[str, ...]:
    """End the quarantine of tables that can be loaded again; return them, in order.

    Their gates stay closed until they are loaded and validated. The quarantine also ends for tables
    that the config leaves out, and for those that neither the source nor the config has any more
    (not in `known`): nobody can load these, and the marts that read them are reported as blocked.
    The caller commits.
    """
    _delete(connection, "table_name = any(%s)", left_out)
    gone = _delete(connection, "not table_name = any(%s)", {*left_out, *loadable, *known})
    table_states.forget_dropped(connection, gone)
    table_states.leave_out(connection, sorted(left_out))
    released = _delete(connection, "table_name = any(%s)", loadable)
    table_states.release(connection, released)
    return tuple(released)


def _record(
    connection: WarehouseConnection, reasons: Mapping[str, str], run_id: int | None
) -> None:
    with connection.cursor() as cursor:
        cursor.executemany(
            """
            insert into ops.quarantine (table_name, reason, run_id) values (%s, %s, %s)
            on conflict (table_name) do update set reason = excluded.reason
            """,
            [(name.lower(), reason, run_id) for name, reason in reasons.items()],
        )


def _delete(
    connection: WarehouseConnection, condition: LiteralString, names: Collection[str]
) -> list[str]:
    rows = connection.execute(
        f"delete from ops.quarantine where {condition} returning table_name",  # noqa: S608
        (sorted(names),),
    ).fetchall()
    return sorted(name for (name,) in rows)
