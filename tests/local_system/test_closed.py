"""The private servers are closed: to other accounts, to each other, and to planted links."""

from __future__ import annotations

import os
import pwd
import shutil
import socket
import stat
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, fields
from pathlib import Path

import psycopg
import pymysql
import pytest
from sqlalchemy import create_engine
from sqlalchemy.exc import OperationalError

from include.endpoints import Endpoint
from include.errors import SourceRefusedError, TerminalError
from local_system import databases, servers
from local_system.environment import Addresses, addresses, command_environment
from local_system.layout import MARIADB_ACCOUNT, POSTGRES_ACCOUNT, Layout
from local_system.private_files import open_log, own_directory, write_private
from local_system.secrets import Ports, Secrets, new_secrets
from tests.missing import skipped_where_missing
from tests.source.asking_server import asking, switch
from tests.warehouse.asking_server import asking_for_passwords

ACCOUNTS = {"mariadb": MARIADB_ACCOUNT, "postgres": POSTGRES_ACCOUNT}
MARKED = "planted-secret-of-the-caller"

as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root runs servers as others")


@dataclass(frozen=True)
class Running:
    """Both servers with the accounts of a local system, started for the second time."""

    mariadb: servers.Server
    postgres: servers.Server
    addresses: Addresses
    secrets: Secrets

    @property
    def servers(self) -> dict[str, servers.Server]:
        return {"mariadb": self.mariadb, "postgres": self.postgres}


@pytest.fixture(scope="module")
def running() -> Iterator[Running]:
    """The second start is on data that are there, as every start of a person's demo but one."""
    secrets = Secrets(**new_secrets())
    ports = Ports(servers.free_port(), servers.free_port(), 0, 0)
    where = addresses(ports, secrets)
    with (
        tempfile.TemporaryDirectory(prefix="dental-closed-") as name,
        pytest.MonkeyPatch.context() as patch,
        skipped_where_missing(),
    ):
        patch.setenv("AIRFLOW_CONN_WAREHOUSE", MARKED)
        root = Path(name)
        root.chmod(0o755)
        for is_last in (False, True):
            mariadb = servers.start_mariadb(
                root / "mariadb", port=ports.mariadb, password=secrets.practice_administrator
            )
            postgres = servers.start_postgres(
                root / "postgres", port=ports.postgres, password=secrets.postgres
            )
            if not is_last:
                mariadb.stop()
                postgres.stop()
        databases.ensure_practice_accounts(where)
        for database in (where.warehouse, where.airflow):
            databases.ensure_database(where.postgres_administrator, database)
        yield Running(mariadb, postgres, where, secrets)
        mariadb.stop()
        postgres.stop()


def on_source(endpoint: Endpoint, statement: str) -> list[tuple[object, ...]]:
    with (
        pymysql.connect(
            host=endpoint.host, port=endpoint.port, user=endpoint.user, password=endpoint.password
        ) as connection,
        connection.cursor() as cursor,
    ):
        cursor.execute(statement)
        return list(cursor.fetchall())


def on_warehouse(endpoint: Endpoint, statement: str) -> list[tuple[object, ...]]:
    with psycopg.connect(
        host=endpoint.host,
        port=endpoint.port,
        user=endpoint.user,
        password=endpoint.password,
        dbname=endpoint.database,
    ) as connection:
        return list(connection.execute(statement.encode()))


def can(account: str, *command: str) -> bool:
    """Say whether a command succeeds when this account of the machine runs it."""
    done = subprocess.run(
        command, user=account, group=account, extra_groups=[], capture_output=True
    )
    return done.returncode == 0


def test_the_source_has_three_accounts_and_each_wants_its_password(running: Running) -> None:
    where = running.addresses
    found = on_source(
        where.practice_administrator,
        """
        select
            user, host, plugin, length(authentication_string),
            json_value(priv, '$.account_locked')
        from mysql.global_priv join mysql.user using (user, host)
        order by user
        """,
    )
    ours = [
        (name, "127.0.0.1", "mysql_native_password", 41, None)
        for name in ("administrator", "simulator", "warehouse_reader")
    ]
    built_in = ("mariadb.sys", "localhost", "mysql_native_password", 0, "1")
    assert sorted(found, key=str) == sorted([*ours, built_in], key=str)
    assert on_source(where.practice_administrator, "select * from mysql.proxies_priv") == []
    for user in ("root", "", "mysql", "simulator", "warehouse_reader", "administrator"):
        with pytest.raises(pymysql.err.OperationalError) as refused:
            pymysql.connect(host="127.0.0.1", port=where.practice.port, user=user, password="")
        assert refused.value.args[0] == 1045


