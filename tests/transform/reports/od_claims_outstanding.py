"""Outstanding insurance claims: every claim that was sent and has no answer yet.

The form opens with claims sent 30 days ago or earlier, by the date sent, preauthorizations
included, of listed providers, without those that their tracking status suppresses:
is_in_default_report. A status without a number of days suppresses for none.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import timedelta

from tests.transform.reports.practice import Practice, Row, day, identity
from tests.transform.reports.rules import listed_providers

DAYS_OLD = 30


def calculate(practice: Practice) -> list[Row]:
    """Return one row per sent claim whose plan, carrier and patient exist."""
    plans = practice.by_key("insplan", "PlanNum")
    carriers = practice.by_key("carrier", "CarrierNum")
    patients = practice.by_key("patient", "PatNum")
    definitions = practice.by_key("definition", "DefNum")
    trackings = practice.grouped("claimtracking", "ClaimNum")
    listed = listed_providers(practice)
    rows: list[Row] = []
    for claim in practice.rows("claim"):
        plan = plans.get(claim["PlanNum"])
        if (
            claim["ClaimStatus"].upper() != "S"
            or plan is None
            or plan["CarrierNum"] not in carriers
            or claim["PatNum"] not in patients
        ):
            continue
        definition = definitions.get(claim["CustomTracking"])
        entry = None if definition is None else status_entry(claim, trackings[claim["ClaimNum"]])
        until = None
        if definition is not None and entry is not None:
            until = entry["DateTimeEntry"].date() + timedelta(days=days_suppressed(definition))
        is_suppressed = until is not None and until > practice.today
        is_listed = claim["ProvTreat"] in listed
        sent = day(claim["DateSent"])
        # An empty date is long ago, so a claim without a date sent counts as old.
        is_old = claim["DateSent"] <= practice.today - timedelta(days=DAYS_OLD)
        rows.append(
            {
                "claim_id": claim["ClaimNum"],
                "as_of_on": practice.today,
                "patient_id": claim["PatNum"],
                "carrier_id": plan["CarrierNum"],
                "insurance_plan_id": claim["PlanNum"],
                "subscription_id": identity(claim["InsSubNum"]),
                "provider_id": identity(claim["ProvTreat"]),
                "clinic_id": identity(claim["ClinicNum"]),
                "claim_type_code": claim["ClaimType"].upper(),
                "service_on": day(claim["DateService"]),
                "sent_on": sent,
                "original_sent_on": day(claim["DateSentOrig"]),
                "days_outstanding": None if sent is None else (practice.today - sent).days,
                "claim_fee_amount": claim["ClaimFee"],
                "custom_tracking_id": identity(claim["CustomTracking"]),
                "tracking_error_id": identity(entry["TrackingErrorDefNum"]) if entry else None,
                "tracked_on": day(entry["DateTimeEntry"]) if entry else None,
                "suppressed_until_on": until,
                "assigned_user_id": assigned_user(trackings[claim["ClaimNum"]]),
                "is_suppressed": is_suppressed,
                "is_preauthorization": claim["ClaimType"].upper() == "PREAUTH",
                "is_listed_provider": is_listed,
                "is_in_default_report": is_old and is_listed and not is_suppressed,
            }
        )
    return rows


def status_entry(claim: Row, trackings: Iterable[Row]) -> Row | None:
    """Return the entry that set the claim's tracking status, if no later one names a status.

    An entry of another type may be that later one. Of entries of one moment the last entered
    counts.
    """
    naming = [row for row in trackings if row["TrackingDefNum"]]
    latest = max((row["DateTimeEntry"] for row in naming), default=None)
    return max(
        (
            row
            for row in naming
            if row["DateTimeEntry"] == latest
            and row["TrackingDefNum"] == claim["CustomTracking"]
            and row["TrackingType"].upper() == "STATUSHISTORY"
        ),
        key=lambda row: row["ClaimTrackingNum"],
        default=None,
    )


def days_suppressed(definition: Row) -> int:
    """Return the days for which a status suppresses a claim."""
    number = re.match(r"\s*\d+", definition["ItemValue"])
    return int(number[0]) if number else 0


def assigned_user(trackings: Iterable[Row]) -> int | None:
    """Return the user of the latest entry that assigned the claim."""
    latest = max(
        (row for row in trackings if row["TrackingType"].upper() == "CLAIMUSER"),
        key=lambda row: (row["DateTimeEntry"], row["ClaimTrackingNum"]),
        default=None,
    )
    return None if latest is None else identity(latest["UserNum"])
