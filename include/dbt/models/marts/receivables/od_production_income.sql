{{ config(indexes=[{'columns': ['business_on']}]) }}

with entries as (

    select * from {{ ref('int_production_income_summed') }}

),

modes as (

    select * from {{ ref('int_writeoff_modes_listed') }}

),

providers as (

    select * from {{ ref('int_providers_classified') }}

),

clinics as (

    select * from {{ ref('stg_open_dental__clinics') }}

),

reports as (

    select *
    from (values ('daily'), ('monthly'), ('annual')) as reports (report_name)

),

-- The annual report is the monthly one without what is only scheduled.
reported as (

    select
        reports.report_name,
        entries.component,
        entries.writeoff_mode_code,
        entries.business_on,
        entries.provider_id,
        entries.clinic_id,
        entries.amount
    from entries
    inner join reports
        on case reports.report_name
            when 'daily' then entries.is_in_daily
            when 'monthly' then entries.is_in_monthly
            else
                entries.is_in_monthly
                and entries.component not in ('scheduled_production', 'scheduled_discount')
        end

),

summed as (

    select
        reported.report_name,
        modes.writeoff_mode_code,
        modes.is_default_writeoff_mode,
        reported.business_on,
        reported.provider_id,
        reported.clinic_id,
        coalesce(sum(reported.amount) filter (where reported.component = 'production'), 0)
            as production_amount,
        coalesce(
            sum(reported.amount) filter (
                where reported.component in ('adjustment', 'scheduled_discount')
            ), 0
        ) as adjustment_amount,
        coalesce(sum(reported.amount) filter (where reported.component = 'scheduled_discount'), 0)
            as scheduled_discount_amount,
        coalesce(sum(reported.amount) filter (where reported.component = 'writeoff'), 0)
            as writeoff_amount,
        coalesce(sum(reported.amount) filter (where reported.component = 'writeoff_estimate'), 0)
            as writeoff_estimate_amount,
        coalesce(sum(reported.amount) filter (where reported.component = 'writeoff_adjustment'), 0)
            as writeoff_adjustment_amount,
        coalesce(sum(reported.amount) filter (where reported.component = 'scheduled_production'), 0)
            as scheduled_production_amount,
        coalesce(sum(reported.amount) filter (where reported.component = 'income'), 0)
            as patient_income_amount,
        coalesce(sum(reported.amount) filter (where reported.component = 'unearned'), 0)
            as unearned_income_amount,
        coalesce(sum(reported.amount) filter (where reported.component = 'insurance_income'), 0)
            as insurance_income_amount
    from reported
    inner join modes
        on
            coalesce(reported.writeoff_mode_code, modes.writeoff_mode_code)
            = modes.writeoff_mode_code
    group by
        reported.report_name,
        modes.writeoff_mode_code,
        modes.is_default_writeoff_mode,
        reported.business_on,
        reported.provider_id,
        reported.clinic_id

),

totalled as (

    select
        {{ text_key([
            'summed.report_name',
            'summed.writeoff_mode_code',
            'summed.business_on',
            'summed.provider_id',
            'summed.clinic_id',
        ]) }} as production_income_id,
        summed.report_name,
        summed.writeoff_mode_code,
        summed.is_default_writeoff_mode,
        summed.business_on,
        summed.provider_id,
        summed.clinic_id,
        summed.provider_id is null or coalesce(not providers.is_deleted, false)
            as is_in_provider_report,
        summed.production_amount,
        summed.adjustment_amount,
        summed.scheduled_discount_amount,
        summed.writeoff_amount,
        summed.writeoff_estimate_amount,
        summed.writeoff_adjustment_amount,
        summed.scheduled_production_amount,
        summed.production_amount
        + summed.adjustment_amount
        + summed.writeoff_amount
        + summed.writeoff_estimate_amount
        + summed.writeoff_adjustment_amount
        + summed.scheduled_production_amount as total_production_amount,
        summed.patient_income_amount,
        summed.unearned_income_amount,
        summed.patient_income_amount + summed.unearned_income_amount as total_patient_income_amount,
        summed.insurance_income_amount,
        summed.patient_income_amount
        + summed.unearned_income_amount
        + summed.insurance_income_amount as total_income_amount,
        {{ quality_reason([
            ('summed.business_on is null', 'no date'),
            (
                'summed.provider_id is not null and providers.provider_id is null',
                'no such provider',
            ),
            ('summed.clinic_id is not null and clinics.clinic_id is null', 'no such clinic'),
        ]) }} as quality_reason
    from summed
    left join providers
        on summed.provider_id = providers.provider_id
    left join clinics
        on summed.clinic_id = clinics.clinic_id

),

-- What was entered and taken back on one day prints nothing.
printed as (

    select *
    from totalled
    where
        production_amount <> 0
        or adjustment_amount <> 0
        or scheduled_discount_amount <> 0
        or writeoff_amount <> 0
        or writeoff_estimate_amount <> 0
        or writeoff_adjustment_amount <> 0
        or scheduled_production_amount <> 0
        or patient_income_amount <> 0
        or unearned_income_amount <> 0
        or insurance_income_amount <> 0

)

select * from printed
