"""The warehouse's schemas and bookkeeping tables."""

from __future__ import annotations

from pathlib import Path

from include.warehouse.session import WarehouseConnection

_DEFINITION = Path(__file__).with_name("ops.sql")
# Serialises two processes that prepare the same warehouse; "create if not exists" races.
_LOCK = 0x0DE2_7A1


def prepare(connection: WarehouseConnection) -> None:
    """Create what is missing, in one transaction of its own; harmless on a ready warehouse."""
    with connection.transaction():
        connection.execute("select pg_advisory_xact_lock(%s)", (_LOCK,))
        connection.execute(_DEFINITION.read_text().encode())
