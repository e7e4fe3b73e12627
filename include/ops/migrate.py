"""Upgrades the warehouse's schemas to this release: `./dental migrate`.

The revisions in include/ops/migrations/versions are plain SQL, which alembic runs in order.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg

from include.endpoints import Endpoint
from include.errors import TerminalError, WarehouseError
from include.ops.schema import MIGRATE, REVISION, VERSION_TABLE, newer_release
from include.warehouse import session
from include.warehouse.rights import missing_rights
from include.warehouse.session import LOCK_APPLICATION_NAME, WarehouseConnection

_SCRIPTS = Path(__file__).with_name("migrations")
# An advisory lock: one process migrates at a time, and the others then find nothing to do.
_LOCK = 0x0DE2_7A1
# Whoever waits for a table that is to be altered makes all later readers of it wait as well.
LOCK_LIMIT_SECONDS = 10


@dataclass(frozen=True, slots=True)
class Migration:
    """The revisions before and after; `before` is None if the schema was not set up."""

    before: str | None
    after: str

    @property
    def is_needed(self) -> bool:
        """Whether anything was changed."""
        return self.before != self.after


def migrate(warehouse: Endpoint) -> Migration:
    """Create or upgrade the schemas, in one transaction; harmless on a warehouse of this release.

    Also upgrades a warehouse from before the first revision. Whatever is raised, nothing was
    changed. Raises TerminalError for a warehouse of a newer release, and for a role that may not
    create or alter what is needed; WarehouseError while loads or other sessions are in the way.
    """
    with session.connect(warehouse) as connection, _errors(warehouse):
        # The lock is the session's, because SQLAlchemy rolls back the transaction it finds.
        connection.execute("select pg_advisory_lock(%s)", (_LOCK,))
        before = _revision(connection, warehouse)
        if before != REVISION:
            _refuse_beside_loads(connection, warehouse)
            _upgrade(connection)
        return Migration(before, REVISION)


def _revision(connection: WarehouseConnection, warehouse: Endpoint) -> str | None:
    exists = connection.execute("select to_regclass('ops.schema_version') is not null").fetchone()
    if exists != (True,):
        return None
    row = connection.execute("select version_num from ops.schema_version").fetchone()
    if row is None:
        raise TerminalError(
            "the table ops.schema_version is empty, so nobody knows what this warehouse is. "
            "Nothing was changed. Restore the schema ops from a backup.",
            where=warehouse.name,
        )
    found = str(row[0])
    if found > REVISION:
        raise newer_release(found, warehouse)
    return found


def _refuse_beside_loads(connection: WarehouseConnection, warehouse: Endpoint) -> None:
    """Raise WarehouseError while a load is at work: one of another release knows other tables."""
    row = connection.execute(
        """
        select count(*)
        from pg_stat_activity
        where datname = current_database() and application_name = %s
        """,
        (LOCK_APPLICATION_NAME,),
    ).fetchone()
    if row is not None and row[0]:
        raise WarehouseError(
            f"{row[0]} loads are at work in this warehouse. Nothing was changed. Stop the "
            f"scheduler, or wait until the refresh has ended, then run `{MIGRATE}` again.",
            where=warehouse.name,
        )


@contextmanager
def _errors(warehouse: Endpoint) -> Iterator[None]:
    """Translate what the server refuses; the texts of the driver can hold statements and values."""
    try:
        yield
    except psycopg.errors.InsufficientPrivilege:
        denial = missing_rights(warehouse)
        raise TerminalError(
            f"{denial.seen}, so it may not create or alter the schemas of the warehouse. Nothing "
            f"was changed. {denial.advice}",
            where=warehouse.name,
        ) from None
    except psycopg.errors.ReadOnlySqlTransaction:
        raise TerminalError(
            "the warehouse takes no writes: it is a standby, or was made read-only. Nothing was "
            "changed. Let the connection 'warehouse' name the primary server.",
            where=warehouse.name,
        ) from None
    except psycopg.errors.LockNotAvailable:
        raise WarehouseError(
            f"a session has kept a table of the schema ops locked for {LOCK_LIMIT_SECONDS} s. "
            f"Nothing was changed. Find it in pg_stat_activity, then run `{MIGRATE}` again.",
            where=warehouse.name,
        ) from None
    except psycopg.Error as error:
        raise WarehouseError(
            f"the warehouse broke off the upgrade of its schemas (SQLSTATE "
            f"{error.sqlstate or 'none'}). Nothing was changed. Look at the server's log, then run "
            f"`{MIGRATE}` again.",
            where=warehouse.name,
        ) from None


def _upgrade(connection: WarehouseConnection) -> None:
    from alembic import command
    from alembic.config import Config
    from sqlalchemy import create_engine
    from sqlalchemy.exc import DBAPIError
    from sqlalchemy.pool import StaticPool

    connection.execute(f"set lock_timeout = '{LOCK_LIMIT_SECONDS}s'".encode())
    connection.commit()
    config = Config()
    config.set_main_option("script_location", str(_SCRIPTS).replace("%", "%%"))
    config.set_main_option("version_table", VERSION_TABLE)
    # Alembic must use the session that holds the lock.
    engine = create_engine(
        "postgresql+psycopg://",
        creator=lambda: connection,
        poolclass=StaticPool,
        pool_reset_on_return=None,
    )
    config.attributes["engine"] = engine
    try:
        command.upgrade(config, "head")
    except DBAPIError as error:
        raise (error.orig or error) from None
