with procedures as not materialized (

    select * from {{ ref('stg_open_dental__procedures') }}

),

patients as (

    select * from {{ ref('stg_open_dental__patients') }}

),

appointments as (

    select * from {{ ref('stg_open_dental__appointments') }}

),

providers as (

    select * from {{ ref('int_providers_classified') }}

),

billing_types as (

    select * from {{ ref('int_billing_types_shown') }}

),

primary_plans as (

    select * from {{ ref('int_primary_plans_maximized') }}

),

claim_procedures as (

    select * from {{ ref('int_claim_procedures_classified') }}

),

limited_codes as (

    select * from {{ ref('int_plan_codes_limited') }}

),

planned as (

    select
        patient_id,
        sum(fee_amount) as planned_amount
    from procedures
    where
        {{ has_flag('procedure_status_code', 'ProcStat', 'is_planned') }}
        and treatment_planned_on
        between ({{ office_today() }} - interval '1 year')::date and {{ office_today() }}
    group by patient_id
    having sum(fee_amount) > 0

),

scheduled_patients as (

    select patient_id
    from appointments
    where
        {{ has_flag('appointment_status_code', 'ApptStatus', 'is_scheduled') }}
        and scheduled_at >= {{ office_today() }}
    group by patient_id

),

found as (

    select
        patients.patient_id,
        planned.planned_amount,
        patients.primary_provider_id,
        patients.billing_type_id,
        patients.clinic_id,
        primary_plans.patient_plan_id,
        primary_plans.insurance_subscription_id,
        primary_plans.insurance_plan_id,
        primary_plans.carrier_id,
        primary_plans.renew_month_number,
        primary_plans.year_begins_on,
        primary_plans.individual_maximum_amount,
        primary_plans.family_maximum_amount
    from planned
    inner join patients
        on planned.patient_id = patients.patient_id
    left join primary_plans
        on patients.patient_id = primary_plans.patient_id
    where {{ has_flag('patients.patient_status_code', 'PatientStatus', 'is_patient') }}

),

-- A subscription has one plan, and so one year.
found_subscriptions as (

    select
        insurance_subscription_id,
        insurance_plan_id,
        year_begins_on
    from found
    where insurance_plan_id is not null
    group by insurance_subscription_id, insurance_plan_id, year_begins_on

),

-- What insurance paid and will pay of the year's maximum, for the patients that are found.
patient_use as (

    select
        claim_procedures.insurance_subscription_id,
        claim_procedures.patient_id,
        coalesce(
            sum(claim_procedures.insurance_pay_amount) filter (
                where
                {{ has_flag(
                    'claim_procedures.claim_procedure_status_code',
                    'ClaimProcStatus',
                    'is_maximum_used',
                ) }}
            ),
            0
        ) as used_amount,
        coalesce(
            sum(claim_procedures.insurance_pay_estimate_amount) filter (
                where
                claim_procedures.is_not_received
                and claim_procedures.insurance_pay_amount = 0
            ),
            0
        ) as pending_amount
    from claim_procedures
    inner join found_subscriptions
        on
            claim_procedures.insurance_subscription_id
            = found_subscriptions.insurance_subscription_id
    inner join found
        on claim_procedures.patient_id = found.patient_id
    left join procedures
        on claim_procedures.procedure_id = procedures.procedure_id
    left join limited_codes
        on
            found_subscriptions.insurance_plan_id = limited_codes.insurance_plan_id
            and procedures.procedure_code_id = limited_codes.procedure_code_id
    where
        claim_procedures.procedure_on >= found_subscriptions.year_begins_on
        and claim_procedures.procedure_on
        < (found_subscriptions.year_begins_on + interval '1 year')::date
        and limited_codes.insurance_plan_id is null
    group by claim_procedures.insurance_subscription_id, claim_procedures.patient_id

),

family_use as (

    select
        insurance_subscription_id,
        sum(used_amount) as used_amount,
        sum(pending_amount) as pending_amount
    from patient_use
    group by insurance_subscription_id

),

used as (

    select
        found.*,
        case when found.insurance_plan_id is not null then coalesce(patient_use.used_amount, 0) end
            as individual_used_amount,
        case
            when found.insurance_plan_id is not null then coalesce(patient_use.pending_amount, 0)
        end as individual_pending_amount,
        case when found.insurance_plan_id is not null then coalesce(family_use.used_amount, 0) end
            as family_used_amount,
        case
            when found.insurance_plan_id is not null then coalesce(family_use.pending_amount, 0)
        end as family_pending_amount
    from found
    left join patient_use
        on
            found.insurance_subscription_id = patient_use.insurance_subscription_id
            and found.patient_id = patient_use.patient_id
    left join family_use
        on found.insurance_subscription_id = family_use.insurance_subscription_id

),

listed as (

    select
        used.patient_id,
        {{ office_today() }} as as_of_on,
        used.planned_amount,
        scheduled_patients.patient_id is not null as has_scheduled_appointment,
        used.patient_plan_id,
        used.carrier_id,
        used.renew_month_number,
        used.individual_maximum_amount,
        used.individual_used_amount,
        used.individual_pending_amount,
        used.individual_maximum_amount
        - used.individual_used_amount
        - used.individual_pending_amount as individual_remaining_amount,
        used.family_maximum_amount,
        used.family_used_amount,
        used.family_pending_amount,
        used.family_maximum_amount - used.family_used_amount - used.family_pending_amount
            as family_remaining_amount,
        used.primary_provider_id,
        used.billing_type_id,
        used.clinic_id,
        coalesce(providers.is_listed_provider, false) as is_listed_provider,
        scheduled_patients.patient_id is null
        and coalesce(used.renew_month_number = 0, false)
        and coalesce(providers.is_listed_provider, false)
        and billing_types.billing_type_id is not null as is_in_default_report,
        {{ quality_reason([
            ('providers.provider_id is null', 'no such provider'),
            ('used.patient_plan_id is not null and used.insurance_plan_id is null', 'no such plan'),
        ]) }} as quality_reason
    from used
    left join scheduled_patients
        on used.patient_id = scheduled_patients.patient_id
    left join providers
        on used.primary_provider_id = providers.provider_id
    left join billing_types
        on used.billing_type_id = billing_types.billing_type_id

)

select * from listed
