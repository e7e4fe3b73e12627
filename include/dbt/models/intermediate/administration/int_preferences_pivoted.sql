with preferences as (

    select * from {{ ref('stg_open_dental__preferences') }}

),

clinics as (

    select * from {{ ref('stg_open_dental__clinics') }}

),

-- The software finds a preference by its name without regard to case.
valued as (

    select
        preference_name,
        lower(preference_name) as name,
        value_string,
        case when value_string ~ '^-?[0-9]{1,18}$' then value_string::bigint end as number,
        case
            when value_string ~ '^[12][0-9]{3}-[01][0-9]-[0-3][0-9]'
                then to_date(left(value_string, 10), 'YYYY-MM-DD')
        end as day
    from preferences

),

open_clinics as (

    select count(*) as clinic_count
    from clinics
    where not is_hidden

),

pivoted as (

    select
        max(number) filter (where name = 'payplansversion') as payment_plans_version,
        max(number) filter (where name = 'agingproclifo') as aging_lifo_code,
        max(number) filter (where name = 'reportsppowriteoffdefaulttoprocdate')
            as writeoff_mode_code,
        max(number) filter (where name = 'brokenapptprocedure') as broken_procedure_code,
        max(number) filter (where name = 'payplansbillinadvancedays') as bill_in_advance_days,
        max(number) filter (where name = 'brokenappointmentadjustmenttype')
            as broken_adjustment_type_id,
        max(number) filter (where name = 'financechargeadjustmenttype')
            as finance_charge_type_id,
        max(number) filter (where name = 'recalltypespecialprophy') as prophy_recall_type_id,
        max(number) filter (where name = 'recalltypespecialperio') as perio_recall_type_id,
        max(number) filter (where name = 'recalldayspast') as recall_days_past,
        max(number) filter (where name = 'recalldaysfuture') as recall_days_future,
        max(number) filter (where name = 'recallmaxnumberreminders') as recall_reminder_limit,
        max(number) filter (where name = 'recallshowifdaysfirstreminder')
            as recall_days_after_first_reminder,
        max(number) filter (where name = 'recallshowifdayssecondreminder')
            as recall_days_after_later_reminders,
        max(number) filter (where name = 'unscheddayspast') as unscheduled_days_past,
        max(number) filter (where name = 'unscheddaysfuture') as unscheduled_days_future,
        max(number) filter (where name = 'plannedapptdayspast') as planned_days_past,
        max(number) filter (where name = 'plannedapptdaysfuture') as planned_days_future,
        bool_or(number = 1) filter (where name = 'reportpandischedprodsubtractswo')
            as is_scheduled_production_less_estimates,
        bool_or(number = 1) filter (where name = 'reportsdoshowhiddentpprepayments')
            as is_hidden_unearned_shown,
        bool_or(number = 1) filter (where name = 'brokenapptadjustment')
            as is_broken_appointment_adjusted,
        bool_or(number = 1) filter (where name = 'netproddetailusesnapshottoday')
            as is_snapshot_used_today,
        bool_or(number = 1) filter (where name = 'reportsincompleteprocsnonotes')
            as is_missing_note_incomplete,
        bool_or(number = 1) filter (where name = 'reportsincompleteprocsunsigned')
            as is_unsigned_note_incomplete,
        bool_or(number = 1) filter (where name = 'allowprepayprovider')
            as is_provider_prepayable,
        bool_or(number = 1) filter (where name = 'treatfinderprocsallgeneral')
            as is_every_procedure_general,
        bool_or(number = 1) filter (where name = 'recallexcludeifanyfutureappt')
            as is_recall_hidden_by_any_appointment,
        bool_or(number = 1) filter (where name = 'balancesdontsubtractins')
            as is_balance_before_insurance,
        bool_or(number = 1) filter (where name = 'easynoclinics') as is_without_clinics,
        max(value_string) filter (where name = 'baddebtadjustmenttypes') as bad_debt_types,
        max(value_string) filter (where name = 'recalltypesshowinginlist') as recall_types,
        max(value_string) filter (where name = 'reportsincompleteprocsexcludecodes')
            as incomplete_note_excluded_codes,
        max(day) filter (where name = 'financechargelastrun') as finance_charge_last_run_on,
        max(day) filter (where name = 'datelastaging') as last_aging_on
    from valued

),

