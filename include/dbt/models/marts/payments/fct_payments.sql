{{ config(
    materialized='incremental',
    incremental_strategy='restated_accounts',
    on_schema_change='append_new_columns',
    meta={'named_by_accounts': ['definition']},
    indexes=[{'columns': ['patient_id']}],
) }}

with payments as (

    select * from {{ ref('stg_open_dental__payments') }}

),

splits as (

    select * from {{ ref('int_payment_splits_classified') }}

),

definitions as (

    select * from {{ ref('stg_open_dental__definitions') }}

),

patients as (

    select * from {{ ref('stg_open_dental__patients') }}

),

payment_splits as (

    select
        payment_id,
        count(*) as split_count,
        sum(split_amount) as split_amount,
        coalesce(sum(split_amount) filter (where split_kind = 'income'), 0) as income_amount,
        coalesce(sum(split_amount) filter (where split_kind = 'unearned'), 0) as unearned_amount,
        coalesce(sum(split_amount) filter (where split_kind = 'hidden_unearned'), 0)
            as hidden_unearned_amount
    from splits
    group by payment_id

),

joined as (

    select
        payments.payment_id,
        payments.patient_id,
        payments.clinic_id,
        payments.payment_type_id,
        definitions.item_name as payment_type_name,
        payments.paid_on,
        payments.entered_on,
        payments.payment_amount,
        coalesce(payment_splits.split_count, 0) as split_count,
        coalesce(payment_splits.split_amount, 0) as split_amount,
        coalesce(payment_splits.income_amount, 0) as income_amount,
        coalesce(payment_splits.unearned_amount, 0) as unearned_amount,
        coalesce(payment_splits.hidden_unearned_amount, 0) as hidden_unearned_amount,
        payments.payment_amount - coalesce(payment_splits.split_amount, 0) as unallocated_amount,
        payments.payment_amount = 0 and payments.payment_type_id is null as is_income_transfer,
        payments.payment_amount < 0 as is_refund,
        {{ quality_reason([
            ('payments.paid_on is null', 'no date'),
            ('patients.patient_id is null', 'no such patient'),
            (
                'payments.payment_amount <> coalesce(payment_splits.split_amount, 0)',
                'not fully split',
            ),
        ]) }} as quality_reason
    from payments
    left join payment_splits
        on payments.payment_id = payment_splits.payment_id
    left join definitions
        on payments.payment_type_id = definitions.definition_id
    left join patients
        on payments.patient_id = patients.patient_id

)

select * from joined
