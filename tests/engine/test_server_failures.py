"""What servers do to a load: nothing is lost, doubled or half-visible; the next load mends it."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from include.catalog.model import TableConfig
from include.endpoints import Endpoint
from include.errors import PipelineError, SourceError, TerminalError, WarehouseError
from include.source.pages import PageReader
from include.warehouse import session as warehouse_session
from local_system import servers
from local_system.layout import POSTGRES_ACCOUNT
from tests.certificates import Authority
from tests.encrypted_servers import Certificates, with_options
from tests.engine.oracle import assert_equal
from tests.engine.practice import Practice, open_practice, writing

MARK = "Wilhelmina-Marked"
TABLE = (
    "create table T (Id int primary key, Note text) engine=MyISAM",
    f"insert into T select seq, concat('{MARK} ', seq) from seq_1_to_1000",
)


@pytest.fixture
def loaded(practice: Practice) -> TableConfig:
    """A table that was loaded, and then edited in every row."""
    practice.execute(*TABLE)
    table = practice.config("T", chunk_rows=100)
    practice.load(table)
    practice.execute("update T set Note = concat(Note, ' edited')")
    return table


def fail(practice: Practice, table: TableConfig, log: pytest.LogCaptureFixture) -> PipelineError:
    with pytest.raises(PipelineError) as caught:
        practice.load(table)
    assert MARK not in str(caught.value)
    assert MARK not in log.text
    return caught.value


def mended(practice: Practice, table: TableConfig) -> None:
    """Hold that the next load brings both sides together, and that another finds nothing."""
    practice.load(table)
    assert_equal(practice.source, practice.warehouse, "T")
    assert practice.load(table).moved == 0


def before_page(number: int, action: Callable[[], None], patch: pytest.MonkeyPatch) -> None:
    """Do something once, just before a page is read."""
    read = PageReader.read
    pages = iter(range(1, 1_000_000))

    def interrupted(self: PageReader, *arguments: object, **named: object) -> object:
        if next(pages) == number:
            action()
        return read(self, *arguments, **named)  # type: ignore[arg-type]

    patch.setattr(PageReader, "read", interrupted)


@contextmanager
def holding(practice: Practice, statement: str, then: str = "select 1") -> Iterator[None]:
    """Hold locks; `then` is run as soon as somebody waits for them, and the locks are released."""
    with warehouse_session.connect(practice.warehouse) as connection:
        connection.execute("set deadlock_timeout = '1h'")
        connection.execute(statement.encode())

        def go_on() -> None:
            while not waiting(practice):
                pause.wait(0.05)
            connection.execute(then.encode())
            connection.rollback()

        pause = threading.Event()
        thread = threading.Thread(target=go_on)
        thread.start()
        yield
        thread.join()


def waiting(practice: Practice) -> bool:
    return practice.query(
        "select count(*) > 0 from pg_stat_activity "
        "where wait_event_type = 'Lock' and datname = current_database()"
    ) == [(True,)]


def test_the_victim_of_a_deadlock_keeps_the_old_rows_and_may_try_again(
    practice: Practice, loaded: TableConfig, caplog: pytest.LogCaptureFixture
) -> None:
    # The other session never looks for deadlocks, so that the load is the victim.
    practice.command(f"alter database {practice.warehouse.database} set deadlock_timeout = '3s'")
    state = "select * from ops.table_state where table_name = 't' for update"
    with holding(practice, state, "update raw.t set note = note where id = 1"):
        error = fail(practice, loaded, caplog)
    assert type(error) is WarehouseError
    assert "ended a deadlock with another session" in str(error)
    assert practice.query("select count(*) from raw.t where note like '%edited'") == [(0,)]
    mended(practice, loaded)


def test_a_statement_that_takes_too_long_is_stopped_by_the_warehouse(
    practice: Practice,
    loaded: TableConfig,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(warehouse_session.SESSION_SETTINGS, "statement_timeout", "2s")
    with warehouse_session.connect(practice.warehouse) as connection:
        connection.execute("select * from raw.t where id = 500 for update")
        error = fail(practice, loaded, caplog)
    assert type(error) is WarehouseError
    assert "it ran into statement_timeout" in str(error)
    monkeypatch.undo()
    mended(practice, loaded)


@pytest.mark.parametrize("victim", ["source", "warehouse"])
def test_a_session_that_is_cut_in_the_middle_may_try_again(
    practice: Practice,
    loaded: TableConfig,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
    victim: str,
) -> None:
    def cut() -> None:
        if victim == "warehouse":
            practice.command(
                "select pg_terminate_backend(pid) from pg_stat_activity "
                f"where application_name = '{warehouse_session.APPLICATION_NAME}' "
                "and datname = current_database() and pid <> pg_backend_pid()"
            )
            return
        with writing(practice.source) as cursor:
            cursor.execute(
                "select id from information_schema.processlist "
                "where db = database() and id <> connection_id()"
            )
            for (thread,) in cursor.fetchall():
                cursor.execute(f"kill {thread}")

    before_page(5, cut, monkeypatch)
    error = fail(practice, loaded, caplog)
    assert type(error) is (SourceError if victim == "source" else WarehouseError)
    assert "cut the connection" in str(error) or "somebody ended this session" in str(error)
    monkeypatch.undo()
    mended(practice, loaded)


def test_a_source_that_crashes_in_the_middle_is_read_again_when_it_is_back(
    server_directory: Path,
    warehouse: Endpoint,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    directory = server_directory / "crashing-mariadb"
    port, password = servers.free_port(), servers.new_password()
    running = [servers.start_mariadb(directory, port=port, password=password)]

    def crash() -> None:
        running[0].process.kill()
        running[0].process.wait()
        running[0] = servers.start_mariadb(directory, port=port, password=password)

    try:
        with writing(running[0].endpoint.with_database("mysql")) as cursor:
            cursor.execute("create database practice")
        practice = open_practice(running[0].endpoint.with_database("practice"), warehouse)
        practice.execute(*TABLE)
        table = practice.config("T", chunk_rows=100)
        # First while it is loaded for the first time, then while it is refreshed.
        for _ in range(2):
            practice.execute("flush tables")
            before_page(5, crash, monkeypatch)
            error = fail(practice, table, caplog)
            assert type(error) is SourceError
            assert "cut the connection" in str(error)
            monkeypatch.undo()
            assert practice.query("select count(*) from raw.t where note like '%edited'") == [(0,)]
            mended(practice, table)
            practice.execute("update T set Note = concat(Note, ' edited')")
    finally:
        running[0].stop()


def test_a_warehouse_that_crashes_in_the_middle_holds_whole_loads_when_it_is_back(
    server_directory: Path,
    source: Endpoint,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    directory = server_directory / "crashing-postgres"
    port, password = servers.free_port(), servers.new_password()
    settings = {"synchronous_commit": "on"}

    def start() -> servers.Server:
        return servers.start_postgres(directory, port=port, password=password, settings=settings)

    running = [start()]

    def crash() -> None:
        # The server's own "immediate" shutdown: nothing is written, the next start recovers.
        running[0].process.send_signal(signal.SIGQUIT)
        running[0].process.wait()
        running[0] = start()

    try:
        practice = open_practice(source, running[0].endpoint)
        practice.execute(*TABLE)
        table = practice.config("T", chunk_rows=100)
        for rows in (0, 1000):
            before_page(5, crash, monkeypatch)
            error = fail(practice, table, caplog)
            assert type(error) is WarehouseError
            monkeypatch.undo()
            # The raw table is made by its first load, and rolled back with it.
            if practice.query("select to_regclass('raw.t') is not null") == [(True,)]:
                found = "select count(*), count(*) filter (where note like '%edited') from raw.t"
                assert practice.query(found) == [(rows, 0)]
            else:
                assert rows == 0
            mended(practice, table)
            practice.execute("update T set Note = concat(Note, ' edited')")
    finally:
        running[0].stop()


@pytest.fixture
def small_disk(practice: Practice, server_directory: Path) -> Iterator[Path]:
    """A file system of a few megabytes on which new tables of the warehouse are made."""
    place = server_directory / "small-disk"
    place.mkdir()
    mounting = ["mount", "-t", "tmpfs", "-o", "size=8m,mode=755", "none", str(place)]
    if os.geteuid() != 0 or subprocess.run(mounting, capture_output=True).returncode != 0:
        pytest.skip("a small file system can only be mounted by root")
    try:
        shutil.chown(place, POSTGRES_ACCOUNT, POSTGRES_ACCOUNT)
        practice.command(f"create tablespace small location '{place}'")
        database = practice.warehouse.database
        practice.command(f"alter database {database} set default_tablespace = small")
        yield place
        practice.command("drop schema raw cascade")
        practice.command("drop tablespace small")
    finally:
        subprocess.run(["umount", "--lazy", str(place)], check=True)


def test_a_full_disk_of_the_warehouse_needs_a_person_and_then_the_load_goes_on(
    practice: Practice, small_disk: Path, caplog: pytest.LogCaptureFixture
) -> None:
    practice.execute(
        "create table T (Id int primary key, Code varbinary(1000))",
        "insert into T select seq, random_bytes(1000) from seq_1_to_15000",
    )
    table = practice.config("T", chunk_rows=1000)
    error = fail(practice, table, caplog)
    assert type(error) is TerminalError
    assert "the warehouse's disk is full" in str(error)
    subprocess.run(["mount", "-o", "remount,size=64m", str(small_disk)], check=True)
    mended(practice, table)


def test_a_load_over_encrypted_sessions_on_both_sides_is_equal(
    encrypted_mariadb: Endpoint, encrypted_postgres: Endpoint, certificates: Certificates
) -> None:
    authority: Authority = certificates.authority
    with writing(encrypted_mariadb.with_database("mysql")) as cursor:
        cursor.execute("create or replace database practice character set utf8mb4")
    source = with_options(
        encrypted_mariadb.with_database("practice"),
        ssl_mode="verify_identity",
        ssl_ca=authority.file,
    )
    warehouse = with_options(encrypted_postgres, sslmode="verify-full", sslrootcert=authority.file)
    practice = open_practice(source, warehouse)
    practice.execute(*TABLE, "insert into T values (2000, repeat('long ', 200000))")
    table = practice.config("T", chunk_rows=100)
    assert practice.load(table).inserted == 1001
    practice.execute("update T set Note = 'x' where Id % 3 = 0", "delete from T where Id = 1000")
    mended(practice, table)
