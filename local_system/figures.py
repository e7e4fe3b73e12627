"""The practice's figures, read from the marts and compared with the simulator's own books."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

from include.endpoints import Endpoint
from include.warehouse.session import connect

SHOWN_MONTHS = 6
INCOME = ("production", "adjustments", "writeoffs", "income")
AGES = ("0-30", "31-60", "61-90", "over 90")

MONTHS_SQL = """
select
    to_char(business_on, 'YYYY-MM'),
    sum(production_amount),
    sum(adjustment_amount),
    sum(writeoff_amount + writeoff_estimate_amount + writeoff_adjustment_amount),
    sum(total_income_amount)
from marts.od_production_income
where
    report_name = 'annual'
    and is_default_writeoff_mode
    and business_on between %(first)s and %(last)s
group by to_char(business_on, 'YYYY-MM')
"""
AGES_SQL = """
select
    max(as_of_on),
    sum(balance_0_30_amount),
    sum(balance_31_60_amount),
    sum(balance_61_90_amount),
    sum(balance_over_90_amount)
from marts.od_aging
where as_of_on = (select max(as_of_on) from marts.od_aging)
"""

Amounts = Mapping[str, Decimal]


@dataclass(frozen=True, slots=True)
class Figures:
    """Income by month and receivables by age, from the marts or from the books."""

    months: Mapping[str, Amounts]
    as_of: date | None
    ages: Amounts


def read_marts(warehouse: Endpoint, truth: Path) -> Figures:
    """Return the figures of the marts, over the days that the simulator's books cover."""
    books = json.loads(truth.read_text())
    # Backdated entries reach back before the simulation's first day.
    days = {"first": min(books["days"]), "last": books["last_day"]}
    with connect(warehouse) as connection:
        months = connection.execute(MONTHS_SQL, days).fetchall()
        ages = connection.execute(AGES_SQL).fetchone()
    as_of, *amounts = ages or (None,)
    return Figures(
        months={str(name): dict(zip(INCOME, sums, strict=True)) for name, *sums in months},
        as_of=as_of,
        ages={} if as_of is None else dict(zip(AGES, amounts, strict=True)),
    )


def read_books(truth: Path) -> Figures:
    """Return the same figures as the simulator kept them, without any SQL over its tables."""
    books: dict[str, Any] = json.loads(truth.read_text())
    months: dict[str, dict[str, Decimal]] = defaultdict(lambda: dict.fromkeys(INCOME, Decimal(0)))
    for day, entry in books["days"].items():
        month = months[day[:7]]
        for figure in ("production", "adjustments", "writeoffs"):
            month[figure] += Decimal(entry[figure])
        for figure in ("patient_income", "unearned_income", "insurance_income"):
            month["income"] += Decimal(entry[figure])
    ages = dict.fromkeys(AGES, Decimal(0))
    for family in books["aging"].values():
        for age, key in zip(
            AGES, ("bal_0_30", "bal_31_60", "bal_61_90", "bal_over_90"), strict=True
        ):
            ages[age] += Decimal(family[key])
    return Figures(dict(months), date.fromisoformat(books["last_day"]), ages)


def differences(marts: Figures, books: Figures) -> list[str]:
    """Return every figure that is not equal to the cent.

    Ages are compared only when both sides look at the same day: receivables grow older every day,
    and the simulator's day stands still until somebody advances it.
    """
    found: list[str] = []
    for month in sorted(marts.months.keys() | books.months.keys()):
        for figure in INCOME:
            seen = marts.months.get(month, {}).get(figure, Decimal(0))
            true = books.months.get(month, {}).get(figure, Decimal(0))
            if seen != true:
                found.append(f"{figure} of {month}: marts {seen}, books {true}")
    if marts.as_of == books.as_of:
        found += [
            f"receivables {age}: marts {marts.ages[age]}, books {books.ages[age]}"
            for age in AGES
            if marts.ages[age] != books.ages[age]
        ]
    return found


def verdict(marts: Figures, books: Figures) -> str:
    """Return in a sentence what was compared and whether it is equal."""
    if differences(marts, books):
        return "These figures DIFFER from the books that the simulator kept."
    if marts.as_of == books.as_of:
        return "These figures equal the books that the simulator kept, to the cent."
    return (
        "Every month equals the books that the simulator kept, to the cent. Receivables were not "
        f"compared: the practice has lived until {books.as_of}."
    )


def table(figures: Figures) -> str:
    """Return the last months and the receivables as text."""
    lines = ["  month    " + "".join(f"{name:>14}" for name in INCOME)]
    for month in sorted(figures.months)[-SHOWN_MONTHS:]:
        amounts = figures.months[month]
        lines.append(f"  {month:<9}" + "".join(f"{amounts[name]:>14,.2f}" for name in INCOME))
    lines += ["", f"  receivables as of {figures.as_of}, by age in days"]
    lines.append("  " + " " * 9 + "".join(f"{age:>14}" for age in AGES))
    lines.append("  " + " " * 9 + "".join(f"{figures.ages[age]:>14,.2f}" for age in AGES))
    return "\n".join(lines)
