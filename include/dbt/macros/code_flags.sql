{# Generated from include/open_dental/codes.yml. #}
{# The codes that carry each flag, by list; the seed open_dental_codes says the same. #}
{% macro code_flags() %}
    {{ return({
        'ApptPriority': {
            'is_asap': ['1'],
        },
        'ApptStatus': {
            'is_scheduled': ['1'],
            'is_completed': ['2'],
            'is_unscheduled': ['3'],
            'is_broken': ['5'],
            'is_planned': ['6'],
            'is_note': ['7', '8'],
            'is_asap_candidate': ['1', '3', '5', '6'],
            'is_unscheduled_candidate': ['3', '5'],
            'is_off_schedule': ['3', '6'],
            'takes_chair_time': ['1', '2'],
        },
        'BenefitCoverageLevel': {
            'is_family': ['2'],
        },
        'BenefitQuantity': {
            'is_unlimited': ['0'],
        },
        'BenefitTimePeriod': {
            'is_yearly': ['1', '2'],
        },
        'BrokenApptProcedure': {
            'is_charted': ['1', '2', '3'],
            'is_missed_listed': ['0', '1', '3'],
            'is_cancelled_listed': ['2', '3'],
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
            'is_maximum_used': ['1', '3', '4'],
        },
        'ClaimStatus': {
            'is_sent': ['S'],
            'is_to_be_sent': ['U', 'H', 'W', 'I'],
        },
        'ClaimTrackingType': {
            'is_status': ['STATUSHISTORY'],
            'is_assignment': ['CLAIMUSER'],
        },
        'ClaimType': {
            'is_preauthorization': ['PREAUTH'],
        },
        'DefCat': {
            'is_adjustment_type': ['1'],
            'is_payment_type': ['10'],
            'is_insurance_payment_type': ['32'],
            'is_billing_type': ['4'],
            'is_communication_type': ['27'],
        },
        'EbenefitCategory': {
            'is_general': ['1'],
        },
        'HistAppointmentAction': {
            'is_missed': ['2'],
            'is_cancelled': ['3'],
            'is_changed': ['1'],
            'is_broken': ['2', '3'],
        },
        'InsBenefitType': {
            'is_limitation': ['5'],
        },
        'InsPlanType': {
            'is_ppo': ['P'],
            'is_capitation': ['C'],
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
            'is_existing_here': ['3'],
            'is_deleted': ['6'],
            'is_presented': ['1', '2'],
        },
        'ProviderStatus': {
            'is_deleted': ['1'],
        },
        'RecallPriority': {
            'is_asap': ['1'],
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
