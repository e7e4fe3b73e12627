"""The balance of a family by the age of what it owes, as of a day."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal

from tests.transform.reports.ledger import (
    AGE_CREDITS_AND_DEBITS,
    DEBIT,
    LINK_CREDIT,
    NOT_RECEIVED,
    RECEIVED,
    dated,
    ledger_claim_procedures,
    ledger_splits,
    plans_version,
    transactions,
)
from tests.transform.reports.practice import EMPTY, Practice, Row, day
from tests.transform.reports.rules import (
    ZERO,
    hidden_unearned_types,
    rounded,
    snapshot_writeoffs,
)

# The last day, counted back from the day of the report, of each bucket but the oldest.
BUCKET_DAYS = (30, 60, 90)
BUCKETS = ("0_30", "31_60", "61_90", "over_90")

# What the printed reports take for nothing.
SMALLEST = Decimal("0.005")

DAYS_AHEAD = 10


@dataclass
class Family:
    """What one family owes; the amounts are exact.

    `credit` is what its credits leave when they have paid the oldest buckets first, `future` what
    is dated later and `undated` what has no day: both are in the balance and in no bucket.
    """

    buckets: list[Decimal] = field(default_factory=lambda: [ZERO] * len(BUCKETS))
    credit: Decimal = ZERO
    future: Decimal = ZERO
    undated: Decimal = ZERO
    insurance_pay_estimate: Decimal = ZERO
    insurance_writeoff_estimate: Decimal = ZERO

    @property
    def balance(self) -> Decimal:
        return sum(self.buckets, ZERO) - self.credit + self.future + self.undated

    @property
    def has_bucket(self) -> bool:
        """Return whether any bucket is large enough to be printed."""
        return any(rounded(bucket) >= SMALLEST for bucket in self.buckets)

    def apply_credit(self) -> None:
        """Let the credits pay what is owed, the oldest first; a bucket below 0 is credit."""
        for index, bucket in enumerate(self.buckets):
            if bucket < 0:
                self.credit -= bucket
                self.buckets[index] = ZERO
        for index in reversed(range(len(self.buckets))):
            paid = min(self.buckets[index], self.credit)
            self.buckets[index] -= paid
            self.credit -= paid


def bucket_of(on: date, as_of: date) -> int:
    """Return which bucket a day belongs to that is not after the report's."""
    age = (as_of - on).days
    return sum(age > last for last in BUCKET_DAYS)


def families_of(practice: Practice) -> Mapping[int, int]:
    """Return the guarantor of each patient."""
    return {row["PatNum"]: row["Guarantor"] for row in practice.rows("patient")}


def age_families(
    practice: Practice, as_of: date, *, writeoffs_aged: bool = False
) -> Mapping[int, Family]:
    """Return every family that has a transaction, by its guarantor, whether or not that exists."""
    family_of = families_of(practice)
    historic = as_of != practice.today
    families: dict[int, Family] = defaultdict(Family)
    ledger = transactions(practice, as_of, writeoffs_aged=writeoffs_aged)
    for row, on, nets_in_bucket in dated(practice, ledger):
        family = families[family_of[row.patient]]
        if on is None or on > as_of:
            # As of a past day, what comes later and what has no day is not there.
            if not historic and on is None:
                family.undated += row.amount
            elif not historic:
                family.future += row.amount
        elif nets_in_bucket or row.amount > 0:
            family.buckets[bucket_of(on, as_of)] += row.amount
        else:
            family.credit -= row.amount
    for family in families.values():
        family.apply_credit()
    _estimate(practice, as_of, families, writeoffs_aged=writeoffs_aged)
    return families


