{{ config(indexes=[{'columns': ['paid_on']}]) }}

with splits as (

    select * from {{ ref('int_payment_splits_classified') }}

),

patients as (

    select * from {{ ref('stg_open_dental__patients') }}

),

definitions as (

    select * from {{ ref('stg_open_dental__definitions') }}

),

final as (

    select
        splits.payment_split_id,
        splits.paid_on,
        splits.patient_id,
        splits.provider_id,
        splits.clinic_id,
        splits.unearned_type_id,
        splits.split_amount,
        {{ quality_reason([
            ('splits.paid_on is null', 'no date'),
            ('definitions.definition_id is null', 'no such type'),
        ]) }} as quality_reason
    from splits
    inner join patients
        on splits.patient_id = patients.patient_id
    left join definitions
        on splits.unearned_type_id = definitions.definition_id
    where splits.split_kind = 'unearned'

)

select * from final
