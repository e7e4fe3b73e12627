"""Claims not sent: claims that are unsent, held, waiting to be sent or held for in-process.

The form opens with the last seven days of service; nothing else is a choice of default.
`procedure_codes` has one code per claim procedure, in order, with a comma and a space between.
"""

from __future__ import annotations

from tests.transform.reports.practice import Practice, Row, day, identity
from tests.transform.reports.rules import procedure_codes

NOT_SENT = ("U", "H", "W", "I")


def calculate(practice: Practice) -> list[Row]:
    """Return one row per claim not sent that holds a procedure; a claim without is not listed."""
    plans = practice.by_key("insplan", "PlanNum")
    carriers = practice.by_key("carrier", "CarrierNum")
    patients = practice.by_key("patient", "PatNum")
    procedures = practice.by_key("procedurelog", "ProcNum")
    codes = procedure_codes(practice)
    claim_procedures = practice.grouped("claimproc", "ClaimNum")
    rows: list[Row] = []
    for claim in practice.rows("claim"):
        plan = plans.get(claim["PlanNum"])
        if (
            claim["ClaimStatus"].upper() not in NOT_SENT
            or plan is None
            or plan["CarrierNum"] not in carriers
            or claim["PatNum"] not in patients
        ):
            continue
        claimed = []
        for claim_procedure in claim_procedures[claim["ClaimNum"]]:
            procedure = procedures.get(claim_procedure["ProcNum"])
            if procedure is not None and procedure["CodeNum"] in codes:
                claimed.append(codes[procedure["CodeNum"]])
        if not claimed:
            continue
        rows.append(
            {
                "claim_id": claim["ClaimNum"],
                "patient_id": claim["PatNum"],
                "carrier_id": plan["CarrierNum"],
                "clinic_id": identity(claim["ClinicNum"]),
                "claim_type_code": claim["ClaimType"].upper(),
                "claim_status_code": claim["ClaimStatus"].upper(),
                "service_on": day(claim["DateService"]),
                "claim_fee_amount": claim["ClaimFee"],
                "procedure_codes": ", ".join(sorted(claimed)),
            }
        )
    return rows
