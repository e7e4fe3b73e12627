with benefits as (

    select * from {{ ref('stg_open_dental__benefits') }}

),

coverage_categories as (

    select * from {{ ref('stg_open_dental__coverage_categories') }}

),

coverage_spans as (

    select * from {{ ref('stg_open_dental__coverage_spans') }}

),

procedure_codes as not materialized (

    select * from {{ ref('stg_open_dental__procedure_codes') }}

),

preferences as (

    select * from {{ ref('int_preferences_pivoted') }}

),

-- Limitations by amount and year of the codes of one category, or of one code.
limitations as (

    select
        benefits.insurance_plan_id,
        benefits.procedure_code_id,
        coverage_categories.coverage_category_id
    from benefits
    cross join preferences
    left join coverage_categories
        on
            benefits.coverage_category_id = coverage_categories.coverage_category_id
            and not {{ has_flag(
                'coverage_categories.ebenefit_category_code', 'EbenefitCategory', 'is_general'
            ) }}
    where
        not preferences.is_every_procedure_general
        and {{ has_flag('benefits.benefit_type_code', 'InsBenefitType', 'is_limitation') }}
        and {{ has_flag('benefits.quantity_qualifier_code', 'BenefitQuantity', 'is_unlimited') }}
        and {{ has_flag('benefits.time_period_code', 'BenefitTimePeriod', 'is_yearly') }}
        and benefits.monetary_amount > 0

),

limited as (

    select
        limitations.insurance_plan_id,
        procedure_codes.procedure_code_id
    from limitations
    inner join procedure_codes
        on limitations.procedure_code_id = procedure_codes.procedure_code_id

    union distinct

    select
        limitations.insurance_plan_id,
        procedure_codes.procedure_code_id
    from limitations
    inner join coverage_spans
        on limitations.coverage_category_id = coverage_spans.coverage_category_id
    inner join procedure_codes
        on
            procedure_codes.procedure_code
            between upper(coverage_spans.from_code) and upper(coverage_spans.to_code)

)

select * from limited
where insurance_plan_id is not null
