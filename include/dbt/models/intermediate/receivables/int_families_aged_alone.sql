with links as (

    select * from {{ ref('int_payment_plan_links_computed') }}

),

preferences as (

    select * from {{ ref('int_preferences_pivoted') }}

),

credits as (

    select
        links.guarantor_id,
        case
            when links.override_amount <> 0 then links.override_amount
            else links.computed_amount
        end as credit_amount,
        case
            when links.item_on > {{ office_today() }} then 0
            when links.override_amount <> 0 then links.override_amount
            else links.computed_of_family_amount
        end as credit_of_family_amount
    from links
    cross join preferences
    where
        links.is_credited
        and links.guarantor_id is not null
        and {{ has_flag('preferences.payment_plans_version', 'PayPlansVersion', 'ages_credits') }}

),

differences as (

    select
        guarantor_id,
        sum(credit_amount - credit_of_family_amount) as balance_difference_amount
    from credits
    group by guarantor_id

)

select * from differences
