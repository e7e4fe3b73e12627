"""What a dynamic payment plan's links to procedures and adjustments come to.

The aging computes that amount in one way and the lists of plans in another; they share little.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from tests.transform.reports.practice import Practice, Row
from tests.transform.reports.rules import (
    BLANK,
    ZERO,
    estimated_writeoff,
    fee,
    fee_of_one_at_least,
)

ADJUSTMENT_LINK = 1
PROCEDURE_LINK = 2

TREATMENT_PLANNED = 1
PREAUTHORIZED = 2

INSURANCE_PAID = (1, 4, 5, 7)
INSURANCE_ESTIMATED = (0, 6, 8, 9)
# For a link's credit, payments of capitation claims (5) are no payments.
PAID_FOR_CREDIT = (1, 4, 7)


class LinkCredits:
    """What a link takes off the account when no amount was entered for it."""

    def __init__(self, practice: Practice) -> None:
        self._adjustments = practice.grouped("adjustment", "ProcNum")
        self._claim_procedures = practice.grouped("claimproc", "ProcNum")
        self._splits = practice.grouped("paysplit", "ProcNum")
        self._splits_on_adjustments = practice.grouped("paysplit", "AdjNum")

    def of_procedure(self, procedure: Row) -> Decimal:
        """Return the fee with its adjustments, less insurance, write-offs and payments.

        Hidden prepayments and payments of the future are taken off, too.
        """
        number = procedure["ProcNum"]
        amount = fee(procedure)
        for row in self._adjustments[number]:
            # An adjustment counts on the same patient, provider and clinic only.
            if all(row[name] == procedure[name] for name in ("PatNum", "ProvNum", "ClinicNum")):
                amount += row["AdjAmt"]
        for row in self._claim_procedures[number]:
            if row["Status"] == PREAUTHORIZED:
                continue
            if row["Status"] in PAID_FOR_CREDIT:
                amount -= row["InsPayAmt"] + row["WriteOff"]
            else:
                override = row["InsEstTotalOverride"]
                amount -= row["InsPayEst"] if override == BLANK else override
                amount -= estimated_writeoff(row)
        return amount - _outside_plans(self._splits[number])

    def of_adjustment(self, adjustment: Row) -> Decimal:
        """Return the adjustment less the payments on it."""
        splits = self._splits_on_adjustments[adjustment["AdjNum"]]
        return Decimal(adjustment["AdjAmt"]) - _outside_plans(splits)


def _outside_plans(splits: list[Row]) -> Decimal:
    return sum((row["SplitAmt"] for row in splits if not row["PayPlanNum"]), ZERO)


@dataclass(frozen=True)
class LinkedItem:
    """The procedure or adjustment of a link, as the lists of plans see it.

    Oddity: the lists add up what was paid outside of plans per procedure and adjustment, and then
    repeat the link for each of these sums; `paid_outside` has them, or one 0. `portion` is what
    the patient owes for the item. Both are unknown where the item is gone: then `row` is None.
    """

    row: Row | None
    portion: Decimal
    paid_outside: tuple[Decimal, ...]

    def on_plan(self, override: Decimal) -> list[Decimal]:
        """Return what each repetition puts on the plan, given the amount that was entered or 0."""
        if override:
            return [override for _ in self.paid_outside]
        if self.row is None:
            return [ZERO for _ in self.paid_outside]
        return [self.portion - paid for paid in self.paid_outside]


class LinkedItems:
    """Finds what the links of plans point to."""

    def __init__(self, practice: Practice) -> None:
        self._rows: Mapping[int, Mapping[int, Row]] = {
            PROCEDURE_LINK: practice.by_key("procedurelog", "ProcNum"),
            ADJUSTMENT_LINK: practice.by_key("adjustment", "AdjNum"),
        }
        self._splits = {
            PROCEDURE_LINK: practice.grouped("paysplit", "ProcNum"),
            ADJUSTMENT_LINK: practice.grouped("paysplit", "AdjNum"),
        }
        self._adjustments = practice.grouped("adjustment", "ProcNum")
        self._claim_procedures = practice.grouped("claimproc", "ProcNum")

    def find(self, link: Row, *, discounts_planned: bool) -> LinkedItem:
        """Return the item of a link; the links of ortho cases have none.

        With `discounts_planned` a procedure that is only planned counts less its discounts.
        """
        kind = link["LinkType"]
        if kind not in self._rows:
            return LinkedItem(None, ZERO, (ZERO,))
        row = self._rows[kind].get(link["FKey"])
        portion = ZERO
        if row is not None and kind == ADJUSTMENT_LINK:
            portion = Decimal(row["AdjAmt"])
        elif row is not None:
            portion = self._patient_portion(row, discounts_planned=discounts_planned)
        return LinkedItem(row, portion, self._paid_outside(kind, link["FKey"]))

    def _paid_outside(self, kind: int, number: int) -> tuple[Decimal, ...]:
        other = "AdjNum" if kind == PROCEDURE_LINK else "ProcNum"
        sums: dict[int, Decimal] = defaultdict(lambda: ZERO)
        for split in self._splits[kind][number]:
            if not split["PayPlanNum"] and not split["PayPlanChargeNum"]:
                sums[split[other]] += split["SplitAmt"]
        return tuple(sums.values()) or (ZERO,)

    def _patient_portion(self, procedure: Row, *, discounts_planned: bool) -> Decimal:
        number = procedure["ProcNum"]
        amount = fee_of_one_at_least(procedure)
        if discounts_planned and procedure["ProcStatus"] == TREATMENT_PLANNED:
            reduced = procedure["ProcFee"] - procedure["DiscountPlanAmt"] - procedure["Discount"]
            amount = fee_of_one_at_least({**procedure, "ProcFee": reduced})
        amount += sum((row["AdjAmt"] for row in self._adjustments[number]), ZERO)
        for row in self._claim_procedures[number]:
            if row["Status"] in INSURANCE_PAID:
                amount -= row["InsPayAmt"] + row["WriteOff"]
            elif row["Status"] in INSURANCE_ESTIMATED:
                amount -= row["InsPayEst"] + estimated_writeoff(row)
        return amount
