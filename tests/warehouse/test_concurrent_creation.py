"""Two plans at once create the same raw table."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from include.endpoints import Endpoint
from include.warehouse.raw_tables import create_table
from include.warehouse.session import WarehouseConnection, connect
from tests.planning.practice import Practice


def created(connection: WarehouseConnection, practice: Practice) -> bool:
    with connection.transaction():
        return create_table(connection, practice.config("T"))


def is_waiting(watcher: WarehouseConnection, process: int) -> bool:
    row = watcher.execute(
        "select exists (select from pg_locks where pid = %s and not granted)", (process,)
    ).fetchone()
    return row == (True,)


def test_the_later_of_two_creators_finds_what_the_earlier_one_made(
    source: Endpoint, warehouse: Endpoint, tmp_path: Path
) -> None:
    practice = Practice(source, warehouse, tmp_path)
    practice.execute("create table T (Id int primary key)")
    practice.discover()
    with (
        connect(warehouse, autocommit=True) as first,
        connect(warehouse, autocommit=True) as second,
        connect(warehouse, autocommit=True) as watcher,
        ThreadPoolExecutor() as pool,
    ):
        with first.transaction():
            assert create_table(first, practice.config("T"))
            later = pool.submit(created, second, practice)
            while not is_waiting(watcher, second.info.backend_pid):
                assert not later.done()
        assert later.result() is False
