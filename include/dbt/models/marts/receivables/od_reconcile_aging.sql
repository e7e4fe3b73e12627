with patients as (

    select * from {{ ref('stg_open_dental__patients') }}

),

families as not materialized (

    select * from {{ ref('int_families_assigned') }}

),

aging as (

    select * from {{ ref('int_aging_snapshots_kept') }}

),

today as (

    select as_of_on as today_on
    from {{ ref('int_snapshot_days_listed') }}
    where not is_historic

),

preferences as (

    select * from {{ ref('int_preferences_pivoted') }}

),

entries as (

    select * from {{ ref('int_ledger_entries_unioned') }}

),

edits as (

    select * from {{ ref('int_accounts_edited') }}

),

guarantors as (

    select distinct guarantor_id
    from families
    where guarantor_id is not null

),

future_links as (

    select distinct entries.guarantor_id
    from entries
    inner join today
        on entries.entry_on > today.today_on
    where entries.entry_kind = 'plan_link'

),

family_edits as (

    select
        families.guarantor_id,
        max(edits.last_edited_at) as last_edited_at
    from families
    inner join edits
        on families.patient_id = edits.patient_id
    group by families.guarantor_id

),

compared as (

    select
        guarantors.guarantor_id,
        patients.balance_total_amount as stored_balance_total_amount,
        patients.balance_0_30_amount as stored_balance_0_30_amount,
        patients.balance_31_60_amount as stored_balance_31_60_amount,
        patients.balance_61_90_amount as stored_balance_61_90_amount,
        patients.balance_over_90_amount as stored_balance_over_90_amount,
        patients.insurance_estimate_amount as stored_insurance_estimate_amount,
        patients.pay_plan_due_amount as stored_payment_plan_due_amount,
        coalesce(aging.balance_total_amount, 0) as computed_balance_total_amount,
        coalesce(aging.balance_0_30_amount, 0) as computed_balance_0_30_amount,
        coalesce(aging.balance_31_60_amount, 0) as computed_balance_31_60_amount,
        coalesce(aging.balance_61_90_amount, 0) as computed_balance_61_90_amount,
        coalesce(aging.balance_over_90_amount, 0) as computed_balance_over_90_amount,
        coalesce(aging.insurance_pay_estimate_amount + aging.insurance_writeoff_estimate_amount, 0)
            as computed_insurance_estimate_amount,
        coalesce(aging.payment_plan_due_amount, 0) as computed_payment_plan_due_amount,
        (preferences.last_aging_on is distinct from today.today_on) as is_of_another_day,
        family_edits.last_edited_at::date >= preferences.last_aging_on as is_edited_since,
        future_links.guarantor_id is not null as has_future_link,
        patients.guarantor_id as own_guarantor_id
    from guarantors
    cross join today
    cross join preferences
    inner join patients
        on guarantors.guarantor_id = patients.patient_id
    left join aging
        on
            guarantors.guarantor_id = aging.guarantor_id
            and today.today_on = aging.as_of_on
    left join family_edits
        on guarantors.guarantor_id = family_edits.guarantor_id
    left join future_links
        on guarantors.guarantor_id = future_links.guarantor_id

),

measured as (

    select
        *,
        stored_balance_total_amount - computed_balance_total_amount as difference_amount,
        greatest(
            abs(stored_balance_total_amount - computed_balance_total_amount),
            abs(stored_balance_0_30_amount - computed_balance_0_30_amount),
            abs(stored_balance_31_60_amount - computed_balance_31_60_amount),
            abs(stored_balance_61_90_amount - computed_balance_61_90_amount),
            abs(stored_balance_over_90_amount - computed_balance_over_90_amount),
            abs(stored_insurance_estimate_amount - computed_insurance_estimate_amount),
            abs(stored_payment_plan_due_amount - computed_payment_plan_due_amount)
        ) as largest_difference_amount
    from compared

),

final as (

    select
        guarantor_id,
        stored_balance_total_amount,
        stored_balance_0_30_amount,
        stored_balance_31_60_amount,
        stored_balance_61_90_amount,
        stored_balance_over_90_amount,
        stored_insurance_estimate_amount,
        stored_payment_plan_due_amount,
        computed_balance_total_amount,
        computed_balance_0_30_amount,
        computed_balance_31_60_amount,
        computed_balance_61_90_amount,
        computed_balance_over_90_amount,
        computed_insurance_estimate_amount,
        computed_payment_plan_due_amount,
        difference_amount,
        case
            when largest_difference_amount = 0 then null
            when largest_difference_amount <= 0.001 then 'rounding'
            when is_of_another_day and difference_amount = 0 then 'earlier_run'
            when has_future_link then 'future_link'
            when is_edited_since then 'edited_since'
            else 'our_rule'
        end as difference_reason,
        {{ quality_reason([
            ('own_guarantor_id is distinct from guarantor_id',
             'the guarantor belongs to another family'),
        ]) }} as quality_reason
    from measured

)

select * from final
