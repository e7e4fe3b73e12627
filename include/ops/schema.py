"""Sessions on a warehouse whose schema `ops` is of this release.

`include.ops.migrate` upgrades the schema. All other code opens its sessions here, and is refused
if the schema is of another release, because it would read and write tables that it does not know.
"""

from __future__ import annotations

import psycopg

from include.endpoints import Endpoint
from include.errors import TerminalError, WarehouseError
from include.warehouse import session
from include.warehouse.session import WarehouseConnection
from include.warehouse.watch import how_it_broke_off

# The newest revision in include/ops/migrations/versions.
REVISION = "0010"
VERSION_TABLE = "schema_version"
MIGRATE = "./dental migrate"


def connect(warehouse: Endpoint, *, autocommit: bool = False) -> WarehouseConnection:
    """Open a session as `include.warehouse.session.connect` does, and compare the revision.

    Raises TerminalError when `ops` is of another release, was never set up, or may not be read;
    nothing was read or written then. WarehouseError when the server breaks off.
    """
    connection = session.connect(warehouse, autocommit=True)
    try:
        _check(connection, warehouse)
        connection.autocommit = autocommit
    except psycopg.Error as error:
        connection.close()
        raise WarehouseError(
            "while the revision of the schema ops was read, the warehouse "
            f"{how_it_broke_off(error)}. Nothing was written. Check that the server runs, then try "
            "again.",
            where=warehouse.name,
        ) from None
    except BaseException:
        connection.close()
        raise
    return connection


def newer_release(found: str, warehouse: Endpoint) -> TerminalError:
    """Return what is wrong with a warehouse whose revision this release does not know."""
    return TerminalError(
        f"the schema ops is of a newer release (revision {found}; this one knows {REVISION}). "
        "Nothing was changed. Use the release that upgraded it.",
        where=warehouse.name,
    )


def _check(connection: WarehouseConnection, warehouse: Endpoint) -> None:
    try:
        row = connection.execute("select version_num from ops.schema_version").fetchone()
    except psycopg.errors.UndefinedTable:
        row = None
    except psycopg.errors.InsufficientPrivilege:
        raise TerminalError(
            f"the role {warehouse.user} may not read the schema ops. Nothing was read or written. "
            f"Let the role that ran `{MIGRATE}` be this one, or grant it to this one.",
            where=warehouse.name,
        ) from None
    found = str(row[0]) if row else None
    if found == REVISION:
        return
    if found is not None and found > REVISION:
        raise newer_release(found, warehouse)
    seen = f"is of an older release (revision {found})" if found else "was not set up"
    raise TerminalError(
        f"the schema ops {seen}; this release works with revision {REVISION}. Nothing was read or "
        f"written. Run `{MIGRATE}`: it keeps every row.",
        where=warehouse.name,
    )
