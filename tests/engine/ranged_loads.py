"""A table that is loaded in four ranges of its key, by one process or by four at once."""

from __future__ import annotations

import multiprocessing
from collections.abc import Sequence
from itertools import pairwise

from include.catalog.document import dump_catalog
from include.catalog.model import Catalog, TableConfig
from include.catalog.targets import LoadTarget
from include.engine import EngineConnections, load_pinned
from include.ops.config_versions import pin_bytes
from include.ops.load_results import TableLoad
from include.ops.ranges import store_ranges
from include.source.keys import KeyRange
from include.warehouse import session as warehouse_session
from tests.engine.practice import Practice

TABLE = (
    "create table T (Id int primary key, Note text, Day date) engine=MyISAM",
    "insert into T select seq, concat('note ', seq), '2024-01-01' + interval seq % 9 day "
    "from seq_1_to_2000",
)
# The third holds nothing.
BOUNDS = (None, 500, 1500, 1600, None)
RANGES = (1, 2, 3, 4)


def config(practice: Practice) -> TableConfig:
    return practice.config("T", chunk_rows=100, restate_by=("Day",))


def open_ranged_run(practice: Practice, table: TableConfig, ranges: Sequence[KeyRange]) -> int:
    """Open a run that loads the table in these ranges."""
    with warehouse_session.connect(practice.warehouse, autocommit=True) as connection:
        catalog = Catalog(tables={table.name: table}, excluded_tables={})
        version = pin_bytes(connection, dump_catalog(catalog), b"")
        row = connection.execute(
            "insert into ops.run (mode, phase, config_version) values ('compare', 4, %s) "
            "returning run_id",
            (version,),
        ).fetchone()
        assert row is not None
        store_ranges(connection, int(row[0]), table.raw_name, ranges)
    return int(row[0])


def planned_run(practice: Practice) -> int:
    """Open a run that loads T in four ranges."""
    bounds = [(str(bound),) if bound else None for bound in BOUNDS]
    ranges = [KeyRange(lo, hi) for lo, hi in pairwise(bounds)]
    return open_ranged_run(practice, config(practice), ranges)


def load_range(practice: Practice, run_id: int, number: int) -> TableLoad | None:
    target = LoadTarget("T", number, len(RANGES))
    with EngineConnections(practice.source, practice.warehouse) as connections:
        return load_pinned(connections, run_id=run_id, target=target)


def side_by_side(practice: Practice, run_id: int) -> list[int]:
    """Load every range in a process of its own at once; return how they ended."""
    context = multiprocessing.get_context("fork")
    processes = [
        context.Process(target=load_range, args=(practice, run_id, number)) for number in RANGES
    ]
    for process in processes:
        process.start()
    for process in processes:
        process.join(60)
    return [process.exitcode or 0 for process in processes]
