with providers as (

    select * from {{ ref('stg_open_dental__providers') }}

),

definitions as (

    select * from {{ ref('stg_open_dental__definitions') }}

),

joined as (

    select
        providers.provider_id,
        providers.abbreviation,
        providers.last_name,
        providers.first_name,
        providers.suffix,
        providers.specialty_id,
        definitions.item_name as specialty_name,
        providers.provider_status_code,
        statuses.label as provider_status,
        providers.is_secondary as is_hygienist,
        providers.is_hidden,
        providers.is_not_person,
        providers.hourly_production_goal_amount,
        providers.terminated_on
    from providers
    left join definitions
        on providers.specialty_id = definitions.definition_id
    {{ join_code('statuses', 'ProviderStatus', 'providers.provider_status_code') }}

)

select * from joined
