"""A session on the warehouse."""

from __future__ import annotations

from typing import Any

import psycopg

from include.endpoints import Endpoint
from include.errors import TerminalError, WarehouseError

CONNECT_TIMEOUT_SECONDS = 10
APPLICATION_NAME = "dental-warehouse"

WarehouseConnection = psycopg.Connection[tuple[Any, ...]]


def connect(endpoint: Endpoint, *, autocommit: bool = False) -> WarehouseConnection:
    """Open a session with UTC, standard strings and no statement cache across poolers.

    Raises TerminalError when the server refuses the account or database, WarehouseError when it
    cannot be reached.
    """
    tls: dict[str, Any] = {k: v for k, v in endpoint.options.items() if k.startswith("ssl")}
    try:
        return psycopg.connect(
            host=endpoint.host,
            port=endpoint.port,
            user=endpoint.user,
            password=endpoint.password or None,
            dbname=endpoint.database,
            autocommit=autocommit,
            connect_timeout=CONNECT_TIMEOUT_SECONDS,
            application_name=APPLICATION_NAME,
            options="-c timezone=UTC -c datestyle=ISO -c client_min_messages=warning",
            **tls,
        )
    except psycopg.OperationalError as error:
        text = str(error)
        if any(word in text for word in ("authentication failed", "does not exist", "pg_hba")):
            raise TerminalError(
                "the warehouse refuses the account or has no such database. Nothing was written. "
                "Check the connection 'warehouse'.",
                where=endpoint.name,
            ) from None
        raise WarehouseError(
            "the warehouse cannot be reached. Nothing was written. Check that the server runs, "
            "then try again.",
            where=endpoint.name,
        ) from None