@pytest.mark.parametrize("who", ["practice", "practice_writer"])
@pytest.mark.parametrize(
    "statement",
    [
        "select 1 into outfile '/tmp/dental-stolen'",
        "load data infile '/etc/passwd' into table opendental.t",
        "set global general_log_file = 'stolen.log'",
        "set global general_log = 1",
        "set global local_infile = 0",
        "select * from mysql.global_priv",
        "create database elsewhere",
        "create user stranger",
    ],
)
def test_neither_reader_nor_writer_may_leave_the_practice(
    running: Running, who: str, statement: str
) -> None:
    administrator = running.addresses.practice_administrator
    on_source(administrator, "create table if not exists opendental.t (line text)")
    with pytest.raises(pymysql.MySQLError) as refused:
        on_source(getattr(running.addresses, who), statement)
    assert refused.value.args[0] in {1044, 1045, 1142, 1227, 1290}


def test_the_reader_cannot_write_the_practice_and_the_writer_can(running: Running) -> None:
    where = running.addresses
    on_source(where.practice_writer, "create or replace table opendental.u (n int)")
    for statement in ("insert into opendental.u values (1)", "drop table opendental.u"):
        with pytest.raises(pymysql.MySQLError, match="1142"):
            on_source(where.practice, statement)
    assert on_source(where.practice, "select count(*) from opendental.u") == [(0,)]


def test_even_the_administrator_reads_and_writes_no_file_of_the_host(running: Running) -> None:
    administrator = running.addresses.practice_administrator
    ((exchange, socket_path),) = on_source(administrator, "select @@secure_file_priv, @@socket")
    assert socket_path == ""
    assert list(Path(str(exchange)).iterdir()) == []
    secret = running.postgres.directory / "data" / "PG_VERSION"
    assert on_source(administrator, f"select load_file('{secret}')") == [(None,)]
    for target in (running.mariadb.directory / "tmp" / "stolen", f"{exchange}stolen"):
        with pytest.raises(pymysql.MySQLError, match=r"1290|Errcode: 13"):
            on_source(administrator, f"select 1 into outfile '{target}'")


def test_every_log_in_to_postgres_is_by_password_and_by_its_owner(running: Running) -> None:
    where = running.addresses
    rules = on_warehouse(
        where.postgres_administrator, "select distinct auth_method, error from pg_hba_file_rules"
    )
    assert rules == [("scram-sha-256", None)]
    roles = on_warehouse(
        where.postgres_administrator,
        """
        select rolname, rolsuper or rolcreaterole or rolcreatedb or rolreplication or rolbypassrls,
            left(rolpassword, 13)
        from pg_authid where rolcanlogin order by rolname
        """,
    )
    assert roles == [
        ("airflow", False, "SCRAM-SHA-256"),
        ("postgres", True, "SCRAM-SHA-256"),
        ("warehouse", False, "SCRAM-SHA-256"),
    ]
    with pytest.raises(psycopg.OperationalError, match="permission denied for database"):
        on_warehouse(where.airflow.with_database("warehouse"), "select 1")
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        on_warehouse(where.warehouse, "select pg_read_file('PG_VERSION')")
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        on_warehouse(where.warehouse, "create table t (l text); copy t from program 'id'")


def test_no_server_listens_anywhere_but_on_loopback(running: Running) -> None:
    for server in running.servers.values():
        assert str(server.directory) not in Path("/proc/net/unix").read_text()
        address = socket.gethostbyname(socket.gethostname())
        if address != servers.LOOPBACK:
            with pytest.raises(OSError, match="refused"):
                socket.create_connection((address, server.endpoint.port), 2).close()


def test_no_secret_is_an_argument_or_in_the_environment_or_log_of_a_server(
    running: Running,
) -> None:
    secrets = [getattr(running.secrets, entry.name) for entry in fields(Secrets)]
    for server in running.servers.values():
        process = Path(f"/proc/{server.process.pid}")
        said = (process / "cmdline").read_bytes() + (process / "environ").read_bytes()
        said += server.log.read_bytes()
        assert not [word for word in (*secrets, MARKED) if word.encode() in said]
        assert stat.S_IMODE(server.log.stat().st_mode) == 0o600


@as_root
def test_each_server_runs_as_an_account_that_cannot_read_the_other_ones_files(
    running: Running,
) -> None:
    for name, server in running.servers.items():
        account = ACCOUNTS[name]
        assert Path(f"/proc/{server.process.pid}").stat().st_uid == pwd.getpwnam(account).pw_uid
        (other,) = set(ACCOUNTS.values()) - {account}
        for directory in ("data", "tmp"):
            path = server.directory / directory
            if path.exists():
                assert stat.S_IMODE(path.stat().st_mode) == 0o700
                assert can(account, "ls", str(path))
                assert not can(other, "ls", str(path))


