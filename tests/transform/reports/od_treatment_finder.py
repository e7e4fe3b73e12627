"""Treatment finder: patients with treatment planned in the last year, and what insurance has left.

The form opens with patients who have no scheduled appointment, whose primary plan renews with the
calendar year (MonthRenew 0, its first choice, so that patients without insurance are not in it),
whose provider is listed and whose billing type is not hidden: is_in_default_report. The amounts of
the insurance are none without a plan; a plan without maximum has -1, as the report computes; and
what remains is not cut off at 0, as the grid does for the eye. The family's amounts are those of
the patients found, who are all of this mart.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection
from decimal import Decimal

from tests.transform.reports.benefits import (
    claimed_codes,
    is_in_benefit_year,
    limited_spans,
    maximums,
)
from tests.transform.reports.practice import Practice, Row, identity
from tests.transform.reports.rules import (
    ZERO,
    fee,
    listed_providers,
    months_later,
    shown_billing_types,
)

PLANNED = 1
SCHEDULED = 1
PRIMARY = 1
WHO = ("individual", "family")
USED = (1, 3, 4)
NOT_RECEIVED = 0


def calculate(practice: Practice) -> list[Row]:
    """Return one row per patient with planned treatment of the last year."""
    patients = practice.by_key("patient", "PatNum")
    scheduled = {
        row["PatNum"]
        for row in practice.rows("appointment")
        if row["AptStatus"] == SCHEDULED and row["AptDateTime"].date() >= practice.today
    }
    planned = planned_amounts(practice)
    insurance = insurance_of(practice, planned)
    listed = listed_providers(practice)
    billing_types = shown_billing_types(practice)
    rows: list[Row] = []
    for number, amount in planned.items():
        patient = patients[number]
        is_listed = patient["PriProv"] in listed
        rows.append(
            {
                "patient_id": number,
                "as_of_on": practice.today,
                "planned_amount": amount,
                "has_scheduled_appointment": number in scheduled,
                **insurance[number],
                "primary_provider_id": identity(patient["PriProv"]),
                "billing_type_id": identity(patient["BillingType"]),
                "clinic_id": identity(patient["ClinicNum"]),
                "is_listed_provider": is_listed,
                "is_in_default_report": (
                    number not in scheduled
                    and insurance[number]["renew_month_number"] == 0
                    and is_listed
                    and patient["BillingType"] in billing_types
                ),
            }
        )
    return rows


def planned_amounts(practice: Practice) -> dict[int, Decimal]:
    """Return the fees planned within a year up to today by patient, where there are any."""
    patients = practice.by_key("patient", "PatNum")
    since = months_later(practice.today, -12)
    sums: dict[int, Decimal] = defaultdict(lambda: ZERO)
    for procedure in practice.rows("procedurelog"):
        if procedure["ProcStatus"] == PLANNED and since <= procedure["DateTP"] <= practice.today:
            sums[procedure["PatNum"]] += fee(procedure)
    return {
        number: amount
        for number, amount in sums.items()
        if amount > 0 and number in patients and patients[number]["PatStatus"] == 0
    }


def insurance_of(practice: Practice, found: Collection[int]) -> dict[int, Row]:
    """Return the columns of the primary plan by patient; of several primary plans the first.

    A plan whose subscription or own row is gone stands with nothing but its id.
    """
    subscriptions = practice.by_key("inssub", "InsSubNum")
    plans = practice.by_key("insplan", "PlanNum")
    primaries: dict[int, Row] = {}
    for patient_plan in sorted(practice.rows("patplan"), key=lambda row: row["PatPlanNum"]):
        if patient_plan["Ordinal"] == PRIMARY:
            primaries.setdefault(patient_plan["PatNum"], patient_plan)
    counting = counting_claim_procedures(practice, found)
    maximum = {who: maximums(practice, of_family=who == "family") for who in WHO}
    insurance: dict[int, Row] = {}
    for number in found:
        primary = primaries.get(number)
        subscription = subscriptions.get(primary["InsSubNum"]) if primary else None
        plan = plans.get(subscription["PlanNum"]) if subscription else None
        columns: dict[str, object] = {
            "patient_plan_id": primary["PatPlanNum"] if primary else None,
            "carrier_id": identity(plan["CarrierNum"]) if plan else None,
            "renew_month_number": plan["MonthRenew"] if plan else None,
        }
        of_family = counting[subscription["InsSubNum"]] if subscription else []
        own = [row for row in of_family if row["PatNum"] == number]
        for who, of_whom in zip(WHO, (own, of_family), strict=True):
            columns |= amounts(who, maximum[who][plan["PlanNum"]] if plan else None, of_whom)
        insurance[number] = columns
    return insurance


def counting_claim_procedures(practice: Practice, found: Collection[int]) -> dict[int, list[Row]]:
    """Return the claim procedures of this benefit year by subscription, of the patients found.

    Where the office asks for it, those that another limitation of the plan covers do not count.
    """
    subscriptions = practice.by_key("inssub", "InsSubNum")
    plans = practice.by_key("insplan", "PlanNum")
    all_general = practice.preference("TreatFinderProcsAllGeneral", "1") != "0"
    spans = limited_spans(practice)
    codes = claimed_codes(practice)
    counting: dict[int, list[Row]] = defaultdict(list)
    for row in practice.rows("claimproc"):
        subscription = subscriptions.get(row["InsSubNum"])
        plan = plans.get(subscription["PlanNum"]) if subscription else None
        if (
            plan is None
            or row["PatNum"] not in found
            or not is_in_benefit_year(row["ProcDate"], plan["MonthRenew"], practice.today)
        ):
            continue
        code = codes.get(row["ClaimProcNum"])
        is_limited = code is not None and any(
            first <= code <= last for first, last in spans[plan["PlanNum"]]
        )
        if all_general or not is_limited:
            counting[row["InsSubNum"]].append(row)
    return counting


def amounts(who: str, maximum: Decimal | None, claim_procedures: list[Row]) -> Row:
    """Return what is used and pending of a maximum, and what remains; nothing without a plan."""
    used = sum((row["InsPayAmt"] for row in claim_procedures if row["Status"] in USED), ZERO)
    pending = sum(
        (
            row["InsPayEst"]
            for row in claim_procedures
            if row["Status"] == NOT_RECEIVED and row["InsPayAmt"] == 0
        ),
        ZERO,
    )
    has_plan = maximum is not None
    return {
        f"{who}_maximum_amount": maximum,
        f"{who}_used_amount": used if has_plan else None,
        f"{who}_pending_amount": pending if has_plan else None,
        f"{who}_remaining_amount": None if maximum is None else maximum - used - pending,
    }
