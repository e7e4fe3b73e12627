with claim_payments as (

    select * from {{ ref('stg_open_dental__claim_payments') }}

),

claim_procedures as not materialized (

    select * from {{ ref('int_claim_procedures_classified') }}

),

insurance_plans as (

    select * from {{ ref('stg_open_dental__insurance_plans') }}

),

carriers as (

    select * from {{ ref('stg_open_dental__carriers') }}

),

claims as (

    select * from {{ ref('stg_open_dental__claims') }}

),

partial_checks as (

    select
        claim_payments.claim_payment_id,
        claim_payments.clinic_id,
        claim_payments.carrier_name,
        claim_payments.check_on,
        claim_payments.check_amount,
        min(claim_procedures.patient_id) as patient_id,
        count(distinct claim_procedures.patient_id) as patient_count
    from claim_payments
    left join claim_procedures
        on claim_payments.claim_payment_id = claim_procedures.claim_payment_id
    where claim_payments.is_partial
    group by
        claim_payments.claim_payment_id,
        claim_payments.clinic_id,
        claim_payments.carrier_name,
        claim_payments.check_on,
        claim_payments.check_amount

),

unpaid as (

    select
        claim_procedures.claim_id,
        claim_procedures.patient_id,
        claim_procedures.clinic_id,
        claim_procedures.claim_procedure_on,
        claim_procedures.insurance_pay_amount,
        carriers.carrier_name,
        row_number() over (
            partition by claim_procedures.claim_id
            order by claim_procedures.claim_procedure_id
        ) as row_number
    from claim_procedures
    inner join insurance_plans
        on claim_procedures.insurance_plan_id = insurance_plans.insurance_plan_id
    inner join carriers
        on insurance_plans.carrier_id = carriers.carrier_id
    where
        claim_procedures.is_claim_paid
        and claim_procedures.claim_payment_id is null
        and claim_procedures.insurance_pay_amount <> 0
        and claim_procedures.is_transfer is not true

),

-- Clinic and carrier are those of the first row.
unfinalized_claims as (

    select
        claim_id,
        min(patient_id) as patient_id,
        count(distinct patient_id) as patient_count,
        min(clinic_id) filter (where row_number = 1) as clinic_id,
        min(carrier_name) filter (where row_number = 1) as carrier_name,
        max(claim_procedure_on) as paid_on,
        sum(insurance_pay_amount) as payment_amount
    from unpaid
    group by claim_id

),

unioned as (

    select
        'partial' as payment_kind,
        claim_payment_id,
        null::bigint as claim_id,
        case when patient_count = 1 then patient_id end as patient_id,
        patient_count,
        clinic_id,
        carrier_name,
        check_on as paid_on,
        null::date as service_on,
        check_amount as payment_amount
    from partial_checks

    union all

    select
        'unfinalized' as payment_kind,
        null as claim_payment_id,
        unfinalized_claims.claim_id,
        case when unfinalized_claims.patient_count = 1 then unfinalized_claims.patient_id end
            as patient_id,
        unfinalized_claims.patient_count,
        unfinalized_claims.clinic_id,
        unfinalized_claims.carrier_name,
        unfinalized_claims.paid_on,
        claims.service_on,
        unfinalized_claims.payment_amount
    from unfinalized_claims
    left join claims
        on unfinalized_claims.claim_id = claims.claim_id

),

keyed as (

    select
        payment_kind || '-' || coalesce((coalesce(claim_payment_id, claim_id))::text, 'none')
            as unfinalized_payment_id,
        payment_kind,
        claim_payment_id,
        claim_id,
        patient_id,
        patient_count,
        clinic_id,
        carrier_name,
        paid_on,
        service_on,
        payment_amount,
        {{ quality_reason([
            ('paid_on is null', 'no date'),
            ('patient_count = 0', 'no such patient'),
        ]) }} as quality_reason
    from unioned

)

select * from keyed
