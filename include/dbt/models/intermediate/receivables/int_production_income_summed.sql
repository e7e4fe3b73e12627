{{ config(materialized='table') }}

with procedures as (

    select * from {{ ref('int_procedures_produced') }}

),

every_procedure as (

    select * from {{ ref('stg_open_dental__procedures') }}

),

scheduled_procedures as (

    select * from {{ ref('int_procedures_scheduled') }}

),

adjustments as (

    select * from {{ ref('int_adjustments_classified') }}

),

writeoffs as (

    select * from {{ ref('int_writeoffs_unioned') }}

),

estimates as (

    select * from {{ ref('int_writeoffs_unioned') }}
    where writeoff_kind = 'estimate'

),

claim_procedures as (

    select * from {{ ref('int_claim_procedures_classified') }}

),

claim_payments as (

    select * from {{ ref('stg_open_dental__claim_payments') }}

),

splits as (

    select * from {{ ref('int_payment_splits_classified') }}

),

payments as (

    select * from {{ ref('stg_open_dental__payments') }}

),

patients as not materialized (

    select * from {{ ref('stg_open_dental__patients') }}

),

providers as not materialized (

    select * from {{ ref('int_providers_classified') }}

),

procedure_codes as not materialized (

    select * from {{ ref('stg_open_dental__procedure_codes') }}

),

insurance_plans as (

    select * from {{ ref('stg_open_dental__insurance_plans') }}

),

carriers as (

    select * from {{ ref('stg_open_dental__carriers') }}

),

production as (

    select
        'production' as component,
        null::integer as writeoff_mode_code,
        'all' as report_scope,
        procedures.procedure_on as business_on,
        procedures.provider_id,
        procedures.clinic_id,
        procedures.production_amount as amount,
        true as is_in_monthly,
        case
            when patients.patient_id is null then 'no such patient'
            when providers.provider_id is null then 'no such provider'
            when procedure_codes.procedure_code_id is null then 'no such code'
        end as left_out_reason
    from procedures
    left join patients
        on procedures.patient_id = patients.patient_id
    left join providers
        on procedures.provider_id = providers.provider_id
    left join procedure_codes
        on procedures.procedure_code_id = procedure_codes.procedure_code_id

),

scheduled as (

    select
        scheduled_amounts.component,
        null::integer as writeoff_mode_code,
        'monthly' as report_scope,
        scheduled_procedures.scheduled_on as business_on,
        scheduled_procedures.provider_id,
        scheduled_amounts.clinic_id,
        scheduled_amounts.amount,
        true as is_in_monthly,
        null as left_out_reason
    from scheduled_procedures
    cross join lateral (
        values
        (
            'scheduled_production',
            scheduled_procedures.appointment_clinic_id,
            scheduled_procedures.scheduled_production_amount
        ),
        (
            'scheduled_discount',
            scheduled_procedures.clinic_id,
            scheduled_procedures.scheduled_discount_amount
        )
    ) as scheduled_amounts (component, clinic_id, amount)

),

adjusted as (

    select
        'adjustment' as component,
        null::integer as writeoff_mode_code,
        'all' as report_scope,
        adjustments.adjustment_on as business_on,
        adjustments.provider_id,
        adjustments.clinic_id,
        adjustments.adjustment_amount as amount,
        true as is_in_monthly,
        coalesce(
            adjustments.left_out_reason,
            case when providers.provider_id is null then 'no such provider' end
        ) as left_out_reason
    from adjustments
    left join providers
        on adjustments.provider_id = providers.provider_id

),

written_off as (

    select
        case
            when writeoff_kind = 'writeoff' then 'writeoff'
            else 'writeoff_' || writeoff_kind
        end as component,
        writeoff_mode_code,
        case when writeoff_kind = 'estimate' then 'monthly' else 'all' end as report_scope,
        business_on,
        provider_id,
        clinic_id,
        -writeoff_amount as amount,
        true as is_in_monthly,
        case
            when writeoff_kind = 'writeoff' and abs(writeoff_amount) <= 0.0001
                then 'next to nothing'
        end as left_out_reason
    from writeoffs

),

