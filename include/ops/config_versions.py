"""Versions of the config: `ops.config` and, table by table, `ops.config_table`.

A run pins a version, so that all its tasks, on any machine, read the same config.
"""

from __future__ import annotations

import hashlib
from functools import lru_cache

from pydantic import TypeAdapter

from include.catalog.files import combine
from include.catalog.model import Catalog, TableConfig
from include.errors import ConfigError
from include.open_dental.protection import rules_digest
from include.warehouse.session import WarehouseConnection

# An advisory lock: two runs that pin equal bytes at the same time must get one version.
_LOCK = 0x0DE2_7A2
_TABLE = TypeAdapter(TableConfig)


def pin_bytes(
    connection: WarehouseConnection,
    tables: bytes,
    overrides: bytes,
    *,
    derived_from: int | None = None,
) -> int:
    """Store a config and return its version; an equal newest version is returned instead.

    `derived_from` is given by a refresh that adapted this version to a source that has drifted. Its
    config serves that refresh only, and never counts as the newest one. Raises ConfigError for an
    invalid config. Runs in a transaction of its own.
    """
    digest = _digest(tables, overrides)
    with connection.transaction():
        connection.execute("select pg_advisory_xact_lock(%s)", (_LOCK,))
        found = connection.execute(
            """
            select config_version, sha256
            from ops.config
            where derived_from is not distinct from %s
            order by config_version desc
            limit 1
            """,
            (derived_from,),
        ).fetchone()
        if found is not None and found[1] == digest:
            version = int(found[0])
        else:
            created = connection.execute(
                """
                insert into ops.config (sha256, tables_yml, overrides_yml, derived_from)
                values (%s, %s, %s, %s)
                returning config_version
                """,
                (digest, tables, overrides, derived_from),
            ).fetchone()
            if created is None:
                raise RuntimeError("insert returned no row")
            version = int(created[0])
        _store_tables(connection, version)
    return version


def newest_bytes(connection: WarehouseConnection) -> tuple[bytes, bytes]:
    """Return tables.yml and overrides.yml of the newest version that was discovered or edited.

    Raises ConfigError when there is none.
    """
    found = connection.execute(
        """
        select tables_yml, overrides_yml
        from ops.config
        where derived_from is null
        order by config_version desc
        limit 1
        """
    ).fetchone()
    if found is not None:
        return bytes(found[0]), bytes(found[1])
    raise ConfigError(
        "holds no config yet. Nothing was loaded and nothing was changed. Run the DAG "
        "discover_open_dental, or ./dental discover, to write it.",
        where="ops.config",
    )


def newest_version(connection: WarehouseConnection) -> int | None:
    """Return the newest version that was discovered or edited; None when there is none."""
    found = connection.execute(
        "select max(config_version) from ops.config where derived_from is null"
    ).fetchone()
    return found[0] if found else None


def load_bytes(connection: WarehouseConnection, config_version: int) -> tuple[bytes, bytes]:
    """Return tables.yml and overrides.yml of a version; ConfigError for an unknown one."""
    found = connection.execute(
        "select tables_yml, overrides_yml from ops.config where config_version = %s",
        (config_version,),
    ).fetchone()
    if found is None:
        raise ConfigError(
            f"has no version {config_version}. Start a new run.",
            where="ops.config",
        )
    return bytes(found[0]), bytes(found[1])


def load_catalog(connection: WarehouseConnection, config_version: int) -> Catalog:
    """Return the catalog of a version."""
    return _combine(*load_bytes(connection, config_version), f"ops.config {config_version}")


def load_table_config(
    connection: WarehouseConnection, config_version: int, name: str
) -> TableConfig | None:
    """Return one table's config in a version; None for a table that it does not replicate.

    Equal to the table's config in `load_catalog`, without reading those of all other tables.
    """
    found = connection.execute(
        "select config::text from ops.config_table where config_version = %s and table_name = %s",
        (config_version, name),
    ).fetchone()
    return _TABLE.validate_json(found[0]) if found else None


def _store_tables(connection: WarehouseConnection, config_version: int) -> None:
    """Store each table's config in a version, unless they are stored already."""
    are_stored = connection.execute(
        "select exists (select from ops.config_table where config_version = %s)", (config_version,)
    ).fetchone()
    if are_stored == (True,):
        return
    with connection.cursor() as cursor:
        cursor.executemany(
            "insert into ops.config_table (config_version, table_name, config) values (%s, %s, %s)",
            [
                (config_version, name, _TABLE.dump_json(table).decode())
                for name, table in load_catalog(connection, config_version).tables.items()
            ],
        )


@lru_cache(maxsize=4)
def _combine(tables: bytes, overrides: bytes, where: str) -> Catalog:
    # Versions never change, and one process reads the same one many times.
    return combine(tables, overrides, where=where)


def _digest(tables: bytes, overrides: bytes) -> str:
    # The same files mean something else once a release knows more credentials.
    content = len(tables).to_bytes(8, "big") + tables + overrides
    return hashlib.sha256(content + rules_digest().encode()).hexdigest()
