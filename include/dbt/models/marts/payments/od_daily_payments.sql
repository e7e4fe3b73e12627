{{ config(indexes=[{'columns': ['paid_on']}]) }}

with payments as (

    select * from {{ ref('stg_open_dental__payments') }}

),

splits as (

    select * from {{ ref('int_payment_splits_classified') }}

),

claim_payments as (

    select * from {{ ref('stg_open_dental__claim_payments') }}

),

claim_procedures as (

    select * from {{ ref('int_claim_procedures_classified') }}

),

definitions as (

    select * from {{ ref('stg_open_dental__definitions') }}

),

preferences as (

    select * from {{ ref('int_preferences_pivoted') }}

),

providers as (

    select * from {{ ref('int_providers_classified') }}

),

payment_types as (

    select
        definition_id as payment_type_id,
        item_name as payment_type_name,
        case
            when {{ has_flag('category_code', 'DefCat', 'is_payment_type') }} then 'patient'
            when {{ has_flag('category_code', 'DefCat', 'is_insurance_payment_type') }}
                then 'insurance'
        end as payer_kind
    from definitions

),

parts as (

    select
        payments.paid_on,
        'patient' as payer_kind,
        payments.payment_type_id,
        splits.provider_id,
        splits.clinic_id,
        payments.payment_id as receipt_id,
        splits.split_kind,
        splits.split_amount as amount
    from splits
    inner join payments
        on splits.payment_id = payments.payment_id

    union all

    select
        claim_payments.check_on as paid_on,
        'insurance' as payer_kind,
        claim_payments.payment_type_id,
        claim_procedures.provider_id,
        claim_procedures.clinic_id,
        claim_payments.claim_payment_id as receipt_id,
        'income' as split_kind,
        claim_procedures.insurance_pay_amount as amount
    from claim_procedures
    inner join claim_payments
        on claim_procedures.claim_payment_id = claim_payments.claim_payment_id
    where claim_procedures.is_received

),

-- First by payment or check, which is cheaper than to count them apart in each row.
receipts as (

    select
        paid_on,
        payer_kind,
        payment_type_id,
        provider_id,
        clinic_id,
        receipt_id,
        coalesce(sum(amount) filter (where split_kind <> 'hidden_unearned'), 0) as shown_amount,
        coalesce(sum(amount) filter (where split_kind = 'unearned'), 0) as unearned_amount,
        coalesce(sum(amount) filter (where split_kind = 'hidden_unearned'), 0)
            as hidden_unearned_amount
    from parts
    group by receipt_id, provider_id, clinic_id, paid_on, payment_type_id, payer_kind

),

summed as (

    select
        paid_on,
        payer_kind,
        payment_type_id,
        provider_id,
        clinic_id,
        count(*) as payment_count,
        sum(shown_amount) as shown_amount,
        sum(unearned_amount) as unearned_amount,
        sum(hidden_unearned_amount) as hidden_unearned_amount
    from receipts
    group by paid_on, provider_id, payment_type_id, clinic_id, payer_kind

),

named as (

    select
        {{ text_key([
            'summed.paid_on',
            'summed.payer_kind',
            'summed.payment_type_id',
            'summed.provider_id',
            'summed.clinic_id',
        ]) }} as daily_payment_id,
        summed.paid_on,
        summed.payer_kind,
        summed.payment_type_id,
        payment_types.payment_type_name,
        summed.provider_id,
        summed.clinic_id,
        summed.payer_kind = 'patient' and summed.payment_type_id is null as is_income_transfer,
        summed.payment_count,
        case
            when preferences.is_hidden_unearned_shown
                then summed.shown_amount + summed.hidden_unearned_amount
            else summed.shown_amount
        end as payment_amount,
        case
            when preferences.is_hidden_unearned_shown
                then summed.unearned_amount + summed.hidden_unearned_amount
            else summed.unearned_amount
        end as unearned_amount,
        summed.hidden_unearned_amount,
        {{ quality_reason([
            ('summed.paid_on is null', 'no date'),
            (
                'summed.payment_type_id is not null and payment_types.payment_type_id is null',
                'no such type',
            ),
            (
                'summed.provider_id is not null and providers.provider_id is null',
                'no such provider',
            ),
        ]) }} as quality_reason
    from summed
    cross join preferences
    left join payment_types
        on
            summed.payment_type_id = payment_types.payment_type_id
            and summed.payer_kind = payment_types.payer_kind
    left join providers
        on summed.provider_id = providers.provider_id

)

select * from named
