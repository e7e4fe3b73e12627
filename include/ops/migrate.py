"""Upgrades the warehouse's schemas to this release: `./dental migrate`.

The revisions in include/ops/migrations/versions are plain SQL, which alembic runs in order.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from include.endpoints import Endpoint
from include.errors import TerminalError
from include.ops.schema import REVISION, VERSION_TABLE
from include.warehouse import session
from include.warehouse.session import WarehouseConnection

_SCRIPTS = Path(__file__).with_name("migrations")
# An advisory lock: one process migrates at a time, and the others then find nothing to do.
_LOCK = 0x0DE2_7A1


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

    Also upgrades a warehouse from before the first revision. Raises TerminalError for one of a
    newer release, which stays as it is, and for a role that may not create what is missing.
    """
    with session.connect(warehouse) as connection:
        # The lock is the session's, because SQLAlchemy rolls back the transaction it finds.
        connection.execute("select pg_advisory_lock(%s)", (_LOCK,))
        before = _revision(connection)
        if before is not None and before > REVISION:
            raise TerminalError(
                f"the schema ops is of a newer release (revision {before}; this one knows "
                f"{REVISION}). Nothing was changed. Use the release that upgraded it.",
                where=warehouse.name,
            )
        if before != REVISION:
            _upgrade(connection, warehouse)
        return Migration(before, REVISION)


def _revision(connection: WarehouseConnection) -> str | None:
    exists = connection.execute("select to_regclass('ops.schema_version') is not null").fetchone()
    if exists != (True,):
        return None
    row = connection.execute("select version_num from ops.schema_version").fetchone()
    return str(row[0]) if row else None


def _upgrade(connection: WarehouseConnection, warehouse: Endpoint) -> None:
    import psycopg
    from alembic import command
    from alembic.config import Config
    from sqlalchemy import create_engine
    from sqlalchemy.exc import DBAPIError
    from sqlalchemy.pool import StaticPool

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
    except (psycopg.errors.InsufficientPrivilege, DBAPIError) as error:
        cause = error.orig if isinstance(error, DBAPIError) else error
        if not isinstance(cause, psycopg.errors.InsufficientPrivilege):
            raise
        raise TerminalError(
            f"the role {warehouse.user} may not create or alter the schemas of the warehouse. "
            f"Nothing was changed. Grant it CREATE on the database {warehouse.database}, or make "
            "it the owner of the schemas that are there.",
            where=warehouse.name,
        ) from None
