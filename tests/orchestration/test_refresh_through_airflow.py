"""Discovery and refreshes through a real scheduler, on real databases, with mails over SMTP.

The tests share one system and follow each other: each leaves the practice as it found it, or says
what the next one finds.
"""

from __future__ import annotations

import re
import time
from dataclasses import dataclass
from functools import cached_property

import pytest

from include.catalog.model import Tier
from include.orchestration.retries import RETRIES
from include.settings import DBT_MANIFEST
from include.transform.lineage import read_lineage
from include.warehouse import session as warehouse_session
from local_system.system import System
from tests.orchestration.running import (
    POLL_SECONDS,
    Ended,
    ask,
    await_end,
    await_run,
    change,
    mails_about,
    refresh,
    text_of,
)

BLOCKED, FAILED, DRIFTED, SPLIT = "adjustment", "site", "letter", "securitylog"
SECRET = "Zebrafish Plaza"
# Both read the payments; the warehouse refuses the first.
REFUSED, BUILT = "fct_payments", "od_daily_payments"
REFUSE = f"""
create function public.refuse() returns event_trigger language plpgsql as $$
begin
    if exists (
        select from pg_event_trigger_ddl_commands() where object_identity like 'marts.{REFUSED}%'
    ) then
        raise exception '{SECRET}';
    end if;
end
$$;
create event trigger refuse on ddl_command_end execute function public.refuse();
"""
MART_FILES = (
    "select relname, relfilenode from pg_class"
    " where relnamespace = 'marts'::regnamespace and relkind = 'r'"
)


@dataclass(frozen=True)
class FirstRefresh:
    """The first refresh, and what its run was doing when the mail about its deadline came."""

    ended: Ended
    state_at_mail: str | None


@dataclass(frozen=True)
class BrokenRefresh:
    """A refresh with tables blocked, failed, drifted and half loaded, and a mart refused."""

    ended: Ended
    marts_before: dict[str, int]
    marts_after: dict[str, int]

    @cached_property
    def readers(self) -> set[str]:
        """The marts that read the blocked table, however far down."""
        marts = read_lineage(DBT_MANIFEST).marts()
        return {mart for mart, tables in marts.items() if BLOCKED in tables}


@pytest.fixture(scope="module")
def system(airflow_system: System) -> System:
    for dag_id in ("discover_open_dental", "refresh_warehouse"):
        airflow_system.api.wait_for_dag(dag_id)
    return airflow_system


@pytest.fixture(scope="module")
def discovery(system: System) -> Ended:
    """The run that unpausing the DAG starts."""
    system.api.unpause("discover_open_dental")
    run = await_run(system, "discover_open_dental", lambda run: run.run_type == "scheduled")
    return await_end(system, run)


@pytest.fixture(scope="module")
def first(system: System, discovery: Ended) -> FirstRefresh:
    """The run that unpausing the DAG starts; its deadline is a few seconds."""
    assert discovery.run.state == "success"
    system.api.unpause("refresh_warehouse")
    run = await_run(system, "refresh_warehouse", lambda run: run.run_type == "scheduled")
    state = None
    while state is None and not run.is_finished:
        time.sleep(POLL_SECONDS)
        run = system.api.run(run.dag_id, run.run_id)
        if mails_about(system, "is late", run.run_id):
            state = run.state
    return FirstRefresh(await_end(system, run), state)


@pytest.fixture(scope="module")
def broken(system: System, first: FirstRefresh) -> BrokenRefresh:
    """A refresh of tables and a mart that the practice or somebody in the warehouse has spoilt."""
    assert first.ended.run.state == "success"
    administer(system, REFUSE)
    warehouse, practice = system.addresses.warehouse, system.addresses.practice_administrator
    change(
        practice,
        f"update {BLOCKED} set AdjDate = AdjDate - interval 400 year",
        f"update {FAILED} set Description = '{SECRET}'",
        f"alter table {DRIFTED} drop primary key, add primary key (LetterNum, Description)",
        f"update {SPLIT} set LogText = '{SECRET}' order by SecurityLogNum desc limit 1",
        "update payment set PayNote = 'paid' order by PayNum desc limit 1",
    )
    for table in (FAILED, SPLIT):
        ask(warehouse, f"alter table raw.{table} add constraint meddling check (false) not valid")
    forget_content(system, SPLIT, "securitylognum")
    before = dict(ask(warehouse, MART_FILES))
    ended = refresh(system, tables=[BLOCKED, FAILED, DRIFTED, SPLIT, "payment"])
    return BrokenRefresh(ended, before, dict(ask(warehouse, MART_FILES)))


