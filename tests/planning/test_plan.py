"""What a plan promises, creates and leaves alone."""

from __future__ import annotations

import json
import logging
from pathlib import Path

import pytest

from include.catalog.model import Tier
from include.endpoints import Endpoint
from include.errors import ConfigError, SourceError, TerminalError
from include.planning import RefreshRequest, plan_refresh
from tests.planning.practice import Practice

EVERYTHING = (
    "select 'state', count(*), max(state) from ops.table_state union all "
    "select 'run', count(*), max(state) from ops.run union all "
    "select 'config', count(*), max(sha256) from ops.config union all "
    "select 'quarantine', count(*), max(reason) from ops.quarantine union all "
    "select 'columns', count(*), string_agg(table_name || column_name || data_type, ',' "
    "order by table_name, ordinal_position) from information_schema.columns "
    "where table_schema = 'raw' order by 1"
)


def test_the_first_plan_creates_every_table_and_gives_tasks_to_those_with_rows(
    practice: Practice,
) -> None:
    plan = practice.plan()
    assert sorted(plan.tables) == ["Loose", "Patient", "Visit"]
    assert plan.skipped_empty == ("Empty",)
    assert (plan.quarantined, plan.lost) == ({}, {})
    states = practice.ask(
        "select table_name, state, is_publishable, blocked_reason, row_count, quality "
        "from ops.table_state order by 1"
    )
    waiting = ("never_loaded", False, "never loaded", 0, None)
    assert states == [
        ("empty", "loaded", True, None, 0, 1.0),
        *((name, *waiting) for name in ("loose", "patient", "visit")),
    ]
    columns = practice.ask(
        "select column_name from information_schema.columns where table_schema = 'raw' "
        "and table_name = 'patient' order by ordinal_position"
    )
    names = [name for (name,) in columns]
    assert names[:5] == ["patnum", "lname", "gender", "balance", "seen"]
    assert names[5:] == ["_loaded_at", "_batch_id", "_deleted_at"]


def test_a_plan_survives_json(practice: Practice) -> None:
    plan = practice.plan()
    assert json.loads(json.dumps(plan.to_dict())) == plan.to_dict()


def test_larger_tables_come_first_within_their_tier(practice: Practice) -> None:
    practice.execute(
        *(f"create table Code{n} (Id int primary key, T text) engine=MyISAM" for n in (1, 2, 3)),
        "insert into Code1 values (1, 'a')",
        "insert into Code2 select seq, repeat('a', 900) from seq_1_to_200",
        "insert into Code3 select seq, 'a' from seq_1_to_20",
    )
    practice.discover()
    order = practice.plan().tiers[Tier.REFERENCE]
    assert [name for name in order if name.startswith("Code")] == ["Code2", "Code3", "Code1"]


def test_a_dry_run_writes_nothing_even_to_a_warehouse_never_set_up(
    practice: Practice, empty_warehouse: Endpoint, caplog: pytest.LogCaptureFixture
) -> None:
    untouched = practice.ask("select count(*) from pg_namespace where nspname = 'ops'")
    assert untouched == [(1,)], "its schemas are there"
    before = practice.ask(EVERYTHING)
    dry = practice.plan(dry_run=True)
    assert practice.ask(EVERYTHING) == before
    assert dry.run_id is None
    real = practice.refresh()
    assert real.tiers == dry.tiers
    practice.execute(
        "alter table Patient add Nick text, modify Gender int",
        "alter table Visit modify Code int",
        "drop table Loose",
    )
    before = practice.ask(EVERYTHING)
    with caplog.at_level(logging.INFO, "include.planning.plan"):
        dry = practice.plan(dry_run=True)
    assert practice.ask(EVERYTHING) == before
    # Whoever reads the log of the task sees the whole plan.
    assert "would follow: table Patient: column Nick (text) was added" in caplog.messages
    assert f"table Loose is in quarantine: {dry.quarantined['Loose']}" in caplog.messages
    for tier, names in dry.tiers.items():
        assert f"{tier}, largest first: {', '.join(names) or 'none'}" in caplog.messages
    assert dry.to_dict() | {"run_id": 0, "config_version": 0} == practice.plan().to_dict() | {
        "run_id": 0,
        "config_version": 0,
    }
    bare = Practice(practice.source, empty_warehouse, practice.config_directory)
    schemas = "select nspname from pg_namespace order by 1"
    before = bare.ask(schemas)
    with pytest.raises(TerminalError, match=r"was not set up.*Run `./dental migrate`"):
        bare.plan(dry_run=True)
    assert bare.ask(schemas) == before


def test_a_table_that_was_emptied_still_gets_its_task(practice: Practice) -> None:
    practice.refresh()
    practice.execute("delete from Visit", "delete from Loose")
    plan = practice.refresh()
    assert {"Visit", "Loose"} <= set(plan.tables)
    assert practice.ask("select count(*) from raw.visit where _deleted_at is not null") == [(500,)]
    assert "Visit" in practice.plan().tables, "its tombstones are still there to be compared"


