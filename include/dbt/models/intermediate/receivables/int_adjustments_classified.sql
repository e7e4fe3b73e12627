with adjustments as (

    select * from {{ ref('stg_open_dental__adjustments') }}

),

definitions as (

    select * from {{ ref('stg_open_dental__definitions') }}

),

patients as (

    select * from {{ ref('stg_open_dental__patients') }}

),

preferences as (

    select * from {{ ref('int_preferences_pivoted') }}

),

classified as (

    select
        adjustments.adjustment_id,
        adjustments.patient_id,
        adjustments.provider_id,
        adjustments.clinic_id,
        adjustments.procedure_id,
        adjustments.adjustment_type_id,
        definitions.item_name as adjustment_type_name,
        adjustments.adjustment_on,
        adjustments.entered_on,
        adjustments.adjustment_amount,
        patients.primary_provider_id,
        patients.billing_type_id,
        coalesce(
            {{ has_flag('definitions.category_code', 'DefCat', 'is_adjustment_type') }}, false
        ) as is_of_adjustment_type,
        {{ is_listed('adjustments.adjustment_type_id', 'preferences.bad_debt_type_ids') }}
            as is_bad_debt,
        coalesce(adjustments.adjustment_type_id, 0)
        = coalesce(preferences.finance_charge_type_id, 0) as is_finance_charge,
        case
            when patients.patient_id is null then 'no such patient'
            when definitions.definition_id is null then 'no such type'
        end as left_out_reason
    from adjustments
    cross join preferences
    left join definitions
        on adjustments.adjustment_type_id = definitions.definition_id
    left join patients
        on adjustments.patient_id = patients.patient_id

)

select * from classified
