"""Capitation: what plans that pay by head leave to the patient."""

from __future__ import annotations

from tests.transform.reports.practice import Practice, Row, day
from tests.transform.reports.rules import CAPITATION_COMPLETE, COMPLETE

CAPITATION = "C"


def calculate(practice: Practice) -> list[Row]:
    """Return a row per claim procedure of capitation; everything that it names has to exist."""
    procedures = practice.by_key("procedurelog", "ProcNum")
    patients = practice.by_key("patient", "PatNum")
    codes = practice.by_key("procedurecode", "CodeNum")
    plans = practice.by_key("insplan", "PlanNum")
    carriers = practice.by_key("carrier", "CarrierNum")
    subscriptions = practice.by_key("inssub", "InsSubNum")
    rows: list[Row] = []
    for row in practice.rows("claimproc"):
        if row["Status"] != CAPITATION_COMPLETE or row["NoBillIns"]:
            continue
        procedure = procedures.get(row["ProcNum"])
        plan = plans.get(row["PlanNum"])
        subscription = subscriptions.get(row["InsSubNum"])
        if procedure is None or plan is None or subscription is None:
            continue
        if procedure["ProcStatus"] != COMPLETE or plan["PlanType"].upper() != CAPITATION:
            continue
        code = codes.get(procedure["CodeNum"])
        people = {procedure["PatNum"], subscription["Subscriber"]}
        if code is None or plan["CarrierNum"] not in carriers or not people <= patients.keys():
            continue
        rows.append(
            {
                "claim_procedure_id": row["ClaimProcNum"],
                "procedure_id": row["ProcNum"],
                "procedure_on": day(procedure["ProcDate"]),
                "patient_id": procedure["PatNum"],
                "subscriber_id": subscription["Subscriber"],
                "carrier_id": plan["CarrierNum"],
                "insurance_plan_id": row["PlanNum"],
                "procedure_code": code["ProcCode"].upper(),
                # Units do not count here.
                "fee_amount": procedure["ProcFee"],
                "patient_amount": procedure["ProcFee"] - row["WriteOff"],
            }
        )
    return rows
