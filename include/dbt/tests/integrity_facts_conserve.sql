-- The facts have as many rows and as much money as what they are made of.
with facts as (

    select
        'procedures' as fact,
        count(*) as row_count,
        sum(fee_amount) as amount
    from {{ ref('fct_procedures') }}

    union all

    select
        'payments' as fact,
        count(*) as row_count,
        sum(payment_amount) as amount
    from {{ ref('fct_payments') }}

    union all

    select
        'patients' as fact,
        count(*) as row_count,
        0 as amount
    from {{ ref('dim_patients') }}

    union all

    select
        'providers' as fact,
        count(*) as row_count,
        0 as amount
    from {{ ref('dim_providers') }}

),

source_sums as (

    select
        'procedures' as fact,
        count(*) as row_count,
        sum(fee_amount) as amount
    from {{ ref('stg_open_dental__procedures') }}

    union all

    select
        'payments' as fact,
        count(*) as row_count,
        sum(payment_amount) as amount
    from {{ ref('stg_open_dental__payments') }}

    union all

    select
        'patients' as fact,
        count(*) as row_count,
        0 as amount
    from {{ ref('stg_open_dental__patients') }}

    union all

    select
        'providers' as fact,
        count(*) as row_count,
        0 as amount
    from {{ ref('stg_open_dental__providers') }}

)

select facts.fact
from facts
inner join source_sums
    on facts.fact = source_sums.fact
where
    facts.row_count <> source_sums.row_count
    or coalesce(facts.amount, 0) <> coalesce(source_sums.amount, 0)
