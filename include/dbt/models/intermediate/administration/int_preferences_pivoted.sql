with preferences as (

    select * from {{ ref('stg_open_dental__preferences') }}

),

-- A preference that was never set, or is no number, has the default of Open Dental.
numbers as (

    select
        lower(preference_name) as preference_name,
        case when value_string ~ '^-?[0-9]{1,6}$' then value_string::integer end as value_number
    from preferences

),

pivoted as (

    select
        coalesce(
            max(value_number) filter (where preference_name = 'payplansversion'), 2
        ) as payment_plans_version,
        -- 0 is "unknown", which means on.
        coalesce(
            max(value_number) filter (where preference_name = 'agingproclifo'), 0
        ) in (0, 1) as is_aging_lifo,
        coalesce(
            max(value_number) filter (
                where preference_name = 'reportsppowriteoffdefaulttoprocdate'
            ), 0
        ) as writeoff_mode,
        coalesce(
            max(value_number) filter (where preference_name = 'reportpandischedprodsubtractswo'), 0
        ) = 1 as is_scheduled_production_less_estimates,
        coalesce(
            max(value_number) filter (where preference_name = 'payplansbillinadvancedays'), 10
        ) as bill_in_advance_days
    from numbers

)

select * from pivoted
