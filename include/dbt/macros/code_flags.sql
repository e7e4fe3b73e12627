{# Generated from include/open_dental/codes.yml. #}
{# The codes that carry each flag, by list; the seed open_dental_codes says the same. #}
{% macro code_flags() %}
    {{ return({
        'ApptStatus': {
            'is_scheduled': ['1'],
            'is_completed': ['2'],
            'is_unscheduled': ['3'],
            'is_broken': ['5'],
            'is_planned': ['6'],
            'is_note': ['7', '8'],
            'is_asap_candidate': ['1', '3', '5', '6'],
            'takes_chair_time': ['1', '2'],
        },
        'BenefitCoverageLevel': {
            'is_family': ['2'],
        },
        'BenefitQuantity': {
            'is_unlimited': ['0'],
        },
        'ClaimProcStatus': {
            'is_not_received': ['0'],
            'is_first_received': ['1'],
            'is_received': ['1', '4'],
            'is_claimed': ['0', '1', '4'],
            'is_held_against_fee': ['0', '1', '3', '4', '5'],
            'is_preauthorization': ['2'],
            'is_estimate': ['6'],
            'is_capitation_estimate': ['8'],
            'is_capitation_completed': ['7'],
            'is_insurance_paid': ['1', '4', '5', '7'],
            'is_insurance_estimated': ['0', '6', '8', '9'],
            'is_in_ledger': ['0', '1', '4', '5', '7'],
            'is_settled': ['1', '4', '7'],
            'is_claim_paid': ['1', '4', '5'],
        },
        'HistAppointmentAction': {
            'is_missed': ['2'],
            'is_cancelled': ['3'],
            'is_changed': ['1'],
        },
        'InsBenefitType': {
            'is_limitation': ['5'],
        },
        'PatientStatus': {
            'is_patient': ['0'],
            'is_deleted': ['4'],
            'is_reachable': ['0', '6'],
        },
        'PayPlanChargeType': {
            'is_debit': ['0'],
            'is_credit': ['1'],
        },
        'PayPlanLinkType': {
            'is_adjustment': ['1'],
            'is_procedure': ['2'],
        },
        'PayPlansVersion': {
            'ages_debits': ['2'],
            'ages_credits': ['2', '3'],
            'ages_plan_payments': ['2', '4'],
            'credits_completed_amounts': ['1'],
            'credits_completed_insurance_amounts': ['1', '4'],
            'forgives_closed_plans': ['2'],
        },
        'ProcStat': {
            'is_planned': ['1'],
            'is_completed': ['2'],
            'is_done': ['2', '3', '4'],
            'is_deleted': ['6'],
            'is_presented': ['1', '2'],
        },
        'ProviderStatus': {
            'is_deleted': ['1'],
        },
        'ReferralType': {
            'is_source': ['1'],
        },
        'SchedStatus': {
            'is_open': ['0'],
        },
        'ScheduleType': {
            'is_provider': ['1'],
        },
        'TreatPlanStatus': {
            'is_saved': ['0'],
        },
    }) }}
{% endmacro %}