def administer(system: System, statements: str) -> None:
    """Run statements on the warehouse with an account that may do anything."""
    addresses = system.addresses
    warehouse = addresses.postgres_administrator.with_database(addresses.warehouse.database)
    with warehouse_session.connect(warehouse, autocommit=True) as connection:
        connection.execute(statements.encode())


def forget_content(system: System, table: str, key: str) -> None:
    """Leave the table with two chunks of whose content nothing is known."""
    ask(
        system.addresses.warehouse,
        f"with gone as (delete from ops.chunk where table_name = '{table}')"
        " insert into ops.chunk (table_name, ordinal, lo, hi, row_count, content_hash, key_columns)"
        f" select '{table}', part, case part when 2 then array[middle] end,"
        f" case part when 1 then array[middle] end, 100, '', '{{{key}}}'"
        f" from (select (avg({key})::bigint)::text as middle from raw.{table}) as key,"
        " generate_series(1, 2) as part",
    )


def test_discovery_and_the_first_refresh_end_green_by_their_schedules(
    system: System, discovery: Ended, first: FirstRefresh
) -> None:
    assert discovery.states("") <= {"success", "skipped"}
    assert first.ended.run.state == "success"
    assert first.ended.states("") <= {"success", "skipped"}
    assert {"patient", "procedurelog", BLOCKED, FAILED} <= first.ended.loaded()
    assert first.ended.states("marts.") == {"success"}
    assert not mails_about(system, "failed", first.ended.run.run_id)
    logs = list((system.layout.airflow_home / "logs").rglob("*.log"))
    assert len(logs) > len(first.ended.loaded())
    assert not [log.name for log in logs if "Logging error" in log.read_text(errors="replace")]


def test_the_loads_of_a_tier_run_in_its_pool_and_are_called_by_their_tables(
    system: System, first: FirstRefresh
) -> None:
    held = ask(system.addresses.warehouse, "select table_name, tier from ops.table_load")
    for tier in Tier:
        loads = [task for task in first.ended.tasks if task.task_id == f"{tier}.load"]
        assert {task.pool for task in loads} == {tier}
        assert {str(task.label).lower().partition(" (")[0] for task in loads} == {
            name for name, found in held if found == tier
        }


def test_the_ranges_of_a_large_table_are_tasks_of_their_own_and_one_load(
    system: System, first: FirstRefresh
) -> None:
    assert first.ended.run.state == "success"
    warehouse = system.addresses.warehouse
    forget_content(system, "procedurelog", "procnum")
    ended = refresh(system, tables=["procedurelog"])
    assert ended.run.state == "success"
    labels = sorted(str(task.label) for task in ended.tasks if task.task_id == "critical.load")
    assert labels == ["procedurelog (1/2)", "procedurelog (2/2)"]
    assert ask(
        warehouse,
        "select load.state, rows_read > 100, rows_read = row_count, inserted + changed + deleted,"
        " is_publishable from ops.table_load as load join ops.table_state using (table_name)"
        " join ops.run using (run_id) where dag_run_id = %s and table_name = 'procedurelog'",
        (ended.run.run_id,),
    ) == [("succeeded", True, True, 0, True)]


def test_a_run_that_misses_its_deadline_mails_while_it_still_runs(
    system: System, first: FirstRefresh
) -> None:
    assert first.state_at_mail == "running"
    (mail,) = mails_about(system, "is late", first.ended.run.run_id)
    assert "refresh_warehouse" in mail["Subject"]
    assert f"{system.api.url}/dags/refresh_warehouse/runs/scheduled" in text_of(mail)


