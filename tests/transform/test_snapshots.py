"""The aging of each day is kept, whatever is built, dropped or computed again afterwards."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from include.endpoints import Endpoint
from include.errors import ConfigError
from include.open_dental.schema import tables
from include.ops.migrate import migrate
from include.ops.migrations.versions import r0007_snapshots
from include.ops.snapshot_days import request_snapshots
from include.transform.build import build
from include.transform.dbt import run_dbt
from include.transform.naming import entities
from include.warehouse.session import connect
from tests.ops.gates import OPEN_GATES
from tests.transform.office_day import set_office_day
from tests.transform.raw_copy import create_raw

KEPT = ("od_aging", "od_aging_writeoffs_aged", "od_insurance_aging", "od_insurance_aging_details")
# The mart as it was before snapshots; its figures are those of no report.
EARLIER = """
    create table marts.od_aging as
    select
        patient::bigint as guarantor_id, date '2026-06-28' as as_of_on, false as is_historic,
        0::numeric as balance_0_30_amount, 0::numeric as balance_31_60_amount,
        0::numeric as balance_61_90_amount, owed as balance_over_90_amount,
        owed as balance_total_amount, 0::numeric as insurance_pay_estimate_amount,
        0::numeric as insurance_writeoff_estimate_amount, owed as patient_portion_amount,
        0::numeric as payment_plan_due_amount, 0::numeric as unapplied_credit_amount,
        0::numeric as future_amount, null::text as quality_reason
    from (values (1, 77.5), (2, 0), (99, 5.25)) as old (patient, owed);
    insert into ops.mart_state (mart, state, built_at)
    values ('od_aging', 'built', timestamptz '2026-06-28 22:00+00');
"""
ROWS = """
    insert into raw.patient (patnum, guarantor, patstatus) values (1, 1, 0), (2, 2, 0), (3, 1, 0);
    insert into raw.procedurelog (
        procnum, patnum, procstatus, procfee, unitqty, baseunits, procdate
    ) values (1, 3, 2, 100, 1, 0, '2026-06-01'), (2, 2, 2, 40, 1, 0, '2026-06-30');
    insert into raw.paysplit (splitnum, patnum, splitamt, datepay) values
        (1, 1, 30, '2026-06-20'), (2, 1, 10, '2026-06-30');
    insert into raw.claimproc (
        claimprocnum, procnum, patnum, status, inspayest, writeoff, procdate, datecp
    ) values (1, 1, 3, 0, 25, 5, '2026-06-01', '2026-06-01');
"""
TODAY, TOMORROW = date(2026, 6, 30), date(2026, 7, 1)
LEGACY, YESTERDAY = date(2026, 6, 28), date(2026, 6, 29)

Balances = dict[tuple[str, int], tuple[Decimal, bool]]


@dataclass(frozen=True, slots=True)
class Ledger:
    """A warehouse with two families' accounts."""

    warehouse: Endpoint
    target: Path

    def build(self, today: date, *past: date) -> None:
        """Build the marts that keep snapshots, on a day, with past days asked for."""
        set_office_day(self.warehouse, today)
        with connect(self.warehouse) as connection:
            for day in past:
                request_snapshots(connection, None, day)
        outcome = build(
            self.warehouse, select=[f"+{mart}" for mart in KEPT], target_path=self.target
        )
        assert outcome.is_right, [f"{one.name}: {one.message}" for one in outcome.broken]

    def balances(self) -> Balances:
        """Return the balance of each day and family, and whether it was computed later."""
        return {
            (str(day), family): (balance, is_recomputed)
            for day, family, balance, is_recomputed in self.ask(
                "select as_of_on, guarantor_id, balance_total_amount, is_recomputed"
                " from marts.od_aging"
            )
        }

    def today(self) -> date:
        """Return the day of the last build."""
        ((day,),) = self.ask("select max(as_of_on) from marts.od_aging where not is_recomputed")
        assert isinstance(day, date)
        return day

    def content(self) -> dict[str, list[tuple[Any, ...]]]:
        """Return every row of the four marts."""
        return {mart: self.ask(f"select * from marts.{mart} order by 1") for mart in KEPT}

    def days(self) -> list[tuple[date, bool]]:
        """Return the days that the last build computed, and whether they were past."""
        return self.ask(
            "select as_of_on, is_historic from intermediate.int_snapshot_days_listed order by 1"
        )

    def ask(self, query: str) -> list[tuple[Any, ...]]:
        """Return what the warehouse answers."""
        with connect(self.warehouse) as connection:
            return connection.execute(query.encode()).fetchall()

    def change(self, statements: str) -> None:
        """Edit raw, or the schemas."""
        with connect(self.warehouse) as connection:
            connection.execute(statements.encode())


@pytest.fixture(scope="module")
def ledger(postgres: Endpoint, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ledger]:
    """The ledger in a warehouse that was upgraded from before snapshots, never built since."""
    with connect(postgres, autocommit=True) as connection:
        connection.execute("create database warehouse_of_snapshots")
    warehouse = postgres.with_database("warehouse_of_snapshots")
    migrate(warehouse)
    with connect(warehouse) as connection:
        connection.execute("drop schema snapshots; drop table ops.snapshot, ops.snapshot_day")
        connection.execute(EARLIER.encode())
        for name in entities():
            create_raw(connection, tables()[name])
        connection.execute(ROWS.encode())
        connection.execute(OPEN_GATES + ", state = 'loaded', batch_id = 1")
        connection.execute(r0007_snapshots.STATEMENTS.encode())
    yield Ledger(warehouse, tmp_path_factory.mktemp("target"))
    with connect(postgres, autocommit=True) as connection:
        connection.execute("drop database warehouse_of_snapshots with (force)")


