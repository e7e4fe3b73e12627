"""The roll-forward of receivables: what each day adds to the balance of all accounts.

An invariant of ours over the ledger of the aging, not a report: the closing of a day is the sum of
the balances of an aging as of that day, of families whose guarantor exists. Rows that are tied to
one procedure therefore stand where that aging has them. What has no day (a credit whose procedure
is gone) is in no balance of a past day, and so on no day here. Rows with an empty date come first,
without a day.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from datetime import date, timedelta
from decimal import Decimal

from tests.transform.reports.aging import families_of
from tests.transform.reports.ledger import (
    ADJUSTMENT,
    CLAIM_PROCEDURE,
    LINK_CREDIT,
    PAYMENT,
    PLAN_CREDIT,
    PLAN_DEBIT,
    PROCEDURE,
    Transaction,
    ties_rows,
    transactions,
)
from tests.transform.reports.practice import Practice, Row, day
from tests.transform.reports.rules import ZERO

# The column of each kind of transaction, and how it moves the balance.
COLUMNS = {
    PROCEDURE: ("production_amount", 1),
    PLAN_CREDIT: ("payment_plan_credit_amount", -1),
    LINK_CREDIT: ("payment_plan_credit_amount", -1),
    PLAN_DEBIT: ("payment_plan_charge_amount", 1),
    ADJUSTMENT: ("adjustment_amount", 1),
    PAYMENT: ("patient_payment_amount", -1),
    CLAIM_PROCEDURE: ("insurance_payment_amount", -1),
}
WRITEOFF = "writeoff_amount"
SIGNS = {**dict(COLUMNS.values()), WRITEOFF: -1}


def calculate(practice: Practice) -> list[Row]:
    """Return a row per calendar day from the first with a transaction to the last."""
    sums: dict[date | None, dict[str, Decimal]] = defaultdict(lambda: dict.fromkeys(SIGNS, ZERO))
    family_of = families_of(practice)
    for row, on in _counted(practice, transactions(practice, practice.today)):
        if family_of.get(row.patient) not in family_of:
            continue
        if on is None or (row.amount == 0 and row.writeoff == 0):
            continue
        column, sign = COLUMNS[row.kind]
        sums[day(on)][column] += sign * (row.amount - row.writeoff)
        sums[day(on)][WRITEOFF] -= row.writeoff
    rows: list[Row] = []
    balance = ZERO
    for on in _days(set(sums)):
        columns = sums[on]
        opening = balance
        balance += sum((sign * columns[name] for name, sign in SIGNS.items()), ZERO)
        rows.append(
            {"date_on": on, "opening_amount": opening, **columns, "closing_amount": balance}
        )
    return rows


def _counted(
    practice: Practice, ledger: Iterable[Transaction]
) -> Iterator[tuple[Transaction, date | None]]:
    """Yield the transactions with the first day whose aging counts them.

    An aging before the day of a group of tied rows does not know its plan credits yet; the others
    are in it if they alone are negative and their procedure is earlier.
    """
    groups: dict[tuple[int, int, date], list[Transaction]] = defaultdict(list)
    for row in ledger:
        if row.tied_to and ties_rows(practice):
            groups[row.patient, row.tied_to, row.on].append(row)
        else:
            yield row, row.on
    for (_, _, on), rows in groups.items():
        others = [row for row in rows if row.kind != PLAN_CREDIT]
        moved = _earliest(others)
        counts_before = _sum(others) < 0 and moved is not None and moved < on
        whole: date | None = on
        if _sum(rows) < 0:
            earliest = _earliest(rows)
            whole = None if earliest is None else max(on, earliest)
        for row in rows:
            yield row, moved if counts_before and row.kind != PLAN_CREDIT else whole


def _sum(rows: Iterable[Transaction]) -> Decimal:
    return sum((row.amount for row in rows), ZERO)


def _earliest(rows: Iterable[Transaction]) -> date | None:
    return min((row.moves_to for row in rows if row.moves_to is not None), default=None)


def _days(found: set[date | None]) -> list[date | None]:
    known = [on for on in found if on is not None]
    days: list[date | None] = [None] if None in found else []
    if known:
        span = (max(known) - min(known)).days
        days.extend(min(known) + timedelta(days=count) for count in range(span + 1))
    return days
