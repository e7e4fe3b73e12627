"""The figures that `make demo` shows, and whether they equal the simulator's books."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from include.endpoints import Endpoint
from include.warehouse.session import connect
from local_system import figures

DAY = {"production": "100.10", "adjustments": "-5.00", "writeoffs": "-20.05"}
DAY |= {"patient_income": "25.00", "unearned_income": "5.00", "insurance_income": "45.50"}
FAMILY = {"bal_0_30": "10.00", "bal_31_60": "0.00", "bal_61_90": "2.50", "bal_over_90": "7.25"}


@pytest.fixture
def truth(tmp_path: Path) -> Path:
    path = tmp_path / "truth.json"
    books = {
        "first_day": "2026-06-01",
        "last_day": "2026-06-01",
        "days": {"2026-05-31": DAY, "2026-06-01": DAY},
        "aging": {"1": FAMILY, "7": FAMILY},
    }
    path.write_text(json.dumps(books))
    return path


def test_marts_that_hold_what_the_books_hold_are_equal_to_the_cent(
    empty_warehouse: Endpoint, truth: Path
) -> None:
    with connect(empty_warehouse) as connection:
        connection.execute(
            """
            create schema marts;
            create table marts.od_production_income (report_name text,
                is_default_writeoff_mode boolean, business_on date, production_amount numeric,
                adjustment_amount numeric, writeoff_amount numeric,
                writeoff_estimate_amount numeric, writeoff_adjustment_amount numeric,
                total_income_amount numeric);
            insert into marts.od_production_income values
                ('annual', true, '2026-05-31', 60.10, -5, -20.05, 0, 0, 75.50),
                ('annual', true, '2026-05-31', 40, 0, 0, 0, 0, 0),
                ('annual', true, '2026-06-01', 100.10, -5, 0, -19.05, -1, 75.50),
                ('annual', true, '2026-06-02', 999, 0, 0, 0, 0, 0),
                ('annual', true, null, 999, 0, 0, 0, 0, 0),
                ('annual', false, '2026-06-01', 999, 0, 0, 0, 0, 0),
                ('monthly', true, '2026-06-01', 999, 0, 0, 0, 0, 0);
            create table marts.od_aging (as_of_on date, balance_0_30_amount numeric,
                balance_31_60_amount numeric, balance_61_90_amount numeric,
                balance_over_90_amount numeric);
            insert into marts.od_aging values
                ('2026-05-31', 999, 0, 0, 0),
                ('2026-06-01', 10, 0, 2.5, 7.25), ('2026-06-01', 10, 0, 2.5, 7.25);
            """
        )
    marts = figures.read_marts(empty_warehouse, truth)
    books = figures.read_books(truth)
    assert figures.differences(marts, books) == []
    assert "equal the books" in figures.verdict(marts, books)
    assert "20.00          0.00          5.00         14.50" in figures.table(marts)


def test_every_figure_that_is_a_cent_off_is_named(truth: Path) -> None:
    books = figures.read_books(truth)
    june = {**books.months["2026-06"], "writeoffs": Decimal("-20.06")}
    wrong = replace(
        books,
        months={**books.months, "2026-06": june},
        ages={**books.ages, "61-90": Decimal("5.01")},
    )
    assert figures.differences(wrong, books) == [
        "writeoffs of 2026-06: marts -20.06, books -20.05",
        "receivables 61-90: marts 5.01, books 5.00",
    ]


def test_receivables_of_another_day_are_not_called_equal(truth: Path) -> None:
    books = figures.read_books(truth)
    older = replace(books, as_of=date(2026, 6, 2), ages={**books.ages, "0-30": Decimal(0)})
    assert figures.differences(older, books) == []
    assert "Receivables were not compared" in figures.verdict(older, books)


def test_a_month_that_the_marts_lack_is_a_difference(truth: Path) -> None:
    books = figures.read_books(truth)
    partial = replace(books, months={"2026-06": books.months["2026-06"]})
    assert len(figures.differences(partial, books)) == len(figures.INCOME)
