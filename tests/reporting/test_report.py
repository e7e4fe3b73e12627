import json
from pathlib import Path
from typing import Any

import pytest

from include.errors import ConfigError, TerminalError
from include.ops.mart_states import mark_marts
from include.ops.node_states import replace_node_states
from include.ops.runs import read_run
from include.reporting import RunReport, report_run
from include.transform.lineage import read_lineage
from include.transform.project import Project
from include.transform.staleness import decide, look
from include.warehouse.session import connect
from tests.ops.gates import OPEN_GATES
from tests.validation.loaded_warehouse import PATIENT, PROCEDURE, LoadedWarehouse

MODELS = {
    "dim_patients": ["stg_patients"],
    "fct_procedures": ["int_procedures"],
    "int_procedures": ["stg_procedures", "stg_patients"],
    "stg_patients": ["patient"],
    "stg_procedures": ["procedurelog"],
}


@pytest.fixture
def manifest(tmp_path: Path) -> Path:
    """The lineage of two marts, one through an intermediate model, as dbt writes it."""

    def identifier(name: str) -> str:
        return f"model.p.{name}" if name in MODELS else f"source.p.open_dental.{name}"

    schemas = {"stg": "staging", "int": "intermediate", "dim": "marts", "fct": "marts"}
    nodes = {
        identifier(name): {"resource_type": "model", "name": name, "schema": schemas[name[:3]]}
        for name in MODELS
    }
    path = tmp_path / "manifest.json"
    path.write_text(
        json.dumps(
            {
                "nodes": nodes,
                "sources": {
                    identifier(name): {"identifier": name} for name in ("patient", "procedurelog")
                },
                "parent_map": {
                    identifier(name): [identifier(parent) for parent in parents]
                    for name, parents in MODELS.items()
                },
            }
        )
    )
    return path


def build(refreshed: LoadedWarehouse, *marts: str) -> None:
    """Do what the post-hook of a mart does."""
    for mart in marts:
        refreshed.execute(
            "insert into ops.mart_state (mart, state, batch_id, built_at) values"
            " (%s, 'built', 7, now()) on conflict (mart) do update set"
            " state = 'built', batch_id = 7, built_at = now(), blocked_by = '{}'",
            mart,
        )


def settle_models(refreshed: LoadedWarehouse, manifest: Path) -> None:
    """Do what a build does that makes every model on the loads of now."""
    project = Project(read_lineage(manifest))
    lineage = project.lineage
    with connect(refreshed.endpoint) as connection:
        for unique_id, model in lineage.models().items():
            schema, name = model["schema"], model["name"]
            connection.execute(f"create table {schema}.{name} ()".encode())
            for table in lineage.raw_tables_of(unique_id):
                connection.execute(
                    "insert into ops.model_input (model, table_name, batch_id) select %s,"
                    " table_name, batch_id from ops.table_state where table_name = %s",
                    (name, table),
                )
        seen = look(connection, lineage, project.definitions)
        replace_node_states(connection, decide(lineage, project.definitions, seen).states)


def report(refreshed: LoadedWarehouse, manifest: Path | None = None) -> RunReport:
    return report_run(refreshed.endpoint, run_id=refreshed.run_id, manifest=manifest)


def run_row(refreshed: LoadedWarehouse) -> tuple[Any, ...]:
    [row] = refreshed.execute(
        "select state, finished_at is not null, summary from ops.run where run_id = %s",
        refreshed.run_id,
    )
    return row