-- Values that mean something to no report: whoever reads the setting must stop.
unknown as (

    select
        coalesce(
            string_agg(
                preference_name || ' = ' || coalesce(value_string, 'null'), '; ' order by name
            ),
            ''
        ) as unknown_settings
    from valued
    where
        (name = 'payplansversion' and coalesce(number, 0) not in (1, 2, 3, 4))
        or (name = 'agingproclifo' and coalesce(number, -1) not in (0, 1, 2))
        or (name = 'reportsppowriteoffdefaulttoprocdate' and coalesce(number, -1) < 0)
        or (name = 'brokenapptprocedure' and coalesce(number, -1) not in (0, 1, 2, 3))

),

-- A preference that was never set has the default of the software.
settings as (

    select
        coalesce(pivoted.payment_plans_version, 2)::integer as payment_plans_version,
        -- 0 is "unknown", which means on.
        coalesce(pivoted.aging_lifo_code, 0) in (0, 1) as is_aging_lifo,
        least(coalesce(pivoted.writeoff_mode_code, 0), 2)::integer as writeoff_mode_code,
        coalesce(pivoted.is_scheduled_production_less_estimates, false)
            as is_scheduled_production_less_estimates,
        coalesce(pivoted.bill_in_advance_days, 10)::integer as bill_in_advance_days,
        coalesce(pivoted.is_hidden_unearned_shown, false) as is_hidden_unearned_shown,
        coalesce(pivoted.broken_procedure_code, 0)::integer as broken_procedure_code,
        coalesce(pivoted.is_broken_appointment_adjusted, false) as is_broken_appointment_adjusted,
        nullif(pivoted.broken_adjustment_type_id, 0) as broken_adjustment_type_id,
        -- An empty list acts as "0", which leaves out adjustments without a type.
        coalesce(nullif(regexp_replace(pivoted.bad_debt_types, '[^0-9,]', '', 'g'), ''), '0')
            as bad_debt_type_ids,
        nullif(pivoted.finance_charge_type_id, 0) as finance_charge_type_id,
        pivoted.finance_charge_last_run_on,
        coalesce(pivoted.is_snapshot_used_today, true) as is_snapshot_used_today,
        coalesce(pivoted.is_missing_note_incomplete, false) as is_missing_note_incomplete,
        coalesce(pivoted.is_unsigned_note_incomplete, false) as is_unsigned_note_incomplete,
        upper(coalesce(pivoted.incomplete_note_excluded_codes, 'D9986,D9987'))
            as incomplete_note_excluded_codes,
        coalesce(pivoted.is_provider_prepayable, false) as is_provider_prepayable,
        coalesce(pivoted.is_every_procedure_general, true) as is_every_procedure_general,
        coalesce(regexp_replace(pivoted.recall_types, '[^0-9,]', '', 'g'), '')
            as shown_recall_type_ids,
        nullif(pivoted.prophy_recall_type_id, 0) as prophy_recall_type_id,
        nullif(pivoted.perio_recall_type_id, 0) as perio_recall_type_id,
        coalesce(pivoted.recall_days_past, -1)::integer as recall_days_past,
        coalesce(pivoted.recall_days_future, -1)::integer as recall_days_future,
        coalesce(pivoted.recall_reminder_limit, -1)::integer as recall_reminder_limit,
        coalesce(pivoted.recall_days_after_first_reminder, -1)::integer
            as recall_days_after_first_reminder,
        coalesce(pivoted.recall_days_after_later_reminders, -1)::integer
            as recall_days_after_later_reminders,
        coalesce(pivoted.is_recall_hidden_by_any_appointment, false)
            as is_recall_hidden_by_any_appointment,
        coalesce(pivoted.is_balance_before_insurance, false) as is_balance_before_insurance,
        coalesce(pivoted.unscheduled_days_past, 365)::integer as unscheduled_days_past,
        coalesce(pivoted.unscheduled_days_future, -1)::integer as unscheduled_days_future,
        coalesce(pivoted.planned_days_past, 365)::integer as planned_days_past,
        coalesce(pivoted.planned_days_future, 0)::integer as planned_days_future,
        pivoted.last_aging_on,
        not coalesce(pivoted.is_without_clinics, false) and open_clinics.clinic_count > 0
            as has_clinics,
        unknown.unknown_settings
    from pivoted
    cross join unknown
    cross join open_clinics

)

select * from settings
