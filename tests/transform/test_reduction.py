"""What is left of an office on which a mart is wrong."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import yaml

from tests.transform.equality.reduction import BUILDS, golden_ledger, reduce
from tests.transform.offices import random_office
from tests.transform.reports.practice import Practice


def test_an_office_is_reduced_to_few_rows_by_few_builds() -> None:
    office = random_office(1)
    builds: list[Practice] = []

    def is_wrong(practice: Practice) -> bool:
        builds.append(practice)
        return any(
            procedure["ProcFee"] < 0 and procedure["ProcStatus"] == 2
            for row in practice.rows("adjustment")
            for procedure in practice.rows("procedurelog")
            if row["ProcNum"] == procedure["ProcNum"]
        )

    assert is_wrong(office)
    read = frozenset({"adjustment", "procedurelog", "patient", "preference", "definition"})
    reduced = reduce(office, read=read, is_wrong=is_wrong)
    assert is_wrong(reduced)
    assert len(builds) - 2 <= BUILDS
    assert reduced.today == office.today
    assert reduced.tables.keys() <= read
    assert sum(map(len, reduced.tables.values())) < 30


def test_a_golden_ledger_holds_what_is_filled_in_and_every_digit() -> None:
    office = random_office(1)
    row = office.rows("adjustment")[0]
    text = golden_ledger(
        Practice({"adjustment": [row]}, office.today),
        mart="od_adjustments",
        as_of=office.today,
        expected=[{"adjustment_id": 1, "adjustment_on": None, "adjustment_amount": Decimal("0.1")}],
    )
    ledger = yaml.safe_load(text)
    [written] = ledger["tables"]["adjustment"]
    assert {name: row[name] for name in written} == {
        name: Decimal(str(value)) if isinstance(value, float) else value
        for name, value in written.items()
    }
    assert not {value for name, value in row.items() if name not in written} - {
        *(0, "", date(1, 1, 1), row["SecDateTEdit"])
    }
    assert (ledger["today"], ledger["report"]) == (office.today, "od_adjustments")
    assert "{adjustment_id: 1, adjustment_on: null, adjustment_amount: 0.1}" in text
