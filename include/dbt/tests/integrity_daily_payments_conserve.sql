-- Every split of a payment that exists and what insurance paid on every check is in the report
-- once.
with mart as (

    select
        paid.payer_kind,
        sum(
            case
                when preferences.is_hidden_unearned_shown then paid.payment_amount
                else paid.payment_amount + paid.hidden_unearned_amount
            end
        ) as amount
    from {{ ref('od_daily_payments') }} as paid
    cross join {{ ref('int_preferences_pivoted') }} as preferences
    group by paid.payer_kind

),

source_sums as (

    select
        'patient' as payer_kind,
        sum(splits.split_amount) as amount
    from {{ ref('stg_open_dental__payment_splits') }} as splits
    inner join {{ ref('stg_open_dental__payments') }} as payments
        on splits.payment_id = payments.payment_id

    union all

    select
        'insurance' as payer_kind,
        sum(claim_procedures.insurance_pay_amount) as amount
    from {{ ref('stg_open_dental__claim_procedures') }} as claim_procedures
    inner join {{ ref('stg_open_dental__claim_payments') }} as claim_payments
        on claim_procedures.claim_payment_id = claim_payments.claim_payment_id
    where {{ has_flag('claim_procedure_status_code', 'ClaimProcStatus', 'is_received') }}

)

select source_sums.payer_kind
from source_sums
left join mart
    on source_sums.payer_kind = mart.payer_kind
where coalesce(source_sums.amount, 0) <> coalesce(mart.amount, 0)