@as_root
def test_root_wrote_nothing_where_another_account_could_have_put_a_link(running: Running) -> None:
    for name, server in running.servers.items():
        theirs = pwd.getpwnam(ACCOUNTS[name]).pw_uid
        for folder, _, files in os.walk(server.directory):
            owner = Path(folder).stat().st_uid
            entries = {(Path(folder) / file).lstat().st_uid for file in files}
            assert entries <= ({0} if owner == 0 else {theirs})
            if owner == 0:
                for account in ACCOUNTS.values():
                    assert not can(account, "ln", "-s", "/etc/passwd", f"{folder}/planted")


@as_root
@pytest.mark.parametrize("name", ["mariadb", "postgres"])
def test_links_in_a_directory_of_the_servers_account_lead_nowhere(
    open_directory: Path, name: str
) -> None:
    directory, victim = open_directory / "server", open_directory / "victim"
    directory.mkdir()
    victim.write_text("untouched")
    shutil.chown(directory, ACCOUNTS[name], ACCOUNTS[name])
    for file in ("grants.sql", "mariadb.log", "postgres.log", "password", "programs", "tmp"):
        assert can(ACCOUNTS[name], "ln", "-s", str(victim), str(directory / file))
    start = servers.start_mariadb if name == "mariadb" else servers.start_postgres
    with pytest.raises(TerminalError, match=f"belongs to the account {ACCOUNTS[name]}.*make clean"):
        start(directory, port=servers.free_port(), password=servers.new_password())
    assert victim.read_text() == "untouched"
    assert stat.S_IMODE(victim.stat().st_mode) == 0o644


@as_root
def test_a_place_that_another_account_can_replace_is_refused(open_directory: Path) -> None:
    theirs = open_directory / "theirs"
    theirs.mkdir()
    shutil.chown(theirs, MARIADB_ACCOUNT)
    shared = open_directory / "shared"
    shared.mkdir()
    shared.chmod(0o777)
    link = open_directory / "link"
    assert can("root", "ln", "-s", "/etc", str(link))
    for path in (theirs, theirs / "state", shared, shared / "state", link):
        with pytest.raises(TerminalError, match="root alone owns"):
            own_directory(path)
    assert [*theirs.iterdir(), *shared.iterdir()] == []


def test_files_are_made_new_and_logs_are_opened_without_following_links(tmp_path: Path) -> None:
    victim = tmp_path / "victim"
    victim.write_text("untouched")
    for name in ("file", "file.new", "log"):
        (tmp_path / name).symlink_to(victim)
    os.link(victim, tmp_path / "hard.log")
    write_private(tmp_path / "file", "secret")
    assert (tmp_path / "file").read_text() == "secret"
    assert stat.S_IMODE((tmp_path / "file").lstat().st_mode) == 0o600
    for name in ("log", "hard.log"):
        with pytest.raises(TerminalError, match=r"Nothing was written.*make clean"):
            open_log(tmp_path / name)
    assert victim.read_text() == "untouched"


def test_an_initialisation_that_was_killed_begins_again(open_directory: Path) -> None:
    for name, start in (("mariadb", servers.start_mariadb), ("postgres", servers.start_postgres)):
        own_directory(open_directory / name, mode=0o711)
        half = open_directory / name / "data.new"
        half.mkdir()
        (half / "PG_VERSION").write_text("18\n")
        (half / "mysql").mkdir()
        with skipped_where_missing():
            server = start(
                open_directory / name, port=servers.free_port(), password=servers.new_password()
            )
        server.stop()
        assert not half.exists()


def test_another_program_at_a_servers_port_does_not_get_its_password(tmp_path: Path) -> None:
    secrets = Secrets(**new_secrets())
    with (
        asking([switch(b"mysql_clear_password")]) as (mariadb, talk),
        asking_for_passwords() as (postgres, heard),
    ):
        ports = Ports(mariadb.port, postgres.port, 0, 0)
        where = addresses(ports, secrets)
        assert not servers.mariadb_answers(where.practice_administrator)
        assert not servers.postgres_answers(where.postgres_administrator)
        with pytest.raises(SourceRefusedError, match="mysql_clear_password"):
            databases.ensure_practice_accounts(where)
        with pytest.raises(TerminalError, match="the password itself"):
            databases.ensure_database(where.postgres_administrator, where.warehouse)
        for_airflow = command_environment(
            Layout(tmp_path, tmp_path), ports, secrets, config=tmp_path, dags=tmp_path
        )
        metadata = create_engine(for_airflow["AIRFLOW__DATABASE__SQL_ALCHEMY_CONN"])
        with pytest.raises(OperationalError, match="method requirement"):
            metadata.connect()
        assert len(talk.packets) >= 2
        assert heard.asked >= 3
        said = b"".join([*talk.packets, *heard.answers])
    assert not [
        entry.name for entry in fields(Secrets) if getattr(secrets, entry.name).encode() in said
    ]
