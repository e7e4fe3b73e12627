{{ config(indexes=[{'columns': ['sent_on']}]) }}

with claims as (

    select * from {{ ref('int_claims_classified') }}

),

tracking_events as (

    select * from {{ ref('stg_open_dental__claim_tracking_events') }}

),

definitions as (

    select * from {{ ref('stg_open_dental__definitions') }}

),

-- Only the newest event of a claim that names where it stands, of whatever type, may tell that.
ranked_events as (

    select
        claim_tracking_event_id,
        claim_id,
        tracking_definition_id,
        tracking_error_definition_id,
        user_id,
        entered_at,
        {{ has_flag('tracking_type_code', 'ClaimTrackingType', 'is_assignment') }} as is_assignment,
        {{ has_flag('tracking_type_code', 'ClaimTrackingType', 'is_status') }}
        and tracking_definition_id is not null
        and rank() over (
            partition by claim_id, tracking_definition_id is null
            order by entered_at desc nulls last
        ) = 1 as is_newest_status
    from tracking_events

),

statuses as (

    select
        claim_id,
        tracking_definition_id,
        max(entered_at) filter (where is_newest_status) as entered_at,
        (
            array_agg(tracking_error_definition_id order by claim_tracking_event_id desc)
            filter (where is_newest_status)
        )[1] as tracking_error_definition_id
    from ranked_events
    where tracking_definition_id is not null
    group by claim_id, tracking_definition_id

),

assignments as (

    select
        claim_id,
        (
            array_agg(user_id order by entered_at desc nulls last, claim_tracking_event_id desc)
            filter (where is_assignment)
        )[1] as user_id
    from ranked_events
    group by claim_id

),

tracked as (

    select
        claims.*,
        statuses.tracking_error_definition_id,
        {{ office_local('statuses.entered_at') }}::date as tracked_on,
        -- The office writes the number of days; what is no number is none.
        {{ office_local('statuses.entered_at') }}::date + case
            when definitions.item_value ~ '^[0-9]{1,5}$' then definitions.item_value::integer
            else 0
        end as suppressed_until_on,
        assignments.user_id
    from claims
    left join definitions
        on claims.custom_tracking_id = definitions.definition_id
    left join statuses
        on
            claims.claim_id = statuses.claim_id
            and definitions.definition_id = statuses.tracking_definition_id
    left join assignments
        on claims.claim_id = assignments.claim_id
    where claims.is_sent and claims.left_out_reason is null

),

listed as (

    select
        claim_id,
        {{ office_today() }} as as_of_on,
        patient_id,
        carrier_id,
        insurance_plan_id,
        insurance_subscription_id as subscription_id,
        treating_provider_id as provider_id,
        clinic_id,
        claim_type_code,
        service_on,
        sent_on,
        originally_sent_on as original_sent_on,
        {{ office_today() }} - sent_on as days_outstanding,
        claim_fee_amount,
        custom_tracking_id,
        tracking_error_definition_id as tracking_error_id,
        tracked_on,
        suppressed_until_on,
        user_id as assigned_user_id,
        coalesce(suppressed_until_on > {{ office_today() }}, false) as is_suppressed,
        is_preauthorization,
        is_listed_provider,
        coalesce(sent_on, '-infinity') <= {{ office_today() }} - 30
        and coalesce(suppressed_until_on <= {{ office_today() }}, true)
        and is_listed_provider as is_in_default_report,
        {{ quality_reason([
            ('sent_on is null', 'no date'),
            ('not has_provider', 'no such provider'),
        ]) }} as quality_reason
    from tracked

)

select * from listed
