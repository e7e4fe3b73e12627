-- What a list of claims leaves out has its reason; nothing else is missing.
with claims as (

    select
        claims.claim_id,
        claims.claim_fee_amount,
        classified.left_out_reason,
        {{ has_flag('claims.claim_status_code', 'ClaimStatus', 'is_sent') }} as is_sent,
        {{ has_flag('claims.claim_status_code', 'ClaimStatus', 'is_to_be_sent') }} as is_to_be_sent
    from {{ ref('stg_open_dental__claims') }} as claims
    left join {{ ref('int_claims_classified') }} as classified
        on claims.claim_id = classified.claim_id

),

claims_of_procedures as (

    select claim_procedures.claim_id
    from {{ ref('stg_open_dental__claim_procedures') }} as claim_procedures
    inner join {{ ref('stg_open_dental__procedures') }} as procedures
        on claim_procedures.procedure_id = procedures.procedure_id
    inner join {{ ref('stg_open_dental__procedure_codes') }} as procedure_codes
        on procedures.procedure_code_id = procedure_codes.procedure_code_id
    inner join claims
        on claim_procedures.claim_id = claims.claim_id
    where claims.is_to_be_sent
    group by claim_procedures.claim_id

),

sums as (

    select
        'claims outstanding' as list_name,
        (
            select sum(claim_fee_amount) from claims
            where is_sent and left_out_reason is null
        ) as expected_amount,
        (select sum(claim_fee_amount) from {{ ref('od_claims_outstanding') }}) as amount

    union all

    select
        'claims not sent' as list_name,
        (
            select sum(claims.claim_fee_amount)
            from claims
            inner join claims_of_procedures
                on claims.claim_id = claims_of_procedures.claim_id
            where claims.is_to_be_sent and claims.left_out_reason is null
        ) as expected_amount,
        (select sum(claim_fee_amount) from {{ ref('od_claims_not_sent') }}) as amount

    union all

    select
        'partial checks' as list_name,
        (
            select sum(check_amount) from {{ ref('stg_open_dental__claim_payments') }}
            where is_partial
        ) as expected_amount,
        (
            select sum(payment_amount) from {{ ref('od_unfinalized_payments') }}
            where payment_kind = 'partial'
        ) as amount

    union all

    select
        'payments on no check' as list_name,
        (
            select sum(claim_procedures.insurance_pay_amount)
            from {{ ref('stg_open_dental__claim_procedures') }} as claim_procedures
            inner join {{ ref('stg_open_dental__insurance_plans') }} as plans
                on claim_procedures.insurance_plan_id = plans.insurance_plan_id
            inner join {{ ref('stg_open_dental__carriers') }} as carriers
                on plans.carrier_id = carriers.carrier_id
            where
                {{ has_flag(
                    'claim_procedures.claim_procedure_status_code',
                    'ClaimProcStatus',
                    'is_claim_paid',
                ) }}
                and claim_procedures.claim_payment_id is null
                and claim_procedures.is_transfer is not true
        ) as expected_amount,
        (
            select sum(payment_amount) from {{ ref('od_unfinalized_payments') }}
            where payment_kind = 'unfinalized'
        ) as amount

)

select list_name
from sums
where coalesce(expected_amount, 0) <> coalesce(amount, 0)
