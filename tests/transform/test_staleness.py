"""A run builds what is stale and asks the tests that are due, and starts nothing else."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from include.endpoints import Endpoint
from include.errors import ConfigError
from include.transform.build import BuildOutcome, build_stale
from include.transform.dbt import run_dbt
from include.transform.lineage import Lineage
from include.transform.outcomes import ModelState
from include.transform.project import Project
from include.transform.staleness import Decision, Reason, decide, look
from include.warehouse.session import WarehouseConnection, connect
from tests.transform.small_build import Small, in_state, small_project
from tests.transform.stale_project import (
    FILES,
    KEPT,
    MAKE_VISITS,
    MODELS,
    RAW,
    READ_PATIENTS,
    READ_VISITS,
    SHOW_VISITS,
    TESTS,
)


@dataclass(frozen=True, slots=True)
class Change:
    """What happens after a build; then what is stale, for which reason, and which tests are due.

    `statements` change the warehouse, `edit` the manifest.
    """

    stale: dict[str, Reason]
    due: set[str]
    statements: tuple[str, ...] = ()
    edit: Callable[[dict[str, Any]], None] | None = None


def moved(table: str) -> str:
    return (
        "update ops.table_state set batch_id = nextval('ops.batch_id')"
        f" where table_name = '{table}'"
    )


def rewrite(name: str) -> Callable[[dict[str, Any]], None]:
    def edit(manifest: dict[str, Any]) -> None:
        (node,) = (node for node in manifest["nodes"].values() if node["name"] == name)
        if node["resource_type"] == "seed":
            node["checksum"]["checksum"] = "another"
        node["compiled_code"] = node.get("compiled_code", "") + " -- another"

    return edit


def preference(name: str) -> str:
    return f"insert into raw.preference values ('{name}', 'zzz')"


CHANGES = {
    "nothing": Change({}, set()),
    "rows of a table": Change(
        dict.fromkeys(MAKE_VISITS, Reason.INPUT) | dict.fromkeys(SHOW_VISITS, Reason.BELOW),
        {"visits_have_numbers", "as_many_visits"},
        (moved("visit"),),
    ),
    "rows that are read as settings alone": Change({}, set(), (moved("preference"),)),
    "a setting": Change({"mart_fees": Reason.SETTING}, set(), (preference("FeeMode"),)),
    "a setting that nobody reads": Change({}, set(), (preference("DayLimit"),)),
    "the day": Change(
        dict.fromkeys({"mart_days", "mart_today", "int_days_listed"} | KEPT, Reason.DAY)
        | {"od_visits": Reason.BELOW},
        set(),
        ("update ops.run set office_on = '2026-03-02'",),
    ),
    "a past day that is asked for": Change(
        dict.fromkeys({"int_days_listed"} | KEPT, Reason.ASKED) | {"od_visits": Reason.BELOW},
        set(),
        ("insert into ops.snapshot_day (as_of_on) values ('2026-02-01')",),
    ),
    "a past day of which a snapshot was taken on the day": Change(
        {},
        set(),
        (
            "insert into ops.snapshot_day (as_of_on) values ('2026-02-01')",
            "insert into ops.snapshot (mart, as_of_on, is_recomputed)"
            " values ('int_visits_kept', '2026-02-01', false)",
        ),
    ),
    "a day to come that is asked for": Change(
        {}, set(), ("insert into ops.snapshot_day (as_of_on) values ('2026-03-02')",)
    ),
    "a newer run that never connected": Change(
        {}, set(), ("insert into ops.run (mode, phase, config_version) values ('compare', 4, 1)",)
    ),
    "the SQL of a mart": Change({"dim_patients": Reason.SQL}, set(), edit=rewrite("dim_patients")),
    "the SQL of a view": Change(
        dict.fromkeys({"stg_visits"} | READ_VISITS, Reason.SQL),
        {"visits_have_numbers", "as_many_visits"},
        edit=rewrite("stg_visits"),
    ),
    "the SQL of a test": Change({}, {"as_many_visits"}, edit=rewrite("as_many_visits")),
    "a seed": Change(
        {"code_list": Reason.SQL, "fct_visits": Reason.SQL},
        {"visits_have_numbers", "as_many_visits"},
        edit=rewrite("code_list"),
    ),
    "the columns of a raw table": Change(
        {"stg_patients": Reason.COLUMNS},
        {"patients_are_unique"},
        ("alter table raw.patient add column later int",),
    ),
    "a mart that somebody dropped": Change(
        {"dim_patients": Reason.MISSING}, set(), ("drop table marts.dim_patients",)
    ),
    "a table that somebody dropped, with the view on it": Change(
        {"int_visits": Reason.MISSING, "mart_visits": Reason.MISSING},
        set(),
        ("drop table intermediate.int_visits cascade",),
    ),
    "a model that somebody built": Change(
        {"fct_visits": Reason.UNKNOWN},
        {"visits_have_numbers", "as_many_visits"},
        ("delete from ops.node_state where node = 'model.small.fct_visits'",),
    ),
    "a test that did not pass": Change(
        {},
        {"as_many_visits"},
        ("delete from ops.node_state where node = 'test.small.as_many_visits'",),
    ),
}


@pytest.fixture(scope="module")
def small(postgres: Endpoint, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Small]:
    with small_project(postgres, tmp_path_factory.mktemp("staleness"), FILES, RAW) as one:
        one.execute(
            "insert into raw.visit select n, n, '10' from generate_series(1, 3) n",
            "insert into raw.patient values (1), (2), (3)",
            "insert into raw.preference values ('FeeMode', 'usual')",
        )
        one.bake()
        yield one


@pytest.fixture(scope="module")
def first(small: Small) -> BuildOutcome:
    return small.build()


def decision(connection: WarehouseConnection, manifest: dict[str, Any]) -> Decision:
    project = Project(Lineage(manifest))
    seen = look(connection, project.lineage, project.definitions)
    return decide(project.lineage, project.definitions, seen)


def test_the_first_build_makes_everything_and_the_second_starts_nothing(
    small: Small, first: BuildOutcome
) -> None:
    assert first.is_right, first.run and first.run.output
    assert in_state(first, ModelState.BUILT) == MODELS
    assert first.run is not None
    assert {r.name for r in first.run.results if r.kind == "test"} == TESTS, "and no gate"
    again = small.build()
    assert again.is_right
    assert again.run is None
    assert in_state(again, ModelState.UNCHANGED) == MODELS


@pytest.mark.parametrize("name", CHANGES)
def test_each_reason_alone_makes_its_readers_stale_and_nothing_else(
    small: Small, first: BuildOutcome, name: str
) -> None:
    assert first.is_right
    change = CHANGES[name]
    manifest = json.loads(small.manifest.read_text())
    if change.edit is not None:
        change.edit(manifest)
    with connect(small.warehouse) as connection:
        for statement in change.statements:
            connection.execute(statement.encode())
        found = decision(connection, manifest)
        connection.rollback()
    assert {node.split(".")[2]: reason for node, reason in found.stale.items()} == change.stale
    assert {node.split(".")[2] for node in found.tests} == change.due
    assert not found.waiting


def test_who_reads_a_closed_table_waits_however_deep_and_is_built_when_it_opens(
    small: Small, first: BuildOutcome
) -> None:
    assert first.is_right
    small.move("visit", "patient")
    small.close("visit")
    waiting = small.build()
    assert in_state(waiting, ModelState.WAITING) == {"stg_visits"} | READ_VISITS
    assert in_state(waiting, ModelState.BUILT) == READ_PATIENTS - READ_VISITS
    assert waiting.closed == {"visit": "quality 0.5"}
    assert {(one.name, one.state) for one in waiting.kept} == {
        (name, "blocked") for name in READ_VISITS - {"int_visits"} - KEPT
    }
    assert waiting.broken == ()
    assert not waiting.is_right
    small.open()
    built_at = "select mart, built_at from ops.mart_state"
    before = dict(small.ask(built_at))
    healed = small.build()
    assert healed.is_right
    assert in_state(healed, ModelState.BUILT) == READ_VISITS
    after = dict(small.ask(built_at))
    renewed = {mart for mart in after if after[mart] > before[mart]}
    assert renewed == READ_VISITS - {"int_visits"} - KEPT


def test_a_past_day_is_computed_once_with_what_it_needs_and_leaves_the_list(
    small: Small, first: BuildOutcome
) -> None:
    assert first.is_right
    small.execute("insert into ops.snapshot_day (as_of_on) values ('2026-02-01')")
    asked = small.build()
    assert in_state(asked, ModelState.BUILT) == {"int_days_listed", "od_visits"} | KEPT
    days = "select day::text, count(*) from marts.od_visits group by day order by day"
    assert [day for day, _ in small.ask(days)] == ["2026-02-01", "2026-03-01"]
    small.execute(
        "insert into ops.snapshot (mart, as_of_on, is_recomputed)"
        " values ('int_visits_kept', '2026-02-01', true)"
    )
    assert in_state(small.build(), ModelState.BUILT) == {"int_days_listed"}
    assert small.build().run is None


def test_a_backfill_asks_for_its_day_and_no_longer_when_its_build_cannot_compute_it(
    small: Small, first: BuildOutcome, caplog: pytest.LogCaptureFixture
) -> None:
    assert first.is_right
    small.execute(
        "insert into ops.run (mode, phase, config_version, as_of_on)"
        " select mode, phase, config_version, '2026-01-31' from ops.run limit 1"
    )
    ((run_id,),) = small.ask("select max(run_id) from ops.run")
    small.close("visit")
    with caplog.at_level("INFO", "include.transform.build"):
        outcome = build_stale(small.warehouse, run_id=run_id, manifest=small.manifest)
    assert in_state(outcome, ModelState.BUILT) == {"int_days_listed"}
    assert f"int_days_listed is stale: {Reason.ASKED}" in caplog.messages
    assert {(one.name, one.state) for one in outcome.kept} >= {("od_visits", "blocked")}
    assert small.ask("select * from ops.snapshot_day where as_of_on = '2026-01-31'") == []
    small.open()
    assert in_state(small.build(), ModelState.BUILT) == {"int_days_listed"}


def test_a_test_that_fails_is_asked_again_until_it_passes_though_nothing_moved(
    small: Small, first: BuildOutcome
) -> None:
    assert first.is_right
    small.execute("insert into raw.patient values (3)")
    small.move("patient")
    for _ in range(2):
        failed = small.build()
        assert [result.name for result in failed.broken] == ["patients_are_unique"]
        assert in_state(failed, ModelState.FAILED) == {"stg_patients"} | READ_PATIENTS
        assert {one.state for one in failed.kept} == {"failed"}
    small.execute("delete from raw.patient where ctid = (select max(ctid) from raw.patient)")
    small.move("patient")
    assert in_state(small.build(), ModelState.BUILT) == READ_PATIENTS
    assert small.build().run is None


def test_a_model_that_was_built_by_hand_is_built_again_by_the_next_run(
    small: Small, first: BuildOutcome
) -> None:
    assert first.is_right
    run_dbt(("run", "--select", "dim_patients"), small.warehouse, target_path=small.target)
    assert in_state(small.build(), ModelState.BUILT) == {"dim_patients"}


def test_a_model_that_keeps_its_rows_is_made_anew_when_its_sql_is_another(
    small: Small, first: BuildOutcome
) -> None:
    assert first.is_right
    kept = "models/marts/mart_kept.sql"
    small.write({kept: FILES[kept].replace("'first'", "'second'")})
    with pytest.raises(ConfigError, match=r"have changed since.*transform --bake"):
        small.build()
    small.bake()
    small.execute("insert into raw.visit values (101, 1, '10')")
    rebuilt = small.build()
    assert in_state(rebuilt, ModelState.BUILT) == {"mart_kept"}
    made = "select made_by, count(*) from marts.mart_kept group by made_by"
    assert small.ask(made) == [("second", 4)]
    small.execute("insert into raw.visit values (102, 1, '10')")
    small.move("visit")
    small.build()
    assert small.ask(made) == [("second", 5)]


def test_a_build_whose_dbt_dies_leaves_what_it_made_to_the_next(
    small: Small, first: BuildOutcome, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert first.is_right
    small.build()
    small.move("patient")

    def die(*arguments: Any, **options: Any) -> None:
        run_dbt(*arguments, **options)
        raise KeyboardInterrupt

    monkeypatch.setattr("include.transform.build.run_dbt", die)
    with pytest.raises(KeyboardInterrupt):
        small.build()
    monkeypatch.undo()
    assert in_state(small.build(), ModelState.BUILT) == READ_PATIENTS
    assert small.build().run is None


def test_no_model_is_built_on_a_day_that_no_run_knows(small: Small, first: BuildOutcome) -> None:
    assert first.is_right
    small.execute("update ops.run set office_on = null")
    small.move("patient")
    with pytest.raises(ConfigError, match="knows what day it is"):
        small.build()
    small.execute("update ops.run set office_on = '2026-03-01'")
