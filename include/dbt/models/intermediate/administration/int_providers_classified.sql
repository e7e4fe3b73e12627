with providers as (

    select * from {{ ref('stg_open_dental__providers') }}

),

classified as (

    select
        provider_id,
        hourly_production_goal_amount,
        {{ has_flag('provider_status_code', 'ProviderStatus', 'is_deleted') }} as is_deleted,
        not {{ has_flag('provider_status_code', 'ProviderStatus', 'is_deleted') }}
        and not is_hidden_report as is_listed_provider
    from providers

)

select * from classified
