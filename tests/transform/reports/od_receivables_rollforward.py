"""The roll-forward of receivables: what each day adds to the balance of all accounts.

An invariant of ours over the ledger of the aging, not a report. Negative sums of rows on one
procedure stand on the day of the procedure, as they age. What has no day (a credit whose procedure
is gone) is in no balance of a past day, and so on no day here. Rows with an empty date come first,
without a day.
"""

from __future__ import annotations

from collections import defaultdict
from datetime import date, timedelta
from decimal import Decimal

from tests.transform.reports.ledger import (
    ADJUSTMENT,
    CLAIM_PROCEDURE,
    LINK_CREDIT,
    PAYMENT,
    PLAN_CREDIT,
    PLAN_DEBIT,
    PROCEDURE,
    dated,
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
    for row, on, _ in dated(practice, transactions(practice, practice.today)):
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


def _days(found: set[date | None]) -> list[date | None]:
    known = [on for on in found if on is not None]
    days: list[date | None] = [None] if None in found else []
    if known:
        span = (max(known) - min(known)).days
        days.extend(min(known) + timedelta(days=count) for count in range(span + 1))
    return days
