"""The second calculation says of each golden ledger what was worked out by hand."""

from __future__ import annotations

from datetime import date
from importlib import import_module
from pathlib import Path
from textwrap import dedent

import pytest

from tests.transform import golden
from tests.transform.reports.practice import Row


@pytest.mark.parametrize("name", golden.ledgers())
def test_the_second_calculation_says_what_was_worked_out_by_hand(name: str) -> None:
    ledger = golden.read(golden.ledgers()[name])
    report = import_module(f"tests.transform.reports.{ledger.report}")
    days: list[date] = [] if ledger.as_of is None else [ledger.as_of]
    assert ledger.differences(report.calculate(ledger.practice, *days)) == []


@pytest.mark.parametrize(
    ("value", "problem"),
    [
        ("{ProcNom: 1}", "procedurelog has no column ProcNom"),
        ("{ProcFee: yes}", "True is no value of a double: quote it, or write 0 or 1"),
        ("{ProcStatus: C}", "'C' is no value of a tinyint"),
        ("{ProcDate: 2024}", "2024 is no value of a date"),
    ],
)
def test_a_ledger_that_the_schema_does_not_know_is_refused(
    tmp_path: Path, value: str, problem: str
) -> None:
    path = _ledger(tmp_path, f"procedurelog: [{value}]", "[]")
    with pytest.raises(ValueError, match=problem):
        golden.read(path)


def test_a_missing_row_and_one_too_much_are_named(tmp_path: Path) -> None:
    path = _ledger(tmp_path, "{}", "[{fee_id: 1, fee_amount: 10.50}, {fee_id: 2, fee_amount: 1}]")
    rows: list[Row] = [{"fee_id": 1, "fee_amount": 10.5}, {"fee_id": 3, "fee_amount": None}]
    assert golden.read(path).differences(rows) == [
        "missing: {'fee_id': '2', 'fee_amount': '1'}",
        "not expected: {'fee_id': '3', 'fee_amount': None}",
    ]


def _ledger(directory: Path, tables: str, expect: str) -> Path:
    path = directory / "ledger.yml"
    text = f"""\
        today: 2024-03-15
        tables: {{{tables.strip("{}")}}}
        report: od_procedure_fees
        expect: {expect}
        """
    path.write_text(dedent(text), encoding="utf-8")
    return path