-- The daily report puts an estimate under the clinic of its procedure, and knows none without one.
estimated_by_procedure as (

    select
        'writeoff_estimate' as component,
        estimates.writeoff_mode_code,
        'daily' as report_scope,
        estimates.business_on,
        estimates.provider_id,
        every_procedure.clinic_id,
        -estimates.writeoff_amount as amount,
        false as is_in_monthly,
        case
            when every_procedure.procedure_id is null then 'no such procedure'
            when procedure_codes.procedure_code_id is null then 'no such code'
            when patients.patient_id is null then 'no such patient'
            when providers.provider_id is null then 'no such provider'
        end as left_out_reason
    from estimates
    left join every_procedure
        on estimates.procedure_id = every_procedure.procedure_id
    left join procedure_codes
        on every_procedure.procedure_code_id = procedure_codes.procedure_code_id
    left join patients
        on every_procedure.patient_id = patients.patient_id
    left join providers
        on estimates.provider_id = providers.provider_id

),

scopes as (

    select *
    from (values ('daily'), ('monthly')) as scopes (report_scope)

),

-- Both reports' dates in one pass: there are many splits, and few kinds of them a day. What tells
-- most rows apart stands first where they are grouped: they may be sorted by it.
splits_summed as (

    select
        splits.split_kind,
        splits.is_discount,
        splits.is_hidden_unearned,
        splits.paid_on,
        payments.paid_on as payment_on,
        payments.payment_id is null as is_without_payment,
        splits.provider_id,
        splits.clinic_id,
        sum(splits.split_amount) as split_amount
    from splits
    left join payments
        on splits.payment_id = payments.payment_id
    group by
        splits.paid_on,
        splits.provider_id,
        splits.clinic_id,
        payments.paid_on,
        payments.payment_id is null,
        splits.is_discount,
        splits.is_hidden_unearned,
        splits.split_kind

),

-- The monthly report counts a split by its own date, the daily one by that of its payment.
patient_paid as (

    select
        splits_summed.split_kind as component,
        null::integer as writeoff_mode_code,
        scopes.report_scope,
        case
            when scopes.report_scope = 'daily' then splits_summed.payment_on
            else splits_summed.paid_on
        end as business_on,
        splits_summed.provider_id,
        splits_summed.clinic_id,
        splits_summed.split_amount as amount,
        scopes.report_scope = 'monthly'
        and not splits_summed.is_discount
        and not splits_summed.is_hidden_unearned as is_in_monthly,
        case
            when splits_summed.is_hidden_unearned then 'hidden unearned'
            when scopes.report_scope = 'daily' and splits_summed.is_without_payment
                then 'no such payment'
            when scopes.report_scope = 'monthly' and splits_summed.is_discount then 'discount'
        end as left_out_reason
    from splits_summed
    cross join scopes

),

insurance_paid as (

    select
        'insurance_income' as component,
        null::integer as writeoff_mode_code,
        'all' as report_scope,
        claim_payments.check_on as business_on,
        claim_procedures.provider_id,
        claim_procedures.clinic_id,
        claim_procedures.insurance_pay_amount as amount,
        claim_payments.claim_payment_id is not null as is_in_monthly,
        case
            when claim_payments.claim_payment_id is null then 'on no check'
            when not claim_procedures.is_received then 'not received'
            when patients.patient_id is null then 'no such patient'
            when insurance_plans.insurance_plan_id is null then 'no such plan'
            when carriers.carrier_id is null then 'no such carrier'
            when providers.provider_id is null then 'no such provider'
        end as left_out_reason
    from claim_procedures
    left join claim_payments
        on claim_procedures.claim_payment_id = claim_payments.claim_payment_id
    left join patients
        on claim_procedures.patient_id = patients.patient_id
    left join insurance_plans
        on claim_procedures.insurance_plan_id = insurance_plans.insurance_plan_id
    left join carriers
        on insurance_plans.carrier_id = carriers.carrier_id
    left join providers
        on claim_procedures.provider_id = providers.provider_id

),

entries as (

    select * from production
    union all
    select * from scheduled
    union all
    select * from adjusted
    union all
    select * from written_off
    union all
    select * from estimated_by_procedure
    union all
    select * from patient_paid
    union all
    select * from insurance_paid

),

summed as (

    select
        component,
        writeoff_mode_code,
        report_scope,
        business_on,
        provider_id,
        clinic_id,
        is_in_monthly,
        report_scope <> 'monthly' and left_out_reason is null as is_in_daily,
        left_out_reason,
        sum(amount) as amount
    from entries
    where amount <> 0
    group by
        business_on,
        provider_id,
        clinic_id,
        component,
        writeoff_mode_code,
        report_scope,
        is_in_monthly,
        left_out_reason

)

select * from summed
