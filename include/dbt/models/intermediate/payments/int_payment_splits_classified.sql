with splits as (

    select * from {{ ref('stg_open_dental__payment_splits') }}

),

definitions as (

    select * from {{ ref('stg_open_dental__definitions') }}

),

classified as (

    select
        splits.payment_split_id,
        splits.payment_id,
        splits.patient_id,
        splits.provider_id,
        splits.clinic_id,
        splits.procedure_id,
        splits.unearned_type_id,
        splits.adjustment_id,
        splits.payment_plan_id,
        splits.paid_on,
        splits.entered_on,
        splits.split_amount,
        splits.is_discount,
        coalesce(definitions.is_hidden_unearned, false) as is_hidden_unearned,
        case
            when definitions.is_hidden_unearned then 'hidden_unearned'
            when splits.unearned_type_id is not null then 'unearned'
            else 'income'
        end as split_kind
    from splits
    left join definitions
        on splits.unearned_type_id = definitions.definition_id

)

select * from classified
