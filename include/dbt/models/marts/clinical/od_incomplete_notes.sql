{{ config(
    materialized='incremental',
    incremental_strategy='restated_accounts',
    on_schema_change='append_new_columns',
    indexes=[
        {'columns': ['procedure_on']},
        {'columns': ['patient_id']},
    ],
) }}

with procedures as (

    select * from {{ ref('stg_open_dental__procedures') }}

),

procedure_codes as (

    select * from {{ ref('stg_open_dental__procedure_codes') }}

),

procedure_notes as (

    select * from {{ ref('stg_open_dental__procedure_notes') }}

),

patients as (

    select * from {{ ref('stg_open_dental__patients') }}

),

providers as (

    select * from {{ ref('int_providers_classified') }}

),

preferences as (

    select * from {{ ref('int_preferences_pivoted') }}

),

-- A note is never changed: what is written anew is a newer one.
latest_notes as (

    select distinct on (procedure_id)
        procedure_id,
        coalesce(btrim(note), '') <> '' as is_written,
        coalesce(note, '') like '%""%'
        or coalesce(note, '') ~* '\[Prompt:"[a-z0-9_ ]+"\]' as is_incomplete,
        -- Signatures never leave the practice.
        null::boolean as is_signed
    from procedure_notes
    where procedure_id is not null
    order by procedure_id asc, entered_at desc nulls last, procedure_note_id desc

),

noted as (

    select
        procedures.procedure_id,
        procedures.procedure_on,
        procedures.patient_id,
        procedures.provider_id,
        procedures.clinic_id,
        procedure_codes.procedure_code,
        coalesce(latest_notes.is_incomplete, false) as is_incomplete,
        coalesce(latest_notes.is_written, false) as is_written,
        coalesce(latest_notes.is_written, false) and not latest_notes.is_signed
            as has_unsigned_note,
        coalesce(providers.is_listed_provider, false) as is_listed_provider,
        providers.provider_id is not null as has_provider,
        preferences.is_missing_note_incomplete,
        preferences.is_unsigned_note_incomplete
    from procedures
    cross join preferences
    inner join procedure_codes
        on procedures.procedure_code_id = procedure_codes.procedure_code_id
    inner join patients
        on procedures.patient_id = patients.patient_id
    left join latest_notes
        on procedures.procedure_id = latest_notes.procedure_id
    left join providers
        on procedures.provider_id = providers.provider_id
    where
        (
            {{ has_flag('procedures.procedure_status_code', 'ProcStat', 'is_completed') }}
            or (
                {{ has_flag('procedures.procedure_status_code', 'ProcStat', 'is_existing_here') }}
                and procedure_codes.procedure_code = {{ group_note_code() }}
            )
        )
        and procedure_codes.procedure_code
        <> all(regexp_split_to_array(preferences.incomplete_note_excluded_codes, '\s*,\s*'))

),

-- One note is enough for all that was done to a patient on a day.
written_days as (

    select
        patient_id,
        coalesce(procedure_on, '-infinity') as procedure_on,
        bool_or(is_written) filter (where {{ is_visit('procedure_code') }}) as is_written
    from noted
    group by patient_id, coalesce(procedure_on, '-infinity')

),

qualified as (

    select
        noted.*,
        not coalesce(written_days.is_written, false) as has_no_note
    from noted
    inner join written_days
        on
            noted.patient_id = written_days.patient_id
            and coalesce(noted.procedure_on, '-infinity') = written_days.procedure_on

),

listed as (

    select
        procedure_id,
        procedure_on,
        patient_id,
        provider_id,
        clinic_id,
        procedure_code,
        is_incomplete,
        has_no_note,
        has_unsigned_note,
        is_listed_provider,
        is_listed_provider
        and (
            is_incomplete
            or (is_missing_note_incomplete and has_no_note)
            or (is_unsigned_note_incomplete and coalesce(has_unsigned_note, false))
        ) as is_in_default_report,
        {{ quality_reason([
            ('procedure_on is null', 'no date'),
            ('not has_provider', 'no such provider'),
        ]) }} as quality_reason
    from qualified
    where is_incomplete or has_no_note or coalesce(has_unsigned_note, false)

)

select * from listed
