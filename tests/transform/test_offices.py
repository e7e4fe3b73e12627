"""The random offices: what they must have between them so that their agreement proves something."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence

import pytest

from include.open_dental.schema import tables
from tests.transform.equality.calculations import calculate, calculated_reports
from tests.transform.offices import SEEDS, random_office, settings
from tests.transform.offices.counts import gone
from tests.transform.offices.situations import situations
from tests.transform.reports.practice import Practice

ALWAYS_THE_SAME = {
    "od_asap.is_in_default_report",
    "od_planned.appointment_status_code",
    # As of today, as here.
    "od_aging.is_historic",
    "od_aging.is_recomputed",
    "od_aging_writeoffs_aged.is_historic",
    "od_aging_writeoffs_aged.is_recomputed",
}


@pytest.fixture(scope="module")
def offices() -> Sequence[Practice]:
    return [random_office(seed) for seed in SEEDS]


def test_a_seed_makes_the_same_office_every_time() -> None:
    assert random_office(3) == random_office(3)
    assert random_office(3) != random_office(4)


def test_an_office_may_lose_many_references_of_every_column() -> None:
    office = random_office(2, lost_references=30)
    assert gone("procedurelog.PatNum")(office) >= 30
    assert gone("claimproc.ProcNum")(office) >= 30
    assert gone("appointment.ProvNum")(office) >= 10


def test_every_row_has_a_value_in_every_column_and_a_key_of_its_own(
    offices: Sequence[Practice],
) -> None:
    for office in offices:
        for name, rows in office.tables.items():
            table = tables()[name]
            assert {tuple(row) for row in rows} <= {tuple(c.name for c in table.columns)}
            assert len({row[table.key] for row in rows}) == len(rows)


def test_ten_offices_have_every_situation_that_a_rule_tells_apart(
    offices: Sequence[Practice],
) -> None:
    rows_in = {
        name: sum(count(office) for office in offices) for name, count in situations().items()
    }
    assert [name for name, rows in rows_in.items() if not rows] == []


def test_no_column_of_a_report_is_the_same_in_all_rows_of_ten_offices(
    offices: Sequence[Practice],
) -> None:
    values: dict[str, set[object]] = defaultdict(set)
    for office in offices:
        for report in calculated_reports():
            for row in calculate(report, office, as_of=office.today):
                for column, value in row.items():
                    values[f"{report}.{column}"].add(value)
    assert {place for place, found in values.items() if len(found) == 1} == ALWAYS_THE_SAME


def test_ten_offices_have_every_value_of_every_setting(offices: Sequence[Practice]) -> None:
    missing = {
        name: left
        for name, values in settings.OPTIONS.items()
        if (left := set(values) - {_preferences(office).get(name) for office in offices})
    }
    assert missing == {}


def _preferences(office: Practice) -> Mapping[str, str]:
    return {row["PrefName"]: row["ValueString"] for row in office.rows("preference")}
