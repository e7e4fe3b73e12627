"""The scripts that create accounts in the containers, run as the images do, on real servers."""

from __future__ import annotations

import os
import subprocess
from dataclasses import replace
from pathlib import Path

import psycopg
import pytest

from include.endpoints import Endpoint
from include.errors import TerminalError
from include.ops.migrate import migrate
from include.settings import PROJECT_ROOT
from include.source import session as source_session
from include.warehouse import session as warehouse_session
from local_system.postgres_programs import installed_postgres
from tests.missing import skipped_where_missing

# Each would end a literal, a quoted name or a variable of the shell that does not quote.
PASSWORDS = ["it's", "back\\slash' or 1=1 -- ", '"; drop table x; `id` $HOME $(id)', "\\"]


@pytest.mark.parametrize("password", PASSWORDS)
def test_the_reader_gets_any_password_and_nothing_but_its_rights(
    source: Endpoint, password: str
) -> None:
    reader = f"reader'{len(password)}"
    run_as_the_image_does(
        "practice/reader.sh",
        [
            *("mariadb", f"--host={source.host}", f"--port={source.port}"),
            *(f"--user={source.user}", "--protocol=tcp", "--batch"),
        ],
        MYSQL_PWD=source.password,
        PRACTICE_READER=reader,
        PRACTICE_READER_PASSWORD=password,
        MARIADB_DATABASE=source.database,
    )
    connection = source_session.connect(replace(source, user=reader, password=password))
    with connection, connection.cursor() as cursor:
        cursor.execute("show grants")
        grants = sorted(str(row[0]).split(" ON ")[0] for row in cursor.fetchall())
        assert grants == ["GRANT SELECT, SHOW VIEW", "GRANT USAGE"]


@pytest.mark.parametrize("password", PASSWORDS)
def test_the_owner_of_the_warehouse_gets_any_password_and_is_no_superuser(
    postgres: Endpoint, password: str
) -> None:
    role = f'ware"house{len(password)}'
    with skipped_where_missing():
        programs = installed_postgres()
    run_as_the_image_does(
        "postgres/role.sh",
        [
            *(str(programs / "psql"), "--set=ON_ERROR_STOP=1", "--no-psqlrc", "--quiet"),
            *("--host", postgres.host, "--port", str(postgres.port)),
            *("--username", postgres.user, "--dbname", postgres.database),
        ],
        PGPASSWORD=postgres.password,
        ROLE=role,
        ROLE_PASSWORD=password,
    )
    warehouse = replace(postgres, user=role, password=password, database=role)
    # It can do what the pipeline needs: the revisions create every schema.
    migrate(warehouse)
    with warehouse_session.connect(warehouse, autocommit=True) as connection:
        rights = connection.execute(
            """
            select rolsuper or rolcreaterole or rolcreatedb or rolreplication or rolbypassrls
            from pg_roles where rolname = current_user
            """
        ).fetchone()
        assert rights == (False,)
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute("copy (select 1) to program 'true'")
    with pytest.raises(TerminalError):
        warehouse_session.connect(replace(warehouse, password=password + "x"))


def run_as_the_image_does(script: str, client: list[str], **environment: str) -> None:
    """Source the script as the images' entrypoints do; their `docker_process_sql` is the client."""
    path = PROJECT_ROOT / "docker" / Path(script)
    done = subprocess.run(
        [
            *("bash", "-euo", "pipefail", "-c"),
            'docker_process_sql() { "${client[@]}"; }; client=("${@:2}"); . "$1"',
            *("entrypoint", str(path), *client),
        ],
        env={"PATH": os.environ["PATH"], **environment},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
