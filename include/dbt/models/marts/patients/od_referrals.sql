{{ config(indexes=[{'columns': ['business_on']}]) }}

with procedures as (

    select * from {{ ref('int_procedures_completed') }}

),

referral_attachments as (

    select * from {{ ref('stg_open_dental__referral_attachments') }}

),

referrals as (

    select * from {{ ref('stg_open_dental__referrals') }}

),

sources as (

    select distinct
        referral_attachments.referral_id,
        referral_attachments.patient_id
    from referral_attachments
    inner join referrals
        on referral_attachments.referral_id = referrals.referral_id
    where {{ has_flag('referral_attachments.referral_type_code', 'ReferralType', 'is_source') }}

),

-- One patient comes by several referrals, and each is credited in full.
visits as (

    select
        procedures.patient_id,
        procedures.procedure_on,
        procedures.provider_id,
        procedures.is_listed_provider,
        sum(procedures.fee_amount) as production_amount
    from procedures
    where procedures.is_visit
    group by
        procedures.patient_id,
        procedures.procedure_on,
        procedures.provider_id,
        procedures.is_listed_provider

),

first_visits as (

    select
        patient_id,
        min(coalesce(procedure_on, '-infinity')) as first_procedure_on
    from visits
    where is_listed_provider
    group by patient_id

),

listed as (

    select
        {{ text_key([
            'sources.referral_id', 'sources.patient_id', 'visits.procedure_on', 'visits.provider_id'
        ]) }} as referral_production_id,
        sources.referral_id,
        sources.patient_id,
        visits.procedure_on as business_on,
        visits.provider_id,
        nullif(first_visits.first_procedure_on, '-infinity') as first_procedure_on,
        visits.production_amount,
        visits.is_listed_provider,
        {{ quality_reason([
            ('visits.procedure_on is null', 'no date'),
            ('not visits.is_listed_provider', 'provider not listed'),
        ]) }} as quality_reason
    from sources
    inner join visits
        on sources.patient_id = visits.patient_id
    left join first_visits
        on sources.patient_id = first_visits.patient_id

)

select * from listed