def test_a_run_in_which_all_went_well_is_right_and_recorded_with_its_counts(
    refreshed: LoadedWarehouse, manifest: Path
) -> None:
    refreshed.execute(
        "update ops.table_load set rows_read = 100, inserted = 4, changed = 3, undeleted = 2,"
        " deleted = 1"
    )
    build(refreshed, "dim_patients", "fct_procedures")
    done = report(refreshed, manifest)
    assert done.is_right
    assert done.totals.moved == 20
    assert (
        "2 tables compared, 200 rows read: 8 inserted, 6 changed, 2 deleted, 4 undeleted"
        in done.lines()
    )
    state, is_finished, summary = run_row(refreshed)
    assert (state, is_finished) == ("succeeded", True)
    assert (summary["inserted"], summary["marts_built"]) == (8, 2)
    assert refreshed.execute("select mart, state, run_id from ops.mart_state order by 1") == [
        ("dim_patients", "built", refreshed.run_id),
        ("fct_procedures", "built", refreshed.run_id),
    ]


def test_a_mart_behind_a_blocked_table_is_marked_with_the_table_and_keeps_its_build(
    refreshed: LoadedWarehouse, manifest: Path
) -> None:
    build(refreshed, "fct_procedures")
    [(built_at,)] = refreshed.execute("select built_at from ops.mart_state")
    refreshed.start_run(PATIENT, PROCEDURE)
    refreshed.load("patient", "procedurelog")
    refreshed.execute(
        "update ops.table_state set is_publishable = false, blocked_code = 'quality',"
        " blocked_reason = 'quality 0.9' where table_name = 'procedurelog'"
    )
    build(refreshed, "dim_patients")
    done = report(refreshed, manifest)
    assert not done.is_right
    assert done.blocked == {"procedurelog": "quality 0.9"}
    assert refreshed.execute(
        "select state, blocked_by, batch_id, built_at from ops.mart_state"
        " where mart = 'fct_procedures'"
    ) == [("blocked", ["procedurelog"], 7, built_at)]
    assert any(
        line.startswith("mart fct_procedures: blocked by procedurelog; it holds the build of ")
        for line in done.lines()
    )
    assert run_row(refreshed)[0] == "failed"


def test_a_table_that_the_run_did_not_touch_is_named_when_a_mart_waits_for_it(
    refreshed: LoadedWarehouse, manifest: Path
) -> None:
    refreshed.execute(
        "update ops.table_state set is_publishable = false, blocked_code = 'released',"
        " blocked_reason = 'left quarantine, not loaded since' where table_name = 'procedurelog'"
    )
    refreshed.start_run(PATIENT)
    refreshed.load("patient")
    build(refreshed, "dim_patients")
    done = report(refreshed, manifest)
    assert done.blocked == {"procedurelog": "left quarantine, not loaded since"}
    assert "1 blocked" in done.lines()[0]


def test_a_mart_that_nothing_blocks_and_was_not_built_has_failed(
    refreshed: LoadedWarehouse, manifest: Path
) -> None:
    build(refreshed, "dim_patients")
    done = report(refreshed, manifest)
    assert not done.is_right
    assert refreshed.execute("select mart, state, blocked_by from ops.mart_state order by 1") == [
        ("dim_patients", "built", []),
        ("fct_procedures", "failed", []),
    ]
    assert "mart fct_procedures: its build failed; it is empty" in done.lines()


def test_a_mart_that_is_not_stale_is_right_and_the_report_says_as_of_when_it_is(
    refreshed: LoadedWarehouse, manifest: Path
) -> None:
    settle_models(refreshed, manifest)
    [(first_run_at,)] = refreshed.execute(
        "update ops.run set started_at = started_at - interval '1 day' returning started_at"
    )
    refreshed.start_run(PATIENT, PROCEDURE, requested=("patient",))
    refreshed.compare("patient")
    done = report(refreshed, manifest)
    assert done.is_right
    assert "0 of 2 marts built, 2 unchanged, 0 kept back" in done.lines()
    assert f"as of the run of {first_run_at:%Y-%m-%d %H:%M} UTC: fct_procedures" in done.lines()
    assert refreshed.execute("select mart, state, run_id from ops.mart_state order by 1") == [
        ("dim_patients", "built", refreshed.run_id),
        ("fct_procedures", "built", refreshed.run_id),
    ]


