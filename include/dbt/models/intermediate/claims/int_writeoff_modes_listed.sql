with preferences as (

    select * from {{ ref('int_preferences_pivoted') }}

),

modes as (

    select *
    from (values (0), (1), (2)) as modes (writeoff_mode_code)

),

listed as (

    select
        modes.writeoff_mode_code,
        modes.writeoff_mode_code = preferences.writeoff_mode_code as is_default_writeoff_mode
    from modes
    cross join preferences

)

select * from listed
