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

-- What every mode counts, and beside it the write-offs of each.
summed as (

    select
        report_name,
        business_on,
        provider_id,
        clinic_id,
        coalesce(sum(amount) filter (where component = 'production'), 0) as production_amount,
        coalesce(
            sum(amount) filter (where component in ('adjustment', 'scheduled_discount')), 0
        ) as adjustment_amount,
        coalesce(sum(amount) filter (where component = 'scheduled_discount'), 0)
            as scheduled_discount_amount,
        coalesce(sum(amount) filter (where component = 'writeoff' and writeoff_mode_code = 0), 0)
            as check_date_writeoff_amount,
        coalesce(sum(amount) filter (where component = 'writeoff' and writeoff_mode_code = 1), 0)
            as procedure_date_writeoff_amount,
        coalesce(sum(amount) filter (where component = 'writeoff_estimate'), 0)
            as writeoff_estimate_amount,
        coalesce(sum(amount) filter (where component = 'writeoff_adjustment'), 0)
            as writeoff_adjustment_amount,
        coalesce(sum(amount) filter (where component = 'scheduled_production'), 0)
            as scheduled_production_amount,
        coalesce(sum(amount) filter (where component = 'income'), 0) as patient_income_amount,
        coalesce(sum(amount) filter (where component = 'unearned'), 0) as unearned_income_amount,
        coalesce(sum(amount) filter (where component = 'insurance_income'), 0)
            as insurance_income_amount
    from reported
    group by business_on, provider_id, clinic_id, report_name

),

-- Estimates and what became of them belong to the mode that reads claim snapshots.
counted as (

    select
        summed.report_name,
        modes.writeoff_mode_code,
        modes.is_default_writeoff_mode,
        summed.business_on,
        summed.provider_id,
        summed.clinic_id,
        summed.production_amount,
        summed.adjustment_amount,
        summed.scheduled_discount_amount,
        case modes.writeoff_mode_code
            when 0 then summed.check_date_writeoff_amount
            when 1 then summed.procedure_date_writeoff_amount
            else 0
        end as writeoff_amount,
        case when modes.writeoff_mode_code = 2 then summed.writeoff_estimate_amount else 0 end
            as writeoff_estimate_amount,
        case when modes.writeoff_mode_code = 2 then summed.writeoff_adjustment_amount else 0 end
            as writeoff_adjustment_amount,
        summed.scheduled_production_amount,
        summed.patient_income_amount,
        summed.unearned_income_amount,
        summed.insurance_income_amount
    from summed
    cross join modes

),

totalled as (

    select
        {{ text_key([
            'counted.report_name',
            'counted.writeoff_mode_code',
            'counted.business_on',
            'counted.provider_id',
            'counted.clinic_id',
        ]) }} as production_income_id,
        counted.report_name,
        counted.writeoff_mode_code,
        counted.is_default_writeoff_mode,
        counted.business_on,
        counted.provider_id,
        counted.clinic_id,
        counted.provider_id is null or coalesce(not providers.is_deleted, false)
            as is_in_provider_report,
        counted.production_amount,
        counted.adjustment_amount,
        counted.scheduled_discount_amount,
        counted.writeoff_amount,
        counted.writeoff_estimate_amount,
        counted.writeoff_adjustment_amount,
        counted.scheduled_production_amount,
        counted.production_amount
        + counted.adjustment_amount
        + counted.writeoff_amount
        + counted.writeoff_estimate_amount
        + counted.writeoff_adjustment_amount
        + counted.scheduled_production_amount as total_production_amount,
        counted.patient_income_amount,
        counted.unearned_income_amount,
        counted.patient_income_amount
        + counted.unearned_income_amount as total_patient_income_amount,
        counted.insurance_income_amount,
        counted.patient_income_amount
        + counted.unearned_income_amount
        + counted.insurance_income_amount as total_income_amount,
        {{ quality_reason([
            ('counted.business_on is null', 'no date'),
            (
                'counted.provider_id is not null and providers.provider_id is null',
                'no such provider',
            ),
            ('counted.clinic_id is not null and clinics.clinic_id is null', 'no such clinic'),
        ]) }} as quality_reason
    from counted
    left join providers
        on counted.provider_id = providers.provider_id
    left join clinics
        on counted.clinic_id = clinics.clinic_id

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
