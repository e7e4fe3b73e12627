{{ config(indexes=[{'columns': ['procedure_on']}]) }}

with procedures as (

    select * from {{ ref('od_procedures') }}

),

providers as (

    select * from {{ ref('int_providers_classified') }}

),

summed as (

    select
        procedure_on,
        procedure_code_id,
        provider_id,
        clinic_id,
        procedure_code,
        procedure_category_id,
        count(*) as procedure_count,
        sum(production_amount) as production_amount
    from procedures
    where is_in_grouped_report
    group by
        procedure_on,
        procedure_code_id,
        provider_id,
        clinic_id,
        procedure_code,
        procedure_category_id

),

named as (

    select
        {{ text_key([
            'summed.procedure_on',
            'summed.procedure_code_id',
            'summed.provider_id',
            'summed.clinic_id',
        ]) }} as production_by_code_id,
        summed.procedure_on,
        summed.procedure_code_id,
        summed.provider_id,
        summed.clinic_id,
        summed.procedure_code,
        summed.procedure_category_id,
        summed.procedure_count,
        summed.production_amount,
        {{ quality_reason([
            ('summed.procedure_on is null', 'no date'),
            (
                'summed.provider_id is not null and providers.provider_id is null',
                'no such provider',
            ),
        ]) }} as quality_reason
    from summed
    left join providers
        on summed.provider_id = providers.provider_id

)

select * from named