def test_marts_are_told_as_the_build_of_the_run_left_them_whatever_moved_behind_it(
    refreshed: LoadedWarehouse, manifest: Path
) -> None:
    settle_models(refreshed, manifest)
    marts = read_lineage(manifest).marts()
    with connect(refreshed.endpoint) as connection:
        run = read_run(connection, refreshed.run_id)
        mark_marts(connection, marts, stale={"dim_patients"}, since=run.read_at, run_id=run.run_id)
    # Another load, beside the run: it makes both marts stale, and that is not this run's affair.
    refreshed.load("patient", "procedurelog")
    assert [mart.name for mart in report(refreshed, manifest).unbuilt_marts] == ["dim_patients"]


@pytest.mark.parametrize(
    ("minutes", "time_zone", "warning"),
    [
        (0, "UTC", None),
        (120, "UTC", "is at UTC+02:00, that of DENTAL_OFFICE_TIME_ZONE (UTC) at UTC."),
        (-420, "America/Phoenix", None),
        (0, "Mars/Olympus", "DENTAL_OFFICE_TIME_ZONE names no time zone: Mars/Olympus"),
    ],
)
def test_a_deployment_in_another_time_zone_than_the_practice_is_warned(
    refreshed: LoadedWarehouse,
    monkeypatch: pytest.MonkeyPatch,
    minutes: int,
    time_zone: str,
    warning: str | None,
) -> None:
    monkeypatch.setenv("DENTAL_OFFICE_TIME_ZONE", time_zone)
    refreshed.execute(
        "update ops.run set office_on = '2026-03-01', office_utc_minutes = %s", minutes
    )
    done = report(refreshed)
    assert done.is_right, "a warning is no fault"
    warnings = [line for line in done.lines() if line.startswith("warning: ")]
    assert len(warnings) == (warning is not None)
    assert all(warning is not None and warning in line for line in warnings)


def test_a_table_that_was_planned_and_that_no_task_loaded_has_failed(
    refreshed: LoadedWarehouse,
) -> None:
    refreshed.start_run(PATIENT, PROCEDURE)
    refreshed.load("patient")
    done = report_run(
        refreshed.endpoint, run_id=refreshed.run_id, planned=["patient", "procedurelog"]
    )
    assert done.failed == {
        "procedurelog": "no task of the run loaded it; it has the rows of its last good load"
    }
    assert run_row(refreshed)[0] == "failed"


def test_without_a_manifest_the_marts_are_left_alone(refreshed: LoadedWarehouse) -> None:
    refreshed.execute("insert into ops.mart_state (mart, state) values ('old', 'failed')")
    assert report(refreshed).is_right
    assert refreshed.execute("select mart, state, run_id from ops.mart_state") == [
        ("old", "failed", None)
    ]


def test_a_manifest_that_cannot_be_read_says_what_to_do(
    refreshed: LoadedWarehouse, tmp_path: Path
) -> None:
    with pytest.raises(ConfigError, match="transform --bake"):
        report(refreshed, tmp_path / "none.json")


def test_failed_quarantined_and_unfinished_tables_are_named_with_their_reasons(
    refreshed: LoadedWarehouse,
) -> None:
    refreshed.execute(
        "update ops.table_load set state = 'failed', error = 'cannot be reached'"
        " where table_name = 'patient'"
    )
    refreshed.execute("insert into ops.table_state (table_name) values ('claim'), ('unused')")
    refreshed.execute("insert into ops.quarantine values ('claim', 'a key column is gone')")
    refreshed.execute(
        "update ops.table_load set state = 'running' where table_name = 'procedurelog'"
    )
    done = report(refreshed)
    assert done.failed == {
        "patient": "cannot be reached",
        "procedurelog": "it did not end; the task died, or still runs",
    }
    assert done.quarantined == {"claim": "a key column is gone"}
    assert done.blocked == {}
    assert done.lines()[0].startswith(
        f"Run {refreshed.run_id} (compare): 2 tables failed, 0 blocked, 1 quarantined, "
    )
    assert run_row(refreshed)[0] == "failed"


