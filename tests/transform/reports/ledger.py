"""The transactions that the balance of a family is made of, and the days that age them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import NamedTuple

from tests.transform.reports.plan_links import ADJUSTMENT_LINK, PROCEDURE_LINK, LinkCredits
from tests.transform.reports.practice import Practice, Row
from tests.transform.reports.rules import (
    COMPLETE,
    ZERO,
    fee,
    hidden_unearned_types,
    snapshot_writeoffs,
)

# The versions of payment plans.
DO_NOT_AGE = 1
AGE_CREDITS_AND_DEBITS = 2
AGE_CREDITS_ONLY = 3
NO_CHARGES = 4

DEBIT = 0
CREDIT = 1

NOT_RECEIVED = 0
RECEIVED = 1
LEDGER_STATUSES = (0, 1, 4, 5, 7)

PROCEDURE = "procedure"
CLAIM_PROCEDURE = "claim_procedure"
ADJUSTMENT = "adjustment"
PAYMENT = "payment"
PLAN_DEBIT = "plan_debit"
PLAN_CREDIT = "plan_credit"
LINK_CREDIT = "link_credit"

LIFO_OFF = "2"


@dataclass(frozen=True)
class Transaction:
    """One row of the ledger: what it adds to its patient's balance, on the row's own day.

    `writeoff` is what of the amount is a write-off. A row that is tied to a procedure names it,
    and the day to which a negative sum of such rows moves: None if the procedure is gone.
    """

    kind: str
    patient: int
    on: date
    amount: Decimal
    writeoff: Decimal = ZERO
    tied_to: int = 0
    moves_to: date | None = None
    nets_in_bucket: bool = False


class Dated(NamedTuple):
    """A transaction with the day that ages it, and whether it nets inside that day's bucket."""

    transaction: Transaction
    on: date | None
    nets_in_bucket: bool


def plans_version(practice: Practice) -> int:
    """Return which of their four ways the practice's payment plans go."""
    return int(practice.preference("PayPlansVersion") or AGE_CREDITS_AND_DEBITS)


def ties_rows(practice: Practice) -> bool:
    """Return whether rows on one procedure are taken together: unless that is switched off."""
    return practice.preference("AgingProcLifo") != LIFO_OFF


def transactions(
    practice: Practice, as_of: date, *, writeoffs_aged: bool = False
) -> list[Transaction]:
    """Return the ledger as of a day, without what belongs to no patient.

    Rows after the day are in it, except those of payment plans and, if the day is a past one,
    payments of patients.
    """
    patients = practice.by_key("patient", "PatNum")
    found = [
        *_procedures(practice),
        *_claim_procedures(practice, writeoffs_aged=writeoffs_aged),
        *_adjustments(practice),
        *_payments(practice, as_of),
        *_plan_rows(practice, as_of),
    ]
    return [transaction for transaction in found if transaction.patient in patients]


def dated(practice: Practice, ledger: Iterable[Transaction]) -> list[Dated]:
    """Return the transactions by the days that age them.

    Rows that are tied to one procedure, of one patient and day, are one sum whatever their kinds.
    A negative sum is dated like the procedure. Where the rows of a negative sum know several days
    of the procedure, the source takes any; here the earliest counts.
    """
    groups: dict[tuple[int, int, date], list[Transaction]] = defaultdict(list)
    placed = []
    for row in ledger:
        if row.tied_to and ties_rows(practice):
            groups[row.patient, row.tied_to, row.on].append(row)
        else:
            placed.append(Dated(row, row.on, row.nets_in_bucket))
    for (_, _, on), rows in groups.items():
        day: date | None = on
        if sum((row.amount for row in rows), ZERO) < 0:
            day = min((row.moves_to for row in rows if row.moves_to is not None), default=None)
        placed.extend(Dated(row, day, True) for row in rows)
    return placed


def ledger_claim_procedures(practice: Practice) -> Iterator[Row]:
    """Yield the claim procedures of completed procedures and of total payments."""
    procedures = practice.by_key("procedurelog", "ProcNum")
    for row in practice.rows("claimproc"):
        if row["Status"] not in LEDGER_STATUSES:
            continue
        procedure = procedures.get(row["ProcNum"])
        if row["ProcNum"] == 0 or (procedure and procedure["ProcStatus"] == COMPLETE):
            yield row


def ledger_splits(practice: Practice, as_of: date) -> Iterator[Row]:
    """Yield the payments of patients; as of a past day only those up to it."""
    hidden = hidden_unearned_types(practice)
    historic = as_of != practice.today
    for row in practice.rows("paysplit"):
        if row["SplitAmt"] == 0 or row["UnearnedType"] in hidden:
            continue
        if historic and row["DatePay"] > as_of:
            continue
        yield row


def _procedures(practice: Practice) -> Iterator[Transaction]:
    for row in practice.rows("procedurelog"):
        if row["ProcStatus"] == COMPLETE and row["ProcFee"] != 0:
            yield Transaction(PROCEDURE, row["PatNum"], row["ProcDate"], fee(row))


