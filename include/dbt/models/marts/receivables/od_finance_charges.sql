{{ config(indexes=[{'columns': ['adjustment_on']}]) }}

with adjustments as (

    select * from {{ ref('int_adjustments_classified') }}

),

providers as (

    select * from {{ ref('int_providers_classified') }}

),

-- The report asks for the patient, not for the type.
charged as (

    select
        adjustments.adjustment_id,
        adjustments.adjustment_on,
        adjustments.patient_id,
        adjustments.primary_provider_id,
        adjustments.billing_type_id,
        adjustments.adjustment_amount,
        {{ quality_reason([
            ('adjustments.adjustment_on is null', 'no date'),
            (
                'adjustments.primary_provider_id is not null and providers.provider_id is null',
                'no such provider',
            ),
        ]) }} as quality_reason
    from adjustments
    left join providers
        on adjustments.primary_provider_id = providers.provider_id
    where
        adjustments.is_finance_charge
        and adjustments.left_out_reason is distinct from 'no such patient'

)

select * from charged
