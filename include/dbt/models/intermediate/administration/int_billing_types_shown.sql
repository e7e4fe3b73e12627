with definitions as (

    select * from {{ ref('stg_open_dental__definitions') }}

),

shown as (

    select definition_id as billing_type_id
    from definitions
    where
        {{ has_flag('category_code', 'DefCat', 'is_billing_type') }}
        and not is_hidden

)

select * from shown
