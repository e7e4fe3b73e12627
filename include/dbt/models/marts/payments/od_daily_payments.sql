with payments as (

    select * from {{ ref('stg_open_dental__payments') }}

),

claim_payments as (

    select * from {{ ref('stg_open_dental__claim_payments') }}

),

definitions as (

    select * from {{ ref('stg_open_dental__definitions') }}

),

receipts as (

    select
        'patient' as payer_kind,
        paid_on,
        payment_type_id,
        clinic_id,
        payment_amount as amount
    from payments
    where payment_amount <> 0

    union all

    select
        'insurance' as payer_kind,
        check_on as paid_on,
        payment_type_id,
        clinic_id,
        check_amount as amount
    from claim_payments

),

summed as (

    select
        paid_on,
        payer_kind,
        payment_type_id,
        clinic_id,
        count(*) as payment_count,
        sum(amount) as payment_amount
    from receipts
    group by paid_on, payer_kind, payment_type_id, clinic_id

),

named as (

    select
        coalesce(summed.paid_on::text, 'undated')
        || '-' || summed.payer_kind
        || '-' || coalesce(summed.payment_type_id::text, 'none')
        || '-' || coalesce(summed.clinic_id::text, 'none') as daily_payment_id,
        summed.paid_on,
        summed.payer_kind,
        summed.payment_type_id,
        definitions.item_name as payment_type_name,
        summed.clinic_id,
        summed.payment_count,
        summed.payment_amount
    from summed
    left join definitions
        on summed.payment_type_id = definitions.definition_id

)

select * from named
