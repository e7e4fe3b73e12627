"""What one row of each mart is: the columns that say which row of the calculation it must equal."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

# The marts that keep a snapshot per day.
SNAPSHOTS: Mapping[str, Sequence[str]] = {
    "od_aging": ("as_of_on", "guarantor_id"),
    "od_aging_writeoffs_aged": ("as_of_on", "guarantor_id"),
    "od_insurance_aging": ("as_of_on", "guarantor_id"),
    "od_insurance_aging_details": ("as_of_on", "guarantor_id", "carrier_name", "group_name"),
}
_BY_MODE = ("writeoff_mode_code", "business_on", "provider_id", "clinic_id")
KEYS: Mapping[str, Sequence[str]] = {
    **SNAPSHOTS,
    # Money by day.
    "od_production_income": ("report_name", *_BY_MODE),
    "mart_production_income": ("business_on", "provider_id", "clinic_id"),
    "od_provider_payroll": ("business_on", "provider_id", "clinic_id", "patient_id"),
    "od_net_production_details": (
        *("transaction_kind", "procedure_id", "claim_procedure_id", "adjustment_id"),
    ),
    "od_daily_payments": (
        *("paid_on", "payer_kind", "payment_type_id", "provider_id", "clinic_id"),
    ),
    "od_adjustments": ("adjustment_id",),
    "od_procedures": ("procedure_id",),
    "od_production_by_code": ("procedure_on", "procedure_code_id", "provider_id", "clinic_id"),
    "od_procedure_fees": ("fee_id",),
    "od_writeoffs": ("writeoff_mode_code", "writeoff_kind", "claim_procedure_id"),
    "od_ppo_writeoffs": ("writeoff_mode_code", "claim_procedure_id"),
    "od_finance_charges": ("adjustment_id",),
    "od_capitation": ("claim_procedure_id",),
    "od_production_goals": _BY_MODE,
    # Receivables.
    "od_receivables_breakdown": ("date_basis", "business_on", "provider_id"),
    "od_receivables_rollforward": ("date_on",),
    "od_reconcile_aging": ("guarantor_id",),
    "od_patient_portion_uncollected": ("procedure_id",),
    "od_insurance_overpaid": ("match_kind", "procedure_id", "patient_id", "procedure_on"),
    "od_procedures_overpaid": ("procedure_id",),
    "od_hidden_splits": ("payment_split_id",),
    "od_unearned": ("guarantor_id",),
    "od_unearned_lines": ("payment_split_id",),
    "od_unearned_net": ("patient_id",),
    "od_unearned_allocations": ("guarantor_id", "procedure_id"),
    "od_payment_plans": ("payment_plan_id",),
    "od_payment_plans_overcharged": ("payment_plan_link_id",),
    "od_insurance_plans_past_due": ("payment_plan_id",),
    # Its source row has no column of its own.
    "od_service_dates": (
        *("entry_type", "patient_id", "procedure_id", "service_on", "transaction_on"),
    ),
    # Claims.
    "od_claims_outstanding": ("claim_id",),
    "od_claims_not_sent": ("claim_id",),
    "od_procedures_not_billed": ("procedure_id",),
    "od_unfinalized_payments": ("payment_kind", "claim_payment_id", "claim_id"),
    "od_insurance_company_patients": ("subscription_id",),
    "od_discount_plan_patients": ("discount_plan_subscription_id",),
    # Treatment, schedule, patients.
    "od_treatment_finder": ("patient_id",),
    "od_presented_treatment": ("treatment_plan_id", "procedure_id"),
    "od_presented_production": ("presentation", "procedure_id"),
    "od_unscheduled": ("appointment_id",),
    "od_planned": ("appointment_id",),
    "od_asap": ("appointment_id",),
    "od_asap_recalls": ("recall_id",),
    "od_broken_appointments": (
        *("basis", "broken_on", "appointment_id", "procedure_id", "adjustment_id"),
    ),
    "od_appointments": ("appointment_id",),
    "od_recalls_due": ("recall_id",),
    "od_new_patients": ("patient_id",),
    "od_active_patients": ("patient_id", "month_on"),
    "od_referrals": ("referral_id", "patient_id", "business_on", "provider_id"),
    "od_sealant_measure": ("year_number", "provider_name"),
    "od_prescriptions": ("prescription_id",),
    "od_incomplete_notes": ("procedure_id",),
}
