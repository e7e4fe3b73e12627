{{ config(
    materialized='incremental',
    incremental_strategy='restated_accounts',
    on_schema_change='append_new_columns',
    meta={'named_by_accounts': ['definition']},
    indexes=[
        {'columns': ['paid_on']},
        {'columns': ['patient_id']},
    ],
) }}

with splits as (

    select * from {{ ref('int_payment_splits_classified') }}

),

definitions as (

    select * from {{ ref('stg_open_dental__definitions') }}

),

patients as (

    select * from {{ ref('stg_open_dental__patients') }}

),

providers as (

    select * from {{ ref('int_providers_classified') }}

),

final as (

    select
        splits.payment_split_id,
        splits.paid_on,
        splits.patient_id,
        splits.provider_id,
        splits.clinic_id,
        splits.procedure_id,
        splits.unearned_type_id,
        splits.split_amount,
        -- The form offers "no provider" among the others.
        splits.provider_id is null or coalesce(providers.is_listed_provider, false)
            as is_listed_provider,
        {{ quality_reason([
            ('splits.paid_on is null', 'no date'),
            (
                'splits.provider_id is not null and providers.provider_id is null',
                'no such provider',
            ),
            ('not splits.is_hidden_unearned', 'of no type of unearned income'),
        ]) }} as quality_reason
    from splits
    inner join definitions
        on splits.unearned_type_id = definitions.definition_id
    inner join patients
        on splits.patient_id = patients.patient_id
    left join providers
        on splits.provider_id = providers.provider_id
    where definitions.item_value <> ''

)

select * from final