def test_tables_and_phase_restrict_what_is_loaded_but_not_what_is_created(
    practice: Practice,
) -> None:
    plan = practice.plan(tables=("visit",))
    assert plan.tables == ("Visit",)
    assert practice.ask("select count(*) from ops.table_state") == [(4,)]
    (practice.config_directory / "overrides.yml").write_text(
        "tables: {Patient: {tier: critical}, Visit: {tier: audit}, Loose: {tier: reference}}"
    )
    assert practice.plan(phase=1).tables == ("Patient",)
    assert practice.plan(phase=3).tables == ("Patient", "Visit")
    assert practice.plan(phase=4, tables=("LOOSE",)).tables == ("Loose",)


@pytest.mark.parametrize(
    ("request_", "message"),
    [
        ({"tables": ("Patiens",)}, "table Patiens: is not in the config; the nearest is patient"),
        ({"tables": ("TmpX",)}, "table TmpX: is left out: scratch table"),
        ({"phase": 5}, "phases 1 to 4"),
        ({"mode": "fast"}, "modes compare and full"),
    ],
)
def test_a_request_that_cannot_be_met_leaves_no_run(
    practice: Practice, request_: dict[str, object], message: str
) -> None:
    practice.execute("create table TmpX (a int)")
    practice.discover()
    with pytest.raises(ConfigError, match=message):
        practice.plan(**request_)
    assert practice.ask("select count(*) from ops.run") == [(0,)]


def test_the_retry_of_a_plan_takes_over_its_run(practice: Practice) -> None:
    first = practice.plan(dag_run_id="scheduled__1")
    again = practice.plan(dag_run_id="scheduled__1", mode="full")
    other = practice.plan(dag_run_id="scheduled__2")
    assert first.run_id == again.run_id != other.run_id
    assert practice.ask("select dag_run_id, mode from ops.run order by run_id") == [
        ("scheduled__1", "full"),
        ("scheduled__2", "compare"),
    ]


def test_a_run_knows_the_day_of_the_practices_server_which_the_models_read(
    practice: Practice, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("DENTAL_OFFICE_TIME_ZONE", "Etc/GMT-13")
    days = []
    for time_zone in ("-12:00", "+13:00"):
        caplog.clear()
        practice.execute(f"set global time_zone = '{time_zone}'")
        try:
            practice.plan()
        finally:
            practice.execute("set global time_zone = default")
        days += practice.ask("select office_on from ops.office_day")
        warnings = [r.message for r in caplog.records if r.levelno == logging.WARNING]
        assert any("is at UTC-12:00, that of" in one for one in warnings) is (time_zone == "-12:00")
    ((west,), (east,)) = days
    assert 1 <= (east - west).days <= 2, "they are 25 hours apart"
    offsets = practice.ask("select office_utc_minutes from ops.run order by run_id")
    assert offsets == [(-720,), (780,)]


def test_without_a_directory_the_newest_recorded_config_is_taken(practice: Practice) -> None:
    practice.execute("alter table Patient add Nick text")
    followed = practice.plan(config_directory=None)
    assert practice.ask("select derived_from from ops.config") == [(None,), (None,)]
    assert practice.plan(config_directory=None).config_version == followed.config_version


def test_another_machine_follows_the_reviewed_overrides_at_once(
    practice: Practice, tmp_path_factory: pytest.TempPathFactory
) -> None:
    reviewed = tmp_path_factory.mktemp("reviewed")
    (reviewed / "overrides.yml").write_text("exclude_tables: {Visit: not now}")
    elsewhere = {"config_directory": None, "overrides_directory": reviewed}
    dry = practice.plan(dry_run=True, **elsewhere)
    plan = practice.plan(**elsewhere)
    assert sorted(plan.tables) == sorted(dry.tables) == ["Loose", "Patient"]
    (reviewed / "overrides.yml").write_text("exclude_tables: {Visits: not now}")
    with pytest.raises(ConfigError, match="no table is called Visits; the nearest is Visit"):
        practice.plan(**elsewhere)


def test_without_a_config_nothing_is_written(
    source: Endpoint, warehouse: Endpoint, tmp_path: Path
) -> None:
    practice = Practice(source, warehouse, tmp_path)
    practice.execute("create table t (a int primary key)")
    for directory in (tmp_path, None):
        for is_dry in (True, False):
            with pytest.raises(ConfigError, match="discover_open_dental"):
                practice.plan(config_directory=directory, dry_run=is_dry)
    (tmp_path / "tables.yml").write_text("format: 1\n")
    with pytest.raises(ConfigError, match=r"tables\.yml: defaults: field required"):
        practice.plan()


def test_databases_that_do_not_answer_are_named_and_leave_no_run(practice: Practice) -> None:
    nowhere = Endpoint("mysql", "127.0.0.1", 1, "reader", "s3cret", "opendental")
    request = RefreshRequest(config_directory=practice.config_directory)
    with pytest.raises(SourceError, match=r"reader@127\.0\.0\.1:1/opendental: the practice"):
        plan_refresh(nowhere, practice.warehouse, request)
    closed = Endpoint("postgres", "127.0.0.1", 1, "loader", "s3cret", "warehouse")
    with pytest.raises(Exception, match="the warehouse cannot be reached") as failure:
        plan_refresh(practice.source, closed, request)
    assert not isinstance(failure.value, TerminalError), "it may pass"
    assert practice.ask("select count(*) from ops.run") == [(0,)]
