with claims as (

    select * from {{ ref('stg_open_dental__claims') }}

),

insurance_plans as (

    select * from {{ ref('stg_open_dental__insurance_plans') }}

),

carriers as (

    select * from {{ ref('stg_open_dental__carriers') }}

),

patients as (

    select * from {{ ref('stg_open_dental__patients') }}

),

providers as (

    select * from {{ ref('int_providers_classified') }}

),

classified as (

    select
        claims.claim_id,
        claims.patient_id,
        claims.insurance_plan_id,
        insurance_plans.carrier_id,
        claims.insurance_subscription_id,
        claims.treating_provider_id,
        claims.clinic_id,
        claims.claim_type_code,
        claims.claim_status_code,
        claims.custom_tracking_id,
        claims.service_on,
        claims.sent_on,
        claims.originally_sent_on,
        claims.claim_fee_amount,
        coalesce({{ has_flag('claims.claim_status_code', 'ClaimStatus', 'is_sent') }}, false)
            as is_sent,
        coalesce({{ has_flag('claims.claim_status_code', 'ClaimStatus', 'is_to_be_sent') }}, false)
            as is_to_be_sent,
        coalesce(
            {{ has_flag('claims.claim_type_code', 'ClaimType', 'is_preauthorization') }}, false
        ) as is_preauthorization,
        coalesce(providers.is_listed_provider, false) as is_listed_provider,
        providers.provider_id is not null as has_provider,
        case
            when patients.patient_id is null then 'no such patient'
            when insurance_plans.insurance_plan_id is null then 'no such plan'
            when carriers.carrier_id is null then 'no such carrier'
        end as left_out_reason
    from claims
    left join patients
        on claims.patient_id = patients.patient_id
    left join insurance_plans
        on claims.insurance_plan_id = insurance_plans.insurance_plan_id
    left join carriers
        on insurance_plans.carrier_id = carriers.carrier_id
    left join providers
        on claims.treating_provider_id = providers.provider_id

)

select * from classified
