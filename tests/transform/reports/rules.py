"""The rules that several reports share."""

from __future__ import annotations

from calendar import monthrange
from collections import defaultdict
from collections.abc import Mapping
from datetime import date
from decimal import Decimal

from tests.transform.reports.practice import Practice, Row

ZERO = Decimal(0)
BLANK = Decimal(-1)

COMPLETE = 2
CAPITATION_COMPLETE = 7
UNEARNED_TYPES = 29


def fee(procedure: Row) -> Decimal:
    """Return the fee of a procedure; none without units."""
    return Decimal(procedure["ProcFee"] * (procedure["UnitQty"] + procedure["BaseUnits"]))


def fee_of_one_at_least(procedure: Row) -> Decimal:
    """Return the fee as program code computes it: a procedure has at least one unit."""
    return Decimal(procedure["ProcFee"] * max(1, procedure["UnitQty"] + procedure["BaseUnits"]))


def capitation_writeoffs(practice: Practice) -> Mapping[int, Decimal]:
    """Return the write-offs that capitation takes off each procedure's fee."""
    sums: dict[int, Decimal] = defaultdict(lambda: ZERO)
    for row in practice.rows("claimproc"):
        if row["Status"] == CAPITATION_COMPLETE:
            sums[row["ProcNum"]] += row["WriteOff"]
    return sums


def snapshot_writeoffs(practice: Practice) -> Mapping[int, Decimal]:
    """Return the write-off at the claim's creation by claim procedure; a blank one counts 0."""
    sums: dict[int, Decimal] = defaultdict(lambda: ZERO)
    for row in practice.rows("claimsnapshot"):
        if row["Writeoff"] != BLANK:
            sums[row["ClaimProcNum"]] = row["Writeoff"]
    return sums


def estimated_writeoff(claim_procedure: Row) -> Decimal:
    """Return the write-off that is estimated: the override, else the estimate, else nothing."""
    for column in ("WriteOffEstOverride", "WriteOffEst"):
        if claim_procedure[column] != BLANK:
            return Decimal(claim_procedure[column])
    return ZERO


def hidden_unearned_types(practice: Practice) -> frozenset[int]:
    """Return the unearned types whose splits no report of income or receivables shows."""
    return frozenset(
        row["DefNum"]
        for row in practice.rows("definition")
        if row["Category"] == UNEARNED_TYPES and row["ItemValue"] != ""
    )


def listed_providers(practice: Practice) -> frozenset[int]:
    """Return the providers that stand for "all providers" in the lists that filter on them."""
    return frozenset(
        row["ProvNum"]
        for row in practice.rows("provider")
        if row["ProvStatus"] != 1 and not row["IsHiddenReport"]
    )


BROKEN_CODES = frozenset({"D9986", "D9987"})
BILLING_TYPES = 4


def procedure_codes(practice: Practice) -> Mapping[int, str]:
    """Return the text of each procedure code by its number, in upper case, as texts compare."""
    return {row["CodeNum"]: row["ProcCode"].upper() for row in practice.rows("procedurecode")}


def shown_billing_types(practice: Practice) -> frozenset[int]:
    """Return the billing types that forms offer; a hidden one and one that is gone are in none."""
    return frozenset(
        row["DefNum"]
        for row in practice.rows("definition")
        if row["Category"] == BILLING_TYPES and not row["IsHidden"]
    )


def months_later(start: date, months: int) -> date:
    """Return the same day some months later or earlier, at most the last day of that month."""
    years, month = divmod(start.year * 12 + start.month - 1 + months, 12)
    return date(years, month + 1, min(start.day, monthrange(years, month + 1)[1]))


def rounded(amount: Decimal, places: int = 3) -> Decimal:
    """Return an amount as the server rounds it: halves away from zero."""
    return amount.quantize(Decimal(1).scaleb(-places), rounding="ROUND_HALF_UP")