@pytest.fixture(scope="module")
def first_build(ledger: Ledger) -> Ledger:
    ledger.build(TODAY)
    return ledger


def test_the_aging_of_an_earlier_release_is_the_first_snapshot(first_build: Ledger) -> None:
    assert first_build.balances() == {
        (str(LEGACY), 1): (Decimal("77.5"), False),
        (str(LEGACY), 99): (Decimal("5.25"), False),
        (str(TODAY), 1): (Decimal(60), False),
        (str(TODAY), 2): (Decimal(40), False),
    }
    assert first_build.ask(
        "select distinct quality_reason, balance_over_90_amount = balance_total_amount"
        f" from marts.od_aging where as_of_on = '{LEGACY}'"
    ) == [("computed by an earlier release", True)]
    kind = "select relkind::text from pg_class where oid = 'marts.od_aging'::regclass"
    assert first_build.ask(kind) == [("v",)]
    assert first_build.ask(
        "select as_of_on, is_recomputed, computed_at::date from ops.snapshot"
        f" where mart = 'od_aging' and as_of_on = '{LEGACY}'"
    ) == [(LEGACY, False, LEGACY)]


def test_the_last_build_of_a_day_is_its_snapshot_and_other_days_stay(first_build: Ledger) -> None:
    before = first_build.balances()
    first_build.change("update raw.procedurelog set procstatus = 6 where procnum = 2")
    first_build.build(TODAY)
    settled = first_build.balances()
    assert settled == {key: held for key, held in before.items() if key != (str(TODAY), 2)}
    first_build.change("update raw.procedurelog set procfee = 150 where procnum = 1")
    first_build.build(TOMORROW)
    assert first_build.balances() == settled | {(str(TOMORROW), 1): (Decimal(110), False)}


def test_a_past_day_is_computed_when_asked_for_and_never_in_place_of_a_live_one(
    first_build: Ledger,
) -> None:
    today, before = first_build.today(), first_build.content()
    first_build.build(today, LEGACY, YESTERDAY)
    assert first_build.days() == [(LEGACY, True), (YESTERDAY, True), (today, False)]
    after, balances = first_build.content(), first_build.balances()
    assert [row for row in after["od_aging"] if row[1] != YESTERDAY] == before["od_aging"]
    # The split of today is not known yet.
    assert balances[str(YESTERDAY), 1] == (balances[str(today), 1][0] + 10, True)
    # Marts without a snapshot of that day have one now.
    assert {row[1] for row in after["od_insurance_aging"]} >= {LEGACY, YESTERDAY}
    assert {row[5] for row in after["od_insurance_aging_details"]} == {Decimal(25)}
    assert first_build.ask(
        f"select mart, is_recomputed from ops.snapshot where as_of_on = '{LEGACY}' order by mart"
    ) == [(mart, mart != "od_aging") for mart in KEPT]

    # Whoever asks again gets the same; then nobody asks any more.
    first_build.build(today, YESTERDAY)
    assert first_build.days() == [(YESTERDAY, True), (today, False)]
    assert first_build.content() == after
    first_build.build(today)
    assert first_build.days() == [(today, False)]
    assert first_build.content() == after


def test_a_day_before_the_first_entry_is_kept_without_a_row_and_one_to_come_is_refused(
    first_build: Ledger,
) -> None:
    today, before, empty = first_build.today(), first_build.content(), date(2020, 2, 29)
    first_build.build(today, empty)
    assert first_build.content() == before
    assert first_build.ask(
        f"select mart, is_recomputed from ops.snapshot where as_of_on = '{empty}' order by mart"
    ) == [(mart, True) for mart in KEPT]
    with (
        connect(first_build.warehouse) as connection,
        pytest.raises(ConfigError, match="cannot be"),
    ):
        request_snapshots(connection, None, today + timedelta(days=1))


def test_dropping_the_project_and_building_all_of_it_anew_keeps_the_snapshots(
    first_build: Ledger,
) -> None:
    before = first_build.content()
    first_build.change("drop schema marts cascade; drop schema intermediate cascade")
    done = run_dbt(
        [
            *("build", "--full-refresh", "--exclude-resource-type", "unit_test"),
            *("--select", *(f"+{mart}" for mart in KEPT)),
        ],
        first_build.warehouse,
        target_path=first_build.target,
    )
    assert done.return_code == 0, done.output
    assert first_build.content() == before


def test_a_table_of_snapshots_that_was_lost_can_be_computed_again(first_build: Ledger) -> None:
    today, before = first_build.today(), first_build.balances()
    first_build.change("drop table snapshots.od_aging cascade")
    first_build.build(today)
    assert first_build.balances() == {k: held for k, held in before.items() if k[0] == str(today)}
    first_build.build(today, LEGACY)
    assert first_build.balances()[str(LEGACY), 1] == (before[str(today), 1][0] + 10, True)
