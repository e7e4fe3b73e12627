"""What is left of an office on which a mart is wrong."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

from include.open_dental.schema import tables
from tests.transform import golden
from tests.transform.equality.reduction import BUILDS, golden_ledger, reduce
from tests.transform.offices import random_office
from tests.transform.reports.practice import Practice


def test_an_office_is_reduced_to_few_rows_by_few_builds() -> None:
    office = random_office(1)
    builds: list[Practice] = []

    def is_wrong(practice: Practice) -> bool:
        builds.append(practice)
        return any(
            row["AdjAmt"] < 0 and procedure["ProcStatus"] == 2
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


def test_a_golden_ledger_is_read_back_as_the_office_that_it_was_written_of(tmp_path: Path) -> None:
    whole = random_office(1)
    few_rows = {name: list(rows)[:3] for name, rows in whole.tables.items()}
    office = Practice(few_rows, whole.today)
    text = golden_ledger(
        office,
        mart="od_adjustments",
        as_of=None,
        expected=[{"adjustment_id": 1, "adjustment_on": None, "adjustment_amount": Decimal("0.1")}],
    )
    path = tmp_path / "ledger.yml"
    path.write_text(text)
    ledger = golden.read(path)
    assert (ledger.report, ledger.practice.today) == ("od_adjustments", office.today)
    assert ledger.expected == [
        {"adjustment_id": 1, "adjustment_on": None, "adjustment_amount": 0.1}
    ]
    assert _without_stamps(ledger.practice) == _without_stamps(office)


def _without_stamps(practice: Practice) -> dict[str, list[dict[str, object]]]:
    """Return the rows without what the server keeps for itself."""
    return {
        name: [
            {
                column.name: row[column.name]
                for column in tables()[name].columns
                if column.data_type != "timestamp"
            }
            for row in practice.rows(name)
        ]
        for name in practice.tables
    }
