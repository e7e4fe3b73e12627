"""Models that compute the accounts alone that moved hold what a full build would make."""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest

import simulator
from include.endpoints import Endpoint
from include.ops.tested_models import (
    LOOKS_AT_ALL_AFTER,
    forget_looks,
    models_looked_at_long_ago,
    record_looks,
)
from include.warehouse.session import connect
from tests.engine.practice import writing
from tests.transform.restating import RestatedPractice, restated_practice

# Two clinics, and settings that all differ from those of a new practice.
PLAN = simulator.PracticePlan(patients=150, years=1, seed=6, until=date(2026, 6, 30))
ROUNDS = 3
EDITS = 8
# Its test of rows refers to no other model.
ENTRIES = "int_service_date_entries_unioned"


@pytest.fixture(scope="module")
def practice(
    mariadb: Endpoint,
    postgres: Endpoint,
    baked_project: Path,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[RestatedPractice]:
    with restated_practice(
        PLAN,
        mariadb=mariadb,
        postgres=postgres,
        manifest=baked_project / "manifest.json",
        directory=tmp_path_factory.mktemp("restated"),
    ) as opened:
        yield opened


def test_whatever_moves_the_rows_are_those_of_a_full_build(practice: RestatedPractice) -> None:
    chance = random.Random(1)  # noqa: S311
    kept = 0
    for _ in range(ROUNDS):
        practice.edit(chance, edits=EDITS)
        practice.refresh()
        before = practice.transaction()
        assert practice.build().return_code == 0
        assert practice.wrong() == {}
        kept += sum(practice.kept_rows(node, before) for node in practice.restating())
    # Or everything was computed every time, and this proves nothing.
    assert kept


def test_a_model_that_failed_catches_up_with_all_that_it_missed(
    practice: RestatedPractice,
) -> None:
    chance = random.Random(2)  # noqa: S311
    # What moves in these never has all accounts computed anew.
    money = ("procedurelog", "adjustment", "paysplit", "claimproc")
    failing = next(node for node in practice.restating() if node["name"] == "fct_procedures")
    practice.edit(chance, edits=EDITS, edited_tables=money)
    practice.refresh()
    with practice.refused(failing):
        assert {one.name for one in practice.build().failed} == {"fct_procedures"}
    assert practice.wrong().keys() == {"fct_procedures"}
    practice.edit(chance, edits=EDITS, edited_tables=money)
    practice.refresh()
    assert practice.build().return_code == 0
    assert practice.wrong() == {}


def test_daily_the_restated_rows_are_asked_and_weekly_all(practice: RestatedPractice) -> None:
    model, test = ENTRIES, f"rows_are_right_{ENTRIES}"
    spoil = (
        f"update intermediate.{ENTRIES} set service_date_entry_id = null"
        " where patient_id = %s and entry_type = 'procedure'"
    ).encode()
    assert practice.ask(test).failed == ()
    with connect(practice.warehouse) as connection:
        record_looks(connection, [model])
        moved, still = (
            row[0]
            for row in connection.execute(
                "select patnum from raw.procedurelog"
                " where procstatus = 2 and procfee > 0 and _deleted_at is null and patnum not in"
                " (select account_id from ops.account_link where account_id <> linked_id)"
                " and patnum in (select patnum from raw.patient where _deleted_at is null)"
                " group by patnum order by patnum limit 2"
            )
        )
        connection.execute(spoil, (still,))
    assert practice.ask(test).failed == ()

    with writing(practice.source) as cursor:
        cursor.execute("update procedurelog set ProcFee = ProcFee + 1 where PatNum = %s", (moved,))
    practice.refresh()
    assert practice.build().return_code == 0
    assert practice.ask(test).failed == ()
    with connect(practice.warehouse) as connection:
        connection.execute(spoil, (moved,))
    (failed,) = practice.ask(test).failed
    assert failed.line.startswith("service_date_entry_id, the key, has no value")

    with connect(practice.warehouse) as connection:
        connection.execute(
            "delete from ops.untested_account where model = %s and account_id = %s",
            (model, moved),
        )
    assert practice.ask(test).failed == ()
    with connect(practice.warehouse) as connection:
        connection.execute(
            "update ops.tested_model set tested_at = tested_at - %s", (LOOKS_AT_ALL_AFTER,)
        )
        assert models_looked_at_long_ago(connection) == {model}
        forget_looks(connection, [model])
    assert practice.ask(test).return_code == 1
