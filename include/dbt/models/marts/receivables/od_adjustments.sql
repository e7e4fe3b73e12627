{{ config(
    materialized='incremental',
    incremental_strategy='restated_accounts',
    on_schema_change='append_new_columns',
    meta={'named_by_accounts': ['definition']},
    indexes=[
        {'columns': ['adjustment_on']},
        {'columns': ['patient_id']},
    ],
) }}

with adjustments as (

    select * from {{ ref('int_adjustments_classified') }}

),

providers as (

    select * from {{ ref('int_providers_classified') }}

),

listed as (

    select
        adjustments.adjustment_id,
        adjustments.adjustment_on,
        adjustments.patient_id,
        adjustments.provider_id,
        adjustments.clinic_id,
        adjustments.adjustment_type_id,
        adjustments.adjustment_type_name,
        adjustments.procedure_id,
        adjustments.adjustment_amount,
        coalesce(providers.is_listed_provider, false) as is_listed_provider,
        coalesce(providers.is_listed_provider, false) and adjustments.is_of_adjustment_type
            as is_in_default_report,
        {{ quality_reason([
            ('adjustments.adjustment_on is null', 'no date'),
            (
                'adjustments.provider_id is not null and providers.provider_id is null',
                'no such provider',
            ),
            ('not adjustments.is_of_adjustment_type', 'of no type of adjustments'),
        ]) }} as quality_reason
    from adjustments
    left join providers
        on adjustments.provider_id = providers.provider_id
    where adjustments.left_out_reason is null

)

select * from listed
