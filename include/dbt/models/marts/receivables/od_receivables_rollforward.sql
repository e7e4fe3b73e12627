with entries as (

    select * from {{ ref('int_ledger_entries_dated') }}

),

-- Insurance moves an account by two columns. What moves none begins and ends no calendar.
days as (

    select
        counted_on as date_on,
        coalesce(sum(amount) filter (where entry_kind = 'procedure'), 0) as production_amount,
        coalesce(
            -sum(amount) filter (
                where entry_kind in ('plan_credit', 'plan_link', 'plan_completion')
            ), 0
        ) as payment_plan_credit_amount,
        coalesce(sum(amount) filter (where entry_kind = 'plan_debit'), 0)
            as payment_plan_charge_amount,
        coalesce(sum(amount) filter (where entry_kind = 'adjustment'), 0) as adjustment_amount,
        coalesce(
            -sum(amount + insurance_payment_amount) filter (where entry_kind = 'claim_procedure'), 0
        ) as writeoff_amount,
        coalesce(-sum(amount) filter (where entry_kind = 'patient_payment'), 0)
            as patient_payment_amount,
        coalesce(sum(insurance_payment_amount), 0) as insurance_payment_amount,
        sum(amount) as change_amount
    from entries
    where counted_on is not null and (amount <> 0 or insurance_payment_amount <> 0)
    group by counted_on

),

-- An entry without a date is older than every day.
calendar as (

    select generate_series(min(date_on), max(date_on), interval '1 day')::date as date_on
    from days
    where date_on > {{ empty_date() }}

    union all

    select date_on
    from days
    where date_on = {{ empty_date() }}

),

balanced as (

    select
        calendar.date_on,
        coalesce(days.production_amount, 0) as production_amount,
        coalesce(days.payment_plan_credit_amount, 0) as payment_plan_credit_amount,
        coalesce(days.payment_plan_charge_amount, 0) as payment_plan_charge_amount,
        coalesce(days.adjustment_amount, 0) as adjustment_amount,
        coalesce(days.writeoff_amount, 0) as writeoff_amount,
        coalesce(days.patient_payment_amount, 0) as patient_payment_amount,
        coalesce(days.insurance_payment_amount, 0) as insurance_payment_amount,
        coalesce(days.change_amount, 0) as change_amount,
        sum(coalesce(days.change_amount, 0)) over (order by calendar.date_on) as closing_amount
    from calendar
    left join days
        on calendar.date_on = days.date_on

),

final as (

    select
        coalesce(nullif(date_on, {{ empty_date() }})::text, 'undated')
            as receivables_rollforward_id,
        nullif(date_on, {{ empty_date() }}) as date_on,
        closing_amount - change_amount as opening_amount,
        production_amount,
        payment_plan_credit_amount,
        payment_plan_charge_amount,
        adjustment_amount,
        writeoff_amount,
        patient_payment_amount,
        insurance_payment_amount,
        closing_amount,
        {{ quality_reason([('date_on = ' ~ empty_date(), 'the entries have no date')]) }}
            as quality_reason
    from balanced

)

select * from final