def test_a_second_refresh_moves_no_rows_and_empty_tiers_skip_nothing_behind_them(
    system: System, first: FirstRefresh
) -> None:
    files = dict(ask(system.addresses.warehouse, MART_FILES))
    again = refresh(system, phase=1)
    assert again.run.state == "success"
    for tier in (Tier.IMPORTANT, Tier.AUDIT, Tier.REFERENCE):
        assert again.states(f"{tier}.load") == again.states(f"validate.{tier}") == {"skipped"}
    assert again.states("marts.") == again.states("staging.") == {"skipped"}
    assert again.task("build").state == "success"
    assert "to build: 0; tests that are due: 0" in system.api.log(again.task("build"))
    assert dict(ask(system.addresses.warehouse, MART_FILES)) == files
    assert re.search("as of the run of .* UTC: .*dim_", system.api.log(again.task("report")))
    ((tables, read, moved),) = ask(
        system.addresses.warehouse,
        "select count(*), sum(rows_read), sum(inserted + changed + undeleted + deleted)"
        " from ops.table_load join ops.run using (run_id) where dag_run_id = %s",
        (again.run.run_id,),
    )
    assert tables == len(again.loaded()) > 10
    assert read > 1000
    assert moved == 0
    assert first.ended.loaded() > again.loaded()


def test_a_dry_run_shows_its_plan_does_nothing_and_is_green(
    system: System, first: FirstRefresh
) -> None:
    runs = ask(system.addresses.warehouse, "select count(*) from ops.run")
    dry = refresh(system, dry_run=True)
    assert dry.run.state == "success"
    plan = dry.task("plan")
    assert plan.state == "success"
    assert {task.state for task in dry.tasks if task.task_id.startswith(("alert.", "plan"))} == {
        "success"
    }
    doing = ("load", "settle", "validate", "open_gate", "build", "report")
    for word in doing:
        assert {task.state for task in dry.tasks if word in task.task_id} == {"skipped"}, word
    planned = system.api.xcom(plan)["tiers"]
    assert {name for names in planned.values() for name in names} == first.ended.loaded()
    assert ask(system.addresses.warehouse, "select count(*) from ops.run") == runs


def test_a_blocked_table_keeps_back_its_readers_and_nothing_else(
    system: System, broken: BrokenRefresh
) -> None:
    rebuilt = {
        mart for mart, file in broken.marts_after.items() if file != broken.marts_before[mart]
    }
    assert BUILT in rebuilt
    assert not rebuilt & (broken.readers | {REFUSED})
    states = dict(ask(system.addresses.warehouse, "select mart, state from ops.mart_state"))
    assert {mart for mart, state in states.items() if state == "blocked"} == broken.readers
    assert {mart for mart, state in states.items() if state == "failed"} == {REFUSED}
    for mart in broken.marts_before:
        (task,) = (one for one in broken.ended.tasks if one.task_id.endswith(f".{mart}"))
        if mart in broken.readers:
            assert task.state == "failed", mart
            assert f"waiting: it reads {BLOCKED}" in system.api.log(task)
        elif mart == REFUSED:
            assert task.state == "failed", mart
            assert "failed: its own SQL failed" in system.api.log(task)
        else:
            assert task.state == ("success" if mart in rebuilt else "skipped"), mart
    assert broken.ended.run.state == "failed"
    assert broken.ended.task("report").state == "failed"


def test_a_failed_load_was_tried_again_and_says_no_value(
    system: System, broken: BrokenRefresh
) -> None:
    load = broken.ended.task("reference.load", label=FAILED)
    assert (load.state, load.try_number) == ("failed", 1 + RETRIES)
    assert SECRET not in system.api.log(load)
    assert broken.ended.task("critical.load", label=BLOCKED).state == "success"


def test_a_range_that_failed_keeps_its_table_from_being_completed(
    system: System, broken: BrokenRefresh
) -> None:
    assert broken.ended.task("audit.load", label=f"{SPLIT} (1/2)").state == "success"
    second = broken.ended.task("audit.load", label=f"{SPLIT} (2/2)")
    assert (second.state, second.try_number) == ("failed", 1 + RETRIES)
    assert SECRET not in system.api.log(second)
    assert ask(
        system.addresses.warehouse,
        "select load.state, is_publishable from ops.table_load as load"
        " join ops.table_state using (table_name) join ops.run using (run_id)"
        " where dag_run_id = %s and table_name = %s",
        (broken.ended.run.run_id, SPLIT),
    ) == [("failed", False)]