def test_a_table_outside_the_run_does_not_make_it_wrong(refreshed: LoadedWarehouse) -> None:
    refreshed.execute(
        "update ops.table_state set is_publishable = false, blocked_code = 'quality',"
        " blocked_reason = 'quality 0.5' where table_name = 'procedurelog'"
    )
    refreshed.start_run(PATIENT, PROCEDURE, requested=("patient",))
    refreshed.load("patient")
    assert report(refreshed).is_right


def test_a_load_past_its_sla_is_recorded_and_does_not_make_the_run_wrong(
    refreshed: LoadedWarehouse,
) -> None:
    refreshed.execute("update ops.run set started_at = now() - interval '30 minutes'")
    refreshed.execute(
        "update ops.table_load set finished_at = now() - interval '25 minutes'"
        " where table_name = 'patient'"
    )
    for _ in range(2):
        done = report(refreshed)
        assert done.is_right
        assert [miss.table for miss in done.sla_misses] == ["procedurelog"]
        [(name, tier, limit, minutes)] = refreshed.execute(
            "select table_name, tier, sla_minutes, minutes from ops.sla_misses"
        )
        assert (name, tier, limit) == ("procedurelog", "critical", 10.0)
        assert 29.9 < minutes < 32
    assert any(
        line.startswith("late: procedurelog (critical): ended after 3") for line in done.lines()
    )


def test_substitutions_and_the_oldest_copy_of_each_tier_are_shown(
    refreshed: LoadedWarehouse,
) -> None:
    refreshed.execute(
        "insert into ops.substitution (table_name, column_name, rule, value_count, run_id)"
        " values ('patient', 'birthdate', 'zero_date', 3, %s), ('patient', 'lname',"
        " 'nul_character', 0, %s)",
        refreshed.run_id,
        refreshed.run_id,
    )
    refreshed.execute(
        "update ops.table_state set loaded_at = now() - interval '3 hours'"
        " where table_name = 'patient'"
    )
    lines = report(refreshed).lines()
    assert "substituted: patient.birthdate: 3 by zero_date" in lines
    assert not any("nul_character" in line for line in lines)
    assert "important: 1 table, the oldest copy (patient) is 3 h old" in lines


def test_a_finding_is_told_once_until_something_else_is_found(refreshed: LoadedWarehouse) -> None:
    def found(count: int, detail: str) -> list[str]:
        refreshed.start_run(PATIENT, PROCEDURE)
        refreshed.load("patient", "procedurelog")
        refreshed.execute(
            "insert into ops.validation_result (run_id, table_name, source, check_name,"
            " column_name, is_passed, element_count, unexpected_count, detail, effect) values"
            " (%s, 'patient', 'great_expectations', 'reference', 'guarantor', %s, 9, %s, %s,"
            " 'finding')",
            refreshed.run_id,
            count == 0,
            count,
            detail,
        )
        refreshed.execute(OPEN_GATES)
        done = report(refreshed)
        assert done.is_right
        assert done.findings == report(refreshed).findings
        return [line for line in done.lines() if "finding" in line.lower()]

    assert found(0, "a guess") == []
    [line, what_to_do] = found(3, "a guess")
    assert line == "new finding: patient.guarantor: 3 of 9 rows break: a guess"
    assert "close no gate" in what_to_do
    assert found(4, "a guess") == []
    assert found(0, "a guess") == []
    assert found(2, "a guess") == []
    assert found(2, "history")[0].endswith("2 of 9 rows break: history")
    assert run_row(refreshed)[2]["new_findings"] == 1


def test_an_unknown_run_is_a_terminal_error(refreshed: LoadedWarehouse) -> None:
    refreshed.run_id += 1
    with pytest.raises(TerminalError):
        report(refreshed)
