from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from include.catalog.targets import targets_of
from include.engine import load_target
from include.planning import RefreshPlan
from tests.engine.oracle import assert_equal
from tests.planning.practice import Practice

MANY = 3000


@pytest.fixture
def large(practice: Practice) -> Practice:
    """The small practice with one table larger than all others, in chunks of 200 rows."""
    overrides = practice.config_directory / "overrides.yml"
    overrides.write_text("tables:\n  Log:\n    chunk_rows: 200\n", encoding="utf-8")
    practice.execute(
        "create table Log (LogNum bigint primary key auto_increment, Note varchar(50), "
        "LogDate date) engine=MyISAM",
        f"insert into Log select seq * 10, concat('note ', seq), null from seq_1_to_{MANY}",
    )
    practice.discover()
    return practice


def planned(practice: Practice, *, split_rows: int = MANY) -> RefreshPlan:
    return practice.plan(workers=4, split_rows=split_rows)


def load(practice: Practice, plan: RefreshPlan) -> None:
    """Load as four workers do."""
    run_id = plan.run_id
    assert run_id is not None
    with ThreadPoolExecutor(4) as workers:
        list(
            workers.map(
                lambda target: load_target(
                    practice.source,
                    practice.warehouse,
                    run_id=run_id,
                    target=target,
                    mode="compare",
                ),
                targets_of(plan.tables, plan.splits),
            )
        )


def ranges(practice: Practice) -> list[tuple[object, ...]]:
    return practice.ask(
        "select range_number, lo, hi from ops.load_range "
        "where run_id = (select max(run_id) from ops.run) order by range_number"
    )


def test_a_table_larger_than_the_rest_of_the_queue_is_split_into_key_ranges(
    large: Practice,
) -> None:
    plan = planned(large)
    assert plan.splits == {"Log": 4}
    assert plan.to_dict()["splits"] == {"Log": 4}
    labels = [str(target) for target in targets_of(plan.tables, plan.splits)]
    assert [label for label in labels if "Log" in label] == [f"Log ({n}/4)" for n in (1, 2, 3, 4)]
    assert ranges(large) == [
        (1, None, "7507"),
        (2, "7507", "15005"),
        (3, "15005", "22502"),
        (4, "22502", None),
    ]
    load(large, plan)
    assert assert_equal(large.source, large.warehouse, "Log") == MANY
    assert large.ask("select distinct state from ops.load_range") == [("finished",)]
    assert large.ask("select distinct state from ops.table_load") == [("succeeded",)]


def test_a_loaded_table_is_split_where_its_chunks_end_with_equal_rows(large: Practice) -> None:
    load(large, planned(large))
    large.execute(f"delete from Log where LogNum <= {MANY * 5}")
    large.refresh(tables=("Log",))
    plan = planned(large, split_rows=MANY // 2)
    bounds = {hi for _, _, hi in ranges(large)} | {lo for _, lo, _ in ranges(large)}
    stored = large.ask("select hi[1] from ops.chunk where table_name = 'log'")
    assert bounds <= {hi for (hi,) in stored} | {None}
    load(large, plan)
    assert large.ask(
        "select rows_read, inserted + changed + deleted from ops.table_load "
        "where table_name = 'log' and run_id = (select max(run_id) from ops.run)"
    ) == [(MANY // 2, 0)]


def test_what_is_not_large_not_numbered_or_was_interrupted_is_loaded_whole(
    large: Practice,
) -> None:
    assert planned(large, split_rows=MANY + 1).splits == {}
    assert large.plan(workers=1, split_rows=1).splits == {}
    large.change_warehouse("update ops.table_state set state = 'loading' where table_name = 'log'")
    assert planned(large).splits == {}
    large.change_warehouse("update ops.table_state set state = 'never_loaded'")
    assert planned(large).splits == {"Log": 4}
    large.execute(
        "alter table Log modify LogNum bigint, drop primary key, add primary key (LogNum, Note)"
    )
    large.discover()
    assert planned(large).splits == {}


def test_a_dry_plan_writes_no_ranges(large: Practice) -> None:
    large.plan()
    before = large.ask("select count(*) from ops.load_range")
    assert large.plan(workers=4, split_rows=1, dry_run=True).splits == {}
    assert large.ask("select count(*) from ops.load_range") == before == [(0,)]