def test_failures_mail_once_per_run_and_tier_with_tables_reasons_and_logs(
    system: System, broken: BrokenRefresh
) -> None:
    run_id = broken.ended.run.run_id
    (critical,) = mails_about(system, "1 critical table failed", run_id)
    (reference,) = mails_about(system, "1 reference table failed", run_id)
    (audit,) = mails_about(system, "1 audit table failed", run_id)
    assert f"{BLOCKED}: quality 0.0000 is below its threshold 0.99" in text_of(critical)
    for mail, table in ((reference, FAILED), (audit, SPLIT)):
        assert text_of(mail).count(f"{table}: ") == 1
        assert "23514" in text_of(mail), "the reason names the state that PostgreSQL gave"
    for mail, task_id, table in (
        (critical, "critical.load", BLOCKED),
        (reference, "reference.load", FAILED),
        (audit, "audit.load", f"{SPLIT} (2/2)"),
    ):
        task = broken.ended.task(task_id, label=table)
        link = f"/tasks/{task_id}/mapped/{task.map_index}"
        assert re.search(
            rf'href="{re.escape(system.api.url)}/[^"]*{re.escape(link)}"', text_of(mail)
        )
    assert not mails_about(system, "important table", run_id)
    assert not mails_about(system, SECRET)
    (report,) = mails_about(system, "not all is right", run_id)
    for mart in broken.readers:
        assert f"mart {mart}: blocked by {BLOCKED}" in text_of(report)
    assert f"mart {REFUSED}: its build failed" in text_of(report)
    assert f"{DRIFTED}: " not in text_of(report)
    said = f"failed: {REFUSED}; models that are not right: {REFUSED}"
    assert f"task build: {said}" in text_of(report)


def test_what_the_database_says_of_a_model_reaches_no_log(
    system: System, broken: BrokenRefresh
) -> None:
    build = system.api.log(broken.ended.task("build"))
    assert f"model {REFUSED} failed: Database Error in model {REFUSED}" in build
    for path in (system.layout.airflow_home / "logs").rglob("*.log"):
        assert SECRET not in path.read_text(errors="replace"), path.name


def test_a_table_with_another_key_is_followed_by_the_run_that_sees_it(
    system: System, broken: BrokenRefresh
) -> None:
    assert DRIFTED in broken.ended.loaded()
    assert ask(
        system.addresses.warehouse,
        "select state, is_publishable from ops.table_state where table_name = %s",
        (DRIFTED,),
    ) == [("loaded", True)]
    plan = system.api.xcom(broken.ended.task("plan"))
    assert f"table {DRIFTED}: the config follows its new structure" in plan["applied"]


def test_a_refresh_of_what_was_broken_heals_it_and_its_readers(
    system: System, broken: BrokenRefresh
) -> None:
    change(
        system.addresses.practice_administrator,
        f"update {BLOCKED} set AdjDate = AdjDate + interval 400 year",
    )
    for table in (FAILED, SPLIT):
        ask(system.addresses.warehouse, f"alter table raw.{table} drop constraint meddling")
    administer(system, "drop event trigger refuse; drop function public.refuse")
    ended = refresh(system, tables=[BLOCKED, FAILED, SPLIT])
    assert ended.run.state == "success"
    assert ended.loaded() == {BLOCKED, FAILED, SPLIT}
    healed = ask(
        system.addresses.warehouse,
        "select mart from ops.mart_state as held join ops.run using (run_id)"
        " where dag_run_id = %s and held.state = 'built' and built_at >= started_at",
        (ended.run.run_id,),
    )
    assert {mart for (mart,) in healed} >= broken.readers | {REFUSED}


def test_a_discovery_that_a_person_must_mend_is_not_tried_again_and_mails_the_reason(
    system: System, discovery: Ended
) -> None:
    assert discovery.run.state == "success"
    overrides = system.config / "overrides.yml"
    kept = overrides.read_bytes()
    overrides.write_text("tables:\n  no_such_table:\n    tier: audit\n", encoding="utf-8")
    try:
        ended = await_end(system, system.api.trigger("discover_open_dental"))
    finally:
        overrides.write_bytes(kept)
    assert ended.run.state == "failed"
    assert ended.task("discover").try_number == 1
    (mail,) = mails_about(system, "1 task of discover_open_dental failed", ended.run.run_id)
    assert "no_such_table" in text_of(mail)
    assert f"{system.api.url}/dags/discover_open_dental/runs/" in text_of(mail)
    assert "/tasks/discover" in text_of(mail)
