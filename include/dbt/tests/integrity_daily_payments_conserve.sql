-- Every payment and every check is in the report once.
with mart as (

    select
        payer_kind,
        sum(payment_count) as payment_count,
        sum(payment_amount) as payment_amount
    from {{ ref('od_daily_payments') }}
    group by payer_kind

),

source_sums as (

    select
        'patient' as payer_kind,
        count(*) as payment_count,
        sum(payment_amount) as payment_amount
    from {{ ref('stg_open_dental__payments') }}
    where payment_amount <> 0
    having count(*) > 0

    union all

    select
        'insurance' as payer_kind,
        count(*) as payment_count,
        sum(check_amount) as payment_amount
    from {{ ref('stg_open_dental__claim_payments') }}
    having count(*) > 0

)

select source_sums.payer_kind
from source_sums
full outer join mart
    on source_sums.payer_kind = mart.payer_kind
where
    source_sums.payment_count is distinct from mart.payment_count
    or source_sums.payment_amount is distinct from mart.payment_amount