def _estimate(
    practice: Practice, as_of: date, families: Mapping[int, Family], *, writeoffs_aged: bool
) -> None:
    """Add what insurers are expected to pay and to write off."""
    family_of = families_of(practice)
    expected = snapshot_writeoffs(practice)
    for row in ledger_claim_procedures(practice):
        if row["PatNum"] not in family_of or not _is_expected(row, as_of, practice.today):
            continue
        family = families[family_of[row["PatNum"]]]
        family.insurance_pay_estimate += row["InsPayEst"]
        family.insurance_writeoff_estimate += row["WriteOff"]
        if writeoffs_aged:
            # That part of it is in the buckets already.
            family.insurance_writeoff_estimate -= expected.get(row["ClaimProcNum"], ZERO)


def _is_expected(claim_procedure: Row, as_of: date, today: date) -> bool:
    if as_of == today:
        return bool(claim_procedure["Status"] == NOT_RECEIVED)
    received_later = claim_procedure["Status"] == RECEIVED and claim_procedure["DateCP"] > as_of
    return bool(
        claim_procedure["ProcDate"] <= as_of
        and (claim_procedure["Status"] == NOT_RECEIVED or received_later)
    )


def payment_plan_dues(practice: Practice, as_of: date) -> Mapping[int, Decimal]:
    """Return by guarantor what plans have charged, less what was paid on them.

    Charges count some days ahead: of today, even as of a past day.
    """
    family_of = families_of(practice)
    plans = practice.by_key("payplan", "PayPlanNum")
    hidden = hidden_unearned_types(practice)
    historic = as_of != practice.today
    open_only = plans_version(practice) == AGE_CREDITS_AND_DEBITS
    ahead = int(practice.preference("PayPlansBillInAdvanceDays") or DAYS_AHEAD)
    last = practice.today + timedelta(days=ahead)
    dues: dict[int, Decimal] = defaultdict(lambda: ZERO)
    for row in practice.rows("payplancharge"):
        plan = plans.get(row["PayPlanNum"])
        if (
            row["ChargeType"] != DEBIT
            or row["ChargeDate"] > last
            or row["Guarantor"] not in family_of
        ):
            continue
        if plan and not plan["PlanNum"] and not (open_only and plan["IsClosed"]):
            dues[family_of[row["Guarantor"]]] += row["Principal"] + row["Interest"]
    for row in practice.rows("paysplit"):
        if not row["PayPlanNum"] or row["UnearnedType"] in hidden or row["PatNum"] not in family_of:
            continue
        if historic and row["DatePay"] > as_of:
            continue
        # A plan that is gone is not a closed one.
        plan = plans.get(row["PayPlanNum"])
        if not (open_only and plan and plan["IsClosed"]):
            dues[family_of[row["PatNum"]]] -= row["SplitAmt"]
    return dues


def last_payments(practice: Practice, as_of: date) -> Mapping[int, date | None]:
    """Return by guarantor the day of the latest payment: refunds and plan payments are some."""
    family_of = families_of(practice)
    latest: dict[int, date] = {}
    for row in ledger_splits(practice, as_of):
        if row["PatNum"] in family_of:
            guarantor = family_of[row["PatNum"]]
            latest[guarantor] = max(latest.get(guarantor, EMPTY), row["DatePay"])
    return {guarantor: day(on) for guarantor, on in latest.items()}


def family_run_balance(practice: Practice, guarantor: int) -> Decimal:
    """Return the balance as of today of a run for one family.

    It differs from the run over all patients in the credits of links alone: those dated later are
    left out, and others count with the family's own adjustments, claim procedures and payments.
    """
    members = {number for number, head in families_of(practice).items() if head == guarantor}
    own = {
        table: [row for row in practice.rows(table) if row["PatNum"] in members]
        for table in ("adjustment", "claimproc", "paysplit")
    }
    ledger = transactions(Practice({**practice.tables, **own}, practice.today), practice.today)
    balance = sum(
        (
            row.amount
            for row in ledger
            if row.patient in members and not (row.kind == LINK_CREDIT and row.on > practice.today)
        ),
        ZERO,
    )
    return rounded(balance)
