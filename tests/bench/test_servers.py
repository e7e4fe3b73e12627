"""All contenders write to the same PostgreSQL, whose settings stand on the page of the results."""

from __future__ import annotations

from pathlib import Path

import pytest

from bench import servers
from include.warehouse import session
from local_system.postgres_programs import installed_postgres
from tests.missing import skipped_where_missing

# Where the server is and how it is reached, which no contender feels.
PLACE = ["data_directory", "listen_addresses", "port", "unix_socket_directories"]


def test_the_warehouse_has_no_setting_that_the_page_does_not_name(
    server_directory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with skipped_where_missing():
        monkeypatch.setattr(servers, "POSTGRES_PROGRAMS", installed_postgres())
    server = servers.start_warehouse(server_directory / "bench-postgres")
    try:
        with session.connect(server.endpoint) as connection:
            unnamed = connection.execute(
                "select name, setting from pg_settings"
                " where source = 'command line' and setting <> boot_val and name <> all(%s)",
                ([*servers.POSTGRES_SETTINGS, *PLACE],),
            ).fetchall()
    finally:
        server.stop()
    assert unnamed == []
