"""Who gets to see the warehouse's password."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
import sqlalchemy
from psycopg import sql

from include.endpoints import Endpoint
from include.errors import TerminalError
from include.settings import DBT_PROJECT, inherited_environment
from include.transform.dbt import environment
from include.validation.suites import sqlalchemy_address
from include.warehouse.session import connect
from local_system import servers
from local_system.postgres_programs import installed_postgres
from tests.encrypted_servers import Certificates, with_options
from tests.warehouse.asking_server import asking_for_passwords


def dbt(endpoint: Endpoint, logs: Path) -> int:
    """Let dbt log in; return its exit code."""
    project = str(DBT_PROJECT)
    command = [str(Path(sys.executable).with_name("dbt")), "debug", "--connection"]
    return subprocess.run(
        [*command, "--project-dir", project, "--profiles-dir", project, "--log-path", str(logs)],
        env={**inherited_environment(), **environment(endpoint)},
        capture_output=True,
        check=False,
    ).returncode


def through_sqlalchemy(endpoint: Endpoint) -> None:
    engine = sqlalchemy.create_engine(sqlalchemy_address(endpoint))
    try:
        engine.connect().close()
    finally:
        engine.dispose()


def test_a_server_that_asks_for_the_password_itself_does_not_get_it(tmp_path: Path) -> None:
    with asking_for_passwords() as (server, heard):
        for endpoint in (server, with_options(server, sslmode="disable")):
            with pytest.raises(TerminalError, match=r"the password itself.*No password was sent"):
                connect(endpoint)
        with pytest.raises(sqlalchemy.exc.OperationalError, match="method requirement"):
            through_sqlalchemy(server)
        assert dbt(server, tmp_path) != 0
        # The demo waits for a server of its own at a port that somebody else may have taken.
        assert not servers.postgres_answers(server)
        assert heard.asked >= 5
        assert heard.answers == []


def test_a_verified_server_may_ask_for_it(
    server_directory: Path, certificates: Certificates, tmp_path: Path
) -> None:
    directory = server_directory / "postgres-clear"
    server = servers.start_postgres(
        directory,
        port=servers.free_port(),
        password=servers.new_password(),
        programs=installed_postgres(),
        settings={
            "ssl": "on",
            "ssl_cert_file": str(certificates.warehouse.cert),
            "ssl_key_file": str(certificates.warehouse.key),
        },
    )
    try:
        with connect(server.endpoint, autocommit=True) as connection:
            connection.execute(
                sql.SQL("create role clear login superuser password {}").format(
                    sql.Literal("Marked")
                )
            )
            rules = directory / "data" / "pg_hba.conf"
            rules.write_text("host all clear all password\n" + rules.read_text())
            connection.execute("select pg_reload_conf()")
        clear = replace(server.endpoint, user="clear", password="Marked")
        with pytest.raises(TerminalError, match="asks for the password itself"):
            connect(with_options(clear, sslmode="require"))
        for mode in ("verify-full", "require"):
            verified = with_options(clear, sslmode=mode, sslrootcert=certificates.authority.file)
            connect(verified).close()
            through_sqlalchemy(verified)
        assert dbt(verified, tmp_path) == 0
    finally:
        server.stop()
