"""Daily payments: money received, added up from splits and claim procedures, not from payments."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from tests.transform.reports.practice import Practice, Row, day, identity
from tests.transform.reports.production import RECEIVED
from tests.transform.reports.rules import ZERO, hidden_unearned_types


@dataclass
class _Group:
    """What one row of the report adds up."""

    payments: set[int] = field(default_factory=set)
    amount: Decimal = ZERO
    unearned: Decimal = ZERO
    hidden: Decimal = ZERO


def calculate(practice: Practice) -> list[Row]:
    """Return a row per day, payer, payment type, provider and clinic.

    What a payment or a check has more than its splits or claim procedures is in no row.
    """
    groups: dict[tuple[Any, ...], _Group] = defaultdict(_Group)
    _add_splits(practice, groups)
    _add_claim_procedures(practice, groups)
    definitions = practice.by_key("definition", "DefNum")
    rows: list[Row] = []
    for (on, payer, payment_type, provider, clinic), group in groups.items():
        definition = definitions.get(payment_type)
        rows.append(
            {
                "paid_on": on,
                "payer_kind": payer,
                "payment_type_id": identity(payment_type),
                "payment_type_name": definition["ItemName"] if definition else None,
                "provider_id": identity(provider),
                "clinic_id": identity(clinic),
                "is_income_transfer": payer == "patient" and payment_type == 0,
                "payment_count": len(group.payments),
                "payment_amount": group.amount,
                "unearned_amount": group.unearned,
                "hidden_unearned_amount": group.hidden,
            }
        )
    return rows


def _add_splits(practice: Practice, groups: dict[tuple[Any, ...], _Group]) -> None:
    """Add splits, discounts and unearned ones included, by the day and type of their payment."""
    payments = practice.by_key("payment", "PayNum")
    hidden_types = hidden_unearned_types(practice)
    shows_hidden = practice.preference("ReportsDoShowHiddenTPPrepayments", "0") == "1"
    for row in practice.rows("paysplit"):
        payment = payments.get(row["PayNum"])
        if payment is None:
            continue
        paid = day(payment["PayDate"]), "patient", payment["PayType"]
        group = groups[(*paid, row["ProvNum"], row["ClinicNum"])]
        group.payments.add(row["PayNum"])
        is_hidden = row["UnearnedType"] in hidden_types
        if is_hidden:
            group.hidden += row["SplitAmt"]
        if shows_hidden or not is_hidden:
            group.amount += row["SplitAmt"]
            if row["UnearnedType"]:
                group.unearned += row["SplitAmt"]


def _add_claim_procedures(practice: Practice, groups: dict[tuple[Any, ...], _Group]) -> None:
    """Add received claim procedures by the day and type of their check."""
    checks = practice.by_key("claimpayment", "ClaimPaymentNum")
    for row in practice.rows("claimproc"):
        check = checks.get(row["ClaimPaymentNum"])
        if check is None or row["Status"] not in RECEIVED:
            continue
        # The report prints DateCP of the claim procedure, and looks for the check's date.
        paid = day(check["CheckDate"]), "insurance", check["PayType"]
        group = groups[(*paid, row["ProvNum"], row["ClinicNum"])]
        group.payments.add(row["ClaimPaymentNum"])
        group.amount += row["InsPayAmt"]
