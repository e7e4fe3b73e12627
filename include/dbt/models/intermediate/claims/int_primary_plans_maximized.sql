with patient_plans as (

    select * from {{ ref('stg_open_dental__patient_plans') }}

),

insurance_subscriptions as (

    select * from {{ ref('stg_open_dental__insurance_subscriptions') }}

),

insurance_plans as (

    select * from {{ ref('stg_open_dental__insurance_plans') }}

),

benefits as (

    select * from {{ ref('stg_open_dental__benefits') }}

),

coverage_categories as (

    select * from {{ ref('stg_open_dental__coverage_categories') }}

),

-- Of several primary plans of a patient the oldest counts.
primary_plans as (

    select distinct on (patient_id)
        patient_plan_id,
        patient_id,
        insurance_subscription_id
    from patient_plans
    where ordinal = 1
    order by patient_id, patient_plan_id

),

-- General limitations by amount: of no category, or of the category that is called general.
maximums as (

    select
        benefits.insurance_plan_id,
        max(benefits.monetary_amount) filter (
            where
            not {{ has_flag('benefits.coverage_level_code', 'BenefitCoverageLevel', 'is_family') }}
        ) as individual_maximum_amount,
        max(benefits.monetary_amount) filter (
            where
            {{ has_flag('benefits.coverage_level_code', 'BenefitCoverageLevel', 'is_family') }}
        ) as family_maximum_amount
    from benefits
    left join coverage_categories
        on benefits.coverage_category_id = coverage_categories.coverage_category_id
    where
        {{ has_flag('benefits.benefit_type_code', 'InsBenefitType', 'is_limitation') }}
        and {{ has_flag('benefits.quantity_qualifier_code', 'BenefitQuantity', 'is_unlimited') }}
        and benefits.monetary_amount > 0
        and (
            coverage_categories.coverage_category_id is null
            or {{ has_flag(
                'coverage_categories.ebenefit_category_code', 'EbenefitCategory', 'is_general'
            ) }}
        )
    group by benefits.insurance_plan_id

),

renewed as (

    select
        *,
        case
            when month_renew between 1 and 12
                then make_date(extract(year from {{ office_today() }})::integer, month_renew, 1)
            -- 0 is the calendar year.
            else date_trunc('year', {{ office_today() }})::date
        end as renewed_on
    from insurance_plans

),

maximized as (

    select
        primary_plans.patient_plan_id,
        primary_plans.patient_id,
        primary_plans.insurance_subscription_id,
        renewed.insurance_plan_id,
        renewed.carrier_id,
        renewed.month_renew as renew_month_number,
        case
            when renewed.renewed_on <= {{ office_today() }} then renewed.renewed_on
            else (renewed.renewed_on - interval '1 year')::date
        end as year_begins_on,
        case
            when renewed.insurance_plan_id is not null
                then coalesce(maximums.individual_maximum_amount, -1)
        end as individual_maximum_amount,
        case
            when renewed.insurance_plan_id is not null
                then coalesce(maximums.family_maximum_amount, -1)
        end as family_maximum_amount
    from primary_plans
    left join insurance_subscriptions
        on
            primary_plans.insurance_subscription_id
            = insurance_subscriptions.insurance_subscription_id
    left join renewed
        on insurance_subscriptions.insurance_plan_id = renewed.insurance_plan_id
    left join maximums
        on renewed.insurance_plan_id = maximums.insurance_plan_id

)

select * from maximized
