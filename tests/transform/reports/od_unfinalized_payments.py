"""Insurance payments that are not final: partial checks, and received claims without a check.

The report has no dates and no choices of default. A patient stands in `patient_id` where it is the
only one. Where the claim procedures of a claim differ in clinic or carrier, those of the first one
count. A partial check has no date of service.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

from tests.transform.reports.practice import Practice, Row, day, identity
from tests.transform.reports.rules import ZERO

PAID = (1, 4, 5)


def calculate(practice: Practice) -> list[Row]:
    """Return one row per partial check, and one per claim with money on no check."""
    return partial_payments(practice) + unfinalized_claims(practice)


def partial_payments(practice: Practice) -> list[Row]:
    """Return the checks that are marked partial."""
    on_check = practice.grouped("claimproc", "ClaimPaymentNum")
    rows: list[Row] = []
    for payment in practice.rows("claimpayment"):
        if payment["IsPartial"]:
            patients = known(on_check[payment["ClaimPaymentNum"]])
            rows.append(
                {
                    "payment_kind": "partial",
                    "claim_payment_id": payment["ClaimPaymentNum"],
                    "claim_id": None,
                    "patient_id": only(patients),
                    "patient_count": len(patients),
                    "clinic_id": identity(payment["ClinicNum"]),
                    "carrier_name": payment["CarrierName"],
                    "paid_on": day(payment["CheckDate"]),
                    "service_on": None,
                    "payment_amount": payment["CheckAmt"],
                }
            )
    return rows


def unfinalized_claims(practice: Practice) -> list[Row]:
    """Return the claims whose received money stands on no check; transfers do not count."""
    plans = practice.by_key("insplan", "PlanNum")
    carriers = practice.by_key("carrier", "CarrierNum")
    claims = practice.by_key("claim", "ClaimNum")
    groups: dict[int, list[Row]] = defaultdict(list)
    for row in practice.rows("claimproc"):
        plan = plans.get(row["PlanNum"])
        if (
            plan is not None
            and plan["CarrierNum"] in carriers
            and row["ClaimPaymentNum"] == 0
            and row["InsPayAmt"] != 0
            and row["Status"] in PAID
            and not row["IsTransfer"]
        ):
            groups[row["ClaimNum"]].append(row)
    rows: list[Row] = []
    for claim_number, group in groups.items():
        first = min(group, key=lambda row: row["ClaimProcNum"])
        patients = known(group)
        claim = claims.get(claim_number)
        rows.append(
            {
                "payment_kind": "unfinalized",
                "claim_payment_id": None,
                "claim_id": identity(claim_number),
                "patient_id": only(patients),
                "patient_count": len(patients),
                "clinic_id": identity(first["ClinicNum"]),
                "carrier_name": carriers[plans[first["PlanNum"]]["CarrierNum"]]["CarrierName"],
                "paid_on": day(max(row["DateCP"] for row in group)),
                "service_on": None if claim is None else day(claim["DateService"]),
                # The sum may be 0 although none of its parts is.
                "payment_amount": sum((row["InsPayAmt"] for row in group), ZERO),
            }
        )
    return rows


def known(claim_procedures: Iterable[Row]) -> set[int]:
    """Return the patients of claim procedures; some are of none."""
    return {row["PatNum"] for row in claim_procedures} - {0}


def only(patients: set[int]) -> int | None:
    """Return the patient where there is no other."""
    return identity(next(iter(patients))) if len(patients) == 1 else None