def _claim_procedures(practice: Practice, *, writeoffs_aged: bool) -> Iterator[Transaction]:
    snapshots = {row["ClaimProcNum"] for row in practice.rows("claimsnapshot")}
    expected = snapshot_writeoffs(practice)
    for row in ledger_claim_procedures(practice):
        patient, paid_on = row["PatNum"], row["DateCP"]
        received = row["Status"] != NOT_RECEIVED
        writeoff = row["WriteOff"] if received else ZERO
        # What an insurance payment plan pays is on the plan.
        paid = row["InsPayAmt"] if received and not row["PayPlanNum"] else ZERO
        if not writeoffs_aged:
            yield Transaction(
                CLAIM_PROCEDURE, patient, paid_on, -writeoff - paid, writeoff=-writeoff
            )
            continue
        yield Transaction(CLAIM_PROCEDURE, patient, paid_on, -paid)
        treated_on, at_first = row["ProcDate"], writeoff
        if row["ClaimProcNum"] in snapshots:
            # The write-off that was expected belongs to the day of treatment, even if the claim is
            # not received yet; what came of it differs by the rest, on the day of the payment.
            at_first = expected.get(row["ClaimProcNum"], ZERO)
            if received:
                rest = writeoff - at_first
                yield Transaction(CLAIM_PROCEDURE, patient, paid_on, -rest)
        yield Transaction(CLAIM_PROCEDURE, patient, treated_on, -at_first, nets_in_bucket=True)


def _adjustments(practice: Practice) -> Iterator[Transaction]:
    for row in practice.rows("adjustment"):
        if row["AdjAmt"] != 0:
            # An empty ProcDate is a day like any other, and a very early one.
            yield Transaction(
                ADJUSTMENT,
                row["PatNum"],
                row["AdjDate"],
                row["AdjAmt"],
                tied_to=row["ProcNum"],
                moves_to=row["ProcDate"],
            )


def _payments(practice: Practice, as_of: date) -> Iterator[Transaction]:
    plans_apart = plans_version(practice) in (DO_NOT_AGE, AGE_CREDITS_ONLY)
    for row in ledger_splits(practice, as_of):
        amount = ZERO if plans_apart and row["PayPlanNum"] else -row["SplitAmt"]
        yield Transaction(PAYMENT, row["PatNum"], row["DatePay"], amount)


def _plan_rows(practice: Practice, as_of: date) -> Iterator[Transaction]:
    version = plans_version(practice)
    if version in (DO_NOT_AGE, NO_CHARGES):
        yield from _completed_amounts(practice, insurance_only=version == NO_CHARGES)
    elif version in (AGE_CREDITS_AND_DEBITS, AGE_CREDITS_ONLY):
        if version == AGE_CREDITS_AND_DEBITS:
            yield from _plan_debits(practice, as_of)
        yield from _plan_credits(practice, as_of, on_plan=version == AGE_CREDITS_AND_DEBITS)
        yield from _link_credits(practice)


def _completed_amounts(practice: Practice, *, insurance_only: bool) -> Iterator[Transaction]:
    for row in practice.rows("payplan"):
        if row["CompletedAmt"] != 0 and (row["PlanNum"] or not insurance_only):
            yield Transaction(PLAN_CREDIT, row["PatNum"], row["PayPlanDate"], -row["CompletedAmt"])


def _plan_debits(practice: Practice, as_of: date) -> Iterator[Transaction]:
    plans = practice.by_key("payplan", "PayPlanNum")
    for row in practice.rows("payplancharge"):
        if row["ChargeType"] != DEBIT or row["ChargeDate"] > as_of:
            continue
        plan = plans.get(row["PayPlanNum"])
        # A debit of an insurance plan, or of a plan that is gone, is a row of nothing.
        owed = row["Principal"] + row["Interest"] if plan and not plan["PlanNum"] else ZERO
        yield Transaction(PLAN_DEBIT, row["Guarantor"], row["ChargeDate"], owed)


def _plan_credits(practice: Practice, as_of: date, *, on_plan: bool) -> Iterator[Transaction]:
    """Yield the credits, on the patient of the plan or else on that of the charge."""
    plans = practice.by_key("payplan", "PayPlanNum")
    procedures = practice.by_key("procedurelog", "ProcNum")
    for row in practice.rows("payplancharge"):
        if row["ChargeType"] != CREDIT or row["ChargeDate"] > as_of:
            continue
        if on_plan and row["PayPlanNum"] not in plans:
            continue
        procedure = procedures.get(row["ProcNum"])
        yield Transaction(
            PLAN_CREDIT,
            plans[row["PayPlanNum"]]["PatNum"] if on_plan else row["PatNum"],
            row["ChargeDate"],
            -row["Principal"],
            tied_to=row["ProcNum"],
            moves_to=procedure["ProcDate"] if procedure else None,
        )


def _link_credits(practice: Practice) -> Iterator[Transaction]:
    """Yield the credits of dynamic plans, whatever their day."""
    plans = practice.by_key("payplan", "PayPlanNum")
    procedures = practice.by_key("procedurelog", "ProcNum")
    adjustments = practice.by_key("adjustment", "AdjNum")
    computed = LinkCredits(practice)
    for link in practice.rows("payplanlink"):
        procedure = procedures.get(link["FKey"])
        adjustment = adjustments.get(link["FKey"])
        if link["LinkType"] == PROCEDURE_LINK and procedure and link["PayPlanNum"] in plans:
            # An amount that was entered needs a completed procedure, too.
            if procedure["ProcStatus"] == COMPLETE:
                credit = link["AmountOverride"] or computed.of_procedure(procedure)
                yield Transaction(
                    LINK_CREDIT,
                    procedure["PatNum"],
                    procedure["ProcDate"],
                    -credit,
                    tied_to=procedure["ProcNum"],
                    moves_to=procedure["ProcDate"],
                )
        elif link["LinkType"] == ADJUSTMENT_LINK and adjustment:
            credit = link["AmountOverride"] or computed.of_adjustment(adjustment)
            yield Transaction(LINK_CREDIT, adjustment["PatNum"], adjustment["AdjDate"], -credit)
