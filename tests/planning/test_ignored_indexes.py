"""An index that the server does not use (IGNORED in MariaDB, INVISIBLE in MySQL) is no key."""

from __future__ import annotations

import pytest

from include.engine import load_table
from include.errors import StructureError
from tests.planning.practice import Practice

_COLUMNS = "(a int not null, b int not null, c int not null, v varchar(20), "


@pytest.fixture
def practice(practice: Practice) -> Practice:
    """A table with two keys, of which discovery takes the narrow one while it is used.

    The server lets nobody ignore the only key of a table.
    """
    practice.execute(
        f"create table Wide {_COLUMNS} unique key k_ab (a, b), unique key k_c (c))",
        "insert into Wide select seq, seq * 2, seq * 3, concat('v', seq) from seq_1_to_50",
    )
    return practice


def test_an_ignored_index_is_no_key(practice: Practice) -> None:
    practice.execute("alter table Wide alter index k_c ignored")
    practice.discover()
    practice.refresh()
    assert practice.ask("select count(*), sum(c) from raw.wide") == [(50, 3825)]
    practice.execute("update Wide set v = 'w' where a = 7", "delete from Wide where c = 3")
    assert practice.refresh().quarantined == {}
    assert practice.ask("select count(*), count(_deleted_at) from raw.wide") == [(50, 1)]
    assert practice.ask("select count(*) from raw.wide where v = 'w'") == [(1,)]


def test_an_index_that_becomes_ignored_is_left_for_another_key(practice: Practice) -> None:
    practice.discover()
    plan = practice.refresh()
    assert practice.ask("select count(*) from raw.wide") == [(50,)]
    practice.execute("alter table Wide alter index k_c ignored")
    # Between the plan and the load; the next plan takes the other key.
    assert plan.run_id is not None
    with pytest.raises(StructureError, match=r"key \(c\) any more: .* marked as ignored"):
        load_table(practice.source, practice.warehouse, run_id=plan.run_id, table="Wide")
    practice.execute("insert into Wide values (51, 1, 1, 'new')")
    assert practice.refresh().quarantined == {}
    assert practice.config("Wide").key == ("a", "b")
    assert practice.ask("select count(*) from raw.wide where _deleted_at is null") == [(51,)]
