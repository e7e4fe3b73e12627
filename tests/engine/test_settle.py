from __future__ import annotations

from dataclasses import replace

import pytest

from include.catalog.document import dump_catalog
from include.catalog.model import Catalog, TableConfig
from include.engine import load_table, settle
from include.errors import ConfigError, SourceError
from include.ops.config_versions import pin_bytes
from include.ops.validation_results import new_findings
from include.source.keys import KeyRange
from include.source.pages import PageReader
from include.source.statement import ResultBuffer
from include.warehouse import session as warehouse_session
from tests.engine.oracle import assert_equal
from tests.engine.practice import Practice


@pytest.fixture
def tables(practice: Practice) -> list[TableConfig]:
    """Two tables of one group, and one of none, pinned for the practice's run."""
    practice.execute(
        "create table Payment (Id int primary key, Amount int)",
        "create table PaySplit (Id int primary key, Amount int)",
        "create table Other (Id int primary key, Amount int)",
        "insert into Payment values (1, 100)",
        "insert into PaySplit values (1, 60), (2, 40)",
        "insert into Other values (1, 1)",
    )
    tables = [
        replace(practice.config(name), consistency_group=group)
        for name, group in (("Payment", "money"), ("PaySplit", "money"), ("Other", None))
    ]
    catalog = Catalog({table.name: table for table in tables}, {})
    with warehouse_session.connect(practice.warehouse, autocommit=True) as connection:
        version = pin_bytes(connection, dump_catalog(catalog), b"")
        connection.execute("update ops.run set config_version = %s", (version,))
    return tables


def load_all(practice: Practice, tables: list[TableConfig]) -> None:
    for table in tables:
        load_table(practice.source, practice.warehouse, run_id=practice.run_id, table=table.name)


def recorded(practice: Practice) -> list[tuple[object, ...]]:
    return practice.query(
        "select table_name, is_passed, unexpected_count from ops.validation_result order by 1"
    )


def test_a_group_is_loaded_again_until_nothing_changes(
    practice: Practice, tables: list[TableConfig]
) -> None:
    load_all(practice, tables)
    # Entered after Payment was read and before PaySplit was: only one of them got in.
    practice.execute("insert into Payment values (2, 7)", "insert into Other values (2, 2)")
    result = settle(practice.source, practice.warehouse, run_id=practice.run_id)
    assert result.is_settled
    assert result.passes == {"money": 2}
    assert_equal(practice.source, practice.warehouse, "Payment")
    # The table outside the group was not read again; a repeat is no new attempt, and adds up.
    assert practice.query(
        "select table_name, attempt, rows_read, inserted from ops.table_load order by 1"
    ) == [("other", 1, 1, 1), ("payment", 1, 2, 2), ("paysplit", 1, 2, 2)]
    assert recorded(practice) == [("payment", True, 0), ("paysplit", True, 0)]


def test_a_group_that_never_rests_is_recorded_with_its_skew(
    practice: Practice, tables: list[TableConfig], monkeypatch: pytest.MonkeyPatch
) -> None:
    load_all(practice, tables)
    read = PageReader.read

    def busy(self: PageReader, page: ResultBuffer, bounds: KeyRange, *, limit: int) -> bool:
        practice.execute("update PaySplit set Amount = Amount + 1 where Id = 2")
        return read(self, page, bounds, limit=limit)

    monkeypatch.setattr(PageReader, "read", busy)
    result = settle(practice.source, practice.warehouse, run_id=practice.run_id)
    assert not result.is_settled
    assert (result.passes, result.skews) == ({"money": 3}, {"money": {"PaySplit": 1}})
    assert recorded(practice) == [("payment", False, 0), ("paysplit", False, 1)]
    # The skew closes no gate: it is told.
    with warehouse_session.connect(practice.warehouse) as connection:
        assert [f"{one.place}: {one}" for one in new_findings(connection, practice.run_id)] == [
            "paysplit: 1 rows: group money: still changing when read"
        ]


def test_a_table_that_fails_while_settling_is_named_and_closed(
    practice: Practice, tables: list[TableConfig]
) -> None:
    load_all(practice, tables)
    practice.execute("drop table PaySplit")
    result = settle(practice.source, practice.warehouse, run_id=practice.run_id)
    assert list(result.failed) == ["PaySplit"]
    assert result.may_pass == (), "a person must look at it"
    assert practice.query(
        "select table_name, is_publishable from ops.table_state "
        "where blocked_reason like 'load failed: %'"
    ) == [("paysplit", False)]


def test_what_may_pass_is_settled_by_another_try(
    practice: Practice, tables: list[TableConfig], monkeypatch: pytest.MonkeyPatch
) -> None:
    load_all(practice, tables)
    practice.execute("insert into Payment values (2, 7)")
    with monkeypatch.context() as patch:
        patch.setattr(PageReader, "read", cut_off)
        broken = settle(practice.source, practice.warehouse, run_id=practice.run_id)
    assert broken.may_pass == ("PaySplit", "Payment") == tuple(broken.failed)
    again = settle(practice.source, practice.warehouse, run_id=practice.run_id)
    assert again.is_settled
    assert again.may_pass == ()
    assert_equal(practice.source, practice.warehouse, "Payment")
    assert practice.query("select distinct state from ops.table_load") == [("succeeded",)]


def cut_off(*_: object, **__: object) -> None:
    raise SourceError("the practice database cut the connection")


def test_a_table_that_the_run_does_not_know_is_refused(
    practice: Practice, tables: list[TableConfig]
) -> None:
    with pytest.raises(ConfigError, match="is not in the config that run 1 pinned"):
        load_table(practice.source, practice.warehouse, run_id=1, table=tables[0].raw_name)
    with pytest.raises(ConfigError, match="has no run 99"):
        load_table(practice.source, practice.warehouse, run_id=99, table="Payment")


def test_what_no_task_has_loaded_is_loaded_and_what_failed_is_left(
    practice: Practice, tables: list[TableConfig]
) -> None:
    load_all(practice, tables[:1])
    practice.execute("insert into Payment values (2, 7)")
    # One load died and could not say so, one never began, one has failed and said so.
    practice.command(
        "insert into ops.table_load (run_id, table_name, tier, state, batch_id) values"
        f" ({practice.run_id}, 'paysplit', 'critical', 'running', 1000)"
    )
    names = [table.name for table in tables]
    result = settle(practice.source, practice.warehouse, run_id=practice.run_id, planned=names)
    assert result.is_settled
    for table in tables:
        assert_equal(practice.source, practice.warehouse, table.name)
    assert practice.query("select table_name, state from ops.table_load order by 1") == [
        ("other", "succeeded"),
        ("payment", "succeeded"),
        ("paysplit", "succeeded"),
    ]

    practice.execute("drop table Other")
    practice.command("delete from ops.table_load where table_name = 'other'")
    settle(practice.source, practice.warehouse, run_id=practice.run_id, planned=names)
    [(state, error)] = practice.query(
        "select state, error from ops.table_load where table_name = 'other'"
    )
    assert state == "failed"
    practice.execute("create table Other (Id int primary key, Amount int)")
    settle(practice.source, practice.warehouse, run_id=practice.run_id, planned=names)
    assert practice.query("select state, error from ops.table_load where table_name = 'other'") == [
        (state, error)
    ]
