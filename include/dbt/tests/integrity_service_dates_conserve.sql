-- Every procedure, adjustment and payment of the accounts is in od_service_dates once; of patients
-- who are gone, and of procedures whose code is, nothing is.
with settings as (

    select {{ has_flag('payment_plans_version', 'PayPlansVersion', 'ages_debits') }} as ages_debits
    from {{ ref('int_preferences_pivoted') }}

),

patients as (

    select patient_id
    from {{ ref('stg_open_dental__patients') }}

),

mart as (

    select
        entry_type,
        count(*) as entry_count,
        sum(charge_amount - credit_amount) as amount
    from {{ ref('od_service_dates') }}
    where {{ is_untested(ref('od_service_dates'), 'patient_id') }}
    group by entry_type

),

source_sums as (

    select
        'procedure' as entry_type,
        count(*) as entry_count,
        sum(produced.production_amount) as amount
    from {{ ref('int_procedures_produced') }} as produced
    inner join {{ ref('stg_open_dental__procedure_codes') }} as procedure_codes
        on produced.procedure_code_id = procedure_codes.procedure_code_id
    inner join patients
        on produced.patient_id = patients.patient_id
    where {{ is_untested(ref('od_service_dates'), 'produced.patient_id') }}

    union all

    select
        'adjustment' as entry_type,
        count(*) as entry_count,
        sum(adjustments.adjustment_amount) as amount
    from {{ ref('stg_open_dental__adjustments') }} as adjustments
    inner join patients
        on adjustments.patient_id = patients.patient_id
    where {{ is_untested(ref('od_service_dates'), 'adjustments.patient_id') }}

    union all

    select
        'patient_payment' as entry_type,
        count(*) as entry_count,
        -sum(splits.split_amount) as amount
    from {{ ref('stg_open_dental__payment_splits') }} as splits
    cross join settings
    inner join patients
        on splits.patient_id = patients.patient_id
    where
        (settings.ages_debits or splits.payment_plan_id is null)
        and {{ is_untested(ref('od_service_dates'), 'splits.patient_id') }}

    union all

    select
        'insurance_payment' as entry_type,
        count(*) as entry_count,
        -sum(claim_procedures.insurance_pay_amount) as amount
    from {{ ref('int_claim_procedures_classified') }} as claim_procedures
    inner join patients
        on claim_procedures.patient_id = patients.patient_id
    where
        claim_procedures.is_claim_paid
        and claim_procedures.payment_plan_id is null
        and claim_procedures.insurance_pay_amount <> 0
        and {{ is_untested(ref('od_service_dates'), 'claim_procedures.patient_id') }}

)

select source_sums.entry_type
from source_sums
left join mart
    on source_sums.entry_type = mart.entry_type
where
    source_sums.entry_count <> coalesce(mart.entry_count, 0)
    or coalesce(source_sums.amount, 0) <> coalesce(mart.amount, 0)
